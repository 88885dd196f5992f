# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""Thousands of silent and hostile connections do not affect authorized clients."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractAsyncContextManager, ExitStack, closing, contextmanager
from pathlib import Path
import resource
import signal
import socket
import time

import httpx
import pytest
from support.arena_server import arena_server
from support.certificates import Authority
from support.guarded import BEARER, ROOMS, TOKEN, guarded
from support.peers import Peer, RawPeer, enter, ws_path

from lerobot_arena_ros.server.access.admission import waiting_places
from lerobot_arena_ros.server.net.descriptors import fit_descriptors
from lerobot_arena_ros.server.rooms.limits import Limits

PATH = f'{ws_path("lab", "arm")}?token={TOKEN}'
SILENT = 1300
ADDRESSES = 50
DESCRIPTORS = 1024
REJOIN_S = 1.0
BURST_S = 8.0
"""Less than the 10 s after which the server itself ends silent connections."""


@pytest.fixture(autouse=True)
def descriptors() -> Iterator[None]:
    """Raise the descriptor limit of this process for the attack."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = SILENT + 500
    assert hard == resource.RLIM_INFINITY or hard >= wanted, f'ulimit -Hn is {hard}'
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, wanted), hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@contextmanager
def silence(port: int, *, addresses: int) -> Iterator[None]:
    """Hold this many silent connections from this many local addresses."""
    with ExitStack() as stack:
        for number in range(SILENT):
            sock = stack.enter_context(socket.socket())
            sock.bind((f'127.0.0.{2 + number % addresses}', 0))
            sock.connect(('127.0.0.1', port))
        yield


def member(url: str, name: str, role: str) -> AbstractAsyncContextManager[Peer]:
    """Join with the token."""
    return enter(url, 'lab', 'arm', name, role, token=TOKEN)


@pytest.mark.parametrize('addresses', [1, ADDRESSES])
@pytest.mark.parametrize('has_tls', [False, True], ids=['plain', 'TLS'])
async def test_a_participant_rejoins_beside_silent_connections(
    tmp_path: Path, addresses: int, has_tls: bool
) -> None:
    """A join succeeds within a second beside more silent connections than descriptors."""
    taken = []
    with guarded(tmp_path, has_tls=has_tls) as server:
        resource.prlimit(server.pid, resource.RLIMIT_NOFILE, (DESCRIPTORS, DESCRIPTORS))
        async with member(server.url, 'robot', 'consumer') as robot:
            with silence(server.port, addresses=addresses):
                # The first join waits behind the burst, which the server accepts in its turn.
                started = time.monotonic()
                async with member(server.url, 'leader', 'producer'):
                    assert time.monotonic() - started < BURST_S
                for _ in range(20):
                    started = time.monotonic()
                    async with member(server.url, 'leader', 'producer') as leader:
                        taken.append(time.monotonic() - started)
                        await leader.send({'type': 'emergency_stop'})
                        await robot.recv_type('emergency_stop')
        _, _, err = server.end(signal.SIGINT)

    assert max(taken) < REJOIN_S
    assert 'event=connections_full' in err
    assert 'no_descriptors' not in err


async def test_a_full_server_still_answers_requests_with_a_token() -> None:
    """A full server answers REST requests with a token, and refuses new participants."""
    with arena_server('--max-connections', '1', LEROBOT_ARENA_TOKEN=TOKEN) as server:
        rooms = server.url + ROOMS
        httpx.post(rooms, json={'room_id': 'arm'}, headers=BEARER).raise_for_status()
        async with member(server.url, 'robot', 'consumer') as robot:
            with closing(RawPeer.connect(server.url, PATH)) as late:
                assert late.head.startswith(b'HTTP/1.1 503 ')
            assert httpx.get(rooms, headers=BEARER).status_code == 200
            assert httpx.get(rooms).status_code == 401
            assert httpx.delete(f'{rooms}/arm', headers=BEARER).status_code == 200
            assert await robot.close_code() == 4404


def test_silent_connections_end_in_time_before_tls_too(tmp_path: Path) -> None:
    """A client without a TLS handshake is disconnected after the join timeout."""
    made = Authority(tmp_path).certify_this_machine()
    tls = ('--certfile', made.certfile, '--keyfile', made.keyfile or '')
    with (
        arena_server(*tls, '--join-timeout-s', '0.5') as server,
        socket.create_connection(('127.0.0.1', server.port), 10.0) as silent,
    ):
        assert silent.recv(1) == b''
        _, _, err = server.end(signal.SIGINT)

    assert "event=tls_failed peer='127.0.0.1'" in err


def test_a_server_takes_no_more_than_its_descriptors_allow() -> None:
    """With few descriptors, the server lowers its limit and warns."""
    limits = Limits(connections=1_000_000_000)
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    if before[1] == resource.RLIM_INFINITY:
        resource.setrlimit(resource.RLIMIT_NOFILE, (before[0], 1_000_000))
    fitted, warning = fit_descriptors(limits)

    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    assert fitted.connections + waiting_places(fitted) < hard
    assert warning is not None
    assert f'{hard} file descriptors' in warning
    assert fit_descriptors(Limits(connections=10)) == (Limits(connections=10), None)
