# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""Tests of --help and --version, and of the exit codes of the executables."""

from __future__ import annotations

from collections.abc import Sequence
import os
from pathlib import Path
import signal
import subprocess
import sys
from xml.etree import ElementTree

import pytest
from support.arena_server import arena_server
from support.executables import EXECUTABLES

ROOT = Path(__file__).resolve().parents[2]
DEPRECATED = {'demo': 'arena_demo', 'demo_arm': 'arena_demo_arm'}


def run(name: str, arguments: Sequence[str]) -> tuple[int, str, str]:
    """Run an executable that ends by itself; return its exit code, stdout and stderr."""
    module, function = EXECUTABLES[name].split(':')
    start = f'import sys, {module} as m; sys.exit(m.{function}())'
    done = subprocess.run(
        [sys.executable, '-c', start, *arguments],
        env={**os.environ, 'COLUMNS': '100'},
        capture_output=True,
        text=True,
        timeout=20,
    )
    return done.returncode, done.stdout, done.stderr


def deprecation(name: str) -> str:
    """Return the deprecation warning of an executable; empty for one that is not deprecated."""
    if name not in DEPRECATED:
        return ''
    return (
        f'{name} is deprecated and will be removed in the next version; use {DEPRECATED[name]}\n'
    )


@pytest.mark.parametrize('name', EXECUTABLES)
def test_help_prints_usage_and_exit_codes(name: str) -> None:
    """--help prints the usage and the exit codes, and the executable does nothing else."""
    code, out, err = run(name, ['--help'])

    assert (code, err) == (0, deprecation(name))
    assert out.startswith(f'usage: {DEPRECATED.get(name, name)} ')
    assert '--version' in out
    assert 'Exit code: 0 ' in ' '.join(out.split())


@pytest.mark.parametrize('name', EXECUTABLES)
def test_version_is_that_of_the_manifest(name: str) -> None:
    """--version prints the name of the executable and the version in package.xml."""
    version = ElementTree.parse(ROOT / 'package.xml').findtext('version')
    line = f'{DEPRECATED.get(name, name)} {version}\n'

    assert run(name, ['--version']) == (0, line, deprecation(name))


def test_the_help_of_the_producer_lists_only_its_parameters() -> None:
    """The help of arena_producer lists parameters of the producer, and none of the consumer."""
    _, out, _ = run('arena_producer', ['--help'])

    assert '\n  produce.room_id\n' in out
    assert '\n  consume.' not in out


def test_a_bridge_without_parameters_prints_what_is_missing() -> None:
    """The error is one line, which refers to --help."""
    code, out, err = run('arena_bridge', [])

    assert (code, out) == (2, '')
    assert err.startswith('arena_bridge: no room is named: ')
    assert err.endswith('; see --help\n')
    assert err.count('\n') == 1


def run_without(name: str, missing: Sequence[str], arguments: Sequence[str]) -> tuple[int, str]:
    """Run an executable as if modules were not installed; return its exit code and its output."""
    module, function = EXECUTABLES[name].split(':')
    start = f'import sys, {module} as m; sys.modules.update(dict.fromkeys({missing!r}))\n'
    start += f'sys.exit(m.{function}())'
    done = subprocess.run(
        [sys.executable, '-c', start, *arguments], capture_output=True, text=True, timeout=20
    )
    return done.returncode, done.stdout + done.stderr


@pytest.mark.parametrize('name', [name for name in EXECUTABLES if name not in DEPRECATED])
def test_a_missing_library_is_an_error_in_one_line(name: str, tmp_path: Path) -> None:
    """An executable without a required library ends with one line that states how to get it."""
    fleet = tmp_path / 'fleet.yaml'
    fleet.write_text(
        'robots: [{namespace: left, params: {units: degrees, consume: {room_id: left}}}]\n'
    )
    missing = 'h11' if name == 'arena_server' else 'rclpy'

    code, output = run_without(name, [missing], [str(fleet)] if name == 'arena_fleet' else [])

    assert code == 2, output
    assert output.count('\n') == 1
    assert output.startswith(f'{name}: {missing} is not installed')
    advice = 'pip install h11' if name == 'arena_server' else 'source ROS 2, for example with'
    assert advice in output


def test_a_simulation_without_its_engine_prints_what_to_install() -> None:
    """sim_arm without MuJoCo ends with one line that names the extra to install."""
    code, output = run_without('sim_arm', ['mujoco'], [])

    assert (code, output.count('\n')) == (2, 1)
    assert "mujoco is not installed: pip install 'lerobot_arena_ros[sim]'" in output


@pytest.mark.parametrize('library', ['aiortc', 'av'])
def test_cameras_without_their_libraries_print_what_to_install(library: str) -> None:
    """arena_camera without aiortc or av ends with one line that names the packages."""
    arguments = ['--ros-args', '-p', 'cameras:=[front]']
    code, output = run_without('arena_camera', [library], arguments)

    assert (code, output.count('\n')) == (2, 1)
    # Which one is missing first depends on what is installed here.
    assert "is not installed: pip install 'lerobot_arena_ros[video]'" in output
    assert 'apt install python3-aiortc python3-av' in output


@pytest.mark.parametrize(
    'name', ['arena_bridge', 'arena_camera', 'arena_stop', 'arena_server', 'arena_demo_arm']
)
def test_an_unknown_argument_is_refused(name: str) -> None:
    """An unknown argument is an error, because it would otherwise have no effect."""
    code, out, err = run(name, ['--no-such-option', 'units:=degrees'])

    assert (code, out) == (2, '')
    assert '--no-such-option' in err or 'units:=degrees' in err
    assert 'Traceback' not in err


@pytest.mark.parametrize('number', [signal.SIGINT, signal.SIGTERM])
def test_a_server_ends_with_0_after_a_signal(number: signal.Signals) -> None:
    """arena_server exits with 0 after SIGINT and SIGTERM."""
    with arena_server() as server:
        assert server.end(number)[0] == 0


def test_a_demo_that_cannot_run_ends_with_2() -> None:
    """Wrong usage ends the demo with 2, because 1 means a failure of the demo itself."""
    assert run('arena_demo', ['--seconds', '1'])[0] == 2
