# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""The settings of links."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from lerobot_arena_ros.arena.address import DEFAULT_URL

from .joints import JointMap
from .latest import check_seconds

__all__ = ['ArenaSettings', 'CameraRoom', 'LeaderSettings', 'RobotSettings']


@dataclass(frozen=True, kw_only=True)
class ArenaSettings:
    """
    The server and the deadlines of a link. The token comes from ``LEROBOT_ARENA_TOKEN``.

    :param server_url: the URL of the arena.
    :param workspace_id: the workspace of all rooms.
    :param max_age_s: how old a received value may be, in seconds since its arrival.
    :param timeout_s: how long to wait for a value, for a lost room, and for the robot, in seconds.
    :param ca_file: a PEM file with the only certificate authorities to trust; None: the system's.
    :param allow_insecure: send the token to other machines even without TLS.
    :raises ValueError: a number is out of range.
    """

    server_url: str = DEFAULT_URL
    workspace_id: str = 'default-workspace'
    max_age_s: float = 0.5
    timeout_s: float = 10.0
    ca_file: str | None = None
    allow_insecure: bool = False

    def __post_init__(self) -> None:
        """Check the durations."""
        check_seconds('max_age_s', self.max_age_s)
        check_seconds('timeout_s', self.timeout_s)

    @property
    def access(self) -> dict[str, Any]:
        """The options of each client."""
        return {'ca_file': self.ca_file, 'allow_insecure': self.allow_insecure}


@dataclass(frozen=True, kw_only=True)
class LeaderSettings(ArenaSettings):
    """
    The room of a leader, and its joints.

    :param room_id: the room that the leader sends its joints to.
    """

    room_id: str
    joints: JointMap


@dataclass(frozen=True)
class CameraRoom:
    """
    The video room of a camera, and the size of its pictures in pixels.

    :param room_id: the video room.
    """

    room_id: str
    width: int = 640
    height: int = 480


@dataclass(frozen=True, kw_only=True)
class RobotSettings(ArenaSettings):
    """
    The rooms of a robot, and its joints.

    :param joint_room: the room that the robot sends its measured joints to.
    :param command_room: the room whose values the robot follows; this program becomes its
        producer.
    :param cameras: the camera rooms by the names of the cameras in LeRobot.
    :param tolerance_s: how far the stamps of the pictures and joints of one observation may be
        apart, in seconds.
    :param require_robot: refuse to lead until a robot in the command room has reported its
        joints, with the configured units. False: for robots that report nothing.
    """

    joint_room: str
    command_room: str
    joints: JointMap
    cameras: Mapping[str, CameraRoom] = field(default_factory=dict)
    tolerance_s: float = 0.05
    require_robot: bool = True
