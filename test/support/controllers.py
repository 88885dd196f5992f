# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""
The checks of ros2_control's controllers: the reason why they refuse a command, or None.

The rules are those of ros2_controllers, identical in humble, jazzy, kilted and rolling:
``JointTrajectoryController::validate_trajectory_msg`` with its parameters at their defaults, and
``ForwardControllersBase``'s subscription and ``update``.
"""

from __future__ import annotations

from collections.abc import Sequence
import math

from std_msgs.msg import Float64MultiArray
from trajectory_msgs.msg import JointTrajectory

__all__ = ['refused_by_forward_command', 'refused_by_joint_trajectory']


def refused_by_forward_command(message: Float64MultiArray, joints: Sequence[str]) -> str | None:
    """Return why forward_command_controller and position_controllers refuse a command."""
    if not all(math.isfinite(value) for value in message.data):
        return 'a value is not finite'
    if len(message.data) != len(joints):
        return f'{len(message.data)} values for {len(joints)} joints'
    return None


def refused_by_joint_trajectory(message: JointTrajectory, joints: Sequence[str]) -> str | None:
    """Return why joint_trajectory_controller refuses a command."""
    names, points = list(message.joint_names), list(message.points)
    if sorted(names) != sorted(joints):
        return f'the joints are {names}'
    if not points:
        return 'no points'
    if message.header.stamp.sec or message.header.stamp.nanosec:
        return 'a start time, which may lie in the past'
    times = [p.time_from_start.sec + p.time_from_start.nanosec * 1e-9 for p in points]
    if any(after <= before for before, after in zip(times, times[1:], strict=False)):
        return 'times that do not rise'
    if any(len(point.positions) != len(names) for point in points):
        return 'a point without all positions'
    if any(len(point.velocities) or len(point.accelerations) for point in points):
        return 'a speed at the end, or in between'
    if any(len(point.effort) for point in points):
        return 'efforts'
    return None
