"""The public client beyond its contract: bad input, several clients, high rates."""

from __future__ import annotations

from contextlib import AsyncExitStack
from typing import Any

import pytest
from support.fake_arena import WebSocket, fake_arena, listed, say, welcome
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
    """Take our own server here, whichever the contract is tested against."""
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
async def test_what_cannot_be_sent_is_refused_whole(
    producer_consumer_pair: Pair, bad: dict[str, Any]
) -> None:
    """One bad joint keeps the whole update from being sent; the next one goes through."""
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
async def test_a_stop_is_sent_whatever_its_reason(
    producer_consumer_pair: Pair, reason: Any
) -> None:
    """No reason is too odd or too long for a stop to arrive."""
    producer, consumer, *_ = producer_consumer_pair
    stops: list[EmergencyStop] = []
    consumer.on_emergency_stop(stops.append)

    await producer.send_emergency_stop(reason)

    await wait_until(lambda: stops, 'the stop')
    assert (stops[0].reason or '')[:5] in (str(reason)[:5], '?')
    assert producer.is_connected()


async def test_a_joint_that_the_room_refuses_silences_no_other(
    producer_consumer_pair: Pair, caplog: pytest.LogCaptureFixture
) -> None:
    """It is named once and left out; what was refused with it arrives all the same."""
    producer, consumer, *_ = producer_consumer_pair
    heard: dict[str, float] = {}

    def hear(entries: Entries) -> None:
        heard.update({entry['name']: entry['value'] for entry in entries})

    consumer.on_joint_update(hear)
    long = 'gripper_' * 6 + 'joint1'
    assert len(long) == 54

    await producer.send_joint_update([{'name': 'Jaw', 'value': 1.0}, {'name': long, 'value': 1.0}])
    await producer.send_state_sync({'Elbow': 2.0, long: 2.0})
    await wait_until(lambda: heard == {'Jaw': 1.0, 'Elbow': 2.0}, 'the other joints')
    await producer.send_state_sync({'Jaw': 3.0, long: 3.0})
    await wait_until(lambda: heard == {'Jaw': 3.0, 'Elbow': 2.0}, 'the next update')

    (warning,) = [each for each in caplog.messages if 'left out' in each]
    assert f"'{long}' (a name has at most 50 characters, got 54)" in warning


