# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""The gate with a simulated SO-101 that lags, sags, is blocked, loses power or holds a cube."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import pairwise
import math
from random import Random

import pytest

pytest.importorskip('mujoco', reason='MuJoCo is not here: requirements/sim.txt')

from lerobot_arena_ros.control.gate import Command, Gate, State
from lerobot_arena_ros.control.gate_settings import GateJoint
from lerobot_arena_ros.nodes.settings.bridge_settings import BridgeSettings
from lerobot_arena_ros.nodes.settings.parameter_table import BRIDGE
from lerobot_arena_ros.nodes.settings.parameter_validation import check_parameters
from lerobot_arena_ros.sim.arm import Servo, SimArm
from lerobot_arena_ros.sim.driver import Driver
from lerobot_arena_ros.sim.names import JOINTS
from lerobot_arena_ros.sim.trajectory import Point

PERIOD_S = 0.01
ARM_JOINTS = JOINTS[:-1]
FAST, SLOW = Servo(), Servo(speed=0.5)
AS_BEFORE = {
    'consume.max_acceleration': 0.0,
    'consume.max_lead': 0.0,
    'consume.on_hold': 'freeze',
}
"""The settings that make the gate move as in version 0.1."""


class Rig:
    """An arm, its driver and the gate of a bridge with default parameters, without a clock."""

    def __init__(
        self,
        *,
        servo: Servo = FAST,
        pose: Mapping[str, float] | None = None,
        interface: str = 'joint_state',
        open_loop: bool = True,
        every: int = 1,
        noise: float = 0.0,
        parameters: Mapping[str, object] | None = None,
    ) -> None:
        self.arm = SimArm(servo=servo, pose=pose)
        self.driver = Driver(self.arm, open_loop=open_loop, period_s=0.002)
        self.interface = interface
        self.every, self.noise = every, noise
        self.random = Random(1)
        self.now = 1000.0
        self.leader: Callable[[float], Mapping[str, float]] | None = None
        self.source = 'leader'
        settings = self._settings(parameters or {})
        assert settings.consume is not None
        limits = settings.consume.limits
        self.joints = {j.name: limits.gate_joint(j) for j in settings.joint_map.joints}
        self.gate = Gate(settings.consume.gate, self.now)
        self.gate.set_joints(tuple(self.joints.values()), self.now)
        self.gate.enable(self.now)
        self.rejoin()
        self.run(1.0)

    def _settings(self, parameters: Mapping[str, object]) -> BridgeSettings:
        given: dict[str, object] = {
            'units': 'radians',
            'consume.room_id': 'arm',
            'joints': list(JOINTS),
            'joint_map.gripper.max_lead': 0.3,
            'joint_map.gripper.stall_s': 0.0,
            **parameters,
        }
        for name, (lower, upper) in self.arm.ranges.items():
            given |= {f'joint_map.{name}.min': lower, f'joint_map.{name}.max': upper}
        return BridgeSettings.of(*check_parameters(given, BRIDGE))

    def rejoin(self) -> None:
        """Join the room, for the first time or again."""
        self.gate.link_down('closed', self.now)
        self.gate.link_up(self.now)
        self.receive()

    def receive(self) -> None:
        """Receive a message of the server, and that the room has a producer."""
        self.gate.on_server_message(self.now, has_producer=True, round_trip_s=0.01)

    def send(self, pose: Mapping[str, float]) -> None:
        """Send targets for joints."""
        self._obey(self.gate.update(pose, self.now, source=self.source))

    def run(self, seconds: float) -> None:
        """Let everything run; a leader sends at 50 Hz."""
        for tick in range(round(seconds / PERIOD_S)):
            self.now += PERIOD_S
            self.driver.step(PERIOD_S)
            self.gate.on_ros_callback(self.now)
            if tick % self.every == 0:
                self._measure()
            self.receive()
            if self.leader is not None and tick % 2 == 0:
                self.send(self.leader(self.arm.time))
            self._obey(self.gate.tick(self.now))

    def _measure(self) -> None:
        measured = self.driver.measurement()
        if measured is None:
            return
        positions = {
            name: at + self.random.gauss(0.0, self.noise)
            for name, at in measured.positions.items()
        }
        stamp_s = self.now - measured.age_s
        self.gate.measure(positions, self.now, age_s=measured.age_s, stamp_s=stamp_s)

    def reset(self) -> None:
        """Reset a stop."""
        self.gate.reset(self.now)

    def _obey(self, command: Command | None) -> None:
        if command is None:
            return
        if self.interface == 'joint_trajectory':
            self.driver.follow(list(self.joints), [Point(0.0, command.positions)])
        else:
            self.driver.command(dict(zip(self.joints, command.positions, strict=True)))

    def ahead(self) -> dict[str, float]:
        """Return how far the arm is from its last command."""
        at, targets = self.arm.positions(), self.arm.targets()
        return {name: abs(targets[name] - at[name]) for name in JOINTS}


