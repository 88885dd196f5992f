# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""Installation hints for libraries that cannot be imported."""

from __future__ import annotations

import sys

__all__ = ['install_hint']

_ROS_MODULES = {'ament_index_python', 'builtin_interfaces', 'launch', 'launch_ros', 'rclpy'}
_ROS_ENDINGS = ('_interfaces', '_msgs', '_srvs')
_VIDEO_MODULES = {'aiortc', 'av'}
_SIM_MODULES = {'mujoco', 'numpy'}

_ROS = (
    'source ROS 2, for example with . /opt/ros/jazzy/setup.sh, or install its wheels: '
    "pip install 'lerobot_arena_ros[jazzy]'"
)
_VIDEO = "pip install 'lerobot_arena_ros[video]', or apt install python3-aiortc python3-av"
_SIM = "pip install 'lerobot_arena_ros[sim]', or use make sim in the project's folder"


def install_hint(error: ImportError) -> str | None:
    """
    Return one line with the missing library and how to install it.

    :returns: None for a module of this package, because that is a bug and not a missing library.
    """
    module = (error.name or '').partition('.')[0]
    if module in ('', 'lerobot_arena_ros'):
        return None
    is_ros = module in _ROS_MODULES or module.endswith(_ROS_ENDINGS)
    if sys.modules.get(module) is not None:
        reason = str(error).partition('\n')[0]
        remedy = _ROS if is_ros else 'install a release that passes pip check'
        return f'{module} does not work with {_python()} or with this package: {reason}; {remedy}'
    if is_ros:
        return f'{module} is not installed: {_ROS}'
    if module in _VIDEO_MODULES:
        return f'{module} is not installed: {_VIDEO}'
    if module in _SIM_MODULES:
        return f'{module} is not installed: {_SIM}'
    return f'{module} is not installed for {sys.executable} ({_python()}): pip install {module}'


def _python() -> str:
    return f'Python {sys.version_info.major}.{sys.version_info.minor}'
