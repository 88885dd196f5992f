# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""A hand-over of control: how the gate moves from one source of updates to another."""

from __future__ import annotations

from dataclasses import replace
import itertools

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test
import pytest
from support.random_steps import RUNS

from lerobot_arena_ros.control.causes import NO_PRODUCER, NOBODY, RELEASED
from lerobot_arena_ros.control.gate import Command, Gate, State
from lerobot_arena_ros.control.gate_settings import GateJoint, GateSettings, Handover
from lerobot_arena_ros.control.slew import VelocityRamp, rest_position

PERIOD_S = 0.01
ACCELERATION = 10.0
RAMP = VelocityRamp(0.5, 2.0, 0.5)
PAN = GateJoint('pan', -3.0, 3.0, RAMP, max_acceleration=ACCELERATION)
LIFT = replace(PAN, name='lift')
NAMES = ('pan', 'lift')
ROUNDING = 1e-6


class Rig:
    """A gate with two joints that follow exactly, in a room where ``policy`` has control."""

    def __init__(self, **settings: object) -> None:
        self.gate = Gate(replace(GateSettings(), **settings), 0.0)  # type: ignore[arg-type]
        self.now = 0.0
        self.at = dict.fromkeys(NAMES, 0.0)
        self.commands: list[dict[str, float]] = []
        self.gate.set_joints([PAN, LIFT], self.now)
        self.gate.enable(self.now)
        self.join()

    def join(self) -> None:
        """Join the room."""
        self.gate.link_up(self.now)
        self.gate.measure(self.at, self.now)
        self.gate.on_server_message(self.now, has_producer=True, round_trip_s=0.1)
        self.gate.on_control('policy', self.now, number=1)

    def control(self, holder: str | None, number: int = 2) -> None:
        """Report who has control."""
        self.gate.on_control(holder, self.now, number=number)

    def send(self, source: str, pan: float, lift: float | None = None) -> bool:
        """Send targets; return whether a command followed."""
        pose = {'pan': pan} if lift is None else {'pan': pan, 'lift': lift}
        is_producer = source != 'api'
        return self._note(
            self.gate.update(pose, self.now, source=source, from_producer=is_producer)
        )

    def run(self, seconds: float) -> None:
        """Let the arm and the gate run."""
        for _ in range(round(seconds / PERIOD_S)):
            self.now += PERIOD_S
            self.gate.measure(self.at, self.now)
            self.gate.on_server_message(self.now)
            self._note(self.gate.tick(self.now))

    def speeds(self, start: int = 0) -> list[float]:
        """Return the speed of the pan joint between commands, from a command on."""
        pairs = itertools.pairwise(self.commands[start:])
        return [abs(after['pan'] - before['pan']) / PERIOD_S for before, after in pairs]

    def _note(self, command: Command | None) -> bool:
        if command is None:
            return False
        self.at = dict(zip(NAMES, command.positions, strict=True))
        self.gate.measure(self.at, self.now)
        self.commands.append(self.at)
        return True


def moving(**settings: object) -> Rig:
    """Return a rig that the policy moves at full speed."""
    rig = Rig(**settings)
    assert rig.send('policy', 0.0, 0.0)
    rig.send('policy', 2.8)
    rig.run(0.8)
    assert rig.speeds()[-1] > 1.8
    return rig


# ----- a change of the holder


def test_a_change_of_the_holder_brakes_before_the_first_update_of_the_new_one() -> None:
    """The targets of the former holder count no more, and the arm comes to rest."""
    rig = moving()
    at = rig.at['pan']

    rig.control('person')
    rig.run(1.0)

    assert rig.gate.state is State.ACTIVE
    assert rig.at['pan'] == pytest.approx(at + 2.0**2 / (2 * ACCELERATION), abs=0.05)
    assert not rig.gate.is_moving


def test_the_new_holder_is_followed_slowly() -> None:
    """Its motion begins with the start velocity."""
    rig = moving()
    rig.control('person')
    rig.run(0.3)
    start = len(rig.commands)

    rig.send('person', -2.8)
    rig.run(0.1)

    assert 0.3 < max(rig.speeds(start)) < 0.9
    rig.run(3.0)
    assert rig.at['pan'] == -2.8


def test_updates_of_the_new_holder_may_overtake_the_message() -> None:
    """The message discards nothing that the new holder has sent already."""
    rig = moving()

    rig.send('person', -1.0, 0.5)
    rig.control('person')
    rig.run(4.0)

    assert rig.at == {'pan': -1.0, 'lift': 0.5}


