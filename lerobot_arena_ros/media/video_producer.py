# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""The public video producer: sends one camera to all consumers of a room."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
import contextlib
import logging
import os
from pathlib import Path
from typing import Any

from aiortc import MediaStreamTrack
from aiortc.contrib.media import MediaPlayer
from aiortc.mediastreams import MediaStreamError

from ..arena.address import DEFAULT_URL
from ..arena.connection import Connection
from ..arena.errors import ArenaError
from ..arena.messages import Role, room_info
from ..arena.session import Event
from ..arena.stream_config import VideoEncoding
from ..arena.video_messages import (
    ConfigUpdate,
    ParticipantJoined,
    ParticipantLeft,
    StreamStarted,
    StreamStopped,
    WebrtcAnswer,
    WebrtcIce,
)
from .bitrate import BitrateBounds
from .custom_track import CustomVideoTrack
from .encoder import CameraEncoder, EncoderSettings
from .errors import MediaError
from .video_client import VideoClientCore, wanted_codec
from .video_types import ClientOptions, VideoConfig, config_to_json
from .viewers import ViewerSet, ViewerStatus

__all__ = ['VideoProducer']

SYNC_PERIOD_S = 5.0
"""The period of REST requests for consumers that no message has announced, in seconds."""

FIRST_SYNC_S = 0.2
"""The pause after a failed first request, in seconds."""

_logger = logging.getLogger(__name__)