async def test_an_odd_joint_of_an_update_silences_no_other(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The public server passes on anything: what cannot be used is named once."""
    updates: list[dict[str, Any]] = []

    async def arena(websocket: WebSocket) -> None:
        fake.room = listed((await welcome(websocket))['participant_id'], producer='leader')
        for value in (1, 2):
            odd = [{'name': '', 'value': 1}, {'name': 'Elbow', 'value': float('nan')}, 7]
            await say(websocket, 'joint_update', data=[*odd, {'name': 'Jaw', 'value': value}])

    async with fake_arena(arena) as fake, RoboticsConsumer(fake.url) as consumer:
        consumer.on_joint_update(updates.extend)
        assert await consumer.connect('lab', 'arm')
        await wait_until(lambda: len(updates) == 2, 'both updates')

    assert updates == [{'name': 'Jaw', 'value': 1}, {'name': 'Jaw', 'value': 2}]
    warnings = [each for each in caplog.messages if 'ignored an invalid joint' in each]
    assert len(warnings) == 2  # Of those without a name, the first.
    assert 'Elbow' in warnings[1] and 'needs a name' in warnings[0]


async def test_a_state_with_nan_is_refused(producer_consumer_pair: Pair) -> None:
    """A state is refused as an update is, and the message names the joint."""
    producer, *_ = producer_consumer_pair

    with pytest.raises(ValueError, match='Elbow'):
        await producer.send_state_sync({'Jaw': 1.0, 'Elbow': float('nan')})


def test_a_url_that_is_none_is_refused_at_once() -> None:
    """A client for a URL that cannot be used is not made."""
    with pytest.raises(InvalidAddress):
        RoboticsProducer('localhost:8000')


async def test_an_unreachable_server(caplog: pytest.LogCaptureFixture) -> None:
    """Connecting tells False and logs why; rooms raise, with another try worth it."""
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


async def test_the_place_is_free_when_leaving_returns(
    producer: RoboticsProducer, test_room: Room
) -> None:
    """Our server has let go of a participant by the time that ``disconnect`` returns."""
    for _ in range(20):
        assert await producer.connect(*test_room)
        await producer.send_state_sync({'Jaw': 1.0})
        await producer.disconnect()

        info = await producer.get_room_info(*test_room)
        assert info['participants'] == {'producer': None, 'consumers': [], 'total': 0}


async def test_a_client_joins_a_living_room_without_wiping_it(
    producer_consumer_pair: Pair, server_url: str
) -> None:
    """The factory that names a room with a producer changes nothing in it."""
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
    """Collect the first value of each update that a consumer hears from now on."""
    values: list[float] = []
    consumer.on_joint_update(lambda entries: values.append(entries[0]['value']))
    return values


async def test_many_consumers_hear_the_same(producer: RoboticsProducer, test_room: Room) -> None:
    """Ten consumers each hear every update, in order."""
    await producer.connect(*test_room)
    heard: list[list[float]] = []
    async with AsyncExitStack() as stack:
        for _ in range(10):
            consumer = await stack.enter_async_context(RoboticsConsumer(producer.base_url))
            heard.append(values_of(consumer))
            assert await consumer.connect(*test_room)

        for value in range(50):
            await producer.send_state_sync({'Jaw': float(value)})

        await wait_until(lambda: min(map(len, heard)) == 50, 'all updates at all consumers')
        assert heard == [[float(value) for value in range(50)]] * 10


async def test_a_burst_ends_in_the_right_state(producer_consumer_pair: Pair) -> None:
    """Five hundred updates without a pause: nobody loses the room, the last values count."""
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
    """After a burst, who joins is told the values that the others have."""
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
async def test_a_program_that_asks_for_states_is_told_them(
    server_url: str, test_room: Room, kind: type[RoboticsConsumer] | type[RoboticsProducer]
) -> None:
    """In either role: those that there are, each new one, and None once the robot has left."""
    told: list[tuple[str, RobotState | None]] = []
    features = 'robot_state', 'remote_reset'
    async with kind(server_url) as client:
        client.on_robot_state(lambda name, state: told.append((name, state)))
        async with enter(server_url, *test_room, 'ros', 'consumer', *features) as robot:
            await robot.send(robot_state('stopped', can_reset=True))
            await robot.expect_silence()
            assert await client.connect(*test_room)
            await wait_until(lambda: len(told) == 1, 'the state that there is')
            (listed,) = await client.get_robots(*test_room)

            await client.request_reset('ros', '1')
            assert (await robot.recv_type('reset_stop'))['source'] == client.participant_id
            await robot.send(robot_state('waiting'))
            await wait_until(lambda: len(told) == 2, 'the new state')
        await wait_until(lambda: len(told) == 3, 'the robot to be gone')

    assert [name for name, _ in told] == ['ros'] * 3
    assert [state and state.gate for _, state in told] == ['stopped', 'waiting', None]
    assert (listed['participant_id'], listed['gate'], listed['can_reset']) == (
        'ros',
        'stopped',
        True,
    )


async def test_a_reset_that_nobody_allows_is_an_error(server_url: str, test_room: Room) -> None:
    """Told like every other complaint of the server; without a room it is not even sent."""
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


async def test_a_program_that_does_not_ask_for_states_is_told_none(
    server_url: str, test_room: Room
) -> None:
    """Not even as a message; a callback that is set too late counts from the next join on."""
    events: list[object] = []
    told: list[str] = []
    async with (
        RoboticsConsumer(server_url) as client,
        enter(server_url, *test_room, 'ros', 'consumer', 'robot_state') as robot,
    ):
        client.on_message(events.append)
        assert await client.connect(*test_room)
        client.on_robot_state(lambda name, _state: told.append(name))
        await robot.send(robot_state())
        await robot.expect_silence()
        await client.send_emergency_stop()
        await wait_until(lambda: any(isinstance(e, EmergencyStop) for e in events), 'the stop')

        assert not [event for event in events if isinstance(event, RobotReport)]
        assert told == []
        with pytest.raises(ValueError, match='on_robot_state to be set before'):
            await client.request_reset('ros', '1')
        assert await client.connect(*test_room)
        await wait_until(lambda: told == ['ros'], 'the state of the robot')
