"""The command gate: each transition, each behaviour, and each way to make an arm jump."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
import math

import pytest

from lerobot_arena_ros.control.gate import Command, Gate, State
from lerobot_arena_ros.control.gate_settings import (
    Feedback,
    GateJoint,
    GateSettings,
    StateSyncUse,
)
from lerobot_arena_ros.control.slew import VelocityRamp

RAMP = VelocityRamp(start=0.5, limit=2.0, duration_s=2.0)
PAN = GateJoint('pan', -1.0, 1.0, RAMP)
LIFT = GateJoint('lift', 0.0, 3.0, RAMP)
POSE = {'pan': 0.25, 'lift': 1.0}
"""Where the arm is unless a test says otherwise."""

FED = GateSettings(feedback=Feedback.ALWAYS)
BLIND = GateSettings(feedback=Feedback.NEVER)
AUTO = GateSettings(feedback=Feedback.AUTO, discovery_s=1.0)
PERIOD_S = FED.ramp_period_s


def measure_pose(gate: Gate) -> None:
    """Measure the arm where it is."""
    assert gate.measure(POSE, 0.01) is None


def waiting_gate(settings: GateSettings = FED, now: float = 0.0) -> Gate:
    """Make a gate that needs a live update, and nothing else."""
    gate = Gate(settings, now)
    gate.set_joints([PAN, LIFT], now)
    gate.enable(now)
    gate.link_up(now)
    gate.heard(now, has_producer=True)
    if settings.feedback is not Feedback.NEVER:
        gate.measure(POSE, now)
    gate.take_transitions()
    return gate


def active_gate(settings: GateSettings = FED, now: float = 0.0) -> Gate:
    """Make a gate that has told each joint to stay where it is."""
    gate = waiting_gate(settings, now)
    assert isinstance(gate.update(POSE, now), Command)
    gate.take_transitions()
    return gate


def holding_gate() -> Gate:
    """Make a gate whose producer went and came back."""
    gate = active_gate()
    gate.heard(0.0, has_producer=False)
    gate.heard(0.0, has_producer=True)
    assert gate.state is State.HOLDING
    gate.take_transitions()
    return gate


def stopped_gate() -> Gate:
    """Make a gate that was stopped while it moved."""
    gate = active_gate()
    gate.stop('button')
    gate.take_transitions()
    return gate


def pose_of(output: Command | None) -> dict[str, float]:
    """Read a command as positions by name."""
    assert isinstance(output, Command), output
    return dict(zip(('pan', 'lift'), output.positions, strict=True))


def run(
    gate: Gate, begin: float, seconds: float, pose: Mapping[str, float] = POSE
) -> tuple[list[dict[str, float]], float]:
    """
    Let time pass as in the node: the ramp ticks, and an arm at this pose follows.

    :returns: the commands, and the time after them.
    """
    commands: list[dict[str, float]] = []
    now = begin
    for _ in range(round(seconds / PERIOD_S)):
        now += PERIOD_S
        gate.heard(now)
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

# Those that only note something have no answer.
EVENTS: dict[str, Callable[[Gate], Answer] | Callable[[Gate], None]] = {
    'update': lambda gate: gate.update({'pan': 0.5}, 0.01),
    'REST update': lambda gate: gate.update({'pan': 0.5}, 0.01, from_producer=False),
    'state_sync': lambda gate: gate.remember({'pan': 0.5}, 0.01),
    'tick': lambda gate: gate.tick(0.01),
    'sign of life': lambda gate: gate.heard(0.01),
    'feedback': measure_pose,
    'enable': lambda gate: gate.enable(0.01),
    'publisher seen': lambda gate: gate.expect_feedback(True, 0.01),
    'new limits': lambda gate: gate.set_joints([replace(PAN, upper=0.5), LIFT], 0.01),
    'disable': lambda gate: gate.disable(0.01),
    'link up': lambda gate: gate.link_up(0.01),
    'link down': lambda gate: gate.link_down('closed', 0.01),
    'producer gone': lambda gate: gate.heard(0.01, has_producer=False),
    'feedback too old': lambda gate: gate.tick(0.51),
    'link silent': lambda gate: gate.tick(1.51),
    'range unknown': lambda gate: gate.set_joints([PAN, LIFT], 0.01, unready='range of pan'),
    'other joints': lambda gate: gate.set_joints([PAN], 0.01),
    'stop': lambda gate: gate.stop('button'),
    'reset': lambda gate: gate.reset(0.01),
}
TABLE = {
    # event: where it leads from WAITING, ACTIVE, HOLDING, STOPPED
    'update': (A, A, A, S),
    'REST update': (A, A, A, S),
    'state_sync': (W, A, H, S),
    'tick': (W, A, H, S),
    'sign of life': (W, A, H, S),
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
    """The state after each event, no command on any way out of ACTIVE, one line for the log."""
    gate = BUILDERS[before]()

    output = EVENTS[event](gate)

    after = TABLE[event][list(BUILDERS).index(before)]
    assert gate.state is after
    assert output is None or after is State.ACTIVE
    changes = [(change.before, change.after) for change in gate.take_transitions()]
    assert changes == ([] if before is after else [(before, after)])


# ----- why nothing moves


def test_a_new_gate_waits() -> None:
    """Nothing is known at first, and the cause says what is missing."""
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
        lambda gate: gate.heard(0.0, has_producer=False),
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
def test_the_cause_of_waiting_is_told(case: str) -> None:
    """Whoever asks why the arm stands still is told the root of it."""
    settings, happen, now, cause = OBSTACLES[case]
    gate = waiting_gate(settings)

    happen(gate)
    gate.tick(now)

    assert gate.cause.startswith(cause)
    assert gate.state is State.WAITING


@pytest.mark.parametrize('case', ['silence', 'updates'])
def test_an_update_ends_the_silence(case: str) -> None:
    """What waits for an update is waiting no more when one comes."""
    settings, _, now, _ = OBSTACLES[case]
    gate = waiting_gate(replace(settings, feedback=Feedback.NEVER))

    gate.tick(now)

    assert pose_of(gate.update(POSE, now)) == POSE


def test_a_silence_counts_before_the_update_that_ends_it() -> None:
    """The update after a silence does not command as if there had been none."""
    gate = active_gate(BLIND)

    assert gate.update(POSE, 2.0) is None
    assert gate.state is State.HOLDING
    assert gate.cause.startswith('no message from the server for 1.5 s')
    assert isinstance(gate.update(POSE, 2.1), Command)


def test_a_silence_counts_before_the_answer_that_ends_it() -> None:
    """A heartbeat that is answered too late does not make the silence unheard of."""
    gate = active_gate(BLIND)

    gate.heard(2.0, has_producer=True)

    assert gate.state is State.HOLDING


def test_updates_that_cease_are_a_cause_where_asked_for() -> None:
    """With command_timeout_s a silent producer is one to hold for, though the link lives."""
    gate = active_gate(replace(BLIND, command_timeout_s=0.2))
    gate.heard(0.2, has_producer=True)

    gate.heard(0.25, has_producer=True)
    assert gate.state is State.HOLDING
    assert gate.cause.startswith('no update for 0.2 s')


def test_a_still_operator_is_not_a_silent_link() -> None:
    """Signs of life keep the gate open for hours without one update."""
    gate = active_gate()

    for beat in range(1, 7201):
        gate.measure(POSE, beat * 0.5)
        gate.heard(beat * 0.5, has_producer=True)

    assert gate.state is State.ACTIVE
    assert not gate.take_transitions()


@pytest.mark.parametrize('before', [waiting_gate, active_gate], ids=['waiting', 'active'])
def test_an_obstacle_without_words_is_one(before: Callable[[], Gate]) -> None:
    """A connection that closes without a reason is closed all the same."""
    gate = before()

    gate.link_down('', 0.0)

    assert gate.update(POSE, 0.0) is None
    assert gate.state is not State.ACTIVE


def test_no_joints_are_no_command() -> None:
    """An empty command tells a controller nothing good."""
    gate = active_gate()
    gate.set_joints([], 0.0)

    assert gate.update(POSE, 0.0) is None
    assert gate.cause.startswith('no joints are known')


# ----- joining, and what the room remembers


def test_the_remembered_pose_moves_nothing() -> None:
    """A pose from yesterday is no reason to move, not even after the first live update."""
    gate = waiting_gate()

    assert gate.remember({'pan': -1.0, 'lift': 3.0}, 0.0) is None
    entered = pose_of(gate.update({'pan': 0.5}, 0.0))
    commands, _ = run(gate, 0.0, 3.0)

    assert entered == POSE
    assert {command['lift'] for command in commands} == {1.0}
    assert commands[-1]['pan'] == 0.5


@pytest.mark.parametrize('producer', [True, False], ids=['with producer', 'without'])
def test_the_remembered_pose_is_a_command_where_asked_for(producer: bool) -> None:
    """With command it counts as an update, which proves no producer."""
    gate = waiting_gate(replace(FED, on_state_sync=StateSyncUse.COMMAND))
    gate.heard(0.0, has_producer=producer)

    output = gate.remember({'pan': 0.5}, 0.0)

    assert (gate.state is State.ACTIVE) is producer
    assert isinstance(output, Command) is producer


def test_without_feedback_the_remembered_pose_completes_the_frame() -> None:
    """With never and align, a joint that nobody sent starts where the room remembers it."""
    gate = waiting_gate(BLIND)
    gate.remember({'pan': 0.9, 'lift': 9.0}, 0.0)

    assert pose_of(gate.update({'pan': 0.5}, 0.0)) == {'pan': 0.5, 'lift': 3.0}


def test_a_remembered_pose_that_is_ignored_completes_nothing() -> None:
    """With never and ignore, the gate waits until every joint was sent."""
    gate = waiting_gate(replace(BLIND, on_state_sync=StateSyncUse.IGNORE))
    gate.remember(POSE, 0.0)

    assert gate.update({'pan': 0.5}, 0.0) is None
    assert pose_of(gate.update({'lift': 2.0}, 0.0)) == {'pan': 0.5, 'lift': 2.0}


def test_a_new_join_forgets_what_was_live() -> None:
    """After a reconnect a joint stays put until it arrives in this join."""
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
    """The link's return alone moves nothing, however far the target is."""
    gate = active_gate()
    gate.update({'pan': 1.0, 'lift': 3.0}, 0.01)
    gate.link_down('closed', 0.02)

    gate.link_up(0.03)
    gate.heard(0.04, has_producer=True)

    assert gate.tick(0.05) is None
    assert gate.state is State.HOLDING


