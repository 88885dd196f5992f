# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""The command gate and time: a slow link, and pauses of the process."""

from __future__ import annotations

from dataclasses import replace
import math

import pytest

from lerobot_arena_ros.control.gate import Command, Gate, State
from lerobot_arena_ros.control.gate_settings import GateJoint, GateSettings
from lerobot_arena_ros.control.slew import VelocityRamp

PAN = GateJoint('pan', -1.0, 1.0, VelocityRamp(start=0.5, limit=2.0, duration_s=2.0))
QUICK = GateSettings(require_feedback=False, max_delay_s=0.5)
WATCHED = GateSettings(require_feedback=False, pause_s=1.0, settle_s=3.5, link_timeout_s=100.0)


def joined_gate(settings: GateSettings) -> Gate:
    """Return a gate that has joined a room and does not know the link's delay yet."""
    gate = Gate(settings, 0.0)
    gate.set_joints([PAN], 0.0)
    gate.enable(0.0)
    gate.link_up(0.0)
    gate.on_server_message(0.0, has_producer=True)
    return gate


def active_gate(settings: GateSettings) -> Gate:
    """Return an active gate with a link whose delay is below the limit."""
    gate = joined_gate(settings)
    gate.on_server_message(0.0, round_trip_s=0.01)
    assert isinstance(gate.update({'pan': 0.25}, 0.0), Command)
    return gate


# ----- a slow link


def test_nothing_moves_before_the_delay_of_the_link_is_known() -> None:
    """Nothing moves before the first round trip, because the first updates may be old."""
    gate = joined_gate(QUICK)

    assert gate.update({'pan': 0.25}, 0.1) is None
    assert gate.cause == 'the delay of the link is not known yet'
    gate.on_server_message(0.2, round_trip_s=0.02)
    assert isinstance(gate.update({'pan': 0.25}, 0.2), Command)


def test_an_unknown_delay_holds_nothing_where_no_delay_matters() -> None:
    """With an infinite limit, no round trip is needed."""
    gate = joined_gate(replace(QUICK, max_delay_s=math.inf))

    assert isinstance(gate.update({'pan': 0.25}, 0.1), Command)
    gate.on_overdue_reply(100.0, 0.2)
    assert gate.state is State.ACTIVE


def test_a_missing_answer_holds_before_it_arrives() -> None:
    """An overdue reply holds the gate before it arrives, and the cause has both numbers."""
    gate = active_gate(QUICK)

    gate.on_overdue_reply(0.6, 0.6)

    assert gate.state is State.HOLDING
    assert gate.cause.startswith(
        'the link is late: a round trip takes 0.60 s, link.max_delay_s is 0.5'
    )
    assert gate.update({'pan': 0.5}, 0.6) is None
    assert gate.tick(0.61) is None


def test_a_slow_answer_holds() -> None:
    """A round trip longer than the limit holds; one of exactly the limit does not."""
    gate = active_gate(QUICK)

    gate.on_server_message(0.5, round_trip_s=0.5)
    assert isinstance(gate.update({'pan': 0.5}, 0.5), Command)
    gate.on_server_message(1.01, round_trip_s=0.51)
    assert gate.update({'pan': 0.5}, 1.01) is None
    assert gate.state is State.HOLDING


def test_an_update_does_not_make_a_late_link_prompt() -> None:
    """Updates do not end the hold of a slow link; only a new round trip does."""
    gate = active_gate(QUICK)
    gate.on_overdue_reply(0.6, 0.6)

    for step in range(50):
        assert gate.update({'pan': 0.5}, 0.6 + 0.01 * step) is None
    gate.on_server_message(1.1, round_trip_s=0.7)
    assert gate.update({'pan': 0.5}, 1.1) is None
    gate.on_server_message(1.2)
    assert gate.update({'pan': 0.5}, 1.2) is None


def test_a_link_that_is_in_time_again_moves_with_the_next_update() -> None:
    """After a slow link has recovered, the next live update starts motion."""
    gate = active_gate(QUICK)
    gate.on_overdue_reply(0.6, 0.6)
    gate.update({'pan': 0.9}, 0.7)

    gate.on_server_message(1.0, round_trip_s=0.05)

    assert gate.state is State.HOLDING
    assert gate.tick(1.0) is None
    assert isinstance(gate.update({'pan': 0.3}, 1.0), Command)


