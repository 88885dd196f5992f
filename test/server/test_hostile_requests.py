# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""Hostile HTTP requests get an answer or an abort, and do not affect others."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, suppress

import httpx
import pytest
from support.arena_server import Server, arena_server
from support.attacks import refusals, send_repeatedly, undisturbed
from support.peers import RawPeer, ws_path
from support.server import running_server
from support.waiting import ticks, wait_until

from lerobot_arena_ros.server.rooms.limits import Timing

PATH = ws_path('lab', 'arm')
HEALTH = b'GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n'
POST = b'POST /health HTTP/1.1\r\nHost: localhost\r\n'
ROOMS = '/robotics/workspaces/lab/rooms'
BIG = 100 * 1024 * 1024
UPGRADE = (
    f'GET {PATH} HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n'
)


@pytest.fixture(scope='module')
def server() -> Iterator[Server]:
    """Run the executable with a request timeout of two seconds."""
    with arena_server('--join-timeout-s', '2') as server:
        for room in ('arm', 'quiet'):
            server.make_room(room)
        yield server


def answer(url: str, request: bytes) -> str:
    """Send data; return the status line of the first answer, or nothing after an abort."""
    with closing(RawPeer.connect_bare(url)) as peer:
        with suppress(ConnectionError):
            peer.sock.sendall(request)
        with suppress(ConnectionError):
            return peer.sock.recv(4096).partition(b'\r\n')[0].decode()
    return ''


def read_all(peer: RawPeer) -> bytes:
    """Read until the server closes the connection."""
    got = b''
    with suppress(ConnectionError):
        while data := peer.sock.recv(65536):
            got += data
    return got


@pytest.mark.parametrize(
    ('request_', 'status'),
    [
        pytest.param(b'\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03', '400', id='TLS'),
        pytest.param(b'\x00' * 4096 + b'\r\n\r\n', '400', id='zeros'),
        pytest.param(b'GET / HTTP/x\r\nHost: localhost\r\n\r\n', '400', id='no such version'),
        pytest.param(
            b'GET /%s HTTP/1.1\r\nHost: localhost\r\n\r\n' % (b'a' * 1_000_000), '400', id='URL'
        ),
        pytest.param(
            b'GET / HTTP/1.1\r\nHost: localhost\r\nX: %s\r\n\r\n' % (b'a' * 1_000_000),
            '400',
            id='header',
        ),
        pytest.param(
            b'GET / HTTP/1.1\r\nHost: localhost\r\n%s\r\n' % (b'X: a\r\n' * 100_000),
            '400',
            id='headers',
        ),
        pytest.param(
            b'GET / HTTP/1.1\r\nHost: localhost\r\nX: \x00\r\n\r\n', '400', id='zero byte'
        ),
        pytest.param(
            POST + b'Content-Length: 1\r\nContent-Length: 2\r\n\r\nab', '400', id='two lengths'
        ),
        pytest.param(POST + b'Content-Length: -1\r\n\r\n', '400', id='length'),
        pytest.param(POST + b'Transfer-Encoding: gzip\r\n\r\n', '400', id='transfer encoding'),
        pytest.param(POST + b'Transfer-Encoding: chunked\r\n\r\nxyz\r\n', '400', id='chunk'),
        pytest.param(UPGRADE.encode() + b'\r\n', '400', id='WebSocket without a key'),
        pytest.param(
            UPGRADE.encode() + b'Sec-WebSocket-Version: 7\r\nSec-WebSocket-Key: AAAA\r\n\r\n',
            '4',
            id='WebSocket of another version',
        ),
        pytest.param(
            POST + b'Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
            '400',
            id='two kinds of length',
        ),
        pytest.param(
            b'GET /health HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer a\r\n'
            b'Authorization: Bearer b\r\n\r\n',
            '400',
            id='two tokens',
        ),
        pytest.param(
            UPGRADE.encode() + b'Content-Length: 2\r\n\r\n{}', '400', id='WebSocket with a body'
        ),
        pytest.param(
            UPGRADE.encode() + b'Transfer-Encoding: chunked\r\n\r\n',
            '400',
            id='WebSocket, chunked',
        ),
        pytest.param(
            UPGRADE.replace('HTTP/1.1', 'HTTP/1.0').encode() + b'\r\n', '404', id='WebSocket 1.0'
        ),
        pytest.param(HEALTH * 1000, '200', id='pipelined'),
    ],
)
async def test_a_bad_request_is_answered(server: Server, request_: bytes, status: str) -> None:
    """An invalid request is answered, or aborted if it is too long for an answer to arrive."""
    async with undisturbed(server):
        told = await asyncio.to_thread(answer, server.url, request_)

    is_long = len(request_) > 64 * 1024
    assert told.startswith(f'HTTP/1.1 {status}') or (is_long and told == '')


