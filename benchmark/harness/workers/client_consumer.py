# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""
Receive joint updates and stops with our Python client, with their times, and send stops.

Arguments: the URL, the room, and ``fast_lane`` of the client.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from typing import Any

from lerobot_arena_ros import RoboticsConsumer

from .client_producer import AUTO, WORKSPACE, wait_for_lane
from .protocol import number_of, reply

FIRST_JOINT = 'j1'


class Arrivals:
    """What a client has received since the last request."""

    def __init__(self, consumer: RoboticsConsumer) -> None:
        self._updates: list[tuple[int, float]] = []
        self._stops: list[float] = []
        consumer.on_joint_update(self._on_update)
        consumer.on_emergency_stop(lambda _: self._stops.append(time.monotonic()))

    def take(self) -> dict[str, Any]:
        """Return the numbers and times of updates, and the times of stops; forget them."""
        taken = {'arrived': self._updates, 'stops': self._stops}
        self._updates, self._stops = [], []
        return taken

    def _on_update(self, entries: list[dict[str, Any]]) -> None:
        at = time.monotonic()
        for entry in entries:
            if entry['name'] == FIRST_JOINT:
                self._updates.append((number_of(entry['value']), at))


async def run(url: str, room: str, fast_lane: str) -> None:
    """
    Join a room, which is created, until the parent closes stdin.

    A request sends a stop if it has ``press``; any other one asks for what arrived.
    """
    async with RoboticsConsumer(url, fast_lane=fast_lane) as consumer:
        arrivals = Arrivals(consumer)
        await consumer.create_room(WORKSPACE, room)
        await consumer.join_room(WORKSPACE, room, 'consumer')
        if fast_lane == AUTO:
            await wait_for_lane(consumer)
        reply(ready=True)
        while line := await asyncio.to_thread(sys.stdin.readline):
            if 'press' in json.loads(line):
                pressed = time.monotonic()
                await consumer.send_emergency_stop('measured')
                reply(pressed=pressed)
            else:
                reply(**arrivals.take(), has_lane=consumer.lane_report is not None)


if __name__ == '__main__':
    asyncio.run(run(*sys.argv[1:4]))
