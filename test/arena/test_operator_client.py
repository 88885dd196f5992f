# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""RoboticsOperator: a client that takes control of a room, and gives it back."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
import contextlib
from typing import Any

import pytest
from support.fake_arena import WebSocket, fake_arena, welcome
from support.server import running_server
from support.waiting import wait_in_each_iteration, wait_until

from lerobot_arena_ros import RoboticsConsumer, RoboticsOperator, RoboticsProducer
from lerobot_arena_ros.arena.control_messages import (
    ControlAnswer,
    ControlChange,
    ControlPolicy,
    ControlState,
)
from lerobot_arena_ros.arena.errors import (
    ConnectionLost,
    ControlRefused,
    JoinRefused,
    RoleTaken,
)
from lerobot_arena_ros.arena.messages import Entry

pytestmark = pytest.mark.usefixtures('no_task_left')


@pytest.fixture(scope='module')
def url() -> Iterator[str]:
    """Run a server with lanes."""
    with running_server(lanes=True) as address:
        yield address


@contextlib.asynccontextmanager
async def operators(
    url: str, *names: str, control: str = 'take', **options: Any
) -> AsyncIterator[list[RoboticsOperator]]:
    """Create a room, and join it as operators."""
    async with contextlib.AsyncExitStack() as stack:
        found = []
        workspace, room = await RoboticsConsumer(url).create_room(control=control)
        for name in names:
            operator = await stack.enter_async_context(RoboticsOperator(url, **options))
            assert await operator.connect(workspace, room, name)
            await wait_until(lambda each=operator: each.control, 'the state')  # type: ignore[misc]
            found.append(operator)
        yield found


def holders(client: RoboticsOperator | RoboticsConsumer | RoboticsProducer) -> list[str | None]:
    """Return a list to which each new holder is appended."""
    found: list[str | None] = []

    def note(state: ControlState) -> None:
        if found[-1:] != [state.holder]:
            found.append(state.holder)

    client.on_control(note)
    return found


@pytest.mark.parametrize('fast_lane', ['auto', 'never'])
async def test_a_person_takes_over_and_gives_back(url: str, fast_lane: str) -> None:
    """The room follows who has control; the other one is told."""
    async with (
        operators(url, 'policy', 'person', fast_lane=fast_lane) as (policy, person),
        RoboticsConsumer(url, fast_lane=fast_lane) as viewer,
    ):
        seen: list[Entry] = []
        viewer.on_joint_update(seen.extend)
        known = holders(viewer)
        assert policy.workspace_id is not None and policy.room_id is not None
        await viewer.connect(policy.workspace_id, policy.room_id)
        await policy.take_control()
        await policy.send_joint_update([{'name': 'elbow', 'value': 1.0}])
        await wait_until(lambda: len(seen) == 1, 'the update of the policy')
        assert policy.has_control and not person.has_control

        await person.take_control()
        await wait_until(lambda: not policy.has_control, 'the news')
        await policy.send_joint_update([{'name': 'elbow', 'value': 2.0}])
        await person.send_joint_update([{'name': 'elbow', 'value': 3.0}])
        await wait_until(lambda: len(seen) == 2, 'the update of the person')
        await person.give_control('policy')
        await wait_until(lambda: policy.has_control, 'control')
        await policy.send_joint_update([{'name': 'elbow', 'value': 4.0}])
        await wait_until(lambda: len(seen) == 3, 'the update of the policy')

    assert [entry['value'] for entry in seen] == [1.0, 3.0, 4.0]
    assert known == [None, 'policy', 'person', 'policy']


async def test_control_is_released_at_the_end_of_a_block(url: str) -> None:
    """Also if the block raises; not if control is lost already."""
    async with operators(url, 'policy', 'person') as (policy, person):
        with pytest.raises(ZeroDivisionError):
            async with policy.in_control():
                assert policy.has_control
                raise ZeroDivisionError
        await wait_until(
            lambda: person.control and person.control.change is ControlChange.RELEASED, 'the news'
        )
        assert person.control is not None
        assert person.control.holder is None

        async with policy.in_control():
            await person.take_control()
            await wait_until(lambda: not policy.has_control, 'the news')
        assert person.has_control


