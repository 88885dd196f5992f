"""
Start the bridge between a robot and the rooms of a LeRobot Arena.

What params_file says holds, unless an argument that is not empty says otherwise.
"""

import json
from pathlib import Path
from tempfile import NamedTemporaryFile

from launch import LaunchContext, LaunchDescription, LaunchDescriptionEntity
from launch.actions import DeclareLaunchArgument, ExecuteProcess, OpaqueFunction
from launch.conditions import IfCondition
from launch.substitutions import LaunchConfiguration, PathJoinSubstitution
from launch_ros.actions import Node
from launch_ros.substitutions import ExecutableInPackage, FindPackageShare

PACKAGE = 'lerobot_arena_ros'

ARGUMENTS = [
    DeclareLaunchArgument(
        'params_file',
        default_value=PathJoinSubstitution([FindPackageShare(PACKAGE), 'config', 'bridge.yaml']),
        description='YAML file with the parameters of the bridge',
    ),
    DeclareLaunchArgument(
        'namespace',
        default_value='',
        description='Namespace of the node, and so of its topics',
    ),
    DeclareLaunchArgument(
        'server_url',
        default_value='',
        description='URL of the arena, such as http://localhost:8000; empty: as in params_file',
    ),
    DeclareLaunchArgument(
        'workspace_id',
        default_value='',
        description='Workspace that the rooms are in; empty: as in params_file',
    ),
    DeclareLaunchArgument(
        'produce_room',
        default_value='',
        description='Room that the measured joints are sent to; empty: as in params_file',
    ),
    DeclareLaunchArgument(
        'consume_room',
        default_value='',
        description='Room that the joints are commanded from; empty: as in params_file',
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
        description='true: start an arena too, at http://localhost:8000',
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
        description='true: start the bridge anew when it ends. It then starts with the emergency '
        'stop set, for a crash must not clear one',
    ),
]
# Which argument overrides which parameter, when it is not empty.
STRINGS = {
    'server_url': 'server_url',
    'workspace_id': 'workspace_id',
    'produce_room': 'produce.room_id',
    'consume_room': 'consume.room_id',
    'units': 'units',
}


def overrides_file(overrides: dict[str, str | bool]) -> str:
    """
    Write the overrides to a file, and return its name.

    It is JSON, that is YAML with each string in quotes: launch_ros would leave a room called 0815
    without, and the node would be told of a number. The name in it matches the node in any
    namespace and comes last, so that it wins over whatever name params_file uses.
    """
    with NamedTemporaryFile('w', prefix='arena_bridge_', suffix='.yaml', delete=False) as file:
        json.dump({'/**/arena_bridge': {'ros__parameters': overrides}}, file)
    return file.name


def bridge(context: LaunchContext) -> list[LaunchDescriptionEntity]:
    """Describe the node, once the arguments have values."""
    values = {
        action.name: LaunchConfiguration(action.name).perform(context) for action in ARGUMENTS
    }
    if not Path(values['params_file']).is_file():
        # launch_ros would start the node without any parameters.
        raise FileNotFoundError(
            f"params_file is '{values['params_file']}', expected the name of a YAML file: "
            'there is no such file'
        )
    overrides: dict[str, str | bool] = {
        parameter: values[argument] for argument, parameter in STRINGS.items() if values[argument]
    }
    if values['use_sim_time']:
        overrides['use_sim_time'] = is_true('use_sim_time', context)
    if is_true('use_respawn', context):
        overrides['estop_on_start'] = True
    return [
        Node(
            package=PACKAGE,
            executable='arena_bridge',
            name='arena_bridge',
            namespace=values['namespace'],
            parameters=[
                values['params_file'],
                *([overrides_file(overrides)] if overrides else []),
            ],
            ros_arguments=['--log-level', values['log_level']],
            output='screen',
            respawn=is_true('use_respawn', context),
            respawn_delay=2.0,
        )
    ]


def is_true(argument: str, context: LaunchContext) -> bool:
    """Read a switch as conditions do, who complain of what is neither true nor false."""
    return IfCondition(LaunchConfiguration(argument)).evaluate(context)


def generate_launch_description() -> LaunchDescription:
    """Describe the arguments, the arena where it is wanted, and the node."""
    server = ExecuteProcess(
        cmd=[ExecutableInPackage('arena_server', PACKAGE)],
        name='arena_server',
        output='screen',
        condition=IfCondition(LaunchConfiguration('start_server')),
    )
    return LaunchDescription([*ARGUMENTS, server, OpaqueFunction(function=bridge)])
