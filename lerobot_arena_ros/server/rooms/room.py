# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""
One room: its members, its stored state, and the routing of messages.

No I/O: the caller passes joins, messages and departures, and gets deliveries back.

Rules of this module:

- A member is identified by the object that :meth:`Room.join` returned, never by its id alone, so
  no member can act or leave in the name of another. Ids are unique within one room.
- A message is applied completely or not at all.
- A message from a member that has left, or whose room was deleted, has no effect.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from ...arena.errors import JoinRefused, ProtocolError, RoleTaken
from ...arena.features import Feature
from ...arena.fields import shown
from ...arena.messages import (
    ClientMessage,
    EmergencyStop,
    Entry,
    ErrorReply,
    Heartbeat,
    HeartbeatAck,
    Join,
    Joined,
    JointUpdate,
    Message,
    ResetStop,
    RobotReport,
    Role,
    StateSync,
    Unknown,
)
from .counters import RoomCounters
from .limits import MAX_JOINT_NAME_CHARS, MAX_PARTICIPANT_ID_CHARS, Limits
from .memory import KnownRobot, KnownStop, check_report
from .stop_limiter import StopLimiter

__all__ = [
    'API_SOURCE',
    'DRIVER_PLACES',
    'SUPPORTED_FEATURES',
    'Delivery',
    'Member',
    'Now',
    'Room',
]

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

DRIVER_PLACES = 8
"""
Places of a room that are reserved for tokens with the role drive.

In a room with fewer than 16 places, half of them are reserved. The reserve lets the necessary
participants join a room full of watchers: a producer, the two connections of a driver's console
and the robot's bridge. It is twice their number because each of them may reconnect before its old
connection has ended.
"""

_USUAL_KEYS = frozenset(('name', 'value', 'speed'))

_IGNORED_TYPES = frozenset(
    ('joined', 'error', 'state_sync', 'heartbeat_ack', 'status_update', 'consumer_status')
)


class Now(NamedTuple):
    """
    One instant on both clocks.

    :param steady_s: seconds of the monotonic clock, for ages.
    :param stamp: UTC as ISO 8601, for messages.
    """

    steady_s: float
    stamp: str


@dataclass(frozen=True, eq=False)
class Member:
    """
    One participant in one room.

    :param features: the protocol extensions that the server uses with it.
    """

    participant_id: str
    role: Role
    room: Room
    features: frozenset[Feature] = frozenset()


class Delivery(NamedTuple):
    """A message and its recipients."""

    recipients: tuple[Member, ...]
    message: Message


