# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""Rooms over REST, and the error for each failure."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
import socket
from typing import Any
import uuid

import httpx
import pytest
from support.fake_arena import answering

from lerobot_arena_ros import RoboticsProducer
from lerobot_arena_ros.arena.address import Address
from lerobot_arena_ros.arena.errors import (
    AccessDenied,
    ArenaError,
    ConnectError,
    InvalidAddress,
    ProtocolError,
    RequestRejected,
    RoomNotFound,
    TransportError,
)
from lerobot_arena_ros.arena.messages import RoomInfo, room_info, room_state
from lerobot_arena_ros.arena.rest_client import Rooms

pytestmark = pytest.mark.usefixtures('no_task_left')


@pytest.fixture
def rooms(own_server_url: str) -> Rooms:
    """Return the rooms of our own server."""
    return Rooms(Address.parse(own_server_url))


@pytest.fixture
def workspace() -> str:
    """Return a new workspace id."""
    return str(uuid.uuid4())


def reply(status: int, body: str, kind: str = 'application/json') -> bytes:
    """Return an HTTP reply."""
    data = body.encode()
    return (
        f'HTTP/1.1 {status} Whatever\r\nContent-Type: {kind}\r\n'
        f'Content-Length: {len(data)}\r\nConnection: close\r\n\r\n'
    ).encode() + data


def unused_port() -> int:
    """Return a port without a server."""
    with socket.socket() as probe:
        probe.bind(('127.0.0.1', 0))
        port: int = probe.getsockname()[1]
        return port


async def test_a_room_from_creation_to_deletion(rooms: Rooms, workspace: str) -> None:
    """A room is created, listed, described and deleted."""
    created = await rooms.create(workspace, 'arm')
    listed = await rooms.list(workspace)
    info = room_info(await rooms.info(workspace, 'arm'))
    state = room_state(await rooms.state(workspace, 'arm'))
    await rooms.delete(workspace, 'arm')

    assert created == (workspace, 'arm')
    assert [room['id'] for room in listed] == ['arm']
    assert info == RoomInfo('arm', None, ())
    assert state.joints == {}
    assert await rooms.list(workspace) == []


async def test_missing_ids_are_generated(rooms: Rooms) -> None:
    """A room without an id gets one, in a new workspace."""
    workspace_id, room_id = await rooms.create()

    assert [room['id'] for room in await rooms.list(workspace_id)] == [room_id]
    await rooms.delete(workspace_id, room_id)


async def test_ensure_creates_what_is_missing(rooms: Rooms, workspace: str) -> None:
    """``ensure`` creates a missing room."""
    await rooms.ensure(workspace, 'arm')

    assert room_info(await rooms.info(workspace, 'arm')).room_id == 'arm'