def test_a_join_without_a_loss_before_it_begins_anew() -> None:
    """A reconnect that nobody announced lets no joint wander back to where it began."""
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
    """A producer that speaks of no joint of ours asks nothing of this arm."""
    gate = waiting_gate(settings)
    gate.remember(POSE, 0.0)

    assert gate.update(pose, 0.0) is None
    assert gate.cause.startswith('waiting for a live update')


def test_other_joints_begin_anew() -> None:
    """A joint that went and came back moves when it arrives, not to where it was sent before."""
    gate = active_gate()
    gate.update({'lift': 3.0}, 0.0)
    gate.set_joints([PAN], 0.0)
    gate.set_joints([PAN, LIFT], 0.0)

    entered = gate.update({'pan': 0.25}, 0.0)

    assert pose_of(entered) == POSE
    assert not gate.is_moving


# ----- how it moves


def test_motion_begins_at_the_measured_pose() -> None:
    """However far the producer is, the first command is where the arm is."""
    gate = waiting_gate()

    assert pose_of(gate.update({'pan': -1.0, 'lift': 3.0}, 0.0)) == POSE


def test_motion_begins_slowly_and_is_never_faster_than_the_limit() -> None:
    """A teleporting producer is followed from start_velocity up to the limit."""
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


def test_a_silence_buys_no_jump() -> None:
    """After a pause the next step is as small as any."""
    gate = active_gate(BLIND)
    gate.update({'lift': 3.0}, 1.0)

    assert pose_of(gate.update({'lift': 3.0}, 2.4))['lift'] <= 1.0 + 2 * 2.0 * PERIOD_S


