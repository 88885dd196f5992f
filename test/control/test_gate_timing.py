"""The command gate and time: a link that is late, and a process that stood still."""

from __future__ import annotations

from dataclasses import replace
import math

import pytest

from lerobot_arena_ros.control.gate import Command, Gate, State
from lerobot_arena_ros.control.gate_settings import Feedback, GateJoint, GateSettings
from lerobot_arena_ros.control.slew import VelocityRamp

PAN = GateJoint('pan', -1.0, 1.0, VelocityRamp(start=0.5, limit=2.0, duration_s=2.0))
QUICK = GateSettings(feedback=Feedback.NEVER, max_delay_s=0.5)
WATCHED = GateSettings(feedback=Feedback.NEVER, pause_s=1.0, settle_s=3.5, link_timeout_s=100.0)


def joined_gate(settings: GateSettings) -> Gate:
    """Return a gate that has joined, and does not know yet how late the link is."""
    gate = Gate(settings, 0.0)
    gate.set_joints([PAN], 0.0)
    gate.enable(0.0)
    gate.link_up(0.0)
    gate.heard(0.0, has_producer=True)
    return gate


def active_gate(settings: GateSettings) -> Gate:
    """Return a gate that commands, over a link that is in time."""
    gate = joined_gate(settings)
    gate.heard(0.0, round_trip_s=0.01)
    assert isinstance(gate.update({'pan': 0.25}, 0.0), Command)
    return gate


# ----- a link that is late


def test_nothing_moves_before_the_delay_of_the_link_is_known() -> None:
    """The first updates after a join may be old; the first round trip tells."""
    gate = joined_gate(QUICK)

    assert gate.update({'pan': 0.25}, 0.1) is None
    assert gate.cause == 'the delay of the link is not known yet'
    gate.heard(0.2, round_trip_s=0.02)
    assert isinstance(gate.update({'pan': 0.25}, 0.2), Command)


def test_an_unknown_delay_holds_nothing_where_no_delay_matters() -> None:
    """An infinite limit asks for no round trip."""
    gate = joined_gate(replace(QUICK, max_delay_s=math.inf))

    assert isinstance(gate.update({'pan': 0.25}, 0.1), Command)
    gate.late(100.0, 0.2)
    assert gate.state is State.ACTIVE


def test_a_missing_answer_holds_before_it_arrives() -> None:
    """The wait alone proves that what arrives is too old; the cause names both numbers."""
    gate = active_gate(QUICK)

    gate.late(0.6, 0.6)

    assert gate.state is State.HOLDING
    assert gate.cause.startswith(
        'the link is late: a round trip takes 0.60 s, link.max_delay_s is 0.5'
    )
    assert gate.update({'pan': 0.5}, 0.6) is None
    assert gate.tick(0.61) is None


def test_a_slow_answer_holds() -> None:
    """A round trip of exactly the limit is in time, and a longer one is not."""
    gate = active_gate(QUICK)

    gate.heard(0.5, round_trip_s=0.5)
    assert isinstance(gate.update({'pan': 0.5}, 0.5), Command)
    gate.heard(1.01, round_trip_s=0.51)
    assert gate.update({'pan': 0.5}, 1.01) is None
    assert gate.state is State.HOLDING


def test_an_update_does_not_make_a_late_link_prompt() -> None:
    """Frames that arrive in any number prove nothing; only a round trip does."""
    gate = active_gate(QUICK)
    gate.late(0.6, 0.6)

    for step in range(50):
        assert gate.update({'pan': 0.5}, 0.6 + 0.01 * step) is None
    gate.heard(1.1, round_trip_s=0.7)
    assert gate.update({'pan': 0.5}, 1.1) is None
    gate.heard(1.2)
    assert gate.update({'pan': 0.5}, 1.2) is None


def test_a_link_that_is_in_time_again_moves_with_the_next_update() -> None:
    """It recovers by itself, and begins with a live update and not with an old one."""
    gate = active_gate(QUICK)
    gate.late(0.6, 0.6)
    gate.update({'pan': 0.9}, 0.7)

    gate.heard(1.0, round_trip_s=0.05)

    assert gate.state is State.HOLDING
    assert gate.tick(1.0) is None
    assert isinstance(gate.update({'pan': 0.3}, 1.0), Command)


