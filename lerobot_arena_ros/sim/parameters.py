# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""The parameters of ``sim_arm``, as data."""

from __future__ import annotations

from lerobot_arena_ros.nodes.settings.specs import Spec

from .names import CUBE_AT, JOINTS

__all__ = ['SPECS']

SPECS = (
    Spec(
        'command_interface',
        'joint_state',
        'Message type of joint_commands.',
        choices=('joint_state', 'forward_command', 'joint_trajectory'),
    ),
    Spec(
        'open_loop_control',
        False,
        'Whether a trajectory begins at the desired positions instead of the measured ones, as '
        "in ros2_control's joint_trajectory_controller.",
    ),
    Spec('rate_hz', 100.0, 'joint_states per second.', 'Hz', 1.0, 1000.0),
    Spec('pictures', True, 'Whether camera pictures are published while they have a subscriber.'),
    Spec('picture_rate_hz', 5.0, 'Pictures per second of each camera.', 'Hz', 0.1, 60.0),
    Spec(
        'cube_x',
        CUBE_AT[0],
        'Place of the cube on the table, in front of the base. When set, the cube lies there.',
        'm',
        -1.0,
        1.0,
        dynamic=True,
    ),
    Spec(
        'cube_y',
        CUBE_AT[1],
        'Place of the cube, to the left of the base. When set, the cube lies there.',
        'm',
        -1.0,
        1.0,
        dynamic=True,
    ),
    Spec('gravity', 1.0, 'Gravity, as a factor.', '', 0.0, 10.0, dynamic=True),
    Spec(
        'stiffness',
        17.8,
        'Torque of a servo per radian between its setpoint and the joint.',
        'N m/rad',
        0.0,
        1000.0,
        dynamic=True,
    ),
    Spec(
        'damping',
        0.6,
        'Torque against the motion, with and without power.',
        'N m s/rad',
        0.0,
        100.0,
        dynamic=True,
    ),
    Spec('max_torque', 3.35, 'The maximum torque of a servo.', 'N m', 0.01, 100.0, dynamic=True),
    Spec(
        'max_speed',
        5.0,
        'How fast the setpoint of a servo moves to its target.',
        'rad/s',
        0.01,
        100.0,
        dynamic=True,
    ),
    Spec(
        'drives_on',
        True,
        'Whether the servos exert torque; encoders and commands work without it.',
        dynamic=True,
    ),
    Spec(
        'hang_s',
        0.0,
        'When set, the driver hangs for this time: it reads no commands and publishes nothing, '
        'while the servos hold their positions.',
        's',
        0.0,
        3600.0,
        dynamic=True,
    ),
    Spec(
        'frozen_joint',
        '',
        'A joint whose measured position is frozen from when this is set. Empty: none.',
        choices=JOINTS,
        dynamic=True,
    ),
    Spec(
        'stamp_delay_s',
        0.0,
        'The delay of joint_states, both of their values and of their stamps. Negative: the '
        'stamps are in the future.',
        's',
        -3600.0,
        3600.0,
        dynamic=True,
    ),
    Spec(
        'offset_joint',
        '',
        'A joint whose measured position is wrong by offset. Empty: none.',
        choices=JOINTS,
        dynamic=True,
    ),
    Spec(
        'offset',
        0.0,
        'The error of the measured position of offset_joint.',
        'rad',
        -100.0,
        100.0,
        dynamic=True,
    ),
    Spec(
        'blocked_joint',
        '',
        'A joint that an obstacle blocks from when this is set. Empty: none.',
        choices=JOINTS,
        dynamic=True,
    ),
    Spec(
        'second_publisher',
        False,
        'Whether another node also publishes joint_states, with all joints at 0.',
        dynamic=True,
    ),
)