def test_a_burst_is_no_faster_than_a_tick() -> None:
    """A hundred updates in one moment move the arm by no more than that moment allows."""
    gate = active_gate()

    poses = [pose_of(gate.update({'lift': 3.0}, 0.001))['lift'] for _ in range(100)]

    assert poses[-1] <= 1.0 + 0.001 * RAMP.velocity(0.001) + 1e-12


def test_commands_stay_inside_the_limits() -> None:
    """A target beyond a limit leads to the limit."""
    gate = active_gate()
    gate.update({'pan': 1.5, 'lift': -0.5}, 0.0)

    commands, _ = run(gate, 0.0, 3.0)

    assert commands[-1] == {'pan': 1.0, 'lift': 0.0}


def test_an_arm_outside_its_limits_is_led_back_only() -> None:
    """A measured start a little beyond a limit is where motion begins; it goes inwards slowly."""
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
    """Motion would begin outside the limits; it is held, and the cause says what is wrong."""
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


@pytest.mark.parametrize('feedback', [Feedback.AUTO, Feedback.NEVER])
def test_nor_can_it_where_feedback_is_not_required(feedback: Feedback) -> None:
    """Motion begins where the joint was measured all the same."""
    gate = waiting_gate(replace(FED, feedback=feedback))
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
    """There is nothing to compare with."""
    gate = waiting_gate()
    gate.set_joints([GateJoint('wheel', lower, upper, RAMP)], 0.0)
    gate.measure({'wheel': 100.0}, 0.0)

    assert gate.update({'wheel': 0.0}, 0.0) == Command((100.0,))


