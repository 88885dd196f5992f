"""requirements/constraints-*.txt: each requirement is pinned, and what is pinned is tested."""

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
"""Files with constraints of their own; those of all others are in constraints-newest.txt."""

FILES = sorted(
    path.stem for path in FOLDER.glob('*.txt') if not path.stem.startswith('constraints-')
)
PYTHONS = ('3.10', '3.11', '3.12', '3.13')


def requirements_in(path: Path, python: str) -> list[Requirement]:
    """Read the requirements of a file that count for a Python on this kind of machine."""
    versions = {'python_version': python, 'python_full_version': f'{python}.0'}
    text = path.read_text(encoding='utf-8').replace('\\\n', ' ')
    lines = (line.partition('#')[0].partition(' --hash')[0] for line in text.splitlines())
    found = [Requirement(line) for line in lines if line.strip() and not line.startswith('-r')]
    return [one for one in found if one.marker is None or one.marker.evaluate(versions)]


def pins_in(path: Path, python: str) -> dict[str, str]:
    """Read the version of each package in a file of constraints."""
    pins: dict[str, str] = {}
    for one in requirements_in(path, python):
        (only,) = one.specifier
        assert only.operator == '==', f'{path.name}: {one} is no single version'
        name = canonicalize_name(one.name)
        assert name not in pins, f'{path.name}: {name} is there twice for Python {python}'
        pins[name] = only.version
    return pins


def constraints(name: str, python: str) -> dict[str, str]:
    """Read constraints by what they are for."""
    return pins_in(FOLDER / f'constraints-{name}.txt', python)


@pytest.mark.parametrize('python', PYTHONS)
@pytest.mark.parametrize('name', FILES)
def test_each_requirement_is_pinned_at_a_version_that_it_allows(name: str, python: str) -> None:
    """For each Python; a requirement that is added without `make constraints` is named."""
    pins = constraints(name if name in OF_THEIR_OWN else 'newest', python)
    for one in requirements_in(FOLDER / f'{name}.txt', python):
        version = pins.get(canonicalize_name(one.name))
        assert version is not None, f'{one.name} is not pinned: run make constraints'
        assert one.specifier.contains(version), f'{one.name} {version}: run make constraints'


@pytest.mark.parametrize('python', PYTHONS)
def test_constraints_of_one_environment_agree(python: str) -> None:
    """Pip refuses two versions of one package; each ROS 2 goes with the newest and with apt's."""
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
    """Without one pip would refuse the file, or compare nothing."""
    text = (ROOT / 'deploy' / 'requirements.txt').read_text(encoding='utf-8')
    blocks = text.replace('\\\n', ' ').splitlines()

    assert all('--hash=sha256:' in block for block in blocks if not block.startswith('#'))


def test_what_is_installed_here_is_what_is_published() -> None:
    """In an environment that make has made, so a run of the tests tests the constraints."""
    files = os.environ.get('CONSTRAINTS', '').split()
    if not files:
        pytest.skip('this environment is not one that make has made with constraints')
    python = '.'.join(map(str, sys.version_info[:2]))
    pins = {name: pin for file in files for name, pin in pins_in(ROOT / file, python).items()}
    # Not sys.path: setuptools adds the folder of what it carries.
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
