# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""The driver of the simulated arm, and its faults."""

from __future__ import annotations

import math

import pytest

pytest.importorskip('mujoco', reason='MuJoCo is not here: requirements/sim.txt')

from lerobot_arena_ros.sim.arm import ENCODER_STEP, SimArm
from lerobot_arena_ros.sim.driver import CommandError, Driver, Measurement
from lerobot_arena_ros.sim.faults import apply_faults
from lerobot_arena_ros.sim.names import JOINTS
from lerobot_arena_ros.sim.parameters import SPECS
from lerobot_arena_ros.sim.trajectory import Point, TrajectoryError

DEFAULTS = {spec.name: spec.initial for spec in SPECS}


@pytest.fixture(name='driver')
def fixture_driver() -> Driver:
    """Return the driver of an arm without gravity."""
    return Driver(SimArm(gravity=0.0))


def measured(driver: Driver, joint: str = 'shoulder_pan') -> float:
    """Return the measured position of a joint."""
    measurement = driver.measurement()
    assert measurement is not None
    return measurement.positions[joint]


def set_faults(driver: Driver, **given: object) -> None:
    """Set some parameters, and the others to their defaults, without gravity."""
    apply_faults(driver, DEFAULTS | {'gravity': 0.0} | given, given)


def test_a_command_counts_at_once(driver: Driver) -> None:
    """A command applies at once, and the measurement is that of the encoders."""
    driver.command({'shoulder_pan': 0.5})
    driver.step(2.0)

    assert driver.measurement() == Measurement(driver.arm.measured(), 0.0)
    assert measured(driver) == pytest.approx(0.5, abs=0.01)


def test_a_driver_that_hangs_reads_and_publishes_nothing(driver: Driver) -> None:
    """
    A driver that hangs ignores commands and publishes nothing, while the servos move on.

    It ends after the given time.
    """
    driver.command({'shoulder_pan': 0.5})
    set_faults(driver, hang_s=1.0)
    driver.command({'shoulder_pan': -0.5})
    driver.follow(['shoulder_pan'], [Point(0.1, [-0.5])])
    driver.step(0.99)
    assert driver.hangs
    assert driver.measurement() is None
    assert driver.arm.positions()['shoulder_pan'] == pytest.approx(0.5, abs=0.01)

    driver.step(0.02)
    assert not driver.hangs
    driver.step(1.0)
    assert measured(driver) == pytest.approx(0.5, abs=0.01)


def test_a_trajectory_goes_on_after_a_hang(driver: Driver) -> None:
    """A trajectory continues after a hang, at its current point."""
    driver.follow(['shoulder_pan'], [Point(1.0, [0.5])])
    driver.hang(0.5)
    driver.step(0.5)
    assert driver.arm.targets()['shoulder_pan'] == 0.0

    driver.step(0.01)
    assert driver.arm.targets()['shoulder_pan'] > 0.2


def test_a_frozen_joint_is_measured_where_it_was(driver: Driver) -> None:
    """A frozen joint is measured at its old position until the parameter is empty."""
    set_faults(driver, frozen_joint='shoulder_pan')
    driver.command({'shoulder_pan': 0.5, 'elbow_flex': 0.5})
    driver.step(2.0)
    assert measured(driver) == 0.0
    assert measured(driver, 'elbow_flex') == pytest.approx(0.5, abs=0.01)

    set_faults(driver, frozen_joint='')
    assert measured(driver) == pytest.approx(0.5, abs=0.01)


def test_a_joint_is_measured_one_turn_off(driver: Driver) -> None:
    """A joint can be measured one turn off, as after a power cycle."""
    set_faults(driver, offset_joint='wrist_roll', offset=2 * math.pi)

    assert measured(driver, 'wrist_roll') == pytest.approx(2 * math.pi)
    assert measured(driver) == 0.0


