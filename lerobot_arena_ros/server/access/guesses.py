# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""Delays the requests of an address that sends wrong tokens. No I/O."""

from __future__ import annotations

from .addresses import client_of

__all__ = ['DELAY_S', 'FREE_ATTEMPTS', 'Guesses']

FREE_ATTEMPTS = 10
"""Wrong tokens of one address without a delay, because a person may mistype."""

DELAY_S = 1.0
"""
The delay of each further token, right or wrong, in seconds.

A right token is delayed too. Otherwise a client would know without waiting that its token was
wrong, and could send the next guess at once. The limit of connections per address bounds the
number of concurrent guesses.
"""

FORGET_S = 60.0
"""An address without a wrong token for this many seconds has its free attempts again."""

MAX_ADDRESSES = 10_000
"""Addresses that are stored; the one whose last wrong token is the oldest is dropped first."""


class Guesses:
    """Counts the wrong tokens of each address."""

    def __init__(self) -> None:
        self._seen: dict[str, tuple[int, float]] = {}

    def delay_s(self, address: str, now_s: float) -> float:
        """
        Return how many seconds to wait before checking a token of an address.

        :param now_s: the current time of a monotonic clock.
        """
        count, seen_s = self._seen.get(client_of(address), (0, now_s))
        return DELAY_S if count >= FREE_ATTEMPTS and now_s - seen_s <= FORGET_S else 0.0

    def count(self, address: str, now_s: float) -> None:
        """Count a wrong token of an address."""
        client = client_of(address)
        count, seen_s = self._seen.pop(client, (0, now_s))
        count = 1 if now_s - seen_s > FORGET_S else count + 1
        if len(self._seen) >= MAX_ADDRESSES:
            del self._seen[next(iter(self._seen))]
        self._seen[client] = (count, now_s)