def test_a_new_join_forgets_the_delay_of_the_last_link() -> None:
    """A new join discards the delay of the last link, in both cases."""
    gate = active_gate(QUICK)

    gate.link_up(1.0)
    gate.on_server_message(1.0, has_producer=True)

    assert gate.update({'pan': 0.25}, 1.0) is None
    assert gate.cause == 'the delay of the link is not known yet'


def test_a_stop_outranks_a_late_link() -> None:
    """A slow link and its recovery do not change the state of a stopped gate."""
    gate = active_gate(QUICK)
    gate.stop('button')

    gate.on_overdue_reply(0.6, 0.6)
    gate.on_server_message(1.0, round_trip_s=0.01)

    assert (gate.state, gate.cause) == (State.STOPPED, 'button')


# ----- pauses of the process


def test_a_pause_of_the_ros_callbacks_holds_while_it_lasts() -> None:
    """A pause of the ROS callbacks holds the gate, because no stop could arrive from ROS."""
    gate = active_gate(WATCHED)
    gate.on_ros_callback(1.0)

    assert isinstance(gate.update({'pan': 0.5}, 2.0), Command)
    assert gate.update({'pan': 0.5}, 2.1) is None
    assert gate.state is State.HOLDING
    assert gate.cause.startswith('the ROS callbacks of this process have not run for 1.1 s')


def test_after_a_pause_nothing_moves_until_stops_have_had_time_to_arrive() -> None:
    """After a pause, nothing moves for 3.5 s. Fast DDS repeats lost messages after up to 3 s."""
    gate = active_gate(WATCHED)
    gate.on_ros_callback(5.0)

    for now in (5.0, 6.0, 7.0, 8.0, 8.4):
        gate.on_ros_callback(now)
        assert gate.update({'pan': 0.5}, now) is None
        assert gate.tick(now) is None
    assert gate.cause == (
        'this process did not run for 5.0 s: waiting 3.5 s for stops that were published meanwhile'
    )
    gate.on_ros_callback(8.5)
    assert isinstance(gate.update({'pan': 0.5}, 8.5), Command)


def test_an_update_that_arrives_before_the_ros_thread_runs_meets_the_pause() -> None:
    """An update before the first ROS callback after a pause returns no command."""
    gate = active_gate(WATCHED)

    assert gate.update({'pan': 0.5}, 4.0) is None
    assert gate.state is State.HOLDING


def test_a_measurement_that_ends_a_pause_does_not_hide_it() -> None:
    """A measurement that ends a pause still counts as after a pause."""
    gate = active_gate(WATCHED)

    gate.on_ros_callback(2.0)
    gate.measure({'pan': 0.25}, 2.0)

    assert gate.state is State.HOLDING
    assert gate.update({'pan': 0.5}, 2.01) is None


def test_a_stop_that_arrives_after_a_pause_counts() -> None:
    """A stop after a pause is latched, and the end of the waiting time does not reset it."""
    gate = active_gate(WATCHED)
    gate.on_ros_callback(3.0)
    gate.update({'pan': 0.5}, 3.0)

    gate.stop('button')
    gate.on_ros_callback(3.9)
    gate.on_ros_callback(6.6)

    assert gate.update({'pan': 0.5}, 6.7) is None
    assert gate.state is State.STOPPED


def test_at_a_high_rate_of_measurements_a_short_pause_holds() -> None:
    """At a high message rate, a short pause also holds, because a stop may be lost."""
    gate = active_gate(WATCHED)
    for step in range(1, 1001):
        gate.on_ros_callback(0.002 * step, messages=1)

    assert isinstance(gate.update({'pan': 0.5}, 2.2), Command)
    assert gate.update({'pan': 0.5}, 2.3) is None
    assert gate.cause.startswith('the ROS callbacks of this process have not run for 0.3 s')
    gate.on_ros_callback(2.3, messages=1)
    gate.on_ros_callback(2.31, messages=1)
    assert gate.update({'pan': 0.5}, 2.31) is None
    assert 'this process did not run for 0.3 s' in gate.cause


@pytest.mark.parametrize('settings', [QUICK, WATCHED], ids=['late', 'pause'])
def test_time_that_passes_as_it_should_holds_nothing(settings: GateSettings) -> None:
    """A fast link and regular callbacks keep the gate active."""
    gate = active_gate(settings)

    for step in range(1, 500):
        now = step * 0.02
        gate.on_ros_callback(now)
        gate.on_server_message(now, round_trip_s=0.05)
        assert isinstance(gate.update({'pan': 0.01 * (step % 7)}, now), Command)
    assert gate.state is State.ACTIVE
