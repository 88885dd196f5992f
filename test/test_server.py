"""The WebSocket interface of the arena server: joining, messages, and how it ends."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import closing
import uuid

import httpx
import pytest
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

from lerobot_arena_ros.server.limits import Timing

WORKSPACE = 'lab'


@pytest.fixture(scope='module')
def url() -> Iterator[str]:
    """Run one server for this module; each test has a room of its own."""
    with running_server(timing=Timing(probe_s=0.2)) as address:
        yield address


@pytest.fixture
def room(url: str) -> str:
    """Make a room that nobody else has."""
    return make_room(url)


def make_room(url: str) -> str:
    """Make a room and return its id."""
    reply = httpx.post(f'{url}/robotics/workspaces/{WORKSPACE}/rooms')
    return str(reply.json()['room_id'])


def get(url: str, room: str, part: str = '') -> dict[str, object]:
    """Ask REST about a room."""
    reply = httpx.get(f'{url}/robotics/workspaces/{WORKSPACE}/rooms/{room}{part}').json()
    answer = reply['state' if part else 'room']
    assert isinstance(answer, dict)
    return answer


def members(url: str, room: str) -> object:
    """List who is in a room."""
    return get(url, room)['participants']


def alone(producer: str) -> dict[str, object]:
    """Describe a room that has a producer and nobody else."""
    return {'producer': producer, 'consumers': [], 'total': 1}


async def has_producer(peer: Peer) -> object:
    """Ask by heartbeat."""
    await peer.send({'type': 'heartbeat'})
    return (await peer.recv_type('heartbeat_ack'))['has_producer']


async def assert_refused(peer: Peer) -> None:
    """See that the peer is told that it cannot join, and closed."""
    error = await peer.recv_type('error')
    assert error['message'] == 'Cannot join room'
    assert error['timestamp'].endswith('+00:00')
    assert await peer.close_code() == 1000


@pytest.mark.parametrize('prefix', ['', '/api'])
async def test_a_producer_is_welcomed(url: str, room: str, prefix: str) -> None:
    """With joined, at the root and below /api; other keys of the join are ignored."""
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
    """The state is what the producer said before, even if it has left."""
    async with enter(url, WORKSPACE, room, 'leader', 'producer') as producer:
        await producer.send(joints(Jaw=40, Rotation=-1.5))
        await producer.expect_silence()
    async with connect(url, ws_path(WORKSPACE, room)) as peer:
        await peer.send({'participant_id': 'ros', 'role': 'consumer'})

        assert (await peer.recv_type('state_sync'))['data'] == {'Jaw': 40, 'Rotation': -1.5}
        await peer.recv_type('joined')


async def test_an_update_reaches_all_consumers_as_one_text(url: str, room: str) -> None:
    """It is encoded once, with every key that the producer gave; the producer hears nothing."""
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
    """Nothing changed is nothing sent."""
    async with (
        enter(url, WORKSPACE, room, 'leader', 'producer') as producer,
        enter(url, WORKSPACE, room, 'ros', 'consumer') as consumer,
    ):
        for message in (joints(a=1, b=2), joints(a=1.0, b=2.0), joints(a=1, b=3)):
            await producer.send(message)

        assert (await consumer.recv())['data'] == [joint('a', 1), joint('b', 2)]
        assert (await consumer.recv())['data'] == [joint('b', 3)]


async def test_hundred_joints_fit_into_one_update(url: str, room: str) -> None:
    """The limit of REST does not hold here."""
    values = {f'joint_{number}': number for number in range(100)}
    async with (
        enter(url, WORKSPACE, room, 'leader', 'producer') as producer,
        enter(url, WORKSPACE, room, 'ros', 'consumer') as consumer,
    ):
        await producer.send(joints(**values))

        assert len((await consumer.recv())['data']) == 100


@pytest.mark.parametrize('role', ['producer', 'consumer'])
async def test_an_emergency_stop_reaches_everybody_and_its_sender(
    url: str, room: str, role: str
) -> None:
    """Whatever it says, it stops; the source is the sender's, the reason is a text."""
    async with (
        enter(url, WORKSPACE, room, 'producer', 'producer') as producer,
        enter(url, WORKSPACE, room, 'consumer', 'consumer') as consumer,
    ):
        sender = producer if role == 'producer' else consumer
        for fields in (
            {},
            {'reason': None, 'enabled': False},
            {'reason': {'a': 1}, 'source': 'x'},
        ):
            await sender.send({'type': 'emergency_stop', **fields})
        for peer in (producer, consumer):
            stops = [await peer.recv_type('emergency_stop') for _ in range(3)]
            assert [stop['source'] for stop in stops] == [role] * 3
            default = f'Emergency stop from {role}'
            assert [stop['reason'] for stop in stops] == [default, default, "{'a': 1}"]
            assert all(stop['timestamp'].endswith('+00:00') for stop in stops)


