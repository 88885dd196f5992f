# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""
Motion under any order of events: no command is beyond a limit, for any measurements.

The oracle checks only the commands, as a drive sees them: their positions and times. It does not
use how the gate computes them. ``make motion`` generates more events.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
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
from lerobot_arena_ros.control.gate_settings import GateJoint, GateSettings, Halt
from lerobot_arena_ros.control.slew import VelocityRamp

PERIOD_S = GateSettings().ramp_period_s
REST_S = 0.1
"""The time without a command after which an arm is at rest."""

ROUNDING = 1e-9
ARM = (
    GateJoint(
        'pan', -1.0, 1.0, VelocityRamp(0.5, 2.0, 2.0),
        max_acceleration=10.0, max_lead=0.1, stall_s=1.0, max_measured_velocity=8.0,
    ),
    GateJoint(
        'slide', 0.0, 0.3, VelocityRamp(0.05, 0.2, 0.5),
        max_acceleration=1.0, max_lead=0.01, stall_s=1.0, max_measured_velocity=0.8,
    ),
    GateJoint(
        'jaw', -0.2, 2.0, VelocityRamp(3.0, 3.0, 0.0),
        max_acceleration=20.0, max_lead=0.5, max_measured_velocity=12.0,
    ),
    GateJoint(
        'wheel', None, None, VelocityRamp(0.5, 2.0, 0.0),
        max_acceleration=5.0, max_lead=0.1, max_measured_velocity=8.0, is_continuous=True,
    ),
)  # fmt: skip
NAMES = tuple(joint.name for joint in ARM)

pauses = st.sampled_from((0.0, 0.0001, 0.003, PERIOD_S, PERIOD_S, 0.02, 0.09, 0.11, 0.3))
jumps = st.sampled_from((-0.0005, -0.009, -0.3, -2.0, 3600.0))
places = st.one_of(st.sampled_from((0.0, 0.5, -0.5, 1.0, -1.0, 5.0)), st.floats(-3.0, 3.0))
wanted = st.dictionaries(st.sampled_from(NAMES), places, min_size=1, max_size=4)


@dataclass
class Track:
    """
    The commands of one joint, as its drive sees them.

    :param velocity: the mean velocity of the last two commands; None if a motion may have begun
        from rest or continued.
    :param step_s: the time between these two commands that counts.
    :param fastest: the highest possible speed of the joint at the last command.
    """

    position: float
    velocity: float | None
    step_s: float
    fastest: float


class Drive:
    """Checks the commands of all joints against the limits."""

    def __init__(self) -> None:
        self.tracks: dict[str, Track] = {}
        self.at = 0.0

    def take(
        self, joints: Mapping[str, GateJoint], goes: Mapping[str, float], now: float, began: bool
    ) -> None:
        """Check a command; ``began`` is whether a motion begins with it."""
        passed_s = now - self.at
        step_s = min(max(0.0, passed_s), PERIOD_S)
        has_rested = abs(passed_s) > REST_S
        for name, position in goes.items():
            joint, track = joints[name], self.tracks.get(name)
            if track is None:
                self.tracks[name] = Track(position, 0.0, 0.0, joint.ramp.limit)
                continue
            if began and position != track.position:
                # It begins at another position, or continues with another step of its braking.
                goes_on = abs(position - track.position) <= track.fastest * step_s + ROUNDING
                fastest = track.fastest if goes_on else joint.ramp.limit
                velocity = None if goes_on and not has_rested else 0.0
                self.tracks[name] = Track(position, velocity, 0.0, fastest)
                continue
            self._watch_limits(joint, track.position, position)
            if began:
                track.velocity, track.step_s = (0.0 if has_rested else None), 0.0
            else:
                if has_rested:
                    track.velocity, track.step_s = 0.0, 0.0
                self._watch_step(joint, track, position, step_s)
        self.at = now

    def _watch_limits(self, joint: GateJoint, before: float, after: float) -> None:
        if joint.upper is not None:
            assert after <= max(joint.upper, before) + ROUNDING, f'{joint.name} beyond {after}'
        if joint.lower is not None:
            assert after >= min(joint.lower, before) - ROUNDING, f'{joint.name} beyond {after}'

    def _watch_step(self, joint: GateJoint, track: Track, position: float, step_s: float) -> None:
        moved = position - track.position
        if step_s == 0.0:
            assert moved == 0.0, f'{joint.name} moves in no time'
            return
        velocity, before = moved / step_s, track.velocity
        fastest = track.fastest
        if before is not None:
            # The last step may have ended faster than its mean velocity.
            fastest = min(fastest, abs(before) + joint.max_acceleration * track.step_s / 2)
        fastest = max(fastest, joint.ramp.limit)
        if before is None:  # Begun from rest or continued: the lower one counts.
            change = min(abs(velocity), max(0.0, abs(velocity) - fastest))
        else:
            change = abs(velocity - before)
        rounding = 1e-6 + ROUNDING / step_s
        assert abs(velocity) <= fastest + rounding, f'{joint.name} goes {velocity}'
        largest = joint.max_acceleration * (step_s + track.step_s) / 2
        assert change <= largest + rounding, f'{joint.name} accelerates by {change} in {step_s}'
        track.position, track.velocity, track.step_s = position, velocity, step_s
        track.fastest = max(abs(velocity), joint.ramp.limit)