def test_a_limit_that_closes_in_is_kept_without_a_jump() -> None:
    """A new limit brings a joint inside at no more than its velocity, once it is sent again."""
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
    """Neither into the new limits nor to a target that was beyond the old ones."""
    gate = active_gate()
    gate.update({'lift': 3.5}, 0.0)
    commands, now = run(gate, 0.0, 4.0)
    assert commands[-1]['lift'] == 3.0

    gate.set_joints([PAN, replace(LIFT, upper=upper)], now)
    gate.update({'pan': 0.3}, now)
    commands, _ = run(gate, now, 2.0, {'pan': 0.25, 'lift': 3.0})

    assert {command['lift'] for command in commands} == {3.0}


def test_a_lower_velocity_limit_counts_from_the_next_step() -> None:
    """Turning the limit down slows a motion that is under way."""
    gate = active_gate()
    gate.update({'lift': 3.0}, 0.0)
    slow = VelocityRamp(0.5, 0.01, 2.0)

    gate.set_joints([PAN, replace(LIFT, ramp=slow)], 0.0)

    assert pose_of(gate.tick(0.01))['lift'] == pytest.approx(1.0 + 0.01 * PERIOD_S)


def test_a_motion_is_continued_by_ticks_and_ends() -> None:
    """After the last update the arm goes on to its target, and then there is silence."""
    gate = active_gate()
    gate.update({'pan': 0.26}, 0.0)
    assert gate.is_moving

    commands, now = run(gate, 0.0, 0.1)

    assert commands[-1]['pan'] == 0.26
    assert not gate.is_moving
    assert gate.tick(now + 0.01) is None


def test_a_joint_that_nobody_sends_stays_in_every_frame() -> None:
    """Commands are whole frames in configured order, of partial updates."""
    gate = waiting_gate()

    first, second = gate.update({'lift': 1.0}, 0.0), gate.update({'lift': 1.1}, 0.01)

    assert pose_of(first) == POSE
    assert list(pose_of(second)) == ['pan', 'lift']
    assert pose_of(second)['pan'] == 0.25


def test_joints_of_nobody_are_no_matter() -> None:
    """Names that the gate does not have change nothing."""
    gate = active_gate()

    output = gate.update({'tail': 9.0, 'pan': 0.25}, 0.01)
    gate.measure({'tail': 0.0}, 0.01)

    assert pose_of(output) == POSE


def test_a_joint_that_arrives_late_begins_slowly_too() -> None:
    """A joint that is sent for the first time starts as gently as the others did."""
    gate = waiting_gate()
    gate.update({'pan': 0.25}, 0.0)
    _, now = run(gate, 0.0, 5.0)

    first = pose_of(gate.update({'pan': -1.0, 'lift': 3.0}, now))
    later = pose_of(gate.tick(now + PERIOD_S))

    assert later['lift'] - first['lift'] == pytest.approx(0.5 * PERIOD_S, rel=0.05)
    assert first['pan'] - later['pan'] == pytest.approx(2.0 * PERIOD_S)


