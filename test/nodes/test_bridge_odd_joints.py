# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""One joint that cannot be sent or used does not block the others; both ends name it."""

from __future__ import annotations

import math
from typing import Any

import pytest

pytest.importorskip('rclpy', reason='rclpy is not here: it comes with ROS 2, or as wheels')

from support.domain import own_domain
from support.fake_arena import WebSocket, fake_arena, listed, send_message, welcome
from support.leading import in_thread
from support.participant import running_participant
from support.probe import running_probe
from support.processes import ros_arguments, running
from support.robot import DEFAULTS, NAMESPACE, WORKSPACE, robot
from support.waiting import ticks, wait_for

from lerobot_arena_ros import RoboticsConsumer

LONG = 'left_arm_of_the_robot_at_the_window_wrist_roll_joint_1'
PRODUCE = {'produce.room_id': 'a', 'units': 'radians'}


@pytest.mark.parametrize(
    ('odd', 'position', 'named'),
    [
        (LONG, 1.0, f"'{LONG}' (a name has at most 50 characters, got 54)"),
        ('', 1.0, "'' (a joint needs a name in the room)"),
        ('j2', math.nan, "'j2' (measured at nan)"),
    ],
    ids=['54 characters', 'no name', 'no number'],
)
def test_a_joint_that_cannot_be_sent_is_left_out_and_named(
    odd: str, position: float, named: str
) -> None:
    """The other joint arrives, and log and diagnostics name the odd one."""
    with robot(PRODUCE) as bridged:
        bridged.wait_for_status('produce link', 'joined')
        viewer = RoboticsConsumer(bridged.url)
        with running_participant(viewer, WORKSPACE, 'a', 'viewer') as participant:
            count = 0
            text = f'left out of what is sent: {named}'

            def is_named() -> bool:
                nonlocal count
                count += 1
                bridged.probe.publish_joints(NAMESPACE, ['j1', odd], [0.001 * count, position])
                return text in bridged.status('producing') and text in bridged.bridge.output

            wait_for(is_named, 'diagnostics and the log to name the joint')
            wait_for(lambda: participant.updates, 'the other joint')

        assert all(update.keys() == {'j1'} for update in participant.updates)
        assert 'Failed to process' not in bridged.bridge.output


async def test_an_odd_joint_in_the_room_is_left_out_and_named() -> None:
    """An odd joint of another robot is left out; one of this robot makes its update unusable."""
    update: list[Any] = []

    async def arena(websocket: WebSocket) -> None:
        fake.room = listed((await welcome(websocket))['participant_id'], producer='leader')
        async for count in ticks(50.0):
            ours = [{'name': name, 'value': 1.0 + count % 2} for name in ('j1', 'j2')]
            await send_message(websocket, 'joint_update', data=[*update, *ours], source='leader')
            await send_message(websocket, 'heartbeat_ack', has_producer=True)

    update += [{'name': '', 'value': 1.0}, {'name': 'theirs', 'value': math.nan}, 'nonsense']
    with own_domain(), running_probe() as probe:
        probe.watch(NAMESPACE)
        async with fake_arena(arena) as fake:
            fake.room = listed()
            parameters = {
                **DEFAULTS,
                'consume.room_id': 'a',
                'joints': ['j1', 'j2'],
                'server_url': fake.url,
                'create_missing_rooms': 'none',
            }
            mapping = f'/{NAMESPACE}/arena_bridge: mapping'
            consuming = f'/{NAMESPACE}/arena_bridge: consuming'
            commands = probe.commands[NAMESPACE]

            def counted() -> str:
                found = probe.diagnostics.get(consuming)
                pairs = [] if found is None else found.values
                return next((p.value for p in pairs if p.key == 'dropped_value'), '')

            with running('nodes.bridge.main', ros_arguments(NAMESPACE, parameters)) as bridge:
                await in_thread(lambda: wait_for(lambda: len(commands) > 5, 'commands'))
                await in_thread(
                    lambda: wait_for(
                        lambda: 'ignored from the room' in probe.text(mapping),
                        'the names',
                    )
                )
                assert "joint 'theirs': value must be a finite number" in probe.text(mapping)
                text = 'ignored from the room'
                await in_thread(lambda: wait_for(lambda: text in bridge.output, 'the log line'))
                assert counted() == ''

                update.append({'name': 'j2', 'value': math.nan})
                await in_thread(lambda: wait_for(counted, 'the dropped update to be counted'))
