"""What to do about a library that cannot be imported."""

from __future__ import annotations

import sys

__all__ = ['advice']

_ROS_MODULES = {'ament_index_python', 'builtin_interfaces', 'launch', 'launch_ros', 'rclpy'}
_ROS_ENDINGS = ('_interfaces', '_msgs', '_srvs')
_SIM_MODULES = {'mujoco', 'numpy'}

_ROS = (
    'source ROS 2, such as with . /opt/ros/jazzy/setup.sh, or install its wheels: '
    "pip install 'lerobot_arena_ros[jazzy]'"
)
_SIM = "pip install 'lerobot_arena_ros[sim]', or use make sim in the project's folder"


def advice(error: ImportError) -> str | None:
    """
    Say in one line what is missing and how to get it.

    :returns: None for a module of our own, because that is a fault of this package.
    """
    module = (error.name or '').partition('.')[0]
    if module in ('', 'lerobot_arena_ros'):
        return None
    is_ros = module in _ROS_MODULES or module.endswith(_ROS_ENDINGS)
    if sys.modules.get(module) is not None:
        reason = str(error).partition('\n')[0]
        needed = _ROS if is_ros else 'install a release that pip check does not complain of'
        return f'{module} does not fit {_python()}, or this package: {reason}; {needed}'
    if is_ros:
        return f'no {module} here: {_ROS}'
    if module in _SIM_MODULES:
        return f'no {module} here: {_SIM}'
    return f'no {module} for {sys.executable}: {_python()} needs pip install {module}'


def _python() -> str:
    return f'Python {sys.version_info.major}.{sys.version_info.minor}'
