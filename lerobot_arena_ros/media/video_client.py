# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""
The common base of the public video clients: video rooms over REST, and one joined room.

Names, signatures and results are those of the public Python client, so that a program written for
it works after a change of its import. Callbacks run in the event loop that called ``connect``, as
described in :mod:`..arena.joined_client`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Mapping
import logging
from typing import Any

from ..arena.address import DEFAULT_URL, Service
from ..arena.features import Feature
from ..arena.fields import is_finite
from ..arena.joined_client import PAUSES_S, TIMING, JoinedClient
from ..arena.messages import EmergencyStop, Role
from ..arena.session import Event, LinkTiming
from ..arena.video_messages import (
    VIDEO_FEATURES,
    Answer,
    Offer,
    StatusUpdate,
)
from ..arena.video_messages import (
    StreamStats as StreamStatsMessage,
)
from ..arena.video_rest import VideoRooms
from .codec import Codec
from .errors import InvalidIceServer
from .ice import IceServer, IceServers
from .video_types import (
    ClientOptions,
    ConnectionInfo,
    RecoveryConfig,
    RoomInfo,
    RoomState,
    StatusUpdateCallback,
    StreamStats,
    StreamStatsCallback,
    VideoConfig,
    WebRTCConfig,
    WebRTCSignalResponse,
    config_to_json,
    recovery_to_json,
    room_info_from_json,
    room_state_from_json,
)

__all__ = ['VideoClientCore', 'wanted_codec']

_logger = logging.getLogger(__name__)


class VideoClientCore(JoinedClient):
    """
    The common base of the video producer and the video consumer.

    It reconnects by itself, unless ``options.reconnect_attempts`` is 0.

    :param options: None for the defaults.
    :param name: as in :class:`.JoinedClient`, like ``token``, ``ca_file``, ``allow_insecure``,
        ``timing`` and ``pauses_s``.
    :param create_room: create the room before each join if it is missing.
    :raises InvalidIceServer: an ICE server of the options is invalid.
    """

    _service: Service = 'video'

    def __init__(
        self,
        base_url: str = DEFAULT_URL,
        options: ClientOptions | None = None,
        *,
        name: str | None = None,
        token: str | None = None,
        ca_file: str | None = None,
        allow_insecure: bool = False,
        timing: LinkTiming = TIMING,
        pauses_s: tuple[float, float] = PAUSES_S,
        create_room: bool = False,
    ) -> None:
        self.options = options or ClientOptions()
        super().__init__(
            base_url,
            reconnect=self.options.reconnect_attempts != 0,
            name=name,
            token=token,
            ca_file=ca_file,
            allow_insecure=allow_insecure,
            timing=timing,
            pauses_s=pauses_s,
        )
        self.webrtc_config = self.options.webrtc_config or WebRTCConfig()
        self._ice = _ice_servers(self.webrtc_config)
        self._creates_room = create_room
        self._tasks: set[asyncio.Task[None]] = set()
        timeout_s = 5.0 if self.options.timeout is None else self.options.timeout
        self._video_rooms = VideoRooms(self._address, access=self._access, timeout_s=timeout_s)

    @property
    def api_base(self) -> str:
        """The URL of the REST paths of video rooms."""
        return f'{self.base_url}/video'

    # ----- rooms

    async def list_rooms(self, workspace_id: str) -> list[RoomInfo]:
        """
        Return the rooms of a workspace; an unknown workspace has none.

        :raises ArenaError: the server was not reached or refused the request.
        """
        return [room_info_from_json(each) for each in await self._video_rooms.list(workspace_id)]

    async def create_room(
        self,
        workspace_id: str | None = None,
        room_id: str | None = None,
        config: VideoConfig | None = None,
        recovery_config: RecoveryConfig | None = None,
    ) -> tuple[str, str]:
        """
        Create a room.

        :param workspace_id: None creates a new workspace.
        :param room_id: None lets the server choose an id.
        :returns: the workspace id and the room id.
        :raises ArenaError: the server was not reached or refused the request.
        """
        return await self._video_rooms.create(
            workspace_id,
            room_id,
            config=None if config is None else config_to_json(config),
            recovery_config=None if recovery_config is None else recovery_to_json(recovery_config),
        )

    async def get_room_state(self, workspace_id: str, room_id: str) -> RoomState:
        """
        Return the state of a room.

        :raises RoomNotFound: the room does not exist.
        :raises ArenaError: the server was not reached or refused the request.
        """
        return room_state_from_json(await self._video_rooms.state(workspace_id, room_id))

    async def get_room_info(self, workspace_id: str, room_id: str) -> RoomInfo:
        """
        Return who is in a room, and its configuration.

        :raises RoomNotFound: the room does not exist.
        :raises ArenaError: the server was not reached or refused the request.
        """
        return room_info_from_json(await self._video_rooms.info(workspace_id, room_id))

    async def send_webrtc_signal(
        self, workspace_id: str, room_id: str, client_id: str, message: Mapping[str, Any]
    ) -> WebRTCSignalResponse:
        """
        Post a signal as JSON; the client itself sends all that its connections need.

        :param message: as docs/reference/messages.md describes it.
        :raises ArenaError: the server was not reached or refused the request.
        """
        reply = await self._video_rooms.post_signal(workspace_id, room_id, client_id, message)
        response = reply.get('response')
        return WebRTCSignalResponse(
            success=reply.get('success') is True,
            workspace_id=workspace_id,
            response=response if isinstance(response, dict) else None,
            message=reply.get('message'),
        )

    def get_connection_info(self) -> ConnectionInfo:
        """Return the current room, role and participant id; each is None if not connected."""
        return ConnectionInfo(
            connected=self.is_connected(),
            workspace_id=self.workspace_id,
            room_id=self.room_id,
            role=None if self.role is None else Role(self.role),
            participant_id=self.participant_id,
            base_url=self.base_url,
        )

    async def disconnect(self) -> None:
        """Leave the room; idempotent."""
        await super().disconnect()
        await self._end_tasks()  # One of them may be leaving the room at this moment.

    # ----- callbacks

    def on_status_update(self, callback: StatusUpdateCallback) -> None:
        """Call ``callback(status, data)`` for each status that a participant sends."""
        self._callbacks.set('status_update', callback)

    def on_stream_stats(self, callback: StreamStatsCallback) -> None:
        """Call ``callback(stats)`` for the statistics that a participant sends."""
        self._callbacks.set('stream_stats', callback)

    # ----- inside

    def _features(self, role: Role) -> frozenset[Feature]:
        return super()._features(role) & VIDEO_FEATURES

    async def _prepare_room(self, workspace_id: str, room_id: str) -> None:
        if self._creates_room:
            await self._video_rooms.ensure(workspace_id, room_id)

    async def _send_signal(self, signal: Offer | Answer) -> None:
        """
        Post a signal to another participant of the room.

        :raises ArenaError: the server was not reached, or this client is not in the room.
        """
        connection = self._joined('send signals')
        await self._video_rooms.signal(
            connection.workspace_id, connection.room_id, connection.participant_id, signal
        )

    async def _call_video(self, event: Event) -> None:
        """Call the callbacks for an event that both roles receive."""
        match event:
            case StatusUpdate(status, data):
                known = dict(data) if isinstance(data, Mapping) else None
                await self._callbacks.call('status_update', status, known)
            case StreamStatsMessage(stats):
                await self._callbacks.call('stream_stats', _stats(stats))
            case EmergencyStop(reason):
                _logger.warning('emergency stop: %s', reason)

    def _report_error(self, text: str) -> None:
        """Log an error of a connection, and call the callback in the background."""
        _logger.warning('%s', text)
        self._start_task(self._callbacks.call('error', text), 'report an error')

    def _start_task(self, work: Coroutine[Any, Any, None], name: str) -> asyncio.Task[None]:
        """Start a background task that ends with the connection at the latest."""
        task = asyncio.create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def _close_media(self) -> None:
        await self._end_tasks()

    async def _end_tasks(self) -> None:
        """Cancel the background tasks, except those that run a callback."""
        own = asyncio.current_task()
        ending = [
            task
            for task in self._tasks
            if task is not own and not self._callbacks.is_calling(task)
        ]
        for task in ending:
            task.cancel()
        if ending:
            await asyncio.wait(ending)


