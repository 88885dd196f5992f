# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""Detection of a lost producer, room, network or server."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack, aclosing
import json
import time
from typing import Any

import pytest
from support.fake_arena import WebSocket, fake_arena, listed, send_message, welcome
from support.fault_proxy import fault_proxy_to
from support.room_fixtures import (
    CONSUMER,
    PATIENT,
    PRODUCER,
    QUICK,
    Arena,
    EventRecorder,
    flood,
    join_fake,
    room_at,
    values_of,
)
from support.server import running_server
from support.waiting import ticks, wait_for, wait_until

from lerobot_arena_ros.arena import connection as connection_module
from lerobot_arena_ros.arena.address import Address
from lerobot_arena_ros.arena.client_socket import BUFFER_BYTES
from lerobot_arena_ros.arena.connection import Connection
from lerobot_arena_ros.arena.errors import ConnectionLost
from lerobot_arena_ros.arena.messages import (
    EmergencyStop,
    Heartbeat,
    Joined,
    JointUpdate,
    Role,
    StateSync,
)
from lerobot_arena_ros.arena.rest_client import Rooms
from lerobot_arena_ros.arena.session import PAUSE_S, Event, Late, LinkTiming, Presence

pytestmark = pytest.mark.usefixtures('no_task_left')


async def test_presence_comes_with_the_heartbeat(arena: Arena) -> None:
    """Our server reports the producer in its answers, so the room is not polled."""
    recorder = EventRecorder(await arena.join(CONSUMER))
    await wait_until(lambda: recorder.presence == [False], 'no producer')
    producer = await arena.join(PRODUCER)
    await wait_until(lambda: recorder.presence == [False, True], 'a producer')
    await producer.aclose()
    await wait_until(lambda: recorder.presence == [False, True, False], 'no producer again')

    trips = [e.round_trip_s for e in recorder.events if isinstance(e, Presence)]
    assert all(trip is not None and 0 <= trip < PATIENT.timeout_s for trip in trips)


async def acknowledge(websocket: WebSocket) -> None:
    """Accept a join and answer heartbeats without reporting a producer."""
    await welcome(websocket)
    while True:
        frame = json.loads(await websocket.receive_text())
        if frame['type'] == 'heartbeat':
            await send_message(websocket, 'heartbeat_ack')


@pytest.fixture
def quick_polls(monkeypatch: pytest.MonkeyPatch) -> None:
    """Shorten the period of polls."""
    monkeypatch.setattr(connection_module, 'POLL_PERIOD_S', 0.02)


@pytest.mark.usefixtures('quick_polls')
async def test_presence_comes_from_polls_where_the_server_lacks_it() -> None:
    """If the server's answers do not report the producer, the client polls the room over REST."""
    async with fake_arena(acknowledge) as fake, aclosing(await join_fake(fake)) as connection:
        fake.room = listed(connection.participant_id, producer='leader')
        recorder = EventRecorder(connection)
        await wait_until(lambda: recorder.presence == [True], 'a producer')
        fake.room = listed(connection.participant_id)
        await wait_until(lambda: recorder.presence == [True, False], 'no producer')
        fake.room = listed(connection.participant_id, producer='another')
        await wait_until(lambda: recorder.presence == [True, False, True], 'a producer again')
        await connection.aclose()
        await recorder.ended()

    assert recorder.loss is None


@pytest.mark.usefixtures('quick_polls')
async def test_polls_that_fail_are_no_loss() -> None:
    """A failing REST poll does not end the connection while heartbeats are answered."""
    async with fake_arena(acknowledge) as fake, aclosing(await join_fake(fake)) as connection:
        fake.room, fake.status = {}, 500
        recorder = EventRecorder(connection)
        await wait_until(lambda: fake.requests >= 5, 'polls that fail')
        fake.room, fake.status = listed(connection.participant_id, producer='leader'), 200
        await wait_until(lambda: True in recorder.presence, 'a producer')
        await connection.aclose()
        await recorder.ended()

    assert recorder.loss is None
    assert False not in recorder.presence


@pytest.mark.usefixtures('quick_polls')
@pytest.mark.parametrize(
    ('room', 'text'),
    [
        pytest.param(
            listed('viz', producer='leader'), 'room was created again', id='created again'
        ),
        pytest.param(None, 'was deleted', id='deleted'),
    ],
)
async def test_a_participant_that_the_room_lost_notices(
    room: dict[str, Any] | None, text: str
) -> None:
    """The client detects a deletion or a new creation of its room on the public server."""
    async with fake_arena(acknowledge) as fake, aclosing(await join_fake(fake)) as connection:
        fake.room = room
        recorder = EventRecorder(connection)
        await recorder.ended()

    assert text in str(recorder.loss)
    assert connection.name in str(recorder.loss)


