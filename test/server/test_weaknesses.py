# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""
Weaknesses S7 to S22 of the public server, which ours must not have.

Each test is named after the one that it shows to be absent; those of joining are in
``test_weaknesses_of_joining.py``, S9 in ``test_slow_peers.py``, the limits of S12 in
``test_limits.py`` and more of S13 in ``test_access_of_server.py``.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AsyncExitStack
import http.client
import logging
from pathlib import Path
import re
from urllib.parse import urlsplit
import uuid

import httpx
import pytest
from support.arena_api import WORKSPACE, get, has_producer, make_room
from support.peers import connect, enter, joint, joints, ws_path
from support.server import rules_of, running_server
from support.waiting import wait_until

from lerobot_arena_ros.server.cli.options import read_options
from lerobot_arena_ros.server.log.rate_limited_log import LINES
from lerobot_arena_ros.server.rooms.limits import Limits, Policy, Timing

LOG = 'lerobot_arena_ros.server'


@pytest.fixture(scope='module')
def url() -> Iterator[str]:
    """Run one server for this module; each test uses its own room."""
    with running_server() as address:
        yield address


@pytest.fixture
def room(url: str) -> str:
    """Create a room with a name that no other test uses."""
    return make_room(url)


@pytest.fixture
def rooms() -> str:
    """Return the path of the rooms of a new workspace."""
    return f'/robotics/workspaces/{uuid.uuid4()}/rooms'


def test_every_weakness_has_its_test() -> None:
    """Each of S1 to S22 has a test with its number in the name."""
    tests = ''.join(path.read_text() for path in Path(__file__).parents[1].rglob('test_*.py'))

    shown = {int(number) for number in re.findall(r'def test_s(\d\d)_', tests)}
    assert shown == set(range(1, 23))


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
async def test_s07_a_bad_update_is_refused_as_a_whole(url: str, room: str, bad: str) -> None:
    """No value is stored, so the valid part is a change when it is sent again."""
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


async def test_s08_a_nan_breaks_neither_rest_nor_a_later_state_sync(url: str, room: str) -> None:
    """NaN is not stored, so all later messages are valid JSON."""
    async with enter(url, WORKSPACE, room, 'leader', 'producer') as producer:
        await producer.send('{"type":"joint_update","data":[{"name":"a","value":NaN}]}')
        assert (await producer.recv_type('error'))['code'] == 'invalid_value'
        await producer.send(joints(b=1))
        await producer.expect_silence()
    command = f'{url}/robotics/workspaces/{WORKSPACE}/rooms/{room}/command'
    bad = httpx.post(command, content=b'{"joints": [{"name": "c", "value": NaN}]}')
    async with connect(url, ws_path(WORKSPACE, room)) as consumer:
        await consumer.send({'participant_id': 'ros', 'role': 'consumer'})
        known = (await consumer.recv_type('state_sync'))['data']

    assert bad.status_code == 422
    assert get(url, room, '/state')['joints'] == known == {'b': 1}


