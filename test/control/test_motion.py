# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""Motion with simulated arms: fast, slow, blocked, and without power."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
import itertools
import math

import pytest

from lerobot_arena_ros.control.gate import Gate, State
from lerobot_arena_ros.control.gate_settings import GateJoint, GateSettings, Halt
from lerobot_arena_ros.control.joint_map import Joint
from lerobot_arena_ros.control.motion import leash
from lerobot_arena_ros.control.slew import VelocityRamp, limited_step, rest_position
from lerobot_arena_ros.control.units import Unit
from lerobot_arena_ros.nodes.settings.bridge_settings import CommonLimits

PERIOD_S = 0.01
PAN = GateJoint(
    'pan',
    -2.0,
    2.0,
    VelocityRamp(0.5, 2.0, 0.5),
    max_acceleration=10.0,
    max_lead=0.1,
    lead_time_s=0.15,
    stall_s=1.0,
    max_measured_velocity=8.0,
)
LARGEST_LEAD = PAN.max_lead + (PAN.lead_time_s + 2 * PERIOD_S) * PAN.ramp.limit
"""The leash relative to the last measurement, which is up to two periods old."""

ROUNDING = 1e-9

Servo = Callable[[float, float], float]
"""Returns the position of a joint after one period, from its position and its command."""


def lag(seconds: float, fastest: float = 10.0) -> Servo:
    """Return a servo that lags behind and has a maximum speed."""

    def move(at: float, commanded: float) -> float:
        moved = (commanded - at) * min(1.0, PERIOD_S / seconds)
        return at + max(-fastest * PERIOD_S, min(fastest * PERIOD_S, moved))

    return move


def blocked(at: float, commanded: float) -> float:
    """Return the same position: the joint does not move."""
    return at


class Rig:
    """A gate and one joint."""

    def __init__(self, servo: Servo, joint: GateJoint = PAN, *, at: float = 0.0) -> None:
        self.servo, self.at, self.now = servo, at, 1000.0
        self.commands: list[float] = []
        self.times: list[float] = []
        self.joint = joint
        self.begin(joint)

    def begin(
        self, joint: GateJoint, *, on_hold: Halt = Halt.BRAKE, on_stop: Halt = Halt.FREEZE
    ) -> None:
        """Make the gate."""
        self.gate = Gate(GateSettings(on_hold=on_hold, on_stop=on_stop), self.now)
        self.gate.set_joints([joint], self.now)
        self.gate.enable(self.now)
        self.gate.link_up(self.now)
        self.gate.on_server_message(self.now, has_producer=True)
        self.gate.measure({'pan': self.at}, self.now)

    def send(self, position: float, source: str = 'leader') -> None:
        """Send a target for the joint."""
        self._note(self.gate.update({'pan': position}, self.now, source=source))

    def run(self, seconds: float, *, is_linked: bool = True) -> None:
        """Let the arm and the gate run."""
        for _ in range(round(seconds / PERIOD_S)):
            self.now += PERIOD_S
            self.at = self.servo(self.at, self.commands[-1] if self.commands else self.at)
            self.gate.measure({'pan': self.at}, self.now)
            if is_linked:
                self.gate.on_server_message(self.now, has_producer=True)
            self._note(self.gate.tick(self.now))

    def _note(self, command: object) -> None:
        positions = getattr(command, 'positions', None)
        if positions is not None:
            self.commands.append(positions[0])
            self.times.append(self.now)

    def velocities(self, start: int = 0) -> list[float]:
        """Return the velocities between commands, without commands that answer an update."""
        track = list(zip(self.times, self.commands, strict=True))[start:]
        return [
            (after - before) / (late - early)
            for (early, before), (late, after) in itertools.pairwise(track)
            if late > early
        ]

    @property
    def lead(self) -> float:
        """Return how far the command is ahead of the joint."""
        return abs(self.commands[-1] - self.at)


def moving(servo: Servo, joint: GateJoint = PAN, **options: Halt) -> Rig:
    """Return a rig in the middle of a long motion."""
    rig = Rig(servo, joint)
    rig.begin(joint, **options)
    rig.send(1.8)
    rig.run(0.6)
    assert rig.gate.state is State.ACTIVE
    return rig


