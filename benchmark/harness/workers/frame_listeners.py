# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""
Many consumers of one room; replies with what each received and when.

The time of arrival is the kernel's timestamp of each piece of a stream, and frames are decoded
only on request. Otherwise fifty clients in one process would measure that process.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import json
import os
import socket
import struct
import sys
import time
from urllib.parse import urlsplit
import zlib

from .protocol import number_of, reply

__all__ = ['Listener', 'next_frame']

_HANDSHAKE = (
    'GET {path} HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n'
    'Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n{offer}\r\n'
)
_OFFER = 'Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n'
_STALLED_BUFFER_BYTES = 4096

_SO_TIMESTAMPNS = 35
"""A socket option of Linux without a name in Python: adds the wall time to each message."""


class Listener:
    """
    One consumer; it answers pings, because servers disconnect a participant that does not.

    :param opened: a socket on which the opening handshake is done.
    """

    def __init__(self, opened: socket.socket) -> None:
        opened.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPNS, 1)
        self.socket = opened
        self.is_lost = False
        self._buffer = bytearray()
        self._received: list[tuple[float, int, bytes]] = []
        self._inflate = zlib.decompressobj(wbits=-zlib.MAX_WBITS)

    def send_text(self, text: str) -> None:
        """Send a short text."""
        self._send(0x81, text.encode())

    def receive(self) -> None:
        """Record complete texts with their time, and answer pings."""
        data, ancillary, _, _ = self.socket.recvmsg(65536, 64)
        self.is_lost = not data
        self._buffer += data
        # The kernel may begin to add timestamps a little after it was asked to.
        wall_s = _seconds(ancillary[0][2]) if ancillary else time.time()
        while (frame := next_frame(self._buffer)) is not None:
            first, payload = frame
            if first & 0x0F == 1:
                self._received.append((wall_s, first, payload))
            elif first & 0x0F == 9:
                self._send(0x8A, payload)

    def take(self) -> list[tuple[int, float]]:
        """Return the numbers of the updates and their times of the monotonic clock."""
        received, self._received = self._received, []
        found = []
        ahead_s = _monotonic_ahead_s()
        for wall_s, first, payload in received:
            if first & 0x40:  # Compressed, in the context of the frames before it.
                payload = self._inflate.decompress(payload + b'\x00\x00\xff\xff')
            message = json.loads(payload)
            if message['type'] == 'joint_update':
                found.append((number_of(message['data'][0]['value']), wall_s + ahead_s))
        return found

    def _send(self, first: int, payload: bytes) -> None:
        mask = bytes(4)  # A mask of zeros does not change the payload.
        self.socket.sendall(struct.pack('!BB', first, 0x80 | len(payload)) + mask + payload)


def next_frame(buffer: bytearray) -> tuple[int, bytes] | None:
    """
    Remove the first frame from a buffer.

    :returns: its first byte and its payload; None while it is incomplete.
    :raises RuntimeError: the frame has more than 64 KiB.
    """
    if len(buffer) < 2:
        return None
    length, begin = buffer[1] & 0x7F, 2
    if length == 126:
        if len(buffer) < 4:
            return None
        length, begin = int.from_bytes(buffer[2:4], 'big'), 4
    elif length == 127:
        raise RuntimeError('a joint update of more than 64 KiB')
    end = begin + length
    if len(buffer) < end:
        return None
    first, payload = buffer[0], bytes(buffer[begin:end])
    del buffer[:end]
    return first, payload


def _seconds(timespec: bytes) -> float:
    seconds: int
    nanoseconds: int
    seconds, nanoseconds = struct.unpack('@ll', timespec)
    return seconds + 1e-9 * nanoseconds


def _monotonic_ahead_s() -> float:
    """Return the difference of the two clocks, which is constant unless the wall clock is set."""
    looks = [(time.time(), time.monotonic(), time.time()) for _ in range(100)]
    # The shortest one is the least likely to have been interrupted.
    before, monotonic, after = min(looks, key=lambda look: look[2] - look[0])
    return monotonic - (before + after) / 2


def connect(url: str, name: str, *, deflate: bool = False, stalled: bool = False) -> Listener:
    """
    Join the room as a consumer.

    :param deflate: offer compression.
    :param stalled: use a small receive buffer, because nothing is going to be read.
    :raises RuntimeError: the server does not accept the WebSocket.
    """
    parts = urlsplit(url)
    opened = socket.socket()
    if stalled:
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _STALLED_BUFFER_BYTES)
    opened.connect((parts.hostname, parts.port))
    request = _HANDSHAKE.format(
        path=parts.path,
        host=parts.netloc,
        key=base64.b64encode(os.urandom(16)).decode(),
        offer=_OFFER if deflate else '',
    )
    opened.sendall(request.encode())
    head = b''
    while not head.endswith(b'\r\n\r\n'):
        # One byte at a time, because the bytes after the head belong to the WebSocket.
        if not (byte := opened.recv(1)):
            raise RuntimeError(f'no WebSocket: {head!r}')
        head += byte
    if b' 101 ' not in head:
        raise RuntimeError(f'no WebSocket: {head!r}')
    listener = Listener(opened)
    listener.send_text(json.dumps({'participant_id': name, 'role': 'consumer'}))
    return listener


async def run(options: argparse.Namespace) -> None:
    """Receive until the parent closes stdin."""
    loop = asyncio.get_running_loop()
    listeners = [
        connect(options.url, f'c{number}', deflate=options.deflate)
        for number in range(options.count)
    ]
    for listener in listeners:
        loop.add_reader(listener.socket, _receive, listener)
    # The reference keeps the connection open that is not read.
    _stalled = connect(options.url, 'stalled', stalled=True) if options.stalled else None
    reply(ready=True)
    while await asyncio.to_thread(sys.stdin.readline):
        if any(listener.is_lost for listener in listeners):
            raise RuntimeError('a listener was disconnected')
        reply(arrived=[listener.take() for listener in listeners])


def _receive(listener: Listener) -> None:
    listener.receive()
    if listener.is_lost:
        asyncio.get_running_loop().remove_reader(listener.socket)


def main() -> None:
    """Listen as the command line asks."""
    parser = argparse.ArgumentParser()
    parser.add_argument('url')
    parser.add_argument('count', type=int)
    parser.add_argument('--deflate', action='store_true', help='offer compression')
    parser.add_argument('--stalled', action='store_true', help='add one that does not read')
    asyncio.run(run(parser.parse_args()))


if __name__ == '__main__':
    main()
