"""Listens on an address and serves an arena there until told to stop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
import contextlib
from dataclasses import dataclass
import ipaddress
import socket
import ssl

from fastapi import FastAPI

from .access.admission import Entry
from .http.app import background_tasks
from .net.fair_reader import FairReader
from .net.http_connection import HttpConnection
from .net.listener import Listener
from .net.web_socket import WebSocket
from .participants.connection_manager import ConnectionManager

__all__ = [
    'Certificate',
    'console_url_of',
    'is_loopback_only',
    'listen',
    'serve',
    'url_of',
]

BACKLOG = 2048
"""
Connections that may wait to be accepted.

The system drops what comes while so many wait, and a client tries again after a second only.
"""

SEND_BUFFER_BYTES = 64 * 1024
"""What the kernel holds for a slow peer: what is in there is neither merged nor overtaken."""

GRACE_S = 1
"""How long connections have to end when the server stops, in seconds."""


@dataclass(frozen=True)
class Certificate:
    """
    What the server shows to those who want TLS: two files in PEM format.

    :param certfile: the certificate, followed by those that it rests on.
    :param keyfile: its private key, not encrypted; None where it is in the same file.
    """

    certfile: str
    keyfile: str | None = None

    def context(self) -> ssl.SSLContext:
        """
        Return the TLS settings of a server.

        :raises OSError: a file cannot be read, or does not hold what it should.
        :raises ValueError: the key is encrypted.
        """
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(self.certfile, self.keyfile, _no_password)
        return context


def _no_password() -> str:
    # Without this, OpenSSL would ask whoever sits at the terminal.
    raise ValueError('the key is encrypted')


class _Connections:
    """Makes what serves each connection, and ends all of them."""

    def __init__(self, app: FastAPI) -> None:
        self._app = app
        self._manager: ConnectionManager = app.state.manager
        self._readers: set[FairReader] = set()
        self._none_left = asyncio.Event()

    def make(self, entry: Entry) -> FairReader:
        """Make what serves one connection, which has this place."""
        limits = self._manager.limits

        def make_socket() -> WebSocket:
            return WebSocket(max_bytes=limits.frame_bytes, rate_hz=limits.frames_hz)

        handler = HttpConnection(
            self._app,
            self._manager.timing,
            {'entry': entry},
            make_socket=make_socket,
            refuse=self._refuse,
        )
        reader = FairReader(
            handler,
            on_made=lambda: self._readers.add(reader),
            on_lost=lambda: self._remove(reader, entry),
        )
        return reader

    async def end(self, timeout_s: float) -> None:
        """End all connections; those that have not ended in time are aborted."""
        self._none_left.clear()
        for reader in tuple(self._readers):
            reader.handler.shut_down()
        if self._readers:
            with contextlib.suppress(asyncio.TimeoutError):
                await asyncio.wait_for(self._none_left.wait(), timeout_s)
        for reader in tuple(self._readers):
            reader.transport.abort()

    def report(self, code: str, address: str) -> None:
        """Count and log a connection that ended before it was served."""
        self._refuse(code)
        self._manager.log.warn(code, peer=address)
        self._manager.log.sample('refused', code=code, peer=address)

    def _refuse(self, code: str) -> None:
        self._manager.counters.refused[code] += 1

    def _remove(self, reader: FairReader, entry: Entry) -> None:
        self._manager.admission.leave(entry)
        self._readers.discard(reader)
        if not self._readers:
            self._none_left.set()


def listen(host: str, port: int) -> list[socket.socket]:
    """
    Open a listening socket on each address of a host.

    :param port: 0 for a free one, the same on all addresses.
    :raises OSError: the host does not resolve, or the port is taken or not ours to use.
    """
    sockets: list[socket.socket] = []
    try:
        for family, address in _addresses_of(host, port):
            sockets.append(_open_socket(family, (address, port)))
            port = sockets[0].getsockname()[1]
    except OSError:
        for opened in sockets:
            opened.close()
        raise
    return sockets


def url_of(host: str, sockets: list[socket.socket], *, is_encrypted: bool = False) -> str:
    """Say how the arena behind these sockets is reached, the real port included."""
    shown = f'[{host}]' if ':' in host else host
    return f'http{"s" * is_encrypted}://{shown}:{sockets[0].getsockname()[1]}'


def console_url_of(url: str) -> str:
    """Say where a browser on this machine finds the console of the arena at an address."""
    scheme, _, rest = url.partition('://')
    host, _, port = rest.rpartition(':')
    # Nobody can go to "every network".
    return f'{scheme}://{"localhost" if host in ("0.0.0.0", "[::]") else host}:{port}/'


def is_loopback_only(sockets: list[socket.socket]) -> bool:
    """Say whether nobody on another machine can reach these sockets."""
    return all(ipaddress.ip_address(each.getsockname()[0]).is_loopback for each in sockets)


def _addresses_of(host: str, port: int) -> list[tuple[socket.AddressFamily, str]]:
    flags = socket.AI_PASSIVE
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=flags)
    return list(dict.fromkeys((family, str(address[0])) for family, *_, address in found))


def _open_socket(family: socket.AddressFamily, address: tuple[str, int]) -> socket.socket:
    # The protocol is named because asyncio sets TCP_NODELAY only on sockets that name it.
    opened = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER_BYTES)
        if family == socket.AF_INET6:
            opened.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        opened.bind(address)
        opened.listen(BACKLOG)
    except OSError:
        opened.close()
        raise
    return opened


async def serve(
    app: FastAPI,
    sockets: list[socket.socket],
    *,
    shutdown: asyncio.Event,
    ready: Callable[[], None],
    certificate: Certificate | None = None,
) -> None:
    """
    Serve an arena until the event is set; its participants are then closed with 1012.

    :param sockets: as :func:`listen` opened them; closed on return.
    :param ready: called once connections are accepted.
    :param certificate: for TLS; None for none.
    """
    manager: ConnectionManager = app.state.manager
    connections = _Connections(app)
    listener = Listener(
        sockets,
        connections.make,
        manager.admission,
        tls=None if certificate is None else certificate.context(),
        handshake_s=manager.timing.join_s,
        report=connections.report,
    )
    async with background_tasks(manager):
        listener.open()
        ready()
        try:
            await shutdown.wait()
        finally:
            listener.close()
            await connections.end(GRACE_S)
