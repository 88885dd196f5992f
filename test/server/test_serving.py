# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""Listening sockets, their address, and the server on them."""

from __future__ import annotations

import asyncio
from contextlib import ExitStack, closing
import signal
import socket
from typing import Any

import httpx
import pytest
from support.arena_server import arena_server
from support.peers import RawPeer, ws_path
from support.server import running_server

from lerobot_arena_ros.server.net.exchange import Exchange
from lerobot_arena_ros.server.participants.connection_manager import ConnectionManager
from lerobot_arena_ros.server.serving import listen, url_of

ROOMS = '/robotics/workspaces/lab/rooms'


def test_a_free_port_is_picked_and_returned() -> None:
    """The URL has the actual port."""
    with ExitStack() as after:
        (opened,) = map(after.enter_context, listen('127.0.0.1', 0))
        port = opened.getsockname()[1]

        assert port > 0
        assert url_of('127.0.0.1', [opened]) == f'http://127.0.0.1:{port}'


def test_small_messages_are_not_held_back() -> None:
    """Asyncio sets TCP_NODELAY only on sockets with an explicit protocol."""
    with ExitStack() as after:
        (opened,) = map(after.enter_context, listen('127.0.0.1', 0))

        assert opened.proto == socket.IPPROTO_TCP


def test_a_host_with_several_addresses_listens_on_all_at_one_port() -> None:
    """A name such as localhost may have IPv4 and IPv6 addresses."""
    with ExitStack() as after:
        opened = [after.enter_context(each) for each in listen('localhost', 0)]

        assert len({each.getsockname()[1] for each in opened}) == 1


@pytest.mark.skipif(not socket.has_ipv6, reason='no IPv6 here')
def test_an_ipv6_address_is_bracketed() -> None:
    """An IPv6 address is in brackets, as URLs require."""
    try:
        sockets = listen('::1', 0)
    except OSError as exc:
        pytest.skip(f'no IPv6 loopback here: {exc}')
    with ExitStack() as after:
        (opened,) = map(after.enter_context, sockets)

        assert url_of('::1', [opened]) == f'http://[::1]:{opened.getsockname()[1]}'


def test_a_taken_port_leaves_nothing_open() -> None:
    """The sockets opened before the failure are closed."""
    with socket.create_server(('127.0.0.1', 0)) as taken, pytest.raises(OSError, match='in use'):
        listen('localhost', taken.getsockname()[1])


def test_a_request_in_progress_is_answered_before_the_shutdown() -> None:
    """This also holds if the server had no connection before."""
    with arena_server() as server:
        httpx.get(f'{server.url}/health').raise_for_status()
        with closing(RawPeer.connect_bare(server.url)) as peer:
            peer.sock.sendall(
                f'POST {ROOMS} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\n'.encode()
            )
            with closing(
                RawPeer.enter(server.url, _room(server.url), 'robot', 'consumer')
            ) as robot:
                server.send(signal.SIGTERM)
                assert robot.close_code() == 1012
            peer.sock.sendall(b'{}')
            assert peer.sock.recv(4096).startswith(b'HTTP/1.1 200 ')
        assert server.end(signal.SIGTERM)[0] == 0


def _room(url: str) -> str:
    httpx.post(url + ROOMS, json={'room_id': 'arm'}).raise_for_status()
    return ws_path('lab', 'arm')


def test_a_fault_of_the_server_closes_the_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    """The code is 1011, so that the participant does not wait forever."""

    async def broken(*_: object) -> None:
        raise RuntimeError('broken')

    monkeypatch.setattr(ConnectionManager, 'join', broken)
    with (
        running_server() as url,
        closing(RawPeer.connect(url, _room(url))) as peer,
    ):
        for _ in range(2):
            peer.send(b'{"participant_id": "x", "role": "producer"}')
        assert peer.close_code() == 1011


async def test_an_application_that_waits_for_the_end_of_a_request_waits() -> None:
    """After the body, receive() returns only when the client disconnects, as in ASGI."""
    got: list[dict[str, Any]] = []

    async def app(_scope: Any, receive: Any, _send: Any) -> None:
        while not got or got[-1]['type'] != 'http.disconnect':
            got.append(await receive())

    exchange = Exchange({'method': 'POST', 'path': '/'}, lambda *_: None, lambda: None)
    running = asyncio.ensure_future(exchange.run(app))
    exchange.feed(b'{')
    loop = asyncio.get_running_loop()
    for step in (lambda: exchange.feed(b'}'), exchange.feed_end, exchange.end):
        for _ in range(3):
            turn = loop.create_future()
            loop.call_soon(turn.set_result, None)
            await turn
        step()
    await running

    assert b''.join(each['body'] for each in got[:-1]) == b'{}'
    assert [each['more_body'] for each in got[:-1]].count(False) == 1


@pytest.mark.parametrize(
    ('request_', 'expected', 'unexpected'),
    [
        (
            'POST /robotics/workspaces/lab/rooms HTTP/1.1\r\nHost: localhost\r\n'
            'Content-Length: 2\r\nExpect: 100-continue\r\n\r\n',
            b'HTTP/1.1 100 Continue\r\n',
            b'\r\ncontent-length:',
        ),
        (
            'GET / HTTP/1.1\r\nHost: localhost\r\nIf-None-Match: {tag}\r\n\r\n',
            b'HTTP/1.1 304 Not Modified\r\n',
            b'\r\ncontent-length:',
        ),
        ('nonsense\r\n\r\n', b'\r\nconnection: close\r\n', b'\r\nserver:'),
        (
            'HEAD /console/main.js HTTP/1.1\r\nHost: localhost\r\n\r\n',
            b'\r\ncontent-length:',
            b'import',
        ),
    ],
    ids=['100', '304', '400', 'HEAD'],
)
def test_responses_have_the_required_headers(
    request_: str, expected: bytes, unexpected: bytes
) -> None:
    """RFC 9110: the body, its length, and whether the connection stays open."""
    with running_server() as url, closing(RawPeer.connect_bare(url)) as peer:
        tag = httpx.get(f'{url}/').headers['etag']
        peer.sock.sendall(request_.replace('{tag}', tag).encode())
        head = peer.sock.recv(65536).lower()

    assert expected.lower() in head
    assert unexpected not in head
