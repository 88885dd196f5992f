# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""
Run a complete example on one machine: an arena, and two simulated arms that it connects.

The leader's joints go into a room, and the follower follows the room.
"""

from launch import LaunchContext, LaunchDescription, LaunchDescriptionEntity
from launch.actions import DeclareLaunchArgument, LogInfo
from launch.substitutions import LaunchConfiguration
from launch_ros.actions import Node

from lerobot_arena_ros.arena.address import DEFAULT_URL
from lerobot_arena_ros.nodes.demo.so101 import SO101, limit_parameters
from lerobot_arena_ros.nodes.launching.launch_rules import choose_arena
from lerobot_arena_ros.nodes.launching.parts import PACKAGE, arena_server, describe_or_refuse

JOINTS = list(SO101)

ARGUMENTS = [
    DeclareLaunchArgument('port', default_value='8000', description='TCP port of the arena'),
    DeclareLaunchArgument(
        'log_level',
        default_value='info',
        description='debug, info, warn, error or fatal',
    ),
]
INTRODUCTION = (
    'A simulated leader arm waves. Its measured joints go through an arena room on this machine, '
    'and a simulated follower moves to the same positions: see ros2 topic echo '
    '/follower/joint_states. Ctrl-C ends the demo.'
)


def arm(namespace: str, motion: str) -> Node:
    """Describe a simulated arm."""
    return Node(
        package=PACKAGE,
        executable='arena_demo_arm',
        name='demo_arm',
        namespace=namespace,
        parameters=[{'motion': motion, 'joints': JOINTS, 'rate_hz': 50.0}],
        ros_arguments=['--log-level', LaunchConfiguration('log_level')],
        output='screen',
    )


def bridge(namespace: str, executable: str, room_parameter: str, url: str) -> Node:
    """Describe a bridge that only produces or only consumes."""
    return Node(
        package=PACKAGE,
        executable=executable,
        name=executable,
        namespace=namespace,
        parameters=[
            {
                'server_url': url,
                'units': 'degrees',
                'joints': JOINTS,
                room_parameter: 'demo',
                **limit_parameters(),
            }
        ],
        ros_arguments=['--log-level', LaunchConfiguration('log_level')],
        output='screen',
    )


def demo(context: LaunchContext) -> list[LaunchDescriptionEntity]:
    """Describe the arena, the two arms and the two bridges."""
    port = LaunchConfiguration('port').perform(context)
    arena = choose_arena(server_url='', port=port, start_server=True, urls=[DEFAULT_URL])
    return [
        *arena_server(arena.port),
        arm('leader', motion='sine'),
        bridge('leader', 'arena_producer', 'produce.room_id', arena.url),
        bridge('follower', 'arena_consumer', 'consume.room_id', arena.url),
        arm('follower', motion='follow'),
    ]


def generate_launch_description() -> LaunchDescription:
    """Describe the arguments, and the processes that are started with them."""
    return LaunchDescription(
        [*ARGUMENTS, LogInfo(msg=INTRODUCTION), describe_or_refuse('demo.launch.py', demo)]
    )
