# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""The public client beyond its contract: callbacks, leaving, connection loss, reconnecting."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, suppress
import logging
from typing import Any

import pytest
from support.fake_arena import WebSocket, fake_arena, send_message, welcome
from support.fault_proxy import FaultProxy, fault_proxy_to
from support.rooms import wait_for_participants
from support.server import running_server
from support.waiting import wait_until

from lerobot_arena_ros import (
    RoboticsClientCore,
    RoboticsConsumer,
    RoboticsProducer,
    create_producer_client,
)
from lerobot_arena_ros.arena import joined_client as core_module
from lerobot_arena_ros.arena.connection import Connection, open_connection
from lerobot_arena_ros.arena.errors import AccessDenied, ConnectionLost, RoomNotFound
from lerobot_arena_ros.arena.messages import EmergencyStop, Joined, JointUpdate, StateSync
from lerobot_arena_ros.arena.reconnect import backoff
from lerobot_arena_ros.arena.session import Event

pytestmark = pytest.mark.usefixtures('no_task_left')

Entries = list[dict[str, Any]]
Room = tuple[str, str]
Pair = tuple[RoboticsProducer, RoboticsConsumer, str, str]


@pytest.fixture(scope='session')
def server_url(own_server_url: str) -> str:
    """Return the URL of our own server, independent of the server of the contract tests."""
    return own_server_url


@pytest.fixture
async def proxy(own_server_url: str) -> AsyncIterator[FaultProxy]:
    """Yield a network to our own server that can fail."""
    async with fault_proxy_to(own_server_url) as relay:
        yield relay


def log_of(client: RoboticsClientCore) -> list[str]:
    """Collect the names of the callbacks that are called from now on, in order."""
    calls: list[str] = []
    client.on_connected(lambda: calls.append('connected'))
    client.on_disconnected(lambda: calls.append('disconnected'))
    client.on_error(lambda text: calls.append('error'))
    client.on_emergency_stop(lambda stop: calls.append('emergency_stop'))
    if isinstance(client, RoboticsConsumer):
        client.on_state_sync(lambda joints: calls.append('state_sync'))
        client.on_joint_update(lambda entries: calls.append('joint_update'))
    return calls


# ----- callbacks


async def test_coroutine_callbacks_are_awaited(
    producer: RoboticsProducer, consumer: RoboticsConsumer, test_room: Room
) -> None:
    """A coroutine callback is awaited before the next event is delivered."""
    calls: list[str] = []

    def slowly(name: str) -> Callable[..., Any]:
        async def callback(*_: object) -> None:
            calls.append(f'{name} begins')
            await turn()
            calls.append(f'{name} ends')

        return callback

    consumer.on_connected(slowly('connected'))
    consumer.on_state_sync(slowly('state_sync'))
    consumer.on_joint_update(slowly('joint_update'))
    consumer.on_error(slowly('error'))
    consumer.on_emergency_stop(slowly('emergency_stop'))
    consumer.on_disconnected(slowly('disconnected'))

    await consumer.connect(*test_room)
    await producer.connect(*test_room)
    await producer.send_state_sync({'Jaw': 1.0})
    await wait_until(lambda: 'joint_update ends' in calls, 'the update')
    await producer.send_emergency_stop()
    await wait_until(lambda: 'error ends' in calls, 'the stop')
    await consumer.disconnect()

    names = ('connected', 'state_sync', 'joint_update', 'emergency_stop', 'error', 'disconnected')
    assert calls == [f'{name} {step}' for name in names for step in ('begins', 'ends')]


async def turn() -> None:
    """Run one iteration of the event loop."""
    loop = asyncio.get_running_loop()
    passed = loop.create_future()
    loop.call_soon(passed.set_result, None)
    await passed


