# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""
Thousands of hostile clients of an arena, in one process.

Run as a program, this module reads a number from each line of its standard input, keeps as many
connections open, and answers with a line of JSON: how many it has tried to open up to now. A
connection that the server ends is opened again at once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
import json
import os
from pathlib import Path
import resource
import ssl
import subprocess
import sys
from urllib.parse import urlsplit

from .frames import client_frame, upgrade_request
from .guarded import ROOMS, TOKEN
from .processes import Process, running_command
from .waiting import until

__all__ = [
    'ADDRESSES',
    'HOSTILE',
    'LISTENER',
    'STOP_FLOOD',
    'Attacker',
    'attacker_of',
]

ADDRESSES = 50
"""The number of loopback addresses of the clients, from 127.0.0.2 upwards."""

WRONG_TOKEN = 'wrong-0123456789abcdef'
ROOM = f'{ROOMS}/arm/ws'

DRIP_S = 0.1
RETRY_S = 0.05
FLOOD_S = 0.01
FLOOD_STOPS = 40
"""Stops of each period of a flood: 4000 a second, because the server disconnects beyond 10,000."""

HALF_HELLO = bytes.fromhex('1603010200 010001fc 0303') + bytes(32)
"""The beginning of a TLS record of 512 bytes, the rest of which is never sent."""


