"""
Many consumers of one room, and what each heard when.

When, is said by the kernel, which notes it for each piece of a stream; and what, is read later.
Fifty clients in one process would measure that process otherwise.
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

from .requests import answer, number_of

_HANDSHAKE = (
    'GET {path} HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n'
    'Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n{offer}\r\n'
)
_OFFER = 'Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n'
_DEAF_BUFFER_BYTES = 4096

_SO_TIMESTAMPNS = 35
"""Of Linux, which Python does not name; with each message comes a timespec of the wall clock."""


class Listener:
    """
    One consumer; it answers pings, for servers put out who does not.

    :param opened: to a server of WebSockets that has accepted already.
    """

    def __init__(self, opened: socket.socket) -> None:
        opened.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPNS, 1)
        self.socket = opened
        self.is_lost = False
        self._buffer = bytearray()
        self._came: list[tuple[float, int, bytes]] = []
        self._inflate = zlib.decompressobj(wbits=-zlib.MAX_WBITS)

    def say(self, text: str) -> None:
        """Send a short text."""
        self._send(0x81, text.encode())

    def hear(self) -> None:
        """Note what came: whole texts for later; answer pings."""
        data, ancillary, _, _ = self.socket.recvmsg(65536, 64)
        self.is_lost = not data
        self._buffer += data
        # The kernel begins to note times when it is asked to, which may be a little later.
        wall_s = _seconds(ancillary[0][2]) if ancillary else time.time()
        while (frame := _frame(self._buffer)) is not None:
            first, begin, end = frame
            payload = bytes(self._buffer[begin:end])
            del self._buffer[:end]
            if first & 0x0F == 1:
                self._came.append((wall_s, first, payload))
            elif first & 0x0F == 9:
                self._send(0x8A, payload)

    def take(self) -> list[tuple[int, float]]:
        """Read what came: numbers, and times of the steady clock."""
        came, self._came = self._came, []
        found = []
        ahead_s = _steady_ahead_s()
        for wall_s, first, payload in came:
            if first & 0x40:  # Compressed, with what came before it.
                payload = self._inflate.decompress(payload + b'\x00\x00\xff\xff')
            message = json.loads(payload)
            if message['type'] == 'joint_update':
                found.append((number_of(message['data'][0]['value']), wall_s + ahead_s))
        return found

    def _send(self, first: int, payload: bytes) -> None:
        mask = bytes(4)  # A mask of zeroes leaves the payload as it is.
        self.socket.sendall(struct.pack('!BB', first, 0x80 | len(payload)) + mask + payload)


def _seconds(timespec: bytes) -> float:
    seconds: int
    nanoseconds: int
    seconds, nanoseconds = struct.unpack('@ll', timespec)
    return seconds + 1e-9 * nanoseconds


def _steady_ahead_s() -> float:
    """Compare the two clocks, which differ by the same until somebody sets the wall clock."""
    looks = [(time.time(), time.monotonic(), time.time()) for _ in range(100)]
    # Whoever is interrupted between two looks compares wrongly.
    before, steady, after = min(looks, key=lambda look: look[2] - look[0])
    return steady - (before + after) / 2


def _frame(data: bytearray) -> tuple[int, int, int] | None:
    """Give the first byte, begin and end of the first frame; None while it is not whole."""
    if len(data) < 2:
        return None
    length, begin = data[1] & 0x7F, 2
    if length == 126:
        if len(data) < 4:
            return None
        length, begin = int.from_bytes(data[2:4], 'big'), 4
    elif length == 127:
        raise RuntimeError('a joint update of more than 64 KiB')
    return (data[0], begin, begin + length) if len(data) >= begin + length else None


def connect(url: str, name: str, *, deflate: bool = False, deaf: bool = False) -> Listener:
    """
    Join the room.

    :param deflate: offer compression.
    :param deaf: have the kernel take little for one who is not going to read.
    :raises RuntimeError: the server speaks no WebSocket.
    """
    parts = urlsplit(url)
    opened = socket.socket()
    if deaf:
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _DEAF_BUFFER_BYTES)
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
        # Not a byte more: what follows is of the WebSocket.
        if not (byte := opened.recv(1)):
            raise RuntimeError(f'no WebSocket: {head!r}')
        head += byte
    if b' 101 ' not in head:
        raise RuntimeError(f'no WebSocket: {head!r}')
    listener = Listener(opened)
    listener.say(json.dumps({'participant_id': name, 'role': 'consumer'}))
    return listener


async def run(options: argparse.Namespace) -> None:
    """Listen until the parent has heard enough."""
    loop = asyncio.get_running_loop()
    listeners = [
        connect(options.url, f'c{number}', deflate=options.deflate)
        for number in range(options.count)
    ]
    for listener in listeners:
        loop.add_reader(listener.socket, _hear, listener)
    # Held on to: nothing else holds a connection that is not read.
    _deaf = connect(options.url, 'deaf', deaf=True) if options.deaf else None
    answer(ready=True)
    while await asyncio.to_thread(sys.stdin.readline):
        if any(listener.is_lost for listener in listeners):
            raise RuntimeError('a listener was put out')
        answer(arrived=[listener.take() for listener in listeners])


def _hear(listener: Listener) -> None:
    listener.hear()
    if listener.is_lost:
        asyncio.get_running_loop().remove_reader(listener.socket)


def main() -> None:
    """Listen as the command line says."""
    parser = argparse.ArgumentParser()
    parser.add_argument('url')
    parser.add_argument('count', type=int)
    parser.add_argument('--deflate', action='store_true', help='offer compression')
    parser.add_argument('--deaf', action='store_true', help='one more that does not read')
    asyncio.run(run(parser.parse_args()))


if __name__ == '__main__':
    main()