@pytest.mark.parametrize('target', [0.001, 0.05, 1.0, 2.0, -1.7])
@pytest.mark.parametrize(
    'servo', [lag(0.03), lag(0.08), lag(0.05, 0.5)], ids=['quick', 'lagging', 'slow']
)
def test_a_target_is_reached_and_not_overshot(servo: Servo, target: float) -> None:
    """The command ends exactly at the target, without overshoot."""
    rig = Rig(servo)

    rig.send(target)
    rig.run(8.0)

    assert rig.commands[-1] == target
    assert abs(rig.at - target) < 0.001
    assert all(abs(command) <= abs(target) + ROUNDING for command in rig.commands)
    steps = [b - a for a, b in itertools.pairwise(rig.commands)]
    assert all(step * target >= -ROUNDING for step in steps)


def test_a_fast_arm_is_not_slowed_down_by_its_leash() -> None:
    """An arm with a lag of 60 ms moves at its full velocity."""
    rig = moving(lag(0.06))

    assert rig.gate.is_moving
    assert (rig.commands[-1] - rig.commands[-2]) / PERIOD_S == pytest.approx(2.0, abs=0.3)


@pytest.mark.parametrize('servo', [lag(0.03), lag(0.1), lag(0.05, 0.5), lag(0.05, 0.1), blocked])
def test_after_a_stop_no_joint_travels_further_than_its_leash(servo: Servo) -> None:
    """After a stop, no joint moves further than its leash, even if it is slow (B1)."""
    rig = moving(servo)
    stopped_at = rig.at

    rig.gate.stop('button')
    commands = len(rig.commands)
    rig.run(5.0)

    assert len(rig.commands) == commands
    assert abs(rig.at - stopped_at) <= LARGEST_LEAD


def test_a_slow_arm_is_led_at_its_own_speed() -> None:
    """The command waits for an arm at a quarter of the velocity limit, without a stall."""
    rig = moving(lag(0.05, 0.5))

    rig.run(1.5)

    assert rig.gate.state is State.ACTIVE
    assert rig.lead <= PAN.max_lead + PAN.lead_time_s * 0.5 + 0.01
    assert (rig.commands[-1] - rig.commands[-2]) / PERIOD_S == pytest.approx(0.5, abs=0.1)


def test_a_blocked_arm_stalls_once_and_waits_for_a_person() -> None:
    """A blocked arm is pushed up to its leash, then stopped, and not moved again (B3)."""
    rig = moving(lag(0.03))
    blocked_at = rig.at
    rig.servo = blocked

    rig.run(3.0)

    assert rig.gate.state is State.STOPPED
    assert rig.gate.take_stall() == rig.gate.cause
    assert rig.gate.cause == 'pan does not follow its commands: free it, then reset'
    assert max(rig.commands) - blocked_at <= LARGEST_LEAD
    commands = len(rig.commands)
    rig.send(1.9)
    rig.run(5.0)
    assert len(rig.commands) == commands
    assert rig.gate.take_stall() is None


def test_a_blocked_arm_is_pushed_no_harder_than_at_rest() -> None:
    """The command returns from the lead of a moving arm to the lead at rest."""
    rig = moving(lag(0.03))
    rig.servo = blocked

    rig.run(0.9)

    assert rig.gate.state is State.ACTIVE
    assert rig.lead <= PAN.max_lead + 0.001


def test_a_gripper_that_squeezes_never_stalls() -> None:
    """A joint without a stall time never stalls, and holds an object with its lead."""
    rig = moving(lag(0.03), replace(PAN, stall_s=math.inf, max_lead=0.3))
    rig.servo = blocked

    rig.run(20.0)

    assert rig.gate.state is State.ACTIVE
    assert rig.lead == pytest.approx(0.3)


def test_an_arm_that_creeps_does_not_stall() -> None:
    """A joint that moves slowly does not stall."""
    rig = moving(lag(0.05, 0.03))

    rig.run(10.0)

    assert rig.gate.state is State.ACTIVE


def test_an_arm_that_falls_takes_its_command_along() -> None:
    """
    The command follows an arm that sinks without power.

    So it is near when power returns (B2).
    """
    rig = Rig(lag(0.03))
    rig.send(0.5)
    rig.run(3.0)
    assert rig.commands[-1] == 0.5

    def fall(at: float, commanded: float) -> float:
        return at - 0.8 * PERIOD_S

    rig.servo = fall
    rig.run(0.8)

    assert rig.gate.state is State.ACTIVE
    assert rig.at < -0.1
    assert rig.lead <= PAN.max_lead + PAN.lead_time_s * 0.8 + 0.05


