# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""Tests of fleet files: how parameters are merged, and the one-line errors."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from lerobot_arena_ros.nodes.settings.fleet_file import FleetError, Robot, read_fleet

CONFIG = Path(__file__).resolve().parents[2] / 'config'
LEFT = 'robots: [{namespace: left, params: {units: degrees, consume.room_id: a}}]'


@pytest.fixture(name='write')
def fixture_write(tmp_path: Path) -> Any:
    """Return a function that writes YAML files to one folder and returns the last path."""

    def write(**files: str) -> Path:
        for name, text in files.items():
            (tmp_path / f'{name}.yaml').write_text(text, encoding='utf-8')
        return tmp_path / f'{name}.yaml'

    return write


def refusal(path: Path) -> str:
    """Return the error message for a fleet file, without the file name."""
    with pytest.raises(FleetError) as caught:
        read_fleet(path)
    text = str(caught.value)
    assert '\n' not in text
    assert text.startswith(f'{path}: ')
    return text.removeprefix(f'{path}: ')


def test_the_example_file_is_valid() -> None:
    """config/fleet.yaml has the robots and topics that its comments describe."""
    left, right = read_fleet(CONFIG / 'fleet.yaml')

    assert (left.namespace, right.namespace) == ('/left', '/right')
    assert left.parameters['joint_map.gripper.max'] == 2.0
    assert right.parameters['joint_map.gripper.max'] == 1.7
    assert right.topic('joint_commands') == '/right/follower/joint_commands'
    assert right.settings().consume is not None


def test_later_sources_replace_earlier_ones(write: Any) -> None:
    """Later sources of parameters replace earlier ones, and overrides replace all of them."""

    def params(number: int) -> str:
        keys = ('produce.deadband', 'link.timeout_s', 'consume.max_velocity', 'workspace_id')
        return ''.join(f'{key}: {number}.0, ' for key in keys[number - 1 : -1])

    path = write(
        common=f'/**: {{ros__parameters: {{{params(1)} units: degrees}}}}',
        own=f'/**: {{ros__parameters: {{{params(3)} consume: {{room_id: a}}}}}}',
        fleet=f'defaults: {{params_file: common.yaml, params: {{{params(2)} workspace_id: w}}}}\n'
        'robots: [{namespace: left, params_file: own.yaml, params: {workspace_id: mine}}]',
    )

    (robot,) = read_fleet(path, {'workspace_id': 'last'})

    assert robot.parameters['produce.deadband'] == 1.0
    assert robot.parameters['link.timeout_s'] == 2.0
    assert robot.parameters['consume.max_velocity'] == 3.0
    assert robot.parameters['workspace_id'] == 'last'
    assert read_fleet(path)[0].parameters['workspace_id'] == 'mine'


@pytest.mark.parametrize(
    ('key', 'is_meant'),
    [
        ('/**', True),
        ('/**/arena_bridge', True),
        ('/left/arena_bridge', True),
        ('/left/**', True),
        ('/*/arena_bridge', True),
        ('left: {arena_bridge', True),
        ('arena_bridge', False),
        ('/right/arena_bridge', False),
        ('/left/other', False),
    ],
)
def test_a_params_file_matches_nodes_as_in_ros(write: Any, key: str, is_meant: bool) -> None:
    """A params_file may use patterns; one without parameters for the robot is an error."""
    end = '}' if '{' in key else ''
    path = write(
        own=f'{key}: {{ros__parameters: {{produce: {{deadband: 1e-3}}}}}}{end}',
        fleet=LEFT.replace('{namespace', '{params_file: own.yaml, namespace'),
    )

    if is_meant:
        assert read_fleet(path)[0].parameters['produce.deadband'] == 0.001
    else:
        assert 'own.yaml: has no parameters for /left/arena_bridge' in refusal(path)


def test_robots_must_not_share_a_producer_room_or_a_topic(write: Any) -> None:
    """Two robots may consume one room, but not produce into it or share a command topic."""
    both = (
        'defaults: {params: {units: degrees, {role}.room_id: a}}\n'
        'robots: [{namespace: left}, {namespace: right, remappings: {{topic}}}]'
    )

    def fleet(role: str, topic: str) -> Path:
        path: Path = write(fleet=both.replace('{role}', role).replace('{topic}', topic))
        return path

    assert len(read_fleet(fleet('consume', ''))) == 2
    assert refusal(fleet('produce', '')) == (
        "robots /left and /right: produce.room_id of both is 'a': expected two rooms, because a "
        'room has one producer'
    )
    for topic in ('/left/joint_commands', '/left/arena_bridge/x'):
        path = fleet('consume', f'joint_commands: {topic}')
        if topic.endswith('commands'):
            assert "joint_commands of both is '/left/joint_commands'" in refusal(path)
        else:
            assert read_fleet(path)[1].topic('joint_commands') == topic


