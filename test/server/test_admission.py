# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""Admission control: authorized connections keep their places under any load."""

from __future__ import annotations

from itertools import count

from hypothesis import given, settings, strategies
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
import pytest

from lerobot_arena_ros.server.access.admission import Admission, Entry, waiting_places
from lerobot_arena_ros.server.access.arrivals import BURST, RATE_HZ
from lerobot_arena_ros.server.rooms.limits import Limits

SECONDS = count()
"""A second passes before each arrival, so that no address comes too often."""

LIMITS = Limits(connections=100, per_address=60)
WAITING = waiting_places(LIMITS)


def nothing() -> None:
    """End no real connection."""


def arrive(admission: Admission, address: str) -> Entry:
    """Take a connection in, which must work."""
    entry, _ = admission.arrive(address, nothing, next(SECONDS))
    assert entry is not None
    return entry


def test_a_flood_evicts_its_own_connections() -> None:
    """1000 silent connections of one address evict each other, and no other client."""
    admission = Admission(LIMITS)
    other = arrive(admission, '10.0.0.2')
    ended = [admission.arrive('10.0.0.1', nothing, next(SECONDS))[1] for _ in range(1000)]

    assert sum(victim is not None for victim in ended) == 1000 - (WAITING - 1)
    assert all(victim is None or victim.client == '10.0.0.1' for victim in ended)
    assert admission.waiting == WAITING
    assert admission.promote(other)


def test_a_newcomer_gets_in_while_many_addresses_wait() -> None:
    """A new connection evicts the oldest one of the client with the most connections."""
    admission = Admission(LIMITS)
    first = [arrive(admission, f'10.0.1.{number // 2}') for number in range(WAITING)]

    newcomer, victim = admission.arrive('10.0.2.1', nothing, next(SECONDS))

    assert newcomer is not None
    assert victim is not None
    assert victim in first
    assert victim.client != newcomer.client


def test_an_authorized_connection_is_never_disconnected() -> None:
    """No new connection of any address evicts an authorized connection."""
    admission = Admission(LIMITS)
    entry = arrive(admission, '10.0.0.1')
    assert admission.promote(entry)
    for number in range(1000):
        _, victim = admission.arrive(f'10.0.0.{number % 50}', nothing, next(SECONDS))
        assert victim is not entry
    assert entry.belongs


def test_the_connections_of_one_address_are_limited() -> None:
    """The limit per address counts authorized connections, which are not evicted."""
    admission = Admission(LIMITS)
    for _ in range(LIMITS.per_address):
        assert admission.promote(arrive(admission, '10.0.0.1'))

    assert admission.arrive('10.0.0.1', nothing, next(SECONDS)) == (None, None)
    assert admission.promote(arrive(admission, '10.0.0.2'))


def test_the_authorized_connections_are_limited() -> None:
    """Above the limit, a connection is promoted only after another one has left."""
    admission = Admission(Limits(connections=2, per_address=0))
    entries = [arrive(admission, '10.0.0.1') for _ in range(3)]

    assert [admission.promote(entry) for entry in entries] == [True, True, False]
    assert admission.is_full
    admission.leave(entries[0])
    assert admission.promote(entries[2])


def test_a_connection_that_has_ended_is_not_promoted() -> None:
    """An ended connection cannot be promoted, because its place is free for others."""
    admission = Admission(LIMITS)
    entry = arrive(admission, '10.0.0.1')
    admission.leave(entry)
    admission.leave(entry)

    assert not admission.promote(entry)
    assert (admission.waiting, admission.belonging) == (0, 0)


class Connections(RuleBasedStateMachine):
    """The counts stay right for connections that arrive, belong and leave in any order."""

    def __init__(self) -> None:
        super().__init__()
        self.admission = Admission(Limits(connections=5, per_address=8))
        self.waiting: list[Entry] = []
        self.belonging: list[Entry] = []

    @rule(host=strategies.integers(0, 3))
    def arrive(self, host: int) -> None:
        """Have a connection come; another one may have to go, but none that belongs."""
        entry, victim = self.admission.arrive(f'10.0.0.{host}', nothing, next(SECONDS))
        if victim is not None:
            self.waiting.remove(victim)
        if entry is not None:
            self.waiting.append(entry)

    @precondition(lambda self: self.waiting)
    @rule(data=strategies.data())
    def promote(self, data: strategies.DataObject) -> None:
        """Have a connection show that it belongs."""
        entry = data.draw(strategies.sampled_from(self.waiting))
        assert self.admission.promote(entry) is (len(self.belonging) < 5)
        if entry.belongs:
            self.waiting.remove(entry)
            self.belonging.append(entry)

    @precondition(lambda self: self.waiting or self.belonging)
    @rule(data=strategies.data())
    def leave(self, data: strategies.DataObject) -> None:
        """End a connection."""
        entry = data.draw(strategies.sampled_from(self.waiting + self.belonging))
        self.admission.leave(entry)
        (self.belonging if entry in self.belonging else self.waiting).remove(entry)

    @invariant()
    def counts_are_right(self) -> None:
        """As many wait and belong as are known here, and no more than there may be."""
        assert self.admission.waiting == len(self.waiting) <= 16
        assert self.admission.belonging == len(self.belonging) <= 5
        clients = [entry.client for entry in self.waiting + self.belonging]
        assert all(clients.count(client) <= 8 for client in clients)


