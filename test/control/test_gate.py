# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""The command gate: its transitions, its behaviour, and what could make an arm jump."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
import math

import pytest

from lerobot_arena_ros.control.gate import Command, Gate, State
from lerobot_arena_ros.control.gate_settings import (
    GateJoint,
    GateSettings,
)
from lerobot_arena_ros.control.slew import VelocityRamp
from lerobot_arena_ros.control.stamps import Unusable

RAMP = VelocityRamp(start=0.5, limit=2.0, duration_s=2.0)
PAN = GateJoint('pan', -1.0, 1.0, RAMP)
LIFT = GateJoint('lift', 0.0, 3.0, RAMP)
POSE = {'pan': 0.25, 'lift': 1.0}
"""The measured pose of the arm, unless a test sets another one."""

FED = GateSettings()
BLIND = GateSettings(require_feedback=False)
PERIOD_S = FED.ramp_period_s


def measure_pose(gate: Gate) -> None:
    """Measure the arm at a pose."""
    assert gate.measure(POSE, 0.01) is None


def waiting_gate(settings: GateSettings = FED, now: float = 0.0) -> Gate:
    """Return a gate that only waits for a live update."""
    gate = Gate(settings, now)
    gate.set_joints([PAN, LIFT], now)
    gate.enable(now)
    gate.link_up(now)
    gate.on_server_message(now, has_producer=True)
    if settings.require_feedback:
        gate.measure(POSE, now)
    gate.take_transitions()
    return gate


def active_gate(settings: GateSettings = FED, now: float = 0.0) -> Gate:
    """Return an active gate that commands each joint to stay."""
    gate = waiting_gate(settings, now)
    assert isinstance(gate.update(POSE, now), Command)
    gate.take_transitions()
    return gate


def holding_gate() -> Gate:
    """Return a gate whose producer left and came back."""
    gate = active_gate()
    gate.on_server_message(0.0, has_producer=False)
    gate.on_server_message(0.0, has_producer=True)
    assert gate.state is State.HOLDING
    gate.take_transitions()
    return gate


def stopped_gate() -> Gate:
    """Return a gate that was stopped during a motion."""
    gate = active_gate()
    gate.stop('button')
    gate.take_transitions()
    return gate


def pose_of(output: Command | None) -> dict[str, float]:
    """Return a command as positions by name."""
    assert isinstance(output, Command), output
    return dict(zip(('pan', 'lift'), output.positions, strict=True))


def run(
    gate: Gate, begin: float, seconds: float, pose: Mapping[str, float] = POSE
) -> tuple[list[dict[str, float]], float]:
    """
    Let time pass as in the node: the timer ticks, and an arm at this pose is measured.

    :returns: the commands, and the time after them.
    """
    commands: list[dict[str, float]] = []
    now = begin
    for _ in range(round(seconds / PERIOD_S)):
        now += PERIOD_S
        gate.on_server_message(now)
        gate.measure(commands[-1] if commands else pose, now)
        output = gate.tick(now)
        if output is not None:
            commands.append(pose_of(output))
    return commands, now


BUILDERS = {
    State.WAITING: waiting_gate,
    State.ACTIVE: active_gate,
    State.HOLDING: holding_gate,
    State.STOPPED: stopped_gate,
}
W, A, H, S = State.WAITING, State.ACTIVE, State.HOLDING, State.STOPPED

Answer = Command | None

# Events that only record something return nothing.
EVENTS: dict[str, Callable[[Gate], Answer] | Callable[[Gate], None]] = {
    'update': lambda gate: gate.update({'pan': 0.5}, 0.01),
    'REST update': lambda gate: gate.update({'pan': 0.5}, 0.01, from_producer=False),
    'state_sync': lambda gate: gate.on_state_sync({'pan': 0.5}, 0.01),
    'tick': lambda gate: gate.tick(0.01),
    'server message': lambda gate: gate.on_server_message(0.01),
    'feedback': measure_pose,
    'enable': lambda gate: gate.enable(0.01),
    'publisher seen': lambda gate: gate.note_publishers((), 0.01),
    'new limits': lambda gate: gate.set_joints([replace(PAN, upper=0.5), LIFT], 0.01),
    'disable': lambda gate: gate.disable(0.01),
    'link up': lambda gate: gate.link_up(0.01),
    'link down': lambda gate: gate.link_down('closed', 0.01),
    'producer gone': lambda gate: gate.on_server_message(0.01, has_producer=False),
    'feedback too old': lambda gate: gate.tick(0.51),
    'link silent': lambda gate: gate.tick(1.51),
    'range unknown': lambda gate: gate.set_joints([PAN, LIFT], 0.01, unready='range of pan'),
    'other joints': lambda gate: gate.set_joints([PAN], 0.01),
    'stop': lambda gate: gate.stop('button'),
    'reset': lambda gate: gate.reset(0.01),
}
TABLE = {
    # event: the state after it, from WAITING, ACTIVE, HOLDING, STOPPED
    'update': (A, A, A, S),
    'REST update': (A, A, A, S),
    'state_sync': (W, A, H, S),
    'tick': (W, A, H, S),
    'server message': (W, A, H, S),
    'feedback': (W, A, H, S),
    'enable': (W, A, H, S),
    'publisher seen': (W, A, H, S),
    'new limits': (W, W, H, S),
    'disable': (W, W, W, S),
    'link up': (W, H, H, S),
    'link down': (W, H, H, S),
    'producer gone': (W, H, H, S),
    'feedback too old': (W, H, H, S),
    'link silent': (W, H, H, S),
    'range unknown': (W, H, H, S),
    'other joints': (W, W, H, S),
    'stop': (S, S, S, S),
    'reset': (W, A, H, W),
}


