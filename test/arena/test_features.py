# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""Protocol extensions over real sockets: negotiated at the join, unseen by public clients."""

from __future__ import annotations

from contextlib import AsyncExitStack
import json
import re

import httpx
import pytest
from support.arena_api import WORKSPACE, get, make_room
from support.pages import read
from support.peers import Json, Peer, connect, enter, join, joints, robot_state, ws_path
from support.server import running_server
from websockets.exceptions import ConnectionClosed

from lerobot_arena_ros.arena.features import Feature, known_features
from lerobot_arena_ros.arena.messages import decode_join, decode_server, encode
from lerobot_arena_ros.server.rooms.limits import Limits, Policy

ALL = tuple(feature.value for feature in Feature)
STAMP = re.compile(r'"timestamp":"[^"]+"')


@pytest.fixture
def room(own_server_url: str) -> str:
    """Create a room for this test only."""
    return make_room(own_server_url)


async def joined(peer: Peer, participant_id: str, role: str, *features: str) -> Json:
    """Join and return the answer."""
    await peer.send(join(participant_id, role, *features))
    if role == 'consumer':
        await peer.recv_type('state_sync')
    return await peer.recv_type('joined')


async def stop(url: str, room: str, reason: str) -> Json:
    """Join, send an emergency stop and leave; return the stop message that the room received."""
    async with enter(url, WORKSPACE, room, 'guard', 'consumer') as guard:
        await guard.send({'type': 'emergency_stop', 'reason': reason})
        return await guard.recv_type('emergency_stop')


@pytest.mark.parametrize(
    ('names', 'known'),
    [
        (['last_stop', 'tomorrow'], {Feature.LAST_STOP}),
        (['robot_state', ['robot_state'], {}, None, 7], {Feature.ROBOT_STATE}),
        ('robot_state', set()),
        ({'robot_state': 1}, set()),
        (None, set()),
        ([], set()),
    ],
    ids=repr,
)
def test_only_a_list_names_features(names: object, known: set[Feature]) -> None:
    """Unknown entries, and values other than a list, are ignored."""
    assert known_features(names) == known


@pytest.mark.parametrize('role', ['producer', 'consumer'])
@pytest.mark.parametrize('asked', [('robot_state',), ALL, (*ALL, 'tomorrow')], ids=len)
async def test_features_that_client_and_server_know_are_enabled(
    role: str, asked: tuple[str, ...]
) -> None:
    """In both roles, the answer lists exactly the features that the server knows."""
    with running_server(lanes=True) as url:
        async with connect(url, ws_path(WORKSPACE, make_room(url))) as peer:
            answer = await joined(peer, 'ros', role, *asked)

    assert answer['features'] == sorted(set(asked) - {'tomorrow'})


async def test_a_server_without_a_udp_port_enables_no_fast_lane(
    own_server_url: str, room: str
) -> None:
    """A client then requests no lane, and receives updates without numbers."""
    async with connect(own_server_url, ws_path(WORKSPACE, room)) as peer:
        answer = await joined(peer, 'ros', 'consumer', *ALL)

    assert answer['features'] == sorted(set(ALL) - {'fast_lane'})


@pytest.mark.parametrize(
    'features', [[], ['tomorrow'], 'robot_state', None, {'robot_state': True}], ids=repr
)
async def test_a_join_without_features_is_answered_as_before(
    own_server_url: str, room: str, features: object
) -> None:
    """Without features, ``joined`` has neither the key ``features`` nor the last stop."""
    await stop(own_server_url, room, 'smoke')
    async with connect(own_server_url, ws_path(WORKSPACE, room)) as peer:
        await peer.send({'participant_id': 'a', 'role': 'producer', 'features': features})

        assert (await peer.recv()).keys() == {
            *('type', 'room_id', 'workspace_id', 'role', 'timestamp')
        }


async def next_of(peer: Peer, kind: str) -> Json:
    """Receive the next message that is not about control; it must be of this type."""
    while (message := await peer.recv())['type'] == 'control':
        pass
    assert message['type'] == kind, message
    return message


