# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""Stamps of joint_states reach the consumers of a room."""

from __future__ import annotations

import asyncio
from functools import partial

import pytest

pytest.importorskip('rclpy', reason='rclpy is not here: it comes with ROS 2, or as wheels')

from builtin_interfaces.msg import Time as TimeMsg
from support.driver import driver
from support.robot import WORKSPACE, robot
from support.waiting import wait_until

from lerobot_arena_ros import RoboticsConsumer

SETTINGS = {'produce.room_id': 'a', 'produce.max_input_age_s': 0.0, 'joints': ['j1']}


def test_a_robot_at_rest_sends_the_stamps_of_its_driver() -> None:
    """Each JointState renews the stamp, to the nanosecond; without a stamp there is none."""
    seen: list[tuple[dict[str, float], int | None]] = []

    def has_stamp(stamp_ns: int) -> bool:
        return bool(seen) and seen[-1][1] == stamp_ns

    async def listen(url: str) -> None:
        async with RoboticsConsumer(url) as consumer:
            consumer.on_joint_state(lambda joints, stamp_ns: seen.append((joints, stamp_ns)))
            assert await consumer.connect(WORKSPACE, 'a')
            for nanoseconds in (123_456_789, 123_456_790):
                arm.stamp = TimeMsg(sec=1_769_854_530, nanosec=nanoseconds)
                stamp_ns = 1_769_854_530_000_000_000 + nanoseconds
                await wait_until(partial(has_stamp, stamp_ns), 'the stamp')
            arm.stamp, arm.age_s, arm.position = None, None, 1.0
            await wait_until(lambda: seen[-1][1] is None, 'joints without a stamp')

    with robot(SETTINGS) as bridged, driver(bridged, 0.5) as arm:
        arm.stamp = TimeMsg(sec=1)
        arm.start()
        bridged.wait_for_status('produce link', 'joined')
        asyncio.run(listen(bridged.url))

    assert len({joints['j1'] for joints, _ in seen if joints}) == 2
