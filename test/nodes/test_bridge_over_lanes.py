# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.


"""What a robot does while its lane loses, reorders and repeats, or its WebSocket hangs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
import random
import time

import pytest

pytest.importorskip('rclpy', reason='rclpy is not here: it comes with ROS 2, or as wheels')

from support.fault_proxy import FaultProxy
from support.lane_path import Path
from support.participant import running_participant
from support.robot import NAMESPACE, WORKSPACE, Robot, robot
from support.waiting import ticks, wait_for, wait_until

from lerobot_arena_ros import RoboticsConsumer, RoboticsProducer

CONSUME = {'consume.room_id': 'a', 'joints': ['j1'], 'consume.ramp_rate_hz': 100.0}
OPENED = 'consume: joint updates take a fast lane now'


@contextmanager
def robot_with_lane(path: Path, **parameters: object) -> Iterator[Robot]:
    """Run a robot with an open lane."""
    with robot({**CONSUME, **parameters}, arena=path.arena) as bridged:
        wait_for(lambda: OPENED in bridged.bridge.output, 'the lane')
        yield bridged


@pytest.fixture
def path() -> Iterator[Path]:
    """Yield a path for lanes."""
    made = Path()
    yield made
    made.close()


async def drive(producer: RoboticsProducer, value: float) -> None:
    """Command the joint, in degrees."""
    await producer.send_joint_update([{'name': 'j1', 'value': value}])


def positions(bridged: Robot) -> list[float]:
    """Return the commanded positions so far."""
    return [command.position[0] for command in bridged.commands]


def test_a_robot_never_steps_back_over_a_lane_with_faults(path: Path) -> None:
    """Whatever the path does to datagrams, a joint that is led upwards only goes up."""
    dice = random.Random(17)

    def fate(_datagram: bytes) -> tuple[float, ...]:
        return tuple(dice.uniform(0.0, 0.15) for _ in range(dice.choice((0, 1, 1, 2))))

    with robot_with_lane(path) as bridged:

        async def led(producer: RoboticsProducer) -> None:
            await wait_until(lambda: producer.lane_report, 'the lane of the leader')
            await drive(producer, 0.0)
            await wait_until(lambda: bridged.commands, 'the first command')
            path.disturb(fate)
            async for number in ticks(50.0):
                await drive(producer, number * 0.1)
                if number == 150:
                    break
            await wait_until(lambda: positions(bridged)[-1] > 0.2617, 'the last position')

        bridged.lead('a', led)
        moved = positions(bridged)

    assert moved == sorted(moved)
    assert moved[-1] == pytest.approx(0.2618, abs=1e-3)


def test_a_robot_whose_websocket_hangs_holds_although_its_lane_lives(path: Path) -> None:
    """The link is as alive as its WebSocket."""
    with robot_with_lane(path, **{'link.timeout_s': 1.5}) as bridged:

        async def led(producer: RoboticsProducer) -> None:
            await drive(producer, 0.0)
            await wait_until(lambda: bridged.commands, 'the first command')
            bridged.proxy.act(FaultProxy.freeze)
            async for number in ticks(50.0):
                await drive(producer, number * 0.01)
                if 'no answer from the server' in bridged.status('safety'):
                    break
            held_at = time.monotonic()
            async for more in ticks(50.0):
                await drive(producer, (number + more) * 0.01)
                if len(bridged.probe.statuses_after(NAMESPACE, held_at)) >= 2:
                    break
            assert not bridged.commands_after(held_at)

        bridged.lead('a', led)
        bridged.wait_for_status('consume link', 'no answer from the server')


def test_a_stop_arrives_by_the_lane_while_the_websocket_hangs(path: Path) -> None:
    """It is latched long before the hanging WebSocket counts as lost."""
    with robot_with_lane(path) as bridged:
        bridged.proxy.act(FaultProxy.freeze)

        async def stop(producer: RoboticsProducer) -> None:
            await producer.send_emergency_stop('smoke')
            await wait_until(lambda: 'smoke' in bridged.status('safety'), 'the latched stop')

        bridged.lead('a', stop)

        assert bridged.status('consume link') == 'joined'
        bridged.proxy.act(FaultProxy.thaw)
        wait_for(lambda: bridged.value('consume link', 'round_trip_ms'), 'an answer')
        bridged.wait_for_log('EMERGENCY STOP')


def test_a_stop_of_the_robot_leaves_by_the_lane_while_the_websocket_hangs(path: Path) -> None:
    """It reaches the others once, although the WebSocket delivers it, too, when it goes on."""
    with robot_with_lane(path) as bridged, ExitStack() as stack:
        consumer = RoboticsConsumer(bridged.url)
        viewer = stack.enter_context(running_participant(consumer, WORKSPACE, 'a', 'viewer'))
        bridged.proxy.act(FaultProxy.freeze)

        assert bridged.probe.call(NAMESPACE, 'trigger_emergency_stop').success

        wait_for(lambda: viewer.stops, 'the stop')
        bridged.proxy.act(FaultProxy.thaw)
        heard = bridged.count('consume link', 'heard_frames')
        # The answers to heartbeats follow what was sent before them.
        wait_for(lambda: bridged.count('consume link', 'heard_frames') > heard + 5, 'answers')
        assert [stop.reason for stop in viewer.stops] == ['stop triggered by service']
