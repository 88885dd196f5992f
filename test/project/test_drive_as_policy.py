# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""The example that drives like a policy: when it has control, and what it says without."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, asynccontextmanager
import re

import pytest
from support.arena_api import WORKSPACE, make_room
from support.examples import running_example
from support.operators import operator
from support.peers import connect, join, ws_path
from support.processes import Process
from support.server import running_server
from support.waiting import wait_until

from lerobot_arena_ros.arena.control_messages import ControlPolicy
from lerobot_arena_ros.server.rooms.limits import Policy

ELBOW_DEG = 12.5
STATE = {
    'node': '/arm1/arena_bridge',
    'host': 'lab-pc',
    'gate': 'active',
    'cause': 'live',
    'joints': [{'name': 'elbow', 'unit': 'degrees', 'measured': ELBOW_DEG}],
    'refused': [],
}


@pytest.fixture(params=list(ControlPolicy))
def url(request: pytest.FixtureRequest) -> Iterator[str]:
    """Serve an arena with each policy of control."""
    with running_server(policy=Policy(control=request.param)) as served:
        yield served


@asynccontextmanager
async def robot(url: str, room: str) -> AsyncIterator[None]:
    """Be a robot in a room, which has reported where it is."""
    async with connect(url, ws_path(WORKSPACE, room)) as peer:
        await peer.send(join('arm', 'consumer', 'robot_state'))
        await peer.send({'type': 'robot_state', 'data': STATE})
        yield


def options(url: str, room: str, joint: str = 'elbow=-30,30') -> tuple[str, ...]:
    """Return the options of the example."""
    place = ('--server-url', url, '--workspace-id', WORKSPACE, '--room-id', room)
    return (*place, '--joint', joint)


async def shows(policy: Process, text: str) -> None:
    """Wait until the example has printed a text."""
    await wait_until(lambda: text in policy.output, f'{text!r} in {policy.output!r}')


async def test_it_takes_no_control_from_a_person(url: str) -> None:
    """It waits until the person gives control to the name that it prints, whatever the policy."""
    room = make_room(url)
    async with robot(url, room), operator(url, WORKSPACE, room, 'person') as person:
        await person.take()
        with running_example('drive_as_policy', *options(url, room)) as policy:
            await shows(policy, 'waiting until somebody gives control to drive_as_policy_')
            found = re.search(r'gives control to (\w+)\n', policy.output)
            assert found is not None
            await person.settle()
            assert person.holder == 'person'
            assert await person.request('give_control', to=found[1]) is None
            await shows(policy, 'in control')
            assert policy.end() == 0, policy.output


async def test_it_gives_control_to_who_asks_for_it() -> None:
    """It does not keep a person waiting; afterwards it waits until control is given back."""
    with running_server(policy=Policy(control=ControlPolicy.ASK)) as url:
        room = make_room(url)
        async with robot(url, room), operator(url, WORKSPACE, room, 'person') as person:
            with running_example('drive_as_policy', *options(url, room)) as policy:
                await shows(policy, 'in control')
                await person.take()
                await shows(policy, 'person asks for control\n')
                await shows(policy, 'waiting until somebody gives control to drive_as_policy_')
                assert policy.end() == 0, policy.output


async def test_it_does_not_drive_again_after_a_stop(url: str) -> None:
    """After a stop nobody has control, and the example prints what it waits for."""
    room = make_room(url)
    async with robot(url, room), operator(url, WORKSPACE, room, 'person') as person:
        with running_example('drive_as_policy', *options(url, room)) as policy:
            await shows(policy, 'in control')
            await person.stop('hand in the way')
            await shows(
                policy, 'nobody has control (stopped)\nwaiting until somebody gives control'
            )
            await person.settle()
            assert person.holder is None
            assert policy.end() == 0, policy.output


async def test_a_joint_that_no_robot_has_is_reported_in_one_line() -> None:
    """The line has the joints that robots have reported; control is not taken."""
    with running_server() as url:
        room = make_room(url)
        async with robot(url, room), operator(url, WORKSPACE, room, 'person') as person:
            with running_example('drive_as_policy', *options(url, room, 'elbo=0,1')) as policy:
                await shows(policy, 'has reported elbo for 10 s; reported joints: elbow\n')
                assert policy.wait() == 1
            await person.settle()
            assert {each.get('holder') for each in person.controls} == {None}


@pytest.mark.parametrize('joint', ['elbow=-30,30', 'elbo=0,1'])
async def test_a_server_that_goes_is_reported_in_one_line(joint: str) -> None:
    """Both while it drives and while it waits for a robot, the last line has the reason."""
    with ExitStack() as stack:
        url = stack.enter_context(running_server())
        room = make_room(url)
        async with robot(url, room):
            with running_example('drive_as_policy', *options(url, room, joint)) as policy:
                await shows(policy, 'in control' if joint == 'elbow=-30,30' else 'nobody')
                stack.close()
                await shows(policy, 'the server was shut down')
                assert policy.wait() == 1
                assert 'Traceback' not in policy.output
                assert policy.output.endswith('the server was shut down\n')
