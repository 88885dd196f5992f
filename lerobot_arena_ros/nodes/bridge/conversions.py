# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""Conversions between ROS messages and names with positions, in pairs; no node, no arithmetic."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

from builtin_interfaces.msg import Time as TimeMsg
from sensor_msgs.msg import JointState
from std_msgs.msg import Float64MultiArray
from trajectory_msgs.msg import JointTrajectory, JointTrajectoryPoint

from lerobot_arena_ros.control.units import ConversionError

__all__ = [
    'COMMAND_TYPES',
    'CommandMessage',
    'command_to_ros',
    'joint_state_from_ros',
    'joint_state_to_ros',
    'stamp_ns',
]

CommandMessage: TypeAlias = JointState | Float64MultiArray | JointTrajectory

COMMAND_TYPES: dict[str, type[CommandMessage]] = {
    'joint_state': JointState,
    'forward_command': Float64MultiArray,
    'joint_trajectory': JointTrajectory,
}
"""The message type of each ``consume.command_interface``."""


def joint_state_from_ros(message: JointState) -> dict[str, float]:
    """
    Return positions by joint name; empty if the message has none.

    :raises ConversionError: names and positions differ in number, or a name occurs twice.
    """
    if not message.position:
        return {}
    if len(message.name) != len(message.position):
        raise ConversionError(
            f'JointState has {len(message.name)} names and {len(message.position)} positions',
            reason='length',
        )
    positions = dict(zip(message.name, message.position, strict=True))
    if len(positions) != len(message.name):
        twice = next(name for name in message.name if message.name.count(name) > 1)
        raise ConversionError(f'JointState names a joint twice: {twice!r:.60}', reason='duplicate')
    return positions


def joint_state_to_ros(
    names: Sequence[str], positions: Sequence[float], stamp: TimeMsg
) -> JointState:
    """Return a JointState with positions in radians or metres, one for each name."""
    message = JointState(name=list(names), position=list(positions))
    message.header.stamp = stamp
    return message


def command_to_ros(
    interface: str,
    names: Sequence[str],
    positions: Sequence[float],
    *,
    stamp: TimeMsg,
) -> CommandMessage:
    """
    Return a command with positions in radians or metres, one for each name.

    :param interface: a key of :data:`COMMAND_TYPES`.
    :param stamp: when the command was decided.
    """
    if interface == 'forward_command':
        return Float64MultiArray(data=list(positions))
    if interface == 'joint_trajectory':
        # A zero stamp means "begin now"; our stamp would be in the past on arrival. A time from
        # start of zero means "be there now", because the gate plans the path between two
        # commands. If the controller interpolated, each piece would begin at the measured
        # position, which lags behind.
        point = JointTrajectoryPoint(positions=list(positions))
        return JointTrajectory(joint_names=list(names), points=[point])
    return joint_state_to_ros(names, positions, stamp)


def stamp_ns(stamp: TimeMsg) -> int | None:
    """Return a stamp in nanoseconds of the ROS clock; None for zero, which means no stamp."""
    return stamp.sec * 1_000_000_000 + stamp.nanosec or None
