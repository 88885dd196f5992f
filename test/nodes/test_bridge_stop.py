# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""The emergency stop of a running bridge: every input, every output, and no way around it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from functools import partial
import math
import time
from typing import Any

import pytest

pytest.importorskip('rclpy', reason='rclpy is not here: it comes with ROS 2, or as wheels')

from std_msgs.msg import Bool
from support.probe import LATCHED
from support.robot import NAMESPACE, WORKSPACE, Robot, robot
from support.stopping import (
    PROFILES,
    press_until_received,
    reset,
    stop_publisher,
    wait_for_stop,
)
from support.waiting import wait_for

from lerobot_arena_ros import RoboticsConsumer, RoboticsProducer
from lerobot_arena_ros.arena.messages import EmergencyStop
from lerobot_arena_ros.control.stop import INPUT_MEMORY_S

BOTH = {'consume.room_id': 'in', 'produce.room_id': 'out', 'joints': ['j1']}


@pytest.fixture(name='bridged')
def fixture_bridged() -> Iterator[Robot]:
    """Have a bridge with a producer and a consumer, both joined."""
    with robot(BOTH) as bridged:
        for role in ('produce', 'consume'):
            bridged.wait_for_status(f'{role} link', 'joined')
        yield bridged


@pytest.mark.parametrize('kind', PROFILES)
def test_publishers_with_every_qos_can_stop(bridged: Robot, kind: str) -> None:
    """One true on the topic stops, whether best effort, reliable or latched."""
    publisher = stop_publisher(bridged, kind)
    press_until_received(bridged, publisher, again=kind == 'best_effort')

    assert reset(bridged).startswith('not reset')
    publisher.publish(Bool(data=False))
    wait_for(lambda: reset(bridged) == 'ok: reset', 'the stop to be reset')
    wait_for_stop(bridged, False)


def test_a_one_shot_true_stops_and_may_be_reset_a_second_later(bridged: Robot) -> None:
    """A publisher that sent true and is gone does not assert the stop any more."""
    publisher = stop_publisher(bridged, 'reliable')
    pressed_at = time.monotonic()
    press_until_received(bridged, publisher)
    bridged.probe.destroy(publisher)

    answer = reset(bridged)
    # The true counts for a second; a busy machine may answer later.
    assert answer.startswith('not reset') or time.monotonic() - pressed_at > INPUT_MEMORY_S
    wait_for(lambda: reset(bridged) == 'ok: reset', 'the stop to be reset')


def test_the_service_stops_both_rooms(bridged: Robot) -> None:
    """Every participant of either room receives the stop with its reason, once."""
    received: list[tuple[str, str | None]] = []

    def note(room: str, stop: EmergencyStop) -> None:
        received.append((room, stop.reason))

    async def listen() -> None:
        async with RoboticsConsumer(bridged.url) as one, RoboticsConsumer(bridged.url) as two:
            for client, room in ((one, 'in'), (two, 'out')):
                client.on_emergency_stop(partial(note, room))
                assert await client.connect(WORKSPACE, room)
            await asyncio.get_running_loop().run_in_executor(None, press)

    def press() -> None:
        assert bridged.probe.call(NAMESPACE, 'trigger_emergency_stop').success
        assert bridged.probe.call(NAMESPACE, 'trigger_emergency_stop').success
        wait_for(lambda: len(received) >= 2, 'both rooms to receive the stop')

    asyncio.run(listen())

    reason = 'stop triggered by service'
    assert sorted(received) == [('in', reason), ('out', reason)]
    wait_for_stop(bridged)


@pytest.mark.parametrize(('room', 'other'), [('in', 'out'), ('out', 'in')])
def test_a_stop_in_one_room_reaches_the_other(bridged: Robot, room: str, other: str) -> None:
    """A stop passes the bridge once, and is not sent back to its own room."""
    received: dict[str, list[str | None]] = {room: [], other: []}

    def note(place: str, stop: EmergencyStop) -> None:
        received[place].append(stop.reason)

    async def listen() -> None:
        async with RoboticsConsumer(bridged.url) as one, RoboticsConsumer(bridged.url) as two:
            for client, place in ((one, room), (two, other)):
                client.on_emergency_stop(partial(note, place))
                assert await client.connect(WORKSPACE, place)
            await one.send_emergency_stop('the cat')
            await asyncio.get_running_loop().run_in_executor(None, settle)

    def settle() -> None:
        wait_for(lambda: received[other], 'the other room to receive the stop')
        wait_for_stop(bridged)

    asyncio.run(listen())

    assert received == {room: ['the cat'], other: ['the cat']}
    bridged.wait_for_status('safety', 'the cat')


