# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""Tests of invalid launches: they end with one line, and no bridge runs."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
import json
from pathlib import Path
import re
import shutil
import socket

import pytest

pytest.importorskip('launch_testing', reason='launch_testing is not here: it comes with ROS 2')

from support.domain import own_domain
from support.launching import needs_installation
from support.processes import free_port, running_command
from support.waiting import wait_for

pytestmark = [
    needs_installation,
    pytest.mark.skipif(shutil.which('ros2') is None, reason='ros2 is not here'),
]

BRIDGE = ('lerobot_arena_ros', 'bridge.launch.py')
ROOM = ('consume_room:=a', 'units:=degrees')
LEFT = {'namespace': 'left', 'consume_room': 'a', 'units': 'degrees', 'port': '9'}
RIGHT = {'namespace': 'right', 'produce_room': 'b'}
FOUND = '$(find-pkg-share lerobot_arena_ros)/launch/bridge.launch.py'


def processes_in(domain: int) -> list[str]:
    """Return the ids of the processes that were started in a ROS domain and still run."""
    found = []
    for path in Path('/proc').glob('[0-9]*/environ'):
        with suppress(OSError):
            if f'ROS_DOMAIN_ID={domain}\0'.encode() in path.read_bytes():
                found.append(path.parent.name)
    return found


def refusal(arguments: Sequence[str]) -> str:
    """Run a launch that must end by itself without leftover processes; return its error line."""
    with own_domain() as domain, running_command(['ros2', 'launch', *arguments]) as launch:
        code = launch.wait()
        text = launch.output
        assert processes_in(domain) == [], text
    assert code == 1, text
    assert not re.search('^Traceback', text, re.M)  # Of launch; a bridge may be interrupted.
    (line,) = [each for each in text.splitlines() if '.launch.py: ' in each]
    return line


@pytest.mark.parametrize(
    ('arguments', 'text'),
    [
        (
            ['server_url:=http://arena:8000'],
            "server_url is 'http://arena:8000': expected an arena",
        ),
        (['server_url:=http://localhost:9000', 'port:=8000'], 'expected one of them alone'),
        (['use_respawn:=perhaps'], "'perhaps'"),
        (['port:=http'], "port is 'http': expected a number from 1 to 65535"),
    ],
)
def test_an_arena_with_contradictory_arguments_is_not_started(
    arguments: list[str], text: str
) -> None:
    """An arena is not started if its arguments would let the bridges look for it elsewhere."""
    assert text in refusal([*BRIDGE, *ROOM, 'start_server:=true', *arguments])


@pytest.mark.parametrize('argument', ['port:={}', 'server_url:=http://localhost:{}'])
def test_the_arena_is_where_the_bridge_looks_for_it(argument: str) -> None:
    """The bridge connects to the arena of its launch, which reports that the room is missing."""
    port = free_port()
    arguments = [*BRIDGE, *ROOM, 'start_server:=true', argument.format(port)]
    with own_domain(), running_command(['ros2', 'launch', *arguments]) as launch:
        wait_for(lambda: 'there is no such room' in launch.output, 'the arena')
        assert f'arena_server listening on http://127.0.0.1:{port} ' in launch.output
        launch.end()


@pytest.mark.parametrize('file', ['bridge.launch.py', 'fleet.launch.py', 'demo.launch.py'])
def test_a_port_in_use_ends_the_launch(file: str) -> None:
    """A port in use ends the launch, and no bridge connects to the other program."""
    with socket.create_server(('127.0.0.1', 0)) as stranger:
        port = stranger.getsockname()[1]
        arguments = {'bridge.launch.py': [*ROOM, 'start_server:=true'], 'demo.launch.py': []}
        more = arguments.get(file, ['start_server:=true'])
        line = refusal([BRIDGE[0], file, f'port:={port}', *more])

    assert f'no arena can be started at port {port} (Address already in use): end' in line