@pytest.mark.parametrize(
    'request_',
    [
        pytest.param(b'GET /health HTTP/1.1\nHost: localhost\n\n', id='bare LF'),
        pytest.param(
            b'GET /health HTTP/1.1\r\nHost: localhost\r\nX: a\r\n b\r\n\r\n', id='folded header'
        ),
    ],
)
async def test_a_request_that_can_be_read_in_two_ways_is_hung_up_on(
    server: Server, request_: bytes
) -> None:
    """An ambiguous request is aborted, as the first and as a later one of a connection."""
    before = refusals(server.url, 'ambiguous_request')
    async with undisturbed(server):
        assert await asyncio.to_thread(answer, server.url, request_) == ''
        with closing(RawPeer.connect_bare(server.url)) as peer:
            peer.sock.sendall(HEALTH + request_)
            got = await asyncio.to_thread(read_all, peer)

    assert got.count(b'HTTP/1.1 ') <= 1
    assert refusals(server.url, 'ambiguous_request') == before + 2


async def test_pipelined_requests_are_answered_in_order(server: Server) -> None:
    """Pipelined requests are answered if the client reads the answers."""

    def ask() -> int:
        with closing(RawPeer.connect_bare(server.url)) as peer:
            peer.sock.sendall(HEALTH * 200)
            got = b''
            while got.count(b'server_running') < 200:
                got += peer.sock.recv(65536)
            return got.count(b'HTTP/1.1 200')

    async with undisturbed(server):
        assert await asyncio.to_thread(ask) == 200


async def test_a_client_that_pipelines_and_does_not_read_is_aborted(server: Server) -> None:
    """Requests are not buffered without limit."""

    def refused() -> float:
        return refusals(server.url, 'too_slow')

    before = refused()
    with closing(RawPeer.connect_bare(server.url)) as peer:
        async with undisturbed(server):
            taken = await asyncio.to_thread(send_repeatedly, peer, HEALTH * 3000, BIG)
            await wait_until(lambda: refused() == before + 1, 'the asker to go', 30.0)

    assert taken < BIG / 4


@pytest.mark.parametrize(
    'prepare',
    [
        pytest.param(lambda peer: None, id='first request'),
        pytest.param(lambda peer: peer.sock.sendall(HEALTH), id='second request'),
    ],
)
@pytest.mark.parametrize('start', [HEALTH[:-2], UPGRADE.encode()], ids=['HTTP', 'WebSocket'])
async def test_a_slow_request_is_aborted(
    server: Server, prepare: Callable[[RawPeer], None], start: bytes
) -> None:
    """The timeout covers the whole request, also for later ones of a connection."""
    with closing(RawPeer.connect_bare(server.url)) as peer:
        async with undisturbed(server):
            prepare(peer)
            peer.sock.sendall(start)
            async for count in ticks(20.0):
                assert count < 20 * 10, 'still there after ten seconds'
                try:
                    peer.sock.sendall(b'X-%d: y\r\n' % count)
                except OSError:
                    break


async def test_many_incomplete_requests_leave_room_for_others(server: Server) -> None:
    """Incomplete requests are closed before they block other clients for long."""
    with ExitStack() as after:
        half = [after.enter_context(closing(RawPeer.connect_bare(server.url))) for _ in range(200)]
        async with undisturbed(server):
            for peer in half:
                peer.sock.sendall(UPGRADE.encode())
            await wait_until(
                lambda: all(peer.is_dropped() for peer in half), 'all to be hung up on'
            )


async def test_a_client_that_does_not_read_its_answer_is_aborted() -> None:
    """The connection is aborted, because it could not be closed in order."""
    with running_server(timing=Timing(stall_s=2.0)) as url:
        with httpx.Client(base_url=url) as rest:
            for number in range(900):
                rest.post(ROOMS, json={'room_id': f'{number:0>100}'})
        with closing(RawPeer.connect_bare(url)) as peer:
            peer.sock.sendall(
                b'GET /robotics/cleanup/status HTTP/1.1\r\nHost: localhost\r\n\r\n' + HEALTH[:-2]
            )
            await wait_until(lambda: refusals(url, 'too_slow') == 1, 'the reader to be given up')
            await wait_until(lambda: not takes(peer), 'the connection to end')


def takes(peer: RawPeer) -> bool:
    """Return whether a connection still accepts data."""
    try:
        peer.sock.sendall(b'X: y\r\n')
    except OSError:
        return False
    return True
