# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""
Start the bridges of two arms that follow two rooms and share one stop button.

two_arms.launch.xml and two_arms.launch.yaml describe the same launch.
"""

from launch import LaunchDescription
from launch.actions import GroupAction, IncludeLaunchDescription
from launch.substitutions import PathJoinSubstitution
from launch_ros.actions import SetRemap
from launch_ros.substitutions import FindPackageShare

SHARE = FindPackageShare('lerobot_arena_ros')


def bridge(namespace: str, room: str) -> GroupAction:
    """
    Describe one bridge.

    Each include has its own group. Without it, its arguments and remappings would also apply to
    the bridges after it.
    """
    return GroupAction(
        [
            SetRemap('emergency_stop', '/emergency_stop'),
            IncludeLaunchDescription(
                PathJoinSubstitution([SHARE, 'launch', 'bridge.launch.py']),
                launch_arguments={
                    'namespace': namespace,
                    'params_file': PathJoinSubstitution([SHARE, 'config', 'so101.yaml']),
                    'consume_room': room,
                }.items(),
            ),
        ]
    )


def generate_launch_description() -> LaunchDescription:
    """Describe both bridges."""
    return LaunchDescription([bridge('left', 'left-arm'), bridge('right', 'right-arm')])
