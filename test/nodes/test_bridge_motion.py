# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""The follower never jumps: not to a distant room, after a reset or a reconnect."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
import math
import time
from typing import Any

import pytest

pytest.importorskip('rclpy', reason='rclpy is not here: it comes with ROS 2, or as wheels')

from support.arm import Arm, arm
from support.robot import NAMESPACE, Robot, robot
from support.waiting import ticks, wait_for

from lerobot_arena_ros import RoboticsProducer

START, LIMIT, START_S = 0.2, 1.0, 1.0
PARAMETERS = {
    'consume.room_id': 'a',
    'joints': ['j1'],
    'joint_map.j1.min': -1.0,
    'joint_map.j1.max': 1.0,
    'consume.start_velocity': START,
    'consume.max_velocity': LIMIT,
    'consume.start_seconds': START_S,
    'consume.require_feedback': 'always',
}
PERIOD_S = 0.01
ROUNDING = 1e-9
STAMP_SLACK_S = 0.2
"""The time between the calculation of a first command and its stamp, on a busy machine."""


@dataclass
class Stage:
    """A bridge, an arm that follows it, and a producer."""

    bridged: Robot
    arm: Arm
    target_deg: float = 0.0

    @asynccontextmanager
    async def led(self) -> AsyncIterator[None]:
        """Have a producer that sends the target at 50 Hz, with a hand's tremor."""

        async def lead() -> None:
            # Not through the proxy: when the bridge's link is cut, the producer continues.
            async with RoboticsProducer(self.bridged.url) as producer:
                assert await producer.connect('default-workspace', 'a')
                async for count in ticks(50.0):
                    value = self.target_deg + count % 2 * 1e-6
                    await producer.send_joint_update([{'name': 'j1', 'value': value}])

        leading = asyncio.create_task(lead())
        try:
            yield
        finally:
            leading.cancel()
            with suppress(asyncio.CancelledError):
                await leading

    async def arrives(self, degrees: float) -> None:
        """Send this target until the arm reaches it."""
        self.target_deg = degrees

        def is_there() -> bool:
            position = self.arm.position
            return position is not None and abs(position - math.radians(degrees)) < 1e-3

        await self.until(is_there, f'the arm at {degrees} degrees')

    async def wait_for_text(self, part: str, text: str) -> None:
        """Wait until diagnostics have this text."""
        await asyncio.to_thread(self.bridged.wait_for_status, part, text)

    async def until(self, condition: Any, what: str) -> None:
        """Wait for something while the producer continues."""
        loop = asyncio.get_running_loop()
        await loop.run_in_executor(None, wait_for, condition, what, 30.0)

    async def call(self, service: str) -> bool:
        """Call a service of the bridge."""
        loop = asyncio.get_running_loop()
        answer = await loop.run_in_executor(None, self.bridged.probe.call, NAMESPACE, service)
        return bool(answer.success)


@pytest.fixture(name='stage')
def fixture_stage() -> Iterator[Stage]:
    """Set up bridge, arm and producer, and check afterwards that the arm never jumped."""
    with robot(PARAMETERS) as bridged, arm(bridged.probe, NAMESPACE) as follower:
        bridged.wait_for_status('consume link', 'joined')
        stage = Stage(bridged, follower)
        yield stage

        assert follower.largest_step <= LIMIT * PERIOD_S + ROUNDING
        # The ramp is one of time, and commands are late on a busy machine.
        for time_s, distance in follower.first_steps(20):
            fastest = START + (LIMIT - START) * (time_s + STAMP_SLACK_S) / START_S
            assert distance <= fastest * PERIOD_S + ROUNDING
        assert follower.beginnings
        for step in follower.beginnings:
            assert follower.was_near(step)


async def test_a_room_far_away_is_approached_slowly(stage: Stage) -> None:
    """The first command is the measured pose, and the path to the room's pose is a ramp."""
    stage.target_deg = 50.0
    async with stage.led():
        await stage.arrives(50.0)

    assert stage.arm.steps[0].commanded == pytest.approx(0.0, abs=1e-6)
    assert len(stage.arm.steps) > math.radians(50.0) / (LIMIT * PERIOD_S)


