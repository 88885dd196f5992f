# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""The rate limiter of the emergency stops of one room."""

from __future__ import annotations

from typing import NamedTuple

from hypothesis import given, strategies
import pytest

from lerobot_arena_ros.arena.messages import EmergencyStop, ResetStop
from lerobot_arena_ros.server.rooms.stop_limiter import (
    BURST,
    MAX_QUEUED,
    PAUSE_S,
    PERIOD_S,
    StopLimiter,
)

WORST_S = PAUSE_S + PERIOD_S
"""How long a stop waits at most."""


class Sent(NamedTuple):
    """The sender and the time of a stop."""

    now_s: float
    sender: int


class Passed(NamedTuple):
    """The sender, number and time of a forwarded stop."""

    now_s: float
    sender: int
    number: int


def replay(stops: list[Sent]) -> list[Passed]:
    """Submit numbered stops, sorted by time; return those that were forwarded."""
    limiter: StopLimiter[int] = StopLimiter(0.0)
    passed: list[Passed] = []
    tick_s: float | None = None

    def tick(until_s: float) -> None:
        nonlocal tick_s
        while tick_s is not None and tick_s <= until_s:
            for sender in limiter.due(tick_s):
                (stop,) = limiter.take(sender)
                assert isinstance(stop, EmergencyStop)
                passed.append(Passed(tick_s, sender, int(stop.reason or '')))
            tick_s = tick_s + PERIOD_S if limiter.has_waiting else None

    for number, (now_s, sender) in enumerate(stops):
        tick(now_s)
        if limiter.submit(sender, EmergencyStop(str(number)), now_s):
            passed.append(Passed(now_s, sender, number))
        elif tick_s is None:
            tick_s = now_s + PERIOD_S
    tick(stops[-1].now_s + 1000.0)
    return passed


def test_the_first_stops_of_a_burst_pass_at_once() -> None:
    """A few stops in a row are all forwarded at once."""
    passed = replay([Sent(0.0, 1)] * BURST)

    assert passed == [Passed(0.0, 1, number) for number in range(BURST)]


def test_of_a_flood_the_newest_passes_in_each_period() -> None:
    """Of 1000 stops in a second, a few are forwarded, and the last one is among them."""
    passed = replay([Sent(number * 1e-3, 1) for number in range(1000)])

    assert len(passed) == pytest.approx(BURST + 1.0 / PERIOD_S, abs=2)
    assert passed[-1].number == 999
    assert passed[-1].now_s - 0.999 <= PERIOD_S


def test_after_a_pause_a_stop_passes_at_once_again() -> None:
    """Earlier rate limiting does not delay a stop after a pause."""
    passed = replay([Sent(0.0, 1)] * 20 + [Sent(10.0, 1)])

    assert passed[-1] == Passed(10.0, 1, 20)


def test_beside_many_that_stop_often_a_first_stop_passes_at_once() -> None:
    """A sender that has paused goes before senders that have not."""
    flood = [Sent(tenth / 10, sender) for tenth in range(50) for sender in range(95)]
    presses = [Sent(when_s, 100) for when_s in (1.03, 2.53, 2.53 + PAUSE_S / 2)]

    at_s = [one.now_s for one in replay(sorted(flood + presses)) if one.sender == 100]

    assert at_s[:2] == [1.03, 2.53]
    assert at_s[2] == pytest.approx(2.53 + PAUSE_S, abs=PERIOD_S)


def test_the_sender_with_the_oldest_last_stop_goes_first() -> None:
    """A flood of one sender delays the second stop of another by at most one period."""
    flood = [Sent(number * 1e-3, 1) for number in range(1000)]
    passed = replay(sorted([*flood, Sent(0.3, 2), Sent(0.5, 2)]))

    first, second = (one.now_s for one in passed if one.sender == 2)
    assert first == 0.3
    assert second - 0.5 <= PERIOD_S


def test_no_stop_overtakes_one_that_waits_for_longer() -> None:
    """Only the stop of a sender that has paused goes first, even if the period is late."""
    limiter: StopLimiter[str] = StopLimiter(0.0)
    stop, late_s = EmergencyStop('smoke'), 1.5 * PERIOD_S
    assert limiter.submit('other', stop, 0.0)
    while limiter.submit('wild', stop, 0.0):
        pass

    assert not limiter.submit('other', stop, late_s)
    assert limiter.submit('person', stop, late_s)


SENT = strategies.builds(Sent, strategies.floats(0.0, 5.0), strategies.integers(0, 9))


@given(strategies.lists(SENT, min_size=1, max_size=300).map(sorted))
def test_no_stop_is_lost_or_late_and_not_too_many_pass(stops: list[Sent]) -> None:
    """No stop is lost or late for any senders and times, and the rate is limited."""
    passed = replay(stops)

    for number, (now_s, sender) in enumerate(stops):
        own = [one for one in passed if one.sender == sender]
        then = next(one for one in own if one.number >= number)
        assert then.now_s - now_s <= WORST_S + 1e-9, 'it, or a newer one of its sender, is late'
        before = [one.now_s for one in own if one.number < number]
        if not before or now_s - before[-1] >= PAUSE_S:
            assert then.now_s == now_s, 'a first stop waited'
    for one in passed:
        window = [each for each in passed if one.now_s <= each.now_s < one.now_s + PAUSE_S]
        # One stop per pause of each sender, plus the rate of the room.
        assert len(window) <= 10 * 2 + BURST + PAUSE_S / PERIOD_S + 1


def test_a_request_for_a_reset_stays_behind_the_stop_of_its_sender() -> None:
    """A reset request is queued behind the stop of its sender; a later stop drops it."""
    limiter: StopLimiter[str] = StopLimiter(0.0)
    stops = [EmergencyStop(str(number)) for number in range(BURST + 2)]
    request = ResetStop('robot')
    assert not limiter.queue_behind('person', request)
    passed = [limiter.submit('person', stop, 0.0) for stop in stops[:-1]]
    assert passed == [True] * BURST + [False]

    assert limiter.queue_behind('person', request)
    assert not limiter.queue_behind('another', request)
    assert limiter.due(PERIOD_S) == ['person']
    assert limiter.take('person') == [stops[BURST], request]

    assert not limiter.submit('person', stops[-2], PERIOD_S)
    assert limiter.queue_behind('person', request)
    assert not limiter.submit('person', stops[-1], PERIOD_S)
    assert limiter.remove('person') == [stops[-1]]
    assert not limiter.has_waiting


def test_queued_requests_are_limited() -> None:
    """The number of queued reset requests is limited."""
    limiter: StopLimiter[str] = StopLimiter(0.0)
    for _ in range(BURST + 1):
        limiter.submit('person', EmergencyStop('smoke'), 0.0)

    assert all(limiter.queue_behind('person', ResetStop('robot')) for _ in range(1000))
    assert len(limiter.remove('person')) == MAX_QUEUED + 1
