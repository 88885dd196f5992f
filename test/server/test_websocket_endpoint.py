# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""The WebSocket interface of the arena server: joining, messages, and closing."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import closing

import httpx
import pytest
from support.arena_api import (
    WORKSPACE,
    alone,
    assert_refused,
    get,
    has_producer,
    make_room,
    members,
)
from support.peers import (
    TIMEOUT_S,
    Peer,
    RawPeer,
    connect,
    enter,
    joint,
    joints,
    update,
    ws_path,
)
from support.server import running_server
from support.waiting import wait_until
import websockets

from lerobot_arena_ros.server.rooms.limits import Timing


@pytest.fixture(scope='module')
def url() -> Iterator[str]:
    """Run one server for this module; each test uses its own room."""
    with running_server(timing=Timing(probe_s=0.2)) as address:
        yield address


@pytest.fixture
def room(url: str) -> str:
    """Create a room with a name that no other test uses."""
    return make_room(url)


@pytest.mark.parametrize('prefix', ['', '/api'])
async def test_a_producer_is_welcomed(url: str, room: str, prefix: str) -> None:
    """A producer gets joined with and without /api; unknown keys of the join are ignored."""
    async with connect(url, prefix + ws_path(WORKSPACE, room)) as peer:
        await peer.send({'type': 'join', 'participant_id': 'leader', 'role': 'producer'})
        joined = await peer.recv()

    assert joined.pop('timestamp').endswith('+00:00')
    assert joined == {
        'type': 'joined',
        'room_id': room,
        'workspace_id': WORKSPACE,
        'role': 'producer',
    }


async def test_a_consumer_is_sent_the_state_and_then_joined(url: str, room: str) -> None:
    """The state has the values of the producer, even if it has left."""
    async with enter(url, WORKSPACE, room, 'leader', 'producer') as producer:
        await producer.send(joints(Jaw=40, Rotation=-1.5))
        await producer.expect_silence()
    async with connect(url, ws_path(WORKSPACE, room)) as peer:
        await peer.send({'participant_id': 'ros', 'role': 'consumer'})

        assert (await peer.recv_type('state_sync'))['data'] == {'Jaw': 40, 'Rotation': -1.5}
        await peer.recv_type('joined')


async def test_an_update_reaches_all_consumers_as_one_text(url: str, room: str) -> None:
    """All consumers get the same text with all keys; the producer gets none."""
    async with (
        enter(url, WORKSPACE, room, 'leader', 'producer') as producer,
        enter(url, WORKSPACE, room, 'a', 'consumer') as first,
        enter(url, WORKSPACE, room, 'b', 'consumer') as second,
    ):
        entries = joint('Jaw', 40, index=5, speed=None), joint('Rotation', 0.5)
        await producer.send({**update(*entries), 'timestamp': 'mine', 'source': 'forged'})
        text = await first.text()

        assert text == await second.text()
        await producer.expect_silence()
    expected = (
        '{"type":"joint_update","data":[{"name":"Jaw","value":40,"index":5,"speed":null},'
        '{"name":"Rotation","value":0.5}],"timestamp":"'
    )
    assert text.startswith(expected)
    assert text.endswith('+00:00","source":"leader"}')


async def test_only_changes_are_forwarded(url: str, room: str) -> None:
    """An update without changes is not forwarded."""
    async with (
        enter(url, WORKSPACE, room, 'leader', 'producer') as producer,
        enter(url, WORKSPACE, room, 'ros', 'consumer') as consumer,
    ):
        for message in (joints(a=1, b=2), joints(a=1.0, b=2.0), joints(a=1, b=3)):
            await producer.send(message)

        assert (await consumer.recv())['data'] == [joint('a', 1), joint('b', 2)]
        assert (await consumer.recv())['data'] == [joint('b', 3)]


async def test_hundred_joints_fit_into_one_update(url: str, room: str) -> None:
    """The joint limit of REST does not apply to WebSockets."""
    values = {f'joint_{number}': number for number in range(100)}
    async with (
        enter(url, WORKSPACE, room, 'leader', 'producer') as producer,
        enter(url, WORKSPACE, room, 'ros', 'consumer') as consumer,
    ):
        await producer.send(joints(**values))

        assert len((await consumer.recv())['data']) == 100


@pytest.mark.parametrize(
    ('message', 'named'),
    [({'type': 'dance'}, 'dance'), ({}, 'None'), ({'type': None}, 'None'), ({'type': 7}, '7')],
    ids=str,
)
async def test_an_unknown_type_is_answered_with_an_error(
    url: str, room: str, message: dict[str, object], named: str
) -> None:
    """The sender gets an error, and the connection stays."""
    async with enter(url, WORKSPACE, room, 'ros', 'consumer') as peer:
        await peer.send(message)

        assert (await peer.recv_type('error'))['message'] == f'Unknown message type: {named}'
        await peer.expect_silence()