async def test_a_callback_that_raises_is_logged(
    producer_consumer_pair: Pair, caplog: pytest.LogCaptureFixture
) -> None:
    """An exception of a callback is logged with its name; the next event is delivered as usual."""
    producer, consumer, _, _ = producer_consumer_pair
    values: list[float] = []

    def fail(entries: Entries) -> None:
        values.append(entries[0]['value'])
        raise KeyError('a mistake')

    async def fail_later(stop: EmergencyStop) -> None:
        await turn()
        raise KeyError('another mistake')

    consumer.on_joint_update(fail)
    consumer.on_emergency_stop(fail_later)
    with caplog.at_level(logging.ERROR):
        await producer.send_state_sync({'Jaw': 1.0})
        await producer.send_emergency_stop()
        await producer.send_state_sync({'Jaw': 2.0})
        await wait_until(lambda: len(values) == 2, 'both updates')

    assert values == [1.0, 2.0]
    assert consumer.is_connected()
    assert 'on_joint_update callback failed' in caplog.text
    assert 'a mistake' in caplog.text
    assert 'on_emergency_stop callback failed' in caplog.text
    assert 'another mistake' in caplog.text


async def test_the_last_callback_of_a_kind_counts(producer_consumer_pair: Pair) -> None:
    """A later callback of the same kind replaces the earlier one, also while connected."""
    producer, consumer, _, _ = producer_consumer_pair
    first: list[Entries] = []
    second: list[Entries] = []
    consumer.on_joint_update(first.append)
    consumer.on_joint_update(second.append)

    await producer.send_state_sync({'Jaw': 1.0})

    await wait_until(lambda: second, 'the update')
    assert first == []


async def test_a_message_callback_gets_every_event(
    producer: RoboticsProducer, consumer: RoboticsConsumer, test_room: Room
) -> None:
    """Each event is passed on with source and timestamp, before its own callback is called."""
    events: list[Event] = []
    order: list[str] = []
    consumer.on_message(events.append)
    consumer.on_joint_update(lambda entries: order.append(type(events[-1]).__name__))
    await consumer.connect(*test_room)
    await producer.connect(*test_room)

    await producer.send_state_sync({'Jaw': 1.0})

    await wait_until(lambda: order, 'the update')
    assert [type(event) for event in events[:2]] == [Joined, StateSync]
    update = events[-1]
    assert isinstance(update, JointUpdate)
    assert update.source == producer.participant_id
    assert update.timestamp
    assert order == ['JointUpdate']


async def test_a_stop_has_a_callback_of_its_own(producer_consumer_pair: Pair) -> None:
    """The stop callback gets reason and source, also of an own stop; ``on_error`` follows."""
    producer, consumer, _, _ = producer_consumer_pair
    stops: list[EmergencyStop] = []
    order: list[str] = []
    consumer.on_emergency_stop(lambda stop: order.append('emergency_stop'))
    consumer.on_error(order.append)
    producer.on_emergency_stop(stops.append)

    await consumer.send_emergency_stop('smoke')

    await wait_until(lambda: stops and len(order) == 2, 'the stop at both')
    assert (stops[0].reason, stops[0].source) == ('smoke', consumer.participant_id)
    assert order == ['emergency_stop', 'Emergency stop: smoke']


async def test_an_error_of_the_server_is_reported_once() -> None:
    """The error callback gets the message of the server once."""

    async def script(websocket: WebSocket) -> None:
        await welcome(websocket)
        await send_message(websocket, 'error', message='Failed to process joint update')

    async with fake_arena(script) as fake, RoboticsProducer(fake.url) as producer:
        errors: list[str] = []
        producer.on_error(errors.append)
        await producer.connect('lab', 'arm')
        await wait_until(lambda: errors, 'the error')

        assert errors == ['Failed to process joint update']
        assert producer.is_connected()