# ----- feedback


def test_feedback_is_looked_for_before_it_is_done_without() -> None:
    """With auto, the gate gives discovery a second before it moves blindly."""
    gate = waiting_gate(replace(BLIND, feedback=Feedback.NEVER))
    looking = Gate(AUTO, 0.0)
    looking.set_joints([PAN, LIFT], 0.0)
    looking.enable(0.0)
    looking.link_up(0.0)

    assert gate.update(POSE, 0.5) is not None
    assert looking.update(POSE, 0.5) is None
    assert looking.cause == 'looking for publishers of joint_states'
    assert isinstance(looking.update(POSE, 1.0), Command)


def test_feedback_is_required_unless_the_user_says_otherwise() -> None:
    """However long nothing is measured, nothing moves, and the cause never advises to go on so."""
    gate = Gate(GateSettings(), 0.0)
    gate.set_joints([PAN, LIFT], 0.0)
    gate.enable(0.0)
    gate.link_up(60.0)

    assert gate.update(POSE, 60.0) is None
    assert gate.cause.startswith('no joint_states of pan, lift yet')


def test_feedback_is_required_once_it_was_seen() -> None:
    """With auto, a publisher that was there once is missed when it is gone."""
    gate = waiting_gate(AUTO)

    gate.expect_feedback(False, 5.0)
    gate.heard(5.0)

    assert gate.update(POSE, 5.0) is None
    assert gate.cause.startswith('no fresh joint_states of pan, lift')


def test_a_publisher_that_says_nothing_is_waited_for() -> None:
    """With auto, a publisher of joint_states is a promise of feedback."""
    gate = waiting_gate(BLIND)
    promised = Gate(AUTO, 0.0)
    promised.set_joints([PAN, LIFT], 0.0)
    promised.enable(0.0)
    promised.link_up(0.0)
    promised.expect_feedback(True, 0.0)

    assert isinstance(gate.update(POSE, 1.2), Command)
    assert promised.update(POSE, 1.2) is None
    assert promised.cause.startswith('no joint_states of pan, lift yet')


def test_one_joint_without_feedback_holds_them_all() -> None:
    """Half of an arm is not moved."""
    gate = active_gate()

    gate.measure({'pan': 0.25}, 0.4)

    gate.measure({'pan': 0.25}, 0.6)
    assert gate.state is State.HOLDING
    assert gate.cause.startswith('no fresh joint_states of lift')


def test_feedback_that_comes_back_far_away_is_where_motion_begins() -> None:
    """An arm that was moved by hand while nobody looked is followed from where it is."""
    gate = active_gate()
    assert gate.tick(0.6) is None
    assert gate.state is State.HOLDING

    gate.measure({'pan': -0.9, 'lift': 2.9}, 0.7)
    gate.heard(0.7)

    assert pose_of(gate.update({'pan': 0.25}, 0.7)) == {'pan': -0.9, 'lift': 2.9}


@pytest.mark.parametrize('feedback', list(Feedback))
def test_measurements_that_contradict_each_other_freeze_a_motion(feedback: Feedback) -> None:
    """At once and without braking, whatever is required; half a second later it may go on."""
    gate = active_gate(replace(FED, feedback=feedback))
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


@pytest.mark.parametrize('announced', [True, False])
def test_feedback_that_begins_while_moving_is_where_motion_begins_anew(announced: bool) -> None:
    """With auto, an arm that comes up late is not pulled to where the blind commands are."""
    gate = Gate(AUTO, 0.0)
    gate.set_joints([PAN, LIFT], 0.0)
    gate.enable(0.0)
    gate.link_up(0.0)
    gate.update({'pan': 1.0, 'lift': 3.0}, 1.0)
    assert gate.state is State.ACTIVE

    if announced:
        gate.expect_feedback(True, 1.1)
    gate.measure(POSE, 1.1)
    assert gate.tick(1.11) is None
    halted = [change.cause for change in gate.take_transitions() if change.after is State.HOLDING]

    (cause,) = halted
    assert cause.startswith(
        'no joint_states of pan, lift yet' if announced else 'joint_states began to arrive'
    )
    assert pose_of(gate.update({'pan': 1.0}, 1.12)) == POSE


