"""Whether parameters on the command line reach the node that it starts."""

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
    """Check a command line with one file, of which the text is given."""

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
def test_what_reaches_the_node_is_taken(check: Any, name: str) -> None:
    """Names match as rcl matches them; what other nodes have beside them does not matter."""
    assert check(f'{name}: {LIMITS}') == []
    assert check(f'/right/arena_bridge: {LIMITS}\n{name}: {LIMITS}\n/driver: {OTHERS}') == []


def test_nested_namespaces_are_names(check: Any) -> None:
    """As in files that ``ros2 param dump`` and others write."""
    assert check(f'left: {{arena_bridge: {LIMITS}}}') == []


def test_tags_are_ignored(check: Any) -> None:
    """launch_ros writes lists so, and rcl ignores tags."""
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
    """One line names the file, its keys, the node, and what would match."""
    shown = f'/{name.strip("/")}'
    for beside in ('', f'/driver: {OTHERS}\n', f'/**: {OTHERS}\n'):
        with pytest.raises(ParameterError) as caught:
            check(f'{beside}{name}: {text}')

        line = str(caught.value)
        assert f'arm.yaml: has no parameters for {NODE}, only for {shown}: expected' in line
        assert f'`/**:` or `{NODE}:`' in line
        assert '\n' not in line


@pytest.mark.parametrize('text', [f'/driver: {OTHERS}', ''])
def test_a_file_of_other_nodes_is_warned_of(check: Any, text: str) -> None:
    """A file that many nodes share need not have parameters of a bridge."""
    (line,) = check(text)

    assert f'arm.yaml: has no parameters for {NODE}' in line


def test_a_file_of_a_site_may_be_given_to_every_bridge(check: Any, tmp_path: Path) -> None:
    """What it says to all bridges reaches this one, and another file may have the rest."""
    assert (
        check(f'/**: {{ros__parameters: {{units: degrees}}}}\n/other/arena_bridge: {LIMITS}') == []
    )
    site, own = tmp_path / 'site.yaml', tmp_path / 'own.yaml'
    site.write_text(f'/other/arena_bridge: {LIMITS}')
    own.write_text(f'{NODE}: {LIMITS}')
    both = ['--ros-args', '--params-file', str(site), '--params-file', str(own)]
    assert check_arguments(NODE, both) == []


def test_a_file_that_only_ros_can_read_is_warned_of(check: Any) -> None:
    """The reader of ROS takes a tab before a comment, for example, and has read it already."""
    (line,) = check(f'{NODE}: {{ros__parameters: {{units: degrees\t# here\n}}}}')
    assert 'was not checked' in line


def test_a_file_with_a_key_twice_is_refused(check: Any) -> None:
    """Of the two, rcl would take one."""
    with pytest.raises(YamlError, match="line 2: '/left/arena_bridge' is there twice"):
        check(f'{NODE}: {LIMITS}\n{NODE}: {LIMITS}')


def test_a_rule_for_another_node_is_refused() -> None:
    """``-p other:name:=value`` does not reach this node; without a name it does."""
    check_arguments(NODE, ['--ros-args', '-p', 'consume.room_id:=a', '-p', 'server_url:=http://x'])
    check_arguments('/arena_bridge', ['--ros-args', '-p', 'arena_bridge:consume.room_id:=a'])
    with pytest.raises(ParameterError, match='is for /arena_bridge, and this node is /left/arena'):
        check_arguments(NODE, ['--ros-args', '-p', 'arena_bridge:consume.room_id:=a'])


def test_only_arguments_of_ros_count() -> None:
    """What follows ``--`` is not of ROS."""
    assert check_arguments(NODE, ['--ros-args', '--', '--params-file', 'nowhere.yaml']) == []