def test_the_counts_stay_right_whatever_connections_do() -> None:
    """They come, belong and go in any order."""
    # Hypothesis as apt has it takes half a second for each.
    run_state_machine_as_test(Connections, settings=settings(max_examples=20, deadline=None))


@pytest.mark.parametrize('places', [1, 500, 10_000])
@given(count=strategies.integers(1, 5))
def test_there_are_always_waiting_places(places: int, count: int) -> None:
    """There are always waiting places, because each connection waits first."""
    admission = Admission(Limits(connections=places, per_address=0))
    for _ in range(count):
        arrive(admission, '10.0.0.1')
    assert admission.waiting == count


def test_watchers_leave_places_to_drivers() -> None:
    """Watchers cannot take the places that are reserved for drivers."""
    admission = Admission(Limits(connections=8, per_address=0))
    watchers = [arrive(admission, '10.0.0.1') for _ in range(8)]
    assert [admission.promote(each, may_drive=False) for each in watchers] == [True] * 6 + [
        False
    ] * 2

    drivers = [arrive(admission, '10.0.0.2') for _ in range(3)]
    assert [admission.promote(each) for each in drivers] == [True, True, False]


def test_a_place_is_reserved_for_one_request_only() -> None:
    """After a request, the connection waits again, as the newest of its client."""
    admission = Admission(Limits(connections=1, per_address=0))
    entry = arrive(admission, '10.0.0.1')
    for _ in range(2):
        assert admission.promote(entry)
        assert admission.belonging == 1
        assert admission.demote(entry, next(SECONDS)) is None
        assert (admission.belonging, admission.waiting) == (0, 1)
    assert admission.demote(entry, next(SECONDS)) is None


def test_a_demoted_connection_evicts_the_oldest() -> None:
    """There are never more waiting connections than waiting places."""
    admission = Admission(Limits(connections=1, per_address=0))
    entry = arrive(admission, '10.0.0.1')
    assert admission.promote(entry)
    places = waiting_places(Limits(connections=1))
    others = [arrive(admission, '10.0.0.2') for _ in range(places)]

    assert admission.demote(entry, next(SECONDS)) is others[0]
    assert admission.waiting == places


def test_a_client_above_the_rate_is_refused_while_places_are_scarce() -> None:
    """A client above the rate is refused and evicts no connection of other clients."""
    admission = Admission(LIMITS)
    for number in range(WAITING):
        admission.arrive(f'10.0.1.{number}', nothing, 0.0)
    taken = [admission.arrive('10.0.0.1', nothing, 0.0) for _ in range(2 * BURST)]

    assert [entry is not None for entry, _ in taken] == [True] * BURST + [False] * BURST
    assert {victim for _, victim in taken[BURST:]} == {None}
    assert admission.arrive('10.0.0.2', nothing, 0.0)[0] is not None
    assert admission.arrive('10.0.0.1', nothing, 1.0 / RATE_HZ)[0] is not None


def test_the_rate_is_not_limited_with_free_places_or_behind_a_proxy() -> None:
    """The rate limit is off with free places, and without a limit per address."""
    for limits in (Limits(connections=2000, per_address=0), Limits(connections=2000)):
        admission = Admission(limits)
        for _ in range(200):
            assert admission.arrive('10.0.0.1', nothing, 0.0)[0] is not None

    admission = Admission(Limits(connections=1, per_address=0))
    for _ in range(1000):
        assert admission.arrive('10.0.0.1', nothing, 0.0)[0] is not None


def test_a_client_that_is_about_to_join_stays() -> None:
    """Connections that have just arrived are not evicted before older ones."""
    admission = Admission(LIMITS)
    for number in range(WAITING - 20):
        admission.arrive(f'10.0.{number}.1', nothing, 0.0)
    joining = [admission.arrive('10.1.0.1', nothing, 10.0)[0] for _ in range(20)]
    victims = [admission.arrive(f'10.2.{number}.1', nothing, 10.5)[1] for number in range(20)]

    assert None not in victims
    assert not set(victims) & set(joining)


def test_a_client_that_joins_again_and_again_is_never_refused() -> None:
    """Authorized connections do not count for the rate limit."""
    admission = Admission(LIMITS)
    for number in range(WAITING):
        admission.arrive(f'10.0.1.{number}', nothing, 0.0)
    for _ in range(10 * BURST):
        entry, _ = admission.arrive('10.0.0.1', nothing, 0.0)
        assert entry is not None
        assert admission.promote(entry)
        admission.leave(entry)


def test_a_connection_with_a_request_that_is_served_is_not_ended() -> None:
    """Also if it is the oldest of a client that has as many connections as it may."""
    for limits in (Limits(connections=100, per_address=3), Limits(connections=1, per_address=0)):
        admission = Admission(limits)
        most = limits.per_address or waiting_places(limits)
        serving, idle, *others = [arrive(admission, '10.0.0.1') for _ in range(most)]
        serving.is_serving = True
        newcomer, victim = admission.arrive('10.0.0.1', nothing, next(SECONDS))
        assert newcomer is not None
        assert victim is idle

        for entry in (newcomer, *others):
            entry.is_serving = True
        assert admission.arrive('10.0.0.1', nothing, next(SECONDS)) == (None, None)