def test_without_feedback_the_first_command_is_where_the_caller_asks_for_it() -> None:
    """With never, nobody knows better; the limits hold all the same."""
    gate = waiting_gate(BLIND)

    assert pose_of(gate.update({'pan': 5.0, 'lift': 2.0}, 0.0)) == {'pan': 1.0, 'lift': 2.0}


@pytest.mark.parametrize('on_state_sync', [StateSyncUse.ALIGN, StateSyncUse.IGNORE])
def test_without_feedback_a_reconnect_buys_no_jump(on_state_sync: StateSyncUse) -> None:
    """With never, motion begins again at the last command, which the controller still holds."""
    gate = active_gate(replace(BLIND, on_state_sync=on_state_sync))
    gate.link_down('closed', 0.0)
    gate.link_up(0.0)
    gate.remember({'pan': -1.0, 'lift': 3.0}, 0.0)

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
    """An old measurement is worth more than an older command, and less than a newer one."""
    gate = active_gate(BLIND)
    gate.measure({'pan': -0.5}, measured_at)
    gate.stop('button')
    gate.reset(1.0)

    assert pose_of(gate.update({'pan': 1.0}, 1.0)) == {'pan': begins_at, 'lift': 1.0}


def test_a_joint_that_was_ever_measured_ignores_the_remembered_pose() -> None:
    """With never, an old measurement says more of a joint than what the room remembers."""
    gate = waiting_gate(BLIND)
    gate.measure({'lift': 1.0}, 0.0)
    gate.remember({'lift': 3.0}, 1.0)

    assert pose_of(gate.update({'pan': 0.5}, 1.0)) == {'pan': 0.5, 'lift': 1.0}


def test_a_gap_in_the_feedback_counts_before_the_measurement_that_ends_it() -> None:
    """An arm that was moved while nobody looked is not pulled back, though now it is measured."""
    gate = active_gate()
    far = {'pan': -0.9, 'lift': 2.9}

    gate.measure(far, 0.7)
    assert gate.state is State.HOLDING
    assert pose_of(gate.update({'pan': 0.3}, 0.71)) == far


# ----- listeners


def seeing_none(now: float = 0.0) -> Gate:
    """Make a gate that moves blindly, for nobody publishes joint_states."""
    gate = Gate(AUTO, now)
    gate.set_joints([PAN, LIFT], now)
    gate.enable(now)
    gate.link_up(now)
    gate.update({'pan': 1.0, 'lift': 3.0}, now + 1.0)
    assert gate.state is State.ACTIVE
    gate.take_transitions()
    return gate


def test_a_new_listener_is_given_time_to_say_where_its_robot_is() -> None:
    """A driver that comes up late is told nothing before its joint_states could be seen."""
    gate = seeing_none()

    gate.look_again(1.1)
    assert gate.state is State.HOLDING
    assert gate.cause == 'looking for publishers of joint_states'
    assert gate.update({'pan': 0.9}, 2.0) is None

    gate.measure(POSE, 2.05)
    assert pose_of(gate.update({'pan': 0.8}, 2.2)) == POSE


def test_without_an_answer_a_new_listener_is_commanded_as_before() -> None:
    """After the time for it, motion goes on from the last command."""
    gate = seeing_none()

    gate.look_again(1.1)

    assert gate.update({'pan': 0.9}, 2.0) is None
    assert pose_of(gate.update({'pan': 0.8}, 2.1)) == {'pan': 1.0, 'lift': 3.0}


def test_a_new_listener_changes_nothing_where_the_robot_is_measured() -> None:
    """A tool that looks on does not disturb a motion that is watched."""
    gate = active_gate(AUTO, now=10.0)

    gate.look_again(10.1)

    assert gate.state is State.ACTIVE


# ----- counters