@pytest.mark.parametrize('name', ['/arena_bridge', '/right/arena_bridge', '/driver'])
def test_a_file_for_another_node_ends_the_launch(name: str, tmp_path: Path) -> None:
    """A params_file for another node ends the launch, because the bridge would lack its limits."""
    file = tmp_path / 'arm.yaml'
    file.write_text(f'{name}: {{ros__parameters: {{consume: {{max_velocity: 0.1}}}}}}')
    line = refusal([*BRIDGE, *ROOM, 'namespace:=left', f'params_file:={file}'])

    assert f'arm.yaml: has no parameters for /left/arena_bridge, only for {name}: exp' in line


def python_file(first: str, second: str) -> str:
    """Return a launch file with two includes, in Python."""
    return f"""
from launch import LaunchDescription
from launch.actions import GroupAction, IncludeLaunchDescription
from launch.substitutions import PathJoinSubstitution
from launch_ros.substitutions import FindPackageShare

def bridge(arguments):
    share = FindPackageShare('lerobot_arena_ros')
    path = PathJoinSubstitution([share, 'launch', 'bridge.launch.py'])
    return IncludeLaunchDescription(path, launch_arguments=arguments.items())

def generate_launch_description():
    left, right = bridge({LEFT}), bridge({RIGHT})
    return LaunchDescription([{first}, {second}])
"""


def yaml_file() -> str:
    """Return a launch file with two bare includes in YAML; JSON is valid YAML."""
    includes = [
        {
            'include': {
                'file': FOUND,
                'arg': [{'name': name, 'value': value} for name, value in arguments.items()],
            }
        }
        for arguments in (LEFT, RIGHT)
    ]
    return json.dumps({'launch': includes})


def xml_file() -> str:
    """Return a launch file with two bare includes in XML."""
    includes = [
        f'<include file="{FOUND}">'
        + ''.join(f'<arg name="{name}" value="{value}"/>' for name, value in arguments.items())
        + '</include>'
        for arguments in (LEFT, RIGHT)
    ]
    return f'<launch>{"".join(includes)}</launch>'


@pytest.mark.parametrize(
    ('name', 'text'),
    [
        ('bare.launch.py', python_file('left', 'right')),
        ('half.launch.py', python_file('left', 'GroupAction([right])')),
        ('bare.launch.xml', xml_file()),
        ('bare.launch.yaml', yaml_file()),
    ],
    ids=['python', 'second in a group', 'xml', 'yaml'],
)
def test_a_room_of_another_include_ends_the_launch(name: str, text: str, tmp_path: Path) -> None:
    """A room left over from another include ends the launch, because it would move both robots."""
    file = tmp_path / name
    file.write_text(text)
    line = refusal([str(file)])

    assert "/right/arena_bridge: consume_room is 'a', as of /left/arena_bridge before it" in line
    assert 'GroupAction' in line


def test_includes_in_groups_have_their_own_rooms(tmp_path: Path) -> None:
    """With includes in groups, a bridge that only produces has no consumed room."""
    file = tmp_path / 'two.launch.py'
    text = python_file('GroupAction([left])', 'GroupAction([right])')
    file.write_text(text.replace(str(RIGHT), str({**RIGHT, 'units': 'degrees', 'port': '9'})))
    with own_domain(), running_command(['ros2', 'launch', str(file)]) as launch:
        wait_for(lambda: 'left.arena_bridge]: consume:' in launch.output, 'the first')
        wait_for(lambda: 'right.arena_bridge]: produce:' in launch.output, 'the second')
        assert 'right.arena_bridge]: consume:' not in launch.output
        assert '[WARNING]' not in launch.output
        launch.end()


def test_a_user_error_is_not_started_again() -> None:
    """With ``use_respawn``, a bridge that ends because of a user error is not started again."""
    arguments = [*BRIDGE, 'consume_room:=a', 'use_respawn:=true']
    with own_domain(), running_command(['ros2', 'launch', *arguments]) as launch:
        launch.wait()
        assert launch.output.count('process started') == 1
        assert 'parameter units is not set' in launch.output
        assert 'is not started again, because it ended with 2 at its start' in launch.output
