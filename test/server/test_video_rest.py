# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""The REST interface of video rooms: the paths and replies of the public server."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any
import uuid

import httpx
import pytest
from support.server import running_server
from support.video_rooms import video_peer, video_rooms

from lerobot_arena_ros.server.rooms.limits import Limits, Policy, Timing

Json = dict[str, Any]

CONFIG: Json = {
    'resolution': {'width': 640, 'height': 480},
    'framerate': 30,
    'bitrate': 1_000_000,
    'quality': 80,
}
NO_MEMBERS: Json = {'producer': None, 'consumers': [], 'total': 0}


@pytest.fixture(scope='module')
def http() -> Iterator[httpx.Client]:
    """Return a client of a server for this module; each test uses its own workspace."""
    with running_server() as url, httpx.Client(base_url=url) as client:
        yield client


@pytest.fixture
def workspace() -> str:
    """Return the id of a workspace that no other test uses."""
    return str(uuid.uuid4())


@pytest.fixture
def rooms(workspace: str) -> str:
    """Return the path of the rooms of the workspace."""
    return f'/video/workspaces/{workspace}/rooms'


def test_an_unknown_workspace_has_no_rooms(http: httpx.Client, rooms: str, workspace: str) -> None:
    """An unknown workspace is not an error, because workspaces are only names."""
    reply = http.get(rooms)

    assert reply.status_code == 200
    assert reply.json() == {
        'success': True,
        'workspace_id': workspace,
        'rooms': [],
        'total': 0,
    }


@pytest.mark.parametrize('prefix', ['', '/api'])
@pytest.mark.parametrize('body', [b'', b'{}', b'null', b'{"room_id": null}', b'{"room_id": ""}'])
def test_a_room_needs_no_description(
    http: httpx.Client, rooms: str, workspace: str, body: bytes, prefix: str
) -> None:
    """All settings are optional, and so is the Content-Type; the status is 200."""
    reply = http.post(prefix + rooms, content=body)

    assert reply.status_code == 200
    made = reply.json()
    room = made.pop('room_id')
    assert uuid.UUID(room)
    assert made == {
        'success': True,
        'workspace_id': workspace,
        'message': f'Video room {room} created successfully in workspace {workspace}',
    }


def test_a_new_room_has_the_keys_of_the_public_server(
    http: httpx.Client, rooms: str, workspace: str
) -> None:
    """The list has no encoding, the details and the state have."""
    http.post(rooms, json={'room_id': 'front', 'workspace_id': 'elsewhere', 'colour': 'red'})
    item = {
        'id': 'front',
        'workspace_id': workspace,
        'participants': NO_MEMBERS,
        'frame_count': 0,
        'config': CONFIG,
        'has_producer': False,
        'active_consumers': 0,
    }
    encoded = {**CONFIG, 'encoding': 'vp8'}

    assert http.get(rooms).json()['rooms'] == [item]
    assert http.get(f'{rooms}/front').json() == {
        'success': True,
        'workspace_id': workspace,
        'room': {**item, 'config': encoded},
    }
    reply = http.get(f'{rooms}/front/state').json()
    state = reply.pop('state')
    assert reply == {'success': True, 'workspace_id': workspace}
    assert datetime.fromisoformat(state.pop('timestamp')).utcoffset() is not None
    assert state == {
        'room_id': 'front',
        'workspace_id': workspace,
        'participants': NO_MEMBERS,
        'frame_count': 0,
        'last_frame_time': None,
        'current_config': encoded,
    }


def test_the_configuration_of_a_room_is_kept(http: httpx.Client, rooms: str) -> None:
    """Null stays null, except the encoding; a recovery configuration is accepted."""
    config = {'encoding': None, 'framerate': 15, 'bitrate': None}
    recovery = {'frame_timeout_ms': 500, 'recovery_policy': 'black_screen'}
    body = {'room_id': 'front', 'config': config, 'recovery_config': recovery, 'name': 'Front'}

    assert http.post(rooms, json=body).status_code == 200

    kept = http.get(f'{rooms}/front').json()['room']['config']
    assert kept == {**CONFIG, 'encoding': 'vp8', 'framerate': 15, 'bitrate': None}


@pytest.mark.parametrize(
    'body',
    [
        {'room_id': 7},
        {'room_id': 'a/b'},
        {'max_consumers': 0},
        {'max_consumers': 101},
        {'config': {'encoding': 'VP8'}},
        {'config': {'framerate': 0}},
        {'config': {'bitrate': 1}},
        {'config': {'quality': 101}},
        {'config': 7},
        {'recovery_config': {'frame_timeout_ms': 1}},
        {'recovery_config': {'recovery_policy': 'none'}},
        7,
    ],
)
def test_an_invalid_description_is_422(http: httpx.Client, rooms: str, body: object) -> None:
    """No room is created."""
    assert http.post(rooms, json=body).status_code == 422
    assert http.get(rooms).json()['total'] == 0


async def test_participants_are_listed_by_role(http: httpx.Client) -> None:
    """REST lists the participants, because the WebSocket does not."""
    url = str(http.base_url).rstrip('/')
    rooms = video_rooms(url)
    http.post(rooms, json={'room_id': 'front'})
    async with (
        video_peer(url, 'front', 'cam', 'producer'),
        video_peer(url, 'front', 'viewer', 'consumer'),
    ):
        room = http.get(f'{rooms}/front').json()['room']

    assert room['participants'] == {'producer': 'cam', 'consumers': ['viewer'], 'total': 2}
    assert (room['has_producer'], room['active_consumers']) == (True, 1)


