# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""Listens on an address and serves an arena there until shutdown."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
import contextlib
from dataclasses import dataclass
import functools
import ipaddress
import socket
import ssl

from fastapi import FastAPI

from .access.admission import Entry
from .http.app import background_tasks
from .net.fair_reader import FairReader
from .net.http_connection import HttpConnection
from .net.lane_port import LanePort, open_udp
from .net.listener import Listener
from .net.web_socket import WebSocket
from .participants.connection_manager import ConnectionManager
from .participants.lanes import LanePlace

__all__ = [
    'Certificate',
    'console_url_of',
    'is_loopback_only',
    'listen',
    'listen_udp',
    'serve',
    'url_of',
]

BACKLOG = 2048
"""
The listen backlog: connections that may wait to be accepted.

The kernel drops further connections, and their clients retry only after a second.
"""

SEND_BUFFER_BYTES = 64 * 1024
"""The kernel's send buffer per connection; data in it cannot be merged or overtaken."""

GRACE_S = 1
"""How long to wait for connections to end at shutdown, in seconds."""


@dataclass(frozen=True)
class Certificate:
    """
    The TLS certificate of the server: two files in PEM format.

    :param certfile: the certificate, followed by its intermediate certificates.
    :param keyfile: its private key, not encrypted; None if it is in ``certfile``.
    """

    certfile: str
    keyfile: str | None = None

    def context(self) -> ssl.SSLContext:
        """
        Return the TLS context of the server.

        :raises OSError: a file cannot be read, or has no valid content.
        :raises ValueError: the key is encrypted.
        """
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(self.certfile, self.keyfile, _no_password)
        return context


def _no_password() -> str:
    # Without this callback, OpenSSL would prompt for a password on the terminal.
    raise ValueError('the key is encrypted')


class _Connections:
    """Creates the protocol of each connection, and closes all connections."""

    def __init__(self, app: FastAPI) -> None:
        self._app = app
        self._manager: ConnectionManager = app.state.manager
        self._readers: set[FairReader] = set()
        self._none_left = asyncio.Event()

    def make(self, entry: Entry) -> FairReader:
        """Create the protocol of a connection."""
        limits = self._manager.limits
        handler = HttpConnection(
            self._app,
            self._manager.timing,
            {'entry': entry},
            make_socket=functools.partial(
                WebSocket, max_bytes=limits.frame_bytes, rate_hz=limits.frames_hz
            ),
            refuse=self._refuse,
        )
        reader = FairReader(
            handler,
            on_made=lambda: self._readers.add(reader),
            on_lost=lambda: self._remove(reader, entry),
        )
        return reader

    async def end(self, timeout_s: float) -> None:
        """Close all connections; abort those that have not ended in time."""
        self._none_left.clear()
        for reader in tuple(self._readers):
            reader.handler.shut_down()
        if self._readers:
            with contextlib.suppress(asyncio.TimeoutError):
                await asyncio.wait_for(self._none_left.wait(), timeout_s)
        for reader in tuple(self._readers):
            reader.transport.abort()

    def report(self, code: str, address: str) -> None:
        """Count and log a connection that was refused before its first request."""
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

    :param port: the TCP port; 0 for any free port, the same on all addresses.
    :raises OSError: the host does not resolve, or the port is in use or not permitted.
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


def listen_udp(
    sockets: list[socket.socket], port: int, *, everywhere: bool
) -> list[socket.socket]:
    """
    Open the UDP sockets of fast lanes.

    :param sockets: the listening TCP sockets.
    :param everywhere: listen on every network, and not only on the addresses of the TCP sockets.
    :raises OSError: the port is in use or not permitted.
    """
    hosts = [each.getsockname()[0] for each in sockets]
    if everywhere:
        hosts = ['0.0.0.0', *(['::'] if socket.has_dualstack_ipv6() else [])]
    return open_udp([(host, port) for host in hosts])


def url_of(host: str, sockets: list[socket.socket], *, is_encrypted: bool = False) -> str:
    """Return the URL of the arena on these sockets, with the actual port."""
    shown = f'[{host}]' if ':' in host else host
    return f'http{"s" * is_encrypted}://{shown}:{sockets[0].getsockname()[1]}'


def console_url_of(url: str) -> str:
    """Return the URL of the console for a browser on this machine."""
    scheme, _, rest = url.partition('://')
    host, _, port = rest.rpartition(':')
    # A wildcard address is not a valid destination.
    return f'{scheme}://{"localhost" if host in ("0.0.0.0", "[::]") else host}:{port}/'


def is_loopback_only(sockets: list[socket.socket]) -> bool:
    """Return whether only this machine can reach these sockets."""
    return all(ipaddress.ip_address(each.getsockname()[0]).is_loopback for each in sockets)


def _addresses_of(host: str, port: int) -> list[tuple[socket.AddressFamily, str]]:
    flags = socket.AI_PASSIVE
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=flags)
    return list(dict.fromkeys((family, str(address[0])) for family, *_, address in found))


def _open_socket(family: socket.AddressFamily, address: tuple[str, int]) -> socket.socket:
    # IPPROTO_TCP is explicit because asyncio sets TCP_NODELAY only on sockets that have it.
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
    udp: Sequence[socket.socket] = (),
    udp_host: str | None = None,
) -> None:
    """
    Serve an arena until shutdown; then close its WebSockets with 1012.

    :param sockets: the sockets that :func:`listen` opened; closed on return.
    :param shutdown: set it to shut down.
    :param ready: called when connections are accepted.
    :param certificate: the TLS certificate; None for no TLS.
    :param udp: the sockets of fast lanes that :func:`listen_udp` opened; closed on return.
        Without any, there are no lanes.
    :param udp_host: the host of the lanes that clients are told; None: that of the WebSocket.
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
    async with background_tasks(manager), _lanes(manager, udp, udp_host):
        listener.open()
        ready()
        try:
            await shutdown.wait()
        finally:
            listener.close()
            await connections.end(GRACE_S)


@contextlib.asynccontextmanager
async def _lanes(
    manager: ConnectionManager, sockets: Sequence[socket.socket], host: str | None
) -> AsyncIterator[None]:
    """Offer fast lanes within this context."""
    if not sockets:
        yield
        return
    port = LanePort(sockets)
    manager.lanes.place = LanePlace(port.number, host, port.opener)
    try:
        yield
    finally:
        manager.lanes.place = None
        await port.aclose()
