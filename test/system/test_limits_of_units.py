# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""The limits of the units in deploy/: they are strict, and the server runs within them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
import os
from pathlib import Path
import re
import shutil
import signal
import subprocess
import sys

import httpx
import pytest
from support.client_pairs import client_pair
from support.deployment import BEARER, TOKEN, UNIT, unit_arguments
from support.pages import ROOT, blocks_of, read
from support.processes import Process, free_port, running_command
from support.required import require
from support.waiting import wait_for, wait_until

BRIDGE = ROOT / 'deploy' / 'arena_bridge.service'
MOST_EXPOSED = {UNIT: 1.0, BRIDGE: 4.5}
"""The highest exposure level of each unit in systemd-analyze, of 10."""

LIMITED = """
import ctypes, os, sys
prctl = ctypes.CDLL(None, use_errno=True).prctl
for option in (38, 65):  # PR_SET_NO_NEW_PRIVS, PR_SET_MDWE
    if prctl(option, 1, 0, 0, 0):
        sys.exit(os.strerror(ctypes.get_errno()))
os.execv(sys.executable, [sys.executable, *sys.argv[1:]])
"""
"""A program that runs another one with NoNewPrivileges and MemoryDenyWriteExecute."""

MAP_CODE = 'import mmap; mmap.mmap(-1, 4096, prot=mmap.PROT_WRITE | mmap.PROT_EXEC)'
OF_ROS = {'AF_INET', 'AF_INET6', 'AF_NETLINK', 'AF_UNIX'}
BREAKS_ROS = {
    'MemoryDenyWriteExecute',
    'PrivateIPC',
    'PrivateNetwork',
    'PrivateTmp',
    'ProtectClock',
    'RemoveIPC',
    'SystemCallFilter',
}


