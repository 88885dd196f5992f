# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.


"""A UDP proxy on 127.0.0.1 whose datagrams a test loses, delays, repeats and reorders."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

__all__ = ['Fate', 'UdpProxy', 'running_udp_proxy']

HOST = '127.0.0.1'
Fate = Callable[[bytes], tuple[float, ...]]
"""When a datagram arrives, in seconds from now: once, several times, or never."""


def pass_all(_datagram: bytes) -> tuple[float, ...]:
    """Pass each datagram at once."""
    return (0.0,)


class _Side(asyncio.DatagramProtocol):
    """One socket of the proxy."""

    transport: asyncio.DatagramTransport

    def __init__(self, on_datagram: Callable[[bytes, Any], None]) -> None:
        self._on_datagram = on_datagram

    def connection_made(self, transport: Any) -> None:
        """Keep the transport."""
        self.transport = transport

    def datagram_received(self, data: bytes, addr: Any) -> None:
        """Pass on what arrived."""
        self._on_datagram(data, addr)


class UdpProxy:
    """
    A proxy of one server.

    :ivar port: where it listens.
    :ivar target: the port of the server on 127.0.0.1.
    :ivar to_server: the fate of the datagrams of clients.
    :ivar to_client: the fate of the datagrams of the server.
    :ivar seen: the datagrams of clients that have come so far.
    """

    def __init__(self) -> None:
        self.port = 0
        self.target = 0
        self.to_server: Fate = pass_all
        self.to_client: Fate = pass_all
        self.seen: list[bytes] = []
        self._front = _Side(self._from_client)
        self._backs: dict[Any, asyncio.Task[_Side]] = {}
        self._loop = asyncio.get_running_loop()

    async def open(self) -> None:
        """Listen on a free port."""
        transport, _ = await self._loop.create_datagram_endpoint(
            lambda: self._front, local_addr=(HOST, 0)
        )
        self.port = transport.get_extra_info('sockname')[1]

    def close(self) -> None:
        """Close all sockets."""
        self._front.transport.close()
        for task in self._backs.values():
            if task.done():
                task.result().transport.close()
            else:
                task.cancel()

    def _from_client(self, data: bytes, address: Any) -> None:
        self.seen.append(data)
        if address not in self._backs:
            self._backs[address] = asyncio.ensure_future(self._connect(address))
        for delay_s in self.to_server(data):
            self._loop.call_later(delay_s, self._forward, data, address)

    def _forward(self, data: bytes, address: Any) -> None:
        self._backs[address].add_done_callback(lambda task: task.result().transport.sendto(data))

    async def _connect(self, address: Any) -> _Side:
        def from_server(data: bytes, _server: Any) -> None:
            for delay_s in self.to_client(data):
                self._loop.call_later(delay_s, self._front.transport.sendto, data, address)

        _, side = await self._loop.create_datagram_endpoint(
            lambda: _Side(from_server), remote_addr=(HOST, self.target)
        )
        return side


@asynccontextmanager
async def running_udp_proxy() -> AsyncIterator[UdpProxy]:
    """Run a proxy; set its target before it is used."""
    proxy = UdpProxy()
    await proxy.open()
    try:
        yield proxy
    finally:
        proxy.close()
