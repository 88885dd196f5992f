"""A fault proxy for tests that block, with an event loop in a thread."""

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
        """The URL of the proxy; it never changes."""
        return self._proxy.url

    def open(self) -> None:
        """Accept and forward connections."""
        self._run(self._proxy.open())

    def cut(self) -> None:
        """Reset all connections and refuse new ones."""
        self.act(FaultProxy.refuse)
        self.act(FaultProxy.cut)

    def act(self, change: Callable[[FaultProxy], object]) -> None:
        """Call a function with the proxy in the thread of the proxy."""

        async def acted() -> None:
            change(self._proxy)

        self._run(acted())

    def close(self) -> None:
        """Close the proxy."""
        self._run(self._proxy.close())

    def _run(self, work: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(TIMEOUT_S)


@contextmanager
def running_fault_proxy(target_url: str) -> Iterator[FaultProxyThread]:
    """Run an open proxy for a server."""
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
