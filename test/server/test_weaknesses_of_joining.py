# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""
Weaknesses S1 to S6, S11 and S14 of the public server, which ours must not have.

Each test is named after the one that it shows to be absent; the others are in
``test_weaknesses.py``, S9 in ``test_slow_peers.py`` and the limits of S12 in ``test_limits.py``.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
import json
import uuid

import httpx
import pytest
from support.arena_api import WORKSPACE, alone, assert_refused, get, make_room, members
from support.peers import RawPeer, connect, enter, joint, joints, ws_path
from support.server import running_server
from websockets.exceptions import ConnectionClosed

from lerobot_arena_ros.server.rooms.limits import Policy, Timing


@pytest.fixture(scope='module')
def url() -> Iterator[str]:
    """Run one server for this module; each test uses its own room."""
    with running_server(timing=Timing(probe_s=0.2)) as address:
        yield address


@pytest.fixture
def room(url: str) -> str:
    """Create a room with a name that no other test uses."""
    return make_room(url)


@pytest.fixture
def http(url: str) -> Iterator[httpx.Client]:
    """Return a REST client of the server."""
    with httpx.Client(base_url=url) as client:
        yield client


@pytest.fixture
def rooms() -> str:
    """Return the path of the rooms of a new workspace."""
    return f'/robotics/workspaces/{uuid.uuid4()}/rooms'


def workspace_of(rooms: str) -> str:
    """Return the workspace id of a path."""
    return rooms.split('/')[3]


async def test_s01_a_failed_join_elsewhere_does_not_evict_the_holder_of_an_id(
    url: str, room: str
) -> None:
    """An id is valid only in its room."""
    async with enter(url, WORKSPACE, room, 'same', 'producer') as holder:
        for frame in (
            {'participant_id': 'same', 'role': 'producer'},
            {'participant_id': 'same', 'role': 'nonsense'},
        ):
            async with connect(url, ws_path('elsewhere', 'nowhere')) as intruder:
                await intruder.send(frame)
                await intruder.recv_type('error')

        await holder.expect_silence()
        assert members(url, room) == alone('same')


async def test_s01_one_id_in_two_rooms_is_two_participants(url: str, room: str) -> None:
    """Each gets only the messages of its room, and leaving one room does not affect the other."""
    other = make_room(url)
    async with (
        enter(url, WORKSPACE, room, 'ros', 'consumer') as here,
        enter(url, WORKSPACE, room, 'leader', 'producer') as producer,
    ):
        async with (
            enter(url, WORKSPACE, other, 'ros', 'consumer') as there,
            enter(url, WORKSPACE, other, 'leader', 'producer'),
        ):
            await producer.send(joints(a=1))
            assert (await here.recv_type('joint_update'))['data'] == [joint('a', 1)]
            await there.expect_silence()

        await producer.send(joints(a=2))
        assert (await here.recv_type('joint_update'))['data'] == [joint('a', 2)]


@pytest.mark.parametrize('role', ['producer', 'consumer'])
async def test_s02_a_refused_join_does_not_evict_the_live_holder(
    url: str, room: str, role: str
) -> None:
    """Each retry is refused, and the holder still reaches all members."""
    async with (
        enter(url, WORKSPACE, room, 'same', 'producer') as holder,
        enter(url, WORKSPACE, room, 'ros', 'consumer') as consumer,
    ):
        for _ in range(3):
            async with connect(url, ws_path(WORKSPACE, room)) as intruder:
                await intruder.send({'participant_id': 'same', 'role': role})
                await assert_refused(intruder)

        await holder.send(joints(a=1))
        assert (await consumer.recv_type('joint_update'))['source'] == 'same'
        await holder.expect_silence()


@pytest.mark.parametrize('newcomer', ['same', 'other'])
async def test_s02_a_dead_holder_is_replaced(url: str, room: str, newcomer: str) -> None:
    """A robot that lost its network can rejoin before its old connection ends."""
    with closing(RawPeer.enter(url, ws_path(WORKSPACE, room), 'same', 'producer')) as dead:
        async with enter(url, WORKSPACE, room, newcomer, 'producer') as producer:
            await producer.expect_silence()
            assert members(url, room) == alone(newcomer)
        assert dead.close_code() == 1006


