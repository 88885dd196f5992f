# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""The rate limiter of new connections per client, used when the waiting places are taken."""

from __future__ import annotations

__all__ = ['BURST', 'RATE_HZ', 'Arrivals']

BURST = 50
"""
Connections that one client may open at once.

Allows 50 robots behind one address to reconnect at the same time after a server restart.
"""

RATE_HZ = 5.0
"""
Further connections per second of one client; authorized connections are not counted.

Serving a connection takes up to 1 ms, or 2 ms with TLS; refusing it takes about 20 us. So 50
addresses that open connections as fast as they can use at most half a core.
"""

MAX_CLIENTS = 10_000
"""Clients that are stored; the one whose last connection is the oldest is dropped first."""


class Arrivals:
    """A token bucket for each client."""

    def __init__(self) -> None:
        self._left: dict[str, tuple[float, float]] = {}

    def take(self, client: str, now_s: float) -> bool:
        """
        Count a new connection of a client; return whether it is within the rate.

        :param now_s: the current time of a monotonic clock.
        """
        left, seen_s = self._left.pop(client, (float(BURST), now_s))
        left = min(float(BURST), left + (now_s - seen_s) * RATE_HZ)
        is_within = left >= 1.0
        if len(self._left) >= MAX_CLIENTS:
            del self._left[next(iter(self._left))]
        self._left[client] = (left - is_within, now_s)
        return is_within

    def give_back(self, client: str) -> None:
        """Return the token of a connection that turned out to be authorized."""
        if client in self._left:
            left, seen_s = self._left[client]
            self._left[client] = (left + 1.0, seen_s)
