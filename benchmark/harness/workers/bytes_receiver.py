# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""Receive frames through a bare :class:`asyncio.Protocol`, and reply with the time of each."""

from __future__ import annotations

import asyncio
import json
import sys
import time

from .frame_listeners import next_frame
from .protocol import number_of, reply

__all__ = ['Receiver']


class Receiver(asyncio.Protocol):
    """Record what arrives; frames are split only on request, because the hop ends here."""

    def __init__(self) -> None:
        self._received: list[tuple[float, bytes]] = []
        self._rest = b''

    def data_received(self, data: bytes) -> None:
        """Record the time of a piece of the stream."""
        self._received.append((time.monotonic(), data))

    def take(self) -> list[tuple[int, float]]:
        """Return the number of each frame and the time of its last byte, and forget them."""
        received, self._received = self._received, []
        buffer, found = bytearray(self._rest), []
        for at, data in received:
            buffer += data
            while (frame := next_frame(buffer)) is not None:
                _, payload = frame
                found.append((number_of(json.loads(payload)['data'][0]['value']), at))
        self._rest = bytes(buffer)
        return found


async def run() -> None:
    """Listen on a free port until the parent closes stdin."""
    receiver = Receiver()
    server = await asyncio.get_running_loop().create_server(lambda: receiver, '127.0.0.1', 0)
    async with server:
        reply(port=server.sockets[0].getsockname()[1])
        while await asyncio.to_thread(sys.stdin.readline):
            reply(arrived=receiver.take())


if __name__ == '__main__':
    asyncio.run(run())