async def test_public_clients_are_sent_what_they_were_sent_before(
    own_server_url: str, room: str
) -> None:
    """
    Frames to public clients are unchanged, byte for byte except for the times.

    The room also has robots that report, stop and are reset. The deletion of a room is reported to
    public clients by the close code only, because they log an error message as an error even if
    they deleted the room themselves.
    """
    consumer_received: list[str] = []
    producer_received: list[str] = []

    async def receive(peer: Peer, received: list[str], count: int = 1) -> None:
        for _ in range(count):
            received.append(STAMP.sub('"timestamp":"T"', await peer.text()))

    async with AsyncExitStack() as stack:
        there = own_server_url, WORKSPACE, room
        path = ws_path(WORKSPACE, room)
        robot = await stack.enter_async_context(enter(*there, 'ros', 'consumer', *ALL))
        await robot.send(robot_state())
        consumer = await stack.enter_async_context(connect(own_server_url, path))
        await consumer.send(join('public', 'consumer'))
        await receive(consumer, consumer_received, 2)
        producer = await stack.enter_async_context(connect(own_server_url, path))
        await producer.send(join('leader', 'producer'))
        await receive(producer, producer_received)
        console = await stack.enter_async_context(enter(*there, 'console', 'consumer', *ALL))
        await next_of(console, 'robot_state')

        await robot.send(robot_state('holding'))
        await next_of(console, 'robot_state')
        await producer.send(joints(a=1.5))
        await receive(consumer, consumer_received)
        await console.send({'type': 'emergency_stop', 'reason': 'smoke'})
        for peer, received in ((consumer, consumer_received), (producer, producer_received)):
            await receive(peer, received)
        await next_of(robot, 'joint_update')
        await next_of(robot, 'emergency_stop')
        await robot.send(robot_state('stopped', stop={'reason': 'smoke', 'source': 'console'}))
        await next_of(console, 'joint_update')
        await next_of(console, 'emergency_stop')
        await next_of(console, 'robot_state')
        await console.send({'type': 'reset_stop', 'to': 'ros'})
        await next_of(robot, 'reset_stop')
        await console.send({'type': 'reset_stop', 'to': 'public'})
        assert (await next_of(console, 'error'))['code'] == 'no_such_robot'
        for peer, received in ((consumer, consumer_received), (producer, producer_received)):
            for frame in (
                robot_state(),
                {'type': 'robot_state', 'data': 'nonsense'},
                {'type': 'reset_stop', 'to': 'ros'},
                {'type': 'heartbeat'},
            ):
                await peer.send(frame)
                await receive(peer, received)
        await robot.close()
        assert 'data' not in await next_of(console, 'robot_state')
        await consumer.send({'type': 'heartbeat'})
        await receive(consumer, consumer_received)
        httpx.delete(f'{own_server_url}/robotics/workspaces/{WORKSPACE}/rooms/{room}')
        with pytest.raises(ConnectionClosed, match='4404'):
            await consumer.text()

    def welcome(role: str) -> str:
        return (
            f'{{"type":"joined","room_id":"{room}","workspace_id":"lab","role":"{role}",'
            '"timestamp":"T"}'
        )

    def unknown(kind: str) -> str:
        return (
            f'{{"type":"error","message":"Unknown message type: {kind}","timestamp":"T",'
            '"code":"unknown_type"}'
        )

    ack = '{"type":"heartbeat_ack","timestamp":"T","has_producer":true}'
    stopped = '{"type":"emergency_stop","timestamp":"T","reason":"smoke","source":"console"}'
    errors = [unknown('robot_state'), unknown('robot_state'), unknown('reset_stop')]
    assert consumer_received == [
        '{"type":"state_sync","data":{},"timestamp":"T"}',
        welcome('consumer'),
        '{"type":"joint_update","data":[{"name":"a","value":1.5}],"timestamp":"T",'
        '"source":"leader"}',
        stopped,
        *errors,
        ack,
        ack,
    ]
    assert producer_received == [welcome('producer'), stopped, *errors, ack]


