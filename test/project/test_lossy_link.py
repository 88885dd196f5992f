# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""Tests of the lossy link with real network namespaces, where Linux permits them."""

from __future__ import annotations

from collections.abc import Iterator
import json
from pathlib import Path
import subprocess
import sys

import pytest
from support.waiting import wait_for

from benchmark.harness import lossy_link as module
from benchmark.harness.impairment import CLEAN, Impairment
from benchmark.harness.lossy_link import LossyLink, find_obstacle, lossy_link

PORT = 5_000
ECHO = f"""
import socket
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
    server.bind(('', {PORT}))
    print('ready', flush=True)
    while True:
        text, peer = server.recvfrom(100)
        server.sendto(text, peer)
"""
ASK = f"""
import json, socket, sys, time
times = []
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
    client.connect((sys.argv[1], {PORT}))
    client.settimeout(0.5)
    for number in range(int(sys.argv[2])):
        sent_at = time.monotonic()
        try:
            client.send(b'%d' % number)
            client.recv(100)
        except OSError:
            continue
        times.append(time.monotonic() - sent_at)
print(json.dumps(times))
"""


@pytest.fixture(scope='module', name='link')
def fixture_link() -> Iterator[LossyLink]:
    """Yield a link with a UDP server that echoes at its far end."""
    if obstacle := find_obstacle():
        pytest.skip(obstacle)
    with lossy_link() as link:
        command = link.far.command([sys.executable, '-c', ECHO])
        with subprocess.Popen(command, stdout=subprocess.PIPE) as server:
            assert server.stdout is not None
            assert server.stdout.readline() == b'ready\n'
            try:
                yield link
            finally:
                server.kill()


def round_trips(link: LossyLink, count: int = 5) -> list[float]:
    """Send datagrams from the near end, and return the round trips of those that came back."""
    command = link.near.command([sys.executable, '-c', ASK, link.far.address, str(count)])
    found: list[float] = json.loads(
        subprocess.run(command, check=True, capture_output=True).stdout
    )
    return found


def test_datagrams_pass_the_link_with_its_delay(link: LossyLink) -> None:
    """A round trip takes the delays of both directions, and no less."""
    link.impair(Impairment(delay_s=0.05), Impairment(delay_s=0.03))
    found = round_trips(link)

    assert len(found) == 5
    assert min(found) >= 0.08


def test_the_ends_reach_nothing_but_each_other(link: LossyLink) -> None:
    """The namespaces have no way to this machine or to another."""
    code = 'import socket; socket.create_connection(("192.0.2.1", 80), 2.0)'
    command = link.near.command([sys.executable, '-c', code])

    refused = subprocess.run(command, check=False, capture_output=True, text=True)

    assert 'Network is unreachable' in refused.stderr


def test_a_blackout_and_blocked_udp_pass_no_datagram(link: LossyLink) -> None:
    """While the link is black, or blocks UDP, nothing comes back; then it does again."""
    for impairment in (Impairment(loss=1.0), Impairment(blocks_udp=True)):
        link.impair(impairment)
        assert round_trips(link, 2) == []
        link.impair(CLEAN)
        assert len(round_trips(link, 2)) == 2


def test_losses_are_counted(link: LossyLink) -> None:
    """The counts name what was lost on the way there."""
    before = link.counts()['there']['lost']
    link.impair(Impairment(loss=1.0), CLEAN)
    round_trips(link, 3)

    assert link.counts()['there']['lost'] >= before + 3
    link.impair(CLEAN)


def test_all_processes_end_with_the_link() -> None:
    """After the link neither its ends nor its forwarder are left."""
    if obstacle := find_obstacle():
        pytest.skip(obstacle)
    with lossy_link() as link:
        pids = [link.near.pid, link.far.pid]
        assert all(Path(f'/proc/{pid}').exists() for pid in pids)

    wait_for(lambda: not any(Path(f'/proc/{pid}').exists() for pid in pids), 'the end of both')


def test_a_machine_that_permits_no_namespaces_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    """The obstacle has the reason of the program that was refused."""
    refused = ('sh', '-c', 'echo unshare: Operation not permitted >&2; exit 1', 'sh')
    monkeypatch.setattr(module, '_UNSHARE', refused)

    assert find_obstacle.__wrapped__() == ('no lossy link: unshare: Operation not permitted')
