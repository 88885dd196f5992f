# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""S12: each limit of the server gives an error to its sender and affects no other."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, asynccontextmanager, closing
import socket
import time
from typing import Any

import httpx
import pytest
from support.peers import Peer, RawPeer, connect, enter, joint, joints, robot_state, ws_path
from support.server import running_server
from support.waiting import wait_until
import websockets

from lerobot_arena_ros.server.access.admission import waiting_places
from lerobot_arena_ros.server.rooms.limits import (
    MAX_BODY_BYTES,
    MAX_JOINT_NAME_CHARS,
    MAX_PARTICIPANT_ID_CHARS,
    MAX_ROOM_ID_CHARS,
    Limits,
    Timing,
)
from lerobot_arena_ros.server.rooms.stop_limiter import BURST, PAUSE_S, PERIOD_S

ROOMS = '/robotics/workspaces/lab/rooms'
PATH = ws_path('lab', 'arm')


def server_with(limits: Limits, timing: Timing | None = None) -> Iterator[str]:
    """Run a server that has the room ``arm``."""
    with running_server(limits=limits, timing=timing) as url:
        assert httpx.post(url + ROOMS, json={'room_id': 'arm'}).status_code == 200
        yield url


@asynccontextmanager
async def bystanders(url: str) -> AsyncIterator[None]:
    """Keep two peers in the room; check before and after that they reach each other."""
    async with (
        enter(url, 'lab', 'arm', 'leader', 'producer') as producer,
        enter(url, 'lab', 'arm', 'ros', 'consumer') as consumer,
    ):
        for value in (1, 2):
            await producer.send(joints(a=value))
            assert (await consumer.recv_type('joint_update'))['data'] == [joint('a', value)]
            if value == 1:
                yield
        await producer.expect_silence()


@pytest.fixture
def url(request: pytest.FixtureRequest) -> Iterator[str]:
    """Run a server with the limits of the test parameter."""
    yield from server_with(request.param)


def limited(**limits: Any) -> pytest.MarkDecorator:
    """Run the test on a server with these limits."""
    values = ', '.join(f'{name}={value}' for name, value in limits.items())
    return pytest.mark.parametrize(
        'url', [pytest.param(Limits(**limits), id=values)], indirect=True
    )


@limited(rooms=1)
async def test_s12_a_full_server_refuses_rooms(url: str) -> None:
    """Existing rooms stay, and creating them again succeeds."""
    async with bystanders(url):
        reply = httpx.post(url + ROOMS)

        assert reply.status_code == 503
        assert 'at most 1 rooms' in reply.json()['detail']
        assert httpx.post(url + ROOMS, json={'room_id': 'arm'}).status_code == 200


@limited(joints=2)
async def test_s12_the_joints_of_a_room_are_limited(url: str) -> None:
    """An update above the limit is refused as a whole, and the room still works."""
    path = f'{url}{ROOMS}/arm/command'
    reply = httpx.post(path, json={'joints': [joint(name, 2) for name in 'xyz']})
    async with bystanders(url):
        assert reply.status_code == 422
        assert 'at most 2 joints' in reply.json()['detail'][0]['msg']
        assert httpx.get(f'{url}{ROOMS}/arm/state').json()['state']['joints'] == {'a': 1}


@limited()
@pytest.mark.parametrize('features', [(), ('refused_joints',)], ids=['public', 'ours'])
async def test_s12_the_refused_joints_are_named_with_the_feature(
    url: str, features: tuple[str, ...]
) -> None:
    """The list of names is bounded, and clients without the feature get none."""
    long = {f'{"x" * 60}{index:0>3}': 1.0 for index in range(150)}
    async with enter(url, 'lab', 'arm', 'leader', 'producer', *features) as producer:
        await producer.send(joints(**{'y' * 2000: 1}, a=1, **long))
        error = await producer.recv_type('error')

    assert (error['code'], error['message']) == ('invalid_name', 'Failed to process joint update')
    if not features:
        assert error.keys() == {'type', 'message', 'timestamp', 'code'}
        return
    assert list(error['joints']) == list(long)[:100]
    assert set(error['joints'].values()) == {'a name has at most 50 characters, got 63'}


@limited(joints=2)
async def test_s12_the_joints_of_a_robot_state_are_limited(url: str) -> None:
    """A robot state above the limit is refused, and other members are not affected."""
    arm = [{'name': name, 'unit': 'degrees'} for name in 'abc']
    async with (
        bystanders(url),
        enter(url, 'lab', 'arm', 'robot', 'consumer', 'robot_state') as robot,
        enter(url, 'lab', 'arm', 'viewer', 'consumer', 'robot_state') as viewer,
    ):
        for joints_told in (arm, arm[:2]):
            await robot.send(robot_state(joints=joints_told))

        error = await robot.recv_type('error')
        assert (error['code'], error['message']) == (
            'invalid_robot_state',
            'Failed to process robot state',
        )
        assert (await viewer.recv_type('robot_state'))['data']['joints'] == arm[:2]


