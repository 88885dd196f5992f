# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""
The limits of the handshakes of lanes, and the counters; the UDP ports of one listener share them.

They limit what strangers can use up: the CPU with first messages and with handshakes, and the
memory with handshakes that they do not finish.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
import time

from ...arena.lane.dtls import DtlsServer
from ...arena.lane.dtls_channel import DtlsChannel
from .rate_limiter import RateLimiter, Verdict

__all__ = ['MAX_HANDSHAKES', 'MAX_HANDSHAKES_PER_HOST', 'Handshakes', 'UdpCounters']

MAX_HANDSHAKES = 32
"""Unfinished handshakes of all addresses; OpenSSL keeps up to about 1 MB for each."""

MAX_HANDSHAKES_PER_HOST = 8
HELLOS_HZ = 200.0
"""First messages per second that are handled on average, because each takes 0.04 ms of the CPU."""

HANDSHAKES_HZ = 50.0
"""Handshakes per second that are started on average; the client of another one tries again."""


@dataclass
class UdpCounters:
    """
    What happened to datagrams and handshakes since the listener was opened.

    :ivar received: datagrams from the network.
    :ivar sent: datagrams that the kernel accepted.
    :ivar unsent: datagrams that the kernel did not accept.
    :ivar unknown: datagrams dropped because their address has no session.
    :ivar invalid: datagrams dropped because they are no DTLS, or too long.
    :ivar unexpected: first messages of clients dropped while no client was expected.
    :ivar greeted: first messages of clients that were answered with a cookie.
    :ivar full: first messages and handshakes dropped because there were too many.
    :ivar failed: handshakes that failed or took too long.
    :ivar refused: handshakes with a certificate that is not expected.
    :ivar opened: channels that were opened.
    """

    received: int = 0
    sent: int = 0
    unsent: int = 0
    unknown: int = 0
    invalid: int = 0
    unexpected: int = 0
    greeted: int = 0
    full: int = 0
    failed: int = 0
    refused: int = 0
    opened: int = 0


@dataclass
class Handshakes:
    """
    What the ports of one listener share.

    :ivar dtls: answers first messages.
    :ivar is_expecting: whether a client is expected.
    :ivar take: returns what to call with the channel of a certificate, and stops expecting it;
        None if it is not expected.
    :ivar hosts: the number of unfinished handshakes of each IP address.
    :ivar hellos: the rate limiter of first messages.
    :ivar rate: the rate limiter of handshakes.
    """

    dtls: DtlsServer
    is_expecting: Callable[[], bool]
    take: Callable[[str], Callable[[DtlsChannel], None] | None]
    counters: UdpCounters
    hosts: dict[str, int] = field(default_factory=dict)
    hellos: RateLimiter = field(default_factory=lambda: RateLimiter(HELLOS_HZ, time.monotonic()))
    rate: RateLimiter = field(default_factory=lambda: RateLimiter(HANDSHAKES_HZ, time.monotonic()))

    def may_greet(self) -> bool:
        """Return whether one more first message may be handled now."""
        return self.hellos.check(time.monotonic()) is Verdict.PASS

    def has_room(self, host: str) -> bool:
        """Return whether one more handshake of this IP address may start now."""
        is_full = sum(self.hosts.values()) >= MAX_HANDSHAKES
        if is_full or self.hosts.get(host, 0) >= MAX_HANDSHAKES_PER_HOST:
            return False
        return self.rate.check(time.monotonic()) is Verdict.PASS

    def add(self, host: str, change: int) -> None:
        """Count a handshake that starts (1) or ends (-1)."""
        count = self.hosts.get(host, 0) + change
        if count:
            self.hosts[host] = count
        else:
            self.hosts.pop(host, None)