@pytest.mark.parametrize('before', BUILDERS, ids=lambda state: f'from {state.value}')
@pytest.mark.parametrize('event', TABLE)
def test_each_event_leads_where_the_table_says(event: str, before: State) -> None:
    """
    Each event leads to the state of the table.

    A transition out of ACTIVE sends no command, and each transition has one line for the log.
    """
    gate = BUILDERS[before]()

    output = EVENTS[event](gate)

    after = TABLE[event][list(BUILDERS).index(before)]
    assert gate.state is after
    assert output is None or after is State.ACTIVE
    changes = [(change.before, change.after) for change in gate.take_transitions()]
    assert changes == ([] if before is after else [(before, after)])


# ----- causes


def test_a_new_gate_waits() -> None:
    """A new gate waits, and its cause has what is missing."""
    gate = Gate(FED, 0.0)

    assert gate.state is State.WAITING
    assert gate.update(POSE, 0.0) is None
    assert gate.cause.startswith('inactive')


OBSTACLES: dict[str, tuple[GateSettings, Callable[[Gate], object], float, str]] = {
    'inactive': (FED, lambda gate: gate.disable(0.0), 0.0, 'inactive'),
    'joints': (
        FED,
        lambda gate: gate.set_joints([PAN], 0.0, unready='range of pan'),
        0.0,
        'range of pan',
    ),
    'link': (FED, lambda gate: gate.link_down('room deleted', 0.0), 0.0, 'room deleted'),
    'silence': (FED, lambda gate: None, 1.6, 'no message from the server for 1.5 s'),
    'producer': (
        FED,
        lambda gate: gate.on_server_message(0.0, has_producer=False),
        0.0,
        'the room has no producer',
    ),
    'feedback': (
        FED,
        lambda gate: gate.measure({'pan': 0.0}, 0.6),
        0.6,
        'no fresh joint_states of lift',
    ),
    'unplaced': (
        BLIND,
        lambda gate: gate.update({'pan': 0.0}, 0.0),
        0.0,
        'position of lift is unknown: neither measured nor sent',
    ),
    'updates': (
        replace(BLIND, command_timeout_s=0.2),
        lambda gate: None,
        0.3,
        'no update for 0.2 s',
    ),
    'nothing': (FED, lambda gate: None, 0.0, 'waiting for a live update'),
}


@pytest.mark.parametrize('case', OBSTACLES)
def test_the_cause_of_waiting_is_the_root_cause(case: str) -> None:
    """The cause of a waiting gate is the root cause."""
    settings, happen, now, cause = OBSTACLES[case]
    gate = waiting_gate(settings)

    happen(gate)
    gate.tick(now)

    assert gate.cause.startswith(cause)
    assert gate.state is State.WAITING


@pytest.mark.parametrize('case', ['silence', 'updates'])
def test_an_update_ends_the_timeout_of_updates(case: str) -> None:
    """An update ends the timeout of missing updates."""
    settings, _, now, _ = OBSTACLES[case]
    gate = waiting_gate(replace(settings, require_feedback=False))

    gate.tick(now)

    assert pose_of(gate.update(POSE, now)) == POSE


def test_a_timeout_counts_before_the_update_that_ends_it() -> None:
    """The update that ends a timeout returns no command. The timeout takes effect first."""
    gate = active_gate(BLIND)

    assert gate.update(POSE, 2.0) is None
    assert gate.state is State.HOLDING
    assert gate.cause.startswith('no message from the server for 1.5 s')
    assert isinstance(gate.update(POSE, 2.1), Command)


def test_a_timeout_counts_before_the_reply_that_ends_it() -> None:
    """A reply that comes after the timeout does not undo the timeout."""
    gate = active_gate(BLIND)

    gate.on_server_message(2.0, has_producer=True)

    assert gate.state is State.HOLDING


def test_updates_that_cease_are_a_cause_where_asked_for() -> None:
    """With command_timeout_s, a silent producer causes a hold although the link works."""
    gate = active_gate(replace(BLIND, command_timeout_s=0.2))
    gate.on_server_message(0.2, has_producer=True)

    gate.on_server_message(0.25, has_producer=True)
    assert gate.state is State.HOLDING
    assert gate.cause.startswith('no update for 0.2 s')


def test_a_still_operator_is_not_a_silent_link() -> None:
    """Messages of the server keep the gate active for hours without an update."""
    gate = active_gate()

    for beat in range(1, 7201):
        gate.measure(POSE, beat * 0.5)
        gate.on_server_message(beat * 0.5, has_producer=True)

    assert gate.state is State.ACTIVE
    assert not gate.take_transitions()


@pytest.mark.parametrize('before', [waiting_gate, active_gate], ids=['waiting', 'active'])
def test_a_disconnection_without_a_reason_blocks_commands(before: Callable[[], Gate]) -> None:
    """A connection that closes without a reason also blocks commands."""
    gate = before()

    gate.link_down('', 0.0)

    assert gate.update(POSE, 0.0) is None
    assert gate.state is not State.ACTIVE


def test_no_joints_are_no_command() -> None:
    """A gate without joints returns no command, because an empty one is invalid."""
    gate = active_gate()
    gate.set_joints([], 0.0)

    assert gate.update(POSE, 0.0) is None
    assert gate.cause.startswith('no joints are known')


