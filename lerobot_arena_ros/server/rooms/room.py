# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""
One room of joints: its stored values, the states of its robots, and the routing of messages.

:mod:`.base_room` has what all rooms have in common, and the rules. Ids are unique within one room.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
import itertools
from typing import ClassVar

from ...arena.errors import ProtocolError, RoleTaken
from ...arena.features import Feature
from ...arena.fields import shown
from ...arena.lane.newest import Newest
from ...arena.messages import (
    Entry,
    ErrorReply,
    HeartbeatAck,
    Join,
    JointUpdate,
    Message,
    ResetStop,
    RobotReport,
    Role,
    StateSync,
    decode_client,
)
from ...arena.video_messages import VideoClientMessage
from .base_room import BaseRoom, Delivery, Member, Now
from .limits import MAX_JOINT_NAME_CHARS
from .memory import KnownRobot, check_report

__all__ = ['API_SOURCE', 'SUPPORTED_FEATURES', 'Room']

API_SOURCE = 'api'
"""The source of joint updates that came over REST."""

SUPPORTED_FEATURES = frozenset(Feature)
"""The protocol extensions that this server supports."""

MAX_ENTRY_CHARS = 2000
"""
Characters of one joint entry as JSON, with all its keys; unknown keys are forwarded unchanged.

The limit bounds memory: for each consumer that reads too slowly, the newest entry of each joint
is buffered.
"""

_USUAL_KEYS = frozenset(('name', 'value', 'speed'))

_IGNORED_TYPES = frozenset(
    ('joined', 'error', 'state_sync', 'heartbeat_ack', 'status_update', 'consumer_status')
)


