# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""
Send cameras to the video rooms of a LeRobot Arena, and publish cameras of its rooms.

A launch argument that is not empty replaces the parameter in params_file.
"""

from pathlib import Path

from launch import LaunchContext, LaunchDescription, LaunchDescriptionEntity
from launch.actions import DeclareLaunchArgument
from launch.substitutions import LaunchConfiguration, PathJoinSubstitution
from launch_ros.actions import Node
from launch_ros.substitutions import FindPackageShare

from lerobot_arena_ros.nodes.launching.parts import (
    PACKAGE,
    describe_or_refuse,
    full_name,
    is_true,
    respawn_options,
    write_file,
)
from lerobot_arena_ros.nodes.settings.yaml_file import parameters_for

NAME = 'arena_camera'

ARGUMENTS = [
    DeclareLaunchArgument(
        'params_file',
        default_value=PathJoinSubstitution([FindPackageShare(PACKAGE), 'config', 'cameras.yaml']),
        description='YAML file with the parameters of the cameras',
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
        description='true: start the node again when it ends; not after an error in its '
        'parameters',
    ),
]
STRINGS = ('server_url', 'workspace_id')
"""The arguments that override the parameter of their name if they are not empty."""


def cameras(context: LaunchContext) -> list[LaunchDescriptionEntity]:
    """Describe the node from the values of the arguments."""
    values = {
        action.name: LaunchConfiguration(action.name).perform(context) for action in ARGUMENTS
    }
    # launch_ros would start the node without parameters if the file is missing, or if it has
    # none for this node.
    parameters_for(full_name(NAME, values['namespace'], context), Path(values['params_file']))
    overrides: dict[str, object] = {name: values[name] for name in STRINGS if values[name]}
    if values['use_sim_time']:
        overrides['use_sim_time'] = is_true('use_sim_time', context)
    # The last file has priority, and this name matches the node in any namespace.
    last = [write_file({f'/**/{NAME}': {'ros__parameters': overrides}})] if overrides else []
    return [
        Node(
            package=PACKAGE,
            executable=NAME,
            name=NAME,
            namespace=values['namespace'],
            parameters=[values['params_file'], *last],
            ros_arguments=['--log-level', values['log_level']],
            output='screen',
            **respawn_options(is_true('use_respawn', context)),
        ),
    ]


def generate_launch_description() -> LaunchDescription:
    """Describe the arguments and the node."""
    return LaunchDescription([*ARGUMENTS, describe_or_refuse('cameras.launch.py', cameras)])
