# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""The public client classes of one role: a producer or a consumer of one room."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .client_core import RoboticsClientCore
from .connection import Connection
from .features import Feature
from .joint_sender import JointSender
from .messages import Entry, JointUpdate, Role, StateSync
from .session import Event

__all__ = ['RoboticsConsumer', 'RoboticsProducer']


class RoboticsProducer(JointSender):
    """
    The participant that sends joint values to a room; a room has at most one.

    A server with the feature ``control`` may hand over control to an operator meanwhile; then the
    updates of the producer have no effect. ``on_control`` tells who has it.
    """

    async def connect(
        self, workspace_id: str, room_id: str, participant_id: str | None = None
    ) -> bool:
        """Join a room as producer; see :meth:`.connect_to_room`."""
        return await self.connect_to_room(workspace_id, room_id, 'producer', participant_id)


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
        Call ``callback(participant_id, entries)`` for each update of a driver without control.

        It has no effect; use it to compare a policy with who drives. Set the callback before
        connecting, because the server sends such updates only to clients that request them.
        """
        self._callbacks.set('shadow_update', callback)

    def _features(self, role: Role) -> frozenset[Feature]:
        features = super()._features(role)
        if self._callbacks.has('joint_state'):
            features |= {Feature.STAMPS}
        return features | {Feature.SHADOWS} if self._callbacks.has('shadow_update') else features

    def _reset_state(self) -> None:
        super()._reset_state()
        self._joints: dict[str, float] = {}

    async def _handle_event(self, event: Event, connection: Connection) -> None:
        """Keep the values of all joints."""
        await super()._handle_event(event, connection)
        match event:
            case StateSync(joints):
                self._joints = dict(joints)
            case JointUpdate():
                self._joints |= event.values
            case _:
                return
        await self._callbacks.call('joint_state', dict(self._joints), event.stamp_ns)
