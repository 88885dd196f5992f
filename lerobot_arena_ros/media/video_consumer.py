# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""The public video consumer: receives the pictures of a room."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
import logging
import time
from typing import Any, NamedTuple

from aiortc import MediaStreamTrack
import av

from ..arena.address import DEFAULT_URL
from ..arena.connection import Connection
from ..arena.errors import ArenaError
from ..arena.messages import Role, room_info
from ..arena.session import Event
from ..arena.video_messages import (
    ConfigUpdate,
    ParticipantLeft,
    RecoveryTriggered,
    StreamStarted,
    StreamStopped,
    WebrtcIce,
    WebrtcOffer,
)
from .receiver import StreamReceiver
from .video_client import VideoClientCore
from .video_types import (
    ClientOptions,
    FrameData,
    FrameUpdateCallback,
    RecoveryPolicy,
    RecoveryTriggeredCallback,
    StreamStartedCallback,
    StreamStoppedCallback,
    VideoConfigUpdateCallback,
    WebRTCStats,
    config_from_json,
)

__all__ = ['VideoConsumer']

WATCH_PERIOD_S = 0.5
"""The period of checks for a connection that cannot come back by itself, in seconds."""

PATIENCE_S = 5.0
"""The time without a connection, in seconds, after which the client joins anew."""

MAX_PATIENCE_S = 60.0
"""The maximum of that time; it doubles with each attempt that brings no picture."""

_logger = logging.getLogger(__name__)


class _Reading(NamedTuple):
    """The counters at one time."""

    at: float
    pictures: int
    octets: int


