# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""The public client beyond its contract: invalid input, several clients, high rates."""

from __future__ import annotations

from contextlib import AsyncExitStack
from functools import partial
from typing import Any

import pytest
from support.fake_arena import WebSocket, fake_arena, listed, send_message, welcome
from support.peers import enter, robot_state
from support.server import running_server
from support.waiting import wait_until

from lerobot_arena_ros import RoboticsConsumer, RoboticsProducer, create_producer_client
from lerobot_arena_ros.arena.errors import InvalidAddress, TransportError
from lerobot_arena_ros.arena.messages import EmergencyStop, RobotReport
from lerobot_arena_ros.arena.robot_state import RobotState

pytestmark = pytest.mark.usefixtures('no_task_left')

Entries = list[dict[str, Any]]
Room = tuple[str, str]
Pair = tuple[RoboticsProducer, RoboticsConsumer, str, str]


@pytest.fixture(scope='session')
def server_url(own_server_url: str) -> str:
    """Return the URL of our own server, independent of the server of the contract tests."""
    return own_server_url


@pytest.mark.parametrize(
    'bad',
    [
        {'name': 'Elbow', 'value': float('nan')},
        {'name': 'Elbow', 'value': float('inf')},
        {'name': 'Elbow', 'value': '12'},
        {'name': 'Elbow', 'value': True},
        {'name': 'Elbow', 'value': None},
        {'name': 'Elbow'},
        {'name': '', 'value': 1.0},
        {'name': 5, 'value': 1.0},
        {'value': 1.0},
        {'name': 'Elbow', 'value': 1.0, 'speed': float('nan')},
        {'name': 'Elbow', 'value': 1.0, 'note': float('nan')},
        {'name': 'Elbow', 'value': 1.0, 'note': {1}},
        'Elbow',
    ],
    ids=repr,
)
async def test_an_invalid_update_is_refused(
    producer_consumer_pair: Pair, bad: dict[str, Any]
) -> None:
    """One invalid joint prevents the whole update; the next update is sent."""
    producer, consumer, *_ = producer_consumer_pair
    updates: list[Entries] = []
    consumer.on_joint_update(updates.append)

    with pytest.raises(ValueError):
        await producer.send_joint_update([{'name': 'Jaw', 'value': 1.0}, bad])
    await producer.send_joint_update([{'name': 'Jaw', 'value': 2.0}])

    await wait_until(lambda: updates, 'the good update')
    assert updates == [[{'name': 'Jaw', 'value': 2.0}]]
    assert producer.is_connected()


@pytest.mark.parametrize(
    'reason', [OSError('smoke'), 'smoke' * 100_000, '\ud800', 7, None], ids=lambda r: repr(r)[:20]
)
async def test_a_stop_is_sent_with_any_reason(producer_consumer_pair: Pair, reason: Any) -> None:
    """A stop with a reason of any type and length arrives."""
    producer, consumer, *_ = producer_consumer_pair
    stops: list[EmergencyStop] = []
    consumer.on_emergency_stop(stops.append)

    await producer.send_emergency_stop(reason)

    await wait_until(lambda: stops, 'the stop')
    assert (stops[0].reason or '')[:5] in (str(reason)[:5], '?')
    assert producer.is_connected()


async def test_a_joint_that_the_room_refuses_affects_no_other(
    producer_consumer_pair: Pair, caplog: pytest.LogCaptureFixture
) -> None:
    """A refused joint is logged once and left out; the other joints of the update arrive."""
    producer, consumer, *_ = producer_consumer_pair
    received: dict[str, float] = {}

    def on_update(entries: Entries) -> None:
        received.update({entry['name']: entry['value'] for entry in entries})

    consumer.on_joint_update(on_update)
    long = 'gripper_' * 6 + 'joint1'
    assert len(long) == 54

    await producer.send_joint_update([{'name': 'Jaw', 'value': 1.0}, {'name': long, 'value': 1.0}])
    await producer.send_state_sync({'Elbow': 2.0, long: 2.0})
    await wait_until(lambda: received == {'Jaw': 1.0, 'Elbow': 2.0}, 'the other joints')
    await producer.send_state_sync({'Jaw': 3.0, long: 3.0})
    await wait_until(lambda: received == {'Jaw': 3.0, 'Elbow': 2.0}, 'the next update')

    (warning,) = [each for each in caplog.messages if 'no longer sent' in each]
    assert f"'{long}' (a name has at most 50 characters, got 54)" in warning


