"""A wire between a bridge and its arena, which a test that blocks can handle."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

from .loop_thread import LoopThread
from .wire import Wire

__all__ = ['Proxy', 'running_proxy']


class Proxy:
    """A :class:`Wire` in a thread of its own; made by :func:`running_proxy`."""

    def __init__(self, wire: Wire, thread: LoopThread) -> None:
        self._wire = wire
        self._thread = thread

    @property
    def url(self) -> str:
        """Where to connect to; the same after each opening."""
        return self._wire.url

    def open(self) -> None:
        """Take connections, and pass on what comes."""
        self._thread.run(self._wire.open())

    def cut(self) -> None:
        """Drop every connection and refuse new ones."""
        self.act(Wire.refuse)
        self.act(Wire.cut)

    def act(self, change: Callable[[Wire], object]) -> None:
        """Do something to the wire, such as to freeze it."""

        async def acted() -> None:
            change(self._wire)

        self._thread.run(acted())

    def close(self) -> None:
        """Be gone."""
        self._thread.run(self._wire.close())


@contextmanager
def running_proxy(target_url: str) -> Iterator[Proxy]:
    """Have an open proxy before a server."""
    target = urlsplit(target_url)
    assert target.hostname is not None
    thread = LoopThread('proxy')
    try:
        proxy = Proxy(Wire(target.hostname, target.port or 80), thread)
        proxy.open()
        try:
            yield proxy
        finally:
            proxy.close()
    finally:
        thread.close()
