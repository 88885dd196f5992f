# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""The rate limiter of new connections per client."""

from __future__ import annotations

from lerobot_arena_ros.server.access.arrivals import BURST, MAX_CLIENTS, RATE_HZ, Arrivals


def test_a_burst_passes_and_then_the_rate() -> None:
    """In a minute, the burst and a minute of the rate pass."""
    arrivals = Arrivals()
    taken = sum(arrivals.take('a', number / 100) for number in range(6000))

    assert BURST + 59 * RATE_HZ <= taken <= BURST + 60 * RATE_HZ
    assert arrivals.take('b', 60.0)


def test_the_memory_is_bounded() -> None:
    """The client whose last connection is the oldest is dropped first."""
    arrivals = Arrivals()
    for _ in range(BURST):
        assert arrivals.take('flooder', 0.0)
    for number in range(2 * MAX_CLIENTS):
        assert arrivals.take(f'client {number}', 0.0)
        assert not arrivals.take('flooder', 0.0)


def test_authorized_connections_are_not_counted() -> None:
    """A client may open any number of authorized connections."""
    arrivals = Arrivals()
    for _ in range(10 * BURST):
        assert arrivals.take('a', 0.0)
        arrivals.give_back('a')
    arrivals.give_back('unknown')

    taken = sum(arrivals.take('a', 0.0) for _ in range(10 * BURST))
    assert taken == BURST
