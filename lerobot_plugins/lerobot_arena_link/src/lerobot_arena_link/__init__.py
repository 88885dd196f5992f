# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""
Rooms of an arena for a program without an event loop, such as LeRobot's.

A loop in a thread of its own runs the Python client. :class:`RemoteRobot` observes and leads a
robot, :class:`RemoteLeader` receives actions. LeRobot is not imported here.
"""

from .errors import (
    EmergencyStopped,
    LinkError,
    NoObservation,
    NotConnected,
    NotInControl,
    RobotProblem,
)
from .joints import SO101_JOINTS, JointMap, JointSetting
from .remote_leader import RemoteLeader
from .remote_robot import RemoteRobot
from .settings import CameraRoom, LeaderSettings, RobotSettings

__all__ = [
    'SO101_JOINTS',
    'CameraRoom',
    'EmergencyStopped',
    'JointMap',
    'JointSetting',
    'LeaderSettings',
    'LinkError',
    'NoObservation',
    'NotConnected',
    'NotInControl',
    'RemoteLeader',
    'RemoteRobot',
    'RobotProblem',
    'RobotSettings',
]
