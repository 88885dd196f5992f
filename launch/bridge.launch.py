# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""
Start the bridge between a robot and the rooms of a LeRobot Arena.

A launch argument that is not empty replaces the parameter in params_file.
"""

from pathlib import Path

from launch import LaunchContext, LaunchDescription, LaunchDescriptionEntity
from launch.actions import DeclareLaunchArgument
from launch.substitutions import LaunchConfiguration, PathJoinSubstitution
from launch_ros.actions import Node
from launch_ros.substitutions import FindPackageShare

from lerobot_arena_ros.arena.address import DEFAULT_URL
from lerobot_arena_ros.nodes.launching.launch_rules import choose_arena
from lerobot_arena_ros.nodes.launching.parts import (
    PACKAGE,
    arena_server,
    describe_or_refuse,
    full_name,
    is_true,
    record_include,
    respawn_options,
    write_file,
)
from lerobot_arena_ros.nodes.settings.yaml_file import parameters_for

NAME = 'arena_bridge'

ARGUMENTS = [
    DeclareLaunchArgument(
        'params_file',
        default_value=PathJoinSubstitution([FindPackageShare(PACKAGE), 'config', 'bridge.yaml']),
        description='YAML file with the parameters of the bridge',
    ),
    DeclareLaunchArgument(
        'namespace',
        default_value='',
        description='Namespace of the node and its topics',
    ),
    DeclareLaunchArgument(
        'server_url',
        default_value='',
        description='URL of the arena, such as http://localhost:8000; empty: as in params_file',
    ),
    DeclareLaunchArgument(
        'workspace_id',
        default_value='',
        description='Workspace of the rooms; empty: as in params_file',
    ),
    DeclareLaunchArgument(
        'produce_room',
        default_value='',
        description='Room that the measured joints are sent to; empty: as in params_file',
    ),
    DeclareLaunchArgument(
        'consume_room',
        default_value='',
        description='Room that the commands of the joints come from; empty: as in params_file',
    ),
    DeclareLaunchArgument(
        'units',
        default_value='',
        choices=['', 'degrees', 'radians', 'normalized'],
        description='Unit of the joint values in the rooms; empty: as in params_file',
    ),
    DeclareLaunchArgument(
        'start_server',
        default_value='false',
        description='true: also start an arena on this machine, at the port of server_url',
    ),
    DeclareLaunchArgument(
        'port',
        default_value='',
        description='TCP port of an arena on this machine, instead of server_url',
    ),
    DeclareLaunchArgument(
        'log_level',
        default_value='info',
        description='debug, info, warn, error or fatal',
    ),
    DeclareLaunchArgument(
        'use_sim_time',
        default_value='',
        description='true: stamps come from /clock; empty: as in params_file',
    ),
    DeclareLaunchArgument(
        'use_respawn',
        default_value='false',
        description='true: start the bridge again when it ends, with the emergency stop latched, '
        'because a crash must not clear it; not after an error in its parameters',
    ),
]
# The parameter that each argument overrides if it is not empty.
STRINGS = {
    'server_url': 'server_url',
    'workspace_id': 'workspace_id',
    'produce_room': 'produce.room_id',
    'consume_room': 'consume.room_id',
    'units': 'units',
}


def bridge(context: LaunchContext) -> list[LaunchDescriptionEntity]:
    """Describe the node, and the arena if it is enabled, from the values of the arguments."""
    values = {
        action.name: LaunchConfiguration(action.name).perform(context) for action in ARGUMENTS
    }
    node = full_name(NAME, values['namespace'], context)
    record_include(node, ARGUMENTS, context)
    # launch_ros would start the node without parameters if the file is missing, or if it has
    # none for this node.
    parameters = parameters_for(node, Path(values['params_file']))
    arena = choose_arena(
        server_url=values['server_url'],
        port=values['port'],
        start_server=is_true('start_server', context),
        urls=[parameters.get('server_url', DEFAULT_URL)],
    )
    values['server_url'] = arena.url
    overrides: dict[str, object] = {
        parameter: values[argument] for argument, parameter in STRINGS.items() if values[argument]
    }
    if values['use_sim_time']:
        overrides['use_sim_time'] = is_true('use_sim_time', context)
    is_respawned = is_true('use_respawn', context)
    if is_respawned:
        overrides['estop_on_start'] = True
    # The last file has priority, and this name matches the node in any namespace.
    last = [write_file({f'/**/{NAME}': {'ros__parameters': overrides}})] if overrides else []
    return [
        *(arena_server(arena.port) if arena.port else []),
        Node(
            package=PACKAGE,
            executable='arena_bridge',
            name=NAME,
            namespace=values['namespace'],
            parameters=[values['params_file'], *last],
            ros_arguments=['--log-level', values['log_level']],
            output='screen',
            **respawn_options(is_respawned),
        ),
    ]


def generate_launch_description() -> LaunchDescription:
    """Describe the arguments, the arena if it is enabled, and the node."""
    return LaunchDescription([*ARGUMENTS, describe_or_refuse('bridge.launch.py', bridge)])