def analyze(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run systemd-analyze, which needs no running systemd."""
    program = shutil.which('systemd-analyze')
    require('systemd-analyze', program, 'systemd-analyze is not installed')
    command = [str(program), *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)


def settings_of(text: str) -> dict[str, list[str]]:
    """Return the settings of a unit, each with all its values."""
    settings: dict[str, list[str]] = {}
    for name, value in re.findall(r'^(\w+)=(.*)$', text, re.M):
        settings.setdefault(name, []).append(value)
    return settings


@pytest.mark.parametrize('path', MOST_EXPOSED, ids=lambda path: path.name)
def test_a_unit_is_as_strict_as_systemd_can_tell(path: Path, tmp_path: Path) -> None:
    """The exposure level of each unit is at most the expected one."""
    unit = tmp_path / path.name.replace('@', '@8001')
    unit.write_text(path.read_text())
    threshold = f'--threshold={round(MOST_EXPOSED[path] * 10)}'
    done = analyze('security', '--offline=true', '--no-pager', threshold, str(unit))
    if 'Unknown' in done.stderr or 'unrecognized option' in done.stderr:
        pytest.skip('this systemd-analyze cannot read a unit from a file: systemd 250 can')

    assert 'Overall exposure level' in done.stdout, done.stderr
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize('path', MOST_EXPOSED, ids=lambda path: path.name)
def test_the_resources_of_a_unit_are_limited(path: Path) -> None:
    """The memory and the threads of a unit are limited, and it gets no privileges."""
    settings = settings_of(path.read_text())

    assert settings['MemoryMax']
    assert settings['TasksMax']
    assert settings['NoNewPrivileges'] == ['yes']
    assert settings['CapabilityBoundingSet'] == ['']


def test_the_limits_of_the_bridge_leave_ros_what_it_needs() -> None:
    """The bridge may use netlink, for its interfaces, and memory shared with the driver."""
    settings = settings_of(BRIDGE.read_text())

    assert set(settings['RestrictAddressFamilies'][0].split()) == OF_ROS
    assert settings.keys() & BREAKS_ROS == set()


def test_the_settings_for_a_network_accept_the_network(tmp_path: Path) -> None:
    """The unit accepts local addresses only; the drop-in of the page accepts the network."""
    (block,) = blocks_of('docs/howto/start_at_boot.md', 'ini')
    settings = settings_of(UNIT.read_text() + block.text)
    command = settings['ExecStart'][-1]
    for name in ('CREDENTIALS', 'LOGS'):
        command = command.replace(f'${{{name}_DIRECTORY}}', str(tmp_path))
    (tmp_path / 'token').write_text(TOKEN)
    certificate = [word for word in command.split() if word.endswith('.pem')]

    assert ' --host 0.0.0.0 ' in command
    assert settings['IPAddressDeny'] == ['any']
    assert settings['IPAddressAllow'][-1] == 'any'
    assert {Path(word).name for word in certificate} == {'cert.pem', 'key.pem'}
    loaded = {value.partition(':')[0] for value in settings['LoadCredential']}
    assert loaded == {'token', 'cert.pem', 'key.pem'}


def test_the_settings_for_several_tokens_change_the_tokens_alone() -> None:
    """The drop-in has the same command except for the tokens, so that no limit is lost."""
    block, _ = blocks_of('deploy/README.md', 'ini')
    settings = settings_of(block.text)
    (usual,) = settings_of(UNIT.read_text())['ExecStart']
    (group,) = settings['SupplementaryGroups']
    page = read('deploy/README.md')

    assert settings['ExecStart'] == [
        '',
        usual.replace(
            '--token-file ${CREDENTIALS_DIRECTORY}/token', '--tokens /etc/arena_tokens/tokens.yaml'
        ),
    ]
    assert settings['ExecReload'] == ['kill -HUP $MAINPID']
    assert f'install -m 640 -g {group} tokens.yaml /etc/arena_tokens/tokens.yaml' in page


def test_the_settings_for_fast_lanes_change_nothing_else() -> None:
    """The drop-in opens the UDP port, and has the same command except for the lanes."""
    _, block = blocks_of('deploy/README.md', 'ini')
    settings = settings_of(block.text)
    (usual,) = settings_of(UNIT.read_text())['ExecStart']

    assert settings == {
        'IPAddressAllow': ['any'],
        'MemoryDenyWriteExecute': ['no'],
        'ExecStart': [
            '',
            usual.replace('--max-fast-lanes 0', '--udp-host arena.example.org'),
        ],
    }


@contextmanager
def server_under(folder: Path, *wrapper: str) -> Iterator[tuple[Process, str]]:
    """Run the server as its unit does, below another program; yield it and its URL."""
    (folder / 'token').write_text(TOKEN)
    port = free_port()
    arguments = unit_arguments(str(port), str(folder))
    command = [*wrapper, '-m', 'lerobot_arena_ros.server.main', *arguments]
    with running_command(command, cwd=ROOT) as process:
        wait_for(lambda: 'listening on' in process.output, 'the server', 30.0)
        yield process, f'http://127.0.0.1:{port}'


async def use(url: str, folder: Path) -> None:
    """Join, move a joint and stop, so that each part of the server has run."""
    rooms = f'{url}/robotics/workspaces/lab/rooms'
    httpx.post(rooms, headers=BEARER, json={'room_id': 'arm'}).raise_for_status()
    async with client_pair(url, 'lab', token=TOKEN) as pair:
        await pair.lead('after', 2.0)
        await pair.stop('enough')
    assert httpx.get(f'{url}/metrics', headers=BEARER).status_code == 200
    # A thread of the server writes the file.
    audit = folder / 'audit.jsonl'
    await wait_until(lambda: '"event":"emergency_stop"' in audit.read_text(), 'the line')


async def test_the_server_needs_no_memory_that_is_written_and_executed(tmp_path: Path) -> None:
    """The server runs without such memory, with all installed libraries."""
    limited = (sys.executable, '-c', LIMITED)
    probe = subprocess.run([*limited, '-c', ''], capture_output=True, text=True, check=False)
    require('mdwe', probe.returncode == 0, f'Linux 6.3 can do that: {probe.stderr.strip()}')
    refused = subprocess.run([*limited, '-c', MAP_CODE], capture_output=True, text=True)
    assert 'PermissionError' in refused.stderr

    with server_under(tmp_path, *limited) as (process, url):
        await use(url, tmp_path)

        assert process.end(signal.SIGTERM) == 0


def test_a_lane_needs_memory_that_the_unit_refuses() -> None:
    """The unit has no fast lanes, because a process below it cannot open one, with a reason."""
    limited = (sys.executable, '-c', LIMITED)
    probe = subprocess.run([*limited, '-c', ''], capture_output=True, text=True, check=False)
    require('mdwe', probe.returncode == 0, f'Linux 6.3 can do that: {probe.stderr.strip()}')
    program = 'from lerobot_arena_ros.arena.lane.availability import check; check()'

    refused = subprocess.run(
        [*limited, '-c', program], capture_output=True, text=True, cwd=ROOT, check=False
    )

    assert 'MemoryDenyWriteExecute=no' in refused.stderr.splitlines()[-1]
    assert '--max-fast-lanes 0' in UNIT.read_text()


async def test_the_server_makes_no_call_that_its_unit_refuses(tmp_path: Path) -> None:
    """The server uses only the allowed system calls and sockets, from start to end."""
    tracer = shutil.which('strace')
    require('strace', tracer, 'strace is not installed')
    trace = tmp_path / 'trace'
    wrapper = (str(tracer), '-f', '-qq', '-o', str(trace), '-I', '4', sys.executable)
    with server_under(tmp_path, *wrapper) as (process, url):
        await use(url, tmp_path)
        (server,) = children_of(process.pid)
        os.kill(server, signal.SIGTERM)
        assert process.wait() == 0
    text = trace.read_text(encoding='utf-8', errors='replace')
    calls = set(re.findall(r'^\d+ +([a-z]\w+)\(', text, re.M))
    families = set(re.findall(r'socket(?:pair)?\((AF_\w+)', text))
    settings = settings_of(UNIT.read_text())
    allowed, refused = settings['SystemCallFilter']

    assert {'socket', 'exit_group'} <= calls
    assert calls <= members(*allowed.split())
    assert calls & members(*refused.removeprefix('~').split()) == set()
    assert families <= set(settings['RestrictAddressFamilies'][0].split())


def children_of(pid: int) -> list[int]:
    """Return the children of a process."""
    return [int(word) for word in Path(f'/proc/{pid}/task/{pid}/children').read_text().split()]


def members(*names: str) -> set[str]:
    """Return the system calls of systemd's sets, including nested sets."""
    calls: set[str] = set()
    for line in analyze('syscall-filter', *names).stdout.splitlines():
        word = line.strip()
        if line[:1] == ' ' and not word.startswith('#'):
            calls |= members(word) if word.startswith('@') else {word}
    return calls