# ----- joins, and the state of the room


def test_the_remembered_pose_moves_nothing() -> None:
    """The state at the join moves nothing, not even after the first live update."""
    gate = waiting_gate()

    gate.on_state_sync({'pan': -1.0, 'lift': 3.0}, 0.0)
    assert gate.tick(0.0) is None
    entered = pose_of(gate.update({'pan': 0.5}, 0.0))
    commands, _ = run(gate, 0.0, 3.0)

    assert entered == POSE
    assert {command['lift'] for command in commands} == {1.0}
    assert commands[-1]['pan'] == 0.5


def test_without_feedback_the_remembered_pose_completes_the_frame() -> None:
    """With ``never`` and ``align``, joints that were not sent begin at the state of the room."""
    gate = waiting_gate(BLIND)
    gate.on_state_sync({'pan': 0.9, 'lift': 9.0}, 0.0)

    assert pose_of(gate.update({'pan': 0.5}, 0.0)) == {'pan': 0.5, 'lift': 3.0}


def test_a_remembered_pose_that_is_ignored_completes_nothing() -> None:
    """With ``never`` and ``ignore``, the gate waits until every joint was sent."""
    gate = waiting_gate(replace(BLIND, align_to_room=False))
    gate.on_state_sync(POSE, 0.0)

    assert gate.update({'pan': 0.5}, 0.0) is None
    assert pose_of(gate.update({'lift': 2.0}, 0.0)) == {'pan': 0.5, 'lift': 2.0}


def test_a_new_join_forgets_what_was_live() -> None:
    """After a reconnect, a joint stays until an update for it arrives."""
    gate = active_gate()
    gate.update({'pan': 0.8, 'lift': 2.8}, 0.01)
    gate.link_down('closed', 0.02)
    gate.link_up(0.03)
    gate.measure(POSE, 0.03)

    entered = pose_of(gate.update({'pan': 0.8}, 0.03))
    commands, _ = run(gate, 0.03, 3.0)

    assert entered == POSE
    assert commands[-1] == {'pan': 0.8, 'lift': 1.0}


def test_nothing_is_replayed_after_a_reconnect() -> None:
    """A reconnect alone moves nothing, even if the target is far away."""
    gate = active_gate()
    gate.update({'pan': 1.0, 'lift': 3.0}, 0.01)
    gate.link_down('closed', 0.02)

    gate.link_up(0.03)
    gate.on_server_message(0.04, has_producer=True)

    assert gate.tick(0.05) is None
    assert gate.state is State.HOLDING


def test_a_join_without_a_loss_before_it_begins_anew() -> None:
    """After a join without a reported loss, no joint moves back to where it began."""
    gate = active_gate(replace(FED, require_producer=False))
    gate.update({'lift': 3.0}, 0.0)
    _, now = run(gate, 0.0, 1.0)

    gate.link_up(now)
    assert gate.tick(now + PERIOD_S) is None
    assert gate.state is State.HOLDING


@pytest.mark.parametrize('pose', [{}, {'tail': 1.0}], ids=['empty', 'of another robot'])
@pytest.mark.parametrize('settings', [FED, BLIND], ids=['with feedback', 'without'])
def test_an_update_of_none_of_our_joints_begins_nothing(
    settings: GateSettings, pose: dict[str, float]
) -> None:
    """An update without a joint of the robot does not start motion."""
    gate = waiting_gate(settings)
    gate.on_state_sync(POSE, 0.0)

    assert gate.update(pose, 0.0) is None
    assert gate.cause.startswith('waiting for a live update')


def test_other_joints_begin_anew() -> None:
    """A joint that was removed and added again moves only after a new update."""
    gate = active_gate()
    gate.update({'lift': 3.0}, 0.0)
    gate.set_joints([PAN], 0.0)
    gate.set_joints([PAN, LIFT], 0.0)

    entered = gate.update({'pan': 0.25}, 0.0)

    assert pose_of(entered) == POSE
    assert not gate.is_moving


# ----- motion


def test_motion_begins_at_the_measured_pose() -> None:
    """The first command is the measured position, however far away the target is."""
    gate = waiting_gate()

    assert pose_of(gate.update({'pan': -1.0, 'lift': 3.0}, 0.0)) == POSE


def test_motion_begins_slowly_and_is_never_faster_than_the_limit() -> None:
    """A distant target is approached with a velocity from start_velocity up to the limit."""
    gate = active_gate()
    gate.update({'lift': 3.0}, 0.0)

    commands, _ = run(gate, 0.0, 2.5)

    lifts = [1.0, *(command['lift'] for command in commands)]
    steps = [after - before for before, after in zip(lifts, lifts[1:], strict=False)]
    assert steps[0] == pytest.approx(0.5 * PERIOD_S, rel=0.05)
    assert max(steps) <= 2.0 * PERIOD_S + 1e-12
    assert all(
        step <= RAMP.velocity((i + 1) * PERIOD_S) * PERIOD_S + 1e-12
        for i, step in enumerate(steps)
    )
    assert lifts[-1] == 3.0
    assert not gate.is_moving


def test_the_step_after_a_pause_is_small() -> None:
    """The step after a pause is as small as any other."""
    gate = active_gate(BLIND)
    gate.update({'lift': 3.0}, 1.0)

    assert pose_of(gate.update({'lift': 3.0}, 2.4))['lift'] <= 1.0 + 2 * 2.0 * PERIOD_S


