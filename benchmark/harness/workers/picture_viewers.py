# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""
Viewers of a camera, in one process; replies with the pictures that they received and their times.

In a room they are our clients; without one they are bare connections of aiortc, whose offers and
answers are exchanged with the parent.
"""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Callable
import json
import sys
import time
from typing import Any, Protocol

from aiortc import MediaStreamTrack, RTCConfiguration, RTCPeerConnection, RTCSessionDescription
from aiortc.mediastreams import MediaStreamError
import aiortc.rtcrtpreceiver
import av

from lerobot_arena_ros.video import VideoConsumer

from ..numbered_pictures import number_in
from .protocol import reply

WORKSPACE = 'default-workspace'
CONNECT_TIMEOUT_S = 30.0


class NoDecoder:
    """A decoder that returns an empty picture with the right time stamp."""

    def decode(self, encoded: Any) -> list[av.VideoFrame]:
        """Return one picture for each that was received."""
        picture = av.VideoFrame(16, 16, 'yuv420p')
        picture.pts = encoded.timestamp
        return [picture]


class Viewer(Protocol):
    """One viewer."""

    @property
    def is_connected(self) -> bool:
        """Whether it is connected to the camera."""

    async def close(self) -> None:
        """Disconnect."""


class RoomViewer:
    """A viewer that joins a room."""

    def __init__(self, url: str, on_picture: Callable[..., None]) -> None:
        self._consumer = VideoConsumer(url)
        self._consumer.on_picture(on_picture)

    @property
    def is_connected(self) -> bool:
        """Whether it is connected to the camera."""
        return self._consumer.is_receiving

    async def join(self, room: str) -> None:
        """Join a room that exists."""
        if not await self._consumer.connect(WORKSPACE, room):
            raise RuntimeError(f'cannot join {room}: {self._consumer.error}')

    async def close(self) -> None:
        """Leave the room."""
        await self._consumer.disconnect()


class DirectViewer:
    """A viewer on bare aiortc."""

    def __init__(self, on_picture: Callable[..., None]) -> None:
        self._on_picture = on_picture
        self._connection = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        self._connection.on('track', self._on_track)
        self._reading: asyncio.Task[None] | None = None

    @property
    def is_connected(self) -> bool:
        """Whether it is connected to the camera."""
        return bool(self._connection.connectionState == 'connected')

    async def answer(self, offer: str) -> str:
        """Return the answer to an offer."""
        connection = self._connection
        await connection.setRemoteDescription(RTCSessionDescription(sdp=offer, type='offer'))
        await connection.setLocalDescription(await connection.createAnswer())
        return str(connection.localDescription.sdp)

    async def close(self) -> None:
        """Close the connection, which ends the track and its reader."""
        await self._connection.close()

    def _on_track(self, track: MediaStreamTrack) -> None:
        self._reading = asyncio.create_task(self._read(track))

    async def _read(self, track: MediaStreamTrack) -> None:
        try:
            while True:
                self._on_picture(await track.recv(), None)
        except MediaStreamError:
            pass


class Viewers:
    """All viewers, and what they received since the last request."""

    def __init__(self, options: argparse.Namespace) -> None:
        self._options = options
        self._viewers: list[Viewer] = []
        self._received: list[tuple[int | None, int | None, float]] = []

    async def handle(self, request: dict[str, Any]) -> dict[str, Any]:
        """Handle one request; return the reply."""
        if 'offer' in request:
            viewer = DirectViewer(self._on_picture)
            self._viewers.append(viewer)
            return {'answer': await viewer.answer(request['offer'])}
        if 'join' in request:
            for _ in range(request['join']):
                await self._join()
        elif 'leave' in request:
            leaving = self._viewers[: request['leave']]
            del self._viewers[: request['leave']]
            await asyncio.gather(*(viewer.close() for viewer in leaving))
        elif 'take' in request:
            received, self._received = self._received, []
            return {'received': received}
        return {'connected': sum(viewer.is_connected for viewer in self._viewers)}

    async def close(self) -> None:
        """Disconnect all."""
        await asyncio.gather(*(viewer.close() for viewer in self._viewers))

    async def _join(self) -> None:
        viewer = RoomViewer(self._options.url, self._on_picture)
        self._viewers.append(viewer)
        await viewer.join(self._options.room)

    def _on_picture(self, picture: av.VideoFrame, stamp_ns: int | None) -> None:
        number = number_in(picture) if self._options.decode else None
        self._received.append((number, stamp_ns, time.monotonic()))


async def run(options: argparse.Namespace) -> None:
    """Handle requests until the parent closes stdin."""
    if not options.decode:
        # aiortc has no option for a receiver that does not decode.
        aiortc.rtcrtpreceiver.get_decoder = lambda codec: NoDecoder()
    viewers = Viewers(options)
    reply(ready=True)
    while line := await asyncio.to_thread(sys.stdin.readline):
        reply(**await viewers.handle(json.loads(line)))
    await viewers.close()


if __name__ == '__main__':
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('url', nargs='?', help='an arena; none for bare connections')
    parser.add_argument('room', nargs='?', help='a room of it')
    parser.add_argument('--decode', action='store_true', help='decode the pictures')
    asyncio.run(run(parser.parse_args()))
