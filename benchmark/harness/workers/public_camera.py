# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""
A camera on bare aiortc, as a program sends it that uses the public client: the baseline.

aiortc encodes the pictures of each connection by itself. With one connection this is the bare
loop that the latency of ours is compared with. Offers and answers are exchanged with the parent,
without a room, and the pictures are made here, without ROS, so that both cost nothing.
"""

from __future__ import annotations

import asyncio
from fractions import Fraction
import json
import sys
import time
from typing import Any

from aiortc import (
    MediaStreamTrack,
    RTCConfiguration,
    RTCPeerConnection,
    RTCRtpSender,
    RTCSessionDescription,
)
from aiortc.codecs import vpx
import av
import numpy as np
from numpy.typing import NDArray

from ..numbered_pictures import NumberedPictures
from .protocol import Pace, reply

CLOCK_RATE = 90_000


class Track(MediaStreamTrack):
    """
    The track of one connection, which makes a picture of its own from the newest pixels.

    Two threads that encode the same ``av.VideoFrame`` can crash the process.
    """

    kind = 'video'

    def __init__(self) -> None:
        super().__init__()
        self._newest: tuple[NDArray[np.uint8], float] | None = None
        self._arrived = asyncio.Event()

    async def recv(self) -> av.VideoFrame:
        """Return the next picture; an encoder that is late skips some, as ours does."""
        while self._newest is None:
            self._arrived.clear()
            await self._arrived.wait()
        (pixels, now), self._newest = self._newest, None
        picture = av.VideoFrame.from_ndarray(pixels, format='rgb24')
        picture.pts = round(now * CLOCK_RATE)
        picture.time_base = Fraction(1, CLOCK_RATE)
        return picture

    def put(self, pixels: NDArray[np.uint8], now: float) -> None:
        """Send pixels that were taken at this time."""
        self._newest = pixels, now
        self._arrived.set()


class Camera:
    """The connections to the viewers, and their tracks."""

    def __init__(self) -> None:
        self._pictures = NumberedPictures()
        self._tracks: list[Track] = []
        self._connections: list[RTCPeerConnection] = []
        self._number = 0

    async def offer(self) -> str:
        """Return the offer of another connection."""
        connection = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        track = Track()
        self._connections.append(connection)
        self._tracks.append(track)
        transceiver = connection.addTransceiver(track, direction='sendonly')
        known = RTCRtpSender.getCapabilities('video').codecs
        wanted = [each for each in known if each.mimeType.lower() in ('video/vp8', 'video/rtx')]
        transceiver.setCodecPreferences(wanted)
        await connection.setLocalDescription(await connection.createOffer())
        return str(connection.localDescription.sdp)

    async def accept(self, sdp: str) -> None:
        """Take the answer to the last offer."""
        description = RTCSessionDescription(sdp=sdp, type='answer')
        await self._connections[-1].setRemoteDescription(description)

    async def send(self, rate_hz: float, count: int) -> list[tuple[int, float]]:
        """Send pictures at a rate; return the number and the time of each."""
        sent = []
        pace = Pace(rate_hz)
        for _ in range(count):
            self._number += 1
            pixels = self._pictures.of(self._number)
            await asyncio.sleep(pace.wait_s())
            now = time.monotonic()
            for track in self._tracks:
                track.put(pixels, now)
            sent.append((self._number, now))
        return sent

    async def close(self) -> None:
        """Close all connections."""
        for connection in self._connections:
            await connection.close()


async def handle(camera: Camera, request: dict[str, Any]) -> dict[str, Any]:
    """Handle one request; return the reply."""
    if 'rate_hz' in request:
        return {'sent': await camera.send(request['rate_hz'], request['count'])}
    if 'answer' in request:
        await camera.accept(request['answer'])
        return {}
    return {'offer': await camera.offer()}


async def run(bitrate: int) -> None:
    """Handle requests until the parent closes stdin."""
    # Otherwise aiortc begins with half of our default, and changes it in the course of a run.
    vpx.DEFAULT_BITRATE = vpx.MIN_BITRATE = vpx.MAX_BITRATE = bitrate
    camera = Camera()
    reply(ready=True)
    while line := await asyncio.to_thread(sys.stdin.readline):
        reply(**await handle(camera, json.loads(line)))
    await camera.close()


if __name__ == '__main__':
    asyncio.run(run(int(sys.argv[1])))