def test_a_late_subscriber_sees_the_latch(bridged: Robot) -> None:
    """emergency_stop_active is latched, and repeated for subscribers with a timeout."""
    assert bridged.probe.call(NAMESPACE, 'trigger_emergency_stop').success
    seen: list[Any] = []
    topic = f'/{NAMESPACE}/arena_bridge/emergency_stop_active'
    bridged.probe.node.create_subscription(Bool, topic, seen.append, LATCHED)

    wait_for(lambda: len(seen) >= 3, 'three statuses')
    assert all(message.data for message in seen)


def test_nothing_leaves_while_stopped_and_motion_resumes_after_reset(bridged: Robot) -> None:
    """Live updates have no effect until the reset; the next one after it moves the robot."""

    def last_is(degrees: float) -> bool:
        wanted = math.radians(degrees)
        commands = bridged.commands
        return bool(commands) and math.isclose(commands[-1].position[0], wanted, abs_tol=1e-9)

    async def act(producer: RoboticsProducer) -> None:
        loop = asyncio.get_running_loop()

        async def send(degrees: float) -> None:
            await producer.send_joint_update([{'name': 'j1', 'value': degrees}])

        def receive_more() -> None:
            before = bridged.count('consume link', 'heard_frames')
            wait_for(
                lambda: bridged.count('consume link', 'heard_frames') >= before + 2,
                'more frames of the room',
            )

        await loop.run_in_executor(
            None, bridged.wait_for_status, 'safety', 'position of j1 is unknown'
        )
        await send(1.0)
        await loop.run_in_executor(None, wait_for, lambda: last_is(1.0), 'the command to 1')
        await loop.run_in_executor(None, stop)
        await send(-2.0)
        await loop.run_in_executor(None, receive_more)
        assert await loop.run_in_executor(None, reset, bridged) == 'ok: reset'
        await send(3.0)
        await loop.run_in_executor(None, wait_for, lambda: last_is(3.0), 'the command to 3')
        positions = [command.position[0] for command in bridged.commands]
        assert min(positions) >= math.radians(1.0) - 1e-9

    def stop() -> None:
        assert bridged.probe.call(NAMESPACE, 'trigger_emergency_stop').success
        wait_for_stop(bridged)

    bridged.lead('in', act)


def test_estop_on_start_begins_stopped_and_sends_no_stop() -> None:
    """A respawned bridge starts stopped, and does not stop the others again."""
    with robot({**BOTH, 'estop_on_start': True}) as bridged:
        wait_for_stop(bridged)
        bridged.wait_for_status('consume link', 'joined')
        bridged.wait_for_status('safety', 'EMERGENCY STOP: stopped at start')
        received: list[str] = []

        async def watch(consumer: RoboticsConsumer) -> None:
            consumer.on_emergency_stop(lambda stop: received.append(stop.reason or ''))
            await consumer.send_emergency_stop('a later one')
            loop = asyncio.get_running_loop()
            await loop.run_in_executor(None, wait_for, lambda: received, 'our own stop')

        bridged.listen('in', watch)

        assert received == ['a later one']
        assert reset(bridged) == 'ok: reset'


def test_a_stop_raised_while_the_link_is_down_reaches_the_room_later(bridged: Robot) -> None:
    """The stop is sent after the reconnect, once, even if it was reset meanwhile."""
    received: list[str] = []

    def lose_and_find() -> None:
        bridged.proxy.cut()
        bridged.wait_for_status('consume link', 'cannot connect')
        assert bridged.probe.call(NAMESPACE, 'trigger_emergency_stop').success
        assert reset(bridged) == 'ok: reset'
        bridged.proxy.open()
        wait_for(lambda: received, 'the stop')
        bridged.wait_for_status('consume link', 'joined')

    async def watch(consumer: RoboticsConsumer) -> None:
        consumer.on_emergency_stop(lambda stop: received.append(stop.reason or ''))
        await asyncio.get_running_loop().run_in_executor(None, lose_and_find)

    bridged.listen('in', watch)

    assert received == ['stop triggered by service']


def test_link_loss_is_a_stop_where_the_user_wants_it() -> None:
    """With link.on_loss: emergency_stop a loss latches, and a reconnect does not clear it."""
    with robot({**BOTH, 'link.on_loss': 'emergency_stop'}) as bridged:
        bridged.wait_for_status('consume link', 'joined')
        bridged.proxy.cut()
        wait_for_stop(bridged)

        bridged.wait_for_status('safety', 'link lost')
