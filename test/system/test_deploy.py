# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""Several arenas behind a real nginx: each workspace always belongs to one of them."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import AsyncExitStack, closing
from functools import partial
import itertools
from pathlib import Path
import ssl
from urllib.parse import quote, urlsplit

import httpx
import pytest
from support.client_pairs import client_pair
from support.deployment import BEARER, TOKEN, Deployment, deployed, status
from support.frames import HANDSHAKE
from support.peers import RawPeer, connect, join, joint, update, ws_path
from support.waiting import wait_for, wait_until

from lerobot_arena_ros import RoboticsProducer
from lerobot_arena_ros.arena import joined_client

BASES = ('', '/api')
DOWN = {'detail': 'the server process for this does not answer; try again'}
ELSEWHERE = {'detail': 'each process has its own; ask it where it listens'}


@pytest.fixture(scope='module')
def arenas(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    """Run three arenas behind nginx; afterwards, check that no log contains the token."""
    with deployed(tmp_path_factory.mktemp('deployed')) as running:
        yield running
        assert TOKEN not in running.nginx.logs


def test_each_workspace_is_in_one_process(arenas: Deployment) -> None:
    """All rooms of a workspace are in one process; each process has some of many workspaces."""
    wanted = {(f'one-{number}', room) for number in range(40) for room in ('in', 'out')}
    for (workspace, room), base in zip(sorted(wanted), itertools.cycle(BASES), strict=False):
        url = f'{arenas.url}{base}/robotics/workspaces/{workspace}/rooms'
        arenas.rest.post(url, json={'room_id': room}).raise_for_status()
    there = [arenas.rooms_of(server) & wanted for server in arenas.servers]
    workspaces = [{workspace for workspace, _ in rooms} for rooms in there]

    assert set.union(*there) == wanted
    assert sum(map(len, workspaces)) == 40
    assert all(workspaces)


@pytest.mark.parametrize(
    'identifier', ['lab', 'l b', 'läb', 'a%b', 'a+b', 'a?b', 'a#b', 'a&b=c', '日本', '..a']
)
def test_an_id_is_the_same_however_it_is_written(arenas: Deployment, identifier: str) -> None:
    """Any escaping of an id, with upper or lower case digits, leads to the same room."""
    everything = ''.join(f'%{byte:02X}' for byte in identifier.encode())
    ways = [quote(identifier, safe=''), everything, everything.lower(), f'./x/../{everything}']
    rooms = [f'way-{number}' for number in range(len(ways) * len(BASES))]
    for room, (way, base) in zip(rooms, itertools.product(ways, BASES), strict=True):
        url = f'{arenas.url}{base}/robotics/workspaces/{way}/rooms'
        reply = arenas.rest.post(url, json={'room_id': room})
        assert reply.json()['workspace_id'] == identifier
    everywhere = [arenas.rooms_of(server) for server in arenas.servers]
    homes = [there for there in everywhere if (identifier, 'way-0') in there]

    assert len(homes) == 1
    assert {(identifier, room) for room in rooms} <= homes[0]


def test_a_process_reads_no_other_id_than_nginx(arenas: Deployment) -> None:
    """Nginx and the process read the same id from a path with special parts."""
    (home,) = arenas.make_room('cut')
    seen = [server for server in arenas.servers if server is not home]
    before = [arenas.rooms_of(server) for server in seen]
    for path in ('cut#x/rooms', './cut/rooms', '/cut/rooms', 'cut/rooms#x', '%2e/cut/rooms'):
        found, reply = status(arenas.url, f'/robotics/workspaces/{path}', **BEARER)
        assert found == 404 if path == 'cut#x/rooms' else reply['workspace_id'] == 'cut'

    assert [arenas.rooms_of(server) for server in seen] == before


def test_the_data_of_one_process_is_not_served_for_all(arenas: Deployment) -> None:
    """Requests for the data of one process are refused; other requests work everywhere."""
    for base, path in itertools.product(
        BASES,
        (
            '/metrics',
            *(f'/{kind}/status' for kind in ('robotics', 'video')),
            *(f'/{kind}/cleanup/status' for kind in ('robotics', 'video')),
            *(f'/{kind}/cleanup/manual' for kind in ('robotics', 'video')),
        ),
    ):
        assert status(arenas.url, base + path, **BEARER) == (404, ELSEWHERE)
    assert arenas.rest.get(f'{arenas.servers[0].url}/metrics').status_code == 200
    for path in ('/openapi.json', '/health', '/api/robotics/health'):
        assert arenas.rest.get(arenas.url + path).status_code == 200


@pytest.mark.parametrize('base', BASES)
async def test_signals_of_video_rooms_pass(arenas: Deployment, base: str) -> None:
    """A video room is in the process of its workspace, and so are its participants."""
    url = arenas.url + base
    for place, workspace in enumerate(arenas.one_each(f'video{base.strip("/")}')):
        rooms = f'{url}/video/workspaces/{workspace}/rooms'
        arenas.rest.post(rooms, json={'room_id': 'front'}).raise_for_status()
        own = f'{arenas.servers[place].url}/video/workspaces/{workspace}/rooms'
        assert arenas.rest.get(f'{own}/front').status_code == 200
        path = f'{ws_path(workspace, "front", kind="video")}?token={TOKEN}'
        async with connect(url, path) as producer, connect(url, path) as viewer:
            for peer, name, role in ((producer, 'cam', 'producer'), (viewer, 'me', 'consumer')):
                await peer.send(join(name, role))
                await peer.recv_type('joined')
            signal = {
                'client_id': 'cam',
                'message': {'type': 'offer', 'sdp': 'v=0', 'target_consumer': 'me'},
            }
            arenas.rest.post(f'{rooms}/front/webrtc/signal', json=signal).raise_for_status()
            assert (await viewer.recv_type('webrtc_offer'))['from_producer'] == 'cam'


@pytest.mark.parametrize('base', BASES)
async def test_updates_and_stops_pass(arenas: Deployment, base: str) -> None:
    """Stored state, updates and stops pass through nginx to each process and back."""
    for workspace in arenas.one_each(f'pass{base.strip("/")}'):
        async with client_pair(arenas.url + base, workspace, token=TOKEN) as pair:
            await pair.lead('after', 2.0)
            await pair.stop('enough')

            assert pair.received == {'before': 1.0, 'after': 2.0}


async def test_a_killed_process_takes_its_own_workspaces_alone(
    arenas: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No other process takes its workspaces; its participants rejoin after the restart."""
    monkeypatch.setattr(joined_client, 'backoff', lambda *_: itertools.repeat(0.05))
    workspaces = arenas.one_each('kill')
    sockets = [ws_path(workspace, 'arm') for workspace in workspaces]
    rooms = [path.removesuffix('/ws') for path in sockets]
    async with AsyncExitStack() as stack:
        dead, *others = [
            await stack.enter_async_context(
                client_pair(arenas.url, workspace, token=TOKEN, reconnect=True)
            )
            for workspace in workspaces
        ]
        ids = [pair.ids for pair in others]
        with arenas.killed(0):
            await wait_until(lambda: not any(dead.connected), 'the loss')
            for _ in range(20):
                assert status(arenas.url, rooms[0], **BEARER) == (502, DOWN)
            query = f'?token={TOKEN}'
            assert status(arenas.url, sockets[0] + query, **HANDSHAKE) == (502, DOWN)
            for room, pair in zip(rooms[1:], others, strict=True):
                assert status(arenas.url, room, **BEARER)[0] == 200
                await pair.lead('after', 2.0)
            for _ in range(6):
                assert status(arenas.url, '/health')[0] == 200

        assert status(arenas.url, rooms[0], **BEARER)[0] == 404
        assert arenas.make_room(workspaces[0]) == [arenas.servers[0]]
        await wait_until(lambda: all(dead.connected), 'the participants to rejoin')
        await dead.lead('again', 3.0)
        assert [pair.ids for pair in others] == ids


def test_the_token_passes_and_is_not_logged(arenas: Deployment) -> None:
    """A token in a header or in a WebSocket's query is accepted, and is in no log."""
    arenas.make_room('token')
    path = ws_path('token', 'arm')
    room = path.removesuffix('/ws')

    assert status(arenas.url, room)[0] == 401
    assert status(arenas.url, room, **BEARER)[0] == 200
    assert status(arenas.url, path, **HANDSHAKE)[0] == 401
    assert status(arenas.url, f'{path}?token={TOKEN}', **HANDSHAKE)[0] == 101
    assert status(arenas.url, f'{path}?token={TOKEN}x', **HANDSHAKE)[0] == 401
    wait_for(lambda: f'GET {path} 101' in arenas.nginx.logs, 'the line of the WebSocket')
    assert TOKEN not in arenas.nginx.logs


@pytest.mark.parametrize('scheme', ['http', 'https'])
def test_only_pages_of_our_own_host_are_accepted(arenas: Deployment, scheme: str) -> None:
    """Pages of nginx's origin are accepted, and those of other hosts and ports are refused."""
    arenas.make_room('page')
    url = arenas.url if scheme == 'http' else arenas.tls_url
    path = f'{ws_path("page", "arm")}?token={TOKEN}'
    own, foreign = {'Origin': url}, {'Origin': f'{scheme}://evil.example'}

    assert status(url, path, **HANDSHAKE, **own)[0] == 101
    assert status(url, '/robotics/workspaces/page/rooms', **BEARER, **own)[0] == 200
    server = arenas.servers[0]
    for origin in (foreign['Origin'], server.url):
        refused, reply = status(url, path, **HANDSHAKE, Origin=origin)
        assert refused == 403
        assert 'start it with --allow-origin' in reply['detail']


async def test_tls_ends_at_nginx(arenas: Deployment) -> None:
    """Our client joins over wss, and a redirect keeps TLS."""
    (workspace, *_) = arenas.one_each('tls')
    async with client_pair(arenas.tls_url, workspace, token=TOKEN, ca_file=arenas.ca_file) as pair:
        await pair.lead('after', 2.0)
    rooms = f'{arenas.tls_url}/robotics/workspaces/{workspace}/rooms'
    context = ssl.create_default_context(cafile=arenas.ca_file)
    reply = httpx.get(f'{rooms}/', headers=BEARER, verify=context)

    assert (reply.status_code, reply.headers['location']) == (307, urlsplit(rooms).path)


async def test_a_lane_leads_past_nginx_to_the_process_of_its_room(tmp_path: Path) -> None:
    """With the settings of the page, participants reach the UDP port of each process."""
    with deployed(tmp_path, lanes=True) as arenas:
        for workspace in arenas.one_each('lane'):
            async with RoboticsProducer(arenas.url, token=TOKEN) as producer:
                assert await producer.connect(workspace, 'arm')
                await wait_until(partial(getattr, producer, 'lane_report'), 'the lane')


async def test_without_settings_for_lanes_nginx_is_the_only_way(arenas: Deployment) -> None:
    """The unit offers no lanes, so no participant looks for one at nginx."""
    arenas.make_room('plain')
    async with RoboticsProducer(arenas.url, token=TOKEN) as producer:
        assert await producer.connect('plain', 'arm')

        assert producer.lane_obstacle == 'this server has no fast lanes'


async def test_a_stop_waits_for_little_of_what_a_slow_consumer_has_not_read(
    arenas: Deployment,
) -> None:
    """A stop waits only for what nginx and the kernel have buffered."""
    arenas.make_room('slow')
    path = f'{ws_path("slow", "arm")}?token={TOKEN}'
    sent = 200
    with closing(RawPeer.enter(arenas.url, path, 'slow', 'consumer')) as slow:
        async with RoboticsProducer(arenas.url, token=TOKEN) as producer:
            assert await producer.connect('slow', 'arm')
            stopped = asyncio.Event()
            producer.on_emergency_stop(lambda _: stopped.set())
            for step in range(sent):
                big = update(*(joint(f'{number:0>50}', step) for number in range(400)))
                await producer.send_joint_update(big['data'])
            await producer.send_emergency_stop()
            await asyncio.wait_for(stopped.wait(), 10)
            received = 0
            while slow.recv()['type'] == 'joint_update':
                received += 1

    # Some 12 of 31 KB each; 4 without nginx, and more than 100 with the kernel's own buffers.
    assert received < 40