async def test_a_block_ends_without_an_error_if_control_was_lost_just_before(url: str) -> None:
    """Who has control now may not be known yet; an error would hide one of the block."""
    async with operators(url, 'policy', 'person') as (policy, person):
        async with policy.in_control():
            known = policy.control
            await person.take_control()
            await wait_until(lambda: not policy.has_control, 'the news')
            policy._control = known
            assert policy.has_control
        assert person.has_control


async def test_a_refusal_names_the_holder(url: str) -> None:
    """The error has the reason and the id."""
    async with operators(url, 'policy', 'person', control='first') as (policy, person):
        await policy.take_control()
        for attempt in (
            person.take_control(),
            person.give_control('person'),
            person.refuse_control('x'),
            person.release_control(),
        ):
            with pytest.raises(ControlRefused, match='policy has control') as refused:
                await attempt
            assert refused.value.holder == 'policy'
        await policy.release_control()
        await policy.release_control()  # It is idempotent.
        await person.take_control()


async def test_the_holder_is_asked(url: str) -> None:
    """A callback names who asks, once; the answer comes to who has asked."""
    async with operators(url, 'policy', 'person', control='ask') as (policy, person):
        asked: list[str] = []
        policy.on_control_request(asked.append)
        await policy.take_control()
        request = asyncio.create_task(person.take_control())
        await wait_until(lambda: asked == ['person'], 'the request')
        await policy.refuse_control('person')
        with pytest.raises(ControlRefused, match='policy keeps control'):
            await request

        request = asyncio.create_task(person.take_control())
        await wait_until(lambda: asked == ['person', 'person'], 'the second request')
        await policy.give_control('person')
        await request
        assert person.has_control


@pytest.mark.parametrize('way', ['cancelled', 'timeout'])
async def test_a_request_that_is_given_up_is_withdrawn(url: str, way: str) -> None:
    """Otherwise control could come when nobody expects it any more."""
    async with operators(url, 'policy', 'person', control='ask') as (policy, person):
        await policy.take_control()
        request = asyncio.create_task(
            person.take_control(timeout_s=2.0 if way == 'timeout' else 15.0)
        )
        await wait_until(lambda: policy.control and policy.control.requests, 'the request')
        if way == 'cancelled':
            request.cancel()
            with pytest.raises(asyncio.CancelledError):
                await request
        else:
            with pytest.raises(ControlRefused, match='no answer within 2 s') as refused:
                await request
            assert refused.value.holder == 'policy'
        await wait_until(lambda: policy.control and not policy.control.requests, 'the withdrawal')

        assert policy.has_control


async def test_a_request_after_one_that_was_given_up_is_not_withdrawn(url: str) -> None:
    """The withdrawal is sent before it."""
    async with operators(url, 'policy') as (policy,):

        async def take_twice() -> None:
            with contextlib.suppress(asyncio.CancelledError):
                await policy.take_control()
            await policy.take_control()

        request = asyncio.create_task(take_twice())
        await wait_in_each_iteration(lambda: policy._pending, 'the first request')
        request.cancel()
        await request
        with pytest.raises(ControlRefused, match='no request of'):
            await policy.refuse_control('person')  # Its answer comes after all of the above.

        assert policy.has_control


async def test_control_is_taken_only_if_it_is_free(url: str) -> None:
    """The room decides, because the news may be on the way."""
    async with operators(url, 'policy', 'person') as (policy, person):
        await person.take_control()
        policy._control = None  # As right after a join.
        with pytest.raises(ControlRefused, match='^person has control$') as refused:
            await policy.take_control(if_free=True)
        assert refused.value.holder == 'person'
        assert person.has_control

        await person.release_control()
        await policy.take_control(if_free=True)
        await policy.take_control(if_free=True)
        assert policy.has_control


async def test_control_is_not_given_to_who_does_not_ask_any_more(url: str) -> None:
    """Its withdrawal may be on the way."""
    async with operators(url, 'policy', 'person', control='ask') as (policy, person):
        await policy.take_control()
        request = asyncio.create_task(person.take_control())
        await wait_until(lambda: policy.control and policy.control.requests, 'the request')
        known = policy.control
        request.cancel()
        with pytest.raises(asyncio.CancelledError):
            await request
        await wait_until(lambda: policy.control != known, 'the withdrawal')
        policy._control = known

        with pytest.raises(ControlRefused, match='does not ask for control any more'):
            await policy.give_control('person')


