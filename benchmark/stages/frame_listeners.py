"""
Many consumers of one room, and what each heard when.

They keep each frame with its time, and read it later: fifty clients of a library
in one process would measure that library.
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

from .orders import answer, number_of

_HANDSHAKE = (
    'GET {path} HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n'
    'Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n{offer}\r\n'
)
_OFFER = 'Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n'
_DEAF_BUFFER_BYTES = 4096


class Listener(asyncio.Protocol):
    """One consumer; it answers pings, for servers put out who does not."""

    def __init__(self, url: str, name: str, *, deflate: bool) -> None:
        self._url = urlsplit(url)
        self._name = name
        self._offer = _OFFER if deflate else ''
        self._buffer = bytearray()
        self._came: list[tuple[float, int, bytes]] = []
        self._inflate = zlib.decompressobj(wbits=-zlib.MAX_WBITS)
        self._is_open = False
        self.is_lost = False
        self.transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask for a WebSocket."""
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        key = base64.b64encode(os.urandom(16)).decode()
        host, path = self._url.netloc, self._url.path
        request = _HANDSHAKE.format(path=path, host=host, key=key, offer=self._offer)
        transport.write(request.encode())

    def connection_lost(self, exc: Exception | None) -> None:
        """Note that the server, or the parent, has had enough."""
        self.is_lost = True

    def data_received(self, data: bytes) -> None:
        """Note what came."""
        at = time.monotonic()
        self._buffer += data
        if self._is_open:
            self._cut(at)
            return
        head, separator, rest = bytes(self._buffer).partition(b'\r\n\r\n')
        if separator:
            if b' 101 ' not in head:
                raise RuntimeError(f'no WebSocket: {head!r}')
            self._is_open = True
            self._buffer[:] = rest
            self._join()
            self._cut(at)

    def take(self) -> list[tuple[int, float]]:
        """Read what came: numbers and times."""
        came, self._came = self._came, []
        found = []
        for at, first, payload in came:
            if first & 0x40:  # Compressed, with what came before it.
                payload = self._inflate.decompress(payload + b'\x00\x00\xff\xff')
            message = json.loads(payload)
            if message['type'] == 'joint_update':
                found.append((number_of(message['data'][0]['value']), at))
        return found

    def _join(self) -> None:
        join = {'participant_id': self._name, 'role': 'consumer'}
        self._send(0x81, json.dumps(join).encode())

    def _send(self, first: int, payload: bytes) -> None:
        mask = bytes(4)  # A mask of zeroes leaves the payload as it is.
        assert self.transport is not None
        self.transport.write(struct.pack('!BB', first, 0x80 | len(payload)) + mask + payload)

    def _cut(self, at: float) -> None:
        """Cut whole frames off the buffer; keep texts for later, answer pings."""
        while (frame := _frame(self._buffer)) is not None:
            first, begin, end = frame
            payload = bytes(self._buffer[begin:end])
            del self._buffer[:end]
            if first & 0x0F == 1:
                self._came.append((at, first, payload))
            elif first & 0x0F == 9:
                self._send(0x8A, payload)


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


async def connect(url: str, name: str, *, deflate: bool, deaf: bool = False) -> Listener:
    """
    Join the room.

    :param deaf: never read what comes once the room was joined.
    """
    listener = Listener(url, name, deflate=deflate)
    opened = socket.socket()
    if deaf:
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _DEAF_BUFFER_BYTES)
    parts = urlsplit(url)
    opened.connect((parts.hostname, parts.port))
    opened.setblocking(False)
    loop = asyncio.get_running_loop()
    await loop.create_connection(lambda: listener, sock=opened)
    if deaf:
        await asyncio.sleep(0.3)
        assert listener.transport is not None
        listener.transport.pause_reading()
    return listener


async def run(options: argparse.Namespace) -> None:
    """Listen until the parent has heard enough."""
    listeners = [
        await connect(options.url, f'c{number}', deflate=options.deflate)
        for number in range(options.count)
    ]
    # Held on to: nothing else holds a connection that is not read.
    deaf = await connect(options.url, 'deaf', deflate=False, deaf=True) if options.deaf else None
    answer(ready=True)
    while await asyncio.to_thread(sys.stdin.readline):
        if any(listener.is_lost for listener in listeners):
            raise RuntimeError('a listener was put out')
        answer(
            arrived=[listener.take() for listener in listeners],
            deaf_was_put_out=deaf is not None and deaf.is_lost,
        )


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