class MotionMachine(RuleBasedStateMachine):
    """A gate with arbitrary updates and measurements, and the drive behind it."""

    seen: Counter[str] = Counter()

    @initialize(on_hold=st.sampled_from(Halt), on_stop=st.sampled_from(Halt))
    def begin(self, on_hold: Halt, on_stop: Halt) -> None:
        """Make a gate that may move."""
        self.now = 1000.0
        self.joints = {joint.name: joint for joint in ARM}
        self.gate = Gate(GateSettings(on_hold=on_hold, on_stop=on_stop), self.now)
        self.drive = Drive()
        self.drive.at = self.now
        self.truth = dict.fromkeys(NAMES, 0.1)
        self.gate.set_joints(ARM, self.now)
        self.gate.enable(self.now)
        self.rejoin()

    def watch(self, call: Callable[[], Command | None]) -> None:
        """Apply an event, and pass the returned command to the drive."""
        before = self.gate.state
        command = call()
        MotionMachine.seen[self.gate.state.value] += 1
        if command is None:
            return
        began = self.gate.state is State.ACTIVE and before is not State.ACTIVE
        MotionMachine.seen['commands'] += 1
        MotionMachine.seen['braking'] += self.gate.state is not State.ACTIVE
        goes = dict(zip(NAMES, command.positions, strict=True))
        assert all(map(math.isfinite, goes.values()))
        self.drive.take(self.joints, goes, self.now, began)

    @invariant()
    def count(self) -> None:
        """Count what was generated."""
        MotionMachine.seen['steps'] += 1

    # ----- time and the arm

    @rule(seconds=pauses)
    def wait(self, seconds: float) -> None:
        """Let time pass, and tick."""
        self.now += seconds
        self.watch(lambda: self.gate.tick(self.now))

    @rule(seconds=jumps)
    def jump(self, seconds: float) -> None:
        """Let the clock jump."""
        self.wait(seconds)

    @rule(ticks=st.integers(1, 60), share=st.sampled_from((0.0, 0.05, 0.3, 1.0)))
    def follow(self, ticks: int, share: float) -> None:
        """Let an arm follow by a share of its lag in each tick, or be blocked."""
        for _ in range(ticks):
            self.now += PERIOD_S
            commanded = self.gate.commanded
            self.truth = {
                name: at + share * (commanded.get(name, at) - at)
                for name, at in self.truth.items()
            }
            self.alive()
            self.measure(dict(self.truth))
            self.watch(lambda: self.gate.tick(self.now))

    @rule(pose=st.dictionaries(st.sampled_from(NAMES), st.floats(-1.2, 1.2), max_size=4))
    def lie(self, pose: dict[str, float]) -> None:
        """Measure joints at wrong positions."""
        self.measure(pose)

    @rule(name=st.sampled_from(NAMES), by=st.sampled_from((0.04, -0.04, 0.2, math.tau)))
    def push(self, name: str, by: float) -> None:
        """Push a joint, or shift its encoder."""
        self.truth[name] += by
        self.measure(dict(self.truth))

    def measure(self, pose: Mapping[str, float]) -> None:
        """Measure the joints at their positions."""

        def take() -> None:
            self.gate.measure(pose, self.now)

        self.watch(take)

    # ----- the room and the user

    def alive(self) -> None:
        """Receive a message of the server."""

        def receive() -> None:
            self.gate.on_server_message(self.now, has_producer=True)

        self.watch(receive)

    @rule(pose=wanted, source=st.sampled_from(('leader', 'leader', 'leader', 'policy', None)))
    def send(self, pose: dict[str, float], source: str | None) -> None:
        """Send a target for joints."""
        self.watch(lambda: self.gate.update(pose, self.now, source=source))

    @rule(pose=st.fixed_dictionaries(dict.fromkeys(NAMES, st.floats(-1.5, 1.5))))
    def work(self, pose: dict[str, float]) -> None:
        """Meet all conditions and send every joint, so that runs contain motion."""
        self.reset()
        self.rejoin()
        for _ in range(60):
            self.now += PERIOD_S
            self.measure(dict(self.truth))
        self.alive()
        self.send(pose, 'leader')
        self.follow(20, 0.3)

    @rule(
        pose=st.fixed_dictionaries(dict.fromkeys(NAMES, st.floats(-1.5, 1.5))),
        ticks=st.integers(1, 20),
        stops=st.booleans(),
    )
    def end(self, pose: dict[str, float], ticks: int, stops: bool) -> None:
        """Lose the link during a motion, or stop it."""
        self.work(pose)
        if stops:
            self.stop()
        else:
            self.watch(lambda: self.gate.link_down('closed', self.now))
        for _ in range(ticks):
            self.now += PERIOD_S
            self.measure(dict(self.truth))
            self.watch(lambda: self.gate.tick(self.now))

    @rule(up=st.sampled_from((1.0, 0.7)), limit=st.sampled_from((0.1, 2.0, 50.0)))
    def change(self, up: float, limit: float) -> None:
        """Change the velocity limit during motion, and sometimes a joint's upper limit."""
        pan = self.joints['pan']
        self.joints['pan'] = replace(pan, upper=up, ramp=replace(pan.ramp, limit=limit))

        def give() -> None:
            self.gate.set_joints(tuple(self.joints.values()), self.now)

        self.watch(give)

    @rule()
    def rejoin(self) -> None:
        """Lose the room and join it again."""

        def join() -> None:
            self.gate.link_down('closed', self.now)
            self.gate.link_up(self.now)

        self.watch(join)
        self.alive()

    @rule()
    def lose_producer(self) -> None:
        """Receive the message that the producer has left."""

        def receive() -> None:
            self.gate.on_server_message(self.now, has_producer=False)

        self.watch(receive)

    @rule()
    def stop(self) -> None:
        """Press the stop button."""

        def press() -> None:
            self.gate.stop('button')

        self.watch(press)

    @rule()
    def reset(self) -> None:
        """Reset the stop."""

        def let_go() -> None:
            self.gate.reset(self.now)

        self.watch(let_go)


def test_no_command_is_beyond_a_limit_whatever_is_measured() -> None:
    """Position, velocity and acceleration stay in their limits for any measurements and times."""
    MotionMachine.seen.clear()

    run_state_machine_as_test(MotionMachine, settings=RUNS)

    assert MotionMachine.seen['steps'] >= STEPS
    # The runs reached every state, and often commanded the arm.
    for what in ('active', 'holding', 'stopped', 'commands', 'braking'):
        assert MotionMachine.seen[what] > STEPS / 100, what
