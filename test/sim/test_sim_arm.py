# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""The physics of the simulated arm and its servos."""

from __future__ import annotations

import pytest
from support.pages import rows_of

pytest.importorskip('mujoco', reason='MuJoCo is not here: requirements/sim.txt')

from lerobot_arena_ros.sim.arm import ENCODER_STEP, Servo, SimArm
from lerobot_arena_ros.sim.names import JOINTS

STRETCHED = {'shoulder_lift': 1.13, 'elbow_flex': -1.0}
"""Stretched forwards above the table, where the torque of gravity is largest."""


def wave(arm: SimArm) -> list[dict[str, float]]:
    """Move an arm through all features of the simulation."""
    seen = []
    for number in range(20):
        arm.command({'shoulder_pan': 0.05 * number, 'elbow_flex': -0.02 * number**1.5})
        arm.step(0.0333)
        seen.append(arm.positions())
    arm.grip_cube()
    arm.drag('wrist_roll', 0.3, 0.2)
    return [*seen, arm.positions(), arm.velocities(), arm.peak_accelerations()]


def test_the_same_calls_give_the_same_numbers() -> None:
    """The same calls return identical numbers, contacts and pushes included."""
    first, second = SimArm(), SimArm()

    assert wave(first) == wave(second)
    assert first.cube() == second.cube()


def test_time_passes_in_whole_steps_and_none_is_lost() -> None:
    """A thousand steps of a third of a millisecond simulate a third of a second."""
    arm = SimArm()
    for _ in range(1000):
        arm.step(1 / 3000)

    assert arm.time == pytest.approx(1 / 3, abs=1e-3)


def test_it_holds_itself_with_a_little_sag() -> None:
    """The arm holds itself with a small sag, and without gravity there is none."""
    heavy, light = SimArm(pose=STRETCHED), SimArm(pose=STRETCHED, gravity=0.0)
    for arm in (heavy, light):
        arm.step(2.0)

    sag = heavy.positions()['shoulder_lift'] - STRETCHED['shoulder_lift']
    assert 0.02 < sag < 0.1
    assert light.positions()['shoulder_lift'] == pytest.approx(1.13, abs=1e-3)


def test_a_stiffer_servo_sags_less() -> None:
    """The sag is inversely proportional to the stiffness."""
    soft, stiff = SimArm(pose=STRETCHED), SimArm(pose=STRETCHED, servo=Servo(stiffness=35.6))
    for arm in (soft, stiff):
        arm.step(2.0)

    sags = [arm.positions()['shoulder_lift'] - 1.13 for arm in (soft, stiff)]
    assert sags[1] == pytest.approx(sags[0] / 2, rel=0.2)


def test_drives_that_go_off_sink_and_go_back_when_they_come_on() -> None:
    """
    Without power the arm sinks.

    With power it moves to its last target at the servo's speed, even one set meanwhile.
    """
    arm = SimArm()
    arm.step(1.0)
    held = arm.positions()
    arm.drives_on = False
    arm.step(2.0)
    sunk = arm.positions()
    arm.command({'shoulder_pan': 0.5})
    arm.step(1.0)
    assert arm.positions()['shoulder_pan'] == pytest.approx(0.0, abs=0.01)
    arm.drives_on = True
    arm.step(2.0)

    assert sunk['shoulder_lift'] > held['shoulder_lift'] + 0.2
    assert arm.positions()['shoulder_lift'] == pytest.approx(held['shoulder_lift'], abs=0.01)
    assert arm.positions()['shoulder_pan'] == pytest.approx(0.5, abs=0.01)


def test_drives_that_come_on_lead_the_arm_from_where_it_is() -> None:
    """With power again, the arm moves at the servo's speed, however far it was moved."""
    arm = SimArm(gravity=0.0, servo=Servo(speed=0.5))
    arm.drives_on = False
    arm.drag('shoulder_pan', 1.0, 1.0)
    arm.drives_on = True
    arm.step(1.0)

    assert arm.positions()['shoulder_pan'] == pytest.approx(0.5, abs=0.03)


def test_a_slow_arm_takes_its_time() -> None:
    """A servo with 0.5 rad/s moves at that speed to any target."""
    arm = SimArm(servo=Servo(speed=0.5))
    arm.command({'shoulder_pan': 1.5})
    arm.step(1.0)

    assert arm.positions()['shoulder_pan'] == pytest.approx(0.5, abs=0.03)
    assert arm.velocities()['shoulder_pan'] == pytest.approx(0.5, abs=0.02)


def test_a_weak_arm_does_not_lift_itself() -> None:
    """A servo does not exceed its maximum torque."""
    arm = SimArm(servo=Servo(torque=0.2))
    arm.step(2.0)

    assert arm.positions()['shoulder_lift'] > 0.3


def test_a_target_beyond_the_range_is_its_end() -> None:
    """A target outside the range is clamped, as by a servo's own limits."""
    arm = SimArm()
    arm.command({'shoulder_pan': 100.0})

    assert arm.targets()['shoulder_pan'] == arm.ranges['shoulder_pan'][1]


