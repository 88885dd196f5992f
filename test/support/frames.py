# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""WebSocket frames (RFC 6455, 5.2): makes frames, and splits a stream into frames."""

from __future__ import annotations

from collections.abc import Iterator
import json
import struct
from typing import NamedTuple

__all__ = [
    'CLOSE',
    'HANDSHAKE',
    'MORE',
    'PING',
    'PONG',
    'TEXT',
    'FrameSplitter',
    'Piece',
    'client_frame',
    'payload_of',
    'upgrade_request',
    'without_features',
]

MORE, TEXT, CLOSE, PING, PONG = 0, 1, 8, 9, 10

HEAD_END = b'\r\n\r\n'

HANDSHAKE = {
    'Upgrade': 'websocket',
    'Connection': 'Upgrade',
    'Sec-WebSocket-Version': '13',
    'Sec-WebSocket-Key': 'AAAAAAAAAAAAAAAAAAAAAA==',
}
"""The headers of a request for a WebSocket."""


class Piece(NamedTuple):
    """
    Some bytes of a stream.

    :param is_frame: whether they are one WebSocket frame; otherwise an HTTP head or any bytes.
    """

    data: bytes
    is_frame: bool


class FrameSplitter:
    """
    Splits one direction of a connection into frames.

    The bytes of a connection that is not a WebSocket are returned as they arrive.
    """

    def __init__(self) -> None:
        self.is_websocket = False
        self._has_head = False
        self._buffer = b''

    def feed(self, data: bytes) -> Iterator[Piece]:
        """Yield each complete piece."""
        self._buffer += data
        if not self._has_head:
            if HEAD_END not in self._buffer:
                return
            head, _, self._buffer = self._buffer.partition(HEAD_END)
            self._has_head = True
            self.is_websocket = b'upgrade: websocket' in head.lower()
            yield Piece(head + HEAD_END, False)
        if not self.is_websocket:
            if self._buffer:
                yield Piece(self._buffer, False)
            self._buffer = b''
            return
        while (length := _frame_length(self._buffer)) is not None and length <= len(self._buffer):
            frame, self._buffer = self._buffer[:length], self._buffer[length:]
            yield Piece(frame, True)


def upgrade_request(path: str, host: str, *headers: str) -> bytes:
    """Return a request for a WebSocket, with more header lines."""
    handshake = (f'{name}: {value}' for name, value in HANDSHAKE.items())
    lines = (f'GET {path} HTTP/1.1', f'Host: {host}', *handshake, *headers, '', '')
    return '\r\n'.join(lines).encode()


def payload_of(frame: bytes) -> bytes:
    """Return the payload of a whole frame, unmasked."""
    begin = {126: 4, 127: 10}.get(frame[1] & 0x7F, 2)
    if not frame[1] & 0x80:
        return frame[begin:]
    mask = frame[begin : begin + 4]
    return bytes(byte ^ mask[i % 4] for i, byte in enumerate(frame[begin + 4 :]))


def _frame_length(data: bytes) -> int | None:
    """Return the length of the frame at the start of the data; None = not known yet."""
    if len(data) < 2:
        return None
    mask = 4 if data[1] & 0x80 else 0
    short = data[1] & 0x7F
    if short < 126:
        return 2 + mask + short
    size = 2 if short == 126 else 8
    if len(data) < 2 + size:
        return None
    return 2 + size + mask + int.from_bytes(data[2 : 2 + size], 'big')


def client_frame(
    payload: bytes = b'',
    opcode: int = TEXT,
    *,
    fin: bool = True,
    reserved: int = 0,
    is_masked: bool = True,
    claimed: int | None = None,
) -> bytes:
    """
    Return a frame of a client, valid or not, masked with zeros.

    :param reserved: the three reserved bits; the first one is 4.
    :param claimed: the length in the header; None = the true one. Only below 126, or in eight
        bytes.
    """
    length = len(payload) if claimed is None else claimed
    first = (0x80 if fin else 0) | reserved << 4 | opcode
    mask = 0x80 if is_masked else 0
    if length < 126:
        head = struct.pack('!BB', first, mask | length)
    else:
        head = struct.pack('!BBQ', first, mask | 127, length)
    return head + (b'\x00' * 4 if is_masked else b'') + payload


def without_features(frame: bytes) -> list[bytes]:
    """Remove the features from a join frame, as for a server that supports no features."""
    payload = payload_of(frame)
    if frame[0] != 0x80 | TEXT or b'"features"' not in payload:
        return [frame]
    fields = json.loads(payload)
    fields.pop('features', None)
    return [client_frame(json.dumps(fields).encode())]
