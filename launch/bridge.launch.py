"""
Start the bridge between a robot and the rooms of a LeRobot Arena.

What params_file says holds, unless an argument that is not empty says otherwise.
"""

from pathlib import Path

from launch import LaunchContext, LaunchDescription, LaunchDescriptionEntity
from launch.actions import DeclareLaunchArgument, ExecuteProcess, OpaqueFunction
from launch.conditions import IfCondition
from launch.substitutions import LaunchConfiguration, PathJoinSubstitution
from launch_ros.actions import Node
from launch_ros.parameter_descriptions import ParameterValue
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
# The parameters that arguments override, with their types: an identifier such as 0815 stays a
# string, whatever it looks like in YAML.
OVERRIDES = {
    'server_url': ('server_url', str),
    'workspace_id': ('workspace_id', str),
    'produce_room': ('produce.room_id', str),
    'consume_room': ('consume.room_id', str),
    'units': ('units', str),
    'use_sim_time': ('use_sim_time', bool),
}


def bridge(context: LaunchContext) -> list[LaunchDescriptionEntity]:
    """Describe the node, once the arguments have values."""
    params_file = Path(LaunchConfiguration('params_file').perform(context))
    if not params_file.is_file():
        # launch_ros would start the node without any parameters.
        raise FileNotFoundError(
            f"params_file is '{params_file}', expected a YAML file: there is none of that name"
        )
    overrides = {
        parameter: ParameterValue(LaunchConfiguration(argument), value_type=value_type)
        for argument, (parameter, value_type) in OVERRIDES.items()
        if LaunchConfiguration(argument).perform(context)
    }
    respawn = IfCondition(LaunchConfiguration('use_respawn')).evaluate(context)
    if respawn:
        overrides['estop_on_start'] = True
    return [
        Node(
            package=PACKAGE,
            executable='arena_bridge',
            name='arena_bridge',
            namespace=LaunchConfiguration('namespace'),
            parameters=[str(params_file), overrides],
            ros_arguments=['--log-level', LaunchConfiguration('log_level')],
            output='screen',
            respawn=respawn,
            respawn_delay=2.0,
        )
    ]


def generate_launch_description() -> LaunchDescription:
    """Describe the arguments, the arena where it is wanted, and the node."""
    server = ExecuteProcess(
        cmd=[ExecutableInPackage('arena_server', PACKAGE)],
        name='arena_server',
        output='screen',
        condition=IfCondition(LaunchConfiguration('start_server')),
    )
    return LaunchDescription([*ARGUMENTS, server, OpaqueFunction(function=bridge)])