@pytest.mark.parametrize('seconds', [0.05, 0.45])
def test_a_driver_that_hangs_finds_the_command_nearby(seconds: float) -> None:
    """Without measurements, the command stays within the leash (B2)."""
    rig = moving(lag(0.03))

    for _ in range(round(seconds / PERIOD_S)):
        rig.now += PERIOD_S
        rig.gate.on_server_message(rig.now, has_producer=True)
        rig._note(rig.gate.tick(rig.now))

    assert rig.lead <= LARGEST_LEAD


def test_a_reversal_brakes_first() -> None:
    """A square wave of the leader is followed within the acceleration limit (B9)."""
    rig = Rig(lag(0.03))
    for number in range(20):
        rig.send(0.6 if number % 2 else -0.6)
        rig.run(0.31)

    velocities = rig.velocities()
    changes = [abs(b - a) / PERIOD_S for a, b in itertools.pairwise(velocities)]
    assert max(velocities) > 0.5
    assert max(changes) <= PAN.max_acceleration + 1e-6


def test_a_limit_that_is_raised_in_motion_is_reached_gradually() -> None:
    """A limit raised from 0.2 to 100 rad/s is reached within the acceleration limit (B9)."""
    slow = replace(PAN, ramp=VelocityRamp(0.2, 0.2, 0.0))
    rig = Rig(lag(0.001, 100.0), slow)
    rig.send(1.8)
    rig.run(1.0)
    rig.gate.set_joints([replace(PAN, ramp=VelocityRamp(0.2, 100.0, 0.0))], rig.now)
    before = rig.commands[-1]

    rig.run(PERIOD_S)

    assert rig.commands[-1] - before <= (0.2 + 10.0 * PERIOD_S) * PERIOD_S


@pytest.mark.parametrize('share', [0.3, 0.9])
def test_motion_begins_at_the_last_command_while_the_arm_is_near_it(share: float) -> None:
    """Motion begins at the last command if the arm is near, so it does not sink (B7)."""
    rig = Rig(lag(0.03))
    rig.send(0.5)
    rig.run(3.0)
    sag = share * PAN.max_lead
    rig.servo = lambda _, commanded: commanded - sag
    rig.run(0.1)

    for _ in range(30):
        rig.gate.stop('button')
        rig.run(0.2)
        rig.gate.reset(rig.now)
        rig.send(0.5)
        rig.run(0.1)

    assert rig.gate.state is State.ACTIVE
    assert rig.commands[-1] == 0.5


def test_motion_begins_where_a_hand_has_moved_the_arm() -> None:
    """Motion begins at the measured position if the arm is beyond its leash."""
    rig = Rig(lag(0.03))
    rig.send(0.5)
    rig.run(3.0)
    rig.gate.stop('button')
    for _ in range(100):
        rig.at -= 0.005
        rig.now += PERIOD_S
        rig.gate.measure({'pan': rig.at}, rig.now)
        rig.gate.on_server_message(rig.now, has_producer=True)
    rig.gate.reset(rig.now)

    rig.send(0.5)

    assert rig.commands[-1] == rig.at


def test_the_last_command_of_an_earlier_activation_does_not_count() -> None:
    """The last command before an activation is not used. Another node may have moved the arm."""
    rig = Rig(lag(0.03))
    rig.send(0.5)
    rig.run(3.0)
    rig.at -= 0.05
    rig.gate.disable(rig.now)
    rig.gate.enable(rig.now)
    rig.gate.measure({'pan': rig.at}, rig.now)

    rig.send(0.5)

    assert rig.commands[-1] == rig.at


def test_another_source_is_followed_slowly() -> None:
    """A change of the source brakes the arm, and then motion begins slowly (B8)."""
    rig = moving(lag(0.03))
    before = (rig.commands[-1] - rig.commands[-2]) / PERIOD_S
    assert before > 1.5

    rig.send(1.9, source='api')
    rig.run(0.15)

    assert (rig.commands[-1] - rig.commands[-2]) / PERIOD_S < 1.1