def test_a_message_that_only_names_other_drivers_changes_nothing() -> None:
    """With the same number, the source stays the one that has overtaken the next message."""
    rig = moving()
    rig.send('person', -1.0)

    rig.control('policy', number=1)
    rig.run(4.0)

    assert rig.at['pan'] == -1.0


def test_a_holder_that_had_lost_control_meanwhile_is_a_new_one() -> None:
    """If the message about another holder was skipped, its targets are discarded as well."""
    rig = moving()

    rig.control('policy', number=3)
    rig.run(1.0)

    assert rig.at['pan'] < 2.5
    assert not rig.gate.is_moving


def test_a_first_message_after_the_first_update_changes_nothing() -> None:
    """The bridge joins, and the holder is the source that it follows already."""
    rig = Rig()
    rig.gate.link_up(rig.now)
    rig.gate.on_server_message(rig.now, has_producer=True)
    assert rig.send('policy', 0.5)

    rig.control('policy')
    rig.run(2.0)

    assert rig.at['pan'] == 0.5


# ----- nobody has control


def test_nobody_moves_the_arm_while_nobody_has_control() -> None:
    """The arm brakes and holds, also while updates of the former holder arrive."""
    rig = moving()

    rig.control(None)
    rig.run(0.5)

    assert rig.gate.state is State.HOLDING
    assert rig.gate.cause == NOBODY
    assert rig.speeds()[-1] < 0.2
    commands = len(rig.commands)
    for source in ('policy', 'person', 'policy', 'api'):
        assert not rig.send(source, 1.0)
        rig.run(0.1)
    assert len(rig.commands) == commands
    assert rig.gate.cause == NOBODY


def test_without_participants_that_may_drive_the_room_has_no_producer() -> None:
    """The cause is that of a room without the feature."""
    rig = Rig()

    rig.gate.on_control(None, rig.now, number=0, has_drivers=False)

    assert rig.gate.cause == NO_PRODUCER


def test_a_holder_after_nobody_is_followed_from_its_next_update_on() -> None:
    """What was sent while nobody had control moves nothing."""
    rig = moving()
    rig.control(None)
    rig.run(0.5)
    at = rig.at
    rig.send('policy', 1.0)

    rig.control('person', number=3)
    rig.run(0.5)
    assert rig.at == at

    assert rig.send('person', -1.0)
    rig.run(3.0)
    assert rig.at['pan'] == -1.0


def test_a_holder_is_known_as_a_producer_at_once() -> None:
    """The arm does not wait for the next heartbeat."""
    rig = Rig()
    rig.control(None)
    rig.gate.on_server_message(rig.now, has_producer=False)

    rig.control('person', number=3)

    assert rig.send('person', 0.1)


def test_a_timeout_counts_before_the_message_that_ends_it() -> None:
    """A message about control does not undo a silence of the server."""
    rig = moving()

    rig.now += 2.0
    rig.control('person')

    assert rig.gate.state is State.HOLDING


def test_commands_over_rest_need_no_holder_where_they_are_allowed() -> None:
    """With require_producer = false, REST moves the arm while nobody has control."""
    rig = Rig(require_producer=False)
    rig.control(None)

    assert rig.send('api', 1.0)
    rig.control(None, number=4)
    rig.run(1.0)
    assert rig.gate.state is State.ACTIVE


def test_a_participant_without_control_moves_nothing_where_rest_may() -> None:
    """A late update of a former holder ends the motion that REST began."""
    rig = Rig(require_producer=False)
    rig.control(None)
    rig.send('api', 1.0)
    rig.run(0.3)

    assert not rig.send('policy', -1.0)

    assert rig.gate.state is State.HOLDING
    assert rig.gate.cause == NOBODY


def test_a_stop_outlasts_every_change_of_control() -> None:
    """Only a reset ends it, and then an update of the holder has to come."""
    rig = moving()
    rig.gate.stop('button')

    rig.control(None)
    rig.control('person', number=3)
    assert not rig.send('person', 0.0)
    rig.run(0.2)

    assert rig.gate.cause == 'button'
    rig.gate.reset(rig.now)
    rig.run(0.2)
    assert rig.gate.state is State.WAITING


# ----- a release at the robot