def wanted_codec(config: WebRTCConfig) -> Codec:
    """Return the first codec of a configuration that this package can encode."""
    for name in config.codec_preferences or []:
        if name.upper() in Codec.__members__:
            return Codec[name.upper()]
    return Codec.VP8


def _ice_servers(config: WebRTCConfig) -> IceServers:
    """
    Return the ICE servers of a configuration.

    :raises InvalidIceServer: one is invalid, or the policy is unknown.
    """
    policy = config.ice_transport_policy or 'all'
    if policy not in ('all', 'relay'):
        raise InvalidIceServer(f"ice_transport_policy: expected 'all' or 'relay', got {policy!r}")
    found: list[IceServer] = []
    for server in config.ice_servers or []:
        urls = server.get('urls') or []
        for url in [urls] if isinstance(urls, str) else urls:
            if server.get('username'):
                found.append(IceServer(url, server['username'], server.get('credential')))
            else:
                found.extend(IceServers.of_urls([url]).servers)
    return IceServers(tuple(found), relay_only=policy == 'relay')


def _stats(stats: object) -> StreamStats:
    values: Mapping[str, Any] = stats if isinstance(stats, Mapping) else {}

    def number(key: str) -> float:
        value = values.get(key)
        return float(value) if is_finite(value) else 0.0

    return StreamStats(
        stream_id=str(values.get('stream_id', '')),
        duration_seconds=number('duration_seconds'),
        frame_count=int(number('frame_count')),
        total_bytes=int(number('total_bytes')),
        average_fps=number('average_fps'),
        average_bitrate=number('average_bitrate'),
    )
