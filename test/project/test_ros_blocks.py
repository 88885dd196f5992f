# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""The ROS 2 commands of the pages use existing names."""

from __future__ import annotations

from pathlib import Path
import re
import shlex
from typing import Any

import pytest
from support.executables import EXECUTABLES
from support.launch_files import ARGUMENTS
from support.pages import PAGES, ROOT, blocks_of, read
import yaml

from lerobot_arena_ros.nodes.demo.arm import SPECS as ARM_SPECS
from lerobot_arena_ros.nodes.settings import camera_table
from lerobot_arena_ros.nodes.settings.bridge_settings import BridgeSettings
from lerobot_arena_ros.nodes.settings.camera_settings import CameraNodeSettings
from lerobot_arena_ros.nodes.settings.fleet_file import read_fleet
from lerobot_arena_ros.nodes.settings.parameter_table import JOINT_SPECS, SPECS
from lerobot_arena_ros.nodes.settings.parameter_validation import check_parameters
from lerobot_arena_ros.nodes.settings.specs import Spec
from lerobot_arena_ros.nodes.settings.yaml_file import flatten
from lerobot_arena_ros.server.cli.options import read_options
from lerobot_arena_ros.sim.parameters import SPECS as SIM_SPECS

PACKAGE = 'lerobot_arena_ros'
NODES: dict[str, tuple[Spec, ...]] = {
    'arena_bridge': SPECS,
    'arena_camera': camera_table.SPECS,
    'arena_producer': SPECS,
    'arena_consumer': SPECS,
    'arena_demo_arm': ARM_SPECS,
    'sim_arm': SIM_SPECS,
}
RELATIVE = ('joint_states', 'joint_commands', 'emergency_stop', 'robot_description', '__ns')
PLACEHOLDER = 'NAME'


def commands(page: str) -> list[str]:
    """Return the ros2 commands of a page, in blocks and in sentences, each as one line."""
    text = read(page).replace('\\\n', ' ')
    in_blocks = [
        line.split('   # ')[0]
        for block in re.findall(r'^ *```sh\n(.*?)^ *```$', text, re.M | re.S)
        for line in block.splitlines()
    ]
    in_sentences = re.findall(
        r'`(ros2 [^`]+)`', re.sub(r'^ *```.*?^ *```$', '', text, flags=re.M | re.S)
    )
    found = (line.partition('ros2 ')[1:] for line in (*in_blocks, *in_sentences))
    return [' '.join(''.join(parts).split()) for parts in found if parts[0]]


ALL = [(page, line) for page in PAGES for line in commands(page)]


def named(verb: str) -> list[Any]:
    """Return the commands of a kind as test parameters."""
    return [
        pytest.param(line, id=f'{page} {number}')
        for number, (page, line) in enumerate(ALL)
        if line.startswith(verb) and PLACEHOLDER not in line
    ]


def test_commands_are_found() -> None:
    """The pages have commands, because the tests below would check nothing otherwise."""
    assert len(named(f'ros2 launch {PACKAGE}')) >= 5
    assert len(named(f'ros2 run {PACKAGE}')) >= 8
    assert named('ros2 service') and named('ros2 topic') and named('ros2 lifecycle')


@pytest.mark.parametrize('line', named('ros2 launch'))
def test_a_launch_names_a_file_and_arguments_that_exist(line: str) -> None:
    """Each ``ros2 launch`` command has an existing file and existing arguments."""
    words = shlex.split(line)
    if words[2].startswith('examples/'):
        assert (ROOT / words[2]).is_file()
        assert len(words) == 3
        return
    assert words[2] == PACKAGE
    given = [word.partition(':=')[0] for word in words[4:] if ':=' in word]
    flags = [word for word in words[4:] if ':=' not in word and not word.endswith('.yaml')]

    assert set(given) <= set(ARGUMENTS[words[3]])
    assert set(flags) <= {'--show-args', '$(ros2', 'pkg', 'prefix', '--share', PACKAGE}


@pytest.mark.parametrize('line', named('ros2 run'))
def test_a_run_names_a_program_and_parameters_that_exist(line: str) -> None:
    """Each ``ros2 run`` command has an existing program, options, and valid parameters."""
    words = shlex.split(re.sub(r'\$\([^)]*\)', 'SOMETHING', line))
    assert words[2] == PACKAGE
    name, rest = words[3], words[4:]
    assert name in EXECUTABLES
    if name in NODES:
        check_ros_arguments(NODES[name], [word for word in rest if word not in ('...', '…')])
    elif name == 'arena_server':
        files = ('--certfile', '--keyfile', '--token-file')
        read_options(
            [word for word in rest if not word.endswith('.pem') and word not in files], {}
        )