def test_a_new_join_forgets_the_delay_of_the_last_link() -> None:
    """Neither a late link nor a prompt one says anything of the next one."""
    gate = active_gate(QUICK)

    gate.link_up(1.0)
    gate.heard(1.0, has_producer=True)

    assert gate.update({'pan': 0.25}, 1.0) is None
    assert gate.cause == 'the delay of the link is not known yet'


def test_a_stop_outranks_a_late_link() -> None:
    """Neither the delay nor its end changes the state of a stopped gate."""
    gate = active_gate(QUICK)
    gate.stop('button')

    gate.late(0.6, 0.6)
    gate.heard(1.0, round_trip_s=0.01)

    assert (gate.state, gate.cause) == (State.STOPPED, 'button')


# ----- a process that stood still


def test_a_pause_of_the_ros_callbacks_holds_while_it_lasts() -> None:
    """The thread of the link still runs, and must not command what no stop could interrupt."""
    gate = active_gate(WATCHED)
    gate.graph_seen(1.0)

    assert isinstance(gate.update({'pan': 0.5}, 2.0), Command)
    assert gate.update({'pan': 0.5}, 2.1) is None
    assert gate.state is State.HOLDING
    assert gate.cause.startswith('the ROS callbacks of this process have not run for 1.1 s')


def test_after_a_pause_nothing_moves_until_stops_have_had_time_to_arrive() -> None:
    """Fast DDS repeats what was lost every three seconds."""
    gate = active_gate(WATCHED)
    gate.graph_seen(5.0)

    for now in (5.0, 6.0, 7.0, 8.0, 8.4):
        gate.graph_seen(now)
        assert gate.update({'pan': 0.5}, now) is None
        assert gate.tick(now) is None
    assert gate.cause == (
        'this process did not run for 5.0 s: waiting 3.5 s for stops that were published meanwhile'
    )
    gate.graph_seen(8.5)
    assert isinstance(gate.update({'pan': 0.5}, 8.5), Command)


def test_an_update_that_arrives_before_the_ros_thread_runs_meets_the_pause() -> None:
    """After a freeze the link's thread may be the first to run."""
    gate = active_gate(WATCHED)

    assert gate.update({'pan': 0.5}, 4.0) is None
    assert gate.state is State.HOLDING


def test_a_measurement_that_ends_a_pause_does_not_hide_it() -> None:
    """The callback that brings the first message of a queue notes the pause first."""
    gate = active_gate(WATCHED)

    gate.graph_seen(2.0)
    gate.measure({'pan': 0.25}, 2.0)

    assert gate.state is State.HOLDING
    assert gate.update({'pan': 0.5}, 2.01) is None


def test_a_stop_that_arrives_after_a_pause_counts() -> None:
    """It latches while the gate waits for it, and the end of the wait opens nothing."""
    gate = active_gate(WATCHED)
    gate.graph_seen(3.0)
    gate.update({'pan': 0.5}, 3.0)

    gate.stop('button')
    gate.graph_seen(3.9)
    gate.graph_seen(6.6)

    assert gate.update({'pan': 0.5}, 6.7) is None
    assert gate.state is State.STOPPED


def test_at_a_high_rate_of_measurements_a_short_pause_holds() -> None:
    """DDS has no room for as much: a stop among it may be lost, and is repeated later."""
    gate = active_gate(WATCHED)
    for step in range(1, 1001):
        gate.graph_seen(0.002 * step, messages=1)

    assert isinstance(gate.update({'pan': 0.5}, 2.2), Command)
    assert gate.update({'pan': 0.5}, 2.3) is None
    assert gate.cause.startswith('the ROS callbacks of this process have not run for 0.3 s')
    gate.graph_seen(2.3, messages=1)
    gate.graph_seen(2.31, messages=1)
    assert gate.update({'pan': 0.5}, 2.31) is None
    assert 'this process did not run for 0.3 s' in gate.cause


@pytest.mark.parametrize('settings', [QUICK, WATCHED], ids=['late', 'pause'])
def test_time_that_passes_as_it_should_holds_nothing(settings: GateSettings) -> None:
    """A link in time and callbacks that run leave the gate active."""
    gate = active_gate(settings)

    for step in range(1, 500):
        now = step * 0.02
        gate.graph_seen(now)
        gate.heard(now, round_trip_s=0.05)
        assert isinstance(gate.update({'pan': 0.01 * (step % 7)}, now), Command)
    assert gate.state is State.ACTIVE
