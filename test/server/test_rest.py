# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""The REST interface of the arena server: replies, refusals, and effects on participants."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any
import uuid

import httpx
import pytest
from support.peers import enter, joint, joints
from support.server import running_server
from support.waiting import wait_until

from lerobot_arena_ros.server.rooms.limits import Limits

Json = dict[str, Any]


@pytest.fixture(scope='module')
def url() -> Iterator[str]:
    """Run one server for this module; each test uses its own workspace."""
    with running_server() as address:
        yield address


@pytest.fixture
def http(url: str) -> Iterator[httpx.Client]:
    """Return a client of the server."""
    with httpx.Client(base_url=url) as client:
        yield client


@pytest.fixture
def rooms() -> str:
    """Return the path of the rooms of a new workspace."""
    return f'/robotics/workspaces/{uuid.uuid4()}/rooms'


def workspace_of(rooms: str) -> str:
    """Return the workspace id of a path."""
    return rooms.split('/')[3]


def command(*entries: object) -> Json:
    """Return the body of a command."""
    return {'joints': list(entries)}


def test_an_unknown_workspace_has_no_rooms(http: httpx.Client, rooms: str) -> None:
    """An unknown workspace is not an error, because workspaces are only names."""
    reply = http.get(rooms)

    assert reply.status_code == 200
    assert reply.json() == {
        'success': True,
        'workspace_id': workspace_of(rooms),
        'rooms': [],
        'total': 0,
    }


@pytest.mark.parametrize('body', [b'', b'{}', b'null', b'{"room_id": null}', b'{"room_id": ""}'])
def test_a_room_needs_no_description(http: httpx.Client, rooms: str, body: bytes) -> None:
    """All settings of a room are optional, and so is the Content-Type."""
    reply = http.post(rooms, content=body)

    assert reply.status_code == 200
    assert reply.json().keys() == {'success', 'workspace_id', 'room_id', 'message'}
    assert uuid.UUID(reply.json()['room_id'])


def test_the_path_names_the_workspace(http: httpx.Client, rooms: str) -> None:
    """The workspace in the body is ignored, and so are unknown keys."""
    body = {'room_id': 'arm', 'workspace_id': 'elsewhere', 'colour': 'red', 'name': 'Arm'}

    reply = http.post(rooms, json=body)

    assert reply.json()['workspace_id'] == workspace_of(rooms)
    assert reply.json()['room_id'] == 'arm'


def test_what_a_new_room_looks_like(http: httpx.Client, rooms: str) -> None:
    """The list, the details and the state of a new room agree."""
    http.post(rooms, json={'room_id': 'arm'})
    workspace = workspace_of(rooms)
    nobody: Json = {'producer': None, 'consumers': [], 'total': 0}
    item = {
        'id': 'arm',
        'workspace_id': workspace,
        'participants': nobody,
        'joints_count': 0,
    }

    assert http.get(rooms).json()['rooms'] == [item]
    control: Json = {
        'holder': None,
        'policy': 'first',
        'drivers': [],
        'requests': [],
        'number': 0,
        'change': None,
        'by': None,
    }
    assert http.get(f'{rooms}/arm').json() == {
        'success': True,
        'room': {**item, 'has_producer': False, 'active_consumers': 0, 'control': control},
    }
    state = http.get(f'{rooms}/arm/state').json()['state']
    assert datetime.fromisoformat(state.pop('timestamp')).utcoffset() is not None
    assert state == {
        'room_id': 'arm',
        'workspace_id': workspace,
        'joints': {},
        'participants': nobody,
        'control': control,
        'last_stop': None,
    }


def test_a_room_without_robots_lists_none(http: httpx.Client, rooms: str) -> None:
    """A room without robots has an empty list; an unknown room is not found."""
    http.post(rooms, json={'room_id': 'arm'})

    assert http.get(f'{rooms}/arm/robots').json() == {
        'success': True,
        'workspace_id': workspace_of(rooms),
        'room_id': 'arm',
        'robots': [],
    }
    reply = http.get(f'{rooms}/leg/robots')
    assert (reply.status_code, reply.json()) == (404, {'detail': 'Room not found'})


