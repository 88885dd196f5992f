# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""Pages, configuration files and code agree."""

from __future__ import annotations

from pathlib import Path
import re
from typing import Any
from xml.etree import ElementTree

import pytest
from support.executables import EXECUTABLES
from support.launch_files import ARGUMENTS
from support.pages import PAGES, anchors_of, prose_of, read, rows_of
import yaml

from lerobot_arena_ros.nodes.settings import camera_table
from lerobot_arena_ros.nodes.settings.parameter_table import JOINT_SPECS, SPECS
from lerobot_arena_ros.nodes.settings.specs import Spec
from lerobot_arena_ros.nodes.settings.topics import delivery_topic
from lerobot_arena_ros.nodes.settings.yaml_file import flatten
from lerobot_arena_ros.sim.names import CAMERAS
from lerobot_arena_ros.sim.parameters import SPECS as SIM_SPECS

ROOT = Path(__file__).resolve().parents[2]


def shown(default: object) -> str:
    """Return a default as the tables show it."""
    if default is float:
        return 'not set'
    if isinstance(default, bool):
        return f'`{str(default).lower()}`'
    if isinstance(default, float):
        return f'`{default:g}`'
    return {'()': '`[]`', "''": "`''`"}.get(repr(default), f'`{default}`')


@pytest.mark.parametrize(
    ('page', 'head', 'specs'),
    [
        ('parameters.md', '## Parameters', SPECS),
        ('parameters.md', '## Parameters of a joint', JOINT_SPECS),
        ('parameters.md', '## Parameters of arena_camera', camera_table.SPECS),
        ('parameters.md', '## Parameters of a camera', camera_table.CAMERA_SPECS),
        ('sim_arm.md', '## Parameters', SIM_SPECS),
    ],
    ids=['bridge', 'joint', 'cameras', 'camera', 'sim_arm'],
)
def test_the_reference_has_every_parameter_as_it_is(
    page: str, head: str, specs: tuple[Spec, ...]
) -> None:
    """The tables list each parameter with its type, default and unit, and no others."""
    rows = rows_of(f'docs/reference/{page}', f'{head}\n')
    listed = {row[0]: row[1:] for row in rows}

    assert list(listed) == [f'`{spec.name}`' for spec in specs]
    for spec in specs:
        kind, default, unit, description = listed[f'`{spec.name}`']
        assert (kind, default, unit) == (spec.type_name, shown(spec.default), spec.unit or '–')
        assert description.startswith(spec.description)
        assert ('May change while' in description) == spec.dynamic
        if page == 'parameters.md':
            named = set(re.findall('`([^`]+)`', description))
            assert set(filter(None, spec.choices)) <= named


def test_the_reference_has_every_executable() -> None:
    """The reference lists the executables of setup.py in their order."""
    rows = rows_of('docs/reference/parameters.md', '## Executables')

    assert [row[0] for row in rows] == [f'`{name}`' for name in EXECUTABLES]


@pytest.mark.parametrize('name', ARGUMENTS)
def test_the_reference_has_every_launch_argument(name: str) -> None:
    """The reference lists each argument with its default, and each has a description."""
    rows = rows_of('docs/reference/parameters.md', f'### {name}\n')
    listed = {row[0].strip('`'): row[1].strip('`') for row in rows}

    assert list(listed) == list(ARGUMENTS[name])
    for argument, (default, description) in ARGUMENTS[name].items():
        assert description, f'{name}: {argument}'
        if default is not None:
            assert listed[argument] == (default or "''"), argument


def test_the_reference_has_every_variable() -> None:
    """The reference lists our variables that the package, examples and contract tests read."""
    rows = rows_of('docs/reference/parameters.md', '## Environment variables')
    contract = (ROOT / 'test' / 'conftest.py').read_text(encoding='utf-8')
    sources = [*source_of('lerobot_arena_ros'), *source_of('examples'), contract]
    used = {name for text in sources for name in re.findall(r"'(LEROBOT_ARENA_[A-Z_]+)'", text)}

    assert {row[0].strip('`') for row in rows} == used


def source_of(folder: str) -> list[str]:
    """Return the texts of the Python files in a folder."""
    return [path.read_text(encoding='utf-8') for path in sorted((ROOT / folder).rglob('*.py'))]