def test_delayed_measurements_have_old_stamps_and_values(driver: Driver) -> None:
    """Delayed measurements have the values and the stamps of the past."""
    set_faults(driver, stamp_delay_s=0.5)
    seen = []
    for number in range(1, 101):
        driver.command({'shoulder_pan': 0.01 * number})
        driver.step(0.02)
        seen.append((driver.measurement(), driver.arm.measured()))

    late, _ = seen[90]
    assert late == Measurement(seen[65][1], 0.5)


def test_stamps_may_lie_in_the_future(driver: Driver) -> None:
    """With a negative delay, stamps are in the future, with current values."""
    set_faults(driver, stamp_delay_s=-3.0)
    driver.command({'shoulder_pan': 0.5})
    driver.step(1.0)

    assert driver.measurement() == Measurement(driver.arm.measured(), -3.0)


def test_a_blocked_joint_is_freed_by_the_next_value(driver: Driver) -> None:
    """The next value of the parameter frees the blocked joint."""
    set_faults(driver, blocked_joint='shoulder_pan')
    set_faults(driver, blocked_joint='elbow_flex')
    driver.command({'shoulder_pan': 0.5, 'elbow_flex': 0.5})
    driver.step(2.0)

    assert measured(driver) == pytest.approx(0.5, abs=0.01)
    assert measured(driver, 'elbow_flex') == pytest.approx(0.0, abs=0.01)


def test_other_faults_leave_those_that_began_before(driver: Driver) -> None:
    """Setting another parameter restarts neither a frozen joint nor a hang."""
    set_faults(driver, frozen_joint='shoulder_pan', hang_s=0.1)
    driver.step(0.2)
    driver.command({'shoulder_pan': 0.5})
    driver.step(2.0)
    values = DEFAULTS | {'frozen_joint': 'shoulder_pan', 'hang_s': 0.1, 'gravity': 0.5}
    apply_faults(driver, values, ['gravity'])

    assert not driver.hangs
    assert measured(driver) == 0.0
    assert driver.arm.gravity == pytest.approx(0.5)


def test_the_cube_lies_where_its_parameters_put_it(driver: Driver) -> None:
    """The cube lies at a place when that is set, and other parameters do not move it back."""
    set_faults(driver, cube_x=0.3, cube_y=-0.1)
    assert driver.arm.cube()[:3] == pytest.approx((0.3, -0.1, 0.02))

    driver.arm.place_cube(0.1, 0.2)
    apply_faults(driver, DEFAULTS, ['gravity'])
    assert driver.arm.cube()[:2] == pytest.approx((0.1, 0.2))


def test_parameters_of_the_servos_reach_them(driver: Driver) -> None:
    """Each parameter of the servos is applied."""
    set_faults(driver, stiffness=1.0, damping=2.0, max_torque=3.0, max_speed=4.0, drives_on=False)
    servo = driver.arm.servo

    assert (servo.stiffness, servo.damping, servo.torque, servo.speed) == (1.0, 2.0, 3.0, 4.0)
    assert not driver.arm.drives_on


def test_a_trajectory_is_interpolated(driver: Driver) -> None:
    """Targets are on the line between the points, and at the last point afterwards."""
    driver.follow(['shoulder_pan', 'elbow_flex'], [Point(1.0, [0.5, 0.0]), Point(2.0, [0.5, 0.4])])
    driver.step(0.5)
    assert driver.arm.targets()['shoulder_pan'] == pytest.approx(0.25, abs=1e-6)
    driver.step(1.0)
    assert driver.arm.targets()['elbow_flex'] == pytest.approx(0.2, abs=1e-6)

    driver.step(2.0)
    assert measured(driver, 'elbow_flex') == pytest.approx(0.4, abs=0.01)


def test_a_new_trajectory_begins_where_the_joint_is_measured(driver: Driver) -> None:
    """A new trajectory begins at the measured position, which lags behind the desired one."""
    driver.follow(['shoulder_pan'], [Point(1.0, [1.0])])
    driver.step(0.5)
    lagging = driver.arm.measured()['shoulder_pan']
    driver.follow(['shoulder_pan'], [Point(1.0, [1.0])])
    driver.step(0.01)

    assert driver.arm.targets()['shoulder_pan'] == pytest.approx(
        lagging + 0.01 * (1 - lagging), abs=1e-6
    )
    assert lagging < 0.49


