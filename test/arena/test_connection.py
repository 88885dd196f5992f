# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""One joined WebSocket: join, refusal, receiving, sending, leaving."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import aclosing
import re
import socket
import time

import pytest
from support.fake_arena import WebSocket, answering, fake_arena, send_message, welcome
from support.fault_proxy import fault_proxy_to
from support.room_fixtures import (
    CONSUMER,
    PRODUCER,
    Arena,
    EventRecorder,
    flood,
    join_fake,
    room_at,
    values_of,
)
from support.waiting import wait_until
from websockets.exceptions import WebSocketException

from lerobot_arena_ros.arena import connect as opening_module
from lerobot_arena_ros.arena.address import Address
from lerobot_arena_ros.arena.client_socket import CLOSE_TIMEOUT_S
from lerobot_arena_ros.arena.connection import new_participant_id, open_connection
from lerobot_arena_ros.arena.errors import (
    AccessDenied,
    ArenaError,
    ConnectError,
    ConnectionLost,
    InvalidAddress,
    JoinRefused,
    ProtocolError,
    RoleTaken,
    RoomNotFound,
)
from lerobot_arena_ros.arena.messages import EmergencyStop, Joined, JointUpdate, StateSync
from lerobot_arena_ros.arena.session import Event, LinkTiming, Malformed, Presence

pytestmark = pytest.mark.usefixtures('no_task_left')


async def test_a_producer_receives_joined(arena: Arena) -> None:
    """The first event of a producer is ``joined`` with its room."""
    connection = await arena.join(PRODUCER)
    recorder = EventRecorder(connection)
    await recorder.received(Joined)

    (event,) = recorder.messages
    assert isinstance(event, Joined)
    assert (event.workspace_id, event.room_id, event.role) == ('lab', arena.room_id, PRODUCER)
    assert connection.name == f'room lab/{arena.room_id}'
    info = await arena.rooms.info('lab', arena.room_id)
    assert info['participants']['producer'] == connection.participant_id
    await connection.aclose()
    await recorder.ended()


async def test_a_consumer_receives_the_stored_state(arena: Arena) -> None:
    """A consumer receives ``joined``, then the stored state, then live updates."""
    producer = await arena.join(PRODUCER)
    await producer.send(JointUpdate.of({'Jaw': 40.0}))
    observer = EventRecorder(await arena.join(CONSUMER))
    await wait_until(
        lambda: (
            values_of(observer.messages)
            or any(isinstance(event, StateSync) and event.joints for event in observer.messages)
        ),
        'the room to know',
    )

    recorder = EventRecorder(await arena.join(CONSUMER))
    await recorder.received(StateSync)
    await producer.send(JointUpdate.of({'Jaw': 41.0}))
    await recorder.received(JointUpdate)

    joined, state, update = recorder.messages
    assert isinstance(joined, Joined)
    assert isinstance(state, StateSync)
    assert dict(state.joints) == {'Jaw': 40.0}
    assert isinstance(update, JointUpdate)
    assert update.values == {'Jaw': 41.0}
    assert update.source == producer.participant_id


async def test_each_join_has_an_id_of_its_own(arena: Arena) -> None:
    """Each join gets a new participant id, unless the caller gives one."""
    first, second = await arena.join(CONSUMER), await arena.join(CONSUMER)
    named = await arena.join(CONSUMER, participant_id='viz')

    assert re.fullmatch('.*-consumer-[0-9a-f]{6}', first.participant_id)
    assert first.participant_id != second.participant_id
    assert named.participant_id == 'viz'


@pytest.mark.parametrize(
    ('name', 'shown'),
    [
        ('arm1-bridge', 'arm1-bridge'),
        ('/cell_1/left-bridge', 'cell-1-left-bridge'),
        ('München-producer', 'M-nchen-producer'),
        ('', 'participant'),
        ('腕', 'participant'),
        (f'{"a" * 59}-bridge', 'a' * 59),
        ('a' * 500, 'a' * 60),
    ],
)
def test_an_id_is_readable_and_valid(name: str, shown: str) -> None:
    """An id has letters, digits and single hyphens, at most 100 characters, and is unique."""
    ids = {new_participant_id(name) for _ in range(10)}

    assert len(ids) == 10
    for each in ids:
        assert re.fullmatch(rf'{shown}-[0-9a-f]{{6}}', each)
        assert len(each) <= 100