def test_a_burst_is_no_faster_than_a_tick() -> None:
    """A burst of 100 updates moves the arm by no more than its duration allows."""
    gate = active_gate()

    poses = [pose_of(gate.update({'lift': 3.0}, 0.001))['lift'] for _ in range(100)]

    assert poses[-1] <= 1.0 + 0.001 * RAMP.velocity(0.001) + 1e-12


def test_commands_stay_inside_the_limits() -> None:
    """A target outside a limit leads to the limit."""
    gate = active_gate()
    gate.update({'pan': 1.5, 'lift': -0.5}, 0.0)

    commands, _ = run(gate, 0.0, 3.0)

    assert commands[-1] == {'pan': 1.0, 'lift': 0.0}


def test_an_arm_outside_its_limits_is_led_back_only() -> None:
    """Motion begins at a position slightly outside a limit, and slowly leads inside."""
    gate = waiting_gate()
    gate.measure({'pan': 1.09, 'lift': 1.0}, 0.0)

    entered = pose_of(gate.update({'pan': 1.05}, 0.0))
    commands, _ = run(gate, 0.0, 2.0, entered)

    pans = [command['pan'] for command in commands]
    assert entered['pan'] == 1.09
    assert pans == sorted(pans, reverse=True)
    assert pans[0] > 1.08
    assert pans[-1] == 1.0


@pytest.mark.parametrize('before', BUILDERS, ids=lambda state: f'from {state.value}')
def test_a_joint_cannot_begin_where_it_cannot_be(before: State) -> None:
    """A joint that is far outside its limits blocks motion, and the cause has the reason."""
    gate = BUILDERS[before]()
    gate.reset(0.0)

    gate.measure({'pan': 1.11, 'lift': 1.0}, 0.01)

    assert gate.update({'pan': 0.5}, 0.02) is None
    assert gate.state is not State.ACTIVE
    assert gate.cause == (
        'pan is outside its limits: measured 1.110 rad, limits [-1, 1]; are joint_states in rad, '
        'and are the limits right?'
    )
    gate.measure({'pan': 0.25}, 0.03)
    assert pose_of(gate.update({'pan': 0.5}, 0.04)) == POSE


def test_nor_can_it_begin_there_without_required_feedback() -> None:
    """Without required feedback, a measured position outside the limits also blocks motion."""
    gate = waiting_gate(BLIND)
    gate.measure({'pan': 45.0, 'lift': 1.0}, 0.01)

    assert gate.update({'pan': 0.5}, 0.02) is None


@pytest.mark.parametrize(
    ('lower', 'upper'),
    [
        pytest.param(0.0, 0.0, id='limits that are not filled in'),
        pytest.param(None, None, id='no limits'),
    ],
)
def test_a_joint_without_a_range_may_be_anywhere(lower: float | None, upper: float | None) -> None:
    """A joint without a range may be measured at any position."""
    gate = waiting_gate()
    gate.set_joints([GateJoint('wheel', lower, upper, RAMP)], 0.0)
    gate.measure({'wheel': 100.0}, 0.0)

    assert gate.update({'wheel': 0.0}, 0.0) == Command((100.0,))


def test_a_limit_that_closes_in_is_kept_without_a_jump() -> None:
    """After a limit was tightened, a joint that is sent again moves inside at its velocity."""
    gate = active_gate()
    gate.set_joints([PAN, replace(LIFT, upper=0.95)], 0.0)
    gate.update({'lift': 1.0}, 0.0)

    commands, _ = run(gate, 0.0, 2.0)

    assert commands[0]['lift'] == pytest.approx(1.0, abs=0.5 * PERIOD_S * 1.1)
    assert commands[-1]['lift'] == 0.95


@pytest.mark.parametrize(
    'upper',
    [
        pytest.param(2.95, id='closer'),
        pytest.param(4.0, id='wider'),
        pytest.param(None, id='none any more'),
    ],
)
def test_other_limits_move_nothing_by_themselves(upper: float | None) -> None:
    """
    New limits alone move nothing.

    Neither do joints move inside the new limits, nor to a target beyond the old ones.
    """
    gate = active_gate()
    gate.update({'lift': 3.5}, 0.0)
    commands, now = run(gate, 0.0, 4.0)
    assert commands[-1]['lift'] == 3.0

    gate.set_joints([PAN, replace(LIFT, upper=upper)], now)
    gate.update({'pan': 0.3}, now)
    commands, _ = run(gate, now, 2.0, {'pan': 0.25, 'lift': 3.0})

    assert {command['lift'] for command in commands} == {3.0}


def test_a_lower_velocity_limit_counts_from_the_next_step() -> None:
    """A lower velocity limit applies from the next step of a motion."""
    gate = active_gate()
    gate.update({'lift': 3.0}, 0.0)
    slow = VelocityRamp(0.5, 0.01, 2.0)

    gate.set_joints([PAN, replace(LIFT, ramp=slow)], 0.0)

    assert pose_of(gate.tick(0.01))['lift'] == pytest.approx(1.0 + 0.01 * PERIOD_S)


def test_a_motion_is_continued_by_ticks_and_ends() -> None:
    """After the last update, ticks continue the motion to the target; then no command follows."""
    gate = active_gate()
    gate.update({'pan': 0.26}, 0.0)
    assert gate.is_moving

    commands, now = run(gate, 0.0, 0.1)

    assert commands[-1]['pan'] == 0.26
    assert not gate.is_moving
    assert gate.tick(now + 0.01) is None


