# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""The units in deploy/: systemd accepts them, and their shutdown leaves no process."""

from __future__ import annotations

from configparser import RawConfigParser
import os
from pathlib import Path
import re
import shlex
import shutil
import signal
import subprocess

import pytest
from support.launch_files import ARGUMENTS
from support.pages import ROOT
from support.processes import running_command
from support.required import require
from support.waiting import wait_for

UNITS = sorted((ROOT / 'deploy').glob('*.service'))
BRIDGE = ROOT / 'deploy' / 'arena_bridge.service'
LAUNCH_S = 15.0
"""After SIGINT, launch sends SIGTERM to what still runs after 5 s, and SIGKILL after 10 s more."""

PARAMETERS = """
/**:
  ros__parameters:
    units: degrees
    joints: [elbow]
    consume: {room_id: arm}
    joint_map: {elbow: {min: -1.0, max: 1.0}}
"""


@pytest.mark.parametrize('path', UNITS, ids=[path.name for path in UNITS])
def test_a_unit_is_one(path: Path, tmp_path: Path) -> None:
    """Systemd accepts the unit, except that its program is not installed here."""
    verifier = shutil.which('systemd-analyze')
    require('systemd-analyze', verifier, 'systemd-analyze is not installed')
    unit = tmp_path / path.name.replace('@', '@8001')
    unit.write_text(path.read_text().replace('/opt/arena_server/bin/python', '/bin/true'))
    command = [str(verifier), 'verify', '--man=no', str(unit)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)

    # It also reports errors in other units of this machine.
    assert [line for line in done.stderr.splitlines() if unit.name in line] == []


def service() -> dict[str, str]:
    """Return the settings of the bridge's unit."""
    parser = RawConfigParser()
    parser.optionxform = str  # type: ignore[assignment, method-assign]
    parser.read(BRIDGE)
    return dict(parser['Service'])


def command() -> list[str]:
    """Return the command of the unit after ROS 2 and the workspace are sourced."""
    shell, option, script = shlex.split(service()['ExecStart'])
    assert (shell, option) == ('/bin/bash', '-c')
    *sourcing, program = script.split(' && ')
    assert all(re.fullmatch(r'source /opt/\w+(/\w+)?/setup\.bash', each) for each in sourcing)
    assert program.startswith('exec ')
    return shlex.split(program.removeprefix('exec '))


def test_the_unit_of_the_bridge_starts_what_there_is() -> None:
    """The command has existing arguments, and each start is with a latched stop."""
    ros2, launch, package, name, *arguments = command()
    given = dict(word.split(':=') for word in arguments)

    assert (ros2, launch, package) == ('ros2', 'launch', 'lerobot_arena_ros')
    assert set(given) <= set(ARGUMENTS[name])
    assert given['use_respawn'] == 'true'


def test_the_unit_of_the_bridge_ends_all_that_launch_started() -> None:
    """Launch has enough time to end its children, and no process outlives it."""
    settings = service()

    assert (settings['KillMode'], settings['KillSignal']) == ('mixed', 'SIGINT')
    assert float(settings['TimeoutStopSec']) > LAUNCH_S


def children(pid: int) -> set[int]:
    """Return the children of a process."""
    return {int(word) for word in Path(f'/proc/{pid}/task/{pid}/children').read_text().split()}


@pytest.mark.skipif(shutil.which('ros2') is None, reason='ros2 is not here: it comes with ROS 2')
def test_launch_ends_its_children_on_the_signal_of_the_unit(tmp_path: Path) -> None:
    """The bridge ends before launch does, without a failure."""
    file = tmp_path / 'my_arm.yaml'
    file.write_text(PARAMETERS)
    words = [re.sub('^params_file:=.*', f'params_file:={file}', word) for word in command()]
    number = signal.Signals[service()['KillSignal']]
    # A shell that runs this in the background may make it ignore SIGINT.
    heeding = ['env', '--default-signal=INT,QUIT']
    with running_command([*heeding, *words], variables={'ROS_LOG_DIR': str(tmp_path)}) as main:
        wait_for(lambda: 'elbow -> elbow' in main.output, 'the bridge to start')
        started = children(main.pid)
        assert started
        assert main.end(number) == 0, main.output
        assert [pid for pid in started if os.path.exists(f'/proc/{pid}')] == []