async def test_a_producer_that_teleports_is_followed_at_the_limit(stage: Stage) -> None:
    """When the setpoint jumps to the other end, the arm follows at its velocity limit."""
    async with stage.led():
        await stage.arrives(50.0)
        before = len(stage.arm.steps)
        await stage.arrives(-50.0)

    assert len(stage.arm.steps) - before >= math.radians(100.0) / (LIMIT * PERIOD_S)


async def test_after_a_reset_the_arm_is_led_from_where_it_is(stage: Stage) -> None:
    """After a reset, the arm starts at its measured pose, although the setpoint moved far away."""
    async with stage.led():
        await stage.arrives(30.0)
        assert await stage.call('trigger_emergency_stop')
        stopped_at = time.monotonic()
        stage.target_deg = -50.0
        before = stage.bridged.count('consume link', 'heard_frames')
        await stage.until(
            lambda: stage.bridged.count('consume link', 'heard_frames') > before + 50,
            'more frames of the room',
        )
        assert not stage.bridged.commands_after(stopped_at)
        stage.arm.begin()
        assert await stage.call('reset_emergency_stop')
        await stage.arrives(-50.0)


async def test_after_a_reconnect_the_arm_is_led_from_where_it_is(stage: Stage) -> None:
    """After a reconnect, the arm starts at its measured pose, although the setpoint moved."""
    async with stage.led():
        await stage.arrives(30.0)
        stage.bridged.proxy.cut()
        await stage.wait_for_text('safety', 'holding')
        stage.arm.begin()
        stage.target_deg = -50.0
        stage.bridged.proxy.open()
        await stage.arrives(-50.0)


async def test_a_producer_that_was_away_is_approached_slowly(stage: Stage) -> None:
    """When another producer takes over at another pose, the arm moves there slowly."""
    async with stage.led():
        await stage.arrives(30.0)
    await stage.wait_for_text('safety', 'holding: the room has no producer')
    stage.arm.begin()
    stage.target_deg = -50.0
    async with stage.led():
        await stage.arrives(-50.0)


async def test_a_limit_that_changes_counts_from_the_next_step_on(stage: Stage) -> None:
    """A new ``consume.max_velocity`` slows a motion at once."""
    slow = LIMIT / 10
    async with stage.led():
        await stage.arrives(50.0)
        stage.target_deg = -50.0
        await stage.until(lambda: (stage.arm.position or 0.0) < 0.5, 'the arm on its way')
        loop = asyncio.get_running_loop()
        answer = await loop.run_in_executor(
            None, stage.bridged.set_parameter, 'consume.max_velocity', slow
        )
        assert answer == (True, '')
        changed_at = time.monotonic()
        braking = 2 * round(LIMIT / 20.0 / PERIOD_S)
        await stage.until(
            lambda: len(stage.bridged.commands_after(changed_at)) > braking + 50, 'more commands'
        )

    after = stage.bridged.commands_after(changed_at)[braking:]
    commands = [command.position[0] for command in after]
    widest = max(abs(b - a) for a, b in zip(commands, commands[1:], strict=False))
    assert 0.0 < widest <= slow * PERIOD_S + ROUNDING


async def test_another_producer_within_a_heartbeat_is_followed_slowly(stage: Stage) -> None:
    """When a producer with the same setpoint replaces another in motion, the arm brakes."""
    async with stage.led():
        await stage.arrives(50.0)
        stage.target_deg = -50.0
        await stage.until(lambda: (stage.arm.position or 0.0) < 0.5, 'the arm on its way')
    changed = len(stage.arm.steps)
    async with stage.led():
        await stage.arrives(-50.0)

    steps = [step for step in stage.arm.steps[changed:] if step.commanded > -0.7]
    ten = zip(steps, steps[10:], strict=False)
    speeds = [(a.commanded - b.commanded) / (b.at - a.at) for a, b in ten]
    assert min(speeds) < (START + LIMIT) / 2