class VideoConsumer(VideoClientCore):
    """
    A participant that receives the pictures of a room.

    Only the newest picture is passed on: those that arrive while a callback runs are skipped. If
    the room has a producer but no connection to it for :data:`PATIENCE_S`, the client joins anew,
    because only that makes a public producer offer again.
    """

    def __init__(
        self, base_url: str = DEFAULT_URL, options: ClientOptions | None = None, **access: Any
    ) -> None:
        super().__init__(base_url, options, **access)
        self._receiver: StreamReceiver | None = None
        self._is_receiving = True
        self._patience_s = PATIENCE_S
        self._newest: av.VideoFrame | None = None
        self._arrived = asyncio.Event()
        self._passing = asyncio.Lock()
        self._count = 0
        self._skipped = 0
        self._pictures = 0
        self._size = (0, 0)
        self._reading = _Reading(time.monotonic(), 0, 0)

    async def connect(
        self, workspace_id: str, room_id: str, participant_id: str | None = None
    ) -> bool:
        """Join a room as consumer; see :meth:`connect_to_room`."""
        self._is_receiving = True
        return await self.connect_to_room(workspace_id, room_id, Role.CONSUMER, participant_id)

    @classmethod
    async def create_and_connect(
        cls,
        workspace_id: str,
        room_id: str,
        base_url: str,
        participant_id: str | None = None,
        options: ClientOptions | None = None,
    ) -> VideoConsumer:
        """
        Join a room as consumer.

        :raises ValueError: the room cannot be joined.
        """
        consumer = cls(base_url, options)
        if not await consumer.connect(workspace_id, room_id, participant_id):
            raise ValueError('Failed to connect as video consumer')
        return consumer

    async def start_receiving(self) -> None:
        """
        Answer offers again after :meth:`stop_receiving`; a connected client does by itself.

        :raises ValueError: not connected.
        """
        self._joined('start receiving')
        self._is_receiving = True
        self._open_receiver()

    async def stop_receiving(self) -> None:
        """Close the connection to the producer, and answer no more offers; stay in the room."""
        self._is_receiving = False
        await self._close_receiver()

    @property
    def is_receiving(self) -> bool:
        """Whether a connection to a producer is established."""
        return self._receiver is not None and self._receiver.is_connected

    @property
    def last_picture_at(self) -> float | None:
        """When the newest picture arrived, in seconds of ``time.monotonic``; None before it."""
        return None if self._receiver is None else self._receiver.last_picture_at

    @property
    def skipped(self) -> int:
        """The number of pictures that a newer one replaced while a callback ran."""
        return self._skipped

    def get_remote_stream(self) -> MediaStreamTrack | None:
        """Return the video track that is being received; None if there is none."""
        return None if self._receiver is None else self._receiver.track

    async def get_stats(self) -> WebRTCStats | None:
        """
        Return what was received: rates since the last call, counters of the connection.

        None without a connection.
        """
        receiver = self._receiver
        if receiver is None or not receiver.is_connected:
            return None
        stats = await receiver.stats()
        now = _Reading(time.monotonic(), self._pictures, stats.bytes_received)
        last, self._reading = self._reading, now
        elapsed_s = max(now.at - last.at, 1e-3)
        return WebRTCStats(
            video_bits_per_second=8 * max(0, now.octets - last.octets) / elapsed_s,
            frames_per_second=(now.pictures - last.pictures) / elapsed_s,
            frame_width=self._size[0],
            frame_height=self._size[1],
            packets_lost=max(0, stats.packets_missed),
            total_packets=stats.packets_received,
        )

    async def get_video_stats(self) -> WebRTCStats | None:
        """Return the same as :meth:`get_stats`."""
        return await self.get_stats()

    # ----- callbacks

    def on_frame_update(self, callback: FrameUpdateCallback) -> None:
        """Call ``callback(frame)`` with each picture, as :class:`.FrameData`."""
        self._callbacks.set('frame_update', callback)

    def on_picture(self, callback: Callable[[av.VideoFrame], Any]) -> None:
        """Call ``callback(picture)`` with each picture as PyAV has it, without a conversion."""
        self._callbacks.set('picture', callback)

    def on_video_config_update(self, callback: VideoConfigUpdateCallback) -> None:
        """Call ``callback(config)`` when the producer sends a changed configuration."""
        self._callbacks.set('video_config_update', callback)

    def on_stream_started(self, callback: StreamStartedCallback) -> None:
        """Call ``callback(config, producer)`` when the producer starts a stream."""
        self._callbacks.set('stream_started', callback)

    def on_stream_stopped(self, callback: StreamStoppedCallback) -> None:
        """Call ``callback(producer, reason)`` when the producer ends its stream."""
        self._callbacks.set('stream_stopped', callback)

    def on_recovery_triggered(self, callback: RecoveryTriggeredCallback) -> None:
        """Call ``callback(policy, reason)`` when the producer shows a substitute."""
        self._callbacks.set('recovery_triggered', callback)

    # ----- inside

    async def _enter(self, connection: Connection) -> None:
        # Before the callback, because an offer may follow the join at once.
        self._connection = connection
        self._open_receiver()
        await super()._enter(connection)
        if connection is self._connection:
            self._start_task(self._pass_on(connection), f'pictures of {connection.name}')
            if self._reconnect:
                self._start_task(self._watch(connection), f'watch {connection.name}')

    async def _close_media(self) -> None:
        await self._close_receiver()
        await super()._close_media()

    async def _handle_event(self, event: Event, connection: Connection) -> None:
        await self._call_video(event)
        receiver = self._receiver
        match event:
            case WebrtcOffer(sdp, producer):
                if receiver is not None:
                    receiver.on_offer(producer, sdp)
            case WebrtcIce(candidate, str() as producer):
                if receiver is not None:
                    receiver.on_candidate(producer, candidate)
            case ParticipantLeft(_, producer, Role.PRODUCER):
                if receiver is not None:
                    receiver.on_producer_left(producer)
            case StreamStarted(config, producer):
                read = config_from_json(config)
                await self._callbacks.call('stream_started', read, producer or '')
            case StreamStopped(producer, reason):
                await self._callbacks.call('stream_stopped', producer or '', reason)
            case ConfigUpdate(config):
                await self._callbacks.call('video_config_update', config_from_json(config))
            case RecoveryTriggered(policy, reason):
                known = {each.value: each for each in RecoveryPolicy}
                read_policy = known.get(policy or '', RecoveryPolicy.FREEZE_LAST_FRAME)
                await self._callbacks.call('recovery_triggered', read_policy, reason)

    def _open_receiver(self) -> None:
        if self._receiver is None and self._is_receiving:
            self._receiver = StreamReceiver(
                self._send_signal, self._on_picture, ice=self._ice, on_error=self._report_error
            )

    async def _close_receiver(self) -> None:
        receiver, self._receiver = self._receiver, None
        self._newest = None
        if receiver is not None:
            await receiver.aclose()

    def _on_picture(self, picture: av.VideoFrame) -> None:
        self._skipped += self._newest is not None
        self._patience_s = PATIENCE_S
        self._pictures += 1
        self._size = picture.width, picture.height
        self._newest = picture
        self._arrived.set()

    async def _pass_on(self, connection: Connection) -> None:
        """Call the callbacks with the newest picture, one at a time."""
        # The condition, because a task that runs a callback is not cancelled at the end.
        while connection is self._connection:
            self._arrived.clear()
            picture, self._newest = self._newest, None
            if picture is None:
                await self._arrived.wait()
                continue
            # The lock, because a callback may still run for the connection before this one.
            async with self._passing:
                self._count += 1
                await self._callbacks.call('picture', picture)
                if self._callbacks.has('frame_update'):
                    await self._pass_on_as_rgb(picture)

    async def _pass_on_as_rgb(self, picture: av.VideoFrame) -> None:
        try:
            # In a thread, because a conversion takes milliseconds.
            frame = await asyncio.to_thread(_frame_data, picture, self._count)
        except Exception:
            _logger.exception('a picture cannot be converted')
            return
        await self._callbacks.call('frame_update', frame)

    async def _watch(self, connection: Connection) -> None:
        """Join anew if only that can bring pictures."""
        while True:
            await asyncio.sleep(WATCH_PERIOD_S)
            receiver = self._receiver
            if receiver is None or not receiver.is_stuck(time.monotonic(), self._patience_s):
                continue
            if not await self._has_producer(connection):
                continue
            _logger.info(
                '%s: no connection to the producer for %g s: joining anew',
                connection.name,
                self._patience_s,
            )
            self._patience_s = min(2 * self._patience_s, MAX_PATIENCE_S)
            await self._leave()
            return

    async def _has_producer(self, connection: Connection) -> bool:
        try:
            fields = await self._video_rooms.info(connection.workspace_id, connection.room_id)
            return room_info(fields).producer is not None
        except ArenaError as exc:
            _logger.debug('%s', exc)
            return False


def _frame_data(picture: av.VideoFrame, count: int) -> FrameData:
    return FrameData(
        data=picture.to_ndarray(format='rgb24').tobytes(),
        metadata={
            'width': picture.width,
            'height': picture.height,
            'format': 'rgb24',
            'pts': picture.pts,
            'time_base': str(picture.time_base),
            'frame_count': count,
        },
    )