def test_a_joint_that_is_not_sent_stays_in_every_frame() -> None:
    """Each command has all joints in configured order, after partial updates, too."""
    gate = waiting_gate()

    first, second = gate.update({'lift': 1.0}, 0.0), gate.update({'lift': 1.1}, 0.01)

    assert pose_of(first) == POSE
    assert list(pose_of(second)) == ['pan', 'lift']
    assert pose_of(second)['pan'] == 0.25


def test_unknown_joints_are_ignored() -> None:
    """Unknown joint names have no effect."""
    gate = active_gate()

    output = gate.update({'tail': 9.0, 'pan': 0.25}, 0.01)
    gate.measure({'tail': 0.0}, 0.01)

    assert pose_of(output) == POSE


def test_a_joint_that_arrives_late_begins_slowly_too() -> None:
    """A joint that is sent for the first time during a motion also begins slowly."""
    gate = waiting_gate()
    gate.update({'pan': 0.25}, 0.0)
    _, now = run(gate, 0.0, 5.0)

    first = pose_of(gate.update({'pan': -1.0, 'lift': 3.0}, now))
    later = pose_of(gate.tick(now + PERIOD_S))

    assert later['lift'] - first['lift'] == pytest.approx(0.5 * PERIOD_S, rel=0.05)
    assert first['pan'] - later['pan'] == pytest.approx(2.0 * PERIOD_S)


# ----- feedback


def test_feedback_is_required_by_default() -> None:
    """By default nothing ever moves without feedback, and the cause does not suggest to."""
    gate = Gate(GateSettings(), 0.0)
    gate.set_joints([PAN, LIFT], 0.0)
    gate.enable(0.0)
    gate.link_up(60.0)

    assert gate.update(POSE, 60.0) is None
    assert gate.cause.startswith('no joint_states of pan, lift yet')


def test_one_joint_without_feedback_holds_them_all() -> None:
    """One joint without feedback holds all joints."""
    gate = active_gate()

    gate.measure({'pan': 0.25}, 0.4)

    gate.measure({'pan': 0.25}, 0.6)
    assert gate.state is State.HOLDING
    assert gate.cause.startswith('no fresh joint_states of lift')


def test_feedback_that_comes_back_far_away_is_where_motion_begins() -> None:
    """After a gap in the feedback, motion begins at the new measured position."""
    gate = active_gate()
    assert gate.tick(0.6) is None
    assert gate.state is State.HOLDING

    gate.measure({'pan': -0.9, 'lift': 2.9}, 0.7)
    gate.on_server_message(0.7)

    assert pose_of(gate.update({'pan': 0.25}, 0.7)) == {'pan': -0.9, 'lift': 2.9}


@pytest.mark.parametrize('settings', [FED, BLIND], ids=['always', 'never'])
def test_measurements_that_contradict_each_other_freeze_a_motion(settings: GateSettings) -> None:
    """
    Contradictory measurements freeze a motion at once, with each feedback setting.

    Half a second later it may begin again.
    """
    gate = active_gate(settings)
    joints = [replace(j, max_acceleration=5.0, max_measured_velocity=8.0) for j in (PAN, LIFT)]
    gate.set_joints(joints, 0.0)
    gate.measure(POSE, 0.0)
    gate.update({'pan': 1.0, 'lift': 3.0}, 0.0)
    _, now = run(gate, 0.0, 0.2)
    assert gate.is_moving

    gate.measure({'pan': -0.9, 'lift': 1.0}, now + 0.01)

    assert gate.state is State.HOLDING
    assert gate.cause.startswith('joint_states contradict themselves: pan jumped by ')
    assert gate.tick(now + 0.02) is None
    assert not gate.is_moving
    commands, now = run(gate, now + 0.02, 0.6, {'pan': -0.9, 'lift': 1.0})
    assert not commands
    assert pose_of(gate.update({'pan': 1.0}, now)) == {'pan': -0.9, 'lift': 1.0}


def test_without_feedback_the_first_command_is_where_the_caller_asks_for_it() -> None:
    """With ``never``, the first command is the target itself, within the limits."""
    gate = waiting_gate(BLIND)

    assert pose_of(gate.update({'pan': 5.0, 'lift': 2.0}, 0.0)) == {'pan': 1.0, 'lift': 2.0}


@pytest.mark.parametrize('align_to_room', [True, False], ids=['align', 'ignore'])
def test_without_feedback_a_reconnect_causes_no_jump(align_to_room: bool) -> None:
    """With ``never``, motion begins again at the last command. The controller still holds it."""
    gate = active_gate(replace(BLIND, align_to_room=align_to_room))
    gate.link_down('closed', 0.0)
    gate.link_up(0.0)
    gate.on_state_sync({'pan': -1.0, 'lift': 3.0}, 0.0)

    entered = gate.update({'pan': 1.0}, 0.0)
    later = gate.tick(PERIOD_S)

    assert pose_of(entered) == POSE
    assert 0.0 < pose_of(later)['pan'] - 0.25 <= RAMP.velocity(PERIOD_S) * PERIOD_S
    assert pose_of(later)['lift'] == 1.0