class VideoProducer(VideoClientCore):
    """
    The participant that sends pictures to a room; a room has at most one.

    Pictures are encoded once for all viewers. The stream goes on when the client has joined again
    after the connection was lost.
    """

    def __init__(
        self, base_url: str = DEFAULT_URL, options: ClientOptions | None = None, **access: Any
    ) -> None:
        super().__init__(base_url, options, **access)
        self._encoder: CameraEncoder | None = None
        self._is_own_encoder = False
        self._viewers: ViewerSet | None = None
        self._track: MediaStreamTrack | None = None
        self._player: MediaPlayer | None = None
        self._pump: asyncio.Task[None] | None = None

    async def connect(
        self, workspace_id: str, room_id: str, participant_id: str | None = None
    ) -> bool:
        """Join a room as producer; see :meth:`connect_to_room`."""
        return await self.connect_to_room(workspace_id, room_id, Role.PRODUCER, participant_id)

    @classmethod
    async def create_and_connect(
        cls,
        base_url: str,
        workspace_id: str | None = None,
        room_id: str | None = None,
        participant_id: str | None = None,
        options: ClientOptions | None = None,
    ) -> VideoProducer:
        """
        Create a room, unless it exists, and join it as producer.

        :raises ValueError: the room cannot be joined.
        :raises ArenaError: the server was not reached or refused the request.
        """
        producer = cls(base_url, options)
        if workspace_id is not None and room_id is not None:
            await producer._video_rooms.ensure(workspace_id, room_id)
        else:
            workspace_id, room_id = await producer.create_room(workspace_id, room_id)
        if not await producer.connect(workspace_id, room_id, participant_id):
            raise ValueError('Failed to connect as video producer')
        return producer

    async def disconnect(self) -> None:
        """End the stream and leave the room; idempotent."""
        await super().disconnect()
        await self._stop_source()
        self._drop_encoder()

    # ----- streams

    async def start_custom_stream(
        self, frame_source: Callable[[], Awaitable[Any]]
    ) -> CustomVideoTrack:
        """
        Send the pictures that a coroutine function returns, as in :class:`.CustomVideoTrack`.

        :raises ValueError: not connected.
        """
        track = CustomVideoTrack(frame_source, self.webrtc_config.framerate or 30)
        await self.start_track(track)
        return track

    async def start_camera(
        self, device_id: int = 0, constraints: dict[str, Any] | None = None
    ) -> MediaStreamTrack:
        """
        Send a camera of this machine (Linux, Video4Linux).

        :param device_id: the number of the device, 0 for ``/dev/video0``.
        :param constraints: as in a browser: the ideal ``width``, ``height`` and ``frameRate``.
        :raises ValueError: not connected.
        :raises MediaError: the camera cannot be opened.
        """
        options = _capture_options(constraints or self.webrtc_config.constraints or {})
        return await self._start_device(f'/dev/video{device_id}', 'v4l2', options)

    async def start_screen_share(self) -> MediaStreamTrack:
        """
        Send the screen of this machine (X11), which ``DISPLAY`` names.

        :raises ValueError: not connected.
        :raises MediaError: the screen cannot be read.
        """
        rate = str(self.webrtc_config.framerate or 30)
        return await self._start_device(
            os.environ.get('DISPLAY', ':0'), 'x11grab', {'framerate': rate}
        )

    async def start_track(self, track: MediaStreamTrack) -> None:
        """
        Send the pictures of a track of aiortc; it replaces the current source without a new offer.

        :raises ValueError: not connected.
        """
        connection = self._joined('start a stream')
        await self._stop_source()
        if not self._is_own_encoder:
            config = self.webrtc_config
            highest = config.bitrate or BitrateBounds().highest
            bounds = BitrateBounds(highest, min(highest, BitrateBounds().lowest))
            settings = EncoderSettings(codec=wanted_codec(config), bitrate=bounds)
            await self._use(CameraEncoder(settings, name=connection.name), is_own=True)
        assert self._encoder is not None, 'set above'
        self._track = track
        self._pump = asyncio.create_task(self._pump_from(track, self._encoder), name='pictures')
        await self._announce(connection)

    async def start_encoder(self, encoder: CameraEncoder) -> None:
        """
        Send a camera whose pictures the caller submits, from any thread.

        :param encoder: the caller closes it, after :meth:`stop_streaming` or :meth:`disconnect`.
        :raises ValueError: not connected.
        """
        connection = self._joined('start a stream')
        await self._stop_source()
        await self._use(encoder, is_own=False)
        await self._announce(connection)

    async def stop_streaming(self) -> None:
        """
        End the stream, and stay in the room.

        :raises ValueError: not connected.
        :raises ConnectionLost: the connection was lost.
        """
        connection = self._joined('stop streaming')
        await self._stop_source()
        await self._close_viewers()
        self._drop_encoder()
        await connection.send(StreamStopped())

    async def update_video_config(self, config: VideoConfig) -> None:
        """
        Send a changed configuration to all others, as information.

        :raises ValueError: not connected.
        :raises ConnectionLost: the connection was lost.
        """
        await self._joined('update video config').send(ConfigUpdate(config_to_json(config)))

    def get_video_track(self) -> MediaStreamTrack | None:
        """Return the track that is being sent; None if there is none."""
        return self._track

    @property
    def viewers(self) -> list[ViewerStatus]:
        """The consumers of the room, connected or not; empty without a stream."""
        return [] if self._viewers is None else self._viewers.status

    @property
    def current_room_id(self) -> str | None:
        """The current room; None if not connected."""
        return self.room_id

    async def get_camera_devices(self) -> list[dict[str, Any]]:
        """Return the video devices of this machine: ``device_id`` and ``name``."""
        found = sorted(Path('/dev').glob('video[0-9]*'))
        return [
            {'device_id': int(each.name.removeprefix('video')), 'name': str(each)}
            for each in found
        ]

    def get_local_stream(self) -> MediaStreamTrack | None:
        """Return the track that is being sent; None if there is none."""
        return self._track

    # ----- inside

    async def _start_device(
        self, device: str, kind: str, options: dict[str, str]
    ) -> MediaStreamTrack:
        self._joined('start a stream')
        try:
            player = await asyncio.to_thread(MediaPlayer, device, format=kind, options=options)
        except Exception as exc:  # The errors of PyAV differ between its releases.
            raise MediaError(f'cannot open {device} ({kind}): {exc}') from exc
        await self.start_track(player.video)
        self._player = player
        return player.video

    async def _enter(self, connection: Connection) -> None:
        await super()._enter(connection)
        if connection is self._connection:
            self._open_viewers()
            # A stream that begins later is reported by the method that begins it.
            is_streaming = self._encoder is not None
            self._start_task(
                self._sync(connection, is_streaming=is_streaming), f'sync {connection.name}'
            )

    async def _close_media(self) -> None:
        await self._close_viewers()
        await super()._close_media()

    async def _handle_event(self, event: Event, connection: Connection) -> None:
        await self._call_video(event)
        viewers = self._viewers
        if viewers is None:
            return
        match event:
            case ParticipantJoined(_, consumer, Role.CONSUMER):
                # Idempotent, because a request for the room may have found it before.
                viewers.add(consumer, is_new=True)
            case ParticipantLeft(_, consumer, Role.CONSUMER):
                viewers.remove(consumer)
            case WebrtcAnswer(sdp, consumer):
                viewers.on_answer(consumer, sdp)
            case WebrtcIce(candidate, _, str() as consumer):
                viewers.on_candidate(consumer, candidate)

    async def _sync(self, connection: Connection, *, is_streaming: bool) -> None:
        """Find the consumers that joined before this producer, and those missed since."""
        if is_streaming:
            with contextlib.suppress(ArenaError):
                await self._send_started(connection)
        pause_s = FIRST_SYNC_S
        while True:
            try:
                await self._find_consumers(connection)
            except ArenaError as exc:
                _logger.debug('%s', exc)
                pause_s = min(2 * pause_s, SYNC_PERIOD_S)
            else:
                pause_s = SYNC_PERIOD_S
            await asyncio.sleep(pause_s)

    async def _use(self, encoder: CameraEncoder, *, is_own: bool) -> None:
        await self._close_viewers()
        self._drop_encoder()
        self._encoder, self._is_own_encoder = encoder, is_own
        self._open_viewers()

    def _open_viewers(self) -> None:
        if self._encoder is not None and self._viewers is None and self.is_connected():
            self._viewers = ViewerSet(
                self._encoder, self._send_signal, ice=self._ice, on_error=self._report_error
            )

    async def _close_viewers(self) -> None:
        viewers, self._viewers = self._viewers, None
        if viewers is not None:
            await viewers.aclose()

    def _drop_encoder(self) -> None:
        encoder, self._encoder = self._encoder, None
        if encoder is not None and self._is_own_encoder:
            encoder.close()
        self._is_own_encoder = False

    async def _announce(self, connection: Connection) -> None:
        """
        Offer the stream to all who are there, and report it to them.

        :raises ConnectionLost: the connection was lost.
        """
        with contextlib.suppress(ArenaError):  # The regular requests for the room repeat it.
            await self._find_consumers(connection)
        await self._send_started(connection)

    async def _find_consumers(self, connection: Connection) -> None:
        """
        Offer the stream to the consumers that the room lists, and drop all others.

        :raises ArenaError: the server was not reached or refused the request.
        """
        fields = await self._video_rooms.info(connection.workspace_id, connection.room_id)
        if self._viewers is not None and connection is self._connection:
            self._viewers.keep_only(room_info(fields).consumers)

    async def _send_started(self, connection: Connection) -> None:
        """
        Report the stream to all; do nothing without one.

        :raises ConnectionLost: the connection was lost.
        """
        if self._encoder is None:
            return
        settings = self._encoder.settings
        config = VideoConfig(
            encoding=VideoEncoding(settings.codec.value),
            framerate=self.webrtc_config.framerate,
            bitrate=settings.bitrate.highest,
        )
        await connection.send(StreamStarted(config_to_json(config)))

    async def _pump_from(self, track: MediaStreamTrack, encoder: CameraEncoder) -> None:
        try:
            while True:
                encoder.submit(await track.recv())
        except MediaStreamError:
            self._report_error('the source of pictures has ended')
        except Exception as exc:
            _logger.exception('the source of pictures failed')
            self._report_error(f'the source of pictures failed: {exc!r}')

    async def _stop_source(self) -> None:
        pump, self._pump = self._pump, None
        if pump is not None:
            pump.cancel()
            await asyncio.wait([pump])
        if self._track is not None:
            self._track.stop()  # Of a MediaPlayer, this ends its thread, too.
        self._track = self._player = None


def _capture_options(constraints: dict[str, Any]) -> dict[str, str]:
    """Return the options of Video4Linux for the constraints of a browser."""
    video = constraints.get('video')
    if not isinstance(video, dict):
        return {}

    def ideal(key: str) -> Any:
        value = video.get(key)
        return value.get('ideal') if isinstance(value, dict) else value

    options = {}
    if ideal('width') and ideal('height'):
        options['video_size'] = f'{ideal("width")}x{ideal("height")}'
    if ideal('frameRate'):
        options['framerate'] = str(ideal('frameRate'))
    return options
