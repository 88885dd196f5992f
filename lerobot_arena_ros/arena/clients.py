# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""The public client classes: a producer or a consumer of one room."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
import logging
from typing import Any

from .client_core import RoboticsClientCore
from .connection import Connection
from .errors import ProtocolError
from .features import Feature
from .messages import Entry, ErrorReply, JointUpdate, Role, StateSync, checked_update
from .session import Event

__all__ = ['RoboticsConsumer', 'RoboticsProducer']

_logger = logging.getLogger(__name__)


class RoboticsProducer(RoboticsClientCore):
    """The participant that sends joint values to a room; a room has at most one."""

    _own_features = frozenset((Feature.REFUSED_JOINTS, Feature.STAMPS))
    _stamp_ns: int | None

    async def connect(
        self, workspace_id: str, room_id: str, participant_id: str | None = None
    ) -> bool:
        """Join a room as producer; see :meth:`.connect_to_room`."""
        return await self.connect_to_room(workspace_id, room_id, 'producer', participant_id)

    async def send_joint_update(
        self, joints: Sequence[Entry], *, stamp_ns: int | None = None
    ) -> None:
        """
        Send joints: ``{'name': str, 'value': number}``, optionally with ``speed`` and other keys.

        A joint that the room has refused, for example because of its name, is left out.

        :param stamp_ns: when the joints were measured, on the clock of the robot, in nanoseconds
            since 1970; None or 0 if that is unknown. The public server ignores it.
        :raises ValueError: not connected, or a joint or the stamp is invalid; then no joint is
            sent.
        :raises ConnectionLost: the connection was lost.
        """
        connection = self._joined('send joint updates')
        try:
            update = checked_update(list(joints), stamp_ns)
            self._latest |= {entry['name']: entry for entry in update.entries}
            self._stamp_ns = update.stamp_ns if Feature.STAMPS in connection.features else None
            # A datagram may be lost, so with lanes each update has all joints.
            has_lanes = Feature.FAST_LANE in connection.features
            entries = tuple(self._latest.values()) if has_lanes else update.entries
            await connection.send(self._without_refused(entries))
        except ProtocolError as exc:
            raise ValueError(str(exc)) from exc

    async def send_state_sync(
        self, state: Mapping[str, float], *, stamp_ns: int | None = None
    ) -> None:
        """
        Send the values of all joints by name; consumers receive them as a joint update.

        :param stamp_ns: as in :meth:`send_joint_update`.
        :raises ValueError: as in :meth:`send_joint_update`.
        :raises ConnectionLost: the connection was lost.
        """
        await self.send_joint_update(list(JointUpdate.of(state).entries), stamp_ns=stamp_ns)

    def _reset_state(self) -> None:
        self._latest: dict[str, Entry] = {}
        self._refused: dict[str, str] = {}
        self._stamp_ns = None

    async def _handle_event(self, event: Event, connection: Connection) -> None:
        """Resend the latest joints without those that the room refused."""
        if not isinstance(event, ErrorReply):
            return
        new = {name: why for name, why in event.joints.items() if name not in self._refused}
        if new:
            self._refused |= new
            named = '; '.join(f'{name!r:.60} ({why})' for name, why in new.items())
            _logger.warning('the room refused joints, which are no longer sent: %s', named)
            await connection.send(self._without_refused(tuple(self._latest.values())))

    def _without_refused(self, entries: Sequence[Entry]) -> JointUpdate:
        accepted = tuple(each for each in entries if each['name'] not in self._refused)
        return JointUpdate(accepted, stamp_ns=self._stamp_ns)


class RoboticsConsumer(RoboticsClientCore):
    """A participant that receives the joint values of a room."""

    async def connect(
        self, workspace_id: str, room_id: str, participant_id: str | None = None
    ) -> bool:
        """Join a room as consumer; see :meth:`.connect_to_room`."""
        return await self.connect_to_room(workspace_id, room_id, 'consumer', participant_id)

    async def get_state_sync(self) -> dict[str, Any]:
        """
        Return the joint values that the room has stored, by joint name.

        :raises ValueError: not connected.
        :raises ArenaError: the server was not reached or refused the request.
        """
        connection = self._joined('a room')
        state = await self._rooms.state(connection.workspace_id, connection.room_id)
        joints: dict[str, Any] = state.get('joints', {})
        return joints

    def on_state_sync(self, callback: Callable[[dict[str, float]], Any]) -> None:
        """Call ``callback(joints)`` once after each join, even if ``joints`` is empty."""
        self._callbacks.set('state_sync', callback)

    def on_joint_update(self, callback: Callable[[list[Entry]], Any]) -> None:
        """Call ``callback(entries)`` for each update, with the joints that changed."""
        self._callbacks.set('joint_update', callback)

    def on_joint_state(self, callback: Callable[[dict[str, float], int | None], Any]) -> None:
        """
        Call ``callback(joints, stamp_ns)`` with the values of all joints, after each message.

        ``stamp_ns`` is when the newest of them was measured, on the clock of the robot, in
        nanoseconds since 1970; None if the producer does not send it. Set the callback before
        connecting: only then the server also reports that a robot at rest is still measured. The
        public server knows no stamps.
        """
        self._callbacks.set('joint_state', callback)

    def on_shadow_update(self, callback: Callable[[str, list[Entry]], Any]) -> None:
        """
        Call ``callback(source, entries)`` for each update of a driver that does not have control.

        Such an update moves nothing. Set the callback before connecting, because the server sends
        them only to clients that request them in the join. The public server sends none.
        """
        self._callbacks.set('shadow_update', callback)

    def _features(self, role: Role) -> frozenset[Feature]:
        features = super()._features(role)
        if self._callbacks.has('shadow_update'):
            features |= {Feature.SHADOWS}
        return features | {Feature.STAMPS} if self._callbacks.has('joint_state') else features

    def _reset_state(self) -> None:
        self._joints: dict[str, float] = {}

    async def _handle_event(self, event: Event, connection: Connection) -> None:
        """Keep the values of all joints."""
        match event:
            case StateSync(joints):
                self._joints = dict(joints)
            case JointUpdate():
                self._joints |= event.values
            case _:
                return
        await self._callbacks.call('joint_state', dict(self._joints), event.stamp_ns)