def test_two_sources_that_take_turns_move_slowly() -> None:
    """Two sources that alternate at 60 Hz move the arm only slowly (B8)."""
    rig = moving(lag(0.03))
    rig.run(0.2)
    start = len(rig.commands)
    for number in range(180):
        rig.send(*((1.9, 'leader') if number % 2 else (-1.9, 'api')))
        rig.run(0.01)

    velocities = rig.velocities(start + 50)
    assert max(map(abs, velocities)) <= PAN.ramp.start + 0.1


def test_a_joint_that_another_source_does_not_send_comes_to_rest() -> None:
    """A joint that the new source does not send comes to rest."""
    lift = replace(PAN, name='lift')
    rig = Rig(lag(0.03))
    rig.gate.set_joints([PAN, lift], rig.now)
    rig.gate.measure({'lift': 0.0}, rig.now)
    rig.gate.update({'pan': 1.0, 'lift': 1.0}, rig.now, source='leader')
    for _ in range(60):
        rig.now += PERIOD_S
        rig.gate.on_server_message(rig.now, has_producer=True)
        rig.gate.measure(rig.gate.commanded, rig.now)
        rig.gate.tick(rig.now)
    at = rig.gate.commanded['lift']

    rig.gate.update({'pan': 1.1}, rig.now, source='api')
    for _ in range(200):
        rig.now += PERIOD_S
        rig.gate.on_server_message(rig.now, has_producer=True)
        rig.gate.measure(rig.gate.commanded, rig.now)
        rig.gate.tick(rig.now)

    assert rig.gate.commanded['pan'] == 1.1
    assert at < rig.gate.commanded['lift'] < at + 0.25


def test_a_motion_that_loses_its_link_brakes() -> None:
    """After the loss of the link, the command slows down monotonically, and then ends."""
    rig = moving(lag(0.03))
    start, velocity = len(rig.commands), 2.0

    rig.gate.link_down('closed', rig.now)
    rig.run(1.0, is_linked=False)

    braked = [rig.commands[start - 2], *rig.commands[start - 1 :]]
    velocities = [(b - a) / PERIOD_S for a, b in itertools.pairwise(braked)]
    assert rig.gate.state is State.HOLDING
    assert len(velocities) > 5
    assert all(later <= earlier + 1e-9 for earlier, later in itertools.pairwise(velocities))
    assert rig.commands[-1] - rig.commands[start - 1] <= velocity**2 / 20 + ROUNDING
    commands = len(rig.commands)
    rig.run(1.0, is_linked=False)
    assert len(rig.commands) == commands


def test_a_stop_that_brakes_moves_no_joint_at_rest() -> None:
    """While one joint brakes for a stop, another one that was at rest stays where it is."""
    rig = Rig(lag(0.03))
    rig.begin(PAN, on_stop=Halt.BRAKE)
    rig.gate.set_joints([PAN, replace(PAN, name='lift')], rig.now)
    poses = {'pan': 0.0, 'lift': 0.0}

    def tick() -> None:
        rig.now += PERIOD_S
        poses.update(rig.gate.commanded)
        rig.gate.measure(poses, rig.now)
        rig.gate.on_server_message(rig.now, has_producer=True)
        rig.gate.tick(rig.now)

    rig.gate.measure(poses, rig.now)
    rig.gate.update({'pan': 1.8, 'lift': 0.0}, rig.now)
    for _ in range(20):
        tick()
    before = dict(rig.gate.commanded)
    rig.gate.stop('button')
    tick()

    assert rig.gate.state is State.STOPPED
    assert rig.gate.commanded['pan'] > before['pan']
    assert rig.gate.commanded['lift'] == before['lift'] == 0.0


def test_a_motion_that_loses_its_link_freezes_where_asked_for() -> None:
    """With on_hold=freeze, no command follows the loss of the link."""
    rig = moving(lag(0.03), on_hold=Halt.FREEZE)
    commands = len(rig.commands)

    rig.gate.link_down('closed', rig.now)
    rig.run(1.0, is_linked=False)

    assert len(rig.commands) == commands


def test_a_motion_freezes_where_measurements_cannot_be_trusted() -> None:
    """After the loss of measurements, no command follows, because the position is unknown."""
    rig = moving(lag(0.03))

    for _ in range(100):
        rig.now += PERIOD_S
        rig.gate.on_server_message(rig.now, has_producer=True)
        if rig.gate.tick(rig.now) is not None:
            assert rig.gate.state is State.ACTIVE

    assert rig.gate.state is State.HOLDING