async def test_a_bad_frame_is_dropped(caplog: pytest.LogCaptureFixture) -> None:
    """An update without a valid joint is logged and dropped; the next update is delivered."""

    async def script(websocket: WebSocket) -> None:
        await welcome(websocket)
        bad = [{'name': 'Elbow', 'value': float('nan')}]
        await send_message(websocket, 'joint_update', data=bad)
        await send_message(websocket, 'joint_update', data=[{'name': 'Jaw', 'value': 2.0}])

    async with fake_arena(script) as fake, RoboticsConsumer(fake.url) as consumer:
        updates: list[Entries] = []
        consumer.on_joint_update(updates.append)
        await consumer.connect('lab', 'arm')
        await wait_until(lambda: updates, 'the good update')

        assert updates == [[{'name': 'Jaw', 'value': 2.0}]]
        assert 'Elbow' in caplog.text


# ----- leaving from inside a callback


async def test_disconnecting_inside_a_callback(producer_consumer_pair: Pair) -> None:
    """A callback may disconnect; afterwards only ``on_disconnected`` is called, once."""
    producer, consumer, *room = producer_consumer_pair
    calls = log_of(consumer)

    async def leave(_: object) -> None:
        calls.append('leaving')
        await consumer.disconnect()
        calls.append('left')

    consumer.on_joint_update(leave)
    for value in range(10):
        await producer.send_state_sync({'Jaw': float(value)})

    await wait_until(lambda: 'left' in calls, 'leaving')
    await wait_for_participants(producer, (room[0], room[1]), producer=producer.participant_id)
    calls = [call for call in calls if call != 'state_sync']
    assert calls == ['leaving', 'disconnected', 'left']
    assert not consumer.is_connected()
    assert consumer.room_id is None


async def test_disconnecting_both_clients_inside_a_callback(producer_consumer_pair: Pair) -> None:
    """A callback may disconnect clients in tasks of its own, for example with ``gather``."""
    producer, consumer, *_ = producer_consumer_pair
    calls = {'producer': log_of(producer), 'consumer': log_of(consumer)}
    done: list[str] = []

    async def stop(_: EmergencyStop) -> None:
        await asyncio.gather(producer.disconnect(), consumer.disconnect())
        done.append('left')

    consumer.on_emergency_stop(stop)
    await consumer.send_emergency_stop('smoke')

    await wait_until(lambda: done, 'leaving')
    assert not producer.is_connected()
    assert not consumer.is_connected()
    assert [name.count('disconnected') for name in calls.values()] == [1, 1]


async def test_disconnecting_as_soon_as_connected(
    consumer: RoboticsConsumer, test_room: Room
) -> None:
    """If ``on_connected`` disconnects, ``connect`` returns False and the client is in no room."""
    calls = log_of(consumer)

    async def leave() -> None:
        calls.append('connected')
        await consumer.disconnect()

    consumer.on_connected(leave)
    success = await consumer.connect(*test_room)

    assert success is False
    assert not consumer.is_connected()
    assert calls == ['connected', 'disconnected']
    await wait_for_participants(consumer, test_room)


async def test_connecting_elsewhere_inside_a_callback(
    producer: RoboticsProducer, consumer: RoboticsConsumer, test_room: Room
) -> None:
    """A callback may connect the client to another room, where it receives events."""
    other = await consumer.create_room()
    values: list[float] = []

    async def move(entries: Entries) -> None:
        values.append(entries[0]['value'])
        if len(values) == 1:
            assert await consumer.connect(*other)

    consumer.on_joint_update(move)
    await consumer.connect(*test_room)
    await producer.connect(*test_room)
    await producer.send_state_sync({'Jaw': 1.0})
    await wait_until(lambda: consumer.room_id == other[1] and consumer.is_connected(), 'moving')
    await producer.connect(*other)
    await producer.send_state_sync({'Jaw': 2.0})
    await wait_until(lambda: len(values) == 2, 'the update in the other room')

    assert values == [1.0, 2.0]
    await wait_for_participants(consumer, test_room)
    await consumer.disconnect()
    await producer.disconnect()
    assert await consumer.delete_room(*other)


