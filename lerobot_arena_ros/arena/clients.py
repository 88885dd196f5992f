"""The public client: a producer or a consumer of one room."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from .client_core import RoboticsClientCore
from .errors import ProtocolError
from .messages import Entry, JointUpdate, checked_update

__all__ = ['RoboticsConsumer', 'RoboticsProducer']


class RoboticsProducer(RoboticsClientCore):
    """The one participant of a room whose joints the others follow."""

    async def connect(
        self, workspace_id: str, room_id: str, participant_id: str | None = None
    ) -> bool:
        """Join as producer; see :meth:`connect_to_room`."""
        return await self.connect_to_room(workspace_id, room_id, 'producer', participant_id)

    async def send_joint_update(self, joints: Sequence[Entry]) -> None:
        """
        Send joints: ``{'name': str, 'value': number}``, perhaps with ``speed`` and more.

        :raises ValueError: not connected, or one of them is not sendable; then none is sent.
        :raises ConnectionLost: the connection broke.
        """
        connection = self._joined('send joint updates')
        try:
            await connection.send(checked_update(list(joints)))
        except ProtocolError as exc:
            raise ValueError(str(exc)) from exc

    async def send_state_sync(self, state: Mapping[str, float]) -> None:
        """
        Send all joints by name; consumers receive them as a joint update.

        :raises ValueError: as in :meth:`send_joint_update`.
        :raises ConnectionLost: the connection broke.
        """
        await self.send_joint_update(list(JointUpdate.of(state).entries))


class RoboticsConsumer(RoboticsClientCore):
    """A participant that follows the room's joints."""

    async def connect(
        self, workspace_id: str, room_id: str, participant_id: str | None = None
    ) -> bool:
        """Join as consumer; see :meth:`connect_to_room`."""
        return await self.connect_to_room(workspace_id, room_id, 'consumer', participant_id)

    async def get_state_sync(self) -> dict[str, Any]:
        """
        Ask what the room remembers now, by joint name.

        :raises ValueError: not connected.
        :raises ArenaError: the server was not reached or refused.
        """
        connection = self._joined('a room')
        state = await self._rooms.state(connection.workspace_id, connection.room_id)
        joints: dict[str, Any] = state.get('joints', {})
        return joints

    def on_state_sync(self, callback: Callable[[dict[str, float]], Any]) -> None:
        """Have ``callback(joints)`` called once after each join, even with nothing in it."""
        self._callbacks.set('state_sync', callback)

    def on_joint_update(self, callback: Callable[[list[Entry]], Any]) -> None:
        """Have ``callback(entries)`` called for each update: the joints that changed."""
        self._callbacks.set('joint_update', callback)
