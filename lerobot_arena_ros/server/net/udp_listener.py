# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""
Accepts the lanes of participants on UDP ports: DTLS 1.2, only from expected certificates.

A participant sends the fingerprint of its certificate over the WebSocket, so only a client that
has joined can open a lane, and only once for each fingerprint.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass
import socket

from ...arena.lane.certificate import Certificate
from ...arena.lane.channel import Channel
from ...arena.lane.dtls import DtlsServer
from .udp_handshakes import Handshakes, UdpCounters
from .udp_port import UdpPort

__all__ = ['UdpListener']


@dataclass(frozen=True)
class _Expected:
    on_open: Callable[[Channel], None]
    timer: asyncio.TimerHandle


class UdpListener:
    """
    The UDP ports of one server.

    :ivar counters: what happened to datagrams and handshakes.
    """

    def __init__(self, certificate: Certificate) -> None:
        self.counters = UdpCounters()
        self._certificate = certificate
        self._expected: dict[str, _Expected] = {}
        self._ports: list[UdpPort] = []
        self._handshakes = Handshakes(
            DtlsServer(certificate, self._accept),
            is_expecting=lambda: bool(self._expected),
            take=self._take,
            counters=self.counters,
        )

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the certificate of this server, lower-case hexadecimal."""
        return self._certificate.fingerprint

    @property
    def counts(self) -> Mapping[str, int]:
        """The counters, by name."""
        return asdict(self.counters)

    @property
    def addresses(self) -> list[tuple[str, int]]:
        """The address and port of each socket."""
        return [port.address for port in self._ports]

    @property
    def channels(self) -> int:
        """The number of open channels."""
        return sum(port.channels for port in self._ports)

    def open(self, sockets: Iterable[socket.socket]) -> None:
        """
        Read bound UDP sockets.

        :param sockets: not blocking; :meth:`aclose` closes them.
        """
        self._ports.extend(UdpPort(sock, self._handshakes) for sock in sockets)

    def expect(
        self, fingerprint: str, on_open: Callable[[Channel], None], timeout_s: float
    ) -> None:
        """
        Let the client with this certificate open one channel.

        :param fingerprint: SHA-256 of its certificate, lower-case hexadecimal.
        :param on_open: called once with the open channel.
        :param timeout_s: how long the client is expected, in seconds.
        """
        self.forget(fingerprint)
        loop = asyncio.get_running_loop()
        timer = loop.call_later(timeout_s, self.forget, fingerprint)
        self._expected[fingerprint] = _Expected(on_open, timer)

    def forget(self, fingerprint: str) -> None:
        """Stop expecting a client; a channel that is open stays open."""
        expected = self._expected.pop(fingerprint, None)
        if expected is not None:
            expected.timer.cancel()

    async def aclose(self) -> None:
        """Notify the clients, end the channels, and close the sockets."""
        for fingerprint in list(self._expected):
            self.forget(fingerprint)
        while self._ports:
            self._ports.pop().close('the server shuts down')

    def _accept(self, fingerprint: str) -> bool:
        if fingerprint in self._expected:
            return True
        self.counters.refused += 1
        return False

    def _take(self, fingerprint: str) -> Callable[[Channel], None] | None:
        expected = self._expected.get(fingerprint)
        self.forget(fingerprint)
        if expected is None:
            self.counters.refused += 1
            return None
        return expected.on_open