async def test_an_invalid_joint_of_an_update_affects_no_other(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """An invalid joint from a public server is logged once; the other joints are delivered."""
    updates: list[dict[str, Any]] = []

    async def arena(websocket: WebSocket) -> None:
        fake.room = listed((await welcome(websocket))['participant_id'], producer='leader')
        for value in (1, 2):
            odd = [{'name': '', 'value': 1}, {'name': 'Elbow', 'value': float('nan')}, 7]
            await send_message(
                websocket, 'joint_update', data=[*odd, {'name': 'Jaw', 'value': value}]
            )

    async with fake_arena(arena) as fake, RoboticsConsumer(fake.url) as consumer:
        consumer.on_joint_update(updates.extend)
        assert await consumer.connect('lab', 'arm')
        await wait_until(lambda: len(updates) == 2, 'both updates')

    assert updates == [{'name': 'Jaw', 'value': 1}, {'name': 'Jaw', 'value': 2}]
    warnings = [each for each in caplog.messages if 'ignored an invalid joint' in each]
    assert len(warnings) == 2  # Only the first joint without a name is logged.
    assert 'Elbow' in warnings[1] and 'needs a name' in warnings[0]


async def test_a_state_with_nan_is_refused(producer_consumer_pair: Pair) -> None:
    """A state with NaN is refused like an update, and the error names the joint."""
    producer, *_ = producer_consumer_pair

    with pytest.raises(ValueError, match='Elbow'):
        await producer.send_state_sync({'Jaw': 1.0, 'Elbow': float('nan')})


def test_an_invalid_url_is_refused_at_once() -> None:
    """An invalid URL raises at construction of the client."""
    with pytest.raises(InvalidAddress):
        RoboticsProducer('localhost:8000')


async def test_an_unreachable_server(caplog: pytest.LogCaptureFixture) -> None:
    """Connecting returns False and logs the reason; REST calls raise a retryable error."""
    with running_server() as url:
        pass
    async with RoboticsConsumer(url) as consumer:
        success = await consumer.connect('lab', 'arm')

        assert success is False
        assert 'cannot connect' in caplog.text
        with pytest.raises(TransportError):
            await consumer.list_rooms('lab')
        with pytest.raises(TransportError):
            await create_producer_client(url)


async def test_the_role_is_free_when_leaving_returns(
    producer: RoboticsProducer, test_room: Room
) -> None:
    """Our server has removed the participant when ``disconnect`` returns."""
    for _ in range(20):
        assert await producer.connect(*test_room)
        await producer.send_state_sync({'Jaw': 1.0})
        await producer.disconnect()

        info = await producer.get_room_info(*test_room)
        assert info['participants'] == {'producer': None, 'consumers': [], 'total': 0}


async def test_a_client_joins_an_existing_room_without_resetting_it(
    producer_consumer_pair: Pair, server_url: str
) -> None:
    """The producer factory does not change a room that has a producer."""
    producer, consumer, *room = producer_consumer_pair
    updates: list[Entries] = []
    consumer.on_joint_update(updates.append)
    await producer.send_state_sync({'Jaw': 1.0})

    async with await create_producer_client(server_url, room[0], room[1]) as second:
        assert not second.is_connected()
    await producer.send_state_sync({'Jaw': 2.0})

    await wait_until(lambda: len(updates) == 2, 'updates of the first producer')
    assert await consumer.get_state_sync() == {'Jaw': 2.0}


def values_of(consumer: RoboticsConsumer) -> list[float]:
    """Collect the first value of each update that a consumer receives from now on."""
    values: list[float] = []
    consumer.on_joint_update(lambda entries: values.append(entries[0]['value']))
    return values


async def test_consumers_receive_the_same(producer: RoboticsProducer, test_room: Room) -> None:
    """Ten consumers each receive every update, in order."""
    await producer.connect(*test_room)
    received: list[list[float]] = []
    async with AsyncExitStack() as stack:
        for _ in range(10):
            consumer = await stack.enter_async_context(RoboticsConsumer(producer.base_url))
            received.append(values_of(consumer))
            assert await consumer.connect(*test_room)

        for value in range(50):
            await producer.send_state_sync({'Jaw': float(value)})

        await wait_until(lambda: min(map(len, received)) == 50, 'all updates at all consumers')
        assert received == [[float(value) for value in range(50)]] * 10


async def test_a_burst_ends_in_the_right_state(producer_consumer_pair: Pair) -> None:
    """After a burst of 500 updates all clients are connected and have the last values."""
    producer, consumer, *_ = producer_consumer_pair
    merged: dict[str, float] = {}
    consumer.on_joint_update(
        lambda entries: merged.update({entry['name']: entry['value'] for entry in entries})
    )
    joints = [f'joint_{index}' for index in range(6)]

    for value in range(500):
        await producer.send_state_sync({name: float(value) for name in joints})
    final = dict.fromkeys(joints, 499.0)

    await wait_until(lambda: merged == final, 'the last values')
    assert await consumer.get_state_sync() == final
    assert producer.is_connected()
    assert consumer.is_connected()


async def test_a_late_consumer_has_the_whole_state(producer_consumer_pair: Pair) -> None:
    """A consumer that joins after a burst receives the values that the others have."""
    producer, consumer, *room = producer_consumer_pair
    values: list[float] = []
    consumer.on_joint_update(lambda entries: values.append(entries[-1]['value']))
    for value in range(100):
        await producer.send_state_sync({'Jaw': float(value), 'Elbow': -float(value)})
    await wait_until(lambda: values and values[-1] == -99.0, 'the last update')

    states: list[dict[str, float]] = []
    async with RoboticsConsumer(consumer.base_url) as late:
        late.on_state_sync(states.append)
        await late.connect(room[0], room[1])
        await wait_until(lambda: states, 'the state')

    assert states == [{'Jaw': 99.0, 'Elbow': -99.0}]


@pytest.mark.parametrize('kind', [RoboticsConsumer, RoboticsProducer])
async def test_a_program_with_the_callback_gets_robot_states(
    server_url: str, test_room: Room, kind: type[RoboticsConsumer] | type[RoboticsProducer]
) -> None:
    """Both roles get existing and new states, and None for a robot that has left."""
    states: list[tuple[str, RobotState | None]] = []
    features = 'robot_state', 'remote_reset'
    async with kind(server_url) as client:
        client.on_robot_state(lambda name, state: states.append((name, state)))
        async with enter(server_url, *test_room, 'ros', 'consumer', *features) as robot:
            await robot.send(robot_state('stopped', can_reset=True))
            await robot.expect_silence()
            assert await client.connect(*test_room)
            await wait_until(lambda: len(states) == 1, 'the state that there is')
            (listed,) = await client.get_robots(*test_room)

            await client.request_reset('ros', '1')
            assert (await robot.recv_type('reset_stop'))['source'] == client.participant_id
            await robot.send(robot_state('waiting'))
            await wait_until(lambda: len(states) == 2, 'the new state')
        await wait_until(lambda: len(states) == 3, 'the robot to be gone')

    assert [name for name, _ in states] == ['ros'] * 3
    assert [state and state.gate for _, state in states] == ['stopped', 'waiting', None]
    assert (listed['participant_id'], listed['gate'], listed['can_reset']) == (
        'ros',
        'stopped',
        True,
    )


async def test_a_program_with_the_callback_gets_all_joints_with_stamps(
    producer: RoboticsProducer, server_url: str, test_room: Room
) -> None:
    """It gets the stored state, changes, and stamps of a robot at rest; others get no stamps."""
    states: list[tuple[dict[str, float], int | None]] = []
    updates: list[object] = []
    plain_updates: list[object] = []

    def has_stamp(stamp_ns: int) -> bool:
        return states[-1][1] == stamp_ns

    assert await producer.connect(*test_room)
    await producer.send_state_sync({'Jaw': 1.0, 'Elbow': 2.0}, stamp_ns=10**18)
    async with RoboticsConsumer(server_url) as client, RoboticsConsumer(server_url) as plain:
        client.on_joint_state(lambda joints, stamp_ns: states.append((joints, stamp_ns)))
        client.on_joint_update(updates.append)
        plain.on_joint_update(plain_updates.append)
        assert await client.connect(*test_room)
        assert await plain.connect(*test_room)
        await wait_until(lambda: states, 'the stored joints')

        for stamp_ns in (10**18 + 1, 10**18 + 2):
            await producer.send_state_sync({'Jaw': 1.0, 'Elbow': 3.0}, stamp_ns=stamp_ns)
            await wait_until(partial(has_stamp, stamp_ns), 'the stamp')
        await producer.send_state_sync({'Jaw': 5.0})
        await wait_until(lambda: states[-1][1] is None, 'the joint without a stamp')
        await wait_until(lambda: len(plain_updates) == 2, 'the updates')

    assert states == [
        ({'Jaw': 1.0, 'Elbow': 2.0}, 10**18),
        ({'Jaw': 1.0, 'Elbow': 3.0}, 10**18 + 1),
        ({'Jaw': 1.0, 'Elbow': 3.0}, 10**18 + 2),
        ({'Jaw': 5.0, 'Elbow': 3.0}, None),
    ]
    assert updates == plain_updates
    assert plain_updates == [[{'name': 'Elbow', 'value': 3.0}], [{'name': 'Jaw', 'value': 5.0}]]


async def test_an_invalid_stamp_is_refused(producer_consumer_pair: Pair) -> None:
    """A stamp in seconds, a mistake of a caller, sends nothing and is named."""
    producer = producer_consumer_pair[0]

    with pytest.raises(ValueError, match='stamp_ns must be an integer of nanoseconds .*, got 1.5'):
        await producer.send_state_sync({'Jaw': 1.0}, stamp_ns=1.5)  # type: ignore[arg-type]
    assert (await producer.get_room_state(*producer_consumer_pair[2:]))['joints'] == {}


async def test_a_reset_that_no_robot_allows_is_an_error(server_url: str, test_room: Room) -> None:
    """A refused reset request is reported to ``on_error``; without a room it raises ValueError."""
    errors: list[str] = []
    async with RoboticsConsumer(server_url) as client:
        client.on_robot_state(lambda _name, _state: None)
        client.on_error(errors.append)
        with pytest.raises(ValueError, match='Must be connected'):
            await client.request_reset('ros', '1')
        assert await client.connect(*test_room)

        await client.request_reset('ros', '1')

        await wait_until(lambda: errors, 'the error')
    assert errors == ["No robot 'ros' in this room allows a reset from the room"]


async def test_a_program_without_the_callback_gets_no_robot_states(
    server_url: str, test_room: Room
) -> None:
    """States are not delivered as messages; a late callback takes effect at the next join."""
    events: list[object] = []
    states: list[str] = []
    async with (
        RoboticsConsumer(server_url) as client,
        enter(server_url, *test_room, 'ros', 'consumer', 'robot_state') as robot,
    ):
        client.on_message(events.append)
        assert await client.connect(*test_room)
        client.on_robot_state(lambda name, _state: states.append(name))
        await robot.send(robot_state())
        await robot.expect_silence()
        await client.send_emergency_stop()
        await wait_until(lambda: any(isinstance(e, EmergencyStop) for e in events), 'the stop')

        assert not [event for event in events if isinstance(event, RobotReport)]
        assert states == []
        with pytest.raises(ValueError, match='callback that was set before'):
            await client.request_reset('ros', '1')
        assert await client.connect(*test_room)
        await wait_until(lambda: states == ['ros'], 'the state of the robot')
