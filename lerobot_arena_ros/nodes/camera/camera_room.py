# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""Keeps one camera in its room."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

from lerobot_arena_ros.arena.errors import ArenaError, RequestRejected, RoomNotFound
from lerobot_arena_ros.arena.messages import Role
from lerobot_arena_ros.arena.reconnect import backoff, is_retryable
from lerobot_arena_ros.control.causes import CONNECTING, INACTIVE, unjoined
from lerobot_arena_ros.control.condition import Condition, Level, Severity
from lerobot_arena_ros.media.video_client import VideoClientCore
from lerobot_arena_ros.media.video_types import ClientOptions, WebRTCConfig

from ..settings.camera_settings import CameraNodeSettings, Room

__all__ = ['CameraRoom', 'access_options', 'client_options', 'run_beside']


class CameraRoom:
    """
    One room, joined again after each loss until cancelled.

    :param client: joins the room and, while it can, joins it again after a loss.
    :param pauses_s: the shortest and the longest pause between two attempts.
    :param on_joined: awaited after the client has joined, but not after it has joined again.
    """

    def __init__(
        self,
        client: VideoClientCore,
        room: Room,
        role: Role,
        on_joined: Callable[[], Awaitable[None]],
        *,
        pauses_s: tuple[float, float],
    ) -> None:
        self._client = client
        self._room = room
        self._role = role
        self._on_joined = on_joined
        self._pauses_s = pauses_s

    @property
    def name(self) -> str:
        """The workspace and the room."""
        return f'{self._room.workspace_id}/{self._room.room_id}'

    @property
    def participant_id(self) -> str:
        """The participant id of this camera; empty while it is not in the room."""
        return self._client.participant_id or '' if self._client.is_connected() else ''

    async def run(self) -> None:
        """
        Keep the room joined.

        :raises ArenaError: an error that another attempt cannot cure, such as a refused token.
        """
        client, room = self._client, self._room
        pauses = backoff(*self._pauses_s)
        try:
            while True:
                try:
                    if await client.join_room(room.workspace_id, room.room_id, self._role):
                        pauses = backoff(*self._pauses_s)
                        await self._on_joined()
                        await client.wait_left()
                    error = client.error
                except ArenaError as exc:
                    error = exc
                if error is not None and not is_retryable(error):
                    raise error
                await asyncio.sleep(next(pauses))
        finally:
            await client.disconnect()

    def condition(self, *, is_active: bool) -> Condition | None:
        """Return why the camera cannot work now; None if its room and its node are ready."""
        if not self._client.is_connected():
            error = self._client.error
            if error is None:
                return Condition(Level.WARN, CONNECTING, Severity.NONE)
            level = Level.ERROR if isinstance(error, RequestRejected) else Level.WARN
            text = str(error)
            if isinstance(error, RoomNotFound) and not self._room.create:
                text += '; create it, or set create_missing_rooms to both'
            return Condition(level, unjoined(text))
        if not is_active:
            return Condition(Level.WARN, INACTIVE, Severity.NONE)
        return None


async def run_beside(*works: Coroutine[Any, Any, None]) -> None:
    """Run coroutines together until one of them ends, and raise its exception if it failed."""
    tasks = [asyncio.create_task(work) for work in works]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
    for task in done:
        task.result()


def client_options(settings: CameraNodeSettings) -> ClientOptions:
    """Return the options of the clients of a node."""
    servers = [{'urls': url} for url in settings.ice_urls]
    ice = WebRTCConfig(ice_servers=servers, ice_transport_policy=settings.ice_transport_policy)
    return ClientOptions(webrtc_config=ice)


def access_options(settings: CameraNodeSettings) -> dict[str, Any]:
    """Return the arguments of a client for the access to the server and for its link."""
    access = settings.access
    return {
        'token': access.token,
        'ca_file': access.ca_file,
        'allow_insecure': access.allow_insecure,
        'timing': settings.timing,
        'pauses_s': settings.pauses_s,
    }
