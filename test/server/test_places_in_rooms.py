# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""Which participant may replace another, with tokens of several roles."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing
import json

import httpx
import pytest
from support.peers import Peer, RawPeer, connect, join, joints, ws_path
from support.server import running_server
from support.tokens import TOKENS

from lerobot_arena_ros.server.access.rules import Rules
from lerobot_arena_ros.server.access.tokens import Access, Grant, Tokens
from lerobot_arena_ros.server.rooms.base_room import DRIVER_PLACES
from lerobot_arena_ros.server.rooms.limits import Limits, Policy, Timing

WORKSPACE = 'lab'
PROBE_S = 1.0
MORE = {name: f'{name}-0123456789abcdef' for name in ('another', 'root')}
ANOTHER = MORE['another']


def rules() -> Rules:
    """Return a token of each role, and others of the same roles."""
    grants = [
        Grant.of_token(access.name.lower(), TOKENS[access.name.lower()], access)
        for access in Access
    ]
    more = (('another', Access.DRIVE), ('root', Access.ADMIN))
    grants += [Grant.of_token(name, MORE[name], access) for name, access in more]
    return Rules(Tokens(grants))


def path(token: str) -> str:
    """Return the path of the WebSocket of the room, with a token."""
    return f'{ws_path(WORKSPACE, "arm")}?token={token}'


@pytest.fixture(name='url', params=[False, True], ids=['', 'newest wins'])
def fixture_url(request: pytest.FixtureRequest) -> Iterator[str]:
    """Run a server with these tokens and a room."""
    policy, timing = Policy(newest_wins=request.param), Timing(probe_s=PROBE_S)
    with running_server(rules=rules(), policy=policy, timing=timing) as url:
        make_room(url)
        yield url


def make_room(url: str) -> None:
    """Create the room."""
    rooms = f'{url}/robotics/workspaces/{WORKSPACE}/rooms'
    headers = {'Authorization': f'Bearer {TOKENS["drive"]}'}
    httpx.post(rooms, json={'room_id': 'arm'}, headers=headers).raise_for_status()


@asynccontextmanager
async def entered(url: str, token: str, participant_id: str, role: str) -> AsyncIterator[Peer]:
    """Join the room and read the welcome messages."""
    async with connect(url, path(token)) as peer:
        await peer.send(join(participant_id, role))
        while (await peer.recv())['type'] != 'joined':
            pass
        yield peer


@pytest.mark.parametrize(('held', 'given'), [('watch', 'drive'), ('drive', 'admin')])
async def test_a_token_that_allows_more_takes_back_an_id(url: str, held: str, given: str) -> None:
    """A watcher cannot block a robot by joining under its id."""
    async with (
        entered(url, TOKENS[held], 'bridge', 'consumer') as squatter,
        entered(url, TOKENS[given], 'bridge', 'producer') as bridge,
    ):
        assert (await squatter.recv_type('error'))['code'] == 'replaced'
        assert await squatter.close_code() == 4409
        await bridge.expect_silence()


@pytest.mark.parametrize(
    ('held', 'given', 'newcomer_id'),
    [
        (TOKENS['drive'], ANOTHER, 'leader'),
        (TOKENS['drive'], TOKENS['admin'], 'another'),
        (TOKENS['drive'], TOKENS['drive'], 'another'),
    ],
    ids=['another token', 'another id, and admin', 'another id'],
)
async def test_a_producer_that_answers_keeps_its_place(
    url: str, held: str, given: str, newcomer_id: str
) -> None:
    """Another token of the same role or another id does not replace it."""
    async with (
        entered(url, held, 'leader', 'producer') as leader,
        connect(url, path(given)) as newcomer,
    ):
        await newcomer.send(join(newcomer_id, 'producer'))
        assert (await newcomer.recv_type('error'))['code'] in ('join_refused', 'role_taken')
        await leader.expect_silence()


async def test_of_two_admins_the_newest_wins_with_the_option(
    request: pytest.FixtureRequest, url: str
) -> None:
    """Without the option, the first one stays."""
    is_newest = 'newest wins' in request.node.name
    async with (
        entered(url, TOKENS['admin'], 'person', 'consumer') as first,
        connect(url, path(MORE['root'])) as second,
    ):
        await second.send(join('person', 'consumer'))
        assert (await second.recv())['type'] == ('state_sync' if is_newest else 'error')
        if is_newest:
            assert await first.close_code() == 4409
        else:
            await first.expect_silence()