@pytest.mark.parametrize(
    ('measured_at', 'begins_at'),
    [
        pytest.param(0.1, -0.5, id='moved by hand since'),
        pytest.param(-0.1, 0.25, id='commanded since'),
    ],
)
def test_without_fresh_feedback_the_newest_knowledge_counts(
    measured_at: float, begins_at: float
) -> None:
    """Without fresh feedback, the newer of last measurement and last command counts."""
    gate = active_gate(BLIND)
    gate.measure({'pan': -0.5}, measured_at)
    gate.stop('button')
    gate.reset(1.0)

    assert pose_of(gate.update({'pan': 1.0}, 1.0)) == {'pan': begins_at, 'lift': 1.0}


def test_a_joint_that_was_ever_measured_ignores_the_remembered_pose() -> None:
    """With ``never``, an old measurement takes precedence over the state of the room."""
    gate = waiting_gate(BLIND)
    gate.measure({'lift': 1.0}, 0.0)
    gate.on_state_sync({'lift': 3.0}, 1.0)

    assert pose_of(gate.update({'pan': 0.5}, 1.0)) == {'pan': 0.5, 'lift': 1.0}


def test_a_gap_in_the_feedback_counts_before_the_measurement_that_ends_it() -> None:
    """
    A gap in the feedback holds the arm before the measurement that ends the gap is used.

    So an arm that was moved in the gap is not pulled back.
    """
    gate = active_gate()
    far = {'pan': -0.9, 'lift': 2.9}

    gate.measure(far, 0.7)
    assert gate.state is State.HOLDING
    assert pose_of(gate.update({'pan': 0.3}, 0.71)) == far


# ----- counters


def test_what_is_held_back_is_counted() -> None:
    """Clamped values and commands reduced by the velocity limit are counted."""
    gate = active_gate()

    gate.update({'pan': 5.0, 'lift': 1.0}, 0.0)
    commands, _ = run(gate, 0.0, 5.0)

    assert gate.clamped == 1
    assert 10 < gate.limited < len(commands) + 2


# ----- producers


@pytest.mark.parametrize('required', [True, False], ids=['required', 'not required'])
def test_rest_commands_prove_no_producer(required: bool) -> None:
    """A REST command does not prove a producer; without one it moves joints only if allowed."""
    gate = waiting_gate(replace(FED, require_producer=required))
    gate.on_server_message(0.0, has_producer=False)

    output = gate.update({'pan': 0.5}, 0.0, from_producer=False)

    assert isinstance(output, Command) is not required


def test_an_update_proves_a_producer() -> None:
    """A live update proves that the room has a producer, if the server does not report it."""
    gate = waiting_gate()
    gate.link_up(0.0)
    gate.on_server_message(0.0, has_producer=None)

    assert isinstance(gate.update({'pan': 0.5}, 0.0), Command)


def test_a_second_producer_takes_over_without_a_jump() -> None:
    """Motion of a second producer begins slowly at the measured position."""
    gate = active_gate()
    _, now = run(gate, 0.0, 3.0)
    gate.on_server_message(now, has_producer=False)
    gate.measure(POSE, now)

    gate.update({'lift': 3.0}, now + 0.01)

    assert gate.state is State.ACTIVE
    later = pose_of(gate.tick(now + 0.02))
    assert later['lift'] - 1.0 <= RAMP.velocity(0.01) * PERIOD_S + 1e-12


# ----- dropped frames


def test_what_was_missed_is_caught_up_with() -> None:
    """After a dropped frame, the state of the room is the target of the live joints."""
    gate = active_gate()

    gate.mark_stale()
    gate.refresh({'pan': 0.5})
    commands, _ = run(gate, 0.0, 2.0)

    assert commands[-1] == {'pan': 0.5, 'lift': 1.0}


def test_a_later_update_outranks_what_the_room_remembers() -> None:
    """An update after the dropped frame takes precedence over the state of the room."""
    gate = active_gate()

    gate.mark_stale()
    gate.update({'pan': 0.3}, 0.0)
    gate.refresh({'pan': -1.0, 'lift': 2.0})
    commands, _ = run(gate, 0.0, 2.0)

    assert commands[-1] == {'pan': 0.3, 'lift': 2.0}


def test_catching_up_moves_no_joint_that_was_not_live() -> None:
    """The state of the room after a dropped frame does not make a joint live."""
    gate = waiting_gate()
    gate.update({'pan': 0.25}, 0.0)

    gate.mark_stale()
    gate.refresh({'pan': 0.25, 'lift': 3.0})

    assert not gate.is_moving


@pytest.mark.parametrize('is_stale', [True, False], ids=['other join', 'nothing missed'])
def test_the_state_of_the_room_is_ignored_without_a_dropped_frame(is_stale: bool) -> None:
    """Without a dropped frame in this session, the state of the room sets no target."""
    gate = active_gate()
    if is_stale:
        gate.mark_stale()
    gate.link_down('closed', 0.0)
    gate.link_up(0.0)
    gate.update({'pan': 0.25}, 0.0)

    gate.refresh({'pan': -1.0, 'lift': 3.0})

    assert gate.state is State.ACTIVE
    assert not gate.is_moving


@pytest.mark.parametrize('bad', [math.nan, math.inf, -math.inf])
def test_an_update_with_a_bad_number_is_dropped_whole(bad: float) -> None:
    """An update with NaN is dropped as a whole, and the live joints become stale."""
    gate = active_gate()

    output = gate.update({'pan': 0.5, 'lift': bad}, 0.01)
    moved = gate.is_moving
    gate.refresh({'pan': 0.5, 'lift': bad})
    commands, _ = run(gate, 0.01, 2.0)

    assert output is None
    assert not moved
    assert commands[-1] == {'pan': 0.5, 'lift': 1.0}