@pytest.mark.parametrize(
    ('name', 'specs'), [('bridge.yaml', SPECS), ('cameras.yaml', camera_table.SPECS)]
)
def test_a_configuration_has_every_parameter_at_its_default(
    name: str, specs: tuple[Spec, ...]
) -> None:
    """The file is the whole list at its defaults, in the table's order."""
    text = (ROOT / 'config' / name).read_text(encoding='utf-8')
    leaves = dict(flatten(yaml.safe_load(text)['/**']['ros__parameters']))

    assert leaves == {s.name: [] if s.default == () else s.default for s in specs}
    assert list(leaves) == [spec.name for spec in specs]


@pytest.mark.parametrize(
    ('name', 'specs'),
    [('bridge.yaml', JOINT_SPECS), ('cameras.yaml', camera_table.CAMERA_SPECS)],
)
def test_a_configuration_mentions_every_parameter_of_an_item(
    name: str, specs: tuple[Spec, ...]
) -> None:
    """The comment of the file has each parameter of a joint or a camera."""
    text = (ROOT / 'config' / name).read_text(encoding='utf-8')
    mentioned = re.findall(r'^    #     ([a-z_]+):', text, re.M)

    assert mentioned == [spec.name for spec in specs]


@pytest.mark.parametrize(
    ('name', 'nodes'),
    [
        ('so101.yaml', '/**'),
        ('ai_loop.yaml', '/**/arena_bridge'),
        ('ai_loop_sim.yaml', '/**/arena_bridge'),
        ('lerobot_sim.yaml', '/**/arena_bridge'),
    ],
)
def test_the_other_files_use_what_there_is(name: str, nodes: str) -> None:
    """A shipped configuration has known names and acceptable values only."""
    tree = yaml.safe_load((ROOT / 'config' / name).read_text(encoding='utf-8'))
    values = tree[nodes]['ros__parameters']
    joints = values.pop('joint_map')
    specs = {spec.name: spec for spec in SPECS}

    assert list(joints) == [joint for joint in values['joints'] if joint in joints]
    for key, value in flatten(values):
        specs[key].check(value)
    for joint in joints.values():
        for key, value in joint.items():
            {spec.name: spec for spec in JOINT_SPECS}[key].check(value)


@pytest.mark.parametrize('page', ['safety.md', 'explanation/threats.md'])
def test_every_guarantee_names_a_test_that_exists(page: str) -> None:
    """Each guarantee of these pages names an existing test."""
    text = (ROOT / 'docs' / page).read_text(encoding='utf-8')
    guarantees = [line for line in text.splitlines() if re.match(r'^\| [A-Z]', line)]

    assert guarantees
    for line in guarantees:
        shown_by = re.findall(r'`(test_\w+\.py)::(test_\w+)`', line)
        assert shown_by, line
        for file, test in shown_by:
            (path,) = (ROOT / 'test').rglob(file)
            assert f'def {test}(' in path.read_text(encoding='utf-8'), test


def test_every_weakness_of_the_public_server_names_its_tests() -> None:
    """The table of docs/reliability.md lists S1 to S22, and tests with these numbers exist."""
    rows = rows_of('docs/reliability.md', '## Weaknesses of the public server')

    assert [row[0] for row in rows] == [f'S{number}' for number in range(1, 23)]
    for number, *_, shown_by in rows:
        prefix = f'test_s{int(number[1:]):02}_'
        named = re.findall(r'`(test_\w+\.py)::(test_s\d\d_)\*`', shown_by)
        assert named, number
        for file, test in named:
            (path,) = (ROOT / 'test').rglob(file)
            assert test == prefix
            assert f'def {prefix}' in path.read_text(encoding='utf-8'), shown_by


def test_each_cause_on_the_page_for_a_robot_that_does_not_move_is_in_the_code() -> None:
    """A user who searches the page for the sentence of a bridge finds it."""
    source = ''.join(source_of('lerobot_arena_ros/control') + source_of('lerobot_arena_ros/nodes'))
    rows = rows_of('docs/howto/nothing_moves.md', '- in the message')
    causes = [each for row in rows for each in row[0].split('`')[1::2]]

    assert len(causes) > 10
    assert [each for each in causes if each not in source] == []


