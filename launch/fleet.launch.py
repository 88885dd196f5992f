# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""
Start the bridges of several robots from a YAML file.

Each bridge is a separate process, unless one_process is true. A launch argument that is not empty
replaces the parameter in fleet_file.
"""

from collections.abc import Sequence
from pathlib import Path

from launch import LaunchContext, LaunchDescription, LaunchDescriptionEntity
from launch.actions import DeclareLaunchArgument
from launch.substitutions import LaunchConfiguration, PathJoinSubstitution
from launch_ros.actions import Node
from launch_ros.substitutions import FindPackageShare

from lerobot_arena_ros.nodes.launching.launch_rules import choose_arena
from lerobot_arena_ros.nodes.launching.parts import (
    PACKAGE,
    arena_server,
    describe_or_refuse,
    is_true,
    respawn_options,
    write_file,
)
from lerobot_arena_ros.nodes.settings.fleet_file import NODE_NAME, Robot, read_fleet

ARGUMENTS = [
    DeclareLaunchArgument(
        'fleet_file',
        default_value=PathJoinSubstitution([FindPackageShare(PACKAGE), 'config', 'fleet.yaml']),
        description='YAML file with the robots',
    ),
    DeclareLaunchArgument(
        'one_process',
        default_value='false',
        description='true: one process for all bridges. It needs a tenth of the memory and uses '
        'one core, but all bridges end if it ends',
    ),
    DeclareLaunchArgument(
        'server_url',
        default_value='',
        description='URL of the arena, such as http://localhost:8000; empty: as in fleet_file',
    ),
    DeclareLaunchArgument(
        'workspace_id',
        default_value='',
        description='Workspace of the rooms; empty: as in fleet_file',
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
        description='true: stamps come from /clock; empty: as in fleet_file',
    ),
    DeclareLaunchArgument(
        'use_respawn',
        default_value='false',
        description='true: start a bridge again when it ends, with the emergency stop latched, '
        'because a crash must not clear it; not after an error in its parameters',
    ),
]


def fleet(context: LaunchContext) -> list[LaunchDescriptionEntity]:
    """Describe the bridges, and the arena if it is enabled, from the values of the arguments."""
    values = {
        action.name: LaunchConfiguration(action.name).perform(context) for action in ARGUMENTS
    }
    overrides: dict[str, object] = {
        name: values[name] for name in ('server_url', 'workspace_id') if values[name]
    }
    if values['use_sim_time']:
        overrides['use_sim_time'] = is_true('use_sim_time', context)
    is_respawned = is_true('use_respawn', context)
    if is_respawned:
        overrides['estop_on_start'] = True
    path = Path(values['fleet_file'])
    robots = read_fleet(path, overrides)
    arena = choose_arena(
        server_url=values['server_url'],
        port=values['port'],
        start_server=is_true('start_server', context),
        urls=[robot.settings().address.base_url for robot in robots],
    )
    if arena.url:
        robots = read_fleet(path, {**overrides, 'server_url': arena.url})
    bridges = nodes_of(
        robots,
        one_process=is_true('one_process', context),
        log_level=values['log_level'],
        is_respawned=is_respawned,
    )
    return [*(arena_server(arena.port) if arena.port else []), *bridges]


def nodes_of(
    robots: Sequence[Robot], *, one_process: bool, log_level: str, is_respawned: bool
) -> list[Node]:
    """Describe the processes of the bridges."""
    how = {'ros_arguments': ['--log-level', log_level], 'output': 'screen'}
    if one_process:
        return [
            Node(
                package=PACKAGE,
                executable='arena_fleet',
                arguments=[write_file(to_fleet_file(robots))],
                **how,
                **respawn_options(is_respawned),
            )
        ]
    return [
        Node(
            package=PACKAGE,
            executable='arena_bridge',
            name=NODE_NAME,
            namespace=robot.namespace,
            parameters=[write_file({'/**': {'ros__parameters': dict(robot.parameters)}})],
            remappings=list(robot.remappings.items()),
            **how,
            **respawn_options(is_respawned),
        )
        for robot in robots
    ]


def to_fleet_file(robots: Sequence[Robot]) -> dict[str, object]:
    """Return the content of a fleet file for these robots, which includes the overrides."""
    return {
        'robots': [
            {
                'namespace': robot.namespace,
                'params': dict(robot.parameters),
                'remappings': dict(robot.remappings),
            }
            for robot in robots
        ]
    }


def generate_launch_description() -> LaunchDescription:
    """Describe the arguments, the arena if it is enabled, and the bridges."""
    return LaunchDescription([*ARGUMENTS, describe_or_refuse('fleet.launch.py', fleet)])