class Room(BaseRoom):
    """A room of joints; its parameters are those of :class:`.BaseRoom`."""

    log_kind: ClassVar[Mapping[str, str]] = {}
    supported_features: ClassVar[frozenset[Feature]] = SUPPORTED_FEATURES
    ignored_types: ClassVar[frozenset[str]] = _IGNORED_TYPES
    _stamp_ns: int | None

    @property
    def robots(self) -> tuple[KnownRobot, ...]:
        """The newest state of each robot in the room."""
        return tuple(self._robots.values())

    def welcome(
        self, member: Member, now: Now, *, liveness_s: float | None = None
    ) -> tuple[Message, ...]:
        """Return ``joined``, the robots, and for a consumer, first, the stored joints."""
        robots = self.robots if Feature.ROBOT_STATE in member.features else ()
        welcome: tuple[Message, ...] = (
            *super().welcome(member, now, liveness_s=liveness_s),
            *(robot.message for robot in robots),
        )
        if member.role is Role.PRODUCER:
            return welcome
        return StateSync(dict(self.joints), now.stamp, stamp_ns=self._stamp_ns), *welcome

    def join(self, join: Join, now: Now, *, may_drive: bool = True) -> Member:
        """Add a participant; see :meth:`.BaseRoom.join`."""
        member = super().join(join, now, may_drive=may_drive)
        if member is self.producer:
            self._frame.clear()
            self._newest.forget()
        return member

    def leave(self, member: Member, now: Now) -> Delivery | None:
        """
        Remove a participant; do nothing if it has left already.

        The room keeps the joints and the stop that it sent, and drops its robot state.

        :returns: the message for the other members, if it was a robot; otherwise None.
        """
        self._remove(member)
        if self._robots.pop(member, None) is None:
            return None
        return self._to_watchers(RobotReport(None, member.participant_id, now.stamp), member)

    def clear_memory(self) -> None:
        """Clear the stored joints."""
        self.joints.clear()
        self._stamp_ns = None

    def dissolve(self, now: Now) -> Delivery:
        """Remove all members; return the message for them."""
        self._robots.clear()
        return super().dissolve(now)

    def decode(self, text: str, features: frozenset[Feature]) -> VideoClientMessage:
        """Decode a message of a member."""
        return decode_client(text, features)

    def refusal_of(self, member: Member, error: ProtocolError) -> str | None:
        """Return the text for a member whose message is invalid; None to ignore the message."""
        if error.reason == 'json':
            return 'Message is not a JSON object'
        if error.reason == 'robot_state':
            return 'Failed to process robot state'
        # A consumer's joint updates are ignored, so invalid ones are ignored too.
        return 'Failed to process joint update' if member.role is Role.PRODUCER else None

    def update(
        self, entries: tuple[Entry, ...], source: str, now: Now, *, stamp_ns: int | None = None
    ) -> Delivery | None:
        """
        Store joint values and return the changed ones for delivery to the consumers.

        If only the stamp is new, it is delivered without joints, to the consumers that requested
        stamps: they have to distinguish a robot at rest from one that is not measured.

        :param stamp_ns: when the joints were measured; None if that is unknown.
        :returns: None if nothing changed.
        :raises ProtocolError: a name is too long, the room has too many joints, or an entry
            cannot be encoded as JSON or has more than :data:`MAX_ENTRY_CHARS` characters.
        """
        joints = self.joints
        if not {entry['name'] for entry in entries}.issubset(joints):
            names = dict.fromkeys(entry['name'] for entry in entries)
            self._check_names([name for name in names if name not in joints])
        moved: dict[str, float] = {}
        changed = []
        for entry in entries:
            name, value = entry['name'], entry['value']
            if moved.get(name, joints.get(name)) != value:
                moved[name] = value
                changed.append(entry)
        if not changed:
            return self._update_stamp(source, now, stamp_ns)
        message = JointUpdate(tuple(changed), now.stamp, source, stamp_ns=stamp_ns)
        # Encode before storing anything: unknown keys are forwarded unchecked, and a value such as
        # Infinity cannot be encoded.
        if len(message.text) > MAX_ENTRY_CHARS:
            _check_lengths(changed)
        joints.update(moved)
        self._stamp_ns = stamp_ns
        self.active_s = now.steady_s
        self.counters.updates += 1
        self._frame.update({entry['name']: entry for entry in entries})
        return Delivery(self.consumers, message, self._numbered(message))

    def command(self, entries: tuple[Entry, ...], now: Now) -> Delivery | None:
        """
        Apply a joint command that came over REST, as :meth:`update` does.

        :raises RoleTaken: the room has a producer.
        :raises ProtocolError: as :meth:`update`.
        """
        if self.producer is not None:
            holder = self.producer.participant_id
            raise RoleTaken(
                f'room {self.room_id!r} has the producer {holder!r}: commands over REST are'
                ' accepted only without a producer; end that producer, or send through it',
                holder=holder,
                status=409,
            )
        self._frame.clear()
        return self.update(entries, API_SOURCE, now)

    def _set_up(self) -> None:
        self.joints: dict[str, float] = {}
        self._stamp_ns = None
        self._robots: dict[Member, KnownRobot] = {}
        # The joints that the present sender has sent, with their newest entries.
        self._frame: dict[str, Entry] = {}
        self._seqs = itertools.count()
        self._newest = Newest()

    def _apply(self, member: Member, message: VideoClientMessage, now: Now) -> Delivery | None:
        match message:
            case JointUpdate() if member is self.producer:
                return self._take(message, member.participant_id, now)
            case RobotReport(state):
                report = RobotReport(state, member.participant_id, now.stamp)
                check_report(report, self._limits)
                self._robots[member] = KnownRobot(report, now.steady_s)
                self.counters.robot_states += 1
                return self._to_watchers(report, member)
            case ResetStop(to, stop_id=stop_id):
                return self._forward_reset(member, to, stop_id, now)
        return None

    def _take(self, update: JointUpdate, source: str, now: Now) -> Delivery | None:
        """Apply what is new of an update of the producer; it may have come by another way."""
        newer = self._newest.newer(update)
        if newer is None:
            return None
        delivery = self.update(newer.entries, source, now, stamp_ns=newer.stamp_ns)
        self._newest.note(newer)  # After the checks, so that only joints of the room are kept.
        return delivery

    def _numbered(self, message: JointUpdate) -> JointUpdate | None:
        """Return an update with all joints of its sender, if a consumer may use a lane."""
        if all(Feature.FAST_LANE not in each.features for each in self.consumers):
            return None
        return replace(message, entries=tuple(self._frame.values()), seq=next(self._seqs))

    def _update_stamp(self, source: str, now: Now, stamp_ns: int | None) -> Delivery | None:
        if stamp_ns is None or stamp_ns == self._stamp_ns or not self.joints:
            return None
        self._stamp_ns = stamp_ns
        consumers = tuple(each for each in self.consumers if Feature.STAMPS in each.features)
        message = JointUpdate((), now.stamp, source, stamp_ns=stamp_ns)
        return Delivery(consumers, message, self._numbered(message))

    def _default_reason(self, member: Member) -> str:
        return f'Emergency stop from {member.participant_id}'

    def _heartbeat_ack(self, seq: int | None, now: Now) -> HeartbeatAck:
        return HeartbeatAck(now.stamp, self.producer is not None, seq)

    def _to_watchers(self, report: RobotReport, robot: Member) -> Delivery:
        """Address a report to all members with the feature, except robots: they do not show it."""
        watchers = (each for each in self.members if Feature.ROBOT_STATE in each.features)
        others = (each for each in watchers if each is not robot and each not in self._robots)
        return Delivery(tuple(others), report)

    def _forward_reset(
        self, member: Member, to: str | None, stop_id: str | None, now: Now
    ) -> Delivery:
        for robot in self.members:
            if robot.participant_id == to and Feature.REMOTE_RESET in robot.features:
                request = ResetStop(None, member.participant_id, now.stamp, stop_id)
                return Delivery((robot,), request)
        text = f'No robot {shown(to)} in this room allows a reset from the room'
        return Delivery((member,), ErrorReply(text, now.stamp, 'no_such_robot'))

    def _check_names(self, unseen: Sequence[str]) -> None:
        """
        Check the names and the number of joints that are new to the room.

        :raises ProtocolError: some of them are refused; ``joints`` has their names.
        """
        long = {
            name: f'a name has at most {MAX_JOINT_NAME_CHARS} characters, got {len(name)}'
            for name in unseen
            if len(name) > MAX_JOINT_NAME_CHARS
        }
        if long:
            name, why = next(iter(long.items()))
            raise ProtocolError(f'joint {name!r:.60}: {why}', reason='name', joints=long)
        left = max(0, self._limits.joints - len(self.joints))
        if len(unseen) > left:
            why = f'the room remembers at most {self._limits.joints} joints'
            raise ProtocolError(
                f'room {self.room_id!r} remembers at most {self._limits.joints} joints',
                reason='name',
                joints=dict.fromkeys(unseen[left:], why),
            )

    def _check_id(self, join: Join) -> str:
        if join.participant_id == API_SOURCE:
            raise ProtocolError(
                f'participant_id {API_SOURCE!r} stands for commands over REST; choose another',
                reason='join',
            )
        return super()._check_id(join)


def _check_lengths(entries: list[Entry]) -> None:
    for entry in entries:
        # An entry with the usual keys is short: names have their own limit, and values are floats.
        if not entry.keys() <= _USUAL_KEYS:
            length = len(JointUpdate((entry,)).text)
            if length > MAX_ENTRY_CHARS:
                raise ProtocolError(
                    f'joint {entry["name"]!r:.60}: with all its keys it has at most'
                    f' {MAX_ENTRY_CHARS} characters, got {length}',
                    reason='shape',
                )
