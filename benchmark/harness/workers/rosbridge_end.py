# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""
A client of rosbridge at an end of a link: publish JointStates, or subscribe to them.

Arguments: the URL, and ``producer`` or ``consumer``. Requests and replies are those of
``client_producer`` and of ``client_consumer``.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from typing import Any

import websockets

from .protocol import Pace, number_of, positions_of, reply

__all__ = ['publish_text']

TOPIC, TYPE = '/joint_states', 'sensor_msgs/msg/JointState'
JOINTS = 6


def publish_text(number: int) -> str:
    """Return the message that publishes the joints of a number."""
    names = [f'j{joint}' for joint in range(1, JOINTS + 1)]
    message = {'name': names, 'position': positions_of(number, JOINTS)}
    return json.dumps({'op': 'publish', 'topic': TOPIC, 'msg': message})


async def produce(socket: Any) -> None:
    """Publish as many messages at the rate as each request asks for; numbers continue."""
    await socket.send(json.dumps({'op': 'advertise', 'topic': TOPIC, 'type': TYPE}))
    reply(ready=True)
    number = 0
    while line := await asyncio.to_thread(sys.stdin.readline):
        request = json.loads(line)
        sent: list[tuple[int, float]] = []
        pace = Pace(request['rate_hz'])
        for _ in range(request['count']):
            number += 1
            text = publish_text(number)
            await asyncio.sleep(pace.wait_s())
            sent.append((number, time.monotonic()))
            await socket.send(text)
        reply(sent=sent)


async def consume(socket: Any) -> None:
    """Subscribe, and reply to each request with the arrivals since the last one."""
    await socket.send(json.dumps({'op': 'subscribe', 'topic': TOPIC, 'type': TYPE}))
    arrived: list[tuple[int, float]] = []

    async def receive() -> None:
        async for text in socket:
            at = time.monotonic()
            message = json.loads(text)
            if message['op'] == 'publish':
                arrived.append((number_of(message['msg']['position'][0]), at))

    receiving = asyncio.create_task(receive())
    reply(ready=True)
    while await asyncio.to_thread(sys.stdin.readline):
        reply(arrived=arrived)
        arrived.clear()
    receiving.cancel()


async def run(url: str, role: str) -> None:
    """Connect, and do what the role asks until the parent closes stdin."""
    async with websockets.connect(url, compression=None) as socket:
        await (produce if role == 'producer' else consume)(socket)


if __name__ == '__main__':
    asyncio.run(run(*sys.argv[1:3]))