@pytest.mark.parametrize('role', ['producer', 'consumer'])
async def test_a_member_that_joins_gets_the_last_stop(
    own_server_url: str, room: str, role: str
) -> None:
    """``joined`` and REST contain the source and timestamp of the stop's own message."""
    assert get(own_server_url, room, '/state')['last_stop'] is None
    await stop(own_server_url, room, 'first')
    message = await stop(own_server_url, room, 'smoke')

    async with connect(own_server_url, ws_path(WORKSPACE, room)) as peer:
        last = (await joined(peer, 'ros', role, 'last_stop'))['last_stop']
    shown = get(own_server_url, room, '/state')['last_stop']

    assert isinstance(shown, dict)
    assert 0.0 <= last.pop('age_s') <= shown.pop('age_s') < 60.0
    assert last == shown == {key: message[key] for key in ('reason', 'source', 'timestamp')}


async def test_public_clients_get_a_stamp_as_one_more_key(own_server_url: str, room: str) -> None:
    """They ignore the key; an update in which only the stamp is new is not sent to them."""
    there = own_server_url, WORKSPACE, room
    async with (
        enter(*there, 'ros', 'producer', 'stamps') as robot,
        enter(*there, 'public', 'consumer') as public,
        enter(*there, 'policy', 'consumer', 'stamps') as policy,
    ):
        for stamp_ns in (10**18 + 1, 10**18 + 2):
            await robot.send({**joints(a=1.5), 'stamp_ns': stamp_ns})
        await robot.send({**joints(a=2.5), 'stamp_ns': 'hostile'})
        received = [await public.recv_type('joint_update') for _ in range(2)]
        stamps = [(await policy.recv_type('joint_update')).get('stamp_ns') for _ in range(3)]

    assert received[0].keys() == {'type', 'data', 'timestamp', 'source', 'stamp_ns'}
    assert received[1].keys() == {'type', 'data', 'timestamp', 'source'}
    assert [update['data'][0]['value'] for update in received] == [1.5, 2.5]
    assert stamps == [10**18 + 1, 10**18 + 2, None]


async def test_a_room_without_a_stop_reports_none(own_server_url: str, room: str) -> None:
    """Without a stop the key is absent, even if the feature is enabled."""
    async with connect(own_server_url, ws_path(WORKSPACE, room)) as peer:
        assert 'last_stop' not in await joined(peer, 'ros', 'consumer', 'last_stop')


async def test_a_stop_of_a_rate_limited_member_is_stored() -> None:
    """A stop from a rate-limited member is forwarded and stored; its other messages are not."""
    with running_server(limits=Limits(frames_hz=0.001)) as url:
        room = make_room(url)
        async with enter(url, WORKSPACE, room, 'fast', 'producer') as fast:
            await fast.send(joints(a=1))
            await fast.send({'type': 'emergency_stop', 'reason': 'late'})
            await fast.recv_type('emergency_stop')
            async with connect(url, ws_path(WORKSPACE, room)) as peer:
                answer = await joined(peer, 'ros', 'consumer', 'last_stop')

    assert answer['last_stop']['reason'] == 'late'


async def test_a_recreated_or_reset_room_keeps_its_stop() -> None:
    """A room that was deleted, or whose state was cleared, still reports its last stop."""
    with running_server(policy=Policy(fresh_rooms=True)) as url:
        rooms = f'{url}/robotics/workspaces/{WORKSPACE}/rooms'
        httpx.post(rooms, json={'room_id': 'arm'})
        await stop(url, 'arm', 'smoke')
        for delete in (False, True):
            if delete:
                assert httpx.delete(f'{rooms}/arm').status_code == 200
            httpx.post(rooms, json={'room_id': 'arm'})
            async with connect(url, ws_path(WORKSPACE, 'arm')) as peer:
                answer = await joined(peer, 'ros', 'consumer', 'last_stop')

            assert answer['last_stop']['reason'] == 'smoke'


def test_the_examples_of_the_page_are_decoded() -> None:
    """The join and ``joined`` with features on the page are decoded and encoded unchanged."""
    part = read('docs/reference/messages.md').split('## Features\n')[1].split('\n## ')[0]
    asked, answer = re.findall(r'^```json\n(.*?)\n```$', part, re.M | re.S)

    assert json.loads(encode(decode_join(asked))) == json.loads(asked)
    assert json.loads(encode(decode_server(answer))) == json.loads(answer)
    assert set(re.findall(r'^\| `(\w+)` \|', part, re.M)) == set(ALL)