async def test_a_newcomer_that_is_refused_replaces_no_participant(url: str) -> None:
    """The holder of the id stays if the producer role is not free."""
    async with (
        entered(url, TOKENS['drive'], 'leader', 'producer') as leader,
        entered(url, TOKENS['watch'], 'onlooker', 'consumer') as onlooker,
        connect(url, path(ANOTHER)) as newcomer,
    ):
        await newcomer.send(join('onlooker', 'producer'))
        assert (await newcomer.recv_type('error'))['code'] == 'join_refused'
        await onlooker.expect_silence()
        await leader.expect_silence()


@pytest.mark.parametrize(
    ('held', 'given', 'newcomer_id', 'role'),
    [
        ('drive', 'watch', 'bridge', 'consumer'),
        ('admin', 'watch', 'bridge', 'consumer'),
        ('admin', 'drive', 'bridge', 'producer'),
        ('admin', 'drive', 'another', 'producer'),
    ],
)
async def test_a_token_that_allows_less_disconnects_no_participant(
    url: str, held: str, given: str, newcomer_id: str, role: str
) -> None:
    """The holder is not even pinged, and its answer would be too late."""
    with closing(RawPeer.connect(url, path(TOKENS[held]))) as holder:
        holder.send(json.dumps(join('bridge', 'producer')).encode())
        assert holder.recv()['type'] == 'joined'
        async with connect(url, path(TOKENS[given])) as newcomer:
            await newcomer.send(join(newcomer_id, role))
            assert (await newcomer.recv_type('error'))['code'] in ('join_refused', 'role_taken')
        holder.send(b'{"type": "heartbeat"}')
        opcode, answer = holder.frame()

    assert opcode == 1, 'the holder was pinged'
    assert json.loads(answer)['type'] == 'heartbeat_ack'


async def test_a_dead_holder_is_replaced_by_another_token_of_its_role(url: str) -> None:
    """A dead holder is replaced, as on a server without tokens."""
    with closing(RawPeer.connect(url, path(TOKENS['drive']))) as dead:
        dead.send(json.dumps(join('bridge', 'producer')).encode())
        assert dead.recv()['type'] == 'joined'
        async with entered(url, ANOTHER, 'bridge', 'producer') as bridge:
            await bridge.expect_silence()


async def test_watchers_leave_places_for_drivers() -> None:
    """A room full of watchers still accepts a producer and a driver."""
    limits = Limits(members=DRIVER_PLACES * 2 + 1)
    with running_server(rules=rules(), limits=limits) as url:
        make_room(url)
        watchers = [RawPeer.connect(url, path(TOKENS['watch'])) for _ in range(limits.members)]
        answers = []
        for index, watcher in enumerate(watchers):
            watcher.send(json.dumps(join(f'watcher-{index}', 'consumer')).encode())
            answers.append(watcher.recv()['type'])
        async with (
            entered(url, TOKENS['drive'], 'leader', 'producer') as leader,
            entered(url, TOKENS['admin'], 'person', 'consumer') as person,
        ):
            await leader.send(joints(a=1))
            await person.recv_type('joint_update')
        for watcher in watchers:
            watcher.close()

    joined = limits.members - DRIVER_PLACES
    assert answers == ['state_sync'] * joined + ['error'] * DRIVER_PLACES


def test_a_token_of_one_workspace_leaves_rooms_to_the_others() -> None:
    """It gets an error, and the others can create rooms."""
    limited = Grant.of_token('limited', ANOTHER, Access.DRIVE)
    limited = Grant('limited', Access.DRIVE, frozenset({WORKSPACE}), limited.digest)
    root = Grant.of_token('root', MORE['root'])
    with running_server(rules=Rules(Tokens([limited, root])), limits=Limits(rooms=4)) as url:

        def make(workspace: str, token: str) -> httpx.Response:
            rooms = f'{url}/robotics/workspaces/{workspace}/rooms'
            return httpx.post(rooms, headers={'Authorization': f'Bearer {token}'})

        made = [make(WORKSPACE, ANOTHER) for _ in range(3)]
        others = [make('other', MORE['root']) for _ in range(3)]

    assert [reply.status_code for reply in made] == [200, 200, 503]
    assert made[-1].json()['detail'] == (
        'the workspaces of this token have 2 rooms and this server has 2 left,'
        ' which are reserved for others; delete one first'
    )
    assert [reply.status_code for reply in others] == [200, 200, 503]
