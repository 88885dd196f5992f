# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""The options of ``--robot.type=arena``."""

from __future__ import annotations

from dataclasses import dataclass, field

from lerobot.robots import RobotConfig
from lerobot_arena_link import SO101_JOINTS, CameraRoom, JointMap, JointSetting, RobotSettings

__all__ = ['ArenaRobotConfig']


@RobotConfig.register_subclass('arena')
@dataclass(kw_only=True)
class ArenaRobotConfig(RobotConfig):
    """
    A robot behind the rooms of an arena. The token comes from ``LEROBOT_ARENA_TOKEN``.

    :param units: the unit of the joint rooms, as the parameter ``units`` of the robot's bridge:
        ``degrees``, ``normalized`` or ``radians``.
    :param joint_room: the room that the robot sends its measured joints to.
    :param command_room: the room whose values the robot follows.
    :param server_url: the URL of the arena.
    :param workspace_id: the workspace of all rooms.
    :param joints: the joints by their names in LeRobot; empty: the six of an SO-101.
    :param cameras: the cameras by their names in LeRobot.
    :param max_age_s: the maximum age of an observation, in seconds since its arrival.
    :param tolerance_s: how far the stamps of the pictures and joints of one observation may be
        apart, in seconds.
    :param timeout_s: how long to wait for an observation, a lost room or the robot, in seconds.
    :param require_robot: refuse to lead until a robot in the command room has reported its
        joints with these units.
    :param ca_file: a PEM file with the only certificate authorities to trust; None: the system's.
    :param allow_insecure: send the token to other machines even without TLS.
    """

    units: str
    joint_room: str
    command_room: str
    server_url: str = 'http://localhost:8000'
    workspace_id: str = 'default-workspace'
    joints: dict[str, JointSetting] = field(default_factory=dict)
    cameras: dict[str, CameraRoom] = field(default_factory=dict)
    max_age_s: float = 0.5
    tolerance_s: float = 0.05
    timeout_s: float = 10.0
    require_robot: bool = True
    ca_file: str | None = None
    allow_insecure: bool = False

    def __post_init__(self) -> None:
        """Do not check the cameras as the base class does, because it requires their rate."""

    def settings(self) -> RobotSettings:
        """
        Return the settings of the link.

        :raises ValueError: an option is invalid.
        """
        return RobotSettings(
            server_url=self.server_url,
            workspace_id=self.workspace_id,
            joint_room=self.joint_room,
            command_room=self.command_room,
            joints=JointMap(self.units, self.joints or SO101_JOINTS),
            cameras=self.cameras,
            max_age_s=self.max_age_s,
            timeout_s=self.timeout_s,
            tolerance_s=self.tolerance_s,
            require_robot=self.require_robot,
            ca_file=self.ca_file,
            allow_insecure=self.allow_insecure,
        )
