# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.


"""A path with faults for the lanes of bridges, with its event loop in a thread."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
import itertools

from .loop_thread import LoopThread
from .server import running_server
from .udp_proxy import Fate, UdpProxy

__all__ = ['Path']


class Path:
    """The path of the datagrams between a bridge and its server."""

    def __init__(self) -> None:
        self._thread = LoopThread('udp proxy')
        self._proxy = self._thread.run(self._open())

    @contextmanager
    def arena(self) -> Iterator[str]:
        """Serve an arena whose lanes take this path."""
        with running_server(lanes=True, told_port=self._proxy.port) as url:
            self._proxy.target = int(url.rpartition(':')[2])
            yield url

    def block(self) -> None:
        """Lose all datagrams from now on, in both directions."""
        self._proxy.to_server = self._proxy.to_client = lambda _datagram: ()

    def disturb(self, fate: Fate) -> None:
        """Do this to each datagram from now on, in both directions."""
        self._proxy.to_server = self._proxy.to_client = fate

    def lose_each_third(self) -> None:
        """Lose each third datagram of the bridge from now on."""
        count = itertools.count()
        self._proxy.to_server = lambda _datagram: (0.0,) if next(count) % 3 else ()

    def unblock(self) -> None:
        """Lose none from now on."""
        self._proxy.to_server = self._proxy.to_client = lambda _datagram: (0.0,)

    def close(self) -> None:
        """Close the sockets and end the thread."""
        self._thread.run(self._close())
        self._thread.close()

    async def _open(self) -> UdpProxy:
        proxy = UdpProxy()
        await proxy.open()
        return proxy

    async def _close(self) -> None:
        self._proxy.close()