def test_measured_positions_are_those_of_an_encoder() -> None:
    """Measured positions are whole counts, within half a count of the true position."""
    arm = SimArm(pose={'shoulder_pan': 0.1234})
    arm.step(0.5)

    for name, measured in arm.measured().items():
        assert abs(measured - arm.positions()[name]) <= ENCODER_STEP / 2
        assert measured / ENCODER_STEP == pytest.approx(round(measured / ENCODER_STEP))


def test_a_blocked_joint_stays_and_a_freed_one_goes_on() -> None:
    """A blocked joint stays until it is freed, and the other joints move."""
    arm = SimArm()
    arm.block('elbow_flex')
    arm.command({'elbow_flex': -1.0, 'shoulder_pan': 0.5})
    arm.step(2.0)
    assert arm.positions()['elbow_flex'] == pytest.approx(0.0, abs=1e-3)
    assert arm.positions()['shoulder_pan'] == pytest.approx(0.5, abs=0.01)

    arm.unblock('elbow_flex')
    arm.step(2.0)
    assert arm.positions()['elbow_flex'] == pytest.approx(-1.0, abs=0.05)


def test_a_push_gives_way_and_comes_back() -> None:
    """A push moves a joint by torque over stiffness, and it returns afterwards."""
    arm = SimArm(gravity=0.0)
    arm.push('shoulder_pan', 1.0)
    arm.step(1.0)
    assert arm.positions()['shoulder_pan'] == pytest.approx(1.0 / 17.8, abs=0.005)

    arm.push('shoulder_pan', 0.0)
    arm.step(1.0)
    assert arm.positions()['shoulder_pan'] == pytest.approx(0.0, abs=0.005)


def test_a_hand_leads_a_joint_against_its_drive() -> None:
    """A hand moves a joint against its servo, and the joint returns when it is released."""
    arm = SimArm()
    arm.drag('elbow_flex', 0.5, 1.0)
    assert arm.positions()['elbow_flex'] == pytest.approx(0.5, abs=0.01)

    arm.step(2.0)
    assert arm.positions()['elbow_flex'] == pytest.approx(0.03, abs=0.02)


def led(speed: float) -> tuple[float, float]:
    """Move a joint by a radian with 50 commands a second; return its lag and peak acceleration."""
    arm = SimArm()
    for number in range(1, round(50 / speed) + 1):
        arm.command({'shoulder_pan': speed * 0.02 * number})
        arm.step(0.02)
    lag = arm.targets()['shoulder_pan'] - arm.positions()['shoulder_pan']
    return lag, arm.peak_accelerations()['shoulder_pan']


def test_the_figures_of_the_page_are_those_of_the_arm() -> None:
    """The figures of the documentation are those of the simulation, in the table's order."""
    stretched, sent = SimArm(pose=STRETCHED), SimArm()
    stretched.step(3.0)
    sag = stretched.positions()['shoulder_lift'] - STRETCHED['shoulder_lift']
    sent.command({'shoulder_pan': 1.5})
    speeds = []
    for _ in range(200):
        sent.step(0.005)
        speeds.append(sent.velocities()['shoulder_pan'])
    seen = [sag, *led(1.0), *led(2.0), max(speeds), sent.peak_accelerations()['shoulder_pan']]

    rows = rows_of('docs/reference/sim_arm.md', '## What it is like')
    assert [float(figure.split()[0]) for _, figure in rows] == pytest.approx(seen, rel=0.1)


def test_accelerations_are_those_since_the_last_look() -> None:
    """Peak accelerations count since the last call."""
    arm = SimArm(gravity=0.0)
    arm.command({'shoulder_pan': 0.5})
    arm.step(1.0)

    assert 20.0 < arm.peak_accelerations()['shoulder_pan'] < 200.0
    arm.step(1.0)
    assert arm.peak_accelerations()['shoulder_pan'] < 1.0


def test_a_cube_in_the_jaws_stays_there_while_the_arm_moves() -> None:
    """The cube stays in the jaws while the arm moves, as long as they squeeze it."""
    arm = SimArm()
    assert not arm.holds_cube
    arm.grip_cube()
    assert arm.holds_cube
    for shoulder in (0.2, -0.2, 0.2, -0.2):
        begin = arm.targets()['shoulder_pan']
        for number in range(1, 26):
            arm.command({'shoulder_pan': begin + (shoulder - begin) * number / 25})
            arm.step(0.02)
    assert arm.holds_cube

    # Turned to its side, so that the cube does not rest on a jaw.
    arm.command({'gripper': 1.0, 'wrist_roll': 1.57})
    arm.step(2.0)
    assert not arm.holds_cube
    assert arm.cube()[2] == pytest.approx(0.02, abs=0.002)


@pytest.mark.parametrize('name', JOINTS)
def test_every_joint_goes_where_it_is_sent(name: str) -> None:
    """Each joint moves to its target, and the other joints stay."""
    arm = SimArm(gravity=0.0)
    arm.command({name: 0.3})
    arm.step(2.0)

    assert arm.positions() == pytest.approx(dict.fromkeys(JOINTS, 0.0) | {name: 0.3}, abs=0.01)


def test_an_unknown_joint_is_an_error() -> None:
    """An unknown joint raises an error, because a test with a typo would prove nothing."""
    with pytest.raises(KeyError, match='elbow'):
        SimArm().command({'elbow': 0.1})
