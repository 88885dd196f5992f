# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""The public names of the package; they need no ROS."""

from __future__ import annotations

import inspect
from pathlib import Path
import subprocess
import sys

import lerobot_arena_ros

ROOT = Path(__file__).resolve().parents[2]

PUBLIC = [
    'RoboticsClientCore',
    'RoboticsConsumer',
    'RoboticsOperator',
    'RoboticsProducer',
    'create_client',
    'create_consumer_client',
    'create_producer_client',
]

WITHOUT_ROS = """
import sys

class NoRos:
    def find_spec(self, name, path=None, target=None):
        if name.split('.')[0] in ('rclpy', 'sensor_msgs', 'std_msgs', 'lifecycle_msgs', 'launch'):
            raise ImportError(f'{name} is not installed')

sys.meta_path.insert(0, NoRos())
from lerobot_arena_ros import *
import lerobot_arena_ros.server.cli.program
client = create_client('consumer')
print(type(client).__name__, client.base_url, 'rclpy' in sys.modules)
"""


def test_the_public_names_are_these() -> None:
    """The public names are listed, sorted and importable."""
    assert lerobot_arena_ros.__all__ == PUBLIC
    for name in PUBLIC:
        assert hasattr(lerobot_arena_ros, name)


def test_nothing_else_is_public() -> None:
    """Each name that is not listed is a module or private."""
    others = {
        name
        for name in dir(lerobot_arena_ros)
        if not name.startswith('_') and not inspect.ismodule(getattr(lerobot_arena_ros, name))
    }

    assert others == set(PUBLIC)
    assert not hasattr(lerobot_arena_ros, 'RoboticsSpectator')


def test_public_names_are_documented() -> None:
    """Each public class, method and function has a docstring."""
    for name in PUBLIC:
        thing = getattr(lerobot_arena_ros, name)
        assert inspect.getdoc(thing), name
        for member, value in inspect.getmembers(thing if inspect.isclass(thing) else None):
            if not member.startswith('_'):
                assert inspect.getdoc(value), f'{name}.{member}'


def test_types_are_for_the_users_too() -> None:
    """The marker file for type checkers is beside the code."""
    assert (ROOT / 'lerobot_arena_ros' / 'py.typed').is_file()


def test_the_client_and_the_server_need_no_ros() -> None:
    """Client and server run without rclpy."""
    done = subprocess.run(
        [sys.executable, '-W', 'error', '-c', WITHOUT_ROS],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
    )

    assert done.stdout == 'RoboticsConsumer http://localhost:8000 False\n', done.stderr
    assert done.returncode == 0


def test_the_server_does_without_the_client() -> None:
    """The server does not import the client's libraries, which would use memory."""
    program = 'import lerobot_arena_ros.server.cli.program, sys; print("httpx" in sys.modules)'
    done = subprocess.run(
        [sys.executable, '-c', program], cwd=ROOT, capture_output=True, text=True, timeout=60
    )

    assert done.stdout == 'False\n', done.stderr
