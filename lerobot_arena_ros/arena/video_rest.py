# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""The REST client for video rooms, and for the signals of WebRTC."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
import uuid

from .errors import RequestRejected, RoomNotFound
from .rest_client import Rooms, read_created
from .video_messages import Answer, IceCandidate, Offer, encode_signal

__all__ = ['VideoRooms']


class VideoRooms(Rooms):
    """
    The video rooms of one server; the address has to be one of the service ``video``.

    The errors are those of :class:`Rooms`.
    """

    async def create(
        self,
        workspace_id: str | None = None,
        room_id: str | None = None,
        *,
        config: Mapping[str, Any] | None = None,
        recovery_config: Mapping[str, Any] | None = None,
    ) -> tuple[str, str]:
        """
        Create a room and return its workspace id and room id.

        The public server resets a room that already exists; :meth:`ensure` does not.

        :param workspace_id: None creates a new workspace.
        :param room_id: None lets the server choose an id.
        :param config: encoding, resolution, framerate, bitrate and quality, as information for
            people; None for the defaults.
        :param recovery_config: stored by the server; None for the defaults.
        """
        url = self.address.rooms(workspace_id or str(uuid.uuid4()))
        fields = {'room_id': room_id, 'config': config, 'recovery_config': recovery_config}
        body = {key: value for key, value in fields.items() if value is not None}
        return read_created(await self._request('POST', url, json=body))

    async def signal(
        self,
        workspace_id: str,
        room_id: str,
        participant_id: str,
        signal: Offer | Answer | IceCandidate,
    ) -> bool:
        """
        Post a signal to another participant.

        :param participant_id: the sender, who must be in the room.
        :returns: whether the server passed it on; the public server does not check whether the
            target is there.
        :raises RoomNotFound: the room does not exist.
        """
        reply = await self.post_signal(
            workspace_id, room_id, participant_id, encode_signal(signal)
        )
        return isinstance(reply.get('response'), dict)

    async def post_signal(
        self, workspace_id: str, room_id: str, participant_id: str, message: Mapping[str, Any]
    ) -> dict[str, Any]:
        """
        Post a signal as JSON, and return the whole reply.

        :raises RoomNotFound: the room does not exist.
        """
        url = self.address.room(workspace_id, room_id, '/webrtc/signal')
        body = {'client_id': participant_id, 'message': dict(message)}
        try:
            return await self._request('POST', url, json=body)
        except RequestRejected as exc:
            if exc.status == 400:  # The answer of the public server for an unknown room.
                raise RoomNotFound(str(exc), status=exc.status) from exc
            raise