async def test_participants_are_listed_by_role(http: httpx.Client, url: str, rooms: str) -> None:
    """REST lists the participants, who are not listed over the WebSocket."""
    http.post(rooms, json={'room_id': 'arm'})
    workspace = workspace_of(rooms)
    async with (
        enter(url, workspace, 'arm', 'leader', 'producer'),
        enter(url, workspace, 'arm', 'ros', 'consumer'),
    ):
        room = http.get(f'{rooms}/arm').json()['room']

    assert room['participants'] == {'producer': 'leader', 'consumers': ['ros'], 'total': 2}
    assert (room['has_producer'], room['active_consumers']) == (True, 1)


@pytest.mark.parametrize('part', ['', '/state'])
def test_what_does_not_exist_is_404(http: httpx.Client, rooms: str, part: str) -> None:
    """The body of a 404 is that of the public server."""
    reply = http.get(f'{rooms}/nothing{part}')

    assert reply.status_code == 404
    assert reply.json() == {'detail': 'Room not found'}


def test_deleting_and_commanding_what_does_not_exist_is_404(
    http: httpx.Client, rooms: str
) -> None:
    """A deleted room is handled as an unknown one."""
    http.post(rooms, json={'room_id': 'arm'})

    assert http.delete(f'{rooms}/arm').json().keys() == {'success', 'message'}
    assert http.delete(f'{rooms}/arm').status_code == 404
    assert http.get(rooms).json()['total'] == 0
    reply = http.post(f'{rooms}/arm/command', json=command(joint('a', 1)))
    assert reply.status_code == 404


async def test_a_command_reaches_consumers(http: httpx.Client, url: str, rooms: str) -> None:
    """The update has the source ``api``, all three keys and a float value."""
    http.post(rooms, json={'room_id': 'arm'})
    workspace = workspace_of(rooms)
    async with enter(url, workspace, 'arm', 'ros', 'consumer') as consumer:
        entries = joint('a', 1), joint('b', '12', speed=50)
        reply = http.post(f'{rooms}/arm/command', json=command(*entries))
        update = await consumer.recv_type('joint_update')

    assert reply.json() == {
        'success': True,
        'workspace_id': workspace,
        'room_id': 'arm',
        'joints_updated': 2,
        'message': 'Commands sent successfully',
    }
    assert update['source'] == 'api'
    assert update['data'] == [
        {'name': 'a', 'value': 1.0, 'speed': None},
        {'name': 'b', 'value': 12.0, 'speed': 50.0},
    ]
    assert all(isinstance(entry['value'], float) for entry in update['data'])


async def test_a_command_beside_a_producer_is_refused_and_a_stop_is_not(
    http: httpx.Client, url: str, rooms: str
) -> None:
    """The error names the producer; consumers get only its values."""
    http.post(rooms, json={'room_id': 'arm'})
    workspace = workspace_of(rooms)
    async with (
        enter(url, workspace, 'arm', 'ros', 'consumer') as consumer,
        enter(url, workspace, 'arm', 'leader', 'producer') as producer,
    ):
        await producer.send(joints(a=1))
        reply = http.post(f'{rooms}/arm/command', json=command(joint('a', 90)))
        await producer.send(joints(a=2))
        updates = [(await consumer.recv_type('joint_update'))['data'] for _ in range(2)]
        await consumer.send({'type': 'emergency_stop', 'reason': 'stop'})
        assert (await producer.recv_type('emergency_stop'))['reason'] == 'stop'

    assert reply.status_code == 409
    assert reply.json() == {
        'detail': "room 'arm' has the producer 'leader': commands over REST are accepted only"
        ' without a producer; end that producer, or send through it'
    }
    assert updates == [[joint('a', 1)], [joint('a', 2)]]
    assert 'lerobot_arena_refusals_total{reason="role_taken"} ' in http.get('/metrics').text


async def test_a_command_is_accepted_after_the_producer_has_left(
    http: httpx.Client, url: str, rooms: str
) -> None:
    """Only a present producer blocks commands."""
    http.post(rooms, json={'room_id': 'arm'})
    async with enter(url, workspace_of(rooms), 'arm', 'leader', 'producer'):
        path = f'{rooms}/arm/command'
        assert http.post(path, json=command(joint('a', 1))).status_code == 409

    await wait_until(
        lambda: not http.get(f'{rooms}/arm').json()['room']['has_producer'], 'it to leave'
    )
    assert http.post(path, json=command(joint('a', 1))).json()['joints_updated'] == 1


