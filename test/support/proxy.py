"""A TCP proxy between a bridge and its arena, that can be cut and opened again."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager, suppress
import threading
from typing import Any
from urllib.parse import urlsplit

__all__ = ['Proxy', 'running_proxy']

TIMEOUT_S = 10.0
CHUNK_BYTES = 65536


class Proxy:
    """Passes bytes between 127.0.0.1 and a server, while it is open."""

    def __init__(self, target_url: str) -> None:
        self._target = urlsplit(target_url)
        self._loop = asyncio.new_event_loop()
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()
        self._thread = threading.Thread(target=self._loop.run_forever, name='proxy')
        self._port = 0

    @property
    def url(self) -> str:
        """Where to connect to; the same after each opening."""
        return f'http://127.0.0.1:{self._port}'

    def open(self) -> None:
        """Listen, and pass what comes."""
        self._run(self._open())

    def cut(self) -> None:
        """Drop every connection and refuse new ones."""
        self._run(self._cut())

    def _run(self, work: Any) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(TIMEOUT_S)

    async def _open(self) -> None:
        self._server = await asyncio.start_server(self._serve, '127.0.0.1', self._port)
        self._port = self._server.sockets[0].getsockname()[1]

    async def _cut(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None
        writers, self._writers = self._writers, set()
        for writer in writers:
            writer.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        try:
            there, back = await asyncio.open_connection(self._target.hostname, self._target.port)
        except OSError:
            writer.transport.abort()
            return
        self._writers.add(back)
        await asyncio.gather(self._pass(reader, back), self._pass(there, writer))

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while data := await reader.read(CHUNK_BYTES):
                writer.write(data)
                await writer.drain()
        writer.transport.abort()
        self._writers.discard(writer)


@contextmanager
def running_proxy(target_url: str) -> Iterator[Proxy]:
    """Have an open proxy before a server."""
    proxy = Proxy(target_url)
    proxy._thread.start()
    try:
        proxy.open()
        yield proxy
    finally:
        proxy.cut()
        proxy._run(_settle())
        proxy._loop.call_soon_threadsafe(proxy._loop.stop)
        proxy._thread.join(TIMEOUT_S)
        proxy._loop.close()


async def _settle() -> None:
    """Let the connections that were cut come to their end."""
    others = asyncio.all_tasks() - {asyncio.current_task()}
    if others:
        await asyncio.wait(others)
