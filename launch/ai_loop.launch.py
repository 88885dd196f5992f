# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""
Start the bridge and the cameras of a robot for one session of an AI policy.

The names of the rooms follow from the session. The nodes create none of them.
"""

from pathlib import Path

from launch import LaunchContext, LaunchDescription, LaunchDescriptionEntity
from launch.actions import DeclareLaunchArgument
from launch.substitutions import LaunchConfiguration, PathJoinSubstitution
from launch_ros.actions import Node
from launch_ros.substitutions import FindPackageShare

from lerobot_arena_ros.nodes.launching.ai_loop_rules import names_in, session_parameters
from lerobot_arena_ros.nodes.launching.parts import (
    PACKAGE,
    describe_or_refuse,
    full_name,
    is_true,
    record_include,
    respawn_options,
    write_file,
)
from lerobot_arena_ros.nodes.settings.yaml_file import parameters_for

BRIDGE, CAMERA = 'arena_bridge', 'arena_camera'

ARGUMENTS = [
    DeclareLaunchArgument(
        'session',
        default_value='',
        description='Id of the session, with which the names of its rooms begin; required',
    ),
    DeclareLaunchArgument(
        'cameras',
        default_value='[front]',
        description="Names of the policy's cameras, such as [front, wrist]; []: none",
    ),
    DeclareLaunchArgument(
        'camera_topics',
        default_value='',
        description='Topic of each camera, in the order of cameras; empty: as in params_file, or '
        'else <camera>/image_raw',
    ),
    DeclareLaunchArgument(
        'params_file',
        default_value=PathJoinSubstitution([FindPackageShare(PACKAGE), 'config', 'ai_loop.yaml']),
        description='YAML file with the parameters of the bridge and the cameras',
    ),
    DeclareLaunchArgument(
        'namespace',
        default_value='',
        description='Namespace of the nodes and their topics',
    ),
    DeclareLaunchArgument(
        'server_url',
        default_value='',
        description='URL of the arena, such as http://localhost:8000; empty: as in params_file',
    ),
    DeclareLaunchArgument(
        'workspace_id',
        default_value='',
        description='Workspace of the session; empty: as in params_file',
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
        description='true: start a node again when it ends, the bridge with the emergency stop '
        'latched, because a crash must not clear it; not after an error in its parameters',
    ),
]


def ai_loop(context: LaunchContext) -> list[LaunchDescriptionEntity]:
    """Describe both nodes from the values of the arguments."""
    values = {
        action.name: LaunchConfiguration(action.name).perform(context) for action in ARGUMENTS
    }
    cameras = names_in(values['cameras'])
    of_bridge, of_cameras = session_parameters(
        values['session'], cameras, names_in(values['camera_topics'])
    )
    node = full_name(BRIDGE, values['namespace'], context)
    record_include(node, ARGUMENTS, context)
    # launch_ros would start the bridge without limits if the file is missing, or if it has none
    # for this bridge.
    parameters_for(node, Path(values['params_file']))
    common: dict[str, object] = {
        name: values[name] for name in ('server_url', 'workspace_id') if values[name]
    }
    if values['use_sim_time']:
        common['use_sim_time'] = is_true('use_sim_time', context)
    is_respawned = is_true('use_respawn', context)
    if is_respawned:
        of_bridge['estop_on_start'] = True
    nodes = {BRIDGE: of_bridge, **({CAMERA: of_cameras} if cameras else {})}
    return [
        Node(
            package=PACKAGE,
            executable=name,
            name=name,
            namespace=values['namespace'],
            # The last file has priority, and this name matches the node in any namespace.
            parameters=[
                values['params_file'],
                write_file({f'/**/{name}': {'ros__parameters': {**common, **parameters}}}),
            ],
            ros_arguments=['--log-level', values['log_level']],
            output='screen',
            **respawn_options(is_respawned),
        )
        for name, parameters in nodes.items()
    ]


def generate_launch_description() -> LaunchDescription:
    """Describe the arguments and both nodes."""
    return LaunchDescription([*ARGUMENTS, describe_or_refuse('ai_loop.launch.py', ai_loop)])