def test_a_command_that_changes_nothing_updates_nothing(http: httpx.Client, rooms: str) -> None:
    """Only changed entries are counted, and one joint may be counted twice."""
    http.post(rooms, json={'room_id': 'arm'})
    path = f'{rooms}/arm/command'

    counts = [
        http.post(path, json=command(*entries)).json()['joints_updated']
        for entries in ([joint('a', 1)], [joint('a', 1)], [joint('a', 2), joint('a', 3)])
    ]

    assert counts == [1, 0, 2]


BAD_COMMANDS = {
    'no joints': b'{"joints": []}',
    'too many joints': b'{"joints": [%s]}' % b','.join([b'{"name": "a", "value": 1}'] * 21),
    'joints missing': b'{}',
    'value too large': b'{"joints": [{"name": "secret", "value": 361}]}',
    'value too small': b'{"joints": [{"name": "secret", "value": -361}]}',
    'value missing': b'{"joints": [{"name": "secret"}]}',
    'value no number': b'{"joints": [{"name": "a", "value": "secret"}]}',
    'value NaN': b'{"joints": [{"name": "secret", "value": NaN}]}',
    'value infinite': b'{"joints": [{"name": "secret", "value": Infinity}]}',
    'value beyond a double': b'{"joints": [{"name": "secret", "value": 1e999}]}',
    'speed too large': b'{"joints": [{"name": "secret", "value": 1, "speed": 101}]}',
    'speed NaN': b'{"joints": [{"name": "secret", "value": 1, "speed": NaN}]}',
    'name empty': b'{"joints": [{"name": "", "value": 1}]}',
    'name too long': b'{"joints": [{"name": "%s", "value": 1}]}' % (b'x' * 51),
    'name no text': b'{"joints": [{"name": "\\ud800", "value": 1}]}',
    'no JSON': b'secret',
    'nothing': b'',
}


@pytest.mark.parametrize('body', BAD_COMMANDS.values(), ids=BAD_COMMANDS)
def test_an_invalid_command_is_422_and_moves_nothing(
    http: httpx.Client, rooms: str, body: bytes
) -> None:
    """The reply is valid JSON for any input, and does not contain the input."""
    http.post(rooms, json={'room_id': 'arm'})

    reply = http.post(f'{rooms}/arm/command', content=body)

    assert reply.status_code == 422
    for error in reply.json()['detail']:
        assert error.keys() == {'type', 'loc', 'msg'}
        assert error['loc'][0] == 'body'
    assert 'secret' not in reply.text
    assert http.get(f'{rooms}/arm/state').json()['state']['joints'] == {}


@pytest.mark.parametrize(
    'body',
    [
        {'room_id': 7},
        {'room_id': 'a/b'},
        {'room_id': 'x' * 129},
        {'max_consumers': 0},
        {'max_consumers': 101},
    ],
    ids=str,
)
def test_an_invalid_room_is_422(http: httpx.Client, rooms: str, body: object) -> None:
    """An id that cannot be part of a URL is refused too."""
    reply = http.post(rooms, json=body)

    assert reply.status_code == 422
    assert {error.keys() >= {'type', 'loc', 'msg'} for error in reply.json()['detail']} == {True}
    assert http.get(rooms).json()['total'] == 0


def test_the_other_keys_of_a_public_client_are_ignored(http: httpx.Client, rooms: str) -> None:
    """The path names the workspace, and a room has neither a name nor a type of robot."""
    public = {'workspace_id': 'elsewhere', 'name': 7, 'robot_type': 'toaster'}
    reply = http.post(rooms, json={'room_id': 'arm', **public})

    assert reply.status_code == 200
    assert [room['id'] for room in http.get(rooms).json()['rooms']] == ['arm']


