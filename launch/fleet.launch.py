"""
Start the bridges of several robots, as a YAML file describes them.

Each is a process of its own, unless one_process says otherwise. What fleet_file says holds, unless
an argument that is not empty says otherwise.
"""

from collections.abc import Sequence
import json
from pathlib import Path
from tempfile import NamedTemporaryFile

from launch import LaunchContext, LaunchDescription, LaunchDescriptionEntity
from launch.actions import DeclareLaunchArgument, ExecuteProcess, OpaqueFunction
from launch.conditions import IfCondition
from launch.substitutions import LaunchConfiguration, PathJoinSubstitution
from launch_ros.actions import Node
from launch_ros.substitutions import ExecutableInPackage, FindPackageShare

from lerobot_arena_ros.nodes.fleet_file import NODE_NAME, Robot, read_fleet

PACKAGE = 'lerobot_arena_ros'

ARGUMENTS = [
    DeclareLaunchArgument(
        'fleet_file',
        default_value=PathJoinSubstitution([FindPackageShare(PACKAGE), 'config', 'fleet.yaml']),
        description='YAML file with the robots',
    ),
    DeclareLaunchArgument(
        'one_process',
        default_value='false',
        description='true: one process for all bridges, which takes a tenth of the memory and '
        'shares one core, and one fate where it ends',
    ),
    DeclareLaunchArgument(
        'server_url',
        default_value='',
        description='URL of the arena, such as http://localhost:8000; empty: as in fleet_file',
    ),
    DeclareLaunchArgument(
        'workspace_id',
        default_value='',
        description='Workspace that the rooms are in; empty: as in fleet_file',
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
        description='true: stamps come from /clock; empty: as in fleet_file',
    ),
    DeclareLaunchArgument(
        'use_respawn',
        default_value='false',
        description='true: start a bridge anew when it ends. It then starts with the emergency '
        'stop set, for a crash must not clear one',
    ),
]


def fleet(context: LaunchContext) -> list[LaunchDescriptionEntity]:
    """Describe the bridges, once the arguments have values."""
    values = {
        action.name: LaunchConfiguration(action.name).perform(context) for action in ARGUMENTS
    }
    overrides: dict[str, object] = {
        name: values[name] for name in ('server_url', 'workspace_id') if values[name]
    }
    if values['use_sim_time']:
        overrides['use_sim_time'] = is_true('use_sim_time', context)
    if is_true('use_respawn', context):
        overrides['estop_on_start'] = True
    robots = read_fleet(Path(values['fleet_file']), overrides)
    how = {
        'ros_arguments': ['--log-level', values['log_level']],
        'output': 'screen',
        'respawn': is_true('use_respawn', context),
        'respawn_delay': 2.0,
    }
    if is_true('one_process', context):
        return [
            Node(
                package=PACKAGE,
                executable='arena_fleet',
                arguments=[file_of(as_fleet(robots))],
                **how,
            )
        ]
    return [
        Node(
            package=PACKAGE,
            executable='arena_bridge',
            name=NODE_NAME,
            namespace=robot.namespace,
            parameters=[file_of({'/**': {'ros__parameters': dict(robot.parameters)}})],
            remappings=list(robot.remappings.items()),
            **how,
        )
        for robot in robots
    ]


def as_fleet(robots: Sequence[Robot]) -> dict[str, object]:
    """Say again what was read, with the overrides in it."""
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


def file_of(content: dict[str, object]) -> str:
    """
    Write a file, and return its name.

    It is JSON, that is YAML with each string in quotes: a room called 0815 stays a string.
    """
    with NamedTemporaryFile('w', prefix='arena_fleet_', suffix='.yaml', delete=False) as file:
        json.dump(content, file)
    return file.name


def is_true(argument: str, context: LaunchContext) -> bool:
    """Read a switch as conditions do, who complain of what is neither true nor false."""
    return IfCondition(LaunchConfiguration(argument)).evaluate(context)


def generate_launch_description() -> LaunchDescription:
    """Describe the arguments, the arena where it is wanted, and the bridges."""
    server = ExecuteProcess(
        cmd=[ExecutableInPackage('arena_server', PACKAGE)],
        name='arena_server',
        output='screen',
        condition=IfCondition(LaunchConfiguration('start_server')),
    )
    return LaunchDescription([*ARGUMENTS, server, OpaqueFunction(function=fleet)])
