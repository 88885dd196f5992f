# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""requirements/constraints-*.txt: each requirement is pinned, and the pins are tested."""

from __future__ import annotations

from importlib import metadata
import itertools
import os
from pathlib import Path
import sys
import sysconfig

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
import pytest
from support.pages import ROOT

FOLDER = ROOT / 'requirements'
OF_THEIR_OWN = ('jazzy', 'kilted', 'apt')
"""Files with separate constraints; those of all others are in constraints-newest.txt."""

PINNED_ITSELF = 'lerobot'
"""A file whose environment has nothing else, and that pins each version."""

FILES = sorted(
    path.stem
    for path in FOLDER.glob('*.txt')
    if not path.stem.startswith('constraints-') and path.stem != PINNED_ITSELF
)
PYTHONS = ('3.10', '3.11', '3.12', '3.13')


def requirements_in(path: Path, python: str) -> list[Requirement]:
    """Return the requirements of a file that apply to a Python on this kind of machine."""
    versions = {'python_version': python, 'python_full_version': f'{python}.0'}
    text = path.read_text(encoding='utf-8').replace('\\\n', ' ')
    lines = (line.partition('#')[0].partition(' --hash')[0] for line in text.splitlines())
    found = [Requirement(line) for line in lines if line.strip() and not line.startswith('-r')]
    return [one for one in found if one.marker is None or one.marker.evaluate(versions)]


def pins_in(path: Path, python: str) -> dict[str, str]:
    """Return the version of each package in a constraints file."""
    pins: dict[str, str] = {}
    for one in requirements_in(path, python):
        (only,) = one.specifier
        assert only.operator == '==', f'{path.name}: {one} is no single version'
        name = canonicalize_name(one.name)
        assert name not in pins, f'{path.name}: {name} is there twice for Python {python}'
        pins[name] = only.version
    return pins


def constraints(name: str, python: str) -> dict[str, str]:
    """Return the constraints of a requirements file."""
    return pins_in(FOLDER / f'constraints-{name}.txt', python)


@pytest.mark.parametrize('python', PYTHONS)
@pytest.mark.parametrize('name', FILES)
def test_each_requirement_is_pinned_at_a_version_that_it_allows(name: str, python: str) -> None:
    """For each Python, each requirement is pinned; the failure names a missing one."""
    pins = constraints(name if name in OF_THEIR_OWN else 'newest', python)
    for one in requirements_in(FOLDER / f'{name}.txt', python):
        version = pins.get(canonicalize_name(one.name))
        assert version is not None, f'{one.name} is not pinned: run make constraints'
        assert one.specifier.contains(version), f'{one.name} {version}: run make constraints'


def test_a_file_without_constraints_pins_each_version() -> None:
    """Each requirement of LeRobot's environment is a single version."""
    assert pins_in(FOLDER / f'{PINNED_ITSELF}.txt', '3.11')


@pytest.mark.parametrize('python', PYTHONS)
def test_constraints_of_one_environment_agree(python: str) -> None:
    """Each ROS 2 has the same pins as newest and apt, because pip refuses two versions."""
    for ros, others in itertools.product(('jazzy', 'kilted'), ('newest', 'apt')):
        one, other = constraints(ros, python), constraints(others, python)
        shared = one.keys() & other.keys()
        assert {name: one[name] for name in shared} == {name: other[name] for name in shared}
        assert 'pyyaml' in shared


@pytest.mark.parametrize('python', PYTHONS)
def test_a_deployed_server_has_the_versions_that_were_tested(python: str) -> None:
    """deploy/requirements.txt has all that a server needs, at the versions of the constraints."""
    deployed = pins_in(ROOT / 'deploy' / 'requirements.txt', python)
    tested = constraints('newest', python)
    needed = requirements_in(FOLDER / 'newest.txt', python)

    assert deployed == {name: tested.get(name) for name in deployed}
    assert {canonicalize_name(one.name) for one in needed} <= deployed.keys()


def test_each_file_of_a_deployed_server_has_a_hash() -> None:
    """Each pinned file has a hash, because pip would refuse the file otherwise."""
    text = (ROOT / 'deploy' / 'requirements.txt').read_text(encoding='utf-8')
    blocks = text.replace('\\\n', ' ').splitlines()

    assert all('--hash=sha256:' in block for block in blocks if not block.startswith('#'))


def test_what_is_installed_here_is_what_is_published() -> None:
    """An environment of make has the versions of the constraints, so the tests test them."""
    files = os.environ.get('CONSTRAINTS', '').split()
    if not files:
        pytest.skip('make has not created this environment with constraints')
    python = '.'.join(map(str, sys.version_info[:2]))
    pins = {name: pin for file in files for name, pin in pins_in(ROOT / file, python).items()}
    # Not sys.path, because setuptools adds the folder of its vendored packages.
    installed = {
        canonicalize_name(found.name): found.version
        for found in metadata.distributions(path=[sysconfig.get_path('purelib')])
    }
    differing = {
        name: f'{version}, pinned at {pins[name]}'
        for name, version in installed.items()
        if name != 'pip' and pins.get(name, version) != version
    }

    assert differing == {}
    assert len(pins.keys() & installed.keys()) > 20