class Client(asyncio.Protocol):
    """
    A connection that sends nothing.

    :param host: the host of the requests.
    :param number: the number of the client.
    """

    has_tls = False

    def __init__(self, host: str, number: int) -> None:
        self.host = host
        self.number = number
        self.transport: asyncio.Transport
        self.ended = asyncio.Event()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Send the first bytes."""
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self.begin()

    def connection_lost(self, exc: Exception | None) -> None:
        """Mark the connection as closed."""
        self.ended.set()

    def begin(self) -> None:
        """Send the first bytes."""


class HalfHello(Client):
    """A connection that sends half of the first message of TLS."""

    def begin(self) -> None:
        """Send the first half of the message."""
        self.transport.write(HALF_HELLO)


class Dribble(Client):
    """A connection that sends half the head of a request, byte by byte."""

    has_tls = True

    def begin(self) -> None:
        """Send the first byte."""
        self._left = _head(ROOMS, self.host).removesuffix(b'\r\n')
        self._drip()

    def _drip(self) -> None:
        if self._left and not self.ended.is_set():
            self.transport.write(self._left[:1])
            self._left = self._left[1:]
            asyncio.get_running_loop().call_later(DRIP_S, self._drip)


class Guess(Client):
    """A connection that sends one request after the other, with a wrong token."""

    has_tls = True

    def begin(self) -> None:
        """Send a request."""
        bearer = f'Authorization: Bearer {WRONG_TOKEN}'
        self.transport.write(_head(ROOMS, self.host, bearer))

    def data_received(self, data: bytes) -> None:
        """Send the next request after the answer."""
        self.begin()


class Knock(Client):
    """A connection that requests a WebSocket without a token."""

    has_tls = True

    def begin(self) -> None:
        """Request a WebSocket."""
        self.transport.write(upgrade_request(ROOM, self.host))

    def data_received(self, data: bytes) -> None:
        """Send the request again."""
        self.transport.abort()


class Listener(Client):
    """A participant that reads everything and sends nothing."""

    has_tls = True
    _has_joined = False

    def begin(self) -> None:
        """Request a WebSocket."""
        self.transport.write(upgrade_request(f'{ROOM}?token={TOKEN}', self.host))

    def data_received(self, data: bytes) -> None:
        """Join after the handshake."""
        if not self._has_joined:
            self._has_joined = True
            name = f'{type(self).__name__}-{self.number}'
            self.transport.write(_frame({'participant_id': name, 'role': 'consumer'}))
            self.on_joined()

    def on_joined(self) -> None:
        """Start to be hostile."""


class StopFlood(Listener):
    """A participant that sends thousands of stops a second."""

    def on_joined(self) -> None:
        """Send the stops of one period."""
        if not self.ended.is_set():
            self.transport.write(FLOOD_STOPS * _frame({'type': 'emergency_stop'}))
            asyncio.get_running_loop().call_later(FLOOD_S, self.on_joined)


HOSTILE = (Client, HalfHello, Dribble, Guess, Knock)
"""The kinds of clients without permission."""

LISTENER = (Listener,)
STOP_FLOOD = (StopFlood,)

_KINDS = {kind.__name__: kind for kind in (*HOSTILE, *LISTENER, *STOP_FLOOD)}


def _head(path: str, host: str, *headers: str) -> bytes:
    lines = (f'GET {path} HTTP/1.1', f'Host: {host}', *headers, '', '')
    return '\r\n'.join(lines).encode()


def _frame(message: dict[str, str]) -> bytes:
    return client_frame(json.dumps(message).encode())


class Crowd:
    """A number of hostile clients, divided equally among the kinds."""

    def __init__(self, url: str, kinds: Sequence[type[Client]]) -> None:
        self.tried = 0
        self._kinds = kinds
        self._url = urlsplit(url)
        self._tls: ssl.SSLContext | None = None
        if self._url.scheme == 'https':
            self._tls = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            self._tls.check_hostname, self._tls.verify_mode = False, ssl.CERT_NONE
        self._tasks: list[asyncio.Task[None]] = []

    async def hold(self, count: int) -> None:
        """Change the number of clients; return when each one has started, or has ended."""
        for number in range(len(self._tasks), count):
            task = asyncio.create_task(self._keep(number), name=f'client {number}')
            self._tasks.append(task)
        await until(asyncio.get_running_loop().time())  # Now each task has started.
        surplus, self._tasks = self._tasks[count:], self._tasks[:count]
        for task in surplus:
            task.cancel()
        if surplus:
            await asyncio.wait(surplus)

    async def _keep(self, number: int) -> None:
        kind = self._kinds[number // ADDRESSES % len(self._kinds)]
        source = f'127.0.0.{2 + number % ADDRESSES}'
        while True:
            self.tried += 1
            client = kind(self._url.netloc, number)
            try:
                await asyncio.get_running_loop().create_connection(
                    lambda client=client: client,
                    self._url.hostname or '',
                    self._url.port or 0,
                    local_addr=(source, 0),
                    ssl=self._tls if kind.has_tls else None,
                )
            except OSError:
                await until(asyncio.get_running_loop().time() + RETRY_S)
                continue
            try:
                await client.ended.wait()
            finally:
                client.transport.abort()


async def run(url: str, *kinds: str) -> None:
    """Execute the commands of the standard input to its end."""
    crowd = Crowd(url, [_KINDS[kind] for kind in kinds])
    while line := await asyncio.to_thread(sys.stdin.readline):
        await crowd.hold(int(line))
        print(json.dumps({'tried': crowd.tried}), flush=True)


class Attacker:
    """The process that runs the clients."""

    def __init__(self, process: Process) -> None:
        self._process = process

    def hold(self, count: int) -> int:
        """
        Change the number of open connections.

        :returns: the number of attempts since the start.
        """
        tried: int = json.loads(self._process.ask(f'{count}'))['tried']
        return tried


@contextmanager
def attacker_of(url: str, kinds: Sequence[type[Client]]) -> Iterator[Attacker]:
    """Run the process, at first without clients."""
    pipe = subprocess.PIPE
    names = [kind.__name__ for kind in kinds]
    command = [sys.executable, '-m', 'support.hostile', url, *names]
    folder = Path(__file__).parents[1]
    with running_command(command, stdin=pipe, stdout=pipe, cwd=folder) as process:
        yield Attacker(process)


if __name__ == '__main__':
    # A real attacker uses another machine. Here it shares the machine of the server; with the
    # lowest priority, it costs the server only the work for its connections.
    # A measurement has a real-time priority, which the process must not inherit.
    os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))
    os.nice(19)
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    asyncio.run(run(*sys.argv[1:]))
