# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""The robot on LeRobot's own base class, as LeRobot's programs make it."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip('lerobot', reason='LeRobot is not here: make lerobot installs it')

import draccus
from lerobot.robots import RobotConfig, make_robot_from_config
from lerobot.utils.errors import DeviceAlreadyConnectedError, DeviceNotConnectedError
from lerobot.utils.import_utils import register_third_party_plugins
from lerobot_arena_link import EmergencyStopped
from lerobot_robot_arena import ArenaRobot, ArenaRobotConfig
from support.remote_arm import RemoteArm
from support.waiting import wait_for

ACTION = {'elbow.pos': 11.0, 'gripper.pos': 49.0}


@dataclass
class Options:
    """The options of a program of LeRobot that concern the robot."""

    robot: RobotConfig


def robot_at(arm: RemoteArm, folder: Path, *more: str) -> ArenaRobot:
    """Return the robot that LeRobot makes of a command line."""
    arguments = [
        *('type=arena', 'units=degrees', f'calibration_dir={folder}'),
        *(f'server_url={arm.url}', f'workspace_id={arm.workspace_id}'),
        *(f'joint_room={arm.joint_room}', f'command_room={arm.command_room}'),
        *('joints={elbow: {}, gripper: {}}', 'max_age_s=20', 'timeout_s=30', *more),
    ]
    options = draccus.parse(Options, None, [f'--robot.{each}' for each in arguments])
    robot = make_robot_from_config(options.robot)
    assert isinstance(robot, ArenaRobot)
    return robot


def test_lerobot_finds_the_robot_by_the_name_of_its_package() -> None:
    """The package is installed under a name that LeRobot imports, and registers its type."""
    names = {found.metadata['Name'] for found in metadata.distributions()}
    if 'lerobot_robot_arena' not in names:
        pytest.skip('lerobot_robot_arena is not installed: make lerobot installs it')
    register_third_party_plugins()

    assert RobotConfig.get_choice_class('arena') is ArenaRobotConfig


def test_the_features_are_known_without_a_connection(arm: RemoteArm, tmp_path: Path) -> None:
    """Joints are floats and cameras have their shape, before connect."""
    robot = robot_at(arm, tmp_path, 'cameras={front: {room_id: f, width: 64, height: 48}}')

    assert robot.action_features == {'elbow.pos': float, 'gripper.pos': float}
    assert robot.observation_features == {**robot.action_features, 'front': (48, 64, 3)}
    assert len(robot.cameras) == 1
    assert robot.is_calibrated
    robot.calibrate()
    robot.configure()


def test_it_observes_and_sends(arm: RemoteArm, tmp_path: Path) -> None:
    """Between connect and disconnect, it is an arm like any other; outside there are errors."""
    robot = robot_at(arm, tmp_path)
    calls: list[Any] = [
        robot.get_observation,
        lambda: robot.send_action(ACTION),
        robot.disconnect,
    ]
    for call in calls:
        with pytest.raises(DeviceNotConnectedError):
            call()

    with robot:
        assert robot.is_connected
        assert robot.get_observation() == {'elbow.pos': 10.0, 'gripper.pos': 50.0}
        assert robot.send_action(ACTION) == ACTION
        with pytest.raises(DeviceAlreadyConnectedError):
            robot.connect()
        wait_for(lambda: arm.commands, 'the command')

    assert not robot.is_connected
    assert arm.commands == [{'elbow': 11.0, 'gripper': 49.0}]


def test_an_emergency_stop_is_an_error_in_the_loop(arm: RemoteArm, tmp_path: Path) -> None:
    """LeRobot's loop ends at the next action after a stop."""
    with robot_at(arm, tmp_path) as robot:
        arm.stop('smoke')
        with pytest.raises(EmergencyStopped, match='smoke'):
            while True:
                robot.send_action(ACTION)


@pytest.mark.parametrize(
    ('option', 'message'),
    [
        ('units=turns', "expected one of degrees, .*, got 'turns'"),
        ('max_age_s=0', 'max_age_s: expected a number of seconds above 0'),
        ('joints={elbow: {room_range: [0, 1]}}', 'joint elbow: expected two numbers'),
    ],
)
def test_an_invalid_option_is_named(
    arm: RemoteArm, tmp_path: Path, option: str, message: str
) -> None:
    """An invalid option ends the program before it connects."""
    with pytest.raises(ValueError, match=message):
        robot_at(arm, tmp_path, option)
