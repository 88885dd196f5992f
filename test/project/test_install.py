# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""The installation by ``make`` before the first command, and the messages of its failures."""

from __future__ import annotations

from collections.abc import Mapping
import os
from pathlib import Path
import shutil
import subprocess
import sys

import pytest
from support.pages import ROOT
from support.processes import free_port

FILES = ('Makefile', 'requirements')
NOT_HIS = (
    'CONSTRAINTS',
    'PYTHONPATH',
    'ROS_DISTRO',
    'DISTRO',
    'DEPS',
    'MAKELEVEL',
    'MAKEOVERRIDES',
)
"""The variables that an outer make may have set."""

NO_VENV = 'print("ensurepip is not available"); raise SystemExit(1)'


@pytest.fixture(name='folder')
def fixture_folder(tmp_path: Path) -> Path:
    """Return a folder with the files for an installation, without an environment."""
    for name in FILES:
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        copy(ROOT / name, tmp_path / name)
    return tmp_path


def run(
    folder: Path, command: list[str], variables: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run a command in the folder, with nothing sourced."""
    inherited = {name: value for name, value in os.environ.items() if name not in NOT_HIS}
    return subprocess.run(
        command,
        cwd=folder,
        env={**inherited, 'MAKEFLAGS': '', **(variables or {})},
        capture_output=True,
        text=True,
        timeout=120,
    )


def install(folder: Path, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run the installation script."""
    return run(folder, [sys.executable, 'requirements/install.py', *arguments], variables)


@pytest.mark.parametrize('target', ['demo', 'sim', 'test'])
def test_a_target_installs_what_it_needs(folder: Path, target: str) -> None:
    """The demo installs no requirements of the tests, and the simulation only its own."""
    done = run(folder, ['make', '-n', target, f'PYTHON={sys.executable}'])
    wanted = {word for word in done.stdout.split() if word.startswith('requirements/')}

    names = ('jazzy.txt', 'newest.txt', 'constraints-jazzy.txt', 'constraints-newest.txt')
    runtime = {f'requirements/{name}' for name in ('install.py', *names)}
    more = {
        f'requirements/{name}.txt'
        for name in ('test', 'fuzz', 'examples', 'fast', 'sim', 'socks', 'video')
    }
    with_cameras = {'requirements/sim.txt', 'requirements/video.txt'}
    expected = {'demo': set(), 'sim': with_cameras, 'test': more}
    assert done.returncode == 0, done.stderr
    assert wanted == runtime | expected[target]


@pytest.mark.parametrize('deps', ['newest', 'apt'])
@pytest.mark.parametrize('distro', ['jazzy', 'kilted'])
def test_each_environment_is_installed_with_its_constraints(
    folder: Path, distro: str, deps: str
) -> None:
    """Each installation into an environment uses its constraints."""
    variables = [f'DISTRO={distro}', f'DEPS={deps}', f'PYTHON={sys.executable}']
    done = run(folder, ['make', '-n', 'test', *variables])
    commands = [line for line in done.stdout.splitlines() if ' requirements/install.py ' in line]
    pinned = [f'--constraints requirements/constraints-{name}.txt' for name in (distro, deps)]

    assert commands
    assert all(' '.join(pinned) in command for command in commands)


def test_a_constraint_keeps_another_version_out(folder: Path) -> None:
    """The line of the failure has the version that the constraint excludes."""
    (folder / 'some.txt').write_text('pip>=1\n')
    (folder / 'pins.txt').write_text('pip==1.0\n')

    pinned = ['--constraints', 'pins.txt']
    done = install(folder, '--new', *pinned, 'env', 'some.txt', PIP_NO_INDEX='1')

    assert done.returncode == 1
    assert 'env: pip failed: Cannot install pip>=1 because' in done.stderr
    assert 'pip==1.0' in (folder / 'env.log').read_text()


def test_an_environment_with_a_missing_python_is_created_again(folder: Path) -> None:
    """An environment is created again if its Python is gone, as after a system upgrade."""
    (folder / '.venv' / 'bin').mkdir(parents=True)
    (folder / '.venv' / 'bin' / 'python').symlink_to('/nowhere/python')
    (folder / '.venv' / 'runtime').touch()

    done = run(folder, ['make', '-n', 'demo', f'PYTHON={sys.executable}'])

    assert '.venv does not run any more: it is created anew.\n' in done.stdout
    assert 'requirements/install.py --new' in done.stdout


def test_a_missing_network_is_reported_in_one_line(folder: Path) -> None:
    """The failure is one line after those of the steps; pip's output is in a file."""
    offline = {
        'PIP_INDEX_URL': f'http://127.0.0.1:{free_port()}/simple',
        'PIP_EXTRA_INDEX_URL': '',
        'PIP_NO_INDEX': '',
        'PIP_FIND_LINKS': '',
        'PIP_CONFIG_FILE': os.devnull,
        'PIP_RETRIES': '1',
    }
    (folder / 'some.txt').write_text('some-package-of-a-test\n')

    done = install(folder, '--new', 'env', 'some.txt', **offline)

    assert done.returncode == 1
    assert done.stderr.count('\n') == 1
    assert done.stderr.startswith('env: pip failed: the package index was not reached: check the')
    assert done.stdout.splitlines()[1] == 'Installing some.txt into env (once)'
    assert 'some-package-of-a-test' in (folder / 'env.log').read_text()


def test_a_package_that_is_nowhere_is_named(folder: Path) -> None:
    """The failure names the missing package, with pip's message."""
    (folder / 'some.txt').write_text('some-package-of-a-test\n')

    done = install(folder, '--new', 'env', 'some.txt', PIP_NO_INDEX='1')

    assert done.returncode == 1
    assert done.stderr.count('\n') == 1
    assert 'none for this Python' in done.stderr
    assert 'some-package-of-a-test' in done.stderr


def test_a_python_without_venv_is_reported_with_the_remedy(folder: Path) -> None:
    """The failure names the Debian package with venv."""
    fake = folder / 'fake' / 'venv'
    fake.mkdir(parents=True)
    (fake / '__init__.py').touch()
    (fake / '__main__.py').write_text(NO_VENV)

    done = install(folder, '--new', 'env', 'some.txt', PYTHONPATH=str(fake.parent))

    assert done.returncode == 1
    assert done.stderr.count('\n') == 1
    assert 'cannot make a virtual environment: apt install python3-venv' in done.stderr


def test_an_environment_without_pip_is_reported_with_the_remedy(folder: Path) -> None:
    """The failure of an incomplete environment has the command that removes it."""
    (folder / 'some.txt').touch()
    subprocess.run([sys.executable, '-m', 'venv', '--without-pip', folder / 'env'], check=True)

    done = install(folder, 'env', 'some.txt')

    assert done.returncode == 1
    assert done.stderr == (
        'env: pip failed: the environment has no pip: remove it with make clean (what pip printed '
        'is in env.log)\n'
    )
