# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""A hand-over of control over sockets: tokens, losses, races, floods, and bad input."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
import contextlib
import time

import httpx
import pytest
from support.arena_api import WORKSPACE, get, make_room
from support.peers import Json, Peer, connect, enter, joints, ws_path
from support.server import running_server
from support.tokens import TOKENS

from lerobot_arena_ros.arena.control_messages import ControlPolicy
from lerobot_arena_ros.server.access.rules import Rules
from lerobot_arena_ros.server.access.tokens import Access, Grant, Tokens
from lerobot_arena_ros.server.rooms.limits import Policy, Timing

OPERATING = ('control', 'liveness')


@pytest.fixture(scope='module')
def taking() -> Iterator[str]:
    """Run a server whose rooms have the policy ``take``."""
    with running_server(policy=Policy(control=ControlPolicy.TAKE)) as url:
        yield url


@contextlib.asynccontextmanager
async def operate(
    url: str, room: str, name: str, *features: str, token: str = ''
) -> AsyncIterator[Peer]:
    """Join as an operator."""
    all_features = (*OPERATING, *features)
    async with enter(url, WORKSPACE, room, name, 'consumer', *all_features, token=token) as peer:
        yield peer


async def answer_of(peer: Peer, **message: object) -> Json:
    """Send a request, and return its answer."""
    await peer.send(dict(message))
    while (answer := await peer.recv())['type'] != 'control_answer':
        assert answer['type'] in ('control', 'joint_update'), answer
    return answer


async def holder_is(peer: Peer, name: str | None) -> Json:
    """Receive until the peer is told that this participant has control."""
    while True:
        message = await peer.recv()
        if message['type'] == 'control' and message.get('holder') == name:
            return message


async def test_a_hand_over_and_back(taking: str) -> None:
    """A policy drives, a person takes over and gives back; each update names its sender."""
    room = make_room(taking)
    async with (
        operate(taking, room, 'policy') as policy,
        operate(taking, room, 'person') as person,
        enter(taking, WORKSPACE, room, 'robot', 'consumer') as robot,
    ):
        assert 'refusal' not in await answer_of(policy, type='take_control', request=1)
        await policy.send(joints(elbow=1.0))
        assert (await robot.recv_type('joint_update'))['source'] == 'policy'

        answer = await answer_of(person, type='take_control', request=7)
        assert answer == {'type': 'control_answer', 'request': 7, 'holder': 'person'}
        await holder_is(policy, 'person')
        await policy.send(joints(elbow=2.0))
        await person.send(joints(elbow=3.0))
        update = await robot.recv_type('joint_update')
        assert (update['source'], update['data'][0]['value']) == ('person', 3.0)

        await answer_of(person, type='give_control', to='policy', request=8)
        state = await holder_is(policy, 'policy')
        assert (state['change'], state['by']) == ('given', 'person')
        await policy.send(joints(elbow=4.0))
        assert (await robot.recv_type('joint_update'))['source'] == 'policy'
        control = get(taking, room)['control']
        assert isinstance(control, dict)
        assert (control['holder'], control['policy'], control['number']) == ('policy', 'take', 3)
        assert get(taking, room)['participants'] == {
            'producer': 'policy',
            'consumers': ['person', 'robot'],
            'total': 3,
        }


async def test_a_room_has_its_own_policy(taking: str) -> None:
    """Its creation names it; another value is refused. Of a room that exists it is reported."""
    rooms = f'{taking}/robotics/workspaces/{WORKSPACE}/rooms'
    for policy in ('first', 'ask', 'take'):
        httpx.post(rooms, json={'room_id': policy, 'control': policy})
        control = get(taking, policy)['control']
        assert isinstance(control, dict)
        assert control['policy'] == policy

    assert httpx.post(rooms, json={'room_id': 'odd', 'control': 'mine'}).status_code == 422
    assert httpx.get(f'{rooms}/odd').status_code == 404
    again = httpx.post(rooms, json={'room_id': 'first', 'control': 'take'}).json()
    assert again['control'] == 'first'
    control = get(taking, 'first')['control']
    assert isinstance(control, dict)
    assert control['policy'] == 'first'


