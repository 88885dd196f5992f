# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""What all clients that send joint values have in common."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
import logging

from .client_core import RoboticsClientCore
from .connection import Connection
from .control_messages import ControlState
from .errors import ProtocolError
from .features import Feature
from .messages import Entry, ErrorReply, JointUpdate, checked_update
from .session import Event

__all__ = ['JointSender']

_logger = logging.getLogger(__name__)


class JointSender(RoboticsClientCore):
    """A client that sends joint values; see :class:`.RoboticsClientCore` for the options."""

    _own_features = frozenset((Feature.REFUSED_JOINTS, Feature.STAMPS))
    _stamp_ns: int | None
    _known_control: int | None

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
        super()._reset_state()
        self._latest: dict[str, Entry] = {}
        self._refused: dict[str, str] = {}
        self._stamp_ns = None
        self._known_control = None

    async def _handle_event(self, event: Event, connection: Connection) -> None:
        """Resend the latest joints without those that the room refused."""
        await super()._handle_event(event, connection)
        match event:
            case ControlState(number=number) if number != self._known_control:
                # The room ignores what is sent before this client knows that it has control.
                self._known_control = number
                # What was sent before the change must not move joints after it.
                self._latest.clear()
            case ErrorReply(code='not_in_control'):
                # The only news of a change for a client without the feature.
                self._latest.clear()
            case ErrorReply():
                await self._leave_out(event, connection)

    async def _leave_out(self, event: ErrorReply, connection: Connection) -> None:
        new = {name: why for name, why in event.joints.items() if name not in self._refused}
        if new:
            self._refused |= new
            named = '; '.join(f'{name!r:.60} ({why})' for name, why in new.items())
            _logger.warning('the room refused joints, which are no longer sent: %s', named)
            await connection.send(self._without_refused(tuple(self._latest.values())))

    def _without_refused(self, entries: Sequence[Entry]) -> JointUpdate:
        accepted = tuple(each for each in entries if each['name'] not in self._refused)
        return JointUpdate(accepted, stamp_ns=self._stamp_ns, control=self._known_control)