async def test_messages_before_the_join_answer_are_kept() -> None:
    """An update that arrives before ``joined`` is delivered after it."""

    async def script(websocket: WebSocket) -> None:
        await websocket.receive_text()
        await send_message(websocket, 'state_sync', data={'Jaw': 1.0})
        await send_message(websocket, 'joint_update', data=[{'name': 'Jaw', 'value': 2.0}])
        await send_message(websocket, 'joined', room_id='arm', workspace_id='lab', role='consumer')

    async with fake_arena(script) as fake, aclosing(await join_fake(fake)) as connection:
        recorder = EventRecorder(connection)
        await recorder.received(JointUpdate)
        await connection.aclose()
        await recorder.ended()

    assert [type(event) for event in recorder.messages] == [Joined, StateSync, JointUpdate]


async def test_a_missing_room_is_refused_by_its_type(own_server_url: str) -> None:
    """The server answers only "Cannot join room", and the client raises RoomNotFound."""
    with pytest.raises(RoomNotFound, match='room lab/missing: there is no such room'):
        await open_connection(Address.parse(own_server_url), 'lab', 'missing', CONSUMER)


async def test_a_taken_producer_role_names_its_holder(arena: Arena) -> None:
    """The error for a second producer contains the id of the first one."""
    first = await arena.join(PRODUCER)

    with pytest.raises(RoleTaken, match=first.participant_id) as caught:
        await arena.join(PRODUCER)

    assert caught.value.holder == first.participant_id
    assert isinstance(caught.value, JoinRefused)


async def test_a_taken_id_is_refused(arena: Arena) -> None:
    """A participant with an id that is in use is refused; the holder stays connected."""
    await arena.join(CONSUMER, participant_id='viz')

    with pytest.raises(JoinRefused, match='Cannot join room') as caught:
        await arena.join(CONSUMER, participant_id='viz')

    assert not isinstance(caught.value, RoleTaken)


async def test_an_invalid_id_is_refused_with_the_reason(arena: Arena) -> None:
    """The error contains the server's reason if the server gives one."""
    with pytest.raises(JoinRefused, match='at most 100 characters'):
        await arena.join(CONSUMER, participant_id='x' * 101)


async def test_a_refusal_without_an_explanation_over_rest() -> None:
    """A refusal is a JoinRefused if REST cannot explain it."""

    async def script(websocket: WebSocket) -> None:
        await websocket.receive_text()
        await send_message(websocket, 'error', message='Cannot join room')

    async with fake_arena(script) as fake:
        fake.room, fake.status = {}, 500
        with pytest.raises(JoinRefused, match='Cannot join room'):
            await join_fake(fake, PRODUCER)
        await wait_until(lambda: fake.left == 1, 'the client to disconnect')


async def test_no_answer_to_the_join() -> None:
    """The client aborts the connection if the join is not answered within the timeout."""

    async def script(websocket: WebSocket) -> None:
        await websocket.receive_text()

    async with fake_arena(script) as fake:
        with pytest.raises(ConnectError, match='no answer to the join'):
            await join_fake(fake, timing=LinkTiming(join_timeout_s=0.2))
        await wait_until(lambda: fake.left == 1, 'the client to disconnect')


async def test_a_close_instead_of_an_answer() -> None:
    """A server that closes the connection before its answer causes a ConnectError."""

    async def script(websocket: WebSocket) -> None:
        await websocket.receive_text()
        await websocket.close(1011)

    async with fake_arena(script) as fake:
        with pytest.raises(ConnectError, match='1011'):
            await join_fake(fake)