async def test_s10_members_miss_nothing_while_others_leave(url: str, room: str) -> None:
    """The recipients are a snapshot, so leaving members do not change it."""
    async with (
        enter(url, WORKSPACE, room, 'leader', 'producer') as producer,
        AsyncExitStack() as leaving,
    ):
        others = [
            await leaving.enter_async_context(
                enter(url, WORKSPACE, room, f'other {number}', 'consumer')
            )
            for number in range(10)
        ]
        async with enter(url, WORKSPACE, room, 'ros', 'consumer') as consumer:
            for step in range(100):
                await producer.send(joints(a=step))
                if step % 10 == 5:
                    others[step // 10].connection.transport.abort()
            await producer.expect_silence()

            seen = [(await consumer.recv_type('joint_update'))['data'] for _ in range(100)]
    assert seen == [[joint('a', step)] for step in range(100)]


async def test_s12_the_consumer_limit_of_the_creator_is_enforced(url: str, rooms: str) -> None:
    """One consumer more is refused."""
    httpx.post(url + rooms, json={'room_id': 'arm', 'max_consumers': 1})
    workspace = rooms.split('/')[3]
    async with (
        enter(url, workspace, 'arm', 'a', 'consumer'),
        connect(url, ws_path(workspace, 'arm')) as late,
    ):
        await late.send({'participant_id': 'b', 'role': 'consumer'})

        assert (await late.recv())['message'] == 'Cannot join room'


async def test_s13_without_the_token_all_requests_are_refused() -> None:
    """A default server also listens only on the loopback address."""
    assert read_options([], {}).host == '127.0.0.1'
    paths = [
        ('GET', '/robotics/workspaces/lab/rooms'),
        ('POST', '/robotics/workspaces/lab/rooms'),
        ('GET', '/robotics/workspaces/lab/rooms/arm'),
        ('GET', '/robotics/workspaces/lab/rooms/arm/state'),
        ('DELETE', '/robotics/workspaces/lab/rooms/arm'),
        ('POST', '/robotics/workspaces/lab/rooms/arm/command'),
        ('GET', '/robotics/status'),
        ('GET', '/robotics/cleanup/status'),
        ('POST', '/robotics/cleanup/manual'),
        ('GET', '/metrics'),
        ('GET', '/openapi.json'),
    ]
    with running_server(rules=rules_of('secret')) as url, httpx.Client(base_url=url) as http:
        for prefix in ('', '/api'):
            codes = {http.request(verb, prefix + path).status_code for verb, path in paths}
            assert codes == {401}
            assert http.get(f'{prefix}/health').status_code == 200
        with pytest.raises(Exception, match='401'):
            async with connect(url, ws_path('lab', 'arm')):
                pass


async def test_s15_a_heartbeat_ack_reports_the_producer(url: str, room: str) -> None:
    """A client can find out that the producer has left."""
    async with enter(url, WORKSPACE, room, 'ros', 'consumer') as consumer:
        async with enter(url, WORKSPACE, room, 'leader', 'producer'):
            assert await has_producer(consumer) is True
        await wait_until(lambda: not get(url, room)['has_producer'], 'the producer to be gone')

        assert await has_producer(consumer) is False


@pytest.mark.parametrize('role', ['producer', 'consumer'])
async def test_s16_a_stop_reaches_all_members_and_its_sender(
    url: str, room: str, role: str
) -> None:
    """Each stop message stops; its source is the sender, and its reason is a text."""
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


async def test_s17_idle_rooms_are_deleted_automatically() -> None:
    """The server sweeps periodically."""
    timing, limits = Timing(sweep_s=0.02), Limits(idle_s=0.02)
    server = running_server(limits=limits, timing=timing)
    with server as address, httpx.Client(base_url=address) as http:
        http.post('/robotics/workspaces/lab/rooms', json={'room_id': 'arm'})

        await wait_until(
            lambda: http.get('/robotics/status').json()['workspaces_count'] == 0,
            'the idle room and its workspace to be gone',
        )


async def test_s18_a_frame_of_more_than_256_kib_is_closed_with_1009(url: str, room: str) -> None:
    """A frame just below the limit passes, and is below the limit of clients."""
    async with enter(url, WORKSPACE, room, 'leader', 'producer') as producer:
        await producer.send({'type': 'heartbeat', 'padding': 'x' * (255 * 1024)})
        await producer.recv_type('heartbeat_ack')
        await producer.send('x' * (256 * 1024 + 1))

        assert await producer.close_code() == 1009


@pytest.mark.parametrize('path', ['/..%2fetc/passwd', '/../../etc/passwd', '/%2e%2e/README.md'])
def test_s19_no_file_is_served(url: str, path: str) -> None:
    """The path is sent unmodified, because HTTP clients normalize it."""
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=10)
    connection.request('GET', path)
    reply = connection.getresponse()
    body = reply.read()
    connection.close()

    assert (reply.status, body) == (404, b'{"detail":"Not Found"}')


@pytest.mark.parametrize('room_id', ['a/b', 'a\x00b', 'a\nb', '.', '..', 'x' * 129], ids=repr)
def test_s20_an_id_that_cannot_be_part_of_a_url_is_refused(
    url: str, rooms: str, room_id: str
) -> None:
    """The status is 422, and no room is created."""
    reply = httpx.post(url + rooms, json={'room_id': room_id})

    assert reply.status_code == 422
    assert 'room_id' in reply.json()['detail'][0]['msg']
    assert httpx.get(url + rooms).json()['total'] == 0


async def test_s21_a_flood_of_bad_frames_writes_few_lines(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The log has no traceback and no long texts, and the number of lines left out."""
    caplog.set_level(logging.INFO, LOG)
    with running_server() as url:
        room = make_room(url)
        async with enter(url, WORKSPACE, room, 'rude\nline', 'producer') as rude:
            for _ in range(500):
                await rude.send('nonsense' * 100)
            for _ in range(500):
                await rude.recv_type('error')

    lines = [record.getMessage() for record in caplog.records if record.name == LOG]
    bad = [line for line in lines if line.startswith('event=bad_frame')]
    assert len(bad) == LINES + 1
    assert bad[-1] == f'event=bad_frame left_out={500 - LINES}'
    assert "participant='rude\\nline' role='producer'" in bad[0]
    assert not any('\n' in line or len(line) > 1000 for line in lines)
    assert not any(record.exc_info for record in caplog.records)


async def test_s22_commands_over_rest_can_be_switched_off(rooms: str) -> None:
    """Commands get a clear error; the producer, the state and the list still work."""
    with running_server(policy=Policy(commands=False)) as url:
        room = make_room(url)
        path = f'{url}/robotics/workspaces/{WORKSPACE}/rooms/{room}'
        async with (
            enter(url, WORKSPACE, room, 'leader', 'producer') as producer,
            enter(url, WORKSPACE, room, 'ros', 'consumer') as consumer,
        ):
            reply = httpx.post(f'{path}/command', json={'joints': [joint('a', 1)]})
            await producer.send(joints(a=2))

            assert (await consumer.recv_type('joint_update'))['data'] == [joint('a', 2)]
    assert reply.status_code == 403
    assert reply.json() == {
        'detail': 'this server accepts no commands over REST; join the room as its producer'
    }