@pytest.mark.parametrize(
    ('given', 'topic'),
    [
        ({}, '/left/joint_commands'),
        ({'joint_commands': 'other'}, '/left/other'),
        ({'joint_commands': '~/other'}, '/left/arena_bridge/other'),
        ({'/left/joint_commands': '/other'}, '/other'),
    ],
    ids=['as it is', 'relative', 'private', 'by its full name'],
)
def test_topics_are_remapped(given: dict[str, str], topic: str) -> None:
    """A remapping applies to each way of writing a topic name."""
    assert Robot('/left', {}, given).topic('joint_commands') == topic


NONSENSE = {
    '': 'the fleet is None: expected keys such as defaults',
    'robots: []': 'robots = []: expected a list, each with its namespace',
    'robot: []': "the fleet has 'robot': expected one of defaults, robots",
    'robots: [left]': "robot 1 is 'left': expected keys such as namespace",
    'robots: [{}]': 'robot 1: namespace = None: expected a name such as left',
    'robots: [{namespace: my arm}]': "robot 1: namespace = 'my arm': expected a name",
    'robots: [{namespace: 7}]': 'robot 1: namespace = 7: expected a name',
    'robots: [{namespace: a, rooms: b}]': "robot 1 has 'rooms': expected one of namespace, ",
    'robots: [{namespace: a}]': 'robot /a: no room is named: set produce.room_id',
    'defaults: 3': 'defaults is 3: expected keys such as params_file',
    'defaults: {namespace: x}': "defaults has 'namespace': expected one of params_file, ",
    LEFT[:-1] + ', {namespace: /left}]': 'robot 2: namespace /left is taken',
    LEFT.replace('degrees', 'degree'): "robot /left: parameter units = 'degree': expected one of ",
    LEFT.replace('{units', '{executor: auto, units'): (
        "robot /left: parameter executor = 'auto' was removed: delete it"
    ),
    LEFT.replace('units', 'unit'): 'robot /left: parameter unit: no such parameter; did you mean',
    LEFT.replace(': a', ': 7'): 'robot /left: parameter consume.room_id = 7: expected a string',
    LEFT.replace('{units', '{joints: [a], joint_map: {b: {min: 1}}, units'): (
        "robot /left: parameter joint_map.b.min: 'b' is not among the joints"
    ),
    LEFT.replace('params: {', 'params: {server_url: nowhere, '): 'robot /left: parameter server_u',
    LEFT.replace('params: {', 'params: [1], x: {'): "robot 1 has 'x': expected one of namespace",
    LEFT[:-2] + ', remappings: [a]}]': "robot /left: remappings = ['a']: expected names",
    LEFT[:-2] + ', remappings: {__ns: b c}}]': "robot /left: remappings: '__ns' to 'b c': exp",
    LEFT[:-2] + ', params_file: no.yaml}]': 'no.yaml: cannot be read: No such file',
    LEFT[:-2] + ', params_file: 3}]': 'robot /left: params_file = 3: expected the name of a YAML',
    LEFT[:-2] + ', namespace: b}]': "line 1: 'namespace' is there twice, expected it once",
    'robots: [': 'line 1, column 10: expected',
    'robots: !!python/object:os.system {}': 'robots = {}: expected a list',
}


@pytest.mark.parametrize('text', NONSENSE, ids=lambda text: text[:30] or 'empty')
def test_an_invalid_file_is_refused_in_one_line(write: Any, text: str) -> None:
    """The error is one line with the robot, the value and the expected values."""
    assert NONSENSE[text] in refusal(write(fleet=text))


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    """A missing file and a binary file are errors that name the file."""
    assert refusal(tmp_path / 'none.yaml') == 'cannot be read: No such file or directory'
    (tmp_path / 'binary.yaml').write_bytes(b'\xff\xfe\x00\x01\xff')
    assert 'is no YAML' in refusal(tmp_path / 'binary.yaml')