@pytest.mark.parametrize(('method', 'part'), [('GET', ''), ('GET', '/state'), ('DELETE', '')])
def test_a_room_that_does_not_exist_is_404(
    http: httpx.Client, rooms: str, method: str, part: str
) -> None:
    """The body of a 404 is that of the public server."""
    reply = http.request(method, f'{rooms}/nowhere{part}')

    assert (reply.status_code, reply.json()) == (404, {'detail': 'Room not found'})


def test_a_signal_to_a_room_that_does_not_exist_is_400(http: httpx.Client, rooms: str) -> None:
    """The public server answers 400 here, not 404."""
    body = {'client_id': 'cam', 'message': {'type': 'offer', 'sdp': 'v=0'}}
    reply = http.post(f'{rooms}/nowhere/webrtc/signal', json=body)

    assert (reply.status_code, reply.json()) == (400, {'detail': 'Bad Request'})


def test_deleting_a_room_names_it(http: httpx.Client, rooms: str, workspace: str) -> None:
    """The reply has the workspace, unlike that of a room of joints."""
    http.post(rooms, json={'room_id': 'front'})

    assert http.delete(f'{rooms}/front').json() == {
        'success': True,
        'workspace_id': workspace,
        'message': f'Room front deleted successfully from workspace {workspace}',
    }
    assert http.get(rooms).json()['total'] == 0


def test_rooms_of_joints_and_of_video_are_independent(http: httpx.Client, rooms: str) -> None:
    """A room of one kind does not exist for the other, not even with the same name."""
    http.post(rooms, json={'room_id': 'front'})
    joints = rooms.replace('/video/', '/robotics/')

    assert http.get(joints).json()['total'] == 0
    assert http.get(f'{joints}/front').status_code == 404


def test_the_limit_of_rooms_applies_to_each_kind() -> None:
    """A program that leaves video rooms behind does not use up the rooms of robots."""
    with running_server(limits=Limits(rooms=1)) as url:
        rooms = video_rooms(url)
        assert httpx.post(rooms).status_code == 200
        assert httpx.post(rooms).status_code == 503
        assert httpx.post(rooms.replace('/video/', '/robotics/')).status_code == 200


def test_creating_a_room_again_clears_it_with_the_option() -> None:
    """With ``--fresh-rooms`` an empty room takes the configuration of its second creation."""
    with running_server(policy=Policy(fresh_rooms=True)) as url:
        rooms = video_rooms(url)
        for rate in (15, 60):
            body = {'room_id': 'front', 'config': {'framerate': rate}}
            assert httpx.post(rooms, json=body).status_code == 200
        config = httpx.get(f'{rooms}/front').json()['room']['config']

    assert config['framerate'] == 60


def test_the_service_describes_itself(http: httpx.Client) -> None:
    """The keys are those of the public server, also below ``/api``."""
    for prefix in ('', '/api'):
        about = http.get(f'{prefix}/video/').json()
        assert about.keys() == {
            'status',
            'service',
            'message',
            'version',
            'architecture',
            'endpoints',
        }
        assert (about['service'], about['status']) == ('video', 'active')
        health = http.get(f'{prefix}/video/health').json()
        assert health == {'status': 'healthy', 'service': 'video'}
        assert http.get(f'{prefix}/video').status_code == 307


async def test_the_status_counts_rooms_and_participants() -> None:
    """Participants of rooms of joints do not count."""
    with running_server() as url:
        httpx.post(video_rooms(url), json={'room_id': 'front'})
        async with video_peer(url, 'front', 'cam', 'producer'):
            status = httpx.get(f'{url}/video/status').json()
            robotics = httpx.get(f'{url}/robotics/status').json()

    assert robotics['connections_count'] == robotics['rooms_count'] == 0
    assert status == {
        'service': 'video',
        'status': 'active',
        'workspaces_count': 1,
        'rooms_count': 1,
        'webrtc_connections_count': 0,
        'websocket_connections_count': 1,
        'version': '2.0.0',
        'supported_roles': ['producer', 'consumer'],
        'supported_encodings': ['jpeg', 'h264', 'vp8', 'vp9'],
        'recovery_policies': [
            'freeze_last_frame',
            'connection_info',
            'black_screen',
            'fade_to_black',
            'overlay_status',
        ],
        'cleanup': robotics['cleanup'],
    }


def test_idle_rooms_are_listed_and_deleted() -> None:
    """A clean-up of video rooms leaves rooms of joints, and the reverse."""
    with running_server(limits=Limits(idle_s=0.001), timing=Timing(sweep_s=600)) as url:
        httpx.post(video_rooms(url), json={'room_id': 'front'})
        httpx.post(f'{url}/robotics/workspaces/lab/rooms', json={'room_id': 'arm'})
        status = httpx.get(f'{url}/video/cleanup/status').json()['cleanup_status']
        result = httpx.post(f'{url}/video/cleanup/manual').json()['cleanup_result']
        left = httpx.get(f'{url}/robotics/cleanup/status').json()['cleanup_status']

    assert (status['service'], status['total_rooms']) == ('video', 1)
    assert [room['room_id'] for room in status['rooms']] == ['front']
    assert (result['rooms_before'], result['rooms_after'], result['rooms_removed']) == (1, 0, 1)
    assert [room['room_id'] for room in left['rooms']] == ['arm']