async def test_a_cancelled_join_closes_the_socket(arena: Arena) -> None:
    """Cancelling a join closes the socket."""

    async def script(websocket: WebSocket) -> None:
        await websocket.receive_text()
        received.set()

    received = asyncio.Event()
    async with fake_arena(script) as fake:
        joining = asyncio.create_task(join_fake(fake))
        await asyncio.wait_for(received.wait(), 10.0)
        joining.cancel()
        await asyncio.wait([joining])

        assert joining.cancelled()
        await wait_until(lambda: fake.left == 1, 'the client to disconnect')


async def test_no_server() -> None:
    """A port without a server is a ConnectError that contains the port."""
    with socket.socket() as probe:
        probe.bind(('127.0.0.1', 0))
        port = probe.getsockname()[1]

    with pytest.raises(ConnectError, match=f'127.0.0.1:{port}.*cannot connect'):
        await open_connection(Address.parse(f'http://127.0.0.1:{port}'), 'lab', 'arm', CONSUMER)


async def test_a_server_that_does_not_answer_the_handshake() -> None:
    """A server that accepts the TCP connection only is a ConnectError after the timeout."""
    with socket.socket() as silent:
        silent.bind(('127.0.0.1', 0))
        silent.listen()
        address = Address.parse(f'http://127.0.0.1:{silent.getsockname()[1]}')
        with pytest.raises(ConnectError, match='no response within 0.2 s'):
            timing = LinkTiming(join_timeout_s=0.2)
            await open_connection(address, 'lab', 'arm', CONSUMER, timing=timing)


@pytest.mark.parametrize(
    ('answer', 'expected', 'text'),
    [
        pytest.param(b'HTTP/1.1 401 Unauthorized\r\n', AccessDenied, 'HTTP 401', id='401'),
        pytest.param(b'HTTP/1.1 403 Forbidden\r\n', ConnectError, 'HTTP 403', id='403'),
        pytest.param(b'HTTP/1.1 404 Not Found\r\n', ConnectError, 'HTTP 404', id='404'),
        pytest.param(b'HTTP/1.1 200 OK\r\n', ConnectError, 'HTTP 200', id='200'),
        pytest.param(b'SSH-2.0-OpenSSH_9.6\r\n', ConnectError, 'cannot connect', id='no HTTP'),
        pytest.param(b'', ConnectError, 'cannot connect', id='nothing'),
    ],
)
async def test_a_server_that_is_no_arena(
    answer: bytes, expected: type[ArenaError], text: str
) -> None:
    """Any reply of a server that is not an arena causes an error of this package."""
    if answer.startswith(b'HTTP'):
        answer += b'Content-Length: 0\r\nConnection: close\r\n'
    async with answering(answer + b'\r\n' if answer else b'') as url:
        with pytest.raises(expected, match=text):
            await open_connection(Address.parse(url), 'lab', 'arm', CONSUMER)


async def test_bad_frames_are_events(arena: Arena) -> None:
    """NaN, binary and invalid frames are reported and dropped; later frames are delivered."""

    async def script(websocket: WebSocket) -> None:
        await welcome(websocket)
        await send_message(
            websocket, 'joint_update', data=[{'name': 'Jaw', 'value': float('nan')}]
        )
        await websocket.send_bytes(b'\x00')
        await websocket.send_text('nonsense')
        await send_message(websocket, 'joint_update', data=[{'name': 'Jaw', 'value': 1}])

    async with fake_arena(script) as fake, aclosing(await join_fake(fake)) as connection:
        recorder = EventRecorder(connection)
        await recorder.received(JointUpdate)
        await connection.aclose()
        await recorder.ended()

    reasons = [event.reason for event in recorder.events if isinstance(event, Malformed)]
    assert reasons == ['value', 'binary', 'json']
    assert values_of(recorder.events) == [{'Jaw': 1.0}]


async def test_a_stop_is_received_though_the_server_closes_at_once() -> None:
    """Frames that were sent before the close are delivered before the loss."""

    async def script(websocket: WebSocket) -> None:
        await welcome(websocket)
        for value in range(20):
            await send_message(websocket, 'joint_update', data=[{'name': 'Jaw', 'value': value}])
        await send_message(websocket, 'emergency_stop', reason='smoke', source='leader')
        await websocket.close(1012)

    async with fake_arena(script) as fake, aclosing(await join_fake(fake)) as connection:
        recorder = EventRecorder(connection)
        await recorder.ended()

    assert len(values_of(recorder.events)) == 20
    assert recorder.messages[-1] == EmergencyStop('smoke', 'leader')
    assert isinstance(recorder.loss, ConnectionLost)


