# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""The closed loop of an AI policy: config/ai_loop.yaml, with our client as the policy."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip('rclpy', reason='rclpy is not here: it comes with ROS 2, or as wheels')

from support.robot import NAMESPACE, WORKSPACE, Robot, robot
from support.waiting import ticks, wait_for

from lerobot_arena_ros import RoboticsConsumer, RoboticsProducer

CONFIG = Path(__file__).resolve().parents[2] / 'config' / 'ai_loop.yaml'
ROS_NAMES = (
    'shoulder_pan',
    'shoulder_lift',
    'elbow_flex',
    'wrist_flex',
    'wrist_roll',
    'gripper',
)
WIRE_NAMES = ('Rotation', 'Pitch', 'Elbow', 'Wrist_Pitch', 'Wrist_Roll', 'Jaw')
MIDDLE = (0.0, 1.75, -1.57079, -0.65, 0.0, 0.9)
"""The middle of each range in radians: 0 in the room, and 50 for the gripper."""


async def measure(bridged: Robot) -> None:
    """Publish joint_states of an arm whose gripper is reported separately, and later."""
    loop = asyncio.get_running_loop()
    publish = bridged.probe.publish_joints
    async for count in ticks(50.0):
        await loop.run_in_executor(None, publish, NAMESPACE, ROS_NAMES[4::-1], MIDDLE[4::-1])
        if count > 5:
            await loop.run_in_executor(None, publish, NAMESPACE, ROS_NAMES[5:], MIDDLE[5:])


async def policy(bridged: Robot, observed: list[list[dict[str, Any]]]) -> None:
    """Create the rooms, read the joints, and command all six, as the inference server does."""
    loop = asyncio.get_running_loop()
    async with RoboticsConsumer(bridged.url) as eyes, RoboticsProducer(bridged.url) as hands:
        for client, room in ((eyes, 's-joint-input'), (hands, 's-joint-output')):
            await client.create_room(WORKSPACE, room)
            assert await client.connect(WORKSPACE, room, f'{room}-policy')
        eyes.on_joint_update(observed.append)
        measuring = asyncio.create_task(measure(bridged))
        await loop.run_in_executor(None, wait_for, lambda: observed, 'the joints')
        acting = asyncio.create_task(act(hands))
        await loop.run_in_executor(None, wait_for, lambda: reached(bridged), 'the pose', 30.0)
        for task in (acting, measuring):
            task.cancel()


async def act(hands: RoboticsProducer) -> None:
    """Send all six at 20 Hz, each with its index, as the inference server does."""
    async for count in ticks(20.0):
        change = 0.01 * (count % 2)  # The server repeats nothing after a join.
        values = [pose + change for pose in (10.0, 0.0, 0.0, 0.0, 0.0, 55.0)]
        joints = zip(WIRE_NAMES, values, strict=True)
        await hands.send_joint_update(
            [{'name': n, 'value': v, 'index': i} for i, (n, v) in enumerate(joints)]
        )


def reached(bridged: Robot) -> bool:
    """Return whether the commands have reached the policy's pose."""
    last = bridged.commands[-1].position if bridged.commands else [0.0] * 6
    return bool(last[0] >= 0.2 and last[5] >= 1.01)


def test_one_bridge_closes_the_loop() -> None:
    """A bridge waits for rooms, sends all six joints in order, and publishes radians."""
    rooms = {
        'units': 'normalized',
        'produce.room_id': 's-joint-input',
        'consume.room_id': 's-joint-output',
        'create_missing_rooms': 'none',
        'consume.max_lead': 0.0,  # The measured position never changes.
        'joint_map.gripper.max_lead': 0.0,
    }
    observed: list[list[dict[str, Any]]] = []
    with robot(rooms, '--params-file', str(CONFIG)) as bridged:
        for role in ('produce', 'consume'):
            bridged.wait_for_status(f'{role} link', 'there is no such room')
        asyncio.run(policy(bridged, observed))

        assert [entry['name'] for entry in observed[0]] == list(WIRE_NAMES)
        assert [round(entry['value'], 3) for entry in observed[0]] == [0, 0, 0, 0, 0, 50]
        assert tuple(bridged.commands[0].name) == ROS_NAMES
        assert tuple(bridged.commands[0].position) == pytest.approx(MIDDLE)
        assert bridged.value('produce link', 'participant_id') != bridged.value(
            'consume link', 'participant_id'
        )