def test_a_release_holds_before_the_room_knows_it() -> None:
    """The holder goes on to send, and nothing moves."""
    rig = moving()

    rig.gate.release(rig.now)

    assert rig.gate.state is State.HOLDING
    assert rig.gate.cause == RELEASED
    assert not rig.send('policy', -2.0)
    rig.control(None)
    rig.gate.on_release_answered(rig.now)
    rig.run(1.0)
    assert rig.gate.cause == RELEASED
    rig.control('policy', number=3)
    assert rig.gate.cause.startswith('waiting for a live update')
    assert rig.send('policy', -2.0)


def test_an_activation_does_not_end_a_release() -> None:
    """Nor does a reset."""
    rig = moving()
    rig.gate.release(rig.now)

    rig.gate.disable(rig.now)
    rig.gate.enable(rig.now)
    rig.gate.stop('button')
    rig.gate.reset(rig.now)

    assert rig.gate.cause == RELEASED
    assert not rig.send('policy', 1.0)


# ----- the clutch


def clutched(**settings: object) -> Rig:
    """Return a rig with the clutch, whose joints are at rest at 0 and follow the policy."""
    rig = Rig(on_handover=Handover.HOLD, **settings)
    assert rig.send('policy', 0.05, 0.0)
    rig.run(1.0)
    return rig


def test_the_first_source_has_to_match_as_well() -> None:
    """Nobody has matched before the first motion."""
    rig = Rig(on_handover=Handover.HOLD)

    assert not rig.send('policy', 0.42, 0.2)
    assert rig.gate.cause == (
        'hand-over: bring pan within 0.1 rad of the robot: it is 0.42 rad away'
    )
    assert rig.gate.state is State.WAITING

    assert not rig.send('policy', 0.05)
    assert rig.gate.cause.startswith('hand-over: bring lift')
    assert rig.send('policy', 0.05, -0.05)


def test_all_joints_have_to_match_at_the_same_time() -> None:
    """A joint that was near and left again would move far at the begin of the motion."""
    rig = Rig(on_handover=Handover.HOLD)
    rig.send('policy', 0.0, 2.0)
    rig.send('policy', 2.0)

    assert not rig.send('policy', 2.0, 0.0)
    assert rig.gate.cause.startswith('hand-over: bring pan')


def test_a_source_that_has_matched_may_go_anywhere() -> None:
    """Then it drives as without the clutch."""
    rig = clutched()

    rig.send('policy', 2.0, -2.0)
    rig.run(4.0)

    assert rig.at == {'pan': 2.0, 'lift': -2.0}


def test_an_arm_in_motion_brakes_until_the_new_holder_matches() -> None:
    """The cause changes as the new holder and the arm come nearer."""
    rig = clutched()
    rig.send('policy', 2.8)
    rig.run(0.8)

    rig.control('person')
    assert not rig.send('person', -1.0)
    rig.run(1.0)
    assert rig.gate.state is State.HOLDING
    assert rig.gate.cause.startswith('hand-over: bring pan within 0.1 rad')
    at = rig.at['pan']

    assert rig.send('person', at + 0.09)
    rig.run(1.0)
    assert rig.at['pan'] == at + 0.09


def test_a_new_holder_that_matches_goes_on_without_a_hold() -> None:
    """A hand-over between two leaders at the same pose stops nothing."""
    rig = clutched()

    rig.control('person')
    assert rig.send('person', 0.1, 0.05)

    assert rig.gate.state is State.ACTIVE
    assert all(change.after is not State.HOLDING for change in rig.gate.take_transitions())


def test_a_joint_that_is_sent_later_has_to_match() -> None:
    """Otherwise the arm holds, and all joints have to match again."""
    rig = Rig(on_handover=Handover.HOLD)
    rig.send('policy', 0.0)
    rig.send('policy', 1.0)
    rig.run(0.3)

    assert not rig.send('policy', 1.0, 0.5)
    assert rig.gate.cause.startswith('hand-over: bring lift')
    rig.run(1.0)
    assert not rig.send('policy', 2.0, 0.0)
    assert rig.gate.cause.startswith('hand-over: bring pan')

    assert rig.send('policy', rig.at['pan'], 0.0)


def test_a_joint_that_is_sent_later_may_match_in_motion() -> None:
    """The other joints need not be near any more."""
    rig = Rig(on_handover=Handover.HOLD)
    rig.send('policy', 0.0)
    rig.send('policy', 1.0)

    assert rig.send('policy', 1.0, 0.05)


