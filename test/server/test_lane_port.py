# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.


"""The UDP port of a server: opened at the start, read from the first request on."""

from __future__ import annotations

import os
from pathlib import Path
import subprocess
import sys

import pytest

from lerobot_arena_ros.arena.lane import availability
from lerobot_arena_ros.arena.lane.errors import LaneError
from lerobot_arena_ros.server.net.lane_port import LanePort, open_udp

HOST = '127.0.0.1'


def open_files() -> set[str]:
    """Return the open files of this process."""
    return set(os.listdir('/proc/self/fd'))


async def test_the_listener_is_made_once_with_the_first_request() -> None:
    """Its import takes a tenth of a second, which only servers with lanes need."""
    before = open_files()
    port = LanePort(open_udp([(HOST, 0)]))
    assert port.listener is None

    listener = await port.opener()

    assert await port.opener() is listener is port.listener
    assert listener.addresses == [(HOST, port.number)]
    await port.aclose()
    await port.aclose()
    assert open_files() == before


async def test_a_port_without_requests_is_closed() -> None:
    """Its sockets were opened at the start."""
    before = open_files()
    port = LanePort(open_udp([(HOST, 0)]))

    await port.aclose()

    assert open_files() == before


async def test_a_library_that_does_not_work_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """The next request tries it again."""

    def check() -> None:
        raise LaneError('OpenSSL does not work')

    port = LanePort(open_udp([(HOST, 0)]))
    with monkeypatch.context() as patch:
        patch.setattr(availability, 'check', check)
        with pytest.raises(LaneError, match='OpenSSL does not work'):
            await port.opener()
    assert port.listener is None
    assert await port.opener() is port.listener
    await port.aclose()


def test_a_port_in_use_is_an_error_and_leaves_no_socket() -> None:
    """It is reported when the server starts."""
    (taken,) = open_udp([(HOST, 0)])
    before = open_files()

    with pytest.raises(OSError, match='in use'):
        open_udp([(HOST, 0), taken.getsockname()])

    assert open_files() == before
    taken.close()


def test_both_families_share_a_port() -> None:
    """IPv6 sockets receive no IPv4 datagrams."""
    (four,) = open_udp([('0.0.0.0', 0)])
    (six,) = open_udp([('::', four.getsockname()[1])])

    assert six.getsockname()[1] == four.getsockname()[1]
    four.close()
    six.close()


def test_a_server_imports_no_openssl_before_the_first_request() -> None:
    """The port alone does not need it."""
    code = 'import sys, lerobot_arena_ros.server.main; print("OpenSSL" in sys.modules)'
    root = Path(__file__).parents[2]
    ran = subprocess.run(
        [sys.executable, '-c', code], capture_output=True, text=True, check=True, cwd=root
    )

    assert ran.stdout == 'False\n'