def farthest(joint: GateJoint) -> float:
    """Return the longest leash of a joint; measurements are up to two periods old."""
    return joint.max_lead + (joint.lead_time_s + 2 * PERIOD_S) * joint.ramp.limit


def wave(time_s: float) -> dict[str, float]:
    """Move the arm around, at up to 1.5 rad/s."""
    return {
        'shoulder_pan': 0.8 * math.sin(1.8 * time_s),
        'elbow_flex': 0.5 * math.sin(2.3 * time_s),
        'wrist_roll': 0.7 * math.sin(2.0 * time_s),
    }


def square(time_s: float) -> dict[str, float]:
    """Send the arm from one end to the other and back."""
    way = 0.4 if int(time_s / 0.6) % 2 else -0.4
    return dict.fromkeys(('shoulder_pan', 'elbow_flex', 'wrist_roll'), way)


def travel_after_stop(rig: Rig) -> dict[str, float]:
    """Stop the arm during a long motion, and return how far each joint still moves."""
    rig.send({'shoulder_pan': 1.8, 'wrist_roll': 2.7, 'elbow_flex': 1.5})
    rig.run(1.7)
    assert rig.gate.state is State.ACTIVE
    at = rig.arm.positions()
    rig.gate.stop('button')
    rig.run(6.0)
    return {name: abs(rig.arm.positions()[name] - at[name]) for name in ARM_JOINTS}


@pytest.mark.parametrize('servo', [FAST, SLOW, Servo(speed=0.2), Servo(stiffness=60.0)])
def test_after_a_stop_no_joint_travels_further_than_its_leash(servo: Servo) -> None:
    """After a stop, no joint moves further than its leash, for fast, slow and stiff arms (B1)."""
    rig = Rig(servo=servo)

    travel = travel_after_stop(rig)

    for name, way in travel.items():
        assert way <= farthest(rig.joints[name]), name


def test_a_slow_arm_without_a_leash_travels_on() -> None:
    """Without a leash, as in version 0.1, a slow arm moves much further after a stop (B1)."""
    rig = Rig(servo=SLOW, parameters=AS_BEFORE)

    assert max(travel_after_stop(rig).values()) > 2 * farthest(Rig().joints['wrist_roll'])


def test_drives_that_were_off_come_back_without_a_jump() -> None:
    """While the servos have no power, the command stays near the arm (B2)."""
    rig = Rig()
    rig.leader = wave
    rig.run(3.0)
    rig.arm.drives_on = False
    rig.run(3.0)

    ahead = rig.ahead()

    for name in ARM_JOINTS:
        assert ahead[name] <= farthest(rig.joints[name]), name


@pytest.mark.parametrize('seconds', [0.1, 0.45, 2.0])
def test_a_driver_that_hung_comes_back_without_a_jump(seconds: float) -> None:
    """Commands before and after a hang of the driver are near the arm (B2)."""
    rig = Rig()
    rig.leader = wave
    rig.run(3.0)
    rig.driver.hang(seconds)
    rig.run(seconds)

    for _ in range(50):
        rig.run(PERIOD_S)
        ahead = rig.ahead()
        for name in ARM_JOINTS:
            assert ahead[name] <= farthest(rig.joints[name]), name


def test_a_frozen_value_pulls_no_joint_away() -> None:
    """With a frozen measurement, the joint moves at most its leash from it (B2)."""
    rig = Rig()
    rig.leader = wave
    rig.run(3.0)
    rig.driver.freeze('shoulder_pan')
    seen = rig.arm.positions()['shoulder_pan']
    away = 0.0
    for _ in range(300):
        rig.run(PERIOD_S)
        away = max(away, abs(rig.arm.positions()['shoulder_pan'] - seen))

    rig.driver.unfreeze()
    rig.run(1.0)

    assert away <= farthest(rig.joints['shoulder_pan'])
    assert max(rig.ahead()[name] for name in ARM_JOINTS) <= farthest(rig.joints['shoulder_pan'])


