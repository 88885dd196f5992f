# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""The effect of an attack on participants with a token: the times of their actions."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, suppress
from dataclasses import dataclass, field
import json
import random
import time

import httpx

from .guarded import BEARER, ROOMS, TOKEN
from .peers import Peer, enter, joints
from .waiting import ticks, until, wait_until

__all__ = ['Times', 'notice']

JOINTS_HZ = 100.0
STOPS_HZ = 8.0
PERSONS = 6
"""The persons press in turn, so that each stop is forwarded at once."""

REJOINS_HZ = 20.0
REQUESTS_HZ = 20.0


@dataclass
class Times:
    """
    The duration of each action, in seconds.

    :param joint: an update from a producer through the server to a consumer.
    :param stop: an emergency stop on the same path.
    :param rejoin: a connection and a join, to ``joined``.
    :param request: a REST request on an open connection.
    """

    joint: list[float] = field(default_factory=list)
    stop: list[float] = field(default_factory=list)
    rejoin: list[float] = field(default_factory=list)
    request: list[float] = field(default_factory=list)


async def notice(url: str, seconds: float) -> Times:
    """Measure for this long: first the messages in the room, then joins and requests."""
    times = Times()
    async with AsyncExitStack() as stack:
        leader = await stack.enter_async_context(_member(url, 'leader', 'producer'))
        robot = await stack.enter_async_context(_member(url, 'robot', 'consumer'))
        persons = [
            await stack.enter_async_context(_member(url, f'person {number}', 'consumer'))
            for number in range(PERSONS)
        ]
        others = [
            asyncio.create_task(_receive(robot, times), name='receive'),
            *(asyncio.create_task(_ignore(peer), name='ignore') for peer in (leader, *persons)),
        ]
        try:
            pressed, _ = await asyncio.gather(_press(persons, seconds), _lead(leader, seconds))
            await wait_until(lambda: len(times.stop) == pressed, 'each stop to arrive')
        finally:
            for task in others:
                task.cancel()
            await asyncio.wait(others)
    await _rejoin(url, seconds, times)
    await _request(url, seconds, times)
    return times


def _member(url: str, name: str, role: str) -> AbstractAsyncContextManager[Peer]:
    return enter(url, 'lab', 'arm', name, role, token=TOKEN)


async def _lead(leader: Peer, seconds: float) -> None:
    async for number in ticks(JOINTS_HZ):
        if number > JOINTS_HZ * seconds:
            return
        await leader.send(joints(sent_s=time.monotonic()))


async def _press(persons: Sequence[Peer], seconds: float) -> int:
    """Press the stop repeatedly, in turn; return the number of stops."""
    async for number in ticks(STOPS_HZ):
        if number >= STOPS_HZ * seconds:
            return number
        # The interval differs from that of the joint updates.
        await until(asyncio.get_running_loop().time() + random.uniform(0.0, 1.0 / JOINTS_HZ))
        await persons[number % PERSONS].send(
            {'type': 'emergency_stop', 'reason': f'{time.monotonic()!r}'}
        )
    raise AssertionError


async def _receive(robot: Peer, times: Times) -> None:
    async for frame in robot.connection:
        now_s = time.monotonic()
        message = json.loads(frame)
        if message['type'] == 'joint_update':
            times.joint.append(now_s - message['data'][0]['value'])
        elif message['type'] == 'emergency_stop':
            # Only our stops have a time as their reason.
            with suppress(TypeError, ValueError, KeyError):
                times.stop.append(now_s - float(message['reason']))


async def _ignore(peer: Peer) -> None:
    async for _ in peer.connection:
        pass


async def _rejoin(url: str, seconds: float, times: Times) -> None:
    async for number in ticks(REJOINS_HZ):
        if number >= REJOINS_HZ * seconds:
            return
        started_s = time.monotonic()
        async with _member(url, 'robot', 'consumer'):
            times.rejoin.append(time.monotonic() - started_s)


async def _request(url: str, seconds: float, times: Times) -> None:
    async with httpx.AsyncClient(headers=BEARER, verify=False, trust_env=False) as client:
        async for number in ticks(REQUESTS_HZ):
            if number >= REQUESTS_HZ * seconds:
                return
            started_s = time.monotonic()
            (await client.get(url + ROOMS)).raise_for_status()
            times.request.append(time.monotonic() - started_s)
