# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""A TCP proxy between a client and an arena, which simulates the faults of a network."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
import math
from urllib.parse import urlsplit

from .frames import FrameSplitter
from .waiting import until

__all__ = ['Direction', 'FaultProxy', 'fault_proxy_to']

HOST = '127.0.0.1'
CHUNK_BYTES = 65536
MOST_IN_FLIGHT = 64


class Direction:
    """
    One direction of a proxy and its faults, which may change at any time.

    :ivar delay_s: the delay of everything.
    :ivar bytes_per_s: the highest rate at which the sender's bytes are read.
    :ivar change: called with each WebSocket frame; returns the frames to forward now, so it may
        drop, delay, repeat or forge frames. None = forward all bytes unchanged.
    """

    def __init__(self) -> None:
        self.delay_s = 0.0
        self.bytes_per_s = math.inf
        self.change: Callable[[bytes], list[bytes]] | None = None
        self._flows = asyncio.Event()
        self._flows.set()

    def freeze(self) -> None:
        """Forward nothing, not even the end of the stream; keep the connections open."""
        self._flows.clear()

    def thaw(self) -> None:
        """Forward everything again, the delayed bytes included."""
        self._flows.set()

    async def pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Forward a stream to its end."""
        loop = asyncio.get_running_loop()
        passing: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue(MOST_IN_FLIGHT)
        deliver = asyncio.create_task(self._deliver(passing, writer), name='fault proxy')
        splitter = FrameSplitter()
        try:
            while data := await reader.read(CHUNK_BYTES):
                await self._flows.wait()  # Unread bytes fill the sender's buffers.
                for piece in splitter.feed(data):
                    changed = self.change and splitter.is_websocket and piece.is_frame
                    pieces = self.change(piece.data) if self.change and changed else [piece.data]
                    for each in pieces:
                        await passing.put((loop.time() + self.delay_s, each))
                await until(loop.time() + len(data) / self.bytes_per_s)
        except OSError:
            pass
        finally:
            try:
                await passing.put((loop.time() + self.delay_s, b''))
                await asyncio.shield(deliver)
            finally:
                deliver.cancel()

    async def _deliver(
        self, passing: asyncio.Queue[tuple[float, bytes]], writer: asyncio.StreamWriter
    ) -> None:
        data = b' '
        while data:
            due, data = await passing.get()
            await until(due)
            await self._flows.wait()
            with suppress(OSError):  # The receiver may be gone; then the rest is dropped.
                if data:
                    writer.write(data)
                    await writer.drain()
                else:
                    writer.write_eof()


class FaultProxy:
    """
    A proxy that forwards TCP connections to an arena.

    :ivar url: the URL of the arena through the proxy.
    :ivar up: the direction from the clients to the arena.
    :ivar down: the direction from the arena to the clients.
    """

    def __init__(self, host: str, port: int, path: str = '') -> None:
        self.url = ''
        self.up = Direction()
        self.down = Direction()
        self._target = (host, port)
        self._path = path
        self._port = 0
        self._server: asyncio.Server | None = None
        self._connections: dict[asyncio.Task[None], list[asyncio.StreamWriter]] = {}

    async def open(self) -> None:
        """Accept connections, always on the same port."""
        self._server = await asyncio.start_server(self._relay, HOST, self._port)
        self._port = self._server.sockets[0].getsockname()[1]
        self.url = f'http://{HOST}:{self._port}{self._path}'

    def refuse(self) -> None:
        """Accept no more connections."""
        if self._server is not None:
            self._server.close()
            self._server = None

    def freeze(self) -> None:
        """Forward nothing and keep the connections open, like an unplugged cable."""
        self.up.freeze()
        self.down.freeze()

    def thaw(self) -> None:
        """Forward everything again, the delayed bytes included."""
        self.up.thaw()
        self.down.thaw()

    def cut(self) -> None:
        """Reset all connections."""
        for writers in self._connections.values():
            for writer in writers:
                writer.transport.abort()

    async def close(self) -> None:
        """Accept no more connections, reset the open ones, and wait for their end."""
        self.refuse()
        self.thaw()
        self.cut()
        if self._connections:
            await asyncio.wait(tuple(self._connections))

    async def _relay(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        writers = self._connections[task] = [writer]
        try:
            there_reader, there_writer = await asyncio.open_connection(*self._target)
            writers.append(there_writer)
            await asyncio.gather(
                self.up.pump(reader, there_writer), self.down.pump(there_reader, writer)
            )
        except OSError:
            pass
        finally:
            for each in writers:
                each.transport.abort()
                with suppress(OSError):
                    await each.wait_closed()
            del self._connections[task]


@asynccontextmanager
async def fault_proxy_to(url: str) -> AsyncIterator[FaultProxy]:
    """Run a proxy for an arena in the event loop of the test."""
    target = urlsplit(url)
    assert target.hostname is not None
    proxy = FaultProxy(target.hostname, target.port or 80, target.path)
    await proxy.open()
    try:
        yield proxy
    finally:
        await proxy.close()
