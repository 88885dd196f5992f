# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""Participants with a bare WebSocket, to test the server without our client."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
import json
import socket
import ssl
import struct
from typing import Any
from urllib.parse import quote, urlsplit

import websockets

from .frames import (
    CLOSE,
    PING,
    TEXT,
    FrameSplitter,
    Piece,
    client_frame,
    payload_of,
    upgrade_request,
)

__all__ = [
    'Peer',
    'RawPeer',
    'connect',
    'enter',
    'join',
    'joint',
    'joints',
    'robot_state',
    'update',
    'ws_path',
]

TIMEOUT_S = 30.0
ABNORMAL = 1006

Json = dict[str, Any]


class Peer:
    """A WebSocket with JSON messages; each wait has a deadline."""

    def __init__(self, connection: Any) -> None:
        self.connection = connection

    async def send(self, message: Json | str | bytes) -> None:
        """Send one frame; an object is encoded as JSON."""
        frame = json.dumps(message) if isinstance(message, dict) else message
        await self.connection.send(frame)

    async def text(self) -> str:
        """Receive one text frame."""
        frame = await asyncio.wait_for(self.connection.recv(), TIMEOUT_S)
        assert isinstance(frame, str)
        return frame

    async def recv(self) -> Json:
        """Receive one object."""
        message = json.loads(await self.text())
        assert isinstance(message, dict)
        return message

    async def recv_type(self, kind: str) -> Json:
        """Receive one object, which must be of this type."""
        message = await self.recv()
        assert message['type'] == kind, message
        return message

    async def expect_silence(self) -> None:
        """Send a heartbeat, and check that its answer is the next message."""
        await self.send({'type': 'heartbeat'})
        await self.recv_type('heartbeat_ack')

    async def close_code(self) -> int:
        """Receive and drop everything until the connection ends; return the close code."""
        try:
            while True:
                await self.text()
        except websockets.exceptions.ConnectionClosed as exc:
            return ABNORMAL if exc.rcvd is None else exc.rcvd.code

    async def close(self) -> None:
        """Leave, and wait for the server's close frame."""
        await self.connection.close()


class RawPeer:
    """A bare TCP connection, which answers nothing by itself, not even a ping."""

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        self.head = b''
        self._splitter = FrameSplitter()
        self._pieces: deque[Piece] = deque()

    @classmethod
    def connect(cls, url: str, path: str, *headers: str) -> RawPeer:
        """Open a WebSocket with the smallest receive buffer and with additional headers."""
        peer = cls.connect_bare(url)
        peer.sock.sendall(upgrade_request(path, urlsplit(url).netloc, *headers))
        peer.head = peer._take().data
        return peer

    @classmethod
    def connect_bare(cls, url: str) -> RawPeer:
        """Connect and send nothing."""
        address = urlsplit(url)
        sock = socket.socket()
        sock.settimeout(TIMEOUT_S)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        sock.connect((address.hostname, address.port))
        context = _trusting(url)
        return cls(sock if context is None else context.wrap_socket(sock))

    def is_dropped(self) -> bool:
        """Whether the server has closed the connection, without waiting."""
        self.sock.setblocking(False)
        try:
            return self.sock.recv(1, socket.MSG_PEEK) == b''
        except BlockingIOError:
            return False
        except ConnectionError:
            return True
        finally:
            self.sock.settimeout(TIMEOUT_S)

    @classmethod
    def enter(cls, url: str, path: str, participant_id: str, role: str, *features: str) -> RawPeer:
        """Open a WebSocket, join with features, and receive ``joined``."""
        peer = cls.connect(url, path)
        peer.send(json.dumps(join(participant_id, role, *features)).encode())
        while peer.recv()['type'] != 'joined':
            pass
        return peer

    def send(self, payload: bytes, opcode: int = TEXT) -> None:
        """Send one frame, masked with zeros."""
        self.sock.sendall(client_frame(payload, opcode))

    def frame(self) -> tuple[int, bytes]:
        """Receive one frame: its opcode and payload."""
        frame = self._take().data
        return frame[0] & 0x0F, payload_of(frame)

    def recv(self) -> Json:
        """Receive one object; do not answer pings before it."""
        while True:
            opcode, payload = self.frame()
            if opcode == TEXT:
                message = json.loads(payload)
                assert isinstance(message, dict)
                return message
            assert opcode == PING, (opcode, payload)

    def close_code(self) -> int:
        """Receive until a close frame or the end of the connection."""
        try:
            while True:
                opcode, payload = self.frame()
                if opcode == CLOSE:
                    return int(struct.unpack('!H', payload[:2])[0])
        except ConnectionError:
            return ABNORMAL

    def close(self) -> None:
        """Drop the connection."""
        self.sock.close()

    def _take(self) -> Piece:
        while not self._pieces:
            data = self.sock.recv(65536)
            if not data:
                raise ConnectionResetError('the server closed the connection')
            self._pieces.extend(self._splitter.feed(data))
        return self._pieces.popleft()


def ws_path(workspace_id: str, room_id: str, *, kind: str = 'robotics') -> str:
    """
    Return the path of a room's WebSocket.

    :param kind: ``robotics`` or ``video``.
    """
    return f'/{kind}/workspaces/{quote(workspace_id)}/rooms/{quote(room_id)}/ws'


def join(participant_id: str, role: str, *features: str) -> Json:
    """Return a join message; without features it is that of a public client."""
    frame: Json = {'participant_id': participant_id, 'role': role}
    return {**frame, 'features': list(features)} if features else frame


def robot_state(gate: str = 'active', **more: object) -> Json:
    """Return a robot state with additional keys."""
    data = {'node': '/arm', 'host': 'pc', 'gate': gate, 'cause': 'live', **more}
    return {'type': 'robot_state', 'data': data}


@asynccontextmanager
async def connect(url: str, path: str) -> AsyncIterator[Peer]:
    """Open a WebSocket that has not joined yet."""
    context = _trusting(url)
    options: dict[str, Any] = {} if context is None else {'ssl': context}
    async with websockets.connect('ws' + url[len('http') :] + path, **options) as connection:
        yield Peer(connection)


def _trusting(url: str) -> ssl.SSLContext | None:
    """Return TLS settings without verification, because peers do not test certificates."""
    if not url.startswith('https'):
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


@asynccontextmanager
async def enter(
    url: str,
    workspace_id: str,
    room_id: str,
    participant_id: str,
    role: str,
    *features: str,
    token: str = '',
) -> AsyncIterator[Peer]:
    """Join a room with features and a token, and receive ``joined``."""
    query = f'?token={token}' if token else ''
    async with connect(url, ws_path(workspace_id, room_id) + query) as peer:
        await peer.send(join(participant_id, role, *features))
        if role == 'consumer':
            await peer.recv_type('state_sync')
        await peer.recv_type('joined')
        yield peer


def joint(name: str, value: object, **more: object) -> Json:
    """Return one joint of an update."""
    return {'name': name, 'value': value, **more}


def update(*entries: object) -> Json:
    """Return an update of these joints."""
    return {'type': 'joint_update', 'data': list(entries)}


def joints(**values: object) -> Json:
    """Return an update from values by joint name."""
    return update(*(joint(name, value) for name, value in values.items()))
