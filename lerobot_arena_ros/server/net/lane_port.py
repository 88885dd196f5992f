# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.


"""
The UDP port of the fast lanes of a server.

Its sockets are opened at the start, so that a port in use is reported there. What reads them is
made with the first request for a lane, because it imports pyOpenSSL, which takes 0.1 s and memory.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
import contextlib
import socket
from typing import TYPE_CHECKING

from ...arena.lane import availability

if TYPE_CHECKING:
    from .udp_listener import UdpListener

__all__ = ['LanePort', 'open_udp']

RECEIVE_BUFFER_OCTETS = 262_144
"""Enough for a burst of some hundred datagrams; a flood does not make the others wait long."""


class LanePort:
    """
    Open UDP sockets, and their listener.

    :param sockets: from :func:`open_udp`; closed by :meth:`aclose`.
    """

    def __init__(self, sockets: Sequence[socket.socket]) -> None:
        self._sockets = sockets
        self._making = asyncio.Lock()
        self._listener: UdpListener | None = None

    @property
    def number(self) -> int:
        """The number of the port."""
        return int(self._sockets[0].getsockname()[1])

    @property
    def listener(self) -> UdpListener | None:
        """The listener; None before the first request."""
        return self._listener

    async def opener(self) -> UdpListener:
        """
        Return the listener; make it first if there is none.

        :raises LaneError: pyOpenSSL does not work.
        """
        async with self._making:
            if self._listener is None:
                await asyncio.to_thread(availability.check)
                from ...arena.lane.certificate import Certificate
                from .udp_listener import UdpListener

                listener = UdpListener(Certificate.make())
                listener.open(self._sockets)
                self._listener = listener
        return self._listener

    async def aclose(self) -> None:
        """Close all lanes and the sockets."""
        if self._listener is not None:
            await self._listener.aclose()
        for each in self._sockets:
            each.close()


def open_udp(addresses: list[tuple[str, int]]) -> list[socket.socket]:
    """
    Open a UDP socket on each address.

    :param addresses: IP addresses and ports.
    :raises OSError: a port is in use or not permitted; no socket stays open.
    """
    opened: list[socket.socket] = []
    try:
        for host, port in addresses:
            family = socket.AF_INET6 if ':' in host else socket.AF_INET
            opened.append(socket.socket(family, socket.SOCK_DGRAM))
            opened[-1].setblocking(False)
            with contextlib.suppress(OSError):
                opened[-1].setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER_OCTETS)
            if family == socket.AF_INET6:
                opened[-1].setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            opened[-1].bind((host, port))
    except OSError:
        for each in opened:
            each.close()
        raise
    return opened