def test_what_is_held_back_is_counted() -> None:
    """Values beyond a limit, and commands that the velocity limit held back."""
    gate = active_gate()

    gate.update({'pan': 5.0, 'lift': 1.0}, 0.0)
    commands, _ = run(gate, 0.0, 5.0)

    assert gate.clamped == 1
    assert 10 < gate.limited < len(commands) + 2


# ----- producers


@pytest.mark.parametrize('required', [True, False], ids=['required', 'not required'])
def test_rest_commands_prove_no_producer(required: bool) -> None:
    """A command over REST moves a room without a producer only where that is allowed."""
    gate = waiting_gate(replace(FED, require_producer=required))
    gate.heard(0.0, has_producer=False)

    output = gate.update({'pan': 0.5}, 0.0, from_producer=False)

    assert isinstance(output, Command) is not required


def test_an_update_proves_a_producer() -> None:
    """On a server that does not say who is there, a live update does."""
    gate = waiting_gate()
    gate.link_up(0.0)
    gate.heard(0.0, has_producer=None)

    assert isinstance(gate.update({'pan': 0.5}, 0.0), Command)


def test_a_second_producer_takes_over_without_a_jump() -> None:
    """Who comes next is followed from the measured pose, slowly again."""
    gate = active_gate()
    _, now = run(gate, 0.0, 3.0)
    gate.heard(now, has_producer=False)
    gate.measure(POSE, now)

    gate.update({'lift': 3.0}, now + 0.01)

    assert gate.state is State.ACTIVE
    later = pose_of(gate.tick(now + 0.02))
    assert later['lift'] - 1.0 <= RAMP.velocity(0.01) * PERIOD_S + 1e-12


# ----- dropped frames


def test_what_was_missed_is_caught_up_with() -> None:
    """After a dropped frame, what the room remembers of live joints is their target."""
    gate = active_gate()

    gate.spoil()
    gate.refresh({'pan': 0.5})
    commands, _ = run(gate, 0.0, 2.0)

    assert commands[-1] == {'pan': 0.5, 'lift': 1.0}


def test_a_later_update_outranks_what_the_room_remembers() -> None:
    """A joint that arrived after the dropped frame keeps its newer target."""
    gate = active_gate()

    gate.spoil()
    gate.update({'pan': 0.3}, 0.0)
    gate.refresh({'pan': -1.0, 'lift': 2.0})
    commands, _ = run(gate, 0.0, 2.0)

    assert commands[-1] == {'pan': 0.3, 'lift': 2.0}


def test_catching_up_moves_no_joint_that_was_not_live() -> None:
    """A dropped frame makes no joint live that never arrived."""
    gate = waiting_gate()
    gate.update({'pan': 0.25}, 0.0)

    gate.spoil()
    gate.refresh({'pan': 0.25, 'lift': 3.0})

    assert not gate.is_moving


@pytest.mark.parametrize('spoilt', [True, False], ids=['other join', 'nothing missed'])
def test_a_look_at_the_room_that_comes_too_late_says_nothing(spoilt: bool) -> None:
    """Without a dropped frame in this join, what the room remembers is no target."""
    gate = active_gate()
    if spoilt:
        gate.spoil()
    gate.link_down('closed', 0.0)
    gate.link_up(0.0)
    gate.update({'pan': 0.25}, 0.0)

    gate.refresh({'pan': -1.0, 'lift': 3.0})

    assert gate.state is State.ACTIVE
    assert not gate.is_moving


@pytest.mark.parametrize('bad', [math.nan, math.inf, -math.inf])
def test_an_update_with_a_bad_number_is_dropped_whole(bad: float) -> None:
    """NaN moves nothing, in nobody's frame; what the frame said else is asked for."""
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
    """A joint whose sensor says NaN has no fresh feedback."""
    gate = active_gate()

    gate.measure({'pan': bad, 'lift': 1.0}, 0.4)
    gate.heard(0.4)

    gate.measure({'pan': bad, 'lift': 1.0}, 0.6)
    assert gate.state is State.HOLDING
    assert gate.cause == f'no usable joint_states: pan is measured at {bad}: check the driver'