@pytest.mark.usefixtures('quick_polls')
async def test_an_evicted_participant_notices() -> None:
    """The client detects that the public server evicted it and no longer answers it."""
    is_evicted: list[bool] = []
    unanswered: list[str] = []

    async def acknowledge_at_first(websocket: WebSocket) -> None:
        await welcome(websocket)
        while True:
            frame = await websocket.receive_text()
            if is_evicted:
                unanswered.append(frame)
            else:
                await send_message(websocket, 'heartbeat_ack')

    async with (
        fake_arena(acknowledge_at_first) as fake,
        aclosing(await join_fake(fake)) as connection,
    ):
        fake.room = listed(connection.participant_id, producer='leader')
        recorder = EventRecorder(connection)
        await wait_until(lambda: True in recorder.presence, 'the room to be polled')
        is_evicted.append(True)
        await wait_until(lambda: unanswered, 'a heartbeat without an answer')
        fake.room = listed('viz', producer='leader')
        await recorder.ended()

    assert 'evicted' in str(recorder.loss)


async def test_a_silent_network_is_a_loss(own_server_url: str) -> None:
    """A network that drops everything, but closes no socket, is detected by missing answers."""
    async with fault_proxy_to(own_server_url) as proxy, room_at(proxy.url) as arena:
        connection = await arena.join(CONSUMER, timing=QUICK)
        recorder = EventRecorder(connection)
        await recorder.received(Presence)
        proxy.freeze()
        frozen_at = time.monotonic()
        await recorder.ended()
        took_s = time.monotonic() - frozen_at

    assert 'no answer from the server for 0.' in str(recorder.loss)
    assert took_s < QUICK.timeout_s + 2.0


async def test_a_silent_network_is_a_loss_for_a_fast_sender(own_server_url: str) -> None:
    """Silence is detected even if all buffers are full and no heartbeat can be written."""
    async with fault_proxy_to(own_server_url) as proxy, room_at(proxy.url) as arena:
        connection = await arena.join(PRODUCER, timing=QUICK)
        recorder = EventRecorder(connection)
        await recorder.received(Presence)
        proxy.freeze()
        frozen_at = time.monotonic()
        with pytest.raises(ConnectionLost, match='no answer from the server'):
            await flood(connection)
        await recorder.ended()
        took_s = time.monotonic() - frozen_at

    assert 'no answer from the server' in str(recorder.loss)
    assert took_s < QUICK.timeout_s + 2.0


async def test_a_server_that_does_not_answer_heartbeats_is_a_loss() -> None:
    """An open socket without answers to heartbeats counts as lost."""

    async def script(websocket: WebSocket) -> None:
        await welcome(websocket)

    async with fake_arena(script) as fake, aclosing(await join_fake(fake, timing=QUICK)) as lost:
        recorder = EventRecorder(lost)
        await recorder.ended()

    assert 'no answer' in str(recorder.loss)


async def test_our_own_work_is_no_silence(arena: Arena) -> None:
    """A program that is busy for longer than the timeout does not lose the connection."""
    timing = LinkTiming(heartbeat_period_s=0.1, timeout_s=1.0)
    connection = await arena.join(CONSUMER, timing=timing)
    producer = await arena.join(PRODUCER)
    events: list[Event] = []

    async for event in connection:
        events.append(event)
        if isinstance(event, StateSync):
            work(1.5)
            await producer.send(JointUpdate.of({'Jaw': 1.0}))
        if isinstance(event, JointUpdate):
            break

    assert values_of(events) == [{'Jaw': 1.0}]


async def test_a_delay_is_yielded_with_the_next_frame() -> None:
    """A program that iterates the events receives a late heartbeat with the next frame."""
    timing = LinkTiming(heartbeat_period_s=0.05, timeout_s=10.0, max_delay_s=0.02)
    late: list[Late] = []

    async def script(websocket: WebSocket) -> None:
        await welcome(websocket)
        async for number in ticks(100.0):
            if late:
                break
            await send_message(websocket, 'joint_update', data=[{'name': 'j', 'value': number}])

    async def read(connection: Connection) -> None:
        async for event in connection:
            if isinstance(event, Late):
                late.append(event)
                break

    async with fake_arena(script) as fake, aclosing(await join_fake(fake, timing=timing)) as one:
        await asyncio.wait_for(read(one), 10.0)

    assert late[0].waiting_s >= timing.max_delay_s