def test_braking_ends_where_measurements_cannot_be_trusted_any_more() -> None:
    """Braking ends when a joint is measured far outside its limits."""
    rig = moving(lag(0.03))
    rig.gate.link_down('closed', rig.now)
    assert rig.gate.is_moving

    rig.now += PERIOD_S
    rig.gate.measure({'pan': 500.0}, rig.now)

    assert rig.gate.tick(rig.now) is None
    assert not rig.gate.is_moving


def test_motion_that_begins_again_while_it_brakes_goes_on_smoothly() -> None:
    """Motion that begins again during braking continues within the acceleration limit."""
    rig = moving(lag(0.03))
    rig.gate.link_down('closed', rig.now)
    rig.run(0.05)
    rig.gate.link_up(rig.now)
    rig.gate.on_server_message(rig.now, has_producer=True)
    rig.send(1.8)
    rig.run(0.3)

    changes = [abs(b - a) / PERIOD_S for a, b in itertools.pairwise(rig.velocities())]
    assert rig.gate.state is State.ACTIVE
    assert max(changes) <= PAN.max_acceleration + 1e-6


@pytest.mark.parametrize('halt', list(Halt))
def test_a_stop_ends_motion_as_asked_for(halt: Halt) -> None:
    """
    A stop freezes by default.

    With ``brake`` it slows down monotonically within v^2 / 2a, then commands end.
    """
    rig = moving(lag(0.03), on_stop=halt)
    start, velocity = len(rig.commands), 2.0

    rig.gate.stop('button')
    rig.run(1.0)

    went = rig.commands[start - 1 :]
    assert (len(went) > 1) is (halt is Halt.BRAKE)
    assert went == sorted(went)
    assert went[-1] - went[0] <= velocity**2 / 20 + ROUNDING
    assert not rig.gate.is_moving


def test_a_stop_that_freezes_ends_a_braking_motion() -> None:
    """A stop that freezes also ends the braking after the loss of a link."""
    rig = moving(lag(0.03))
    rig.gate.link_down('closed', rig.now)
    rig.run(0.02)
    commands = len(rig.commands)

    rig.gate.stop('button')
    rig.run(1.0)

    assert len(rig.commands) == commands


def test_a_joint_frozen_in_motion_begins_from_rest() -> None:
    """After a stop and a quick reset, a joint begins from rest."""
    rig = moving(lag(0.03))
    rig.gate.stop('button')
    rig.gate.reset(rig.now)
    rig.send(1.8)
    before = rig.commands[-1]

    rig.run(PERIOD_S)

    assert rig.commands[-1] - before <= PAN.max_acceleration * PERIOD_S**2


def test_a_motion_that_was_not_continued_begins_from_rest() -> None:
    """After a short pause of the process, motion begins from rest at the last command."""
    rig = moving(lag(0.03))
    rig.now += 0.2
    rig.gate.on_server_message(rig.now, has_producer=True)
    rig.gate.measure({'pan': rig.at}, rig.now)
    before = rig.commands[-1]

    rig.run(PERIOD_S)

    assert rig.commands[-1] - before <= 2 * PAN.max_acceleration * PERIOD_S**2


@pytest.mark.parametrize(('to', 'way'), [(181.0, 2.0), (-179.0 + 720.0, 0.0), (0.0, 179.0)])
def test_a_continuous_joint_takes_the_shortest_way(to: float, way: float) -> None:
    """A continuous joint takes the shortest way, from -179 to 181 degrees by 0 degrees (B16)."""
    wheel = replace(PAN, lower=None, upper=None, is_continuous=True)
    at = math.radians(-179.0)
    rig = Rig(lag(0.03), wheel, at=at)

    rig.send(math.radians(to))
    rig.run(6.0)

    went = abs(math.degrees(rig.commands[-1] - at))
    assert went == pytest.approx(0.0 if to == 181.0 else way, abs=1e-6)


