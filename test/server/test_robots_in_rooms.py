# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""Robot states over real sockets: to all members with the feature, until the robot leaves."""

from __future__ import annotations

from contextlib import AsyncExitStack, closing
import json

import httpx
import pytest
from support.arena_api import WORKSPACE, make_room
from support.peers import Json, RawPeer, enter, joint, robot_state, update, ws_path
from support.server import running_server
from support.waiting import wait_until

from lerobot_arena_ros.server.rooms.limits import Policy, Timing

STATE, RESET = 'robot_state', 'remote_reset'
PATH = ws_path(WORKSPACE, 'arm')


@pytest.fixture
def room(own_server_url: str) -> str:
    """Create a room with a name that no other test uses."""
    return make_room(own_server_url)


def robots(url: str, room: str) -> list[Json]:
    """Return the robots of a room from REST."""
    reply = httpx.get(f'{url}/robotics/workspaces/{WORKSPACE}/rooms/{room}/robots')
    assert reply.status_code == 200
    assert reply.headers['content-type'] == 'application/json'
    answer = reply.json()
    assert answer.keys() == {'success', 'workspace_id', 'room_id', 'robots'}
    assert (answer['success'], answer['workspace_id'], answer['room_id']) == (
        True,
        WORKSPACE,
        room,
    )
    found = answer['robots']
    assert isinstance(found, list)
    return found


async def test_a_state_goes_to_all_others_and_to_later_members(
    own_server_url: str, room: str
) -> None:
    """A producer gets it too; REST has the newest state with its age."""
    there = own_server_url, WORKSPACE, room
    async with (
        enter(*there, 'leader', 'producer', STATE) as leader,
        enter(*there, 'Ärmchen', 'consumer', STATE) as robot,
    ):
        arm = [{'name': 'Jaw', 'unit': 'percent', 'measured': 12.5}]
        await robot.send(robot_state('holding'))
        await robot.send(robot_state('active', joints=arm, refused=[]))
        await robot.expect_silence()
        async with enter(*there, 'viewer', 'consumer', STATE) as viewer:
            late = await viewer.recv_type(STATE)
        early = [await leader.recv_type(STATE) for _ in range(2)]
        (shown,) = robots(own_server_url, room)

    data = {'node': '/arm', 'host': 'pc', 'cause': 'live', 'gate': 'active', 'refused': []}
    assert early[0]['data']['gate'] == 'holding'
    assert early[1] == late
    assert late['source'] == 'Ärmchen'
    assert late['data'] == {**data, 'joints': arm}
    assert 0.0 <= shown.pop('age_s') < 60.0
    stamp = {'participant_id': 'Ärmchen', 'timestamp': late['timestamp']}
    assert shown == {**late['data'], **stamp}


@pytest.mark.parametrize('way', ['closed', 'cut off', 'dead', 'replaced'])
async def test_a_robot_that_leaves_in_any_way_is_reported(way: str) -> None:
    """Members get one report without data, and later members get none."""
    timing = Timing(probe_s=0.2)
    with running_server(timing=timing, policy=Policy(newest_wins=way == 'replaced')) as url:
        room = make_room(url)
        there = url, WORKSPACE, room
        async with AsyncExitStack() as stack:
            viewer = await stack.enter_async_context(enter(*there, 'viewer', 'consumer', STATE))
            path = ws_path(WORKSPACE, room)
            robot = stack.enter_context(
                closing(RawPeer.enter(url, path, 'ros', 'consumer', STATE))
            )
            state = json.dumps({'type': STATE, 'data': {'gate': 'active'}}, separators=(',', ':'))
            robot.send(state.encode())
            assert (await viewer.recv_type(STATE))['data']['gate'] == 'active'
            if way == 'closed':
                robot.send(b'\x03\xe8', opcode=8)
                robot.close()  # Needed by older releases of websockets, which wait for it.
            elif way == 'cut off':
                robot.close()
            else:  # A dead holder does not answer a probe.
                await stack.enter_async_context(enter(*there, 'ros', 'consumer', STATE))

            gone = await viewer.recv_type(STATE)
            await viewer.expect_silence()
            assert robots(url, room) == []

        assert gone.keys() == {'type', 'source', 'timestamp'}
        assert gone['source'] == 'ros'