@limited(members=2)
async def test_s12_the_participants_of_a_room_are_limited(url: str) -> None:
    """A full room refuses a join."""
    async with bystanders(url), connect(url, PATH) as late:
        await late.send({'participant_id': 'late', 'role': 'consumer'})

        assert (await late.recv_type('error'))['code'] == 'join_refused'
        assert await late.close_code() == 1000


@limited()
async def test_s12_the_length_of_a_joint_name_is_limited(url: str) -> None:
    """The limit also applies to REST."""
    longest = 'x' * MAX_JOINT_NAME_CHARS
    reply = httpx.post(f'{url}{ROOMS}/arm/command', json={'joints': [joint(longest + 'x', 1)]})
    async with enter(url, 'lab', 'arm', 'other', 'producer') as producer:
        await producer.send(joints(**{longest + 'x': 1}))
        assert (await producer.recv_type('error'))['code'] == 'invalid_name'
        await producer.send(joints(**{longest: 1}))
        await producer.expect_silence()

    assert reply.status_code == 422
    assert 'at most 50 characters' in reply.json()['detail'][0]['msg']
    assert httpx.get(f'{url}{ROOMS}/arm/state').json()['state']['joints'] == {longest: 1}


@limited()
async def test_s12_the_length_of_an_id_is_limited(url: str) -> None:
    """The limit applies to participants, rooms and workspaces."""
    async with bystanders(url), connect(url, PATH) as peer:
        await peer.send(
            {'participant_id': 'x' * (MAX_PARTICIPANT_ID_CHARS + 1), 'role': 'consumer'}
        )

        assert 'at most 100 characters' in (await peer.recv_type('error'))['message']
        assert await peer.close_code() == 1008
        long = 'x' * (MAX_ROOM_ID_CHARS + 1)
        for reply in (
            httpx.post(url + ROOMS, json={'room_id': long}),
            httpx.post(f'{url}/robotics/workspaces/{long}/rooms', json={'room_id': 'arm'}),
        ):
            assert reply.status_code == 422
            assert 'at most 128 characters' in reply.json()['detail'][0]['msg']


@limited(frame_bytes=1000)
async def test_s12_the_size_of_a_frame_is_limited(url: str) -> None:
    """A larger frame closes the connection with 1009."""
    async with bystanders(url), enter(url, 'lab', 'arm', 'big', 'consumer') as big:
        await big.send('x' * 1001)

        assert await big.close_code() == 1009