async def test_ensure_leaves_an_existing_room_alone(
    rooms: Rooms, workspace: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """``ensure`` does not create the room again, because the public server would reset it."""
    await rooms.create(workspace, 'arm')
    async with RoboticsProducer(rooms.address.base_url) as producer:
        await producer.connect(workspace, 'arm')
        await producer.send_state_sync({'Jaw': 40.0})

    async def never(*_: object) -> tuple[str, str]:
        raise AssertionError('created a room that exists')

    monkeypatch.setattr(rooms, 'create', never)
    await rooms.ensure(workspace, 'arm')

    assert room_state(await rooms.state(workspace, 'arm')).joints == {'Jaw': 40.0}


async def test_special_characters_in_ids_are_escaped(rooms: Rooms, workspace: str) -> None:
    """An id may contain characters that are reserved in URLs."""
    odd = 'arm #7?é%2f&='

    await rooms.create(workspace, odd)

    assert room_info(await rooms.info(workspace, odd)).room_id == odd
    with pytest.raises(RoomNotFound):
        await rooms.info(workspace, 'arm ')


@pytest.mark.parametrize('operation', ['info', 'state', 'delete'])
async def test_a_missing_room_is_room_not_found(
    rooms: Rooms, workspace: str, operation: str
) -> None:
    """Every request for a missing room raises RoomNotFound with the room's URL."""
    with pytest.raises(RoomNotFound, match=f'{workspace}/rooms/missing') as caught:
        await getattr(rooms, operation)(workspace, 'missing')

    assert caught.value.status == 404


async def test_a_wrong_path_is_no_missing_room(own_server_url: str) -> None:
    """Another 404 has another type, because creating the room would not help."""
    rooms = Rooms(Address.parse(f'{own_server_url}/nowhere'))

    with pytest.raises(RequestRejected, match='404') as caught:
        await rooms.info('lab', 'arm')

    assert not isinstance(caught.value, RoomNotFound)


async def test_an_invalid_id_is_refused_with_the_reason(rooms: Rooms, workspace: str) -> None:
    """The error contains the server's reason."""
    with pytest.raises(RequestRejected, match='128') as caught:
        await rooms.create(workspace, 'x' * 200)

    assert caught.value.status == 422


async def test_no_server() -> None:
    """A server that cannot be reached is a ConnectError, which is retryable."""
    rooms = Rooms(Address.parse(f'http://127.0.0.1:{unused_port()}'))

    with pytest.raises(ConnectError, match='cannot connect'):
        await rooms.list('lab')


async def test_a_server_that_does_not_answer() -> None:
    """A request without an answer ends after its timeout."""
    never = asyncio.Event()

    async def accept(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await never.wait()
        writer.close()

    async with await asyncio.start_server(accept, '127.0.0.1', 0) as server:
        url = f'http://127.0.0.1:{server.sockets[0].getsockname()[1]}'
        with pytest.raises(TransportError, match='Timeout|no complete response') as caught:
            await Rooms(Address.parse(url), timeout_s=0.1).list('lab')
        never.set()

    assert not isinstance(caught.value, ConnectError)


@pytest.mark.parametrize(
    ('answer', 'expected', 'text'),
    [
        pytest.param(reply(401, '{}'), AccessDenied, 'HTTP 401', id='401'),
        pytest.param(reply(403, 'no'), AccessDenied, 'HTTP 403', id='403'),
        pytest.param(reply(404, '<html>', 'text/html'), RequestRejected, 'HTTP 404', id='404'),
        pytest.param(reply(500, 'Oops', 'text/plain'), RequestRejected, '500: Oops', id='text'),
        pytest.param(reply(503, '{"detail":"full"}'), RequestRejected, '503: full', id='detail'),
        pytest.param(
            reply(503, '{"detail":"a\\ud800b"}'), RequestRejected, 'a[?]b', id='unprintable'
        ),
        pytest.param(reply(502, ''), RequestRejected, '502: Whatever', id='empty'),
        pytest.param(reply(307, ''), RequestRejected, 'HTTP 307', id='redirected'),
        pytest.param(reply(200, '<html>'), ProtocolError, 'not JSON', id='no JSON'),
        pytest.param(reply(200, '[' * 200_000), ProtocolError, 'not JSON', id='deep'),
        pytest.param(reply(500, '[' * 200_000), RequestRejected, 'HTTP 500', id='deep detail'),
        pytest.param(reply(200, '[]'), ProtocolError, 'not a JSON object', id='no object'),
        pytest.param(reply(200, '{}'), ProtocolError, "no list 'rooms'", id='no rooms'),
        pytest.param(reply(200, '{"rooms":{}}'), ProtocolError, "'rooms'", id='rooms no list'),
        pytest.param(b'SSH-2.0-OpenSSH\r\n\r\n', TransportError, 'http', id='no HTTP'),
        pytest.param(b'', TransportError, 'disconnected', id='nothing'),
    ],
)
async def test_each_invalid_answer_has_its_error(
    answer: bytes, expected: type[ArenaError], text: str
) -> None:
    """Every invalid answer raises an error of this package that contains the URL."""
    async with answering(answer) as url:
        with pytest.raises(expected, match=text) as caught:
            await Rooms(Address.parse(url)).list('lab')

    assert url in str(caught.value) or isinstance(caught.value, ProtocolError)


@pytest.mark.parametrize(
    'body', ['{}', '{"workspace_id":"lab"}', '{"workspace_id":1,"room_id":2}']
)
async def test_a_creation_without_ids_is_no_creation(body: str) -> None:
    """A reply to a creation without the ids of the room raises ProtocolError."""
    async with answering(reply(200, body)) as url:
        with pytest.raises(ProtocolError, match='_id'):
            await Rooms(Address.parse(url)).create('lab', 'arm')


@pytest.mark.parametrize(
    ('body', 'call'),
    [
        ('{"room":[]}', lambda rooms: rooms.info('lab', 'arm')),
        ('{"state":null}', lambda rooms: rooms.state('lab', 'arm')),
    ],
    ids=['info', 'state'],
)
async def test_a_description_is_an_object(
    body: str, call: Callable[[Rooms], Awaitable[Any]]
) -> None:
    """A reply with an invalid structure raises ProtocolError."""
    async with answering(reply(200, body)) as url:
        with pytest.raises(ProtocolError, match='no object'):
            await call(Rooms(Address.parse(url)))


# Errors that a request cannot raise: they report misuse of the library.
MISUSE = {'CookieConflict', 'StreamError'}


def httpx_errors() -> list[type[Exception]]:
    """Return all exception classes of httpx, except those for misuse of httpx."""
    misuse = tuple(getattr(httpx, name) for name in MISUSE)
    named = (getattr(httpx, name) for name in httpx.__all__)
    return [
        error
        for error in named
        if isinstance(error, type)
        and issubclass(error, Exception)
        and not issubclass(error, misuse)
    ]


@pytest.mark.parametrize('error', httpx_errors(), ids=lambda error: error.__name__)
async def test_every_httpx_error_is_translated(
    error: type[Exception], rooms: Rooms, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every httpx error is raised as an error of this package, with the original as cause."""
    url = rooms.address.rooms('lab')
    raised = (
        error('why', request=httpx.Request('GET', url), response=httpx.Response(500))
        if error is httpx.HTTPStatusError
        else error('why')
    )

    async def send(*_: object, **__: object) -> httpx.Response:
        raise raised

    monkeypatch.setattr(httpx.AsyncClient, 'send', send)
    with pytest.raises(ArenaError, match='why') as caught:
        await rooms.list('lab')

    assert caught.value.__cause__ is raised
    unreachable = issubclass(error, httpx.ConnectError | httpx.ConnectTimeout)
    unusable = issubclass(error, httpx.InvalidURL | httpx.UnsupportedProtocol)
    assert isinstance(caught.value, ConnectError) == unreachable
    assert isinstance(caught.value, InvalidAddress) == unusable
    assert isinstance(caught.value, TransportError) != unusable
