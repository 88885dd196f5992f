# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""Pauses of a thread: how they are detected, while they last and afterwards."""

from __future__ import annotations

import math

import pytest

from lerobot_arena_ros.control.pauses import BACKLOG, SHORTEST_S, PauseWatch


def test_a_thread_that_runs_often_has_no_pause() -> None:
    """A gap of exactly the longest time is not a pause."""
    watch = PauseWatch(1.0, 10.0)

    for now in (10.5, 11.5, 12.5):
        watch.seen(now)

    assert watch.pausing_s(13.5) is None
    assert watch.paused_s(12.5, 100.0) is None


def test_a_pause_is_noticed_while_it_lasts() -> None:
    """Another thread can read for how long this one has not run."""
    watch = PauseWatch(1.0, 0.0)
    watch.seen(5.0)
    watch.seen(5.5)

    assert watch.pausing_s(6.5) is None
    assert watch.pausing_s(7.0) == pytest.approx(1.5)


def test_a_pause_is_known_for_a_while_after_its_end() -> None:
    """The length of a pause is available for a time after its end, even if the thread runs."""
    watch = PauseWatch(1.0, 0.0)
    watch.seen(4.0)
    watch.seen(4.1)

    assert watch.pausing_s(4.2) is None
    assert watch.paused_s(4.0, 3.5) == pytest.approx(4.0)
    assert watch.paused_s(7.4, 3.5) == pytest.approx(4.0)
    assert watch.paused_s(7.5, 3.5) is None


def test_the_latest_pause_counts() -> None:
    """A second pause restarts the time after a pause."""
    watch = PauseWatch(1.0, 0.0)
    watch.seen(3.0)
    watch.seen(5.0)

    assert watch.paused_s(7.9, 3.0) == pytest.approx(2.0)
    assert watch.paused_s(8.0, 3.0) is None


def test_a_clock_that_went_back_is_a_pause() -> None:
    """A backward clock jump is a pause with the length of the jump."""
    watch = PauseWatch(1.0, 100.0)

    assert watch.pausing_s(50.0) == pytest.approx(50.0)
    watch.seen(50.0)
    assert watch.paused_s(50.5, 3.5) == pytest.approx(50.0)


def test_an_infinite_limit_knows_no_pause() -> None:
    """With an infinite limit, there is never a pause."""
    watch = PauseWatch(math.inf, 0.0)
    for now in (1.0, 2.0, 3.0, 1e9):
        watch.seen(now, messages=1000)

    assert watch.pausing_s(2e9) is None
    assert watch.paused_s(1e9, 3.5) is None


def watch_at(rate_hz: float) -> tuple[PauseWatch, float]:
    """Return a watch of a thread with this message rate, and the time."""
    watch, now = PauseWatch(1.0, 0.0), 0.0
    while now < 3.0:
        now += 1.0 / rate_hz
        watch.seen(now, messages=1)
    return watch, now


@pytest.mark.parametrize(
    ('rate_hz', 'limit_s'),
    [
        (10.0, 1.0),
        (100.0, 1.0),
        (200.0, BACKLOG / 200.0),
        (500.0, SHORTEST_S),
        (2000.0, SHORTEST_S),
    ],
)
def test_where_many_messages_arrive_a_shorter_time_is_a_pause(
    rate_hz: float, limit_s: float
) -> None:
    """At a higher message rate, a shorter gap is a pause, because buffers overflow earlier."""
    watch, now = watch_at(rate_hz)

    assert watch.pausing_s(now + 0.97 * limit_s) is None
    assert watch.pausing_s(now + 1.03 * limit_s) == pytest.approx(1.03 * limit_s)
    watch.seen(now + 1.03 * limit_s, messages=1)
    assert watch.paused_s(now + 1.03 * limit_s, 3.5) == pytest.approx(1.03 * limit_s)


def test_a_pause_does_not_count_as_a_low_rate() -> None:
    """A pause does not lower the measured message rate, because its messages may be lost."""
    watch, now = watch_at(500.0)
    watch.seen(now + 5.0, messages=1)
    watch.seen(now + 5.1, messages=1)

    assert watch.pausing_s(now + 5.1 + 1.03 * SHORTEST_S) is not None


def test_what_becomes_quiet_may_pause_for_longer_again() -> None:
    """After the message rate has dropped, the limit is longer again."""
    watch, now = watch_at(500.0)
    for step in range(1, 21):
        watch.seen(now + 0.2 * step)

    assert watch.pausing_s(now + 4.0 + 0.9) is None


def test_a_watch_is_strict_while_many_messages_arrive() -> None:
    """Only at a high rate of messages the limit is shorter than the longest one."""
    assert watch_at(500.0)[0].is_strict
    assert not watch_at(1.0)[0].is_strict
