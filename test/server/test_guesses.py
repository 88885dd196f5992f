# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""The delay for clients that send wrong tokens."""

from __future__ import annotations

import pytest

from lerobot_arena_ros.server.access.addresses import client_of
from lerobot_arena_ros.server.access.guesses import (
    DELAY_S,
    FORGET_S,
    FREE_ATTEMPTS,
    MAX_ADDRESSES,
    Guesses,
)


def guess(guesses: Guesses, address: str, times: int, now_s: float = 0.0) -> None:
    """Count this many wrong tokens of an address."""
    for _ in range(times):
        guesses.count(address, now_s)


def test_the_first_tokens_are_not_delayed() -> None:
    """Each address has its own count, and is delayed only after the free attempts."""
    guesses = Guesses()
    guess(guesses, '10.0.0.1', FREE_ATTEMPTS - 1)
    assert guesses.delay_s('10.0.0.1', 0.0) == 0.0
    guess(guesses, '10.0.0.1', 1)

    assert guesses.delay_s('10.0.0.1', 0.0) == DELAY_S
    assert guesses.delay_s('10.0.0.2', 0.0) == 0.0


def test_after_a_pause_an_address_is_not_delayed() -> None:
    """The free attempts are restored after a pause."""
    guesses = Guesses()
    guess(guesses, '10.0.0.1', FREE_ATTEMPTS)
    assert guesses.delay_s('10.0.0.1', FORGET_S) == DELAY_S
    assert guesses.delay_s('10.0.0.1', FORGET_S + 1.0) == 0.0

    guess(guesses, '10.0.0.1', 1, FORGET_S + 1.0)
    assert guesses.delay_s('10.0.0.1', FORGET_S + 1.0) == 0.0


def test_the_memory_is_bounded() -> None:
    """The address whose last wrong token is the oldest is dropped first."""
    guesses = Guesses()
    guess(guesses, '10.0.0.1', FREE_ATTEMPTS)
    for number in range(MAX_ADDRESSES - 1):
        guess(guesses, f'host{number}', FREE_ATTEMPTS)
        if number % 100 == 0:
            guess(guesses, '10.0.0.1', 1)
    guess(guesses, 'one more', 1)

    assert guesses.delay_s('10.0.0.1', 0.0) == DELAY_S
    assert guesses.delay_s('host0', 0.0) == 0.0


@pytest.mark.parametrize(
    ('address', 'client'),
    [
        ('10.0.0.1', '10.0.0.1'),
        ('::ffff:10.0.0.1', '10.0.0.1'),
        ('2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'),
        ('2001:db8:1:2::1', '2001:db8:1:2::/64'),
        ('fe80::1%eth0', 'fe80::/64'),
        ('::1', '::/64'),
        ('unknown', 'unknown'),
    ],
)
def test_an_ipv6_network_is_one_client(address: str, client: str) -> None:
    """A /64 network is one client, because one customer has all of its addresses."""
    assert client_of(address) == client