async def test_shadow_updates_reach_only_who_asked_for_them(taking: str) -> None:
    """They have a type of their own, so that nobody takes them for a command."""
    room = make_room(taking)
    async with (
        operate(taking, room, 'policy') as policy,
        operate(taking, room, 'person') as person,
        enter(taking, WORKSPACE, room, 'recorder', 'consumer', 'shadows') as recorder,
        enter(taking, WORKSPACE, room, 'robot', 'consumer') as robot,
    ):
        await answer_of(policy, type='take_control')
        await person.send({**joints(elbow=9.0), 'stamp_ns': 10**18})
        shadow = await recorder.recv()
        await policy.send(joints(elbow=1.0))

        assert shadow.pop('timestamp')
        assert shadow == {
            'type': 'shadow_update',
            'data': [{'name': 'elbow', 'value': 9.0}],
            'source': 'person',
            'stamp_ns': 10**18,
        }
        assert (await recorder.recv_type('joint_update'))['source'] == 'policy'
        assert (await robot.recv_type('joint_update'))['source'] == 'policy'


@pytest.mark.parametrize('way', ['leaves', 'breaks', 'freezes'])
async def test_control_of_a_holder_that_vanishes_ends(way: str) -> None:
    """Nobody gets it then, not even a producer or an operator that sends all the time."""
    timing = Timing(liveness_s=0.5)
    with running_server(timing=timing, policy=Policy(control=ControlPolicy.TAKE)) as url:
        room = make_room(url)
        async with (
            enter(url, WORKSPACE, room, 'leader', 'producer') as leader,
            enter(url, WORKSPACE, room, 'watcher', 'consumer', 'control') as watcher,
            operate(url, room, 'person') as person,
        ):
            await answer_of(person, type='take_control')
            await holder_is(watcher, 'person')
            if way == 'leaves':
                await person.close()
            elif way == 'breaks':
                person.connection.transport.abort()
            state = await holder_is(watcher, None)
            await leader.send(joints(elbow=1.0))

            assert (state['change'], state['by']) == ('left', 'person')
            assert (await leader.recv_type('error'))['code'] == 'not_in_control'
            await watcher.expect_silence()


async def test_a_stop_releases_control(taking: str) -> None:
    """After the stop, the updates of who had control have no effect."""
    room = make_room(taking)
    async with (
        operate(taking, room, 'policy') as policy,
        enter(taking, WORKSPACE, room, 'robot', 'consumer') as robot,
    ):
        await answer_of(policy, type='take_control')
        await robot.send({'type': 'emergency_stop', 'reason': 'smoke'})
        await policy.recv_type('emergency_stop')
        state = await holder_is(policy, None)
        await policy.send(joints(elbow=1.0))

        assert (state['change'], state['by']) == ('stopped', 'robot')
        await robot.recv_type('emergency_stop')
        await robot.expect_silence()


async def test_of_two_that_take_in_the_same_instant_one_wins(own_server_url: str) -> None:
    """Both are told who; the loser by a refusal with the name."""
    room = make_room(own_server_url)
    async with (
        operate(own_server_url, room, 'one') as one,
        operate(own_server_url, room, 'other') as other,
    ):
        answers = await asyncio.gather(
            answer_of(one, type='take_control'), answer_of(other, type='take_control')
        )

    winner = answers[0]['holder']
    assert winner in ('one', 'other')
    assert [answer['holder'] for answer in answers] == [winner, winner]
    assert sum('refusal' in answer for answer in answers) == 1