async def test_types_of_servers_and_updates_of_consumers_are_ignored(url: str, room: str) -> None:
    """These messages cause no error and are not delivered."""
    async with (
        enter(url, WORKSPACE, room, 'leader', 'producer') as producer,
        enter(url, WORKSPACE, room, 'ros', 'consumer') as consumer,
    ):
        for kind in ('joined', 'error', 'state_sync', 'heartbeat_ack', 'consumer_status'):
            await consumer.send({'type': kind})
        await consumer.send(joints(a=1))
        await consumer.send(update('nonsense'))

        await consumer.expect_silence()
        await producer.expect_silence()
    assert get(url, room, '/state')['joints'] == {}


@pytest.mark.parametrize('data', [None, [], {}], ids=str)
async def test_an_empty_update_is_ignored(url: str, room: str, data: object) -> None:
    """An update without joints is not an error."""
    async with enter(url, WORKSPACE, room, 'leader', 'producer') as producer:
        await producer.send({'type': 'joint_update', 'data': data})

        await producer.expect_silence()


@pytest.mark.parametrize('text', ['', 'hello', '[1, 2]', '"text"', '{"type":', '[' * 5000])
async def test_a_message_that_is_not_an_object_gets_an_error(
    url: str, room: str, text: str
) -> None:
    """The sender gets an error, and the connection stays."""
    async with enter(url, WORKSPACE, room, 'leader', 'producer') as producer:
        await producer.send(text)

        assert (await producer.recv_type('error'))['code'] == 'invalid_json'
        await producer.expect_silence()


async def test_a_second_producer_is_refused(url: str, room: str) -> None:
    """The first producer is not affected."""
    async with (
        enter(url, WORKSPACE, room, 'first', 'producer') as first,
        connect(url, ws_path(WORKSPACE, room)) as second,
    ):
        await second.send({'participant_id': 'second', 'role': 'producer'})

        await assert_refused(second)
        await first.expect_silence()
        assert members(url, room) == alone('first')


async def test_a_silent_peer_is_disconnected() -> None:
    """A peer without pongs for two periods is disconnected; one with pongs stays."""
    with running_server(timing=Timing(keepalive_s=0.1)) as address:
        room = make_room(address)
        path = ws_path(WORKSPACE, room)
        async with enter(address, WORKSPACE, room, 'ros', 'consumer') as consumer:
            with closing(RawPeer.enter(address, path, 'leader', 'producer')) as silent:
                assert await asyncio.to_thread(silent.close_code) == 1006
            assert await has_producer(consumer) is False


@pytest.mark.parametrize('role', ['producer', 'consumer'])
async def test_a_place_is_free_once_the_closing_handshake_is_done(
    url: str, room: str, role: str
) -> None:
    """A participant that leaves can rejoin at once under the same id."""
    for _ in range(20):
        async with enter(url, WORKSPACE, room, 'same', role) as peer:
            await peer.close()


async def test_an_aborted_connection_frees_the_place(url: str, room: str) -> None:
    """The place is free after an abort without a close frame."""
    with closing(RawPeer.enter(url, ws_path(WORKSPACE, room), 'same', 'producer')):
        pass
    await wait_until(lambda: not get(url, room)['has_producer'], 'the producer to be gone')

    async with enter(url, WORKSPACE, room, 'same', 'producer') as producer:
        await producer.expect_silence()


async def test_compression_is_not_agreed_on(url: str, room: str) -> None:
    """Compression is refused, because all consumers get the same frame."""
    async with enter(url, WORKSPACE, room, 'ros', 'consumer') as consumer:
        offered = consumer.connection
        headers = getattr(offered, 'response_headers', None) or offered.response.headers

        assert 'Sec-WebSocket-Extensions' not in headers


@pytest.mark.parametrize('suffix', ['/', 'x', '/more'])
async def test_an_unknown_path_is_refused_in_the_handshake(
    url: str, room: str, suffix: str
) -> None:
    """The status is 403, because a WebSocket cannot be redirected."""
    with pytest.raises(websockets.exceptions.InvalidHandshake, match='403'):
        async with connect(url, ws_path(WORKSPACE, room) + suffix):
            pass


async def test_ids_are_percent_decoded(url: str) -> None:
    """Ids may contain spaces and non-ASCII letters."""
    room = 'Ärmchen 7?#%'
    reply = httpx.post(f'{url}/robotics/workspaces/w%20x/rooms', json={'room_id': room})
    assert reply.status_code == 200

    async with connect(url, ws_path('w x', room)) as peer:
        await peer.send({'participant_id': 'ros', 'role': 'producer'})
        joined = await peer.recv_type('joined')

    assert (joined['workspace_id'], joined['room_id']) == ('w x', room)


async def test_a_shutdown_closes_with_1012() -> None:
    """Clients can recognize a restart, and the server thread ends in time."""
    with running_server() as address:
        room = make_room(address)
        connection = await websockets.connect(
            f'ws{address[len("http") :]}{ws_path(WORKSPACE, room)}', open_timeout=TIMEOUT_S
        )
        peer = Peer(connection)
        await peer.send({'participant_id': 'leader', 'role': 'producer'})
        await peer.recv_type('joined')

    assert await peer.close_code() == 1012