async def test_a_heartbeat_ack_says_whether_there_is_a_producer(url: str, room: str) -> None:
    """Nobody is told that the producer left, but who asks can know."""
    async with enter(url, WORKSPACE, room, 'ros', 'consumer') as consumer:
        async with enter(url, WORKSPACE, room, 'leader', 'producer'):
            assert await has_producer(consumer) is True
        await wait_until(lambda: not get(url, room)['has_producer'], 'the producer to be gone')

        assert await has_producer(consumer) is False


@pytest.mark.parametrize(
    ('message', 'named'),
    [({'type': 'dance'}, 'dance'), ({}, 'None'), ({'type': None}, 'None'), ({'type': 7}, '7')],
    ids=str,
)
async def test_an_unknown_type_is_answered_with_an_error(
    url: str, room: str, message: dict[str, object], named: str
) -> None:
    """The connection lives."""
    async with enter(url, WORKSPACE, room, 'ros', 'consumer') as peer:
        await peer.send(message)

        assert (await peer.recv_type('error'))['message'] == f'Unknown message type: {named}'
        await peer.expect_silence()


async def test_types_of_servers_and_updates_of_consumers_are_ignored(url: str, room: str) -> None:
    """Neither is an error, nor does it reach anyone."""
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


BAD_ENTRIES = {
    'value NaN': '{"name": "b", "value": NaN}',
    'value infinite': '{"name": "b", "value": 1e999}',
    'value a text': '{"name": "b", "value": "1"}',
    'value a truth': '{"name": "b", "value": true}',
    'value null': '{"name": "b", "value": null}',
    'value missing': '{"name": "b"}',
    'name missing': '{"value": 1}',
    'name empty': '{"name": "", "value": 1}',
    'name a number': '{"name": 5, "value": 1}',
    'name too long': '{"name": "%s", "value": 1}' % ('x' * 51),
    'speed a text': '{"name": "b", "value": 1, "speed": ""}',
    'infinity in another key': '{"name": "b", "value": 1, "x": 1e999}',
    'no object': '1',
}


@pytest.mark.parametrize('bad', BAD_ENTRIES.values(), ids=BAD_ENTRIES)
async def test_a_bad_update_is_refused_as_a_whole(url: str, room: str, bad: str) -> None:
    """Nothing of it is remembered, so the good part is a change when it comes again."""
    async with (
        enter(url, WORKSPACE, room, 'leader', 'producer') as producer,
        enter(url, WORKSPACE, room, 'ros', 'consumer') as consumer,
    ):
        good = '{"name": "a", "value": 1}'
        await producer.send(f'{{"type": "joint_update", "data": [{good}, {bad}]}}')
        error = await producer.recv_type('error')
        assert error['message'] == 'Failed to process joint update'
        assert get(url, room, '/state')['joints'] == {}

        await producer.send(joints(a=1))
        assert (await consumer.recv_type('joint_update'))['data'] == [joint('a', 1)]


@pytest.mark.parametrize('data', [None, [], {}], ids=str)
async def test_an_update_of_nothing_is_ignored(url: str, room: str, data: object) -> None:
    """It is no error."""
    async with enter(url, WORKSPACE, room, 'leader', 'producer') as producer:
        await producer.send({'type': 'joint_update', 'data': data})

        await producer.expect_silence()


@pytest.mark.parametrize('text', ['', 'hello', '[1, 2]', '"text"', '{"type":', '[' * 5000])
async def test_what_is_no_object_harms_nobody(url: str, room: str, text: str) -> None:
    """The sender is told, and the connection lives."""
    async with enter(url, WORKSPACE, room, 'leader', 'producer') as producer:
        await producer.send(text)

        assert (await producer.recv_type('error'))['code'] == 'invalid_json'
        await producer.expect_silence()


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
async def test_a_bad_join_is_answered_and_closed(
    url: str, room: str, frame: str | bytes, code: int
) -> None:
    """An error first, for some clients never notice a bare close."""
    async with connect(url, ws_path(WORKSPACE, room)) as peer:
        await peer.send(frame)

        error = await peer.recv_type('error')
        assert error['timestamp'].endswith('+00:00')
        assert error['code'].startswith('invalid_')
        assert await peer.close_code() == code
    assert get(url, room)['participants'] == {'producer': None, 'consumers': [], 'total': 0}


async def test_a_binary_frame_ends_the_connection_and_frees_the_place(url: str, room: str) -> None:
    """There are no connections that are open and not in a room."""
    async with enter(url, WORKSPACE, room, 'leader', 'producer') as producer:
        await producer.send(b'\x00')

        assert (await producer.recv_type('error'))['code'] == 'invalid_binary'
        assert await producer.close_code() == 1003
    assert get(url, room)['has_producer'] is False


async def test_who_does_not_join_in_time_is_closed() -> None:
    """An error first, then 1008."""
    with running_server(timing=Timing(join_s=0.05)) as address:
        room = make_room(address)
        async with connect(address, ws_path(WORKSPACE, room)) as peer:
            assert (await peer.recv_type('error'))['code'] == 'join_timeout'
            assert await peer.close_code() == 1008