def test_a_remembered_pose_loses_its_bad_numbers() -> None:
    """What the room remembers of a joint as NaN is no position of it."""
    gate = waiting_gate(BLIND)

    gate.remember({'pan': 0.5, 'lift': math.nan}, 0.0)

    assert gate.update({'pan': 0.5}, 0.0) is None
    assert gate.cause.startswith('position of lift is unknown: neither measured nor sent')


def test_another_producer_is_not_asked_for_what_the_last_one_wanted() -> None:
    """Joints that it does not send stay where they are."""
    gate = active_gate()
    gate.update({'pan': 1.0, 'lift': 3.0}, 0.01)
    gate.heard(0.02, has_producer=False)
    gate.heard(0.03, has_producer=True)
    gate.measure(POSE, 0.03)

    gate.update({'lift': 2.0}, 0.03)
    commands, _ = run(gate, 0.03, 5.0)

    assert commands[-1] == {'pan': 0.25, 'lift': 2.0}


# ----- the stop


def test_nothing_leaves_a_stopped_gate() -> None:
    """Whatever happens after a stop, not one command goes out before the reset."""
    gate = stopped_gate()

    outputs = [happen(gate) for name, happen in EVENTS.items() if name != 'reset']

    assert set(outputs) == {None}
    assert gate.state is State.STOPPED
    assert gate.cause == 'button'


def test_a_stop_that_arrives_three_times_stops_once() -> None:
    """The first one is the cause."""
    gate = active_gate()

    for cause in ('button', 'button', 'room'):
        gate.stop(cause)

    assert [change.cause for change in gate.take_transitions()] == ['button']


def test_a_gate_can_begin_stopped() -> None:
    """A stop that is latched outlives a new gate."""
    gate = Gate(FED, 0.0, stopped='pressed before')

    assert gate.state is State.STOPPED
    assert gate.cause == 'pressed before'


def test_a_reset_moves_nothing() -> None:
    """After a reset the gate waits for a live update, and begins at the measured pose."""
    gate = stopped_gate()
    gate.update({'lift': 3.0}, 0.01)

    gate.reset(0.02)
    assert gate.tick(0.03) is None
    gate.heard(0.04)
    gate.measure(POSE, 0.05)

    assert gate.state is State.WAITING
    assert pose_of(gate.update({'lift': 3.0}, 0.06)) == POSE


def test_after_a_reset_a_joint_moves_only_when_it_is_sent_again() -> None:
    """What was sent before the reset, stopped or not, is no reason to move."""
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
    """Where a planner led the arm meanwhile, it stays until the room says otherwise."""
    gate = active_gate()
    gate.update({'pan': 1.0, 'lift': 3.0}, 0.01)
    gate.disable(0.02)
    gate.update({'pan': -1.0}, 0.02)
    gate.measure({'pan': 0.5, 'lift': 2.5}, 0.03)
    gate.enable(0.03)

    gate.update({'lift': 2.0}, 0.03)
    commands, _ = run(gate, 0.03, 5.0, {'pan': 0.5, 'lift': 2.5})

    assert commands[-1] == {'pan': 0.5, 'lift': 2.0}


def test_each_transition_is_told_with_its_cause() -> None:
    """The log can tell the whole story, each line once."""
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
    """Without time there is no motion, however often one looks."""
    gate = active_gate()

    poses: list[Mapping[str, float]] = [pose_of(gate.update({'lift': 3.0}, 0.0))]
    poses += [pose_of(gate.tick(0.0)) for _ in range(1000)]

    assert all(pose == POSE for pose in poses)


def test_time_that_goes_back_a_little_moves_nothing_back() -> None:
    """Two threads that look at the clock in the other order than they come in do no harm."""
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
    """What was heard before the clock was put back is old, not young for as long."""
    gate = active_gate(settings, now=100.0)

    assert gate.tick(50.0) is None
    assert gate.state is State.HOLDING
    assert gate.cause.startswith(cause)


def test_after_time_went_back_motion_begins_anew() -> None:
    """With everything heard anew, the gate opens as after any other silence."""
    gate = active_gate(now=100.0)

    gate.tick(50.0)
    gate.heard(50.0)
    gate.measure(POSE, 50.0)

    assert pose_of(gate.update({'pan': 1.0}, 50.0)) == POSE