@pytest.mark.parametrize('bad', [math.nan, math.inf, -math.inf])
def test_a_measurement_that_is_no_number_is_none(bad: float) -> None:
    """A joint that is measured at NaN has no fresh feedback."""
    gate = active_gate()

    gate.measure({'pan': bad, 'lift': 1.0}, 0.4)
    gate.on_server_message(0.4)

    gate.measure({'pan': bad, 'lift': 1.0}, 0.6)
    assert gate.state is State.HOLDING
    assert gate.cause == f'no usable joint_states: pan is measured at {bad}: check the driver'


def test_a_remembered_pose_loses_its_bad_numbers() -> None:
    """NaN in the state of the room is ignored."""
    gate = waiting_gate(BLIND)

    gate.on_state_sync({'pan': 0.5, 'lift': math.nan}, 0.0)

    assert gate.update({'pan': 0.5}, 0.0) is None
    assert gate.cause.startswith('position of lift is unknown: neither measured nor sent')


def test_another_producer_is_not_asked_for_what_the_last_one_wanted() -> None:
    """Joints that the new producer does not send stay where they are."""
    gate = active_gate()
    gate.update({'pan': 1.0, 'lift': 3.0}, 0.01)
    gate.on_server_message(0.02, has_producer=False)
    gate.on_server_message(0.03, has_producer=True)
    gate.measure(POSE, 0.03)

    gate.update({'lift': 2.0}, 0.03)
    commands, _ = run(gate, 0.03, 5.0)

    assert commands[-1] == {'pan': 0.25, 'lift': 2.0}


# ----- the stop


def test_nothing_leaves_a_stopped_gate() -> None:
    """After a stop, no event produces a command before the reset."""
    gate = stopped_gate()

    outputs = [happen(gate) for name, happen in EVENTS.items() if name != 'reset']

    assert set(outputs) == {None}
    assert gate.state is State.STOPPED
    assert gate.cause == 'button'


def test_a_stop_that_arrives_three_times_stops_once() -> None:
    """Repeated stops are one transition, with the cause of the first."""
    gate = active_gate()

    for cause in ('button', 'button', 'room'):
        gate.stop(cause)

    assert [change.cause for change in gate.take_transitions()] == ['button']


def test_a_gate_can_begin_stopped() -> None:
    """A new gate begins STOPPED if a stop is latched."""
    gate = Gate(FED, 0.0, stopped='pressed before')

    assert gate.state is State.STOPPED
    assert gate.cause == 'pressed before'


def test_a_reset_moves_nothing() -> None:
    """After a reset, the gate waits for a live update, and begins at the measured position."""
    gate = stopped_gate()
    gate.update({'lift': 3.0}, 0.01)

    gate.reset(0.02)
    assert gate.tick(0.03) is None
    gate.on_server_message(0.04)
    gate.measure(POSE, 0.05)

    assert gate.state is State.WAITING
    assert pose_of(gate.update({'lift': 3.0}, 0.06)) == POSE


def test_after_a_reset_a_joint_moves_only_when_it_is_sent_again() -> None:
    """After a reset, targets from before it move nothing."""
    gate = active_gate()
    gate.update({'pan': 1.0, 'lift': 3.0}, 0.01)
    gate.stop('button')
    gate.update({'pan': -1.0}, 0.02)
    gate.reset(0.03)
    gate.measure(POSE, 0.03)

    gate.update({'lift': 2.0}, 0.03)
    commands, _ = run(gate, 0.03, 5.0)

    assert commands[-1] == {'pan': 0.25, 'lift': 2.0}


def test_after_an_activation_a_joint_moves_only_when_it_is_sent_again() -> None:
    """After an activation, a joint stays where a planner moved it until it is sent again."""
    gate = active_gate()
    gate.update({'pan': 1.0, 'lift': 3.0}, 0.01)
    gate.disable(0.02)
    gate.update({'pan': -1.0}, 0.02)
    gate.measure({'pan': 0.5, 'lift': 2.5}, 0.03)
    gate.enable(0.03)

    gate.update({'lift': 2.0}, 0.03)
    commands, _ = run(gate, 0.03, 5.0, {'pan': 0.5, 'lift': 2.5})

    assert commands[-1] == {'pan': 0.5, 'lift': 2.0}


def test_each_transition_is_reported_with_its_cause() -> None:
    """Each transition is reported once, with its cause."""
    gate = waiting_gate()

    gate.update(POSE, 0.0)
    gate.link_down('closed', 0.0)
    gate.stop('button')
    gate.reset(0.0)

    told: list[tuple[str, str]] = [(t.after.value, t.cause) for t in gate.take_transitions()]
    assert told == [
        ('active', 'live'),
        ('holding', 'closed'),
        ('stopped', 'button'),
        ('waiting', 'reset'),
    ]
    assert gate.take_transitions() == []


# ----- time


def test_time_that_stands_still_moves_nothing() -> None:
    """Ticks at the same time move nothing."""
    gate = active_gate()

    poses: list[Mapping[str, float]] = [pose_of(gate.update({'lift': 3.0}, 0.0))]
    poses += [pose_of(gate.tick(0.0)) for _ in range(1000)]

    assert all(pose == POSE for pose in poses)