def test_the_contributors_page_lists_every_folder() -> None:
    """CONTRIBUTING.md has a row for each folder of the package, the benchmark and the tests."""
    cells = re.findall(r'^\| (.*?) \|', read('CONTRIBUTING.md'), re.M)
    listed = {name for cell in cells for name in re.findall(r'`([a-z/]+)/`', cell)}
    package = ROOT / 'lerobot_arena_ros'

    assert listed == {
        *folders_of(package),
        *(f'server/{name}' for name in folders_of(package / 'server')),
        *(f'nodes/{name}' for name in folders_of(package / 'nodes')),
        *(f'benchmark/{file.parent.name}' for file in ROOT.glob('benchmark/*/__init__.py')),
        *folders_of(ROOT / 'test'),
    }


def folders_of(folder: Path) -> set[str]:
    """Return the names of the folders in a folder, without caches."""
    return {path.name for path in folder.iterdir() if path.is_dir() and path.name[0] not in '._'}


def links() -> list[Any]:
    """Return the links within the project as test parameters: the page and the target."""
    return [
        pytest.param(page, target, id=f'{page} {target}')
        for page in PAGES
        for target in sorted(set(re.findall(r'\[[^]]*\]\(([^)\s]+)\)', prose_of(page))))
        if '://' not in target
    ]


@pytest.mark.parametrize(('page', 'target'), links())
def test_links_lead_somewhere(page: str, target: str) -> None:
    """Each link leads to a file of the project, and to an existing heading in it."""
    name, _, anchor = target.partition('#')
    file = (ROOT / page).parent / name if name else ROOT / page
    assert file.exists()
    if anchor:
        assert anchor in anchors_of(file.resolve().relative_to(ROOT).as_posix())


@pytest.mark.parametrize('page', ['README.md', 'docs/tutorial.md'])
def test_what_is_cloned_is_the_repository_of_the_manifest(page: str) -> None:
    """Each ``git clone`` of a page has the address of package.xml."""
    addresses = {
        url.text
        for url in ElementTree.parse(ROOT / 'package.xml').iterfind('url')
        if url.get('type') == 'repository'
    }
    cloned = re.findall(r'git clone (\S+)', read(page))

    assert cloned
    assert set(cloned) == addresses


def test_a_picture_is_small_and_says_what_it_shows() -> None:
    """Each picture has a description, and loads quickly on a slow connection."""
    pictures = re.findall(r'!\[([^]]*)\]\(([^)]+)\)', read('README.md'))

    assert pictures
    for text, name in pictures:
        assert len(text.split()) >= 5
        assert (ROOT / name).stat().st_size < 300_000


def test_every_page_can_be_reached() -> None:
    """Links lead from the README to each page."""
    seen: set[str] = set()
    to_read = ['README.md']
    while to_read:
        page = to_read.pop()
        seen.add(page)
        for target in re.findall(r'\]\(([^)#\s]+\.md)', prose_of(page)):
            if '://' not in target:
                found = ((ROOT / page).parent / target).resolve().relative_to(ROOT).as_posix()
                to_read += [found] if found not in seen else []

    assert seen == set(PAGES)


def test_topics_of_the_simulated_arm_are_those_of_its_node() -> None:
    """The reference lists each topic of the node, and no others."""
    (text,) = (text for text in source_of('lerobot_arena_ros/sim') if 'class SimArmNode' in text)
    made = re.findall(r"create_\w+\(\s*[\w\[\]]+, f?'([^']+)'", text)
    expected = {
        name.replace('{name}', camera)
        for name in made
        for camera in (CAMERAS if '{name}' in name else [''])
    }

    listed = [row[0].strip('`') for row in rows_of('docs/reference/sim_arm.md', '## Topics')]
    assert set(listed) == expected


def test_topics_are_those_of_the_node() -> None:
    """Each topic and service in the reference has its name in the code, and vice versa."""
    text = ''.join(source_of('lerobot_arena_ros/nodes'))
    made = re.findall(
        r"create_(?:publisher|subscription|service)\(\s*[\w\[\].]+,\s*f?'([^']+)'", text
    )
    page = 'docs/reference/topics.md'
    listed = [row[0] for head in ('## Topics', '## Services') for row in rows_of(page, head)]
    names = {name for cell in listed for name in re.findall('`([^`]+)`', cell)}

    assert names - {'~/change_state'} == {
        name.replace('{_STATUS}', 'emergency_stop_active')
        for name in made
        if not name.startswith('{')  # The topics of the two arms of the demo.
    } | {delivery_topic('<camera>')}