async def test_a_reset_reaches_the_robot_that_allows_it(own_server_url: str, room: str) -> None:
    """Only the named robot gets it; a robot without the feature is an error."""
    there = own_server_url, WORKSPACE, room
    async with (
        enter(*there, 'free', 'consumer', STATE, RESET) as free,
        enter(*there, 'locked', 'consumer', STATE) as locked,
        enter(*there, 'console', 'consumer', RESET) as console,
    ):
        await console.send({'type': 'reset_stop', 'to': 'free', 'source': 'locked'})
        request = await free.recv_type('reset_stop')
        await console.send({'type': 'reset_stop', 'to': 'locked'})
        error = await console.recv_type('error')
        await locked.send({'type': 'reset_stop', 'to': 'free'})
        unknown = await locked.recv_type('error')
        for peer in (free, locked, console):
            await peer.expect_silence()

    assert request.pop('timestamp')
    assert request == {'type': 'reset_stop', 'source': 'console'}
    assert error['code'] == 'no_such_robot'
    assert unknown['code'] == 'unknown_type'


BAD_STATES = {
    'nothing': '',
    'null': ',"data":null',
    'a list': ',"data":[]',
    'no gate': ',"data":{}',
    'a gate of another kind': ',"data":{"gate":["active"]}',
    'an unknown gate': ',"data":{"gate":"ajar"}',
    'NaN': ',"data":{"gate":"active","joints":[{"name":"a","measured":NaN}]}',
    '1e400': ',"data":{"gate":"active","joints":[{"name":"a","max":1e400}]}',
    '9000 digits': ',"data":{"gate":"active","joints":[{"name":"a","min":%s}]}' % ('9' * 9000),
    'text': ',"data":{"gate":"active","joints":[{"name":"a","measured":"1"}]}',
    'true': ',"data":{"gate":"active","refused":[{"name":"a","value":true}]}',
    'a lone surrogate': ',"data":{"gate":"active","joints":[{"name":"\\ud800"}]}',
    'a joint without a name': ',"data":{"gate":"active","joints":[{}]}',
    'joints as an object': ',"data":{"gate":"active","joints":{"a":1}}',
    'joints of numbers': ',"data":{"gate":"active","joints":[1,2]}',
    'a stop of text': ',"data":{"gate":"stopped","stop":"yes"}',
    'deep data': ',"data":' + '[' * 50_000 + ']' * 50_000,
    '50000 joints': ',"data":{"gate":"active","joints":[%s{}]}' % ('{},' * 50_000),
    '1001 joints': ',"data":{"gate":"active","joints":[%s{"name":"a"}]}'
    % ('{"name":"a"},' * 1000),
    'long joints': ',"data":{"gate":"active","joints":[%s{"name":"a"}]}'
    % (f'{{"name":"{"n" * 500}"}},' * 200),
}


@pytest.mark.parametrize('bad', BAD_STATES.values(), ids=BAD_STATES)
async def test_the_error_of_an_invalid_state_goes_only_to_its_sender(
    own_server_url: str, room: str, bad: str
) -> None:
    """A consumer gets an error too, and its connection stays."""
    there = own_server_url, WORKSPACE, room
    async with (
        enter(*there, 'viewer', 'consumer', STATE) as viewer,
        enter(*there, 'ros', 'consumer', STATE) as robot,
    ):
        await robot.send(robot_state())
        await viewer.recv_type(STATE)
        await robot.send(f'{{"type":"robot_state"{bad}}}')
        error = await robot.recv_type('error')
        await robot.send(update(joint('', 'nonsense')))
        await robot.expect_silence()
        await viewer.expect_silence()
        (kept,) = robots(own_server_url, room)

    if bad.startswith(',"data":[['):  # Such deep nesting may fail to decode.
        assert error['code'] in ('invalid_json', 'invalid_robot_state')
    else:
        assert error['message'] == 'Failed to process robot state'
        assert error['code'] == 'invalid_robot_state'
    assert kept['gate'] == 'active'


