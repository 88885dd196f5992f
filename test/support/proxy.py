"""A wire between a bridge and its arena, which a test that blocks can handle."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
import threading
from typing import Any
from urllib.parse import urlsplit

from .wire import Wire

__all__ = ['Proxy', 'running_proxy']

TIMEOUT_S = 10.0


class Proxy:
    """A :class:`Wire` in a thread of its own; made by :func:`running_proxy`."""

    def __init__(self, wire: Wire, loop: asyncio.AbstractEventLoop) -> None:
        self._wire = wire
        self._loop = loop

    @property
    def url(self) -> str:
        """Where to connect to; the same after each opening."""
        return self._wire.url

    def open(self) -> None:
        """Take connections, and pass on what comes."""
        self._run(self._wire.open())

    def cut(self) -> None:
        """Drop every connection and refuse new ones."""
        self.act(Wire.refuse)
        self.act(Wire.cut)

    def act(self, change: Callable[[Wire], object]) -> None:
        """Do something to the wire, such as to freeze it."""

        async def acted() -> None:
            change(self._wire)

        self._run(acted())

    def close(self) -> None:
        """Be gone."""
        self._run(self._wire.close())

    def _run(self, work: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(TIMEOUT_S)


@contextmanager
def running_proxy(target_url: str) -> Iterator[Proxy]:
    """Have an open proxy before a server."""
    target = urlsplit(target_url)
    assert target.hostname is not None
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name='proxy')
    thread.start()
    try:
        proxy = Proxy(Wire(target.hostname, target.port or 80), loop)
        proxy.open()
        try:
            yield proxy
        finally:
            proxy.close()
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join(TIMEOUT_S)
        loop.close()