def stopped(rig: Rig) -> None:
    """Stop and reset."""
    rig.gate.stop('button')
    rig.gate.reset(rig.now)


def restarted(rig: Rig) -> None:
    """Deactivate and activate."""
    rig.gate.disable(rig.now)
    rig.gate.enable(rig.now)


def limited(rig: Rig) -> None:
    """Change the limits of a joint."""
    rig.gate.set_joints([replace(PAN, upper=2.0), LIFT], rig.now)


def absent(rig: Rig) -> None:
    """Let nobody have control for a while."""
    rig.control(None)
    rig.control('policy', number=3)


def gone(rig: Rig) -> None:
    """Let the producer leave and come back, on a server without control."""
    rig.gate.on_server_message(rig.now, has_producer=False)
    rig.gate.on_server_message(rig.now, has_producer=True)


def regained(rig: Rig) -> None:
    """Let the holder lose control and get it again between two messages."""
    rig.control('policy', number=3)


@pytest.mark.parametrize('happen', [stopped, restarted, limited, absent, gone, regained, Rig.join])
def test_the_same_source_has_to_match_again(happen: object) -> None:
    """Wherever targets are discarded the arm may have been moved by hand."""
    rig = clutched()
    assert callable(happen)

    happen(rig)

    assert not rig.send('policy', 1.0, 0.0)
    assert rig.gate.cause.startswith('hand-over: bring pan')
    assert rig.send('policy', rig.at['pan'], 0.0)


def test_a_link_that_was_late_asks_for_no_match() -> None:
    """The same source goes on slowly, as without the clutch."""
    rig = clutched(max_delay_s=0.5)
    rig.gate.on_server_message(rig.now, round_trip_s=0.6)
    assert rig.gate.state is State.HOLDING

    rig.gate.on_server_message(rig.now, round_trip_s=0.1)

    assert rig.send('policy', 1.0)


# ----- any order of events

sources = st.sampled_from(('policy', 'person', 'api'))
positions = st.one_of(st.floats(-2.5, 2.5), st.floats(-0.1, 0.1))


