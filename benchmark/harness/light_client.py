# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""A participant that costs little CPU, so that a load test measures the server."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
import socket
import struct
from urllib.parse import quote, urlsplit

__all__ = ['LightClient', 'join_room', 'text_frame']

TEXT, CLOSE, PING, PONG = 1, 8, 9, 10
TIMEOUT_S = 30.0


class LightClient(asyncio.Protocol):
    """
    One WebSocket: sends texts that are masked with zeros, and passes received texts on.

    :param on_text: called with the payload of each text.
    :ivar lost: why the connection has ended; None while it has not.
    """

    def __init__(self, head: bytes, on_text: Callable[[bytes], None]) -> None:
        self._head = head
        self._on_text = on_text
        self._buffer = b''
        self._is_open = False
        self._transport: asyncio.Transport
        self.opened = asyncio.Event()
        self.lost: str | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Send the opening handshake."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        transport.write(self._head)

    def connection_lost(self, exc: Exception | None) -> None:
        """Note that the connection has ended, and why."""
        self.lost = self.lost or repr(exc)

    def data_received(self, data: bytes) -> None:
        """Split received data into frames."""
        self._buffer = buffer = self._buffer + data if self._buffer else data
        if not self._is_open:
            _, end, buffer = buffer.partition(b'\r\n\r\n')
            if not end:
                return
            self._is_open = True
            self.opened.set()
        start = 0
        while (cut := _payload(buffer, start)) is not None:
            self._on_frame(buffer[start] & 0x0F, buffer[cut.start : cut.stop])
            start = cut.stop
        self._buffer = buffer[start:]

    def send(self, frame: bytes) -> None:
        """Send a frame that :func:`text_frame` made."""
        self._transport.write(frame)

    def receive_in_blocks(self, size: int) -> None:
        """Wake up only when this many bytes have arrived, not for each text."""
        opened = self._transport.get_extra_info('socket')
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT, size)

    def close(self) -> None:
        """Send a close frame and close the connection."""
        self.lost = self.lost or 'closed here'
        self._transport.write(_frame(CLOSE, struct.pack('!H', 1000)))
        self._transport.close()

    def _on_frame(self, opcode: int, payload: bytes) -> None:
        if opcode == TEXT:
            self._on_text(payload)
        elif opcode == PING:
            self._transport.write(_frame(PONG, payload))
        elif opcode == CLOSE:
            self.lost = f'closed by the server: {payload!r}'


async def join_room(
    url: str, room: tuple[str, str], join: str, on_text: Callable[[bytes], None]
) -> LightClient:
    """
    Open a WebSocket to a room and send the join message.

    :param room: workspace id and room id.
    :raises TimeoutError: the server did not accept the WebSocket in time.
    """
    address = urlsplit(url)
    path = f'/robotics/workspaces/{quote(room[0])}/rooms/{quote(room[1])}/ws'
    head = (
        f'GET {path} HTTP/1.1\r\nHost: {address.netloc}\r\nUpgrade: websocket\r\n'
        'Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n'
        'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n'
    ).encode()
    loop = asyncio.get_running_loop()
    host, port = address.hostname or '', address.port or 80
    _, client = await loop.create_connection(lambda: LightClient(head, on_text), host, port)
    await asyncio.wait_for(client.opened.wait(), TIMEOUT_S)
    client.send(text_frame(join))
    return client


def text_frame(text: str) -> bytes:
    """Return the masked frame of a text."""
    return _frame(TEXT, text.encode())


def _frame(opcode: int, payload: bytes) -> bytes:
    length = len(payload)
    if length < 126:
        return struct.pack('!BBI', 0x80 | opcode, 0x80 | length, 0) + payload
    return struct.pack('!BBHI', 0x80 | opcode, 0x80 | 126, length, 0) + payload


def _payload(buffer: bytes, start: int) -> range | None:
    """Return where the payload of the frame at ``start`` is; None while it is incomplete."""
    if len(buffer) < start + 2:
        return None
    length, begin = buffer[start + 1] & 0x7F, start + 2
    if length >= 126:
        size = 2 if length == 126 else 8
        length, begin = int.from_bytes(buffer[begin : begin + size], 'big'), begin + size
    return range(begin, begin + length) if len(buffer) >= begin + length else None
