"""The part of the public client that needs no joined room: where the server is, and its rooms."""

from __future__ import annotations

from typing import Any
import uuid

from .access import Access
from .address import DEFAULT_URL, Address
from .errors import RoomNotFound
from .rest_client import Rooms

__all__ = ['RoomsClient']


class RoomsClient:
    """
    The rooms of a server, by the names of the public client.

    :param base_url: the server; a path such as ``/api`` is kept.
    :param token: for servers that want one; None takes that of the environment variable
        ``LEROBOT_ARENA_TOKEN``, if there is one.
    :param ca_file: a PEM file with the only authorities to be trusted; None for those of the
        system, or of ``SSL_CERT_FILE``.
    :param allow_insecure: send the token to other machines even without TLS, as does
        ``LEROBOT_ARENA_ALLOW_INSECURE=1``.
    :raises InvalidAddress: ``base_url`` is no http or https URL.
    :raises InvalidAccess: the token or the CA file cannot be used, or not with this URL.
    """

    def __init__(
        self,
        base_url: str = DEFAULT_URL,
        *,
        token: str | None = None,
        ca_file: str | None = None,
        allow_insecure: bool = False,
    ) -> None:
        self._address = Address.parse(base_url)
        self._access = Access.of_environment(
            token=token, ca_file=ca_file, allow_insecure=allow_insecure
        )
        self._access.check(self._address)
        self._rooms = Rooms(self._address, access=self._access)

    @property
    def base_url(self) -> str:
        """The server's URL without a trailing slash."""
        return self._address.base_url

    async def list_rooms(self, workspace_id: str) -> list[dict[str, Any]]:
        """
        List a workspace's rooms: ``id``, ``participants``, ``joints_count``.

        :raises ArenaError: the server was not reached or refused.
        """
        return await self._rooms.list(workspace_id)

    async def create_room(
        self, workspace_id: str | None = None, room_id: str | None = None
    ) -> tuple[str, str]:
        """
        Create a room.

        :param workspace_id: None makes up a new workspace.
        :param room_id: None lets the server choose.
        :returns: workspace id and room id.
        :raises ArenaError: the server was not reached or refused.
        """
        return await self._rooms.create(workspace_id, room_id)

    async def delete_room(self, workspace_id: str, room_id: str) -> bool:
        """
        Delete a room; False when there is none.

        :raises ArenaError: the server was not reached or refused.
        """
        try:
            await self._rooms.delete(workspace_id, room_id)
        except RoomNotFound:
            return False
        return True

    async def get_room_state(self, workspace_id: str, room_id: str) -> dict[str, Any]:
        """
        Tell what a room remembers: ``joints``, ``participants``, ``timestamp``.

        :raises RoomNotFound: there is no such room.
        :raises ArenaError: the server was not reached or refused.
        """
        return await self._rooms.state(workspace_id, room_id)

    async def get_room_info(self, workspace_id: str, room_id: str) -> dict[str, Any]:
        """
        Tell who is in a room: ``participants``, ``has_producer``, ``active_consumers``.

        :raises RoomNotFound: there is no such room.
        :raises ArenaError: the server was not reached or refused.
        """
        return await self._rooms.info(workspace_id, room_id)

    async def get_robots(self, workspace_id: str, room_id: str) -> list[dict[str, Any]]:
        """
        List the robots in a room: ``participant_id``, ``timestamp``, ``age_s`` and their state.

        The public server does not have this.

        :raises RoomNotFound: there is no such room.
        :raises ArenaError: the server was not reached, or refused.
        """
        return await self._rooms.robots(workspace_id, room_id)

    def generate_workspace_id(self) -> str:
        """Make an id that no workspace has."""
        return str(uuid.uuid4())
