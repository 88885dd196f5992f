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

from .errors import RequestRejected, RoomNotFound
from .rest_client import Rooms
from .video_messages import Answer, IceCandidate, Offer, encode_signal

__all__ = ['VideoRooms']


class VideoRooms(Rooms):
    """
    The video rooms of one server; the address has to be one of the service ``video``.

    The errors are those of :class:`Rooms`.
    """

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