def test_time_that_goes_back_a_little_moves_nothing_back() -> None:
    """Times of two threads that arrive in the wrong order have no effect on the motion."""
    gate = active_gate()
    gate.update({'lift': 3.0}, 0.010)

    before, after = gate.tick(0.020), gate.tick(0.019)

    assert after == before
    assert gate.state is State.ACTIVE


@pytest.mark.parametrize(
    ('settings', 'cause'),
    [
        pytest.param(BLIND, 'no message from the server for 1.5 s', id='link'),
        pytest.param(
            replace(FED, link_timeout_s=99.0), 'no fresh joint_states of pan, lift', id='feedback'
        ),
        pytest.param(
            replace(BLIND, link_timeout_s=99.0, command_timeout_s=0.5),
            'no update for 0.5 s',
            id='updates',
        ),
    ],
)
def test_time_that_goes_back_far_makes_nothing_fresh_for_ever(
    settings: GateSettings, cause: str
) -> None:
    """After a large backward clock jump, earlier events count as old."""
    gate = active_gate(settings, now=100.0)

    assert gate.tick(50.0) is None
    assert gate.state is State.HOLDING
    assert gate.cause.startswith(cause)


def test_after_time_went_back_motion_begins_anew() -> None:
    """After a backward clock jump and new messages, the gate becomes active again."""
    gate = active_gate(now=100.0)

    gate.tick(50.0)
    gate.on_server_message(50.0)
    gate.measure(POSE, 50.0)

    assert pose_of(gate.update({'pan': 1.0}, 50.0)) == POSE


def test_another_node_that_commands_the_robot_blocks_commands() -> None:
    """A conflict holds an active gate, and is the cause until it has ended."""
    gate = active_gate()

    gate.on_other_publishers('another node publishes on /joint_commands', 0.1)

    assert gate.state is State.HOLDING
    assert gate.cause == 'another node publishes on /joint_commands'
    gate.on_other_publishers(None, 0.1)
    assert gate.cause != 'another node publishes on /joint_commands'


def test_the_publishers_of_a_contradiction_are_in_the_cause() -> None:
    """The cause of a contradiction has the publishers once they are known."""
    gate = waiting_gate(FED)
    gate.set_joints([replace(PAN, max_measured_velocity=8.0), LIFT], 0.0)
    gate.measure(POSE, 0.0)
    gate.measure({'pan': 0.9}, 0.01)

    gate.note_publishers(['/driver', '/gui'], 0.02)

    assert 'published by /driver, /gui' in str(gate.cause)


def test_a_rejected_measurement_is_in_the_cause() -> None:
    """A message that could not be read is named while no usable one has arrived."""
    gate = waiting_gate(FED)

    gate.refuse_measurement(Unusable('names', 'names and positions differ in length'), 2.0)
    gate.on_server_message(2.0)

    assert 'names and positions differ in length' in str(gate.cause)


def test_the_gate_reports_what_is_enabled_and_measured() -> None:
    """Only a recent position counts as measured; a disabled gate reports it, too."""
    gate = waiting_gate(FED)
    assert gate.is_enabled
    assert gate.measured(0.0) == POSE

    gate.measure({'pan': 0.5}, 1.0)
    gate.disable(1.0)

    assert not gate.is_enabled
    assert gate.measured(1.0) == {'pan': 0.5}


def test_many_messages_make_the_gate_watch_closely() -> None:
    """At a high rate of messages a short pause counts, so the gate has to be called often."""
    gate = waiting_gate(replace(FED, pause_s=1.0))
    assert not gate.watches_closely

    for step in range(1, 1501):
        gate.on_ros_callback(0.002 * step, messages=1)

    assert gate.watches_closely


# ----- cameras

DRIVEN = GateSettings(require_cameras=('front',), max_picture_age_s=0.5)


def test_a_required_camera_has_to_deliver_before_the_arm_moves() -> None:
    """The gate waits for the first picture that a viewer gets, and names the camera."""
    gate = waiting_gate(DRIVEN)
    assert gate.update(POSE, 0.0) is None
    assert 'the camera front' in gate.cause

    gate.note_picture('wrist', 0.0, age_s=0.0)
    assert gate.update(POSE, 0.0) is None

    gate.note_picture('front', 0.0, age_s=0.0)
    assert isinstance(gate.update(POSE, 0.0), Command)


def test_a_frozen_picture_holds_the_arm_until_a_new_one_and_an_update() -> None:
    """A new picture alone moves nothing; it needs a live update, as after any hold."""
    gate = waiting_gate(DRIVEN)
    gate.note_picture('front', 0.0, age_s=0.0)
    gate.update({'pan': 1.0}, 0.0)
    now = 0.0
    while gate.state is State.ACTIVE:
        now += PERIOD_S
        assert now < 0.6
        gate.on_server_message(now)
        gate.measure(POSE, now)
        gate.tick(now)
    assert gate.state is State.HOLDING
    assert 'front is 0.5 s old' in gate.cause
    assert gate.update({'pan': 1.0}, now) is None

    gate.note_picture('front', now, age_s=0.0)
    assert gate.state is State.HOLDING
    assert isinstance(gate.update({'pan': 1.0}, now), Command)


def test_a_picture_that_arrives_old_does_not_help() -> None:
    """A camera that goes on with old pictures holds the arm, too."""
    gate = waiting_gate(DRIVEN)
    gate.note_picture('front', 0.0, age_s=0.6)

    assert gate.update(POSE, 0.0) is None
    assert 'front is 0.6 s old' in gate.cause
