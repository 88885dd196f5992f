# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""The command gate under any order of events: the safety properties for a person near the arm."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
import math

from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)
from support.random_steps import RUNS, STEPS

from lerobot_arena_ros.control.gate import Command, Gate, State
from lerobot_arena_ros.control.gate_settings import (
    GateJoint,
    GateSettings,
)
from lerobot_arena_ros.control.slew import VelocityRamp, clamp

JOINTS = (
    GateJoint('pan', -1.0, 1.0, VelocityRamp(0.5, 2.0, 2.0)),
    GateJoint('lift', -1.4, None, VelocityRamp(0.05, 0.2, 0.5)),
    GateJoint('wheel', None, None, VelocityRamp(0.5, 2.0, 0.0)),
)
NAMES = tuple(joint.name for joint in JOINTS)
PERIOD_S = GateSettings().ramp_period_s
ROUNDING = 1e-9

names = st.sampled_from((*NAMES, 'tail'))
positions = st.one_of(
    st.sampled_from((0.0, 0.5, -0.5, 1.0, -1.0, 2.0, 100.0)),
    st.floats(-3.0, 3.0),
    st.sampled_from((1e300, -1e300, math.nan, math.inf, -math.inf)),
)
poses = st.dictionaries(names, positions, max_size=3)
pauses = st.sampled_from((0.0, 0.0001, 0.003, PERIOD_S, 0.02, 0.3, 0.49, 0.6, 1.4, 1.6, 60.0))
jumps = st.sampled_from((-0.0005, -0.009, -0.3, -2.0, -1e5, 1e5))


def is_sound(pose: Mapping[str, float]) -> bool:
    """Return whether all positions of a pose are finite."""
    return all(math.isfinite(position) for position in pose.values())


def reach(joints: Iterable[GateJoint]) -> list[tuple[str, float | None, float | None]]:
    """Return the properties whose change discards the targets: names, order and limits."""
    return [(joint.name, joint.lower, joint.upper) for joint in joints]


def can_be_at(joint: GateJoint, position: float) -> bool:
    """Return whether a joint is inside its limits, or outside by at most the tolerance."""
    outside = abs(position - clamp(position, joint.lower, joint.upper))
    return outside <= joint.limit_tolerance + ROUNDING


