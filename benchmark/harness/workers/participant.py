# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""A light participant of one room: sends joints or an emergency stop, and replies with times."""

from __future__ import annotations

import asyncio
import json
import sys
import time

from ..light_client import LightClient, join_room, text_frame
from .frame_sender import update_text
from .protocol import Pace, reply

WORKSPACE = 'default-workspace'
STOP = text_frame(json.dumps({'type': 'emergency_stop', 'reason': 'measured'}))

BLOCK_BYTES = 64 * 1024
"""What it receives is ignored, and waking up for each text would take CPU from the others."""

QUIET_S = 0.03
"""The time from a stop to the reply, because the reply wakes the parent, which takes CPU."""


def send_joints(
    client: LightClient, rate_hz: float, count: int, before: int
) -> list[tuple[int, float]]:
    """
    Send updates and block meanwhile.

    :param before: how many were sent in earlier runs.
    :returns: the number of each, and its time in seconds of the monotonic clock.
    """
    sent = []
    pace = Pace(rate_hz)
    for number in range(before + 1, before + count + 1):
        frame = text_frame(update_text(number, 1))
        time.sleep(pace.wait_s())
        sent.append((number, time.monotonic()))
        client.send(frame)
    return sent


async def run(url: str, room: str, role: str) -> None:
    """Join; a request with a rate sends joints, any other one an emergency stop."""
    join = json.dumps({'participant_id': role, 'role': role})
    client = await join_room(url, (WORKSPACE, room), join, lambda _: None)
    client.receive_in_blocks(BLOCK_BYTES)
    reply(ready=True)
    number = 0
    while line := await asyncio.to_thread(sys.stdin.readline):
        request = json.loads(line)
        if 'rate_hz' in request:
            sent = send_joints(client, request['rate_hz'], request['count'], number)
            number += len(sent)
            reply(sent=sent, lost=client.lost)
        else:
            pressed = time.monotonic()
            client.send(STOP)
            await asyncio.sleep(QUIET_S)
            reply(pressed=pressed, lost=client.lost)


if __name__ == '__main__':
    asyncio.run(run(*sys.argv[1:4]))
