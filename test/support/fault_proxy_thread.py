# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""A fault proxy for tests that block, with an event loop in a thread."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

from .fault_proxy import FaultProxy
from .loop_thread import LoopThread

__all__ = ['FaultProxyThread', 'running_fault_proxy']


class FaultProxyThread:
    """A :class:`FaultProxy` in a thread of its own; made by :func:`running_fault_proxy`."""

    def __init__(self, proxy: FaultProxy, thread: LoopThread) -> None:
        self._proxy = proxy
        self._thread = thread

    @property
    def url(self) -> str:
        """The URL of the proxy; it never changes."""
        return self._proxy.url

    def open(self) -> None:
        """Accept and forward connections."""
        self._thread.run(self._proxy.open())

    def cut(self) -> None:
        """Reset all connections and refuse new ones."""
        self.act(FaultProxy.refuse)
        self.act(FaultProxy.cut)

    def act(self, change: Callable[[FaultProxy], object]) -> None:
        """Call a function with the proxy in the thread of the proxy."""

        async def acted() -> None:
            change(self._proxy)

        self._thread.run(acted())

    def close(self) -> None:
        """Close the proxy."""
        self._thread.run(self._proxy.close())


@contextmanager
def running_fault_proxy(target_url: str) -> Iterator[FaultProxyThread]:
    """Run an open proxy for a server."""
    target = urlsplit(target_url)
    assert target.hostname is not None
    thread = LoopThread('proxy')
    try:
        proxy = FaultProxyThread(FaultProxy(target.hostname, target.port or 80), thread)
        proxy.open()
        try:
            yield proxy
        finally:
            proxy.close()
    finally:
        thread.close()
