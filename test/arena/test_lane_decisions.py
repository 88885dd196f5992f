# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""Tests of the decisions of a fast lane: what is new, whether it works, and when to repeat."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
import pytest

from lerobot_arena_ros.arena.lane.decisions import LaneHealth, LaneState, LaneTiming, Repeats
from lerobot_arena_ros.arena.messages import JointUpdate

TIMING = LaneTiming(ping_period_s=0.25, suspect_s=0.6, timeout_s=1.5)


def test_a_lane_whose_pings_are_answered_is_up() -> None:
    """Pings are due each period; their answers give the round trip."""
    health = LaneHealth(TIMING, 0.0)
    for number in range(20):
        now = number * 0.25
        assert health.ping(now) == number + 1
        assert health.ping(now + 0.1) is None
        health.on_pong(number + 1, now + 0.04)
        assert health.state(now + 0.04) is LaneState.UP

    assert health.round_trip_s == pytest.approx(0.04)
    assert health.loss == 0.0


def test_a_silent_lane_is_suspect_and_then_dead() -> None:
    """Without answers the lane is first used in addition only, and then closed."""
    health = LaneHealth(TIMING, 0.0)
    states = []
    for number in range(7):
        now = number * 0.25
        health.ping(now)
        states.append(health.state(now))

    assert states == [LaneState.UP] * 3 + [LaneState.SUSPECT] * 3 + [LaneState.DEAD]


def test_one_lost_ping_is_no_reason_for_suspicion() -> None:
    """A single loss changes the loss only."""
    health = LaneHealth(TIMING, 0.0)
    for number in range(40):
        now = number * 0.25
        health.ping(now)
        if number != 20:
            health.on_pong(number + 1, now + 0.04)
        assert health.state(now + 0.04) is LaneState.UP

    assert health.loss == pytest.approx(1 / 40)


def test_an_old_answer_does_not_make_a_lane_younger() -> None:
    """The lane is seen to work at the time of the ping, not at that of its late answer."""
    health = LaneHealth(TIMING, 0.0)
    health.ping(0.0)
    health.ping(0.25)

    health.on_pong(1, 1.4)

    assert health.state(1.5) is LaneState.DEAD


def test_forged_and_repeated_answers_change_nothing() -> None:
    """Only the first answer to a ping that was sent counts."""
    health = LaneHealth(TIMING, 0.0)
    health.ping(0.0)
    for seq in (0, 2, -1):
        health.on_pong(seq, 0.1)
    assert health.round_trip_s is None

    health.on_pong(1, 0.1)
    health.on_pong(1, 0.9)

    assert health.round_trip_s == pytest.approx(0.1)


@given(st.lists(st.tuples(st.floats(0.0, 1.0), st.booleans()), max_size=200))
def test_the_loss_is_a_fraction(steps: list[tuple[float, bool]]) -> None:
    """Whatever is answered, and whenever, the loss is between nothing and everything."""
    health, now, last = LaneHealth(TIMING, 0.0), 0.0, 0
    for step_s, is_answered in steps:
        now += step_s
        seq = health.ping(now)
        last = seq or last
        if is_answered:
            health.on_pong(last, now)

    assert health.loss is None or 0.0 <= health.loss <= 1.0


def test_the_newest_values_are_repeated_soon_but_not_with_each_update() -> None:
    """Of eight updates within a period one is repeated, and the last one always."""
    repeats, repeated = Repeats(period_s=0.125), []
    for step in range(100):
        now = step / 64
        if step < 50:
            assert repeats.sent_by_lane(JointUpdate.of({'j': step})) is None
        due_at = repeats.due_at
        if due_at is not None and due_at <= now:
            update = repeats.take(now)
            assert update is not None
            repeated.append(update.values['j'])

    assert repeated == [0, 8, 16, 24, 32, 40, 48, 49]
    assert repeats.due_at is None


def test_an_update_that_lacks_a_joint_does_not_replace_the_pending_one() -> None:
    """Otherwise the last value of that joint could be lost."""
    repeats = Repeats()
    both, one = JointUpdate.of({'a': 1, 'b': 2}), JointUpdate.of({'a': 3})

    assert repeats.sent_by_lane(both) is None
    assert repeats.sent_by_lane(one) is both
    assert repeats.sent_by_lane(both) is None
    assert repeats.take(0.0) is both
    assert repeats.take(0.0) is None