async def test_a_frame_that_is_too_large_is_a_loss() -> None:
    """A frame beyond the size limit ends the connection, and nothing of it is delivered."""

    async def script(websocket: WebSocket) -> None:
        await welcome(websocket)
        await send_message(websocket, 'joint_update', data=[{'name': 'x' * (1 << 20), 'value': 1}])

    async with fake_arena(script) as fake, aclosing(await join_fake(fake)) as connection:
        recorder = EventRecorder(connection)
        await recorder.ended()

    assert '1009' in str(recorder.loss)
    assert values_of(recorder.events) == []


async def test_what_cannot_be_encoded_is_not_sent(arena: Arena) -> None:
    """NaN is refused before anything is written, and the connection stays open."""
    producer = await arena.join(PRODUCER)
    recorder = EventRecorder(await arena.join(CONSUMER))

    with pytest.raises(ProtocolError):
        await producer.send(JointUpdate.of({'Jaw': 1.0, 'Elbow': float('nan')}))
    await producer.send(JointUpdate.of({'Jaw': 2.0}))
    await recorder.received(JointUpdate)

    assert values_of(recorder.events) == [{'Jaw': 2.0}]


async def test_leaving_ends_receiving_without_an_error(arena: Arena) -> None:
    """After leaving, the iteration ends without an error, and the room has no participant."""
    connection = await arena.join(PRODUCER)
    recorder = EventRecorder(connection)
    await recorder.received(Presence)
    await connection.aclose()
    info = await arena.rooms.info('lab', arena.room_id)
    await recorder.ended()
    await connection.aclose()

    assert recorder.loss is None
    assert info['has_producer'] is False


async def test_leaving_ends_an_iteration_without_an_error(arena: Arena) -> None:
    """A loop over the events ends when the room is left."""
    connection = await arena.join(PRODUCER)
    events: list[Event] = []

    async def read() -> None:
        async for event in connection:
            events.append(event)

    reading = asyncio.create_task(read())
    await wait_until(lambda: events, 'an event')
    await connection.aclose()

    await asyncio.wait_for(reading, 10.0)


async def test_a_listener_that_raises_ends_the_connection(arena: Arena) -> None:
    """The exception of the callback is raised to the caller, and the participant is removed."""
    connection, producer = await arena.join(CONSUMER), await arena.join(PRODUCER)

    def take(event: Event) -> None:
        if isinstance(event, JointUpdate):
            raise ZeroDivisionError

    listening = asyncio.create_task(connection.listen(take))
    await producer.send(JointUpdate.of({'j': 1.0}))
    with pytest.raises(ZeroDivisionError):
        await listening
    await connection.aclose()
    info = await arena.rooms.info('lab', arena.room_id)
    assert info['participants']['consumers'] == []


async def test_events_before_listening_are_delivered_first(arena: Arena) -> None:
    """Events that arrived before ``listen`` are delivered before later ones."""
    connection, producer = await arena.join(CONSUMER), await arena.join(PRODUCER)
    for number in range(50):
        await producer.send(JointUpdate.of({'j': number}))
    events: list[Event] = []

    async def go_on() -> None:
        for number in range(50, 100):
            await producer.send(JointUpdate.of({'j': number}))

    listening = asyncio.create_task(connection.listen(events.append))
    await go_on()
    await wait_until(lambda: {'j': 99} in values_of(events), 'the last one')
    await connection.aclose()
    await listening

    assert values_of(events) == [{'j': number} for number in range(100)]


async def test_leaving_drops_undelivered_events(arena: Arena) -> None:
    """After leaving, no event is delivered, even if it has already arrived."""
    connection = await arena.join(CONSUMER)
    events = []

    async for event in connection:
        events.append(event)
        await connection.aclose()

    assert [type(event) for event in events] == [Joined]