class HandoverMachine(RuleBasedStateMachine):
    """A rig under any order of events, and an oracle that checks its commands."""

    entries = 0
    matches = 0

    @initialize(on_handover=st.sampled_from(Handover))
    def begin(self, on_handover: Handover) -> None:
        """Make the rig."""
        self.rig = Rig(on_handover=on_handover)
        self.is_clutched = on_handover is Handover.HOLD
        self.number = 1
        self.holder: str | None = 'policy'
        self.is_released = False
        self.source: str | None = 'policy'
        self.was = (dict(self.rig.at), dict.fromkeys(NAMES, 0.0))
        self.unmatched()

    def unmatched(self) -> None:
        """Note that no joint has matched, and where each one comes to rest by braking."""
        self.near: set[str] = set()
        at, velocity = self.was
        self.start = at
        # The velocity is the mean one between two commands, so it lags behind.
        change = ACCELERATION * PERIOD_S
        self.bounds = {
            name: [
                rest_position(at[name], velocity[name] + sign * change, ACCELERATION)
                for sign in (-1.0, 1.0)
            ]
            for name in NAMES
        }

    def check(self) -> None:
        """Check the commands since the last call."""
        commands, self.rig.commands = self.rig.commands, []
        for goes in commands:
            at, speeds = self.was
            if goes == at:  # An answer to an update, which takes no time.
                continue
            velocity = {name: (goes[name] - at[name]) / PERIOD_S for name in NAMES}
            for name in NAMES:
                self.check_step(name, at[name], goes[name], velocity[name] - speeds[name])
            self.was = goes, velocity
        HandoverMachine.entries += len(commands)

    def check_step(self, name: str, at: float, to: float, faster: float) -> None:
        """Check one step of a joint."""
        assert abs(to - at) <= RAMP.limit * PERIOD_S + ROUNDING, f'{name} jumps'
        if self.is_clutched and name not in self.near:
            low, high = self.bounds[name]
            low, high = min(low, self.start[name]), max(high, self.start[name])
            assert low - ROUNDING <= to <= high + ROUNDING, f'{name} moves without a match'
        assert abs(faster) <= 2 * ACCELERATION * PERIOD_S + ROUNDING, f'{name} jerks'

    @rule(holder=st.sampled_from(('policy', 'person', None)), is_overtaken=st.booleans())
    def change(self, holder: str | None, is_overtaken: bool) -> None:
        """Change the holder; perhaps its first update arrives before the message."""
        if holder is not None and is_overtaken:
            self.send(holder, 0.0, 0.0)
        is_same = holder == self.holder
        self.number += 1
        self.holder = holder
        if holder is None or is_same or holder != self.source:
            self.source = holder
            self.unmatched()
        self.rig.control(holder, self.number)
        if holder is not None:
            self.is_released = False
        self.check()

    @rule()
    def release(self) -> None:
        """Release control at the robot."""
        self.unmatched()
        self.is_released = True
        self.rig.gate.release(self.rig.now)
        self.rig.gate.on_release_answered(self.rig.now)
        self.check()

    @rule(source=sources, pan=positions, lift=st.one_of(st.none(), positions))
    def send(self, source: str, pan: float, lift: float | None) -> None:
        """Send an update near the arm, or far from it."""
        at = self.rig.at
        if source != self.source:
            self.source = source
            self.unmatched()
        sent = {'pan': pan} if lift is None else {'pan': pan, 'lift': lift}
        new = {name for name in sent if name not in self.near}
        near = {name for name in new if abs(sent[name] - at[name]) <= PAN.handover_tolerance}
        self.near |= near
        HandoverMachine.matches += len(near)
        is_followed = self.rig.send(source, pan, lift)
        assert not (is_followed and (self.holder is None or self.is_released))
        self.check()

    @rule(source=sources, pan=st.floats(-0.09, 0.09), lift=st.floats(-0.09, 0.09))
    def approach(self, source: str, pan: float, lift: float) -> None:
        """Send an update that matches, and let the arm follow it."""
        at = self.rig.at
        self.send(source, at['pan'] + pan, at['lift'] + lift)
        self.run(5)

    @rule(pan=positions, lift=positions)
    def lead(self, pan: float, lift: float) -> None:
        """Let the holder match, and go far away."""
        if self.holder is not None:
            self.run(40)
            self.approach(self.holder, 0.0, 0.0)
            self.send(self.holder, pan, lift)
            self.run(30)

    @rule(pan=positions, lift=positions)
    def lose(self, pan: float, lift: float) -> None:
        """Drop a frame, and use the state of the room instead."""
        values, at = {'pan': pan, 'lift': lift}, self.rig.at
        self.near |= {n for n in NAMES if abs(values[n] - at[n]) <= PAN.handover_tolerance}
        self.rig.gate.mark_stale()
        self.rig.gate.refresh(values)
        self.run(2)

    @rule()
    def activate(self) -> None:
        """Deactivate and activate the bridge."""
        self.rig.gate.disable(self.rig.now)
        self.was = self.rig.at, dict.fromkeys(NAMES, 0.0)
        self.unmatched()
        self.rig.gate.enable(self.rig.now)
        self.check()

    @rule()
    def stop(self) -> None:
        """Stop and reset."""
        self.rig.gate.stop('button')
        self.was = self.rig.at, dict.fromkeys(NAMES, 0.0)
        self.unmatched()
        self.rig.gate.reset(self.rig.now)

    @rule()
    def rejoin(self) -> None:
        """Lose the room and join it again."""
        self.unmatched()
        self.rig.join()
        self.holder, self.number, self.source = 'policy', 1, 'policy'
        self.is_released = False  # It ends unless the number is still the same.
        self.check()

    @rule(ticks=st.integers(1, 40))
    def run(self, ticks: int) -> None:
        """Let time pass."""
        for _ in range(ticks):
            commands = len(self.rig.commands)
            self.rig.run(PERIOD_S)
            if len(self.rig.commands) == commands:
                self.was = self.rig.at, dict.fromkeys(NAMES, 0.0)
            self.check()


def test_no_order_of_handovers_makes_the_arm_jump() -> None:
    """
    No order of events around a hand-over makes the arm jump.

    Velocity and acceleration stay within the limits. With the clutch, a joint goes no further than
    braking takes it, before its source was near it. Nothing moves while nobody has control.
    """
    HandoverMachine.entries = HandoverMachine.matches = 0

    run_state_machine_as_test(HandoverMachine, settings=RUNS)

    assert HandoverMachine.entries > 500
    assert HandoverMachine.matches > 50
