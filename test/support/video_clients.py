# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""
Cameras and viewers of video rooms: ours, and stand-ins for the public Python client.

The stand-ins do what the public client does where it matters to the other side: both post the SDP
from before gathering, without candidates; the consumer answers on one connection that it makes in
advance, and after the end of a connection closes whichever is current and makes another.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
import json
import time
from typing import Any

from aiortc import RTCPeerConnection, RTCSessionDescription, VideoStreamTrack
import numpy as np

from lerobot_arena_ros.video import ClientOptions, FrameData, VideoConsumer, VideoProducer
from support.peers import Peer
from support.video_rooms import WORKSPACE, post_signal, video_peer
from support.waiting import until, wait_until

__all__ = ['PublicConsumer', 'PublicProducer', 'Viewing', 'camera', 'colour', 'viewer']

RECOVERY_S = 2.0
"""The pause of the public consumer between the end of a connection and its clean-up."""


class Viewing:
    """
    The pictures that a consumer of ours got.

    :param frames: all of them, in order.
    :param errors: what ``on_error`` was called with.
    """

    def __init__(self, consumer: VideoConsumer) -> None:
        self.consumer = consumer
        self.frames: list[FrameData] = []
        self.errors: list[str] = []
        consumer.on_frame_update(self.frames.append)
        consumer.on_error(self.errors.append)

    async def more(self, count: int = 5, timeout_s: float = 15.0) -> float:
        """Wait for more pictures than there are now; return how long the first took, in s."""
        known, began_at = len(self.frames), time.monotonic()
        await wait_until(lambda: len(self.frames) > known, 'a picture', timeout_s)
        first_s = time.monotonic() - began_at
        await wait_until(lambda: len(self.frames) >= known + count, 'more pictures', timeout_s)
        return first_s


@asynccontextmanager
async def camera(
    url: str, room: str, options: ClientOptions | None = None, shade: int = 90
) -> AsyncIterator[VideoProducer]:
    """Send a grey picture to a room meanwhile, 30 times a second."""
    producer = VideoProducer(url, options)
    assert await producer.connect(WORKSPACE, room)
    try:
        await producer.start_custom_stream(_source(shade))
        yield producer
    finally:
        await producer.disconnect()


@asynccontextmanager
async def viewer(
    url: str, room: str, options: ClientOptions | None = None
) -> AsyncIterator[Viewing]:
    """Watch a room meanwhile."""
    viewing = Viewing(VideoConsumer(url, options))
    assert await viewing.consumer.connect(WORKSPACE, room)
    try:
        yield viewing
    finally:
        await viewing.consumer.disconnect()


def colour(frame: FrameData) -> int:
    """Return the shade in the middle of a picture."""
    return frame.data[len(frame.data) // 2]


class PublicConsumer:
    """
    A stand-in for the public consumer in a room.

    :param refusals: set it to refuse as many offers, as the public one does while it cleans up.
    """

    def __init__(self, url: str, room: str, socket: Peer, participant_id: str) -> None:
        self.frames = 0
        self.refused: list[str] = []
        self.refusals = 0
        self._url, self._room, self._socket, self._id = url, room, socket, participant_id
        self._connection = self._make()
        self._has_offer = False
        self._tasks: list[asyncio.Task[None]] = []

    @classmethod
    @asynccontextmanager
    async def joined(
        cls, url: str, room: str, participant_id: str = 'public'
    ) -> AsyncIterator[PublicConsumer]:
        """Watch a room meanwhile."""
        async with video_peer(url, room, participant_id, 'consumer') as socket:
            consumer = cls(url, room, socket, participant_id)
            consumer._start(consumer._listen())
            try:
                yield consumer
            finally:
                for task in consumer._tasks:
                    task.cancel()
                await asyncio.gather(*consumer._tasks, return_exceptions=True)
                await consumer._connection.close()

    def _make(self) -> RTCPeerConnection:
        connection = RTCPeerConnection()
        connection.addTransceiver('video', direction='recvonly')
        connection.on('track', lambda track: self._start(self._read(track)))
        return connection

    def _start(self, work: Any) -> None:
        self._tasks.append(asyncio.create_task(work))

    async def _listen(self) -> None:
        while True:
            message = json.loads(await self._socket.connection.recv())
            if message['type'] != 'webrtc_offer':
                continue
            try:
                await self._answer(message['offer'], message['from_producer'])
            except Exception as exc:
                self.refused.append(repr(exc))

    async def _answer(self, offer: dict[str, str], producer: str) -> None:
        if self.refusals > 0:
            self.refusals -= 1
            raise RuntimeError('Cannot handle offer in signaling state "closed"')
        if self._has_offer:
            await self._connection.close()
            self._connection, self._has_offer = self._make(), False
        await self._connection.setRemoteDescription(RTCSessionDescription(**offer))
        self._has_offer = True
        answer = await self._connection.createAnswer()
        await self._connection.setLocalDescription(answer)
        message = {'type': 'answer', 'sdp': answer.sdp, 'target_producer': producer}
        await post_signal(self._url, self._room, self._id, message)

    async def _read(self, track: VideoStreamTrack) -> None:
        with suppress(Exception):
            while True:
                await track.recv()
                self.frames += 1
        await until(asyncio.get_running_loop().time() + RECOVERY_S)
        await self._connection.close()
        self._connection, self._has_offer = self._make(), False


class PublicProducer:
    """
    A stand-in for the public producer in a room: one connection per consumer, made once.

    :param gathers: whether its offers have candidates, because it reads none of a browser.
    """

    def __init__(
        self, url: str, room: str, socket: Peer, participant_id: str, *, gathers: bool = False
    ) -> None:
        self._url, self._room, self._socket, self._id = url, room, socket, participant_id
        self._gathers = gathers
        self._connections: dict[str, RTCPeerConnection] = {}

    @classmethod
    @asynccontextmanager
    async def joined(
        cls, url: str, room: str, participant_id: str = 'public', *, gathers: bool = False
    ) -> AsyncIterator[PublicProducer]:
        """Send green pictures to a room meanwhile."""
        async with video_peer(url, room, participant_id, 'producer') as socket:
            producer = cls(url, room, socket, participant_id, gathers=gathers)
            listening = asyncio.create_task(producer._listen())
            try:
                yield producer
            finally:
                listening.cancel()
                await asyncio.gather(listening, return_exceptions=True)
                for connection in producer._connections.values():
                    await connection.close()

    async def offer(self, consumer: str) -> None:
        """Offer the camera to a consumer, on a new connection."""
        old = self._connections.pop(consumer, None)
        if old is not None:
            await old.close()
        connection = self._connections[consumer] = RTCPeerConnection()
        connection.addTrack(VideoStreamTrack())
        offer = await connection.createOffer()
        await connection.setLocalDescription(offer)
        sdp = connection.localDescription.sdp if self._gathers else offer.sdp
        message = {'type': 'offer', 'sdp': sdp, 'target_consumer': consumer}
        await post_signal(self._url, self._room, self._id, message)

    async def _listen(self) -> None:
        while True:
            message = json.loads(await self._socket.connection.recv())
            if message['type'] == 'participant_joined' and message['role'] == 'consumer':
                await self.offer(message['participant_id'])
            elif message['type'] == 'webrtc_answer':
                connection = self._connections.get(message['from_consumer'])
                if connection is not None:
                    answer = RTCSessionDescription(**message['answer'])
                    await connection.setRemoteDescription(answer)


def _source(shade: int) -> Any:
    async def source() -> Any:
        return np.full((240, 320, 3), shade, dtype=np.uint8)

    return source
