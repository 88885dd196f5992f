# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""The teleoperator on LeRobot's own base class, as LeRobot's programs make it."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

import pytest

pytest.importorskip('lerobot', reason='LeRobot is not here: make lerobot installs it')

import draccus
from lerobot.teleoperators import TeleoperatorConfig, make_teleoperator_from_config
from lerobot.utils.errors import DeviceAlreadyConnectedError, DeviceNotConnectedError
from lerobot.utils.import_utils import register_third_party_plugins
from lerobot_teleoperator_arena import ArenaTeleoperator, ArenaTeleoperatorConfig
from support.remote_arm import RemoteArm


@dataclass
class Options:
    """The options of a program of LeRobot that concern the teleoperator."""

    teleop: TeleoperatorConfig


def teleoperator_of(arm: RemoteArm, folder: Path) -> ArenaTeleoperator:
    """Return the teleoperator that LeRobot makes of a command line; the arm is the leader."""
    arguments = [
        *('type=arena', 'units=degrees', f'calibration_dir={folder}'),
        *(f'server_url={arm.url}', f'workspace_id={arm.workspace_id}'),
        *(f'room={arm.joint_room}', 'joints={elbow: {}, gripper: {}}'),
        *('max_age_s=20', 'timeout_s=30'),
    ]
    options = draccus.parse(Options, None, [f'--teleop.{each}' for each in arguments])
    made = make_teleoperator_from_config(options.teleop)
    assert isinstance(made, ArenaTeleoperator)
    return made


def test_lerobot_finds_the_teleoperator_by_the_name_of_its_package() -> None:
    """The package is installed under a name that LeRobot imports, and registers its type."""
    names = {found.metadata['Name'] for found in metadata.distributions()}
    if 'lerobot_teleoperator_arena' not in names:
        pytest.skip('lerobot_teleoperator_arena is not installed: make lerobot installs it')
    register_third_party_plugins()

    assert TeleoperatorConfig.get_choice_class('arena') is ArenaTeleoperatorConfig


def test_the_joints_of_the_leader_are_the_action(arm: RemoteArm, tmp_path: Path) -> None:
    """Between connect and disconnect there are actions; outside there are errors."""
    teleoperator = teleoperator_of(arm, tmp_path)
    assert teleoperator.action_features == {'elbow.pos': float, 'gripper.pos': float}
    assert teleoperator.feedback_features == {}
    assert teleoperator.is_calibrated
    for call in (teleoperator.get_action, teleoperator.disconnect):
        with pytest.raises(DeviceNotConnectedError):
            call()

    with teleoperator:
        assert teleoperator.get_action() == {'elbow.pos': 10.0, 'gripper.pos': 50.0}
        teleoperator.send_feedback({})
        with pytest.raises(DeviceAlreadyConnectedError):
            teleoperator.connect()

    assert not teleoperator.is_connected
    teleoperator.calibrate()
    teleoperator.configure()