def check_ros_arguments(specs: tuple[Spec, ...], words: list[str]) -> None:
    """Check that the words after ``--ros-args`` set parameters and remap existing topics."""
    known = {spec.name: spec for spec in specs}
    of_item = {spec.name: spec for spec in (*JOINT_SPECS, *camera_table.CAMERA_SPECS)}
    assert not words or words.pop(0) == '--ros-args'
    while words:
        option = words.pop(0)
        if option == '-p':
            name, _, value = words.pop(0).partition(':=')
            is_of_item = name.startswith(('joint_map.', 'camera_map.'))
            spec = of_item[name.rpartition('.')[2]] if is_of_item else known[name]
            spec.check(yaml.safe_load(value))
        elif option == '-r':
            assert words.pop(0).partition(':=')[0] in RELATIVE
        else:
            assert option == '--params-file'
            assert words.pop(0).endswith('.yaml')


@pytest.mark.parametrize(
    'line', [*named('ros2 topic'), *named('ros2 service'), *named('ros2 bag record')]
)
def test_topics_and_services_are_those_of_the_reference(line: str) -> None:
    """The topics and services of the commands are in the reference."""
    topics = read('docs/reference/topics.md')
    names = [word.rpartition('/')[2] for word in line.split() if word.startswith('/')]

    assert names
    for name in names:
        assert re.search(rf'^\| `(~/|/)?{name}`', topics, re.M), name


@pytest.mark.parametrize('line', named('ros2 param set'))
def test_parameters_that_are_set_may_be(line: str) -> None:
    """Each ``ros2 param set`` command sets a parameter that may change."""
    _, _, _, node, name, value = re.sub(r'--timeout \d+ ', '', line).split()
    specs = NODES[node.removeprefix('/')]
    spec = {spec.name: spec for spec in specs}[name]

    assert spec.dynamic
    spec.check(yaml.safe_load(value))


def parameter_files() -> list[Any]:
    """Return the parameter files in blocks, and the installed ones."""
    blocks = [(page, block.text) for page in PAGES for block in blocks_of(page, 'yaml')]
    files = [(path.name, path.read_text()) for path in (ROOT / 'config').glob('*.yaml')]
    return [
        pytest.param(text, id=f'{name} {number}')
        for number, (name, text) in enumerate((*blocks, *files))
        if 'ros__parameters' in text
    ]


@pytest.mark.parametrize('text', parameter_files())
def test_parameter_files_are_taken(text: str) -> None:
    """Its node accepts each section of a file, with a camera, or a room and a unit, if missing."""
    for nodes, section in yaml.safe_load(text).items():
        leaves = dict(flatten(section['ros__parameters']))
        if nodes.endswith('arena_camera') or 'cameras' in leaves:
            leaves['cameras'] = leaves.get('cameras') or ['front']
            CameraNodeSettings.of(*check_parameters(leaves, camera_table.CAMERAS))
        else:
            check_bridge(leaves)


def check_bridge(leaves: dict[str, Any]) -> None:
    """Check that the bridge accepts some parameters."""
    joints = {
        name: {spec.name: spec.initial for spec in JOINT_SPECS}
        for name in leaves.get('joints') or []
    }
    values: dict[str, Any] = {spec.name: spec.initial for spec in SPECS}
    for key, value in leaves.items():
        if key.startswith('joint_map.'):
            joint, _, part = key.removeprefix('joint_map.').rpartition('.')
            joints[joint][part] = {s.name: s for s in JOINT_SPECS}[part].check(value)
        else:
            values[key] = {s.name: s for s in SPECS}[key].check(value)
    values['consume.room_id'] = values['consume.room_id'] or 'arm'
    values['units'] = values['units'] or 'degrees'

    settings = BridgeSettings.of(values, joints)
    assert list(settings.joint_map.names) == list(joints)


def test_the_fleet_of_the_page_is_taken(tmp_path: Path) -> None:
    """The fleet file of the page, with the file that it names, is accepted."""
    for block in blocks_of('docs/howto/several_robots.md', 'yaml'):
        (tmp_path / block.file).write_text(block.text)
    robots = read_fleet(tmp_path / 'fleet.yaml')
    of_one_button = read_fleet(tmp_path / 'one_button.yaml')

    assert {robot.topic('emergency_stop') for robot in of_one_button} == {'/emergency_stop'}
    assert [robot.namespace for robot in robots] == ['/left', '/right']
    assert [robot.settings().joint_map.names for robot in robots] == [('elbow',)] * 2