def test_a_blocked_arm_stalls_once_and_waits_for_a_person() -> None:
    """A blocked arm stalls once, and is not moved again while the leader goes on (B3)."""
    rig = Rig()
    rig.leader = wave
    rig.run(3.0)
    rig.arm.block('elbow_flex')
    stalls = 0
    for _ in range(2000):
        rig.run(PERIOD_S)
        stalls += rig.gate.take_stall() is not None

    assert stalls == 1
    assert rig.gate.state is State.STOPPED
    assert rig.gate.cause.startswith('elbow_flex does not follow')
    assert rig.ahead()['elbow_flex'] <= farthest(rig.joints['elbow_flex'])
    rig.arm.unblock('elbow_flex')
    rig.reset()
    rig.run(3.0)
    assert rig.gate.is_moving


def again(rig: Rig, how: str) -> None:
    """End a motion and start it again."""
    if how == 'reset':
        rig.gate.stop('button')
        rig.run(0.1)
        rig.reset()
    elif how == 'reconnect':
        rig.gate.link_down('closed', rig.now)
        rig.run(0.1)
        rig.rejoin()
    else:
        rig.source += '+'


@pytest.mark.parametrize('how', ['reset', 'reconnect', 'producer'])
def test_a_held_cube_stays_held_and_the_arm_does_not_sink(how: str) -> None:
    """After twenty restarts, the cube is held, and joints that were not sent stay (B7)."""
    rig = Rig(pose={'shoulder_lift': 0.6, 'elbow_flex': -0.4})
    rig.arm.grip_cube()
    squeeze = {'gripper': rig.arm.targets()['gripper']}
    rig.run(1.0)  # Its position was set, so its measurements must first be consistent.
    rig.send(squeeze)
    rig.run(2.0)
    assert rig.arm.holds_cube
    before = rig.arm.positions()

    for _ in range(20):
        again(rig, how)
        rig.send(squeeze)
        for _ in range(40):
            rig.run(PERIOD_S)
            assert rig.arm.holds_cube

    assert rig.gate.state is State.ACTIVE
    after = rig.arm.positions()
    sunk = [abs(after[name] - before[name]) for name in ARM_JOINTS]
    assert sum(sunk) / len(sunk) < 0.001


def test_without_the_last_command_the_arm_sinks() -> None:
    """If motion begins at measured positions, the arm sinks (B7)."""
    rig = Rig(pose={'shoulder_lift': 0.6, 'elbow_flex': -0.4}, parameters=AS_BEFORE)
    rig.send({'gripper': 0.3})
    rig.run(1.0)
    before = rig.arm.positions()['shoulder_lift']

    for _ in range(10):
        again(rig, 'reset')
        rig.send({'gripper': 0.3})
        rig.run(0.4)

    assert rig.arm.positions()['shoulder_lift'] - before > 0.05


def test_a_hand_that_moved_the_arm_is_respected() -> None:
    """Motion begins where a hand has moved the arm, and leads back slowly."""
    rig = Rig()
    rig.send({'shoulder_pan': 0.5})
    rig.run(2.0)
    rig.gate.stop('button')
    rig.arm.drives_on = False
    for step in range(100):
        rig.arm.drag('shoulder_pan', 0.5 - 0.008 * (step + 1), PERIOD_S)
        rig.run(PERIOD_S)
    left_at = rig.arm.positions()['shoulder_pan']
    rig.reset()
    rig.send({'wrist_roll': 0.1})
    rig.arm.drives_on = True
    rig.run(2.0)

    assert rig.gate.state is State.ACTIVE
    assert rig.arm.positions()['shoulder_pan'] == pytest.approx(left_at, abs=0.02)


@pytest.mark.parametrize('leader', [wave, square])
def test_reversals_stay_within_the_acceleration(
    leader: Callable[[float], Mapping[str, float]],
) -> None:
    """The commands for a square wave stay within the acceleration limit (B9)."""
    rig = Rig()
    rig.leader = leader
    rig.run(3.0)
    tracks: list[dict[str, float]] = []
    for _ in range(400):
        rig.run(PERIOD_S)
        tracks.append(rig.arm.targets())

    for name in ARM_JOINTS:
        positions = [track[name] for track in tracks]
        changes = [
            abs(c - 2 * b + a) / PERIOD_S**2
            for a, b, c in zip(positions, positions[1:], positions[2:], strict=False)
        ]
        assert max(changes) <= rig.joints[name].max_acceleration * (1 + 1e-6), name