async def test_a_room_that_does_not_exist_cannot_be_joined(url: str) -> None:
    """The error names a code beside the text of old; no room is made by the way."""
    path = ws_path(WORKSPACE, str(uuid.uuid4()))
    async with connect(url, path) as peer:
        await peer.send({'participant_id': 'leader', 'role': 'producer'})
        error = await peer.recv_type('error')

        assert (error['message'], error['code']) == ('Cannot join room', 'room_not_found')
        assert await peer.close_code() == 1000


async def test_a_second_producer_is_refused(url: str, room: str) -> None:
    """The first goes on as if nothing had been."""
    async with (
        enter(url, WORKSPACE, room, 'first', 'producer') as first,
        connect(url, ws_path(WORKSPACE, room)) as second,
    ):
        await second.send({'participant_id': 'second', 'role': 'producer'})

        await assert_refused(second)
        await first.expect_silence()
        assert members(url, room) == alone('first')


@pytest.mark.parametrize('role', ['producer', 'consumer'])
async def test_a_refused_join_does_not_evict_the_live_holder(
    url: str, room: str, role: str
) -> None:
    """Trying again is refused again, and the holder still reaches everybody."""
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


async def test_a_failed_join_elsewhere_does_not_evict_the_holder_of_an_id(
    url: str, room: str
) -> None:
    """An id means nothing outside its room."""
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


async def test_one_id_in_two_rooms_is_two_participants(url: str, room: str) -> None:
    """Each hears its own room only, and leaving one is not leaving the other."""
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


@pytest.mark.parametrize('newcomer', ['same', 'other'])
async def test_a_dead_holder_makes_way(url: str, room: str, newcomer: str) -> None:
    """A robot that lost its network gets its place back before the old connection ends."""
    with closing(RawPeer.enter(url, ws_path(WORKSPACE, room), 'same', 'producer')) as dead:
        async with enter(url, WORKSPACE, room, newcomer, 'producer') as producer:
            await producer.expect_silence()
            assert members(url, room) == alone(newcomer)
        assert dead.close_code() == 1006


async def test_a_silent_peer_is_put_out() -> None:
    """A peer that answers no ping for two periods has no place any more; one that does stays."""
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
    """Who leaves may come back at once under the same id."""
    for _ in range(20):
        async with enter(url, WORKSPACE, room, 'same', role) as peer:
            await peer.close()


async def test_an_aborted_connection_frees_the_place(url: str, room: str) -> None:
    """Without a goodbye, too."""
    with closing(RawPeer.enter(url, ws_path(WORKSPACE, room), 'same', 'producer')):
        pass
    await wait_until(lambda: not get(url, room)['has_producer'], 'the producer to be gone')

    async with enter(url, WORKSPACE, room, 'same', 'producer') as producer:
        await producer.expect_silence()


async def test_a_frame_of_more_than_256_kib_is_closed_with_1009(url: str, room: str) -> None:
    """One that is just below passes, and is below what clients take."""
    async with enter(url, WORKSPACE, room, 'leader', 'producer') as producer:
        await producer.send({'type': 'heartbeat', 'padding': 'x' * (255 * 1024)})
        await producer.recv_type('heartbeat_ack')
        await producer.send('x' * (256 * 1024 + 1))

        assert await producer.close_code() == 1009


async def test_compression_is_not_agreed_on(url: str, room: str) -> None:
    """One frame goes to all consumers, so it must mean the same to each."""
    async with enter(url, WORKSPACE, room, 'ros', 'consumer') as consumer:
        offered = consumer.connection
        headers = getattr(offered, 'response_headers', None) or offered.response.headers

        assert 'Sec-WebSocket-Extensions' not in headers


@pytest.mark.parametrize('suffix', ['/', 'x', '/more'])
async def test_an_unknown_path_is_refused_in_the_handshake(
    url: str, room: str, suffix: str
) -> None:
    """With 403, as a WebSocket cannot be redirected."""
    with pytest.raises(websockets.exceptions.InvalidHandshake, match='403'):
        async with connect(url, ws_path(WORKSPACE, room) + suffix):
            pass


async def test_ids_are_percent_decoded(url: str) -> None:
    """A space or a letter with marks is as good as any other."""
    room = 'Ärmchen 7?#%'
    reply = httpx.post(f'{url}/robotics/workspaces/w%20x/rooms', json={'room_id': room})
    assert reply.status_code == 200

    async with connect(url, ws_path('w x', room)) as peer:
        await peer.send({'participant_id': 'ros', 'role': 'producer'})
        joined = await peer.recv_type('joined')

    assert (joined['workspace_id'], joined['room_id']) == ('w x', room)


async def test_a_stopping_server_says_1012() -> None:
    """Clients can tell a restart from a failure, and the thread ends in time."""
    with running_server() as address:
        room = make_room(address)
        connection = await websockets.connect(
            f'ws{address[len("http") :]}{ws_path(WORKSPACE, room)}', open_timeout=TIMEOUT_S
        )
        peer = Peer(connection)
        await peer.send({'participant_id': 'leader', 'role': 'producer'})
        await peer.recv_type('joined')

    assert await peer.close_code() == 1012
