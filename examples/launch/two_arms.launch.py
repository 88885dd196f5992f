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