@pytest.mark.parametrize('on_handover', ['approach', 'hold'])
def test_hand_overs_in_mid_motion_stay_within_each_limit(on_handover: str) -> None:
    """A person takes over from a policy in mid-motion and gives back, twice, with a pause once."""
    rig = Rig(parameters={'consume.on_handover': on_handover})
    tracks: list[dict[str, float]] = []
    measured: list[dict[str, float]] = []
    corner = dict.fromkeys(('shoulder_pan', 'elbow_flex', 'wrist_roll'), -0.6)
    number = 0

    def run(seconds: float) -> None:
        for _ in range(round(seconds / PERIOD_S)):
            rig.run(PERIOD_S)
            tracks.append(rig.arm.targets())
            measured.append(rig.arm.velocities())

    def hand_over(holder: str | None) -> None:
        nonlocal number
        number += 1
        rig.gate.on_control(holder, rig.now, number=number)

    def drive(source: str, leader: Callable[[float], Mapping[str, float]]) -> None:
        hand_over(source)
        rig.source, rig.leader = source, None
        if on_handover == 'hold':
            rig.send({name: rig.arm.positions()[name] for name in corner})  # It matches first.
            run(0.5)
        rig.leader = leader
        run(3.0)
        assert rig.gate.state is State.ACTIVE, rig.gate.cause

    drive('policy', wave)
    drive('person', lambda _: corner)
    drive('policy', wave)
    hand_over(None)
    run(0.5)
    assert rig.gate.state is not State.ACTIVE
    drive('person', lambda _: corner)
    drive('policy', wave)

    for name in ARM_JOINTS:
        joint = rig.joints[name]
        steps = [after[name] - before[name] for before, after in pairwise(tracks)]
        assert max(map(abs, steps)) <= joint.ramp.limit * PERIOD_S * (1 + 1e-6), name
        changes = [abs(after - before) / PERIOD_S**2 for before, after in pairwise(steps)]
        assert max(changes) <= joint.max_acceleration * (1 + 1e-6), name
        lowest, highest = rig.arm.ranges[name]
        assert all(lowest <= track[name] <= highest for track in tracks), name
        assert max(abs(each[name]) for each in measured) <= 1.5 * joint.ramp.limit, name


@pytest.mark.parametrize('open_loop', [True, False], ids=['open loop', 'closed loop'])
def test_trajectories_accelerate_the_arm_little_more_than_positions(open_loop: bool) -> None:
    """
    Trajectories accelerate the arm at most 1.3 times as much as positions.

    The controller interpolates between points.
    """
    peaks = {}
    for interface in ('joint_state', 'joint_trajectory'):
        rig = Rig(interface=interface, open_loop=open_loop)
        rig.leader = wave
        rig.run(3.0)
        rig.arm.peak_accelerations()
        rig.run(6.0)
        assert rig.gate.state is State.ACTIVE
        peaks[interface] = rig.arm.peak_accelerations()

    for name in ('shoulder_pan', 'elbow_flex', 'wrist_roll'):
        assert peaks['joint_trajectory'][name] <= 1.3 * peaks['joint_state'][name], name


@pytest.mark.parametrize(
    ('delay_s', 'every'), [(0.0, 20), (0.1, 10), (0.15, 5), (0.2, 1)], ids=str
)
def test_an_arm_that_is_measured_late_or_seldom_does_not_shake(delay_s: float, every: int) -> None:
    """With feedback at 5 to 100 Hz, up to 200 ms old, an arm does not reverse before a target."""
    rig = Rig(pose={'shoulder_pan': -1.7}, every=every)
    rig.driver.delay_s = delay_s
    rig.run(1.0)
    rig.send({'shoulder_pan': 1.7})
    on_the_way = []
    for _ in range(400):
        rig.run(PERIOD_S)
        if rig.arm.positions()['shoulder_pan'] < 1.5:
            on_the_way.append(rig.arm.velocities()['shoulder_pan'])

    assert rig.arm.positions()['shoulder_pan'] == pytest.approx(1.7, abs=0.05)
    assert min(on_the_way[30:]) > 0.0


def test_a_gripper_that_is_closed_further_than_it_may_squeeze_holds_on() -> None:
    """The command of a closed gripper rests at its leash's end, despite encoder noise (B7)."""
    rig = Rig(pose={'shoulder_lift': -0.5, 'elbow_flex': 0.5, 'wrist_flex': 0.5}, noise=0.001)
    rig.arm.grip_cube()
    rig.run(1.0)
    rig.send({'gripper': -0.1})
    rig.run(2.0)
    assert rig.arm.targets()['gripper'] > 0.1

    for _ in range(20):
        again(rig, 'reset')
        rig.send({'gripper': -0.1})
        rig.run(0.5)
        assert rig.arm.holds_cube
