# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""
Send joint updates with our Python client at a rate, and reply with the time of each.

Arguments: the URL, the room, the number of joints, and ``fast_lane`` of the client.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time

from lerobot_arena_ros import RoboticsConsumer, RoboticsProducer

from .protocol import Pace, positions_of, reply

__all__ = ['AUTO', 'WORKSPACE', 'wait_for_lane']

WORKSPACE = 'default-workspace'

AUTO = 'auto'
"""The ``fast_lane`` of a client that uses a lane."""

LANE_TIMEOUT_S = 30.0


async def wait_for_lane(client: RoboticsProducer | RoboticsConsumer) -> None:
    """
    Wait until a client has a lane.

    :raises TimeoutError: it has none; the text has the reason.
    """
    deadline = time.monotonic() + LANE_TIMEOUT_S
    while client.lane_report is None:
        if time.monotonic() > deadline:
            reason = client.lane_obstacle or 'it is being opened'
            raise TimeoutError(f'no lane within {LANE_TIMEOUT_S:g} s: {reason}')
        await asyncio.sleep(0.02)


async def send(producer: RoboticsProducer, joints: int, fast_lane: str) -> None:
    """Send as many updates at the rate as each request asks for; numbers continue."""
    number = 0
    while line := await asyncio.to_thread(sys.stdin.readline):
        request = json.loads(line)
        if fast_lane == AUTO:
            await wait_for_lane(producer)
        sent: list[tuple[int, float]] = []
        pace = Pace(request['rate_hz'])
        for _ in range(request['count']):
            number += 1
            positions = positions_of(number, joints)
            state = {f'j{joint}': position for joint, position in enumerate(positions, 1)}
            await asyncio.sleep(pace.wait_s())
            sent.append((number, time.monotonic()))
            await producer.send_state_sync(state)
        reply(sent=sent, has_lane=producer.lane_report is not None)


async def run(url: str, room: str, joints: int, fast_lane: str) -> None:
    """Join a room, which is created, and send until the parent closes stdin."""
    async with RoboticsProducer(url, fast_lane=fast_lane) as producer:
        await producer.create_room(WORKSPACE, room)
        await producer.join_room(WORKSPACE, room, 'producer')
        reply(ready=True)
        await send(producer, joints, fast_lane)


if __name__ == '__main__':
    asyncio.run(run(sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4]))
