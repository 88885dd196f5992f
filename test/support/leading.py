# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""A producer in a robot's room, and the resulting commands to the robot."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
import math
from typing import Any

from lerobot_arena_ros import RoboticsProducer

from .robot import Robot
from .waiting import wait_for

__all__ = ['in_thread', 'leading', 'send', 'until']


def leading(
    bridged: Robot, act: Callable[[RoboticsProducer], Awaitable[None]], *, listeners: int = 1
) -> None:
    """
    Call a function with the room's producer when the bridge has joined.

    :param listeners: the number of command subscribers that the bridge must know first.
    """
    bridged.wait_for_status('consume link', 'joined')

    async def lead(producer: RoboticsProducer) -> None:
        # An update that arrives while something else is missing never moves the robot.
        await in_thread(lambda: wait_for(ready, 'the gate to wait for the room'))
        await act(producer)

    def ready() -> bool:
        said = bridged.status('safety')
        texts = ('waiting for a live update', 'is unknown', 'no joint_states', 'nothing publishes')
        return any(text in said for text in texts) and (
            bridged.value('consuming', 'joint_commands_subscriptions') == str(listeners)
        )

    bridged.lead('a', lead)


async def send(producer: RoboticsProducer, **values: float) -> None:
    """Send joint values."""
    await producer.send_joint_update([{'name': n, 'value': v} for n, v in values.items()])


async def until(bridged: Robot, positions: list[float], *, what: str = '') -> None:
    """Wait until the bridge's last command has these positions."""

    def arrived() -> bool:
        last = bridged.commands[-1].position if bridged.commands else []
        return len(last) == len(positions) and all(
            math.isclose(a, b, abs_tol=1e-9) for a, b in zip(last, positions, strict=True)
        )

    await in_thread(lambda: wait_for(arrived, what or f'a command to {positions}'))


async def in_thread(act: Callable[[], Any]) -> Any:
    """Run a blocking function in a thread, while the event loop continues."""
    return await asyncio.get_running_loop().run_in_executor(None, act)
