"""The network between a client and an arena, which may go silent or break."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from urllib.parse import urlsplit

__all__ = ['Wire', 'wire_to']

HOST = '127.0.0.1'
CHUNK_BYTES = 65536


class Wire:
    """
    A relay that passes TCP connections on to an arena.

    :param url: where the arena is for those who go through the wire.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self._flows = asyncio.Event()
        self._flows.set()
        self._connections: dict[asyncio.Task[None], list[asyncio.StreamWriter]] = {}

    def freeze(self) -> None:
        """Let nothing through any more; connections stay open, as when a cable is pulled."""
        self._flows.clear()

    def thaw(self) -> None:
        """Let everything through again, also what was held up."""
        self._flows.set()

    def cut(self) -> None:
        """Reset all connections."""
        for writers in self._connections.values():
            for writer in writers:
                writer.transport.abort()

    async def close(self) -> None:
        """Reset all connections and wait until they are gone."""
        self.thaw()
        self.cut()
        if self._connections:
            await asyncio.wait(tuple(self._connections))

    async def relay(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, host: str, port: int
    ) -> None:
        """Serve one connection."""
        task = asyncio.current_task()
        assert task is not None
        writers = self._connections[task] = [writer]
        try:
            there_reader, there_writer = await asyncio.open_connection(host, port)
            writers.append(there_writer)
            await asyncio.gather(
                self._pump(reader, there_writer), self._pump(there_reader, writer)
            )
        except OSError:
            pass
        finally:
            for each in writers:
                each.transport.abort()
                with suppress(OSError):
                    await each.wait_closed()
            del self._connections[task]

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while data := await reader.read(CHUNK_BYTES):
                await self._flows.wait()
                writer.write(data)
                await writer.drain()
            await self._flows.wait()
            writer.write_eof()


@asynccontextmanager
async def wire_to(url: str) -> AsyncIterator[Wire]:
    """Lay a wire to an arena, in the loop of the test."""
    target = urlsplit(url)
    assert target.hostname is not None
    host, port = target.hostname, target.port or 80
    wire: Wire

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await wire.relay(reader, writer, host, port)

    server = await asyncio.start_server(serve, HOST, 0)
    wire = Wire(f'http://{HOST}:{server.sockets[0].getsockname()[1]}{target.path}')
    try:
        yield wire
    finally:
        server.close()
        await wire.close()
        await server.wait_closed()
