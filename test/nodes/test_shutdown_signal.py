# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""Tests that SIGINT at any moment, once or twice, ends each executable without a traceback."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
import signal
import subprocess
import sys

import pytest

pytest.importorskip('rclpy', reason='rclpy is not here: it comes with ROS 2, or as wheels')

from support.domain import own_domain
from support.executables import EXECUTABLES
from support.processes import Process, running_command
from support.signals import handles_sigterm, let_pass
from support.waiting import wait_for

SCRIPT = 'import re\nimport sys\nfrom {module} import {function}\nsys.exit({function}())'
"""The script that pip generates for an entry point."""

BRIDGE = (
    *('--ros-args', '-p', 'server_url:=http://127.0.0.1:1'),
    *('-p', 'units:=degrees', '-p', 'joints:=[elbow]'),
)
FLEET = """\
defaults: {params: {server_url: 'http://127.0.0.1:1', units: degrees, joints: [elbow]}}
robots: [{namespace: left, params: {consume: {room_id: left}}}]
"""
ARGUMENTS = {
    'arena_bridge': (*BRIDGE, '-p', 'consume.room_id:=arm', '-p', 'produce.room_id:=leader'),
    'arena_producer': (*BRIDGE, '-p', 'produce.room_id:=arm'),
    'arena_consumer': (*BRIDGE, '-p', 'consume.room_id:=arm'),
    'arena_camera': (
        *('--ros-args', '-p', 'server_url:=http://127.0.0.1:1', '-p', 'cameras:=[front]'),
    ),
    'arena_server': ('--port', '0'),
}
NEEDS = {'arena_camera': ('aiortc', 'video'), 'sim_arm': ('mujoco', 'sim')}
"""The optional library of an executable, and its file in requirements/."""

AFTER_S = (0.0, 0.05, 0.2, 1.0)
"""Times of SIGINT after the process handles signals."""

TWICE_S = ((0.0, 0.05), (0.2, 0.02), (1.0, 0.02), (1.0, 0.1), (1.0, 0.3))
"""Times of the first SIGINT, and delays of the second one."""


@contextmanager
def started(name: str, folder: Path) -> Iterator[Process]:
    """Run an executable as its script does, and yield it as soon as it handles signals."""
    fleet = folder / 'fleet.yaml'
    fleet.write_text(FLEET)
    arguments = (str(fleet),) if name == 'arena_fleet' else ARGUMENTS.get(name, ())
    module, function = EXECUTABLES[name].split(':')
    script = SCRIPT.format(module=module, function=function)
    # A background job of a shell ignores SIGINT, and its child processes would inherit that.
    command = ['env', '--default-signal=INT', sys.executable, '-c', script, *arguments]
    with (
        own_domain(),
        running_command(command, start_new_session=True, is_measured=False) as process,
    ):
        wait_for(lambda: handles_sigterm(process), f'{name} to handle signals')
        yield process


def skip_without_its_library(name: str) -> None:
    """Skip the test of an executable whose optional library is not installed."""
    if name in NEEDS:
        library, file = NEEDS[name]
        pytest.importorskip(library, reason=f'{library} is not here: requirements/{file}.txt')


def test_signals_are_handled_before_large_imports() -> None:
    """Each executable installs its signal handlers before it imports any large module."""
    program = (
        'import re, sys; before = set(sys.modules); import {}; print(*set(sys.modules) - before)'
    )
    (home,) = {place.partition(':')[0] for place in EXECUTABLES.values()}
    done = subprocess.run(
        [sys.executable, '-c', program.format(home)], capture_output=True, text=True, check=True
    )

    package = home.partition('.')[0]
    assert set(done.stdout.split()) <= {package, home, '__future__', 'atexit', 'signal'}


@pytest.mark.parametrize('name', EXECUTABLES)
def test_sigint_at_any_moment_is_no_error(name: str, tmp_path: Path) -> None:
    """SIGINT during the imports or later ends each executable with 0 or 130."""
    skip_without_its_library(name)
    for after_s in AFTER_S:
        with started(name, tmp_path) as process:
            let_pass(process, after_s)
            code = process.end()

            assert code in (0, 130), f'{after_s} s: {code}: {process.output}'
            assert 'Traceback' not in process.output, f'{after_s} s: {process.output}'


@pytest.mark.parametrize('name', EXECUTABLES)
def test_a_second_sigint_is_no_error(name: str, tmp_path: Path) -> None:
    """A second SIGINT during the shutdown, as from ``ros2 launch``, causes no error."""
    skip_without_its_library(name)
    for after_s, again_s in TWICE_S:
        with started(name, tmp_path) as process:
            let_pass(process, after_s)
            process.signal(signal.SIGINT)
            let_pass(process, again_s)
            code = process.end()

            assert code in (0, 130), f'{after_s} + {again_s} s: {code}: {process.output}'
            assert 'Traceback' not in process.output, process.output
