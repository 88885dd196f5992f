# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""Send ready-made frames through a bare :class:`asyncio.Protocol`, and reply with their times."""

from __future__ import annotations

import asyncio
import json
import sys
import time

from .frame_sender import update_text
from .protocol import STEP_RAD, Pace, reply

__all__ = ['FrameBytes']

_POSITION_BYTES = 8


class FrameBytes:
    """The frame of a joint update in which only the position of the first joint changes."""

    def __init__(self, joints: int) -> None:
        # The first position is 0.0. It becomes one of constant length, as the head requires.
        begin, _, end = update_text(0, joints).encode().partition(b'0.0')
        length = len(begin) + _POSITION_BYTES + len(end)
        head = bytes((0x81, length)) if length < 126 else b'\x81\x7e' + length.to_bytes(2, 'big')
        self._begin, self._end = head + begin, end

    def of(self, number: int) -> bytes:
        """Return the frame with this number in its first position."""
        return b'%b%08.6f%b' % (self._begin, number * STEP_RAD, self._end)


async def run(port: int, joints: int) -> None:
    """Send as many frames at the rate as each request asks for; numbers continue."""
    frames = FrameBytes(joints)
    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_connection(asyncio.Protocol, '127.0.0.1', port)
    number = 0
    reply(ready=True)
    while line := await asyncio.to_thread(sys.stdin.readline):
        request = json.loads(line)
        sent = []
        pace = Pace(request['rate_hz'])
        for _ in range(request['count']):
            number += 1
            frame = frames.of(number)
            # Blocks the loop, which has nothing else to do: a timer of the loop costs more CPU.
            time.sleep(pace.wait_s())
            sent.append((number, time.monotonic()))
            transport.write(frame)
        reply(sent=sent)


if __name__ == '__main__':
    asyncio.run(run(int(sys.argv[1]), int(sys.argv[2])))
