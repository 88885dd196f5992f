# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""Tests of ``ros2 param dump``: its file starts a bridge with the same parameters."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip('rclpy', reason='rclpy is not here: it comes with ROS 2, or as wheels')

from rcl_interfaces.msg import ParameterType
from rcl_interfaces.srv import DescribeParameters, GetParameters, ListParameters
from rclpy.parameter import parameter_value_to_python
from support.robot import NAMESPACE, Robot, robot

NODE = f'/{NAMESPACE}/arena_bridge'
ROOM = {'consume.room_id': 'a'}
JOINTS: dict[str, Any] = {
    'joints': ['j1', 'j.b'],
    'joint_map.j1.min': -1.0,
    'joint_map.j1.max': 1.5,
    'joint_map.j.b.invert': True,
}
SPEED = 'consume.max_velocity'


def dump(bridged: Robot) -> dict[str, Any]:
    """Return all parameters as the command does: first the names, then all values at once."""
    listed = ask(bridged, 'list_parameters', ListParameters, ListParameters.Request())
    names = sorted(listed.result.names)
    values = ask(bridged, 'get_parameters', GetParameters, GetParameters.Request(names=names))
    assert len(values.values) == len(names), 'a parameter without a value empties the reply'
    return dict(zip(names, map(parameter_value_to_python, values.values), strict=True))


def ask(bridged: Robot, service: str, kind: Any, request: Any) -> Any:
    """Call a service of the bridge."""
    return bridged.probe.query(NAMESPACE, service, kind, request)


def tree_of(values: dict[str, Any]) -> dict[str, Any]:
    """Return nested keys as the command writes them."""
    tree: dict[str, Any] = {}
    for name, value in values.items():
        *folders, leaf = name.split('.')
        branch = tree
        for folder in folders:
            branch = branch.setdefault(folder, {})
        branch[leaf] = value
    return tree


@pytest.mark.parametrize('parameters', [JOINTS, {}], ids=['joints', 'no joints'])
def test_a_dump_is_complete_and_starts_the_same_bridge(
    parameters: dict[str, Any], tmp_path: Path
) -> None:
    """A dump has all parameters, and a bridge that reads it from a file has the same values."""
    with robot({**ROOM, SPEED: 0.7, **parameters}) as bridged:
        bridged.wait_for_status('consume link', 'joined')
        first = dump(bridged)

    assert first[SPEED] == 0.7
    assert list(first['joints']) == parameters.get('joints', [])
    assert set(parameters) <= set(first)
    file = tmp_path / 'dump.yaml'
    file.write_text(json.dumps({NODE: {'ros__parameters': tree_of(first)}}, default=list))
    # A parameter that the test sets would replace that in the file.
    mine = {'server_url': 'http://127.0.0.1:9'}
    with robot(mine, '--params-file', str(file)) as bridged:
        second = dump(bridged)

    assert {**second, 'server_url': ''} == {**first, 'server_url': ''}


def test_an_empty_list_has_the_type_of_strings() -> None:
    """The default of ``joints`` is an empty list of strings."""
    with robot(ROOM) as bridged:
        request = DescribeParameters.Request(names=['joints'])
        (joints,) = ask(bridged, 'describe_parameters', DescribeParameters, request).descriptors

    assert joints.type == ParameterType.PARAMETER_STRING_ARRAY
    assert joints.read_only
