# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""Several bridges in one room and on one ROS graph pass a stop on once and never echo it."""

from __future__ import annotations

import asyncio
from contextlib import ExitStack

import pytest

pytest.importorskip('rclpy', reason='rclpy is not here: it comes with ROS 2, or as wheels')

from support.processes import ros_arguments, running
from support.robot import DEFAULTS, NAMESPACE, WORKSPACE, Robot, robot
from support.waiting import wait_for

from lerobot_arena_ros import RoboticsConsumer
from lerobot_arena_ros.arena.messages import EmergencyStop

CONSUME = {'consume.room_id': 'in', 'joints': ['j1']}


def participants(bridged: Robot) -> int:
    """Return the number of participants in the room."""
    info = asyncio.run(RoboticsConsumer(bridged.url).get_room_info(WORKSPACE, 'in'))
    return int(info['participants']['total'])


def stops_received(bridged: Robot, press: str) -> list[str]:
    """
    Trigger a stop and return the reasons that the room received, up to a last one of our own.

    :param press: ``topic``, which both bridges receive, or ``service``, which only one has.
    """
    received: list[str] = []

    def note(stop: EmergencyStop) -> None:
        received.append(stop.reason or '')

    def act() -> None:
        if press == 'topic':
            bridged.probe.publish_stop(NAMESPACE, True)
        else:
            assert bridged.probe.call(NAMESPACE, 'trigger_emergency_stop').success
        wait_for(lambda: received, 'the stop in the room')

    def settle() -> None:
        # Twice the period of the status, within which an echo would have arrived.
        seen = bridged.probe.stop_active[NAMESPACE]
        count = len(seen)
        wait_for(lambda: len(seen) >= count + 2, 'two more statuses')

    async def listen(consumer: RoboticsConsumer) -> None:
        loop = asyncio.get_running_loop()
        consumer.on_emergency_stop(note)
        await loop.run_in_executor(None, act)
        await loop.run_in_executor(None, settle)
        await consumer.send_emergency_stop('the end')
        await loop.run_in_executor(None, wait_for, lambda: 'the end' in received, 'our own stop')

    bridged.listen('in', listen)
    return received


@pytest.mark.parametrize(('press', 'most'), [('topic', 2), ('service', 1)])
def test_two_bridges_of_one_room_and_one_graph_do_not_echo(press: str, most: int) -> None:
    """Each bridge sends a stop of the graph once, and none repeats a stop of the room."""
    with robot(CONSUME) as bridged, ExitStack() as stack:
        bridged.wait_for_status('consume link', 'joined')
        second = ros_arguments(
            NAMESPACE,
            {**DEFAULTS, **CONSUME, 'server_url': bridged.url},
            '-r',
            '__node:=second_bridge',
        )
        stack.enter_context(running('nodes.bridge.main', second))
        wait_for(lambda: participants(bridged) == 2, 'both bridges in the room')

        received = stops_received(bridged, press)

        reason = 'emergency_stop is true' if press == 'topic' else 'stop triggered by service'
        assert received in ([reason] * count + ['the end'] for count in range(1, most + 1))