class Room:
    """
    A room with at most one producer and any number of consumers.

    ``consumers`` is replaced and never modified, so an iteration over it works on a snapshot.

    :ivar stops: the rate limiter of emergency stops; the caller must ask it before
        :meth:`handle`.
    :param max_consumers: the most consumers that may join; None for no limit of the room.
    :param last_stop: the last stop of a deleted room of the same name; None if there is none.
    """

    def __init__(
        self,
        workspace_id: str,
        room_id: str,
        now: Now,
        *,
        limits: Limits,
        max_consumers: int | None = None,
        last_stop: KnownStop | None = None,
    ) -> None:
        self.workspace_id = workspace_id
        self.room_id = room_id
        self.created_s = now.steady_s
        self.active_s = now.steady_s
        self.joints: dict[str, float] = {}
        self.producer: Member | None = None
        self.consumers: tuple[Member, ...] = ()
        self.last_stop = last_stop
        self.stops: StopLimiter[Member] = StopLimiter(now.steady_s)
        self.counters = RoomCounters()
        self._robots: dict[Member, KnownRobot] = {}
        self._limits = limits
        self._max_consumers = max_consumers

    @property
    def members(self) -> tuple[Member, ...]:
        """All participants, the producer first."""
        return self.consumers if self.producer is None else (self.producer, *self.consumers)

    @property
    def robots(self) -> tuple[KnownRobot, ...]:
        """The newest state of each robot in the room."""
        return tuple(self._robots.values())

    def is_idle(self, now: Now) -> bool:
        """Return whether the room has been empty and unchanged for longer than ``idle_s``."""
        return not self.members and now.steady_s - self.active_s > self._limits.idle_s

    def rivals(self, join: Join) -> tuple[Member, ...]:
        """Return the members that conflict with a join: with the same id, or the producer role."""
        return tuple(
            member
            for member in self.members
            if member.participant_id == join.participant_id
            or (join.role is Role.PRODUCER and member.role is Role.PRODUCER)
        )

    def join(self, join: Join, now: Now, *, may_drive: bool = True) -> Member:
        """
        Add a participant.

        :param may_drive: whether its token has the role drive; without it, the participant cannot
            get one of the last :data:`DRIVER_PLACES` places.
        :raises ProtocolError: the id is too long, or reserved for commands over REST.
        :raises RoleTaken: the room has another producer.
        :raises JoinRefused: the id is taken, or the room is full.
        """
        self._check_join(join, may_drive)
        member = Member(join.participant_id, join.role, self, join.features & SUPPORTED_FEATURES)
        if join.role is Role.PRODUCER:
            self.producer = member
        else:
            self.consumers = (*self.consumers, member)
        self.active_s = now.steady_s
        return member

    def welcome(
        self, member: Member, now: Now, *, liveness_s: float | None = None
    ) -> tuple[Message, ...]:
        """
        Return the messages for a member that has just joined, in the order in which to send them.

        :param liveness_s: see :class:`.Joined`.
        """
        features = member.features
        stop = self.last_stop if Feature.LAST_STOP in features else None
        joined = Joined(
            self.room_id,
            self.workspace_id,
            member.role,
            now.stamp,
            features,
            None if stop is None else stop.to_last_stop(now.steady_s),
            liveness_s if Feature.LIVENESS in features else None,
        )
        robots = self.robots if Feature.ROBOT_STATE in features else ()
        welcome: tuple[Message, ...] = (joined, *(robot.message for robot in robots))
        if member.role is Role.PRODUCER:
            return welcome
        return StateSync(dict(self.joints), now.stamp), *welcome

    def leave(self, member: Member, now: Now) -> Delivery | None:
        """
        Remove a participant; do nothing if it has left already.

        The room keeps the joints and the stop that it sent, and drops its robot state.

        :returns: the message for the other members, if it was a robot; otherwise None.
        """
        if self.producer is member:
            self.producer = None
        else:
            self.consumers = tuple(other for other in self.consumers if other is not member)
        if self._robots.pop(member, None) is None:
            return None
        return self._to_watchers(RobotReport(None, member.participant_id, now.stamp), member)

    def clear_joints(self) -> None:
        """Clear the stored joints; keep the last stop, because a robot that joins needs it."""
        self.joints.clear()

    def dissolve(self, now: Now) -> Delivery:
        """Remove all members; return the message for them."""
        members = self.members
        self.producer, self.consumers = None, ()
        self._robots.clear()
        return Delivery(members, ErrorReply('Room deleted', now.stamp, 'room_deleted'))

    def handle(self, member: Member, message: ClientMessage, now: Now) -> Delivery | None:
        """
        Apply a member's message and return what to deliver.

        :param message: decoded with the member's features.
        :returns: None if there is nothing to deliver.
        :raises ProtocolError: a joint update or robot state exceeds a limit of the room.
        """
        if member is not self.producer and member not in self.consumers:
            return None
        self.active_s = now.steady_s
        match message:
            case JointUpdate(entries):
                if member is not self.producer:
                    return None
                return self.update(entries, member.participant_id, now)
            case EmergencyStop(reason):
                reason = reason or f'Emergency stop from {member.participant_id}'
                stop = EmergencyStop(reason, member.participant_id, now.stamp)
                self.last_stop = KnownStop(stop, now.steady_s)
                self.counters.stops += 1
                # Consumers first, because the robots that have to stop are among them.
                members = sorted(self.members, key=lambda each: each is self.producer)
                return Delivery(tuple(members), stop)
            case Heartbeat(seq):
                seq = seq if Feature.HEARTBEAT_SEQ in member.features else None
                answer = HeartbeatAck(now.stamp, self.producer is not None, seq)
                return Delivery((member,), answer)
            case RobotReport(state):
                report = RobotReport(state, member.participant_id, now.stamp)
                check_report(report, self._limits)
                self._robots[member] = KnownRobot(report, now.steady_s)
                self.counters.robot_states += 1
                return self._to_watchers(report, member)
            case ResetStop(to, stop_id=stop_id):
                return self._forward_reset(member, to, stop_id, now)
            case Unknown(kind):
                if kind in _IGNORED_TYPES:
                    return None
                text = f'Unknown message type: {kind:.100}'
                return Delivery((member,), ErrorReply(text, now.stamp, 'unknown_type'))

    def update(self, entries: tuple[Entry, ...], source: str, now: Now) -> Delivery | None:
        """
        Store joint values and return the changed ones for delivery to the consumers.

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
            return None
        message = JointUpdate(tuple(changed), now.stamp, source)
        # Encode before storing anything: unknown keys are forwarded unchecked, and a value such as
        # Infinity cannot be encoded.
        if len(message.text) > MAX_ENTRY_CHARS:
            _check_lengths(changed)
        joints.update(moved)
        self.active_s = now.steady_s
        self.counters.updates += 1
        return Delivery(self.consumers, message)

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
        return self.update(entries, API_SOURCE, now)

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

    def _check_join(self, join: Join, may_drive: bool) -> None:
        if join.participant_id == API_SOURCE:
            raise ProtocolError(
                f'participant_id {API_SOURCE!r} stands for commands over REST; choose another',
                reason='join',
            )
        if len(join.participant_id) > MAX_PARTICIPANT_ID_CHARS:
            raise ProtocolError(
                f'participant_id has at most {MAX_PARTICIPANT_ID_CHARS} characters,'
                f' got {len(join.participant_id)}',
                reason='join',
            )
        where = f'room {self.room_id!r}'
        if any(member.participant_id == join.participant_id for member in self.members):
            raise JoinRefused(f'{where} already has a participant {join.participant_id!r}')
        if join.role is Role.PRODUCER and self.producer is not None:
            holder = self.producer.participant_id
            raise RoleTaken(f'{where} has the producer {holder!r}', holder=holder)
        most = self._limits.members
        if len(self.members) >= most:
            raise JoinRefused(f'{where} takes at most {most} participants')
        kept = min(DRIVER_PLACES, most // 2)
        if not may_drive and len(self.members) >= most - kept:
            raise JoinRefused(f'{where} reserves its last {kept} places for tokens that may drive')
        if join.role is Role.CONSUMER and len(self.consumers) == self._max_consumers:
            raise JoinRefused(f'{where} takes at most {self._max_consumers} consumers')


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