@pytest.mark.parametrize('prefix', ['', '/api'])
def test_everything_is_served_at_the_root_and_below_api(
    http: httpx.Client, rooms: str, prefix: str
) -> None:
    """All paths work with and without the prefix /api."""
    assert http.get(f'{prefix}/health').json() == {'status': 'healthy', 'server_running': True}
    health = http.get(f'{prefix}/robotics/health').json()
    assert health == {'status': 'healthy', 'service': 'robotics'}
    assert http.post(prefix + rooms, json={'room_id': 'arm'}).status_code == 200
    assert http.get(f'{prefix}{rooms}/arm').status_code == 200
    assert http.get(f'{prefix}/robotics/cleanup/status').status_code == 200


async def test_the_status_counts(url: str) -> None:
    """The status counts workspaces with rooms, rooms and participants."""
    with running_server() as address, httpx.Client(base_url=address) as http:
        for workspace in ('a', 'a', 'b'):
            http.post(f'/robotics/workspaces/{workspace}/rooms')
        http.post('/robotics/workspaces/b/rooms', json={'room_id': 'arm'})
        async with enter(address, 'b', 'arm', 'ros', 'consumer'):
            status = http.get('/robotics/status').json()

    assert status == {
        'service': 'robotics',
        'status': 'active',
        'workspaces_count': 2,
        'rooms_count': 4,
        'connections_count': 1,
        'version': '2.0.0',
        'supported_roles': ['producer', 'consumer'],
        'supported_robot_types': ['so-arm100', 'generic'],
        'cleanup': {
            'enabled': True,
            'inactivity_timeout_hours': 1.0,
            'cleanup_interval_minutes': 15.0,
        },
    }


async def test_a_cleanup_deletes_idle_rooms_without_members(url: str) -> None:
    """The report lists these rooms beforehand."""
    limits = Limits(idle_s=1e-9)
    with running_server(limits=limits) as address, httpx.Client(base_url=address) as http:
        rooms = '/robotics/workspaces/lab/rooms'
        for room_id in ('idle', 'used'):
            http.post(rooms, json={'room_id': room_id})
        async with enter(address, 'lab', 'used', 'ros', 'consumer'):
            report = http.get('/robotics/cleanup/status').json()['cleanup_status']
            result = http.post('/robotics/cleanup/manual').json()['cleanup_result']
            left = [room['id'] for room in http.get(rooms).json()['rooms']]

    assert report['total_rooms'] == 2
    assert [
        (room['room_id'], room['has_connections'], room['will_be_cleaned'])
        for room in report['rooms']
    ] == [('idle', False, True), ('used', True, False)]
    assert result.pop('timestamp')
    assert result == {
        'cleanup_triggered': True,
        'rooms_before': 2,
        'rooms_after': 1,
        'rooms_removed': 1,
    }
    assert left == ['used']


def test_a_trailing_slash_is_redirected(http: httpx.Client, rooms: str) -> None:
    """The redirect is a 307, so that a POST keeps its method."""
    reply = http.post(f'{rooms}/', json={})

    assert reply.status_code == 307
    assert http.post(reply.headers['location'], json={}).status_code == 200


def test_wrong_paths_and_methods(http: httpx.Client, rooms: str) -> None:
    """Wrong paths and methods get the usual codes; the old unscoped paths are not served."""
    assert http.get('/robotics/rooms').status_code == 404
    assert http.get('/nothing').json() == {'detail': 'Not Found'}
    assert http.put(rooms).status_code == 405


def test_preflights_of_other_origins_fail(http: httpx.Client, rooms: str) -> None:
    """The preflight of another origin fails for each method."""
    origin = {'Origin': 'https://example.org'}
    for method in ('GET', 'POST', 'DELETE'):
        reply = http.options(rooms, headers={**origin, 'Access-Control-Request-Method': method})

        assert 'access-control-allow-origin' not in reply.headers
    assert http.get(rooms, headers=origin).status_code == 403


def test_the_interface_documents_itself(http: httpx.Client) -> None:
    """The OpenAPI document has each path once, without the prefix."""
    document = http.get('/openapi.json').json()

    assert document['info']['version'] == '2.0.0'
    assert '/robotics/workspaces/{workspace_id}/rooms/{room_id}/command' in document['paths']
    assert not any(path.startswith('/api') for path in document['paths'])
    # Such pages would load scripts from another host into the console's origin.
    assert http.get('/docs').status_code == http.get('/redoc').status_code == 404