@pytest.mark.parametrize('reconnect', [False, True])
async def test_a_client_that_deletes_its_own_room_leaves_it_quietly(
    server_url: str, caplog: pytest.LogCaptureFixture, reconnect: bool
) -> None:
    """The client logs no error and no warning, and does not rejoin the room."""
    caplog.set_level(logging.INFO)
    async with RoboticsConsumer(server_url, reconnect=reconnect) as consumer:
        calls = log_of(consumer)
        consumer.on_robot_state(lambda *_: None)  # With features, the deletion is reported.
        own = await consumer.create_room()
        assert await consumer.connect(*own)

        assert await consumer.delete_room(*own)

        assert not consumer.is_connected()
        assert consumer.room_id is None
    assert calls == ['connected', 'state_sync', 'disconnected']
    assert [record for record in caplog.records if record.levelno > logging.INFO] == []


async def test_a_room_that_another_client_deletes_is_an_error(
    server_url: str, consumer: RoboticsConsumer, caplog: pytest.LogCaptureFixture
) -> None:
    """A deletion by another client is reported as an error."""
    calls = log_of(consumer)
    consumer.on_robot_state(lambda *_: None)
    room = await consumer.create_room()
    await consumer.connect(*room)

    async with RoboticsProducer(server_url) as other:
        assert await other.delete_room(*room)
    await wait_until(lambda: 'disconnected' in calls, 'the end')

    assert calls == ['connected', 'state_sync', 'error', 'disconnected']
    assert 'the room was deleted' in caplog.text


async def test_connecting_again_when_disconnected(
    proxy: FaultProxy, producer: RoboticsProducer, test_room: Room
) -> None:
    """The ``on_disconnected`` callback may connect again."""
    async with RoboticsConsumer(proxy.url) as consumer:
        calls = log_of(consumer)

        async def again() -> None:
            calls.append('disconnected')
            consumer.on_disconnected(lambda: calls.append('disconnected'))
            assert await consumer.connect(*test_room)

        consumer.on_disconnected(again)
        await consumer.connect(*test_room)
        await wait_until(lambda: 'state_sync' in calls, 'the state')
        proxy.cut()
        await wait_until(lambda: calls.count('state_sync') == 2, 'the state again')

        assert calls == ['connected', 'state_sync', 'disconnected', 'connected', 'state_sync']


async def test_a_running_callback_is_not_cancelled(producer_consumer_pair: Pair) -> None:
    """Disconnecting in another task neither waits for a running callback nor cancels it."""
    producer, consumer, *_ = producer_consumer_pair
    calls = log_of(consumer)
    go_on = asyncio.Event()

    async def slow(_: object) -> None:
        calls.append('begins')
        await go_on.wait()
        calls.append('ends')

    consumer.on_joint_update(slow)
    await producer.send_state_sync({'Jaw': 1.0})
    await producer.send_state_sync({'Jaw': 2.0})
    await wait_until(lambda: 'begins' in calls, 'the callback')
    await consumer.disconnect()
    go_on.set()
    await wait_until(lambda: 'ends' in calls, 'its end')

    assert [call for call in calls if call != 'state_sync'] == ['begins', 'disconnected', 'ends']


# ----- on_disconnected, exactly once


async def test_disconnecting_twice_is_reported_once(
    consumer: RoboticsConsumer, test_room: Room
) -> None:
    """A second ``disconnect`` does not call ``on_disconnected`` again."""
    calls = log_of(consumer)
    await consumer.disconnect()
    await consumer.connect(*test_room)
    await asyncio.gather(consumer.disconnect(), consumer.disconnect())
    await consumer.disconnect()

    assert calls.count('disconnected') == 1
    assert calls[-1] == 'disconnected'


async def test_a_failed_connection_is_no_disconnection(
    consumer: RoboticsConsumer, caplog: pytest.LogCaptureFixture
) -> None:
    """A failed ``connect`` does not call ``on_disconnected``; the reason is logged."""
    calls = log_of(consumer)

    success = await consumer.connect('lab', 'missing')
    await consumer.disconnect()

    assert success is False
    assert calls == []
    assert 'room lab/missing: there is no such room' in caplog.text
    with pytest.raises(ValueError, match='Must be connected to a room'):
        await consumer.get_state_sync()