async def test_commands_over_rest_are_refused_with_the_name_of_the_holder(taking: str) -> None:
    """They are accepted again after a release."""
    room = make_room(taking)
    url = f'{taking}/robotics/workspaces/{WORKSPACE}/rooms/{room}/command'
    command = {'joints': [{'name': 'elbow', 'value': 1.0}]}
    async with operate(taking, room, 'person') as person:
        await answer_of(person, type='take_control')
        refused = httpx.post(url, json=command)
        await answer_of(person, type='release_control')
        accepted = httpx.post(url, json=command)

    assert refused.status_code == 409
    assert refused.json()['detail'].startswith(f"room '{room}' is controlled by 'person'")
    assert accepted.json()['joints_updated'] == 1


async def test_what_tokens_allow() -> None:
    """A watching token is told who has control, and decides nothing, except as a robot."""
    grants = [
        Grant.of_token(name, TOKENS[name], access)
        for name, access in (('watch', Access.WATCH), ('drive', Access.DRIVE))
    ]
    rules = Rules(tokens=Tokens(grants))
    with running_server(rules=rules, policy=Policy(control=ControlPolicy.TAKE)) as url:
        headers = {'Authorization': f'Bearer {TOKENS["drive"]}'}
        rooms = f'{url}/robotics/workspaces/{WORKSPACE}/rooms'
        httpx.post(rooms, json={'room_id': 'arm'}, headers=headers)
        async with (
            operate(url, 'arm', 'driver', token=TOKENS['drive']) as driver,
            operate(url, 'arm', 'watcher', 'robot_state', token=TOKENS['watch']) as watcher,
        ):
            for kind in ('take_control', 'give_control', 'refuse_control'):
                refusal = (await answer_of(watcher, type=kind, to='watcher'))['refusal']
                assert refusal.startswith('this participant cannot have control')
            await answer_of(driver, type='take_control')
            await holder_is(watcher, 'driver')
            assert 'refusal' in await answer_of(watcher, type='release_control')
            state = {'node': '/arm', 'host': 'pc', 'gate': 'active', 'cause': 'live', 'joints': []}
            await watcher.send({'type': 'robot_state', 'data': state})
            assert 'refusal' not in await answer_of(watcher, type='release_control')
            assert (await holder_is(driver, None))['change'] == 'revoked'


async def test_a_flood_of_requests_is_refused_and_disturbs_nobody(taking: str) -> None:
    """A holder that takes and releases as fast as it can changes control five times a second."""
    room = make_room(taking)
    async with (
        operate(taking, room, 'mad') as mad,
        operate(taking, room, 'calm') as calm,
    ):
        await holder_is(calm, None)
        began = time.monotonic()
        for number in range(300):
            await mad.send({'type': 'take_control', 'request': 2 * number})
            await mad.send({'type': 'release_control', 'request': 2 * number + 1})
        refusals = []
        while True:
            answer = await mad.recv()
            if answer['type'] == 'control_answer':
                refusals.append(answer.get('refusal'))
                if answer['request'] == 599:
                    break
        seconds = time.monotonic() - began
        assert 'refusal' not in await answer_of(calm, type='take_control')
        changes = get(taking, room)['control']

    assert isinstance(changes, dict)
    assert changes['number'] <= 2 * 5 * (seconds + 1) + 1
    limited = 'at most 5 requests about control each 1 s are accepted'
    assert refusals.count(limited) >= 300 - 5 * (seconds + 1)


@pytest.mark.parametrize(
    'message',
    [
        {'type': 'take_control', 'request': 'x', 'holder': 'forged', 'source': 'policy'},
        {'type': 'take_control', 'request': -1},
        {'type': 'take_control', 'request': 1e300},
        {'type': 'take_control', 'request': None},
        {'type': 'take_control', 'to': {'a': []}, 'participant_id': 'policy'},
    ],
    ids=str,
)
async def test_odd_fields_change_neither_who_asks_nor_the_answer(
    taking: str, message: Json
) -> None:
    """A request is of the participant that sent it, whatever names it contains."""
    room = make_room(taking)
    async with operate(taking, room, 'policy'), operate(taking, room, 'person') as person:
        answer = await answer_of(person, **message)

    assert answer == {'type': 'control_answer', 'holder': 'person'}


