"""A fault proxy with an event loop and a thread of its own, for tests that block."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
import threading
from typing import Any
from urllib.parse import urlsplit

from .fault_proxy import FaultProxy

__all__ = ['FaultProxyThread', 'running_fault_proxy']

TIMEOUT_S = 10.0


class FaultProxyThread:
    """A :class:`FaultProxy` in a thread of its own; made by :func:`running_fault_proxy`."""

    def __init__(self, proxy: FaultProxy, loop: asyncio.AbstractEventLoop) -> None:
        self._proxy = proxy
        self._loop = loop

    @property
    def url(self) -> str:
        """Where to connect to; the same after each opening."""
        return self._proxy.url

    def open(self) -> None:
        """Take connections, and pass on what comes."""
        self._run(self._proxy.open())

    def cut(self) -> None:
        """Drop every connection and refuse new ones."""
        self.act(FaultProxy.refuse)
        self.act(FaultProxy.cut)

    def act(self, change: Callable[[FaultProxy], object]) -> None:
        """Do something to the proxy, such as to freeze it."""

        async def acted() -> None:
            change(self._proxy)

        self._run(acted())

    def close(self) -> None:
        """Be gone."""
        self._run(self._proxy.close())

    def _run(self, work: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(TIMEOUT_S)


@contextmanager
def running_fault_proxy(target_url: str) -> Iterator[FaultProxyThread]:
    """Have an open proxy before a server."""
    target = urlsplit(target_url)
    assert target.hostname is not None
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name='proxy')
    thread.start()
    try:
        proxy = FaultProxyThread(FaultProxy(target.hostname, target.port or 80), loop)
        proxy.open()
        try:
            yield proxy
        finally:
            proxy.close()
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join(TIMEOUT_S)
        loop.close()
