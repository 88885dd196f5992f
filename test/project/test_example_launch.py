# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""examples/launch: two bridges in one launch file, the same in three formats."""

from __future__ import annotations

from collections.abc import Iterator
import importlib.util
from pathlib import Path
import runpy
import sys
from types import ModuleType
from typing import Any
from xml.etree import ElementTree

import pytest
from support.launch_files import ARGUMENTS
from support.pages import ROOT
import yaml

FOLDER = ROOT / 'examples' / 'launch'
NAMES = [f'two_arms.launch.{ending}' for ending in ('py', 'xml', 'yaml')]
BRIDGE = 'share/launch/bridge.launch.py'
SHARE = '$(find-pkg-share lerobot_arena_ros)'
STOP = ('emergency_stop', '/emergency_stop')
EXPECTED = [
    {
        'remap': STOP,
        'file': BRIDGE,
        'namespace': namespace,
        'params_file': 'share/config/so101.yaml',
        'consume_room': f'{namespace}-arm',
    }
    for namespace in ('left', 'right')
]
"""The contents of each group: one bridge, its arguments and its remapping."""


def groups_of_xml(path: Path) -> Iterator[dict[str, Any]]:
    """Read the groups of a launch file in XML."""
    root = ElementTree.parse(path).getroot()
    assert {child.tag for child in root} == {'group'}
    for group in root:
        remap, include = group
        arguments = {each.attrib['name']: each.attrib['value'] for each in include}
        yield {
            'remap': (remap.attrib['from'], remap.attrib['to']),
            'file': include.attrib['file'],
            **arguments,
        }


def groups_of_yaml(path: Path) -> Iterator[dict[str, Any]]:
    """Read the groups of a launch file in YAML."""
    for entry in yaml.safe_load(path.read_text())['launch']:
        remap, include = (next(iter(part.values())) for part in entry['group'])
        arguments = {each['name']: each['value'] for each in include['arg']}
        yield {'remap': (remap['from'], remap['to']), 'file': include['file'], **arguments}


def groups_of_python(path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, Any]]:
    """Run a launch file in Python with stand-ins, because launch may not be installed."""
    stand_ins: dict[str, dict[str, Any]] = {
        'launch': {'LaunchDescription': list},
        'launch.actions': {'GroupAction': list, 'IncludeLaunchDescription': include},
        'launch.substitutions': {'PathJoinSubstitution': '/'.join},
        'launch_ros.actions': {'SetRemap': lambda old, new: {'remap': (old, new)}},
        'launch_ros.substitutions': {'FindPackageShare': lambda _: 'share'},
    }
    for name, content in stand_ins.items():
        module = ModuleType(name)
        vars(module).update(content)
        monkeypatch.setitem(sys.modules, name, module)
    monkeypatch.setitem(sys.modules, 'launch_ros', ModuleType('launch_ros'))
    for group in runpy.run_path(str(path))['generate_launch_description']():
        remap, bridge = group
        yield {**remap, **bridge}


def groups_of(path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, Any]]:
    """Read the groups of a launch file in any format."""
    match path.suffix:
        case '.xml':
            return groups_of_xml(path)
        case '.yaml':
            return groups_of_yaml(path)
        case _:
            return groups_of_python(path, monkeypatch)


def _short(value: Any) -> Any:
    return value.replace(SHARE, 'share') if isinstance(value, str) else value


def include(file: str, launch_arguments: Any) -> dict[str, Any]:
    """Return the arguments of an IncludeLaunchDescription."""
    return {'file': file, **dict(launch_arguments)}


@pytest.mark.parametrize('name', NAMES)
def test_each_bridge_has_a_group_with_its_arguments(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All three formats have the same two bridges, with existing arguments."""
    groups = groups_of(FOLDER / name, monkeypatch)
    found = [{key: _short(value) for key, value in group.items()} for group in groups]

    assert found == EXPECTED
    assert {key for group in found for key in group} - {'remap', 'file'} <= set(
        ARGUMENTS['bridge.launch.py']
    )


@pytest.mark.skipif(
    importlib.util.find_spec('launch_yaml') is None,
    reason='launch is not here: it comes with ROS 2',
)
@pytest.mark.parametrize('name', NAMES)
def test_launch_itself_reads_it(name: str) -> None:
    """Launch reads two groups, and the arguments and remappings of each are separate."""
    from launch import LaunchContext
    from launch.actions import GroupAction
    from launch.launch_description_sources import AnyLaunchDescriptionSource

    context = LaunchContext()
    description = AnyLaunchDescriptionSource(str(FOLDER / name)).get_launch_description(context)

    assert [type(entity) for entity in description.entities] == [GroupAction] * 2
    for namespace, group in zip(('left', 'right'), description.entities, strict=True):
        actions = group.execute(context)
        names = [type(action).__name__ for action in actions]
        assert names.index('PushLaunchConfigurations') < names.index('IncludeLaunchDescription')
        (bridge,) = (each for each in actions if type(each).__name__ == 'IncludeLaunchDescription')
        given = {
            ''.join(part.perform(context) for part in key)
            if not isinstance(key, str)
            else key: value
            for key, value in bridge.launch_arguments
        }
        assert set(given) == {'namespace', 'params_file', 'consume_room'}, namespace