async def test_s02_the_newest_of_an_id_wins_with_the_option() -> None:
    """The holder gets the reason; another id cannot replace the producer."""
    with running_server(policy=Policy(newest_wins=True)) as url:
        room = make_room(url)
        async with (
            enter(url, WORKSPACE, room, 'same', 'producer') as old,
            enter(url, WORKSPACE, room, 'same', 'producer') as new,
        ):
            assert (await old.recv_type('error'))['code'] == 'replaced'
            assert await old.close_code() == 4409
            async with connect(url, ws_path(WORKSPACE, room)) as stranger:
                await stranger.send({'participant_id': 'other', 'role': 'producer'})
                await assert_refused(stranger)
            await new.expect_silence()
            assert members(url, room) == alone('same')


BAD_JOINS = {
    'no JSON': ('hello', 1007),
    'empty': ('', 1007),
    'no object': ('[1]', 1007),
    'no id': ('{"role": "producer"}', 1008),
    'no role': ('{"participant_id": "a"}', 1008),
    'unknown role': ('{"participant_id": "a", "role": "PRODUCER"}', 1008),
    'role a list': ('{"participant_id": "a", "role": ["producer"]}', 1008),
    'role null': ('{"participant_id": "a", "role": null}', 1008),
    'id empty': ('{"participant_id": "", "role": "producer"}', 1008),
    'id null': ('{"participant_id": null, "role": "producer"}', 1008),
    'id a number': ('{"participant_id": 7, "role": "producer"}', 1008),
    'id a list': ('{"participant_id": ["a"], "role": "consumer"}', 1008),
    'id too long': ('{"participant_id": "%s", "role": "consumer"}' % ('x' * 101), 1008),
    'id no text': ('{"participant_id": "\\ud800", "role": "consumer"}', 1008),
    'binary': (b'{"participant_id": "a", "role": "producer"}', 1003),
}


@pytest.mark.parametrize(('frame', 'code'), BAD_JOINS.values(), ids=BAD_JOINS)
async def test_s03_an_invalid_join_is_answered_and_closed(
    url: str, room: str, frame: str | bytes, code: int
) -> None:
    """An error is sent first, because some clients ignore a close without an error."""
    async with connect(url, ws_path(WORKSPACE, room)) as peer:
        await peer.send(frame)

        error = await peer.recv_type('error')
        assert error['timestamp'].endswith('+00:00')
        assert error['code'].startswith('invalid_')
        assert await peer.close_code() == code
    assert get(url, room)['participants'] == {'producer': None, 'consumers': [], 'total': 0}


async def test_s03_a_binary_frame_ends_the_connection_and_frees_the_place(
    url: str, room: str
) -> None:
    """There are no open connections outside a room."""
    async with enter(url, WORKSPACE, room, 'leader', 'producer') as producer:
        await producer.send(b'\x00')

        assert (await producer.recv_type('error'))['code'] == 'invalid_binary'
        assert await producer.close_code() == 1003
    assert get(url, room)['has_producer'] is False


async def test_s04_a_client_that_does_not_join_in_time_is_closed() -> None:
    """The client gets an error, then 1008."""
    with running_server(timing=Timing(join_s=0.05)) as address:
        room = make_room(address)
        async with connect(address, ws_path(WORKSPACE, room)) as peer:
            assert (await peer.recv_type('error'))['code'] == 'join_timeout'
            assert await peer.close_code() == 1008


async def test_s05_deleting_a_room_closes_its_connections(
    http: httpx.Client, url: str, rooms: str
) -> None:
    """The code is 4404; members with features get an error before, public clients none."""
    http.post(rooms, json={'room_id': 'arm'})
    workspace = workspace_of(rooms)
    async with (
        enter(url, workspace, 'arm', 'leader', 'producer') as producer,
        enter(url, workspace, 'arm', 'ros', 'consumer', 'heartbeat_seq') as consumer,
    ):
        http.delete(f'{rooms}/arm')

        error = await consumer.recv_type('error')
        assert (error['message'], error['code']) == ('Room deleted', 'room_deleted')
        assert await consumer.close_code() == 4404
        with pytest.raises(ConnectionClosed, match='4404.*room deleted'):
            await producer.recv()


