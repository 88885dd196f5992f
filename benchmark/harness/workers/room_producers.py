# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""Send updates into many rooms at a steady rate with little CPU, until the parent closes stdin."""

from __future__ import annotations

import asyncio
import json
import sys

from ..light_client import LightClient, join_room, text_frame
from .frame_sender import update_text
from .protocol import Pace, reply

WORKSPACE = 'default-workspace'


async def produce(clients: list[LightClient], rate_hz: float, joints: int) -> None:
    """Send one update into each room in each period, one room after the other."""
    pace = Pace(rate_hz * len(clients))
    number = 0
    while True:
        number += 1
        frame = text_frame(update_text(number, joints))
        for client in clients:
            client.send(frame)
            await asyncio.sleep(pace.wait_s())


async def run(url: str, joints: int, rate_hz: float, rooms: list[str]) -> None:
    """Join all rooms and send; each request is answered with the connections that were lost."""
    join = json.dumps({'participant_id': 'producer', 'role': 'producer'})
    clients = [await join_room(url, (WORKSPACE, room), join, lambda _: None) for room in rooms]
    producing = asyncio.create_task(produce(clients, rate_hz, joints))
    reply(ready=True)
    while await asyncio.to_thread(sys.stdin.readline):
        reply(lost=[client.lost for client in clients if client.lost])
    producing.cancel()


if __name__ == '__main__':
    asyncio.run(run(sys.argv[1], int(sys.argv[2]), float(sys.argv[3]), sys.argv[4:]))
