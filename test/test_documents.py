"""README, config and parameters say the same."""

from __future__ import annotations

from pathlib import Path
import re
from typing import Any

import pytest
import yaml

from lerobot_arena_ros.nodes.parameter_table import JOINT_SPECS, SPECS, Spec

ROOT = Path(__file__).resolve().parent.parent


def shown(default: object) -> str:
    """Say a default as the README does."""
    if default is float:
        return 'not set'
    if isinstance(default, bool):
        return f'`{str(default).lower()}`'
    if isinstance(default, float):
        return f'`{default:g}`'
    return {'()': '`[]`', "''": "`''`"}.get(repr(default), f'`{default}`')


def flat(tree: dict[str, Any], prefix: str = '') -> dict[str, Any]:
    """Give the leaves of a YAML tree by their dotted names."""
    leaves: dict[str, Any] = {}
    for key, value in tree.items():
        if isinstance(value, dict):
            leaves.update(flat(value, f'{prefix}{key}.'))
        else:
            leaves[prefix + key] = value
    return leaves


@pytest.mark.parametrize(
    ('head', 'specs'),
    [
        ('### Parameters\n', SPECS),
        ('For each of the `joints`:\n', JOINT_SPECS),
    ],
    ids=['bridge', 'joint'],
)
def test_the_readme_has_every_parameter_as_it_is(head: str, specs: tuple[Spec, ...]) -> None:
    """The README's tables list each parameter with its type, default and unit, and no other."""
    text = (ROOT / 'README.md').read_text(encoding='utf-8')
    table = text.split(head, 1)[1]
    found = re.findall(r'^\| `([a-z_.]+)` \| (\S+) \| (.+?) \| (.+?) \| (.+) \|$', table, re.M)
    listed = {row[0]: row[1:] for row in found[: len(specs)]}

    assert list(listed) == [spec.name for spec in specs]
    for spec in specs:
        kind, default, unit, description = listed[spec.name]
        assert (kind, default, unit) == (spec.type_name, shown(spec.default), spec.unit or '–')
        assert description.startswith(spec.description)
        assert ('May change while' in description) == spec.dynamic


def test_bridge_yaml_has_every_parameter_at_its_default() -> None:
    """config/bridge.yaml is the whole list at its defaults, in the table's order."""
    text = (ROOT / 'config' / 'bridge.yaml').read_text(encoding='utf-8')
    leaves = flat(yaml.safe_load(text)['/**']['ros__parameters'])

    assert leaves == {s.name: [] if s.default == () else s.default for s in SPECS}


def test_bridge_yaml_mentions_every_parameter_of_a_joint() -> None:
    """Its comment shows what may be said of a joint."""
    text = (ROOT / 'config' / 'bridge.yaml').read_text(encoding='utf-8')
    mentioned = re.findall(r'^    #     ([a-z_]+):', text, re.M)

    assert mentioned == [spec.name for spec in JOINT_SPECS]


@pytest.mark.parametrize('name', ['so101.yaml', 'ai_loop.yaml'])
def test_the_other_files_use_what_there_is(name: str) -> None:
    """A shipped configuration has known names and acceptable values only."""
    tree = yaml.safe_load((ROOT / 'config' / name).read_text(encoding='utf-8'))
    values = tree['/**']['ros__parameters']
    joints = values.pop('joint_map')
    specs = {spec.name: spec for spec in SPECS}

    assert list(joints) == values['joints']
    for key, value in flat(values).items():
        specs[key].check(value)
    for joint in joints.values():
        for key, value in joint.items():
            {spec.name: spec for spec in JOINT_SPECS}[key].check(value)


def test_every_guarantee_names_a_test_that_exists() -> None:
    """docs/safety.md promises nothing that is not shown."""
    text = (ROOT / 'docs' / 'safety.md').read_text(encoding='utf-8')
    guarantees = [line for line in text.splitlines() if re.match(r'^\| [A-Z]', line)]

    assert guarantees
    for line in guarantees:
        shown_by = re.findall(r'`(test_\w+\.py)::(test_\w+)`', line)
        assert shown_by, line
        for file, test in shown_by:
            assert f'def {test}(' in (ROOT / 'test' / file).read_text(encoding='utf-8'), test