async def test_s05_a_producer_of_a_deleted_room_writes_nothing_into_its_successor(
    http: httpx.Client, url: str, rooms: str
) -> None:
    """A connection belongs to the room object, not to its name."""
    http.post(rooms, json={'room_id': 'arm'})
    workspace = workspace_of(rooms)
    with closing(RawPeer.enter(url, ws_path(workspace, 'arm'), 'old', 'producer')) as zombie:
        http.delete(f'{rooms}/arm')
        http.post(rooms, json={'room_id': 'arm'})
        async with (
            enter(url, workspace, 'arm', 'new', 'producer') as producer,
            enter(url, workspace, 'arm', 'ros', 'consumer') as consumer,
        ):
            zombie.send(json.dumps(joints(a=1.0)).encode())
            zombie.send(b'', opcode=8)
            assert zombie.close_code() == 4404
            await producer.send(joints(a=2.0))

            update = await consumer.recv_type('joint_update')

    assert (update['source'], update['data']) == ('new', [joint('a', 2.0)])


async def test_s06_creating_a_room_again_keeps_its_state(
    http: httpx.Client, url: str, rooms: str
) -> None:
    """The reply is the same, and members are not affected."""
    first = http.post(rooms, json={'room_id': 'arm'})
    http.post(f'{rooms}/arm/command', json={'joints': [joint('Jaw', 4.0)]})
    async with enter(url, workspace_of(rooms), 'arm', 'leader', 'producer') as producer:
        second = http.post(rooms, json={'room_id': 'arm'})

        await producer.expect_silence()
        assert second.json() == first.json()
        assert http.get(f'{rooms}/arm').json()['room']['participants']['producer'] == 'leader'
    assert http.get(f'{rooms}/arm/state').json()['state']['joints'] == {'Jaw': 4.0}


def test_s06_creating_a_room_again_clears_it_with_the_option() -> None:
    """As on the public server, but only if the room has no members."""
    rooms = '/robotics/workspaces/lab/rooms'
    policy = Policy(fresh_rooms=True)
    with running_server(policy=policy) as url, httpx.Client(base_url=url) as http:
        http.post(rooms, json={'room_id': 'arm'})
        body = {'joints': [joint('Jaw', 4.0)]}
        http.post(f'{rooms}/arm/command', json=body)
        with closing(RawPeer.enter(url, ws_path('lab', 'arm'), 'ros', 'consumer')):
            http.post(rooms, json={'room_id': 'arm'})
            kept = http.get(f'{rooms}/arm/state').json()['state']['joints']
        http.delete(f'{rooms}/arm')
        http.post(rooms, json={'room_id': 'arm'})
        http.post(f'{rooms}/arm/command', json=body)
        http.post(rooms, json={'room_id': 'arm'})

        assert kept == {'Jaw': 4.0}
        assert http.get(f'{rooms}/arm/state').json()['state']['joints'] == {}


@pytest.mark.parametrize('strange', ['', None, ['a'], {'a': 1}, 7, True], ids=repr)
@pytest.mark.parametrize('role', ['producer', 'consumer'])
async def test_s11_only_a_text_is_an_id(url: str, room: str, strange: object, role: str) -> None:
    """Another id is refused, the place stays free, and no participant is listed."""
    async with connect(url, ws_path(WORKSPACE, room)) as peer:
        await peer.send({'participant_id': strange, 'role': role})

        assert (await peer.recv_type('error'))['code'] == 'invalid_join'
        assert await peer.close_code() == 1008
    async with enter(url, WORKSPACE, room, 'leader', 'producer'):
        assert members(url, room) == alone('leader')


async def test_s14_a_refused_join_has_a_timestamp_and_a_code(url: str) -> None:
    """The error has a code in addition to the public text, and no room is created."""
    path = ws_path(WORKSPACE, str(uuid.uuid4()))
    async with connect(url, path) as peer:
        await peer.send({'participant_id': 'leader', 'role': 'producer'})
        error = await peer.recv_type('error')

        assert (error['message'], error['code']) == ('Cannot join room', 'room_not_found')
        assert await peer.close_code() == 1000
