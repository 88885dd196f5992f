# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""The wheel: its contents, its size, and its installation where there is no ROS."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
import re
import signal
import subprocess
import sys
from zipfile import ZipFile

import httpx
import pytest
from support.arena_server import LINE
from support.distributions import built, copied_repository, in_git, without_ros
from support.pages import blocks_of
from support.processes import free_port, running_command
from support.required import require
from support.waiting import wait_for

PACKAGE = 'lerobot_arena_ros'
MAX_BYTES = 1_000_000
SOURCE = re.compile(r'git\+https://\S+')
TIMEOUT_S = 300.0
CLIENT = f"""
import asyncio, importlib.util, sys
from {PACKAGE} import RoboticsProducer
assert importlib.util.find_spec('rclpy') is None, 'ROS is here'
async def main():
    async with RoboticsProducer(sys.argv[1]) as producer:
        print(await producer.create_room('lab', 'arm'))
asyncio.run(main())
"""


@pytest.fixture(name='wheel', scope='module')
def fixture_wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the wheel."""
    source = copied_repository(tmp_path_factory.mktemp('source'))
    return built(source, tmp_path_factory.mktemp('built'))[0]


@pytest.fixture(name='folder', scope='module')
def fixture_folder(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder in which the first command of README.md was run, with our wheel."""
    folder = tmp_path_factory.mktemp('fresh')
    first, _ = commands()
    run(folder, [sys.executable, '-m', 'venv', 'offline']).check_returncode()
    # This needs no network, so that a failure of the next installation is one of the network.
    run(folder, ['offline/bin/pip', 'install', '--no-deps', str(wheel)]).check_returncode()
    command = SOURCE.sub(str(wheel), first).replace('python3', sys.executable, 1)
    done = run(folder, ['bash', '-c', command])
    require('network', done.returncode == 0, f'no package index was reached: {done.stderr}')
    return folder


def commands() -> list[str]:
    """Return the two commands of README.md that lead to a running arena."""
    (block,) = (
        block for block in blocks_of('README.md', 'sh') if 'bin/arena_server' in block.text
    )
    return block.text.splitlines()


def run(
    folder: Path, command: Sequence[str], **variables: str
) -> subprocess.CompletedProcess[str]:
    """Run a command in the folder."""
    return subprocess.run(
        command,
        cwd=folder,
        env={**without_ros(), **variables},
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
        check=False,
    )


def test_the_wheel_is_small(wheel: Path) -> None:
    """The wheel has at most a megabyte."""
    assert wheel.stat().st_size <= MAX_BYTES


def test_the_wheel_has_the_package_and_the_license(wheel: Path) -> None:
    """The wheel has each file of the package, none of the tests, and the license."""
    names = ZipFile(wheel).namelist()
    ours = {name for name in in_git() if name.startswith(f'{PACKAGE}/')}

    assert {name for name in names if name.startswith(f'{PACKAGE}/')} == ours
    assert {name.split('/')[0].partition('-')[0] for name in names} == {PACKAGE}
    assert [name for name in names if name.endswith('.dist-info/licenses/LICENSE')]


def test_the_readme_leads_to_a_running_arena_in_two_commands(folder: Path) -> None:
    """The second command serves rooms and the console, and the client creates a room."""
    _, second = commands()
    command = [*second.split(), '--port', str(free_port())]
    with running_command(command, cwd=folder, env=without_ros()) as server:
        wait_for(lambda: '\n' in server.output or not server.is_alive, 'its address', TIMEOUT_S)
        match = LINE.match(server.output)
        assert match, server.output
        page = httpx.get(match[3])
        script = re.search(r'src="([^"]+\.js)"', page.text)
        assert script, page.text
        assert httpx.get(match[3] + script[1]).status_code == 200
        made = run(folder, ['arena/bin/python', '-c', CLIENT, match[1]])
        assert (server.end(signal.SIGTERM), server.output) == (0, match[0])

    assert (made.returncode, made.stderr) == (0, '')


def test_a_bridge_without_ros_ends_with_the_remedy(folder: Path) -> None:
    """An executable that needs ROS prints one line that names it."""
    done = run(folder, ['arena/bin/arena_bridge'])

    assert (done.returncode, done.stderr.count('\n')) == (2, 1)
    assert done.stderr.startswith('arena_bridge: ')
    assert 'source ROS 2' in done.stderr


def test_pipx_runs_the_server(folder: Path, wheel: Path, tmp_path: Path) -> None:
    """``pipx run`` starts the server without the name of its executable."""
    run(folder, ['arena/bin/pip', 'install', 'pipx']).check_returncode()
    pipx = ['arena/bin/pipx', 'run', '--spec', str(wheel), PACKAGE, '--version']
    done = run(folder, pipx, PIPX_HOME=str(tmp_path), PIPX_DEFAULT_PYTHON=sys.executable)

    assert done.returncode == 0, done.stderr
    assert done.stdout == f'arena_server {wheel.name.split("-")[1]}\n'