async def test_control_is_not_given_by_a_decision_from_before_a_change(url: str) -> None:
    """The stop was meant for the one that would get control, too."""
    async with operators(url, 'policy', 'person') as (policy, person):
        await policy.take_control()
        known = policy.control
        await person.send_emergency_stop('hand in the way')
        await wait_until(lambda: not policy.has_control, 'the news')
        policy._control = known  # The news is on the way.

        with pytest.raises(ControlRefused, match='has changed meanwhile: nobody has it'):
            await policy.give_control('person')


async def test_each_request_is_announced_once(url: str) -> None:
    """Although the state of the room is sent again while it waits."""
    async with operators(url, 'policy', 'one', 'other', control='ask') as (policy, one, other):
        asked: list[str] = []
        policy.on_control_request(asked.append)
        await policy.take_control()
        requests = [asyncio.create_task(one.take_control())]
        await wait_until(lambda: asked == ['one'], 'the first request')
        requests.append(asyncio.create_task(other.take_control()))
        await wait_until(lambda: len(asked) == 2, 'the second request')
        assert asked == ['one', 'other']
        for name, request in zip(asked, requests, strict=True):
            await policy.refuse_control(name)
            with pytest.raises(ControlRefused):
                await request


async def test_a_request_is_given_up_while_the_connection_breaks(url: str) -> None:
    """Then nothing is left to withdraw."""
    async with operators(url, 'policy', 'person', control='ask') as (policy, person):
        await policy.take_control()
        request = asyncio.create_task(person.take_control())
        await wait_until(lambda: policy.control and policy.control.requests, 'the request')
        assert person._connection is not None
        person._connection._abort(None)
        request.cancel()
        with pytest.raises((asyncio.CancelledError, ConnectionLost)):
            await request
        await wait_until(lambda: not person.is_connected(), 'the loss')


async def test_a_request_that_is_cancelled_with_its_answer_keeps_no_control(url: str) -> None:
    """The caller does not learn that it has control, so it would never release it."""
    async with operators(url, 'policy', 'person') as (policy, person):
        request = asyncio.create_task(person.take_control())

        def cancel(event: object) -> None:
            if isinstance(event, ControlAnswer):
                request.cancel()

        person.on_message(cancel)
        with pytest.raises(asyncio.CancelledError):
            await request
        await wait_until(
            lambda: policy.control and policy.control.change is ControlChange.RELEASED, 'a release'
        )


async def test_what_was_sent_before_moves_nothing_after_control_was_taken(url: str) -> None:
    """With lanes each update has all joints, but not those of an earlier time in control."""
    async with (
        operators(url, 'policy', 'person') as (policy, person),
        RoboticsConsumer(url) as viewer,
    ):
        seen: list[Entry] = []
        viewer.on_joint_update(seen.extend)
        assert policy.workspace_id is not None and policy.room_id is not None
        await viewer.connect(policy.workspace_id, policy.room_id)
        await policy.take_control()
        await policy.send_joint_update([{'name': 'elbow', 'value': 1.0}])
        await wait_until(lambda: len(seen) == 1, 'the update of the policy')
        await person.take_control()
        await person.send_joint_update([{'name': 'elbow', 'value': 2.0}])
        await wait_until(lambda: len(seen) == 2, 'the update of the person')
        await policy.send_joint_update([{'name': 'elbow', 'value': 3.0}])
        await policy.take_control()
        await policy.send_joint_update([{'name': 'wrist', 'value': 4.0}])
        await wait_until(lambda: len(seen) >= 3, 'the last update')

    assert [(entry['name'], entry['value']) for entry in seen] == [
        ('elbow', 1.0),
        ('elbow', 2.0),
        ('wrist', 4.0),
    ]