class GateMachine(RuleBasedStateMachine):
    """A gate, a clock, and an oracle that records the events and checks the commands."""

    seen: Counter[str] = Counter()
    """The counts over all runs, to check that they reached every state."""

    @initialize(
        require_feedback=st.booleans(),
        align_to_room=st.booleans(),
        require_producer=st.booleans(),
        command_timeout_s=st.sampled_from((0.0, 0.0, 0.3)),
        stopped=st.sampled_from((None, None, None, 'stopped before')),
    )
    def begin(
        self,
        require_feedback: bool,
        align_to_room: bool,
        require_producer: bool,
        command_timeout_s: float,
        stopped: str | None,
    ) -> None:
        """Make the gate and the state of the oracle."""
        self.now = 1000.0
        self.settings = GateSettings(
            require_feedback=require_feedback,
            align_to_room=align_to_room,
            require_producer=require_producer,
            command_timeout_s=command_timeout_s,
        )
        self.gate = Gate(self.settings, self.now, stopped=stopped)
        self.joints: dict[str, GateJoint] = {}
        self.is_stopped = stopped is not None
        self.is_enabled = self.is_linked = False
        self.is_ready = True
        self.has_producer: bool | None = None
        self.heard_at = self.now
        self.measured: dict[str, tuple[float, float]] = {}
        self.sent: dict[str, list[float]] = {}
        self.stale: set[str] = set()
        self.commanded: dict[str, float] = {}
        self.commanded_at = self.now
        self.began_at: dict[str, float] = {}
        self.give_joints(JOINTS)
        self.enable()
        self.join()
        self.answer(True)

    # ----- the oracle

    @invariant()
    def count(self) -> None:
        """Count what was generated."""
        GateMachine.seen['steps'] += 1

    def watch(self, call: Callable[[], Command | None], *, may_enter: bool = False) -> None:
        """Apply an event to the gate, and check what it returns."""
        before, late = self.gate.state, self.missing()
        command = call()
        after = self.gate.state
        GateMachine.seen[after.value] += 1

        assert (after is State.STOPPED) is self.is_stopped
        if before is State.ACTIVE and late:
            assert after is not State.ACTIVE, f'it continued in spite of {late}'
        if before is not State.ACTIVE and after is State.ACTIVE:
            assert may_enter, 'it began to move without a live update'
            assert command is not None
        if command is not None:
            assert after is State.ACTIVE, 'a command left outside ACTIVE'
            assert not self.missing(), f'a command left in spite of {self.missing()}'
            self.watch_command(command, is_first=before is not State.ACTIVE)

    def missing(self) -> list[str]:
        """Return the reasons why the gate must not return a command."""
        reasons = {
            'a latched stop': self.is_stopped,
            'inactivity': not self.is_enabled,
            'no link': not self.is_linked,
            'joints that are not known': not self.is_ready or not self.joints,
            'silence': abs(self.now - self.heard_at) > self.settings.link_timeout_s,
            'no producer': self.settings.require_producer and not self.has_producer,
            'no feedback': self.settings.require_feedback
            and any(self.fresh(n) is None for n in self.joints),
            'a joint that cannot be there': any(
                (position := self.fresh(joint.name)) is not None and not can_be_at(joint, position)
                for joint in self.joints.values()
            ),
        }
        return [reason for reason, holds in reasons.items() if holds]

    def fresh(self, name: str) -> float | None:
        """Return the measured position of a joint while it counts."""
        position, at = self.measured.get(name, (math.nan, math.inf))
        return position if abs(self.now - at) <= self.settings.max_feedback_age_s else None

    def watch_command(self, command: Command, *, is_first: bool) -> None:
        """Check a command."""
        GateMachine.seen['commands'] += 1
        assert len(command.positions) == len(self.joints)
        goes = dict(zip(self.joints, command.positions, strict=True))
        assert is_sound(goes)
        if is_first:
            GateMachine.seen['entries'] += 1
            self.began_at = dict.fromkeys(goes, self.now)
            for name, position in goes.items():
                self.watch_beginning(self.joints[name], position)
        else:
            for name, position in goes.items():
                self.watch_step(self.joints[name], position)
        self.commanded = goes
        self.commanded_at = self.now

    def watch_beginning(self, joint: GateJoint, position: float) -> None:
        """Check that a motion begins at the best known position of each joint."""
        known = [self.fresh(joint.name)]
        if known == [None]:
            known = [self.commanded.get(joint.name), self.measured.get(joint.name, (None,))[0]]
        if known != [None, None]:
            assert position in known, f'{joint.name} jumps'
        else:
            assert position == clamp(position, joint.lower, joint.upper)

    def watch_step(self, joint: GateJoint, position: float) -> None:
        """Check that a step is small, leads to a sent target, and stays in the limits."""
        begin = self.commanded[joint.name]
        passed_s = min(max(0.0, self.now - self.commanded_at), PERIOD_S)
        velocity = joint.ramp.velocity(self.now - self.began_at[joint.name])
        assert abs(position - begin) <= velocity * passed_s + ROUNDING, f'{joint.name} jumps'
        if position == begin:
            return
        GateMachine.seen['moves'] += 1
        assert self.sent.get(joint.name), f'{joint.name} moves although no participant sent it'
        targets = [clamp(target, joint.lower, joint.upper) for target in self.sent[joint.name]]
        assert min(begin, *targets) <= position <= max(begin, *targets), f'{joint.name} flees'

    def note_sent(self, pose: Mapping[str, float]) -> None:
        """Record the targets of joints in this session."""
        for name, position in pose.items():
            if name not in self.sent:
                self.began_at[name] = self.now
            self.sent.setdefault(name, []).append(position)

    # ----- time

    @rule(seconds=pauses, look=st.booleans())
    def wait(self, seconds: float, look: bool) -> None:
        """Let time pass, with or without a tick."""
        self.now += seconds
        if look:
            self.watch(lambda: self.gate.tick(self.now))

    @rule(seconds=jumps, look=st.booleans())
    def jump(self, seconds: float, look: bool) -> None:
        """Let the clock jump forward or backward."""
        self.wait(seconds, look)

    @rule(ticks=st.integers(1, 60))
    def follow(self, ticks: int) -> None:
        """Let the arm follow its commands for a while, with all conditions met."""
        for _ in range(ticks):
            self.now += PERIOD_S
            self.answer(None)
            if self.settings.require_feedback:
                self.measure(dict(self.commanded))
            self.watch(lambda: self.gate.tick(self.now))

    # ----- the room

    @rule()
    def join(self) -> None:
        """Join the room, for the first time or again."""

        def link_up() -> None:
            self.is_linked, self.has_producer, self.heard_at = True, None, self.now
            self.sent, self.stale = {}, set()
            self.gate.link_up(self.now)

        self.watch(link_up)

    @rule(cause=st.sampled_from(('closed', '')))
    def lose(self, cause: str) -> None:
        """Lose the link."""
        self.watch(lambda: self.gate.link_down(cause, self.now))
        self.is_linked = False

    @rule()
    def rejoin(self) -> None:
        """Lose the link and join again."""
        self.lose('closed')
        self.join()
        self.answer(True)

    @rule(has_producer=st.sampled_from((None, True, False)))
    def answer(self, has_producer: bool | None) -> None:
        """Receive a message of the server that may report the producer."""

        def receive() -> None:
            self.gate.on_server_message(self.now, has_producer=has_producer)
            self.heard_at = self.now
            if has_producer is not None:
                self.has_producer = has_producer
            if has_producer is False and self.gate.state is not State.ACTIVE:
                self.sent, self.stale = {}, set()

        self.watch(receive)

    @rule(pose=poses, from_producer=st.booleans())
    def update(self, pose: dict[str, float], from_producer: bool) -> None:
        """Receive an update, perhaps with an invalid number."""

        def take() -> Command | None:
            if is_sound(pose):
                self.note_sent(pose)
                self.stale -= pose.keys()
                self.heard_at = self.now
                self.has_producer = self.has_producer or from_producer
            else:
                self.stale |= self.sent.keys()
            return self.gate.update(pose, self.now, from_producer=from_producer)

        is_ours = is_sound(pose) and any(name in self.joints for name in pose)
        self.watch(take, may_enter=is_ours)

    @rule(position=st.floats(-1.5, 1.5), from_producer=st.booleans())
    def update_all(self, position: float, from_producer: bool) -> None:
        """Receive an update of every joint."""
        self.update(dict.fromkeys(NAMES, position), from_producer)

    @rule(pose=poses)
    def remember(self, pose: dict[str, float]) -> None:
        """Receive the state of the room at the join."""
        self.watch(lambda: self.gate.on_state_sync(pose, self.now))

    @rule()
    def mark_stale(self) -> None:
        """Drop a frame."""
        self.stale |= self.sent.keys()
        self.gate.mark_stale()

    @rule(pose=poses, position=st.floats(-1.5, 1.5))
    def refresh(self, pose: dict[str, float], position: float) -> None:
        """Read the state of the room, perhaps with invalid numbers."""
        pose = {**dict.fromkeys(NAMES, position), **pose}
        self.note_sent({n: p for n, p in pose.items() if n in self.stale and math.isfinite(p)})
        self.stale = set()
        self.gate.refresh(pose)
        self.watch(lambda: self.gate.tick(self.now))

    # ----- the robot

    @rule(pose=poses)
    def measure(self, pose: dict[str, float]) -> None:
        """Measure some joints at any position."""

        def take() -> None:
            for name, position in pose.items():
                if math.isfinite(position):
                    self.measured[name] = (position, self.now)
            self.gate.measure(pose, self.now)

        self.watch(take)

    @rule(position=st.floats(-1.5, 1.5))
    def measure_all(self, position: float) -> None:
        """Measure every joint at some position."""
        self.measure(dict.fromkeys(NAMES, position))

    @rule(expected=st.booleans())
    def expect(self, expected: bool) -> None:
        """Add or remove a publisher of joint_states."""
        topic = None if expected else '/joint_states'
        self.watch(lambda: self.gate.note_publishers((), self.now, silent_topic=topic))

    @rule(
        joints=st.sampled_from((JOINTS, JOINTS, JOINTS[::-1], JOINTS[:2], ())),
        upper=st.sampled_from((1.0, 0.3, -0.9)),
        limit=st.sampled_from((2.0, 0.01, 10.0)),
    )
    def change(self, joints: tuple[GateJoint, ...], upper: float, limit: float) -> None:
        """Change limits during motion, or the set of joints."""
        self.give_joints(
            tuple(
                replace(
                    joint,
                    upper=None if joint.upper is None else upper,
                    ramp=replace(joint.ramp, limit=limit),
                )
                for joint in joints
            )
        )

    @rule(unready=st.sampled_from(('range unknown', '')))
    def unknow(self, unready: str) -> None:
        """Make the joints unknown for a while."""
        self.give_joints(tuple(self.joints.values()), unready)
        self.give_joints(tuple(self.joints.values()))

    def give_joints(self, joints: tuple[GateJoint, ...], unready: str | None = None) -> None:
        """Set the joints of the gate."""

        def give() -> None:
            if reach(joints) != reach(self.joints.values()):
                self.sent, self.stale = {}, set()
            self.joints = {joint.name: joint for joint in joints}
            self.is_ready = unready is None
            self.gate.set_joints(joints, self.now, unready=unready)

        self.watch(give)

    # ----- the user

    @rule()
    def enable(self) -> None:
        """Activate the node."""
        if not self.is_enabled:
            self.sent, self.stale = {}, set()
        self.is_enabled = True
        self.watch(lambda: self.gate.enable(self.now))

    @rule()
    def disable(self) -> None:
        """Deactivate the node."""
        self.is_enabled = False
        self.watch(lambda: self.gate.disable(self.now))

    @rule()
    def stop(self) -> None:
        """Press the stop button."""
        self.is_stopped = True
        self.watch(lambda: self.gate.stop('button'))

    @rule()
    def reset(self) -> None:
        """Reset the stop."""
        if self.is_stopped:
            self.sent, self.stale = {}, set()
        self.is_stopped = False
        self.watch(lambda: self.gate.reset(self.now))

    @rule(
        measured=st.one_of(st.none(), st.floats(-1.5, 1.5)),
        wanted=st.floats(-1.5, 1.5),
        who=st.sampled_from((NAMES, NAMES, NAMES[:1])),
    )
    def work(self, measured: float | None, wanted: float, who: tuple[str, ...]) -> None:
        """Meet all conditions and send a target, so that runs are not spent waiting."""
        self.reset()
        self.enable()
        self.rejoin()
        if measured is not None:
            self.measure_all(measured)
        self.update(dict.fromkeys(who, wanted), True)
        self.follow(5)

    @rule(measured=st.floats(-1.5, 1.5), seconds=st.sampled_from((0.3, 0.6, 1.4, 1.6, -0.6, -9.0)))
    def doze(self, measured: float, seconds: float) -> None:
        """Send a target, and do not tick for a while."""
        self.work(measured, 0.0, NAMES)
        self.now += seconds


def test_no_order_of_events_makes_the_arm_jump() -> None:
    """
    No order of events makes the arm jump.

    Commands are returned only in ACTIVE; after a stop, none is returned before the reset. Between
    two commands, no joint moves more than velocity x min(dt, ramp period), or outside its current
    limits. A joint moves only after an update for it in this session, since the reset or the
    activation.
    """
    GateMachine.seen.clear()

    run_state_machine_as_test(GateMachine, settings=RUNS)

    assert GateMachine.seen['steps'] >= STEPS
    # The runs reached every state, and often moved the arm.
    for what in ('waiting', 'active', 'holding', 'stopped', 'entries', 'moves'):
        assert GateMachine.seen[what] > 50, what