@limited()
@pytest.mark.parametrize('size', [MAX_BODY_BYTES + 1, 15 * MAX_BODY_BYTES, 50 * MAX_BODY_BYTES])
@pytest.mark.parametrize('is_chunked', [False, True])
async def test_s12_the_size_of_a_body_is_limited(url: str, size: int, is_chunked: bool) -> None:
    """The limit holds with and without Content-Length; a huge body aborts the connection."""
    chunks = (b'x' * 5000 for _ in range(size // 5000 + 1))
    async with bystanders(url):
        try:
            reply = httpx.post(
                f'{url}{ROOMS}/arm/command', content=chunks if is_chunked else b'x' * size
            )
        except httpx.TransportError:
            assert size > 16 * MAX_BODY_BYTES
        else:
            assert reply.status_code == 413
            assert reply.json() == {'detail': 'a body has at most 65536 bytes'}


@pytest.mark.parametrize('url', [Limits(frames_hz=0.001)], indirect=True, ids=['frames'])
async def test_s12_a_stop_passes_the_rate_limit(url: str) -> None:
    """Stops pass the rate limit, including the one that closes the connection."""
    async with (
        enter(url, 'lab', 'arm', 'ros', 'consumer') as consumer,
        enter(url, 'lab', 'arm', 'fast', 'producer') as fast,
    ):
        await fast.send(joints(a=1))
        await fast.send({'type': 'emergency_stop', 'reason': 'first'})
        assert (await fast.recv_type('emergency_stop'))['reason'] == 'first'
        error = await fast.recv_type('error')
        await fast.send('{"type": "emergency\\u005fstop", "reason": "escaped"}')
        assert (await fast.recv_type('emergency_stop'))['reason'] == 'escaped'
        assert await fast.close_code() == 1008

        assert (error['code'], 'at most 0.001 messages' in error['message']) == (
            'rate_limited',
            True,
        )
        await consumer.recv_type('joint_update')
        for reason in ('first', 'escaped'):
            assert (await consumer.recv_type('emergency_stop'))['reason'] == reason


@limited()
async def test_a_flood_of_stops_delays_no_other_stop(url: str) -> None:
    """Thousands of stops of one participant become a few; another one passes at once."""
    async with (
        enter(url, 'lab', 'arm', 'robot', 'consumer') as robot,
        enter(url, 'lab', 'arm', 'wild', 'consumer') as wild,
        enter(url, 'lab', 'arm', 'person', 'consumer') as person,
    ):
        for number in range(2000):
            await wild.send({'type': 'emergency_stop', 'reason': f'wild {number}'})
        await person.send({'type': 'emergency_stop', 'reason': 'person'})
        reasons = []
        while 'person' not in reasons or 'wild 1999' not in reasons:
            reasons.append((await robot.recv_type('emergency_stop'))['reason'])

    assert reasons[0] == 'wild 0'
    assert len(reasons) < 100


@limited()
async def test_many_that_flood_the_room_delay_no_first_stop(url: str) -> None:
    """The delivered stops are limited for the room as a whole."""
    with ExitStack() as stack:
        peers = [
            stack.enter_context(closing(RawPeer.enter(url, PATH, f'wild {index}', 'consumer')))
            for index in range(20)
        ]
        count, took_s = await flood(url, peers)

    in_a_pause = len(peers) + 1 + PAUSE_S / PERIOD_S
    assert count <= BURST + in_a_pause * (took_s / PAUSE_S + 1)


async def flood(url: str, peers: list[RawPeer]) -> tuple[int, float]:
    """Send 50 stops from each peer; return the number of delivered stops and the duration."""
    async with enter(url, 'lab', 'arm', 'person', 'consumer') as person:
        began_s = time.monotonic()
        for number in range(50):
            for peer in peers:
                peer.send(b'{"type": "emergency_stop", "reason": "%d"}' % number)
        await person.send({'type': 'emergency_stop', 'reason': 'person'})
        await person.send({'type': 'heartbeat'})
        stops = []
        while (message := await person.recv())['type'] != 'heartbeat_ack':
            stops.append(message)
        assert 'person' in [stop['source'] for stop in stops]
        while len([stop for stop in stops if stop['reason'] == '49']) < len(peers):
            stops.append(await person.recv_type('emergency_stop'))
        return len(stops), time.monotonic() - began_s


@limited()
async def test_a_stop_that_waits_is_passed_on_before_the_room_is_deleted(url: str) -> None:
    """The queued stop is delivered, and kept for a new room of the same name."""
    reasons = [str(number) for number in range(BURST + 1)]
    async with (
        enter(url, 'lab', 'arm', 'robot', 'consumer') as robot,
        enter(url, 'lab', 'arm', 'person', 'consumer') as person,
    ):
        for reason in reasons:
            await person.send({'type': 'emergency_stop', 'reason': reason})
        for _ in reasons[:-1]:
            await person.recv_type('emergency_stop')
        await person.expect_silence()
        httpx.delete(f'{url}{ROOMS}/arm').raise_for_status()

        for reason in reasons:
            assert (await robot.recv_type('emergency_stop'))['reason'] == reason
        assert await robot.close_code() == 4404
    httpx.post(url + ROOMS, json={'room_id': 'arm'}).raise_for_status()
    state = httpx.get(f'{url}{ROOMS}/arm/state').json()['state']
    assert state['last_stop']['reason'] == reasons[-1]


@limited()
async def test_a_request_for_a_reset_does_not_overtake_the_stop_before_it(url: str) -> None:
    """The order is kept, because the robot would otherwise be stopped again."""
    async with (
        enter(url, 'lab', 'arm', 'robot', 'consumer', 'remote_reset') as robot,
        enter(url, 'lab', 'arm', 'person', 'consumer', 'remote_reset') as person,
    ):
        for number in range(BURST + 1):
            await person.send({'type': 'emergency_stop', 'reason': str(number)})
        await person.send({'type': 'reset_stop', 'to': 'robot'})

        for number in range(BURST + 1):
            assert (await robot.recv_type('emergency_stop'))['reason'] == str(number)
        assert (await robot.recv_type('reset_stop'))['source'] == 'person'


@limited(frames_hz=20)
async def test_s12_a_sender_above_the_rate_is_limited_and_then_disconnected(
    url: str,
) -> None:
    """It gets errors, and other members are not affected."""
    async with bystanders(url), enter(url, 'lab', 'arm', 'fast', 'consumer') as fast:
        for _ in range(200):
            await fast.send({'type': 'status_update'})

        codes = [error['code'] for error in await errors_of(fast)]
        assert len(codes) >= 2
        assert set(codes) == {'rate_limited'}
        assert await fast.close_code() == 1008


@limited(frames_hz=0.001)
async def test_a_driver_above_the_rate_still_releases_control(url: str) -> None:
    """Otherwise the robot would go on to follow it."""
    features = ('control', 'liveness')
    async with (
        enter(url, 'lab', 'arm', 'viewer', 'consumer', 'control') as viewer,
        enter(url, 'lab', 'arm', 'fast', 'producer', *features) as fast,
    ):
        assert (await fast.recv_type('control'))['holder'] == 'fast'
        await fast.send({'type': 'status_update'})
        await fast.send({'type': 'release_control', 'request': 1})
        kinds = {(await fast.recv())['type'] for _ in range(3)}
        assert kinds == {'control', 'control_answer', 'error'}

        while (seen := await viewer.recv()).get('change') != 'released':
            assert seen['type'] in ('control', 'status_update')
        assert 'holder' not in seen


async def errors_of(peer: Peer) -> list[dict[str, str]]:
    """Return the errors that the server sent before it closed the connection."""
    errors = []
    try:
        while True:
            errors.append(await peer.recv_type('error'))
    except websockets.exceptions.ConnectionClosed:
        return errors


async def test_s12_a_thousand_updates_per_second_pass() -> None:
    """A burst of 2000 updates passes the default limits."""
    for url in server_with(Limits()):
        async with enter(url, 'lab', 'arm', 'leader', 'producer') as producer:
            for step in range(2000):
                await producer.send(joints(a=step))
            await producer.expect_silence()
        state = httpx.get(f'{url}{ROOMS}/arm/state').json()['state']
        assert state['joints'] == {'a': 1999}


@limited(connections=3)
async def test_s12_the_connections_are_limited(url: str) -> None:
    """Above the limit, the handshake is refused until a participant has left."""
    async with bystanders(url), enter(url, 'lab', 'arm', 'third', 'consumer') as third:
        with pytest.raises(websockets.exceptions.InvalidHandshake, match='503'):
            async with connect(url, PATH):
                pass
        # A REST request uses its place only for a moment.
        assert httpx.get(f'{url}/health').status_code == 200
        await third.close()
        deadline = time.monotonic() + 10.0
        while True:
            try:
                async with enter(url, 'lab', 'arm', 'fourth', 'consumer'):
                    return
            except websockets.exceptions.InvalidHandshake:
                assert time.monotonic() < deadline, 'no place became free'


@limited(connections=2)
async def test_s12_silent_connections_evict_each_other(url: str) -> None:
    """The oldest is evicted first, and participants are not affected."""
    count = waiting_places(Limits(connections=2)) + 1
    async with bystanders(url):
        with ExitStack() as after:
            mute = [after.enter_context(closing(RawPeer.connect_bare(url))) for _ in range(count)]

            await wait_until(mute[0].is_dropped, 'the oldest to be dropped')
            assert not mute[-1].is_dropped()


async def test_s04_a_silent_connection_is_closed() -> None:
    """A connection without a request is closed after the join timeout."""
    for url in server_with(Limits(), Timing(join_s=0.5)):
        async with bystanders(url):
            with closing(RawPeer.connect_bare(url)) as mute:
                await wait_until(mute.is_dropped, 'the mute connection to be hung up on')


def test_s04_a_request_that_ends_too_early_does_nothing() -> None:
    """An incomplete request has no effect, even if its part looks complete."""
    for url in server_with(Limits()):
        with closing(RawPeer.connect_bare(url)) as torn:
            torn.sock.sendall(
                f'POST {ROOMS} HTTP/1.1\r\nHost: localhost\r\n'
                'Content-Length: 10\r\n\r\n{}'.encode()
            )
            torn.sock.shutdown(socket.SHUT_WR)
            torn.sock.recv(65536)
        assert httpx.get(url + ROOMS).json()['total'] == 1


def test_s04_a_body_that_does_not_come_is_answered() -> None:
    """A missing body is answered with 408 after the join timeout."""
    for url in server_with(Limits(), Timing(join_s=0.05)):
        with closing(RawPeer.connect_bare(url)) as slow:
            slow.sock.sendall(
                f'POST {ROOMS} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\n'.encode()
            )
            assert slow.sock.recv(65536).startswith(b'HTTP/1.1 408 ')
