# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""Ends of lanes without sockets, and a client whose datagrams a test can change."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
import socket

from lerobot_arena_ros.arena.lane.certificate import Certificate
from lerobot_arena_ros.arena.lane.channel import Channel
from lerobot_arena_ros.arena.lane.dtls import DtlsServer, DtlsSession, DtlsState, client_session
from lerobot_arena_ros.server.net.lane_port import open_udp
from lerobot_arena_ros.server.net.udp_listener import UdpListener
from support.waiting import PATIENCE_S

__all__ = [
    'ADDRESS',
    'CLIENT',
    'OTHER',
    'SERVER',
    'End',
    'RawClient',
    'accept_all',
    'exchange',
    'greeted',
    'listener',
    'opened_sessions',
    'record',
    'sealed',
]

SERVER, CLIENT, OTHER = Certificate.make(), Certificate.make(), Certificate.make()
"""Three certificates, because each takes a while to make."""

ADDRESS = b'127.0.0.1:1'


def accept_all(_fingerprint: str) -> bool:
    """Accept each certificate, as a hostile end does."""
    return True


def greeted(
    client: DtlsSession, accepts: Callable[[str], bool] = accept_all, address: bytes = ADDRESS
) -> DtlsSession:
    """Return the session of the server for a client that has returned its cookie."""
    server = DtlsServer(SERVER, accepts)
    client.start()
    (hello,) = client.take_datagrams()
    nothing, (cookie,) = server.greet(hello, address)
    assert nothing is None
    client.receive(cookie)
    (hello,) = client.take_datagrams()
    session, replies = server.greet(hello, address)
    assert session is not None
    assert replies == []
    session.start()
    return session


def exchange(one: DtlsSession, other: DtlsSession) -> None:
    """Pass datagrams between two sessions until neither has any."""
    while datagrams := [(other, sent) for sent in one.take_datagrams()] + [
        (one, sent) for sent in other.take_datagrams()
    ]:
        for to, datagram in datagrams:
            to.receive(datagram)


def opened_sessions() -> tuple[DtlsSession, DtlsSession]:
    """Return an open client and its open server."""
    client = client_session(CLIENT, accept_all)
    server = greeted(client)
    exchange(client, server)
    assert client.state is server.state is DtlsState.OPEN
    return client, server


def record(kind: int, epoch: int, seq: int, content: bytes) -> bytes:
    """Return a record that is not encrypted."""
    header = bytes([kind]) + b'\xfe\xfd' + epoch.to_bytes(2, 'big') + seq.to_bytes(6, 'big')
    return header + len(content).to_bytes(2, 'big') + content


def sealed(session: DtlsSession, message: bytes) -> bytes:
    """Return the datagram with a message."""
    assert session.send(message)
    (datagram,) = session.take_datagrams()
    return datagram


@asynccontextmanager
async def listener() -> AsyncIterator[UdpListener]:
    """Yield a listener on a free port of 127.0.0.1."""
    udp = UdpListener(SERVER)
    udp.open(open_udp([('127.0.0.1', 0)]))
    try:
        yield udp
    finally:
        await udp.aclose()


class End:
    """
    What one end of a channel gets.

    :ivar channel: the channel; None before it is opened.
    :ivar texts: the messages.
    :ivar reasons: the reasons of its end.
    """

    def __init__(self, channel: Channel | None = None) -> None:
        self.channel: Channel | None = None
        self.texts: list[str] = []
        self.reasons: list[str] = []
        if channel is not None:
            self.open(channel)

    def open(self, channel: Channel) -> None:
        """Listen to a channel."""
        self.channel = channel
        channel.listen(self.texts.append, self.reasons.append)


class RawClient:
    """
    A client on a UDP socket; a test can read, change and repeat its datagrams.

    :ivar session: its DTLS session; :meth:`restart` makes another.
    """

    def __init__(self, server: tuple[str, int], certificate: Certificate = CLIENT) -> None:
        self._certificate = certificate
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.setblocking(False)
        self._socket.bind(('127.0.0.1', 0))
        self._socket.connect(server)
        self.session = client_session(certificate, accept_all)

    def __enter__(self) -> RawClient:
        return self

    def __exit__(self, *_error: object) -> None:
        self._socket.close()

    def restart(self) -> None:
        """Forget the session, and begin a new one on the same port."""
        self.session = client_session(self._certificate, accept_all)

    def transmit(self, *datagrams: bytes) -> None:
        """Send datagrams as they are."""
        for datagram in datagrams:
            self._socket.send(datagram)

    async def read(self) -> bytes:
        """Return the next datagram of the server."""
        loop = asyncio.get_running_loop()
        return await asyncio.wait_for(loop.sock_recv(self._socket, 2048), PATIENCE_S)

    async def hello(self) -> bytes:
        """Return a ClientHello that has a valid cookie, and was not sent."""
        self.session.start()
        self.transmit(*self.session.take_datagrams())
        self.session.receive(await self.read())
        (hello,) = self.session.take_datagrams()
        return hello

    async def open(self) -> None:
        """Open a session with the server."""
        self.transmit(await self.hello())
        await self.finish()

    async def finish(self) -> None:
        """Continue a handshake to its end."""
        self.transmit(*self.session.take_datagrams())
        while self.session.state is DtlsState.HANDSHAKE:
            self.session.receive(await self.read())
            self.transmit(*self.session.take_datagrams())
        assert self.session.state is DtlsState.OPEN, self.session.reason

    def record(self, text: str) -> bytes:
        """Return the datagram with a message."""
        assert self.session.send(text.encode('ascii'))
        (datagram,) = self.session.take_datagrams()
        return datagram