ODD_STATES = {
    'texts of any kind': '{"gate":"active","node":7,"host":["pc"],"cause":{"a":null}}',
    'long texts': '{"gate":"active","reset_refusal":"%s"}' % ('x' * 60_000),
    'surrogates': '{"gate":"active","node":"\\ud800","stop":{"reason":"\\udfff"}}',
    'other keys': '{"gate":"active","more":[1e400,NaN,{"a":"%s"}]}' % ('x' * 200_000),
    'keys twice': '{"gate":"ajar","gate":"active","joints":null}',
    'a deep text': '{"gate":"active","cause":%s}' % ('[' * 900 + ']' * 900),
}


@pytest.mark.parametrize('data', ODD_STATES.values(), ids=ODD_STATES)
async def test_an_unusual_state_is_cleaned_before_delivery(
    own_server_url: str, room: str, data: str
) -> None:
    """Texts are cut and made encodable, and unknown keys are removed."""
    there = own_server_url, WORKSPACE, room
    async with (
        enter(*there, 'viewer', 'consumer', STATE) as viewer,
        enter(*there, 'ros', 'consumer', STATE) as robot,
    ):
        await robot.send(f'{{"type":"robot_state","data":{data}}}')
        text = await viewer.text()
        (shown,) = robots(own_server_url, room)

    assert len(text) < 2500
    told = json.loads(text)['data']
    assert told['gate'] == 'active'
    assert told.keys() < shown.keys()
    assert told.keys() <= {
        *('node', 'host', 'gate', 'cause', 'stop', 'reset_refusal', 'joints', 'refused')
    }
    json.dumps(told, ensure_ascii=False).encode()


async def test_a_slow_viewer_gets_the_newest_state_and_stays() -> None:
    """States are merged like joints, and a stop overtakes them."""
    with running_server(timing=Timing(stall_s=60.0)) as url:
        httpx.post(f'{url}/robotics/workspaces/{WORKSPACE}/rooms', json={'room_id': 'arm'})
        there = url, WORKSPACE, 'arm'
        bulk = [{'name': f'joint {number}', 'unit': 'x' * 100} for number in range(200)]
        with closing(RawPeer.enter(url, PATH, 'slow', 'consumer', STATE)) as slow:
            async with (
                enter(*there, 'a', 'consumer', STATE) as first,
                enter(*there, 'b', 'consumer', STATE) as second,
            ):
                for step in range(400):
                    await first.send(robot_state(cause=f'step {step}', joints=bulk))
                    await second.recv_type(STATE)
                await second.send(robot_state(cause='step 0'))
                await second.send(robot_state(cause='last'))
                await second.send({'type': 'emergency_stop'})
                await second.recv_type('emergency_stop')
                await second.expect_silence()

                heard: list[Json] = []
                while not heard or heard[-1].get('source') != 'b' or 'data' not in heard[-1]:
                    heard.append(slow.recv())

    kinds = [message['type'] for message in heard]
    assert kinds[-3:] == ['emergency_stop', STATE, STATE]
    assert [message['data']['cause'] for message in heard[-2:]] == ['step 399', 'last']
    assert len(heard) < 300


async def test_a_viewer_that_never_reads_is_disconnected_as_too_slow() -> None:
    """The timeout is that for joints, and the room is still served."""
    with running_server(timing=Timing(stall_s=0.2)) as url:
        httpx.post(f'{url}/robotics/workspaces/{WORKSPACE}/rooms', json={'room_id': 'arm'})
        there = url, WORKSPACE, 'arm'
        bulk = [{'name': f'joint {number}', 'unit': 'x' * 100} for number in range(200)]
        with closing(RawPeer.enter(url, PATH, 'slow', 'consumer', STATE)):
            async with enter(*there, 'ros', 'consumer', STATE) as robot:
                for step in range(400):
                    await robot.send(robot_state(cause=f'step {step}', joints=bulk))
                await robot.expect_silence()
                rooms = f'{url}/robotics/workspaces/{WORKSPACE}/rooms/arm'
                await wait_until(
                    lambda: httpx.get(rooms).json()['room']['active_consumers'] == 1,
                    'the disconnection of the slow viewer',
                )
                await robot.expect_silence()
                metrics = httpx.get(f'{url}/metrics').text

    assert 'lerobot_arena_refusals_total{reason="too_slow"} 1.0' in metrics
    assert 'lerobot_arena_robot_states_total 400.0' in metrics
    assert 'lerobot_arena_joint_updates_total 0.0' in metrics