def test_the_leash_leads_no_joint_out_of_its_limits() -> None:
    """The command of a joint that is pushed out of its limits stays inside."""
    joint = replace(PAN, max_lead=0.02)

    assert leash(joint, 1.9, 1.95, 2.09, 0.02, 0.0) == 2.0
    assert leash(joint, -1.9, -1.95, -2.09, 0.02, 0.0) == -2.0
    assert leash(joint, 1.9, 2.05, 2.09, 0.02, 0.0) == 2.05


def test_without_a_time_nothing_moves() -> None:
    """A step with zero or negative time changes neither position nor velocity."""
    for step_s in (0.0, -1.0, math.nan):
        moved = limited_step(0.5, 1.0, 2.0, step_s, max_velocity=2.0, max_acceleration=10.0)
        assert moved == (0.5, 1.0)


def test_an_unlimited_acceleration_is_limited_in_velocity_alone() -> None:
    """With infinite acceleration, only the velocity is limited, as in version 0.1."""
    moved = limited_step(0.0, 0.0, 2.0, 0.01, max_velocity=2.0, max_acceleration=math.inf)

    assert moved == (0.02, 0.0)
    assert rest_position(1.0, 0.0, math.inf) == 1.0


@pytest.mark.parametrize('ticks', range(0, 40, 4))
def test_a_blocked_motion_that_begins_again_steps_no_further_than_it_may(ticks: int) -> None:
    """
    A blocked motion that begins again steps within its limits.

    It may brake, return to its leash or rest at the new join.
    """
    rig = moving(lag(0.08))
    rig.servo = blocked
    rig.run(ticks * PERIOD_S)
    before = rig.commands[-1]
    rig.gate.link_up(rig.now)
    rig.gate.on_server_message(rig.now, has_producer=True)

    rig.send(1.8)

    assert rig.gate.state is State.ACTIVE
    assert abs(rig.commands[-1] - before) <= PAN.ramp.limit * PERIOD_S


def test_a_blocked_motion_that_loses_its_link_comes_back_to_its_leash() -> None:
    """After the loss of the link, a blocked joint is pushed only with the lead at rest."""
    rig = moving(lag(0.08))
    rig.servo = blocked
    rig.run(3 * PERIOD_S)
    rig.gate.link_down('closed', rig.now)

    rig.run(2.0, is_linked=False)

    assert rig.lead <= PAN.max_lead + 0.01


def test_a_joint_that_is_not_sent_again_while_it_brakes_stays_where_it_stops() -> None:
    """A joint that is not sent again during braking stays where it stops."""
    rig = Rig(lag(0.03))
    rig.gate.set_joints([PAN, replace(PAN, name='lift')], rig.now)
    poses = {'pan': 0.0, 'lift': 0.0}
    lifts = []

    def run(ticks: int) -> None:
        for _ in range(ticks):
            rig.now += PERIOD_S
            poses.update(rig.gate.commanded)
            rig.gate.measure(poses, rig.now)
            rig.gate.on_server_message(rig.now, has_producer=True)
            if rig.gate.tick(rig.now) is not None:
                lifts.append(rig.gate.commanded['lift'])

    rig.gate.measure(poses, rig.now)
    rig.gate.update({'pan': 1.8, 'lift': 1.8}, rig.now)
    run(60)
    rig.gate.link_up(rig.now)
    rig.gate.on_server_message(rig.now, has_producer=True)
    run(3)
    rig.gate.update({'pan': 1.8}, rig.now)
    run(200)

    assert lifts == sorted(lifts)


def test_a_joint_that_sags_more_than_its_lead_sinks_slowly() -> None:
    """A joint that sags more than its lead sinks slowly until it stalls, and does not fall."""
    rig = Rig(lag(0.03))
    rig.servo = lambda at, commanded: at + (commanded - 0.12 - at) * 0.3

    rig.send(0.0)
    rig.run(5.0)

    assert rig.gate.state is State.STOPPED
    assert rig.commands[-1] > -0.15


def test_a_loaded_joint_that_is_led_very_slowly_does_not_stall() -> None:
    """A joint does not stall if its velocity limit allows only little progress."""
    slow = replace(PAN, ramp=VelocityRamp(0.008, 0.008, 0.0))
    rig = Rig(lag(0.03), slow)
    rig.send(0.0)
    rig.servo = lambda at, commanded: at + (commanded - 0.085 - at) * 0.3
    rig.run(1.0)
    rig.send(0.5)

    rig.run(20.0)

    assert rig.gate.state is State.ACTIVE
    assert rig.commands[-1] > 0.05


