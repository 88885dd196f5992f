"""Rooms over REST, and how each failure is told."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
import gc
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
from lerobot_arena_ros.arena.rest_client import Rooms, _within

pytestmark = pytest.mark.usefixtures('no_task_left')


@pytest.fixture
def rooms(own_server_url: str) -> Rooms:
    """Give the rooms of our own server."""
    return Rooms(Address.parse(own_server_url))


@pytest.fixture
def workspace() -> str:
    """Give a workspace that nobody has used."""
    return str(uuid.uuid4())


def reply(status: int, body: str, kind: str = 'application/json') -> bytes:
    """Write an HTTP reply."""
    data = body.encode()
    return (
        f'HTTP/1.1 {status} Whatever\r\nContent-Type: {kind}\r\n'
        f'Content-Length: {len(data)}\r\nConnection: close\r\n\r\n'
    ).encode() + data


def unused_port() -> int:
    """Find a port where nobody listens."""
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


async def test_ids_are_made_up_where_none_are_given(rooms: Rooms) -> None:
    """A room without a name gets one, in a workspace of its own."""
    workspace_id, room_id = await rooms.create()

    assert [room['id'] for room in await rooms.list(workspace_id)] == [room_id]
    await rooms.delete(workspace_id, room_id)


async def test_ensure_creates_what_is_missing(rooms: Rooms, workspace: str) -> None:
    """A missing room is there afterwards."""
    await rooms.ensure(workspace, 'arm')

    assert room_info(await rooms.info(workspace, 'arm')).room_id == 'arm'


async def test_ensure_leaves_a_living_room_alone(
    rooms: Rooms, workspace: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A room that exists is not created again: the public server would wipe it."""
    await rooms.create(workspace, 'arm')
    async with RoboticsProducer(rooms.address.base_url) as producer:
        await producer.connect(workspace, 'arm')
        await producer.send_state_sync({'Jaw': 40.0})

    async def never(*_: object) -> tuple[str, str]:
        raise AssertionError('created a room that exists')

    monkeypatch.setattr(rooms, 'create', never)
    await rooms.ensure(workspace, 'arm')

    assert room_state(await rooms.state(workspace, 'arm')).joints == {'Jaw': 40.0}


async def test_odd_ids_name_rooms_of_their_own(rooms: Rooms, workspace: str) -> None:
    """An id may hold what a URL would take for its own."""
    odd = 'arm #7?é%2f&='

    await rooms.create(workspace, odd)

    assert room_info(await rooms.info(workspace, odd)).room_id == odd
    with pytest.raises(RoomNotFound):
        await rooms.info(workspace, 'arm ')


@pytest.mark.parametrize('operation', ['info', 'state', 'delete'])
async def test_a_missing_room_is_told_by_its_type(
    rooms: Rooms, workspace: str, operation: str
) -> None:
    """What is done to a room that is not there raises RoomNotFound and names the room."""
    with pytest.raises(RoomNotFound, match=f'{workspace}/rooms/missing') as caught:
        await getattr(rooms, operation)(workspace, 'missing')

    assert caught.value.status == 404


async def test_a_wrong_path_is_no_missing_room(own_server_url: str) -> None:
    """A 404 of another kind is not cured by creating the room, so it has another type."""
    rooms = Rooms(Address.parse(f'{own_server_url}/nowhere'))

    with pytest.raises(RequestRejected, match='404') as caught:
        await rooms.info('lab', 'arm')

    assert not isinstance(caught.value, RoomNotFound)


async def test_an_unusable_id_is_refused_with_the_reason(rooms: Rooms, workspace: str) -> None:
    """The server's reason is in the message."""
    with pytest.raises(RequestRejected, match='128') as caught:
        await rooms.create(workspace, 'x' * 200)

    assert caught.value.status == 422


async def test_nobody_listens() -> None:
    """A server that is not there is a ConnectError, which another try may cure."""
    rooms = Rooms(Address.parse(f'http://127.0.0.1:{unused_port()}'))

    with pytest.raises(ConnectError, match='cannot connect'):
        await rooms.list('lab')


async def test_a_request_that_is_given_up_as_it_fails_says_nothing() -> None:
    """Ctrl-C at the moment in which a connection is refused is no traceback of the loop."""
    complaints: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, said: complaints.append(said))

    async def fail() -> httpx.Response:
        tasks[0].cancel()
        raise ConnectError('refused')

    tasks = [asyncio.create_task(_within(1.0, fail(), 'http://127.0.0.1'))]
    await asyncio.wait(tasks)
    assert tasks[0].cancelled()
    tasks.clear()
    gc.collect()

    assert complaints == []


async def test_a_server_that_does_not_answer() -> None:
    """A request ends after its timeout."""
    never = asyncio.Event()

    async def accept(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await never.wait()
        writer.close()

    async with await asyncio.start_server(accept, '127.0.0.1', 0) as server:
        url = f'http://127.0.0.1:{server.sockets[0].getsockname()[1]}'
        with pytest.raises(TransportError, match='Timeout') as caught:
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
        pytest.param(reply(200, '<html>'), ProtocolError, 'no JSON', id='no JSON'),
        pytest.param(reply(200, '[' * 200_000), ProtocolError, 'no JSON', id='deep'),
        pytest.param(reply(500, '[' * 200_000), RequestRejected, 'HTTP 500', id='deep detail'),
        pytest.param(reply(200, '[]'), ProtocolError, 'no JSON object', id='no object'),
        pytest.param(reply(200, '{}'), ProtocolError, "no list 'rooms'", id='no rooms'),
        pytest.param(reply(200, '{"rooms":{}}'), ProtocolError, "'rooms'", id='rooms no list'),
        pytest.param(b'SSH-2.0-OpenSSH\r\n\r\n', TransportError, 'http', id='no HTTP'),
        pytest.param(b'', TransportError, 'disconnected', id='nothing'),
    ],
)
async def test_each_strange_answer_has_its_error(
    answer: bytes, expected: type[ArenaError], text: str
) -> None:
    """Whatever a server answers, the caller gets an error of ours that names the URL."""
    async with answering(answer) as url:
        with pytest.raises(expected, match=text) as caught:
            await Rooms(Address.parse(url)).list('lab')

    assert url in str(caught.value) or isinstance(caught.value, ProtocolError)


@pytest.mark.parametrize(
    'body', ['{}', '{"workspace_id":"lab"}', '{"workspace_id":1,"room_id":2}']
)
async def test_a_creation_without_ids_is_no_creation(body: str) -> None:
    """A reply that does not name the room is not taken for one."""
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
    """A reply of another shape is a ProtocolError."""
    async with answering(reply(200, body)) as url:
        with pytest.raises(ProtocolError, match='no object'):
            await call(Rooms(Address.parse(url)))


# What a request cannot raise: they tell of mistakes in the calling program.
MISUSE = {'CookieConflict', 'StreamError'}


def httpx_errors() -> list[type[Exception]]:
    """List all that httpx raises, but for misuse of httpx itself."""
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
async def test_every_httpx_error_is_said_in_our_terms(
    error: type[Exception], rooms: Rooms, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No error of the library below gets through; its own is the cause of ours."""
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
