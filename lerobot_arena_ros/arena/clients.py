"""The public client: a producer or a consumer of one room."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
import logging
from typing import Any

from .client_core import RoboticsClientCore
from .connection import Connection
from .errors import ProtocolError
from .features import Feature
from .messages import Entry, ErrorReply, JointUpdate, checked_update
from .session import Event

__all__ = ['RoboticsConsumer', 'RoboticsProducer']

_logger = logging.getLogger(__name__)


class RoboticsProducer(RoboticsClientCore):
    """The one participant of a room whose joints the others follow."""

    _own_features = frozenset((Feature.REFUSED_JOINTS,))

    async def connect(
        self, workspace_id: str, room_id: str, participant_id: str | None = None
    ) -> bool:
        """Join as producer; see :meth:`connect_to_room`."""
        return await self.connect_to_room(workspace_id, room_id, 'producer', participant_id)

    async def send_joint_update(self, joints: Sequence[Entry]) -> None:
        """
        Send joints: ``{'name': str, 'value': number}``, perhaps with ``speed`` and more.

        A joint that the room has refused, because of its name say, is left out.

        :raises ValueError: not connected, or one of them is not sendable; then none is sent.
        :raises ConnectionLost: the connection broke.
        """
        connection = self._joined('send joint updates')
        try:
            update = checked_update(list(joints))
            self._latest |= {entry['name']: entry for entry in update.entries}
            await connection.send(self._without_refused(update.entries))
        except ProtocolError as exc:
            raise ValueError(str(exc)) from exc

    async def send_state_sync(self, state: Mapping[str, float]) -> None:
        """
        Send all joints by name; consumers receive them as a joint update.

        :raises ValueError: as in :meth:`send_joint_update`.
        :raises ConnectionLost: the connection broke.
        """
        await self.send_joint_update(list(JointUpdate.of(state).entries))

    def _begin(self) -> None:
        self._latest: dict[str, Entry] = {}
        self._refused: dict[str, str] = {}

    async def _heard(self, event: Event, connection: Connection) -> None:
        """Send again, without the joints that the room refuses, what it did not take for them."""
        if not isinstance(event, ErrorReply):
            return
        new = {name: why for name, why in event.joints.items() if name not in self._refused}
        if new:
            self._refused |= new
            named = '; '.join(f'{name!r:.60} ({why})' for name, why in new.items())
            _logger.warning('the room refuses joints, which are left out: %s', named)
            await connection.send(self._without_refused(tuple(self._latest.values())))

    def _without_refused(self, entries: Sequence[Entry]) -> JointUpdate:
        return JointUpdate(tuple(each for each in entries if each['name'] not in self._refused))


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