def test_updates_of_other_joints_keep_no_motion_alive() -> None:
    """Only updates of the robot's own joints reset the command timeout."""
    rig = Rig(lag(0.03))
    rig.gate = Gate(GateSettings(command_timeout_s=0.5), rig.now)
    rig.gate.set_joints([PAN], rig.now)
    rig.gate.enable(rig.now)
    rig.gate.link_up(rig.now)
    rig.gate.on_server_message(rig.now, has_producer=True)
    rig.gate.measure({'pan': 0.0}, rig.now)
    rig.send(1.8)

    for _ in range(10):
        rig.run(0.1)
        rig.gate.update({'tail': 1.0}, rig.now, source='leader')

    assert rig.gate.cause.startswith('no update for 0.5 s')


def test_a_lower_velocity_limit_causes_no_contradiction() -> None:
    """
    A low velocity limit does not lower the limit of the measured velocity too far.

    A moving arm would look like a contradiction.
    """
    limits = CommonLimits(0.2, 0.5, 2.0, 20.0, 0.1, 0.15, 1.0, 0.0, 0.1, 0.1)

    assert limits.gate_joint(Joint('pan', 'pan', Unit.RADIANS)).max_measured_velocity >= 4.0


def test_a_joint_that_is_held_never_stalls() -> None:
    """A held joint without a range never stalls, because it is not moved (B14)."""
    limits = CommonLimits(2.0, 0.5, 2.0, 20.0, 0.1, 0.15, 1.0, 0.0, 0.1, 0.1)
    joint = limits.gate_joint(Joint('pan', 'pan', Unit.RADIANS, lower=0.0, upper=0.0))

    assert joint.is_held
    assert joint.stall_s == math.inf


def test_a_rejoin_between_two_steps_is_no_jolt() -> None:
    """After a rejoin between two steps, the first command continues the braking."""
    rig = moving(lag(0.03))
    rig.run(1.0 - 0.6)
    rig.now += 0.009
    rig.gate.link_up(rig.now)
    rig.gate.on_server_message(rig.now, has_producer=True)
    rig.send(1.8)
    rig.now += 0.01 - PERIOD_S
    rig.run(0.1)

    velocities = rig.velocities(len(rig.commands) - 15)
    changes = [abs(b - a) for a, b in itertools.pairwise(velocities)]
    assert max(changes) <= PAN.max_acceleration * PERIOD_S + 1e-6


def test_a_reset_while_a_stop_brakes_does_not_lead_back() -> None:
    """After a reset during braking, the motion ends where it can stop."""
    rig = Rig(lag(0.03), replace(PAN, max_acceleration=2.0, max_lead=math.inf))
    rig.begin(rig.joint, on_stop=Halt.BRAKE)
    rig.send(1.8)
    rig.run(0.6)
    start = len(rig.commands)
    rig.gate.stop('button')
    rig.run(0.03)
    rig.gate.reset(rig.now)
    rig.run(3.0)

    assert rig.commands[start:] == sorted(rig.commands[start:])
    assert not rig.gate.is_moving


@pytest.mark.parametrize('speed', [1.0, 2.0, 3.0])
def test_an_arm_that_a_hand_leads_away_begins_where_it_is(speed: float) -> None:
    """
    Motion begins at the measured position if a hand moves the arm away.

    The speed of the hand does not extend the leash.
    """
    rig = Rig(lag(0.03))
    rig.send(0.0)
    rig.run(1.0)
    rig.gate.stop('button')
    rig.servo = lambda at, _: at - speed * PERIOD_S
    rig.run(0.3)
    rig.gate.reset(rig.now)

    rig.send(0.0)

    assert abs(rig.commands[-1] - rig.at) <= 1.5 * PAN.max_lead


def test_a_continuous_joint_never_turns_by_more_than_half_a_turn_for_one_target() -> None:
    """A continuous joint turns by at most half a turn, even for very large targets."""
    wheel = replace(PAN, lower=None, upper=None, is_continuous=True)
    rig = Rig(lag(0.03), wheel)

    rig.send(1e16)
    rig.run(8.0)

    assert abs(rig.commands[-1]) <= math.pi
    assert not rig.gate.is_moving