async def test_an_update_that_arrives_while_leaving_is_dropped() -> None:
    """A listener receives no event after ``aclose`` was called, even before the close frame."""
    served: list[WebSocket] = []

    async def script(websocket: WebSocket) -> None:
        await welcome(websocket)
        served.append(websocket)

    async with fake_arena(script) as fake, aclosing(await join_fake(fake)) as connection:
        recorder = EventRecorder(connection)
        await recorder.received(Joined)
        # The client reads it in a later iteration of the event loop.
        await send_message(served[0], 'joint_update', data=[{'name': 'Jaw', 'value': 1.0}])
        await connection.aclose()
        await recorder.ended()

    assert values_of(recorder.events) == []
    assert recorder.loss is None


async def test_a_background_task_that_raises_ends_the_connection(
    arena: Arena, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A bug in a background task is raised to the caller, and the participant is removed."""
    connection = await arena.join(CONSUMER)

    def fail(_now: float) -> str:
        raise ZeroDivisionError

    monkeypatch.setattr(connection._session, 'heartbeat', fail)
    with pytest.raises(ZeroDivisionError):
        await asyncio.wait_for(connection.listen(lambda _: None), 10.0)

    assert connection._socket.transport.is_closing()


@pytest.mark.parametrize('is_full', [False, True], ids=['idle', 'flooded'])
async def test_leaving_a_silent_network_takes_a_second(own_server_url: str, is_full: bool) -> None:
    """A close frame that is not answered, or cannot be written, delays leaving by a second."""
    async with fault_proxy_to(own_server_url) as proxy, room_at(proxy.url) as arena:
        connection = await arena.join(PRODUCER)
        proxy.freeze()
        flooding = asyncio.create_task(flood(connection)) if is_full else None
        if flooding is not None:
            await wait_until(lambda: connection._socket.transport.get_write_buffer_size(), 'stall')
        started_at = time.monotonic()
        await connection.aclose()
        took_s = time.monotonic() - started_at
        if flooding is not None:
            with pytest.raises(ConnectionLost):
                await flooding

    assert took_s < CLOSE_TIMEOUT_S + 1.0


async def test_leaving_that_is_cancelled_closes_the_socket(own_server_url: str) -> None:
    """Cancelling ``aclose`` aborts the connection."""
    async with fault_proxy_to(own_server_url) as proxy, room_at(proxy.url) as arena:
        connection = await arena.join(CONSUMER)
        proxy.freeze()
        leaving = asyncio.create_task(connection.aclose())
        await wait_until(lambda: connection._is_closing, 'leaving to begin')
        leaving.cancel()
        await asyncio.wait([leaving])

        assert connection._socket.transport.is_closing()


def websockets_errors() -> Iterator[type[WebSocketException]]:
    """Return all exception classes of websockets."""
    waiting: list[type[WebSocketException]] = [WebSocketException]
    while waiting:
        error = waiting.pop()
        waiting += error.__subclasses__()
        if error.__module__.startswith('websockets.'):
            yield error


def sample(error: type[WebSocketException]) -> WebSocketException:
    """Return an exception of a class with suitable arguments, which differ from class to class."""
    namespace = {'__init__': lambda self: None, '__str__': lambda self: 'why'}
    made: WebSocketException = type(error.__name__, (error,), namespace)()
    return made


@pytest.mark.parametrize('error', sorted(websockets_errors(), key=str), ids=lambda e: e.__name__)
async def test_every_websockets_error_is_translated(
    error: type[WebSocketException], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every websockets error is raised as an error of this package, with the original as cause."""
    raised = sample(error)

    async def connect(*_: object, **__: object) -> None:
        raise raised

    monkeypatch.setattr(opening_module, '_open', connect)
    with pytest.raises(ArenaError, match='why') as caught:
        await open_connection(Address.parse('http://127.0.0.1:1'), 'lab', 'arm', CONSUMER)

    assert caught.value.__cause__ is raised
    expected = InvalidAddress if error.__name__ == 'InvalidURI' else ConnectError
    assert type(caught.value) is expected