@pytest.mark.parametrize('odd', ['7', -1, 0.5, True, []])
async def test_control_is_not_given_for_an_odd_state(taking: str, odd: object) -> None:
    """The sender wanted a condition, so the request does not count in any state."""
    room = make_room(taking)
    async with operate(taking, room, 'person') as person, operate(taking, room, 'policy'):
        await answer_of(person, type='take_control')
        answer = await answer_of(person, type='give_control', to='policy', control=odd)

    assert (answer['holder'], answer['refusal']) == (
        'person',
        'control has changed meanwhile: person has it',
    )


@pytest.mark.parametrize('to', ['forged', '', 7, None, ['person'], 'person\x00', 'robot'])
async def test_control_is_not_given_to_odd_names(taking: str, to: object) -> None:
    """The refusal repeats the name, and nothing changes."""
    room = make_room(taking)
    async with (
        operate(taking, room, 'person') as person,
        enter(taking, WORKSPACE, room, 'robot', 'consumer', 'control'),
    ):
        await answer_of(person, type='take_control')
        answer = await answer_of(person, type='give_control', to=to)

    assert answer['holder'] == 'person'
    assert answer['refusal'].endswith('in this room can have control')


async def test_a_message_about_control_from_the_server_has_no_effect(taking: str) -> None:
    """Nobody can announce a holder to the others."""
    room = make_room(taking)
    async with (
        operate(taking, room, 'person') as person,
        enter(taking, WORKSPACE, room, 'watcher', 'consumer', 'control') as watcher,
    ):
        await holder_is(watcher, None)
        for kind in ('control', 'control_answer', 'shadow_update'):
            await person.send({'type': kind, 'holder': 'person', 'policy': 'take'})
        await watcher.expect_silence()


async def test_without_the_feature_a_request_is_unknown(taking: str) -> None:
    """As at the public server."""
    room = make_room(taking)
    async with enter(taking, WORKSPACE, room, 'public', 'producer', 'liveness') as public:
        await public.send({'type': 'take_control'})

        assert (await public.recv_type('error'))['code'] == 'unknown_type'


async def test_a_participant_of_another_room_decides_nothing(taking: str) -> None:
    """Neither by a request before its join, nor by the name of a member elsewhere."""
    room, other = make_room(taking), make_room(taking)
    async with (
        operate(taking, room, 'policy') as policy,
        operate(taking, other, 'person') as person,
    ):
        await answer_of(policy, type='take_control')
        assert 'refusal' in await answer_of(person, type='give_control', to='policy')
        async with connect(taking, ws_path(WORKSPACE, room)) as stranger:
            await stranger.send({'type': 'take_control'})
            assert (await stranger.recv_type('error'))['code'] == 'invalid_join'
        control = get(taking, room)['control']

    assert isinstance(control, dict)
    assert control['holder'] == 'policy'


async def test_a_request_that_nobody_answers_is_refused(
    taking: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server watches the time, because the holder may be away."""
    for module in ('rooms.control', 'participants.control_relay'):
        monkeypatch.setattr(f'lerobot_arena_ros.server.{module}.ASK_S', 0.2)
    rooms = f'{taking}/robotics/workspaces/{WORKSPACE}/rooms'
    httpx.post(rooms, json={'room_id': 'asking', 'control': 'ask'})
    async with (
        operate(taking, 'asking', 'policy') as policy,
        operate(taking, 'asking', 'person') as person,
    ):
        await answer_of(policy, type='take_control')
        answer = await answer_of(person, type='take_control', request=5)

        assert answer['request'] == 5
        assert answer['refusal'] == 'policy did not answer within 0.2 s'