async def test_an_update_from_before_a_request_is_not_repeated_after_it(url: str) -> None:
    """Its datagram was lost, and its repetition would count as the first one in control."""
    async with operators(url, 'person') as (person,), RoboticsConsumer(url) as viewer:
        seen: list[Entry] = []
        viewer.on_joint_update(seen.extend)
        assert person.workspace_id is not None and person.room_id is not None
        await viewer.connect(person.workspace_id, person.room_id)
        await wait_until(lambda: person.lane_report, 'the lane')
        assert person._connection is not None and person._connection._lane._lane is not None
        with pytest.MonkeyPatch.context() as patch:
            channel = person._connection._lane._lane._channel
            patch.setattr(channel, 'send', lambda text: True)
            await person.send_joint_update([{'name': 'elbow', 'value': 9.0}])
        await person.take_control()
        await person.send_joint_update([{'name': 'wrist', 'value': 4.0}])
        await wait_until(lambda: seen and seen[-1]['name'] == 'wrist', 'the last update')

    assert [(entry['name'], entry['value']) for entry in seen] == [('wrist', 4.0)]


async def test_what_is_sent_before_control_is_known_moves_nothing(url: str) -> None:
    """A policy that goes on to send has computed it for another pose of the robot."""
    async with (
        operators(url, 'policy', 'person') as (policy, person),
        RoboticsConsumer(url) as recorder,
    ):
        moves: list[float] = []
        shadows: list[float] = []
        blocked, goes_on = asyncio.Event(), asyncio.Event()

        async def block(_: list[Entry]) -> None:
            blocked.set()
            await goes_on.wait()

        recorder.on_joint_update(lambda entries: moves.append(entries[0]['value']))
        recorder.on_shadow_update(lambda _, entries: shadows.append(entries[0]['value']))
        policy.on_joint_update(block)
        assert policy.workspace_id is not None and policy.room_id is not None
        await recorder.connect(policy.workspace_id, policy.room_id)
        await person.take_control()
        await person.send_joint_update([{'name': 'elbow', 'value': 1.0}])
        await blocked.wait()
        await person.give_control('policy')
        await policy.send_joint_update([{'name': 'elbow', 'value': 2.0}])
        await wait_until(lambda: shadows, 'the shadow')
        goes_on.set()
        await wait_until(lambda: policy.has_control, 'control')
        await policy.send_joint_update([{'name': 'elbow', 'value': 3.0}])
        await wait_until(lambda: 3.0 in moves, 'the update')

    assert (moves, shadows) == ([1.0, 3.0], [2.0])


async def test_shadow_updates_are_for_who_compares(url: str) -> None:
    """A consumer with the callback receives them, with their sender."""
    async with (
        operators(url, 'policy', 'person') as (policy, person),
        RoboticsConsumer(url) as recorder,
    ):
        shadows: list[tuple[str, float]] = []
        recorder.on_shadow_update(lambda who, entries: shadows.append((who, entries[0]['value'])))
        assert policy.workspace_id is not None and policy.room_id is not None
        await recorder.connect(policy.workspace_id, policy.room_id)
        await policy.take_control()
        await person.send_joint_update([{'name': 'elbow', 'value': 2.0}])
        await wait_until(lambda: shadows, 'the shadow')

    assert shadows == [('person', 2.0)]


async def test_a_displaced_producer_is_told(url: str) -> None:
    """With the callback it knows who has control; its updates have no effect."""
    async with (
        operators(url, 'person') as (person,),
        RoboticsProducer(url) as leader,
    ):
        known = holders(leader)
        assert person.workspace_id is not None and person.room_id is not None
        await leader.connect(person.workspace_id, person.room_id, 'leader')
        await person.take_control()
        await wait_until(lambda: known == ['leader', 'person'], 'the news')
        await person.give_control('leader')
        await wait_until(lambda: known == ['leader', 'person', 'leader'], 'the news')


