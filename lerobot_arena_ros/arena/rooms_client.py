# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""The part of the public clients that works without joining a room: management over REST."""

from __future__ import annotations

from typing import Any
import uuid

from .access import Access
from .address import DEFAULT_URL, Address, Service
from .control_messages import ControlPolicy
from .errors import RoomNotFound
from .rest_client import Rooms

__all__ = ['RoomsClient', 'ServerClient']


class ServerClient:
    """
    A client of one server: its address, its access, and what all kinds of rooms have.

    :param base_url: the URL of the server; a path such as ``/api`` is kept.
    :param token: the bearer token; None reads it from the environment variable
        ``LEROBOT_ARENA_TOKEN`` if that is set.
    :param ca_file: a PEM file with the only certificate authorities to trust; None trusts those
        of the system, or of ``SSL_CERT_FILE``.
    :param allow_insecure: send the token to other machines even without TLS, like
        ``LEROBOT_ARENA_ALLOW_INSECURE=1``.
    :raises InvalidAddress: ``base_url`` is not an http or https URL.
    :raises InvalidAccess: the token or the CA file is invalid or must not be used with this URL.
    """

    _service: Service = 'robotics'

    def __init__(
        self,
        base_url: str = DEFAULT_URL,
        *,
        token: str | None = None,
        ca_file: str | None = None,
        allow_insecure: bool = False,
    ) -> None:
        self._address = Address.parse(base_url, self._service)
        self._access = Access.of_environment(
            token=token, ca_file=ca_file, allow_insecure=allow_insecure
        )
        self._access.check(self._address)
        self._rooms = Rooms(self._address, access=self._access)

    @property
    def base_url(self) -> str:
        """The server's URL without a trailing slash."""
        return self._address.base_url

    async def delete_room(self, workspace_id: str, room_id: str) -> bool:
        """
        Delete a room; return False if it does not exist.

        :raises ArenaError: the server was not reached or refused the request.
        """
        try:
            await self._rooms.delete(workspace_id, room_id)
        except RoomNotFound:
            return False
        return True

    def generate_workspace_id(self) -> str:
        """Return a new unique workspace id."""
        return str(uuid.uuid4())


class RoomsClient(ServerClient):
    """Manage the joint rooms of a server, with the method names of the public Python client."""

    async def list_rooms(self, workspace_id: str) -> list[dict[str, Any]]:
        """
        Return the rooms of a workspace: ``id``, ``participants``, ``joints_count``.

        :raises ArenaError: the server was not reached or refused the request.
        """
        return await self._rooms.list(workspace_id)

    async def create_room(
        self,
        workspace_id: str | None = None,
        room_id: str | None = None,
        *,
        control: ControlPolicy | str | None = None,
    ) -> tuple[str, str]:
        """
        Create a room.

        :param workspace_id: None creates a new workspace.
        :param room_id: None lets the server choose an id.
        :param control: how a driver gets control while another one has it: ``first`` (not at
            all), ``ask`` or ``take``; None leaves it to the server. An existing room keeps its
            own. The public server ignores it.
        :returns: the workspace id and the room id.
        :raises ValueError: ``control`` has another value.
        :raises ArenaError: the server was not reached or refused the request.
        """
        policy = None if control is None else ControlPolicy(control).value
        return await self._rooms.create(workspace_id, room_id, control=policy)

    async def get_room_state(self, workspace_id: str, room_id: str) -> dict[str, Any]:
        """
        Return the stored state of a room: ``joints``, ``participants``, ``timestamp``.

        :raises RoomNotFound: the room does not exist.
        :raises ArenaError: the server was not reached or refused the request.
        """
        return await self._rooms.state(workspace_id, room_id)

    async def get_room_info(self, workspace_id: str, room_id: str) -> dict[str, Any]:
        """
        Return who has joined a room: ``participants``, ``has_producer``, ``active_consumers``.

        :raises RoomNotFound: the room does not exist.
        :raises ArenaError: the server was not reached or refused the request.
        """
        return await self._rooms.info(workspace_id, room_id)

    async def get_robots(self, workspace_id: str, room_id: str) -> list[dict[str, Any]]:
        """
        Return the robots in a room: ``participant_id``, ``timestamp``, ``age_s`` and their state.

        The public server does not support this.

        :raises RoomNotFound: the room does not exist.
        :raises ArenaError: the server was not reached or refused the request.
        """
        return await self._rooms.robots(workspace_id, room_id)
