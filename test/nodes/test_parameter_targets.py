# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""Tests that parameters on the command line reach their node."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from lerobot_arena_ros.nodes.runtime.parameter_targets import check_arguments
from lerobot_arena_ros.nodes.settings.parameter_table import ParameterError
from lerobot_arena_ros.nodes.settings.yaml_file import YamlError

NODE = '/left/arena_bridge'
LIMITS = '{ros__parameters: {consume: {max_velocity: 0.1}}}'
OTHERS = '{ros__parameters: {rate: 3}}'


@pytest.fixture(name='check')
def fixture_check(tmp_path: Path) -> Any:
    """Return a function that checks a command line with a parameter file of the given text."""

    def check(text: str) -> list[str]:
        path = tmp_path / 'arm.yaml'
        path.write_text(text, encoding='utf-8')
        arguments = ['--ros-args', '-r', '__ns:=/left', '--params-file', str(path)]
        return check_arguments(NODE, arguments)

    return check


@pytest.mark.parametrize(
    'name',
    ['/**', '/left/arena_bridge', 'left/arena_bridge', '/*/arena_bridge', '/**/arena_bridge'],
)
def test_parameters_that_reach_the_node_are_accepted(check: Any, name: str) -> None:
    """Node names match as in rcl, and sections of other nodes in the file are ignored."""
    assert check(f'{name}: {LIMITS}') == []
    assert check(f'/right/arena_bridge: {LIMITS}\n{name}: {LIMITS}\n/driver: {OTHERS}') == []


def test_nested_namespaces_are_names(check: Any) -> None:
    """Nested keys form a node name, as in files of ``ros2 param dump``."""
    assert check(f'left: {{arena_bridge: {LIMITS}}}') == []


def test_tags_are_ignored(check: Any) -> None:
    """YAML tags are ignored as in rcl, because launch_ros writes lists with a tag."""
    assert check('/**: {ros__parameters: {joints: !!python/tuple [a], x: !y {z: !w 1}}}') == []


@pytest.mark.parametrize(
    ('name', 'text'),
    [
        ('/arena_bridge', LIMITS),
        ('arena_bridge', OTHERS),
        ('/left/arena_consumer', OTHERS),
        ('/right/arena_bridge', LIMITS),
        ('/left/my_bridge', LIMITS),
    ],
)
def test_limits_that_would_be_lost_are_refused(check: Any, name: str, text: str) -> None:
    """Parameters that do not reach the bridge are an error with the file and the node."""
    shown = f'/{name.strip("/")}'
    for beside in ('', f'/driver: {OTHERS}\n', f'/**: {OTHERS}\n'):
        with pytest.raises(ParameterError) as caught:
            check(f'{beside}{name}: {text}')

        line = str(caught.value)
        assert f'arm.yaml: has no parameters for {NODE}, only for {shown}: expected' in line
        assert f'`/**:` or `{NODE}:`' in line
        assert '\n' not in line


@pytest.mark.parametrize('text', [f'/driver: {OTHERS}', ''])
def test_a_file_of_other_nodes_causes_a_warning(check: Any, text: str) -> None:
    """A file without parameters of a bridge causes a warning only, because nodes may share it."""
    (line,) = check(text)

    assert f'arm.yaml: has no parameters for {NODE}' in line


def test_a_file_of_a_site_may_be_given_to_every_bridge(check: Any, tmp_path: Path) -> None:
    """A file with sections for other bridges is valid if this bridge has a section in any file."""
    assert (
        check(f'/**: {{ros__parameters: {{units: degrees}}}}\n/other/arena_bridge: {LIMITS}') == []
    )
    site, own = tmp_path / 'site.yaml', tmp_path / 'own.yaml'
    site.write_text(f'/other/arena_bridge: {LIMITS}')
    own.write_text(f'{NODE}: {LIMITS}')
    both = ['--ros-args', '--params-file', str(site), '--params-file', str(own)]
    assert check_arguments(NODE, both) == []


def test_a_file_that_only_ros_can_read_causes_a_warning(check: Any) -> None:
    """A file that PyYAML cannot read causes a warning, because the parser of ROS accepts it."""
    (line,) = check(f'{NODE}: {{ros__parameters: {{units: degrees\t# here\n}}}}')
    assert 'was not checked' in line


def test_a_file_with_a_duplicate_key_is_refused(check: Any) -> None:
    """A file with a duplicate key is an error, because rcl would use only one of the two."""
    with pytest.raises(YamlError, match="line 2: '/left/arena_bridge' is there twice"):
        check(f'{NODE}: {LIMITS}\n{NODE}: {LIMITS}')


def test_a_rule_for_another_node_is_refused() -> None:
    """``-p other:name:=value`` is an error; ``-p name:=value`` is not."""
    check_arguments(NODE, ['--ros-args', '-p', 'consume.room_id:=a', '-p', 'server_url:=http://x'])
    check_arguments('/arena_bridge', ['--ros-args', '-p', 'arena_bridge:consume.room_id:=a'])
    with pytest.raises(ParameterError, match='is for /arena_bridge, and this node is /left/arena'):
        check_arguments(NODE, ['--ros-args', '-p', 'arena_bridge:consume.room_id:=a'])


def test_only_ros_arguments_are_checked() -> None:
    """Arguments after ``--`` are not checked, because they are not ROS arguments."""
    assert check_arguments(NODE, ['--ros-args', '--', '--params-file', 'nowhere.yaml']) == []