async def test_a_loss_is_reported_once(
    proxy: FaultProxy,
    consumer: RoboticsConsumer,
    test_room: Room,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """After a loss the client is not connected, and a later ``disconnect`` reports nothing."""
    async with RoboticsProducer(proxy.url) as producer:
        calls = log_of(producer)
        await producer.connect(*test_room)
        proxy.cut()
        await wait_until(lambda: 'disconnected' in calls, 'the loss')

        assert not producer.is_connected()
        assert producer.connected is False
        assert producer.get_connection_info()['connected'] is False
        with pytest.raises(ValueError, match='Must be connected'):
            await producer.send_state_sync({'Jaw': 1.0})
        await producer.disconnect()

    assert calls == ['connected', 'disconnected']
    assert 'connection lost' in caplog.text


async def test_leaving_at_the_moment_of_the_loss_is_reported_once(
    proxy: FaultProxy, producer: RoboticsProducer, test_room: Room
) -> None:
    """A loss and a concurrent ``disconnect`` call ``on_disconnected`` once."""
    async with RoboticsConsumer(proxy.url) as consumer:
        for turns in range(12):
            calls = log_of(consumer)
            assert await consumer.connect(*test_room)
            proxy.cut()
            for _ in range(turns):
                await turn()
            await consumer.disconnect()

            assert calls.count('disconnected') == 1, f'after {turns} turns: {calls}'


async def test_sending_into_a_loss_raises(proxy: FaultProxy, test_room: Room) -> None:
    """Sending raises ConnectionLost while the loss has not been detected yet."""
    async with RoboticsProducer(proxy.url) as producer:
        await producer.connect(*test_room)
        proxy.cut()
        with pytest.raises((ConnectionLost, ValueError)):
            while True:
                await producer.send_state_sync({'Jaw': 1.0})
                await turn()


async def test_a_cancelled_connection_leaves_the_room(
    consumer: RoboticsConsumer, test_room: Room
) -> None:
    """Cancelling ``connect`` while its callback runs leaves the room."""
    calls = log_of(consumer)
    entered = asyncio.Event()

    async def never_ends() -> None:
        calls.append('connected')
        entered.set()
        await asyncio.Event().wait()

    consumer.on_connected(never_ends)
    connecting = asyncio.create_task(consumer.connect(*test_room))
    await asyncio.wait_for(entered.wait(), 10.0)
    connecting.cancel()
    await asyncio.wait([connecting])

    assert connecting.cancelled()
    assert not consumer.is_connected()
    assert calls == ['connected', 'disconnected']
    await wait_for_participants(consumer, test_room)


async def test_two_connections_at_once_end_in_one_room(
    consumer: RoboticsConsumer, test_room: Room
) -> None:
    """Of two concurrent ``connect`` calls, the last one to finish wins; the other room is left."""
    other = await consumer.create_room()
    calls = log_of(consumer)

    await asyncio.gather(consumer.connect(*test_room), consumer.connect(*other))

    here = (str(consumer.workspace_id), str(consumer.room_id))
    left = other if here == test_room else test_room
    await wait_for_participants(consumer, here, consumers=[consumer.participant_id])
    await wait_for_participants(consumer, left)
    assert calls.count('connected') - calls.count('disconnected') == 1
    await consumer.disconnect()
    assert await consumer.delete_room(*other)


async def test_an_unknown_role_changes_nothing(
    consumer: RoboticsConsumer, test_room: Room
) -> None:
    """An unknown role is refused before the current room is left."""
    await consumer.connect(*test_room)

    with pytest.raises(ValueError, match=r"Invalid role: 'viewer'.*'producer' or 'consumer'"):
        await consumer.connect_to_room(*test_room, 'viewer')

    assert consumer.is_connected()


async def test_the_reason_of_a_failed_join_is_raised(
    consumer: RoboticsConsumer, test_room: Room
) -> None:
    """``join_room`` raises what ``connect_to_room`` only logs; ``error`` has it until a join."""
    workspace, room = test_room

    with pytest.raises(RoomNotFound) as caught:
        await consumer.join_room(workspace, f'{room}-missing', 'consumer')
    assert consumer.error is caught.value

    assert await consumer.join_room(workspace, room, 'consumer')
    assert consumer.error is None


async def test_a_named_client_has_a_new_id_for_each_join(server_url: str, test_room: Room) -> None:
    """The id begins with the name, and an explicit id is used as it is."""
    async with RoboticsConsumer(server_url, name='arm1 front') as client:
        ids = []
        for given in (None, None, 'me'):
            assert await client.connect(*test_room, given)
            ids.append(str(client.participant_id))

    assert ids[2] == 'me'
    assert ids[0] != ids[1]
    assert all(each.startswith('arm1-front-') for each in ids[:2])


async def test_waiting_ends_when_the_room_is_left(proxy: FaultProxy, test_room: Room) -> None:
    """``wait_left`` returns after the loss of a client that does not rejoin."""
    async with RoboticsConsumer(proxy.url) as client:
        await client.wait_left()
        await client.connect(*test_room)
        waiting = asyncio.create_task(client.wait_left())
        proxy.cut()
        await waiting

        assert isinstance(client.error, ConnectionLost)


# ----- reconnect=True


@pytest.fixture
def short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Shorten the pauses between attempts to reconnect."""
    monkeypatch.setattr(core_module, 'backoff', lambda *_: backoff(0.01, 0.02))


@pytest.mark.usefixtures('short_pauses')
async def test_a_client_rejoins_when_its_server_comes_back() -> None:
    """With ``reconnect``, the client rejoins the same room under a new id."""
    async with AsyncExitStack() as stack:
        with running_server() as url:
            consumer = await stack.enter_async_context(RoboticsConsumer(url, reconnect=True))
            await consumer.create_room('lab', 'arm')
            calls = log_of(consumer)
            assert await consumer.connect('lab', 'arm')
            before = consumer.get_connection_info()
            await wait_until(lambda: 'state_sync' in calls, 'the state')
        await wait_until(lambda: 'disconnected' in calls, 'the loss')
        between = consumer.get_connection_info()
        with running_server(port=int(url.rpartition(':')[2])):
            await consumer.create_room('lab', 'arm')
            await wait_until(lambda: calls.count('state_sync') == 2, 'the state again')
            after = consumer.get_connection_info()
            async with await create_producer_client(url, 'lab', 'arm') as producer:
                await producer.send_state_sync({'Jaw': 1.0})
                await wait_until(lambda: 'joint_update' in calls, 'an update')
            await stack.aclose()

    stay = ['connected', 'state_sync']
    assert calls == [*stay, 'disconnected', *stay, 'joint_update', 'disconnected']
    assert [info['connected'] for info in (before, between, after)] == [True, False, True]
    assert [(info['workspace_id'], info['room_id']) for info in (before, between, after)] == [
        ('lab', 'arm')
    ] * 3
    assert before['participant_id'] != after['participant_id']


@pytest.mark.parametrize('reconnect', [False, True])
async def test_only_a_producer_that_rejoins_requests_liveness(reconnect: bool) -> None:
    """The server may free the role of a frozen producer only if the client rejoins afterwards."""
    joins: list[dict[str, Any]] = []

    async def script(websocket: WebSocket) -> None:
        joins.append(await welcome(websocket))

    async with fake_arena(script) as fake, RoboticsProducer(fake.url, reconnect=reconnect) as one:
        assert await one.connect('lab', 'arm')

    requested = set(joins[0]['features'])
    assert requested >= {'liveness', 'heartbeat_seq'} if reconnect else 'liveness' not in requested


@pytest.mark.usefixtures('short_pauses')
async def test_leaving_ends_joining_again(proxy: FaultProxy, test_room: Room) -> None:
    """``disconnect`` during a reconnection ends the reconnection."""
    async with RoboticsConsumer(proxy.url, reconnect=True) as consumer:
        calls = log_of(consumer)
        await consumer.connect(*test_room)
        proxy.freeze()
        proxy.cut()
        await wait_until(lambda: 'disconnected' in calls, 'the loss')
        await consumer.disconnect()
        proxy.thaw()

        await wait_for_participants(consumer, test_room)
        assert not consumer.is_connected()
        assert calls.count('connected') == calls.count('disconnected') == 1


@pytest.mark.usefixtures('short_pauses')
async def test_leaving_inside_a_callback_ends_joining_again(
    proxy: FaultProxy, test_room: Room
) -> None:
    """``disconnect`` in the ``on_disconnected`` callback ends the reconnection."""
    async with RoboticsConsumer(proxy.url, reconnect=True) as consumer:
        calls = log_of(consumer)

        async def leave() -> None:
            calls.append('disconnected')
            await consumer.disconnect()

        consumer.on_disconnected(leave)
        await consumer.connect(*test_room)
        reader = consumer._reader
        assert reader is not None
        proxy.cut()
        await wait_until(reader.done, 'the end of reading')

        assert calls.count('connected') == calls.count('disconnected') == 1
        assert consumer.get_connection_info()['room_id'] is None


@pytest.mark.usefixtures('short_pauses')
async def test_a_final_error_ends_joining_again(
    proxy: FaultProxy,
    test_room: Room,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """After an error that is not retryable, the client logs it and gives up."""
    joins: list[Connection] = []

    async def join(*args: Any, **options: Any) -> Connection:
        if joins:
            raise AccessDenied('the token has changed', status=401)
        joins.append(await open_connection(*args, **options))
        return joins[0]

    monkeypatch.setattr(core_module, 'open_connection', join)
    async with RoboticsConsumer(proxy.url, reconnect=True) as consumer:
        await consumer.connect(*test_room)
        reader = consumer._reader
        assert reader is not None
        proxy.cut()
        await wait_until(reader.done, 'giving up')

        assert not consumer.is_connected()
        assert 'cannot rejoin, giving up: the token has changed' in caplog.text


@pytest.mark.usefixtures('short_pauses')
async def test_leaving_counts_though_a_join_ignores_its_cancellation(
    proxy: FaultProxy, test_room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A join that completes despite its cancellation, as with old libraries, is left again."""
    joins: list[Connection] = []
    joining = asyncio.Event()

    async def join(*args: Any, **options: Any) -> Connection:
        if joins:
            joining.set()
            with suppress(asyncio.CancelledError):
                await asyncio.Event().wait()
        joins.append(await open_connection(*args, **options))
        return joins[-1]

    monkeypatch.setattr(core_module, 'open_connection', join)
    async with RoboticsConsumer(proxy.url, reconnect=True) as consumer:
        calls = log_of(consumer)
        await consumer.connect(*test_room)
        proxy.cut()
        await asyncio.wait_for(joining.wait(), 10.0)
        await consumer.disconnect()

        assert len(joins) == 2
        assert not consumer.is_connected()
        assert calls.count('connected') == calls.count('disconnected') == 1
        await wait_for_participants(consumer, test_room)


async def test_without_reconnect_a_loss_is_final(proxy: FaultProxy, test_room: Room) -> None:
    """Without ``reconnect``, the client does not rejoin after a loss."""
    async with RoboticsConsumer(proxy.url) as consumer:
        await consumer.connect(*test_room)
        reader = consumer._reader
        assert reader is not None
        proxy.cut()
        await wait_until(reader.done, 'the end of reading')

        assert not consumer.is_connected()
        assert consumer.room_id == test_room[1]
