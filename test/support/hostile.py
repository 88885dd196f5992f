"""
Thousands of hostile connections to an arena, from a process of their own.

Run as a program, this module reads a number of connections from each line of its standard input,
keeps as many open, and answers with one line of JSON: how many of them it has opened up to now.
A connection that the server ends is opened again at once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
import json
import os
from pathlib import Path
import resource
import ssl
import subprocess
import sys
from urllib.parse import urlsplit

__all__ = ['ADDRESSES', 'KINDS', 'Attacker', 'attacker_of']

ADDRESSES = 50
"""Loopback addresses that connections come from: 127.0.0.2 and those that follow."""

NICENESS = 19
SPARE_DESCRIPTORS = 64
DRIP_S = 0.1
RETRY_S = 0.05

ROOMS = '/robotics/workspaces/lab/rooms'
WRONG_TOKEN = 'wrong-0123456789abcdef'
HALF_HELLO = bytes.fromhex('16030102000100 01fc0303'.replace(' ', '')) + bytes(32)
"""A TLS record of 512 bytes begins with it; the rest does not come."""


class Hostile(asyncio.Protocol):
    """
    A connection that sends nothing.

    :param host: what a request has to name.
    """

    has_tls = False

    def __init__(self, host: str) -> None:
        self._host = host
        self._transport: asyncio.Transport
        self.ended = asyncio.Event()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self.begin()

    def connection_lost(self, exc: Exception | None) -> None:
        """Have another one take its place."""
        self.ended.set()

    def begin(self) -> None:
        """Send what is sent at first."""


class HalfHello(Hostile):
    """A connection that sends half of the first message of TLS."""

    def begin(self) -> None:
        """Send it."""
        self._transport.write(HALF_HELLO)


class Dribble(Hostile):
    """A connection that sends half the head of a request, byte by byte."""

    has_tls = True

    def begin(self) -> None:
        """Send the first byte."""
        self._left = _head(ROOMS, self._host).removesuffix(b'\r\n')
        self._drip()

    def _drip(self) -> None:
        if self._left and not self.ended.is_set():
            self._transport.write(self._left[:1])
            self._left = self._left[1:]
            asyncio.get_running_loop().call_later(DRIP_S, self._drip)


class Guess(Hostile):
    """A connection that sends one request after the other, with a wrong token."""

    has_tls = True

    def begin(self) -> None:
        """Send a request."""
        bearer = f'Authorization: Bearer {WRONG_TOKEN}'
        self._transport.write(_head(ROOMS, self._host, bearer))

    def data_received(self, data: bytes) -> None:
        """Send the next one once this one was answered."""
        self.begin()


class Knock(Hostile):
    """A connection that asks for a WebSocket without a token."""

    has_tls = True

    def begin(self) -> None:
        """Ask for it."""
        path = f'{ROOMS}/arm/ws'
        upgrade = ('Upgrade: websocket', 'Connection: Upgrade', 'Sec-WebSocket-Version: 13')
        key = 'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA=='
        self._transport.write(_head(path, self._host, *upgrade, key))

    def data_received(self, data: bytes) -> None:
        """Try again at once."""
        self._transport.abort()


KINDS: tuple[Callable[[str], Hostile], ...] = (Hostile, HalfHello, Dribble, Guess, Knock)


def _head(path: str, host: str, *headers: str) -> bytes:
    lines = (f'GET {path} HTTP/1.1', f'Host: {host}', *headers, '', '')
    return '\r\n'.join(lines).encode()


class Crowd:
    """As many hostile connections as wanted."""

    def __init__(self, url: str) -> None:
        self._url = urlsplit(url)
        self._tls: ssl.SSLContext | None = None
        if self._url.scheme == 'https':
            self._tls = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            self._tls.check_hostname, self._tls.verify_mode = False, ssl.CERT_NONE
        self._tasks: list[asyncio.Task[None]] = []
        self._begun = 0
        self.opened = 0

    async def hold(self, count: int) -> None:
        """Keep so many connections; return once each has been tried, or all have ended."""
        while len(self._tasks) < count:
            number = len(self._tasks)
            self._tasks.append(asyncio.create_task(self._keep(number), name=f'hostile {number}'))
        surplus, self._tasks = self._tasks[count:], self._tasks[:count]
        for task in surplus:
            task.cancel()
        if surplus:
            await asyncio.wait(surplus)
            self._begun = min(self._begun, count)
        while self._begun < count:
            await asyncio.sleep(RETRY_S)

    async def _keep(self, number: int) -> None:
        kind = KINDS[number // ADDRESSES % len(KINDS)]
        source = f'127.0.0.{2 + number % ADDRESSES}'
        is_first = True
        while True:
            hostile = kind(self._url.netloc)
            try:
                await self._open(hostile, source)
            except OSError:
                await asyncio.sleep(RETRY_S)
            else:
                self.opened += 1
                if is_first:
                    self._begun, is_first = self._begun + 1, False
                try:
                    await hostile.ended.wait()
                finally:
                    hostile._transport.abort()

    async def _open(self, hostile: Hostile, source: str) -> None:
        await asyncio.get_running_loop().create_connection(
            lambda: hostile,
            self._url.hostname,
            self._url.port,
            local_addr=(source, 0),
            ssl=self._tls if hostile.has_tls else None,
        )


async def run(url: str) -> None:
    """Do what is ordered, until there are no more orders."""
    crowd = Crowd(url)
    while line := await asyncio.to_thread(sys.stdin.readline):
        await crowd.hold(int(line))
        print(json.dumps({'opened': crowd.opened}), flush=True)


class Attacker:
    """The process with the hostile connections."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def hold(self, count: int) -> int:
        """
        Keep so many connections.

        :returns: how many have been opened since the beginning.
        """
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        print(count, file=self._process.stdin, flush=True)
        opened: int = json.loads(self._process.stdout.readline())['opened']
        return opened


@contextmanager
def attacker_of(url: str) -> Iterator[Attacker]:
    """Run the process, without a connection at first."""
    pipe = subprocess.PIPE
    with subprocess.Popen(
        [sys.executable, Path(__file__), url], stdin=pipe, stdout=pipe, text=True
    ) as process:
        try:
            yield Attacker(process)
        finally:
            process.kill()


if __name__ == '__main__':
    # An attacker has a machine of its own. Here it shares one with those whom it attacks: at the
    # lowest priority it takes the server's time only by what it sends, not by its own work.
    os.nice(NICENESS)
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    asyncio.run(run(*sys.argv[1:]))
