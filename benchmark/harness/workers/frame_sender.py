# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""Send joint updates over a WebSocket at a rate, and reply with the time of each."""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import time
from typing import Any

import websockets

from .protocol import Pace, positions_of, reply

__all__ = ['update_text']


def update_text(number: int, joints: int) -> str:
    """Return the message of a joint update as a bridge would encode it."""
    entries = [
        {'name': f'j{joint}', 'value': position}
        for joint, position in enumerate(positions_of(number, joints), 1)
    ]
    return json.dumps({'type': 'joint_update', 'data': entries})


async def send(socket: Any, joints: int) -> None:
    """Send as many updates at the rate as each request asks for; numbers continue."""
    number = 0
    while line := await asyncio.to_thread(sys.stdin.readline):
        request = json.loads(line)
        sent: dict[int, float] = {}
        pace = Pace(request['rate_hz'])
        for _ in range(request['count']):
            number += 1
            text = update_text(number, joints)
            await asyncio.sleep(pace.wait_s())
            sent[number] = time.monotonic()
            await socket.send(text)
        reply(sent=list(sent.items()))


async def run(options: argparse.Namespace) -> None:
    """Join the room as its producer, and send."""
    compression = 'deflate' if options.deflate else None
    async with websockets.connect(options.url, compression=compression) as socket:
        await socket.send(json.dumps({'participant_id': 'sender', 'role': 'producer'}))
        await socket.recv()
        reply(ready=True)
        await send(socket, options.joints)


def main() -> None:
    """Send until the parent closes stdin."""
    parser = argparse.ArgumentParser()
    parser.add_argument('url')
    parser.add_argument('joints', type=int)
    parser.add_argument('--deflate', action='store_true', help="with the library's compression")
    asyncio.run(run(parser.parse_args()))


if __name__ == '__main__':
    main()