async def test_an_answer_in_the_socket_is_read_before_a_delay_is_reported() -> None:
    """After a pause of this process, the client reads the whole socket before it checks."""
    timing = LinkTiming(heartbeat_period_s=0.05, timeout_s=10.0, max_delay_s=1.0)

    async def script(websocket: WebSocket) -> None:
        await welcome(websocket)
        await websocket.receive_text()
        # More than the client reads in one iteration of the event loop.
        await send_message(websocket, 'error', message='x' * 5 * BUFFER_BYTES)
        await send_message(websocket, 'heartbeat_ack', has_producer=True)
        work(timing.max_delay_s + 0.1)

    async with fake_arena(script) as fake, aclosing(await join_fake(fake, timing=timing)) as one:
        recorder = EventRecorder(one)
        await recorder.received(Presence)
        await one.aclose()
        await recorder.ended()

    assert not [event for event in recorder.events if isinstance(event, Late)]
    (answer,) = [event for event in recorder.events if isinstance(event, Presence)]
    assert answer.round_trip_s is not None
    assert answer.round_trip_s > timing.max_delay_s


async def test_after_a_pause_only_stops_are_delivered_before_the_loss() -> None:
    """After a pause longer than the timeout, stops in transit are delivered, then the loss."""
    timing = LinkTiming(heartbeat_period_s=0.05, timeout_s=1.5)

    async def script(websocket: WebSocket) -> None:
        await welcome(websocket)
        await websocket.receive_text()
        work(timing.timeout_s + PAUSE_S + 0.1)
        for reason in ('in the socket', 'in transit'):
            await send_message(websocket, 'joint_update', data=[{'name': 'j', 'value': 1.0}])
            await send_message(websocket, 'emergency_stop', reason=reason)
            await send_message(websocket, 'heartbeat_ack', has_producer=True)
            await websocket.receive_text()

    async with fake_arena(script) as fake, aclosing(await join_fake(fake, timing=timing)) as lost:
        recorder = EventRecorder(lost)
        await recorder.ended()

    stops = [event.reason for event in recorder.events if isinstance(event, EmergencyStop)]
    assert stops == ['in the socket', 'in transit']
    assert values_of(recorder.events) == []
    assert 'while this process was suspended' in str(recorder.loss)


def work(seconds: float) -> None:
    """Block the event loop for a while."""
    until = time.monotonic() + seconds
    wait_for(lambda: time.monotonic() > until, 'the work to be done')


@pytest.mark.parametrize('role', [CONSUMER, PRODUCER], ids=['consumer', 'producer'])
async def test_a_reset_is_a_loss(own_server_url: str, role: Role) -> None:
    """A TCP reset ends both receiving and sending with ConnectionLost."""
    async with fault_proxy_to(own_server_url) as proxy, room_at(proxy.url) as arena:
        connection = await arena.join(role)
        recorder = EventRecorder(connection)
        await recorder.received(Joined)
        proxy.cut()
        await recorder.ended()

        with pytest.raises(ConnectionLost, match=connection.name):
            await connection.send(Heartbeat())

    assert connection.name in str(recorder.loss)


async def test_a_deleted_room_is_a_loss(arena: Arena) -> None:
    """Our server closes the connections of a deleted room with a close code for it."""
    recorder = EventRecorder(await arena.join(CONSUMER))
    await recorder.received(StateSync)
    await arena.rooms.delete('lab', arena.room_id)
    await recorder.ended()

    assert str(recorder.loss) == f'room lab/{arena.room_id}: the room was deleted'


async def test_a_server_that_shuts_down_is_a_loss() -> None:
    """A server that shuts down closes its connections with a close code for it."""
    with running_server() as url:
        async with AsyncExitStack() as stack:
            await Rooms(Address.parse(url)).create('lab', 'arm')
            connection = await Arena(url, 'arm', stack).join(CONSUMER)
            recorder = EventRecorder(connection)
            await recorder.received(StateSync)
            stack.pop_all()
    await recorder.ended()
    await connection.aclose()

    assert 'the server was shut down' in str(recorder.loss)