def test_in_open_loop_it_begins_where_the_joint_should_be() -> None:
    """In open loop, a new trajectory begins at the desired position."""
    driver = Driver(SimArm(gravity=0.0), open_loop=True)
    driver.follow(['shoulder_pan'], [Point(1.0, [1.0])])
    driver.step(0.5)
    driver.follow(['shoulder_pan'], [Point(1.0, [1.0])])
    driver.step(0.01)

    assert driver.arm.targets()['shoulder_pan'] == pytest.approx(0.505, abs=1e-6)


def test_in_open_loop_a_spline_begins_at_the_speed_of_the_one_before() -> None:
    """In open loop, a cubic spline begins at the velocity of the previous trajectory."""
    driver = Driver(SimArm(gravity=0.0), open_loop=True)
    driver.follow(['shoulder_pan'], [Point(1.0, [1.0])])
    driver.step(0.5)
    driver.follow(['shoulder_pan'], [Point(1.0, [1.0], [0.0])])
    driver.step(0.01)

    assert driver.arm.targets()['shoulder_pan'] == pytest.approx(0.51, abs=1e-3)


def test_a_trajectory_may_begin_later(driver: Driver) -> None:
    """A trajectory with a later start moves to its first point from now on, as in ros2_control."""
    driver.follow(['shoulder_pan'], [Point(1.0, [1.0])], in_s=1.0)
    driver.step(1.0)

    assert driver.arm.targets()['shoulder_pan'] == pytest.approx(0.5, abs=1e-6)


def test_a_command_ends_a_trajectory(driver: Driver) -> None:
    """A command ends a trajectory, and the joint that it does not name keeps its target."""
    driver.follow(['shoulder_pan', 'elbow_flex'], [Point(1.0, [1.0, 0.5])])
    driver.step(0.5)
    driver.command({'shoulder_pan': 0.0})
    driver.step(1.0)

    assert driver.arm.targets()['shoulder_pan'] == 0.0
    assert driver.arm.targets()['elbow_flex'] == pytest.approx(0.25, abs=1e-6)


@pytest.mark.parametrize(
    ('positions', 'reason'),
    [
        ({'elbow': 0.1}, f"no joint 'elbow', expected some of {', '.join(JOINTS)}"),
        ({'elbow_flex': math.nan}, 'elbow_flex is sent to nan, expected a finite number'),
        ({'elbow_flex': 0.1, 'gripper': math.inf}, 'gripper is sent to inf'),
    ],
)
def test_a_wrong_command_is_refused_as_a_whole(
    driver: Driver, positions: dict[str, float], reason: str
) -> None:
    """An invalid command is rejected as a whole, with what was expected."""
    with pytest.raises(CommandError, match=reason):
        driver.command(positions)
    assert set(driver.arm.targets().values()) == {0.0}


def test_a_wrong_trajectory_leaves_the_one_before(driver: Driver) -> None:
    """An invalid trajectory does not replace the current one."""
    driver.follow(['shoulder_pan'], [Point(1.0, [1.0])])
    with pytest.raises(CommandError, match='no joint'):
        driver.follow(['elbow'], [Point(1.0, [1.0])])
    with pytest.raises(CommandError, match='named twice'):
        driver.follow(['elbow_flex', 'elbow_flex'], [Point(1.0, [1.0, 0.0])])
    with pytest.raises(TrajectoryError):
        driver.follow(['shoulder_pan'], [])
    with pytest.raises(CommandError, match='has ended already'):
        driver.follow(['shoulder_pan'], [Point(1.0, [0.0])], in_s=-1.1)
    driver.step(0.5)

    assert driver.arm.targets()['shoulder_pan'] == pytest.approx(0.5, abs=1e-6)
    assert measured(driver) % ENCODER_STEP == pytest.approx(0.0, abs=1e-9)