@pytest.mark.parametrize('is_told', [True, False])
async def test_a_displaced_producer_does_not_send_old_joints_again(
    url: str, is_told: bool
) -> None:
    """With lanes each update has all joints, but not those from before it lost control."""
    async with (
        operators(url, 'person') as (person,),
        RoboticsProducer(url) as leader,
        RoboticsConsumer(url) as viewer,
    ):
        seen: list[Entry] = []
        viewer.on_joint_update(seen.extend)
        told: list[str] = []
        leader.on_error(told.append)
        if is_told:
            leader.on_control(lambda state: told.append(state.holder or ''))
        assert person.workspace_id is not None and person.room_id is not None
        await viewer.connect(person.workspace_id, person.room_id)
        await leader.connect(person.workspace_id, person.room_id, 'leader')
        await leader.send_joint_update([{'name': 'elbow', 'value': 1.0}])
        await wait_until(lambda: len(seen) == 1, 'the update of the leader')
        told.clear()

        await person.take_control()
        await person.send_joint_update([{'name': 'elbow', 'value': 2.0}])
        await wait_until(lambda: len(seen) == 2, 'the update of the person')
        await leader.send_joint_update([{'name': 'wrist', 'value': 3.0}])
        await wait_until(lambda: told, 'the news')
        await person.give_control('leader')
        await leader.send_joint_update([{'name': 'wrist', 'value': 4.0}])
        await wait_until(lambda: len(seen) > 2, 'the last update')

    assert [(entry['name'], entry['value']) for entry in seen[2:]] == [('wrist', 4.0)]


async def test_a_refused_producer_is_told_who_the_producer_is(url: str) -> None:
    """Not who has control, and only if its role is the reason."""
    async with (
        operators(url, 'person') as (person,),
        RoboticsProducer(url) as leader,
        RoboticsProducer(url) as other,
    ):
        place = str(person.workspace_id), str(person.room_id)
        await person.take_control()
        with pytest.raises(JoinRefused) as refused:
            await other.join_room(*place, 'producer', 'person')
        assert not isinstance(refused.value, RoleTaken)
        assert refused.value.code == 'join_refused'

        await leader.join_room(*place, 'producer', 'leader')
        with pytest.raises(RoleTaken, match='already has a producer, leader') as taken:
            await other.join_room(*place, 'producer', 'other')
        assert taken.value.holder == 'leader'


async def test_a_callback_cannot_wait_for_an_answer(url: str) -> None:
    """It would wait for ever, so it is told at once."""
    async with operators(url, 'policy', 'person') as (policy, person):
        errors: list[RuntimeError] = []

        async def take(state: ControlState) -> None:
            try:
                await person.take_control()
            except RuntimeError as exc:
                errors.append(exc)

        person.on_control(take)
        await policy.take_control()
        await wait_until(lambda: errors, 'the error')

    assert 'a callback cannot wait for the answer to take_control' in str(errors[0])


async def test_a_request_ends_with_the_connection(url: str) -> None:
    """The caller is told, instead of waiting for the timeout."""
    async with operators(url, 'policy', 'person', control='ask') as (policy, person):
        await policy.take_control()
        request = asyncio.create_task(person.take_control())
        await wait_until(lambda: policy.control and policy.control.requests, 'the request')
        await person.disconnect()

        with pytest.raises(ConnectionLost, match='the room was left before it answered'):
            await request
        assert person.control is None
        assert not person.has_control
        with pytest.raises(ValueError, match='take control'):
            await person.take_control()


async def test_control_is_not_taken_again_after_a_loss(url: str) -> None:
    """The client joins again, and waits for a decision."""
    async with operators(url, 'policy', 'person', reconnect=True, pauses_s=(0.01, 0.1)) as (
        policy,
        person,
    ):
        await policy.take_control()
        assert policy._connection is not None
        policy._connection._abort(None)
        await wait_until(lambda: person.control and person.control.holder is None, 'the loss')
        await wait_until(lambda: policy.control, 'the new connection')

        assert not policy.has_control
        await policy.take_control()


async def test_a_server_without_control_refuses(url: str) -> None:
    """The public server ignores the feature; the reason is clear."""

    async def serve(socket: WebSocket) -> None:
        await welcome(socket)
        while True:
            await socket.receive_text()

    async with fake_arena(serve) as arena, RoboticsOperator(arena.url) as operator:
        assert await operator.connect('lab', 'arm', 'person')
        with pytest.raises(ControlRefused, match='this server cannot hand over control'):
            await operator.take_control()
        assert operator.control is None


async def test_an_unknown_policy_is_refused(url: str) -> None:
    """Nothing is created."""
    client = RoboticsConsumer(url)
    with pytest.raises(ValueError, match='mine'):
        await client.create_room('lab', 'odd', control='mine')
    assert await client.list_rooms('lab') == []
    workspace, room = await client.create_room(control=ControlPolicy.ASK)
    assert (await client.get_room_info(workspace, room))['control']['policy'] == 'ask'
