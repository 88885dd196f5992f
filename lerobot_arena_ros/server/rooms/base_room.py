# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""
What all rooms have in common: members, their roles and limits, idleness, and emergency stops.

:mod:`.room` has the rooms of joints, :mod:`.video_room` those of cameras.

No I/O: the caller passes joins, messages and departures, and gets deliveries back.

Rules of this module:

- A member is identified by the object that :meth:`BaseRoom.join` returned, never by its id alone,
  so no member can act or leave in the name of another.
- A message is applied completely or not at all.
- A message from a member that has left, or whose room was deleted, has no effect.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, NamedTuple

from ...arena.errors import JoinRefused, ProtocolError, RoleTaken
from ...arena.features import Feature
from ...arena.messages import (
    EmergencyStop,
    ErrorReply,
    Heartbeat,
    HeartbeatAck,
    Join,
    Joined,
    JointUpdate,
    Message,
    Role,
    Unknown,
)
from ...arena.video_messages import VideoClientMessage, VideoFrame
from .counters import RoomCounters
from .limits import MAX_PARTICIPANT_ID_CHARS, Limits
from .memory import KnownStop
from .stop_limiter import StopLimiter

__all__ = ['DRIVER_PLACES', 'BaseRoom', 'Delivery', 'Member', 'Now']

DRIVER_PLACES = 8
"""
Places of a room that are reserved for tokens with the role drive.

In a room with fewer than 16 places, half of them are reserved. The reserve lets the necessary
participants join a room full of watchers: a producer, the two connections of a driver's console
and the robot's bridge. It is twice their number because each of them may reconnect before its old
connection has ended.
"""


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

    :param participant_id: the id by which the others know it.
    :param features: the protocol extensions that the server uses with it.
    :param client_id: the id that it sent; in a video room several consumers may send the same.
    """

    participant_id: str
    role: Role
    room: BaseRoom
    features: frozenset[Feature] = frozenset()
    client_id: str = ''


class Delivery(NamedTuple):
    """
    A message and its recipients.

    :param numbered: the same for recipients with the feature ``fast_lane``: with a number, and
        with all joints of its sender; None if there is no such recipient.
    """

    recipients: tuple[Member, ...]
    message: Message | VideoFrame
    numbered: JointUpdate | None = None


class BaseRoom(ABC):
    """
    A room with at most one producer and any number of consumers.

    ``consumers`` is replaced and never modified, so an iteration over it works on a snapshot.

    :cvar log_kind: the field of log lines that names the kind of the room; joints have none.
    :cvar supported_features: the protocol extensions of this kind of room.
    :cvar ignored_types: types of messages that a client may send without effect.
    :ivar stops: the rate limiter of emergency stops; the caller must ask it before
        :meth:`handle`.
    :param max_consumers: the most consumers that may join; None for no limit of the room.
    :param last_stop: the last stop of a deleted room of the same name; None if there is none.
    """

    log_kind: ClassVar[Mapping[str, str]]
    supported_features: ClassVar[frozenset[Feature]]
    ignored_types: ClassVar[frozenset[str]]

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
        self.producer: Member | None = None
        self.consumers: tuple[Member, ...] = ()
        self.last_stop = last_stop
        self.stops: StopLimiter[Member] = StopLimiter(now.steady_s)
        self.counters = RoomCounters()
        self._limits = limits
        self._max_consumers = max_consumers
        self._set_up()

    @property
    def members(self) -> tuple[Member, ...]:
        """All participants, the producer first."""
        return self.consumers if self.producer is None else (self.producer, *self.consumers)

    @property
    def driver(self) -> Member | None:
        """The member that drives; None = nobody does."""
        return self.producer

    @property
    def log_fields(self) -> dict[str, str]:
        """The fields of log lines about this room."""
        return {'workspace': self.workspace_id, 'room': self.room_id, **self.log_kind}

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
        :raises ProtocolError: the id is too long, or reserved.
        :raises RoleTaken: the room has another producer.
        :raises JoinRefused: the id is taken, or the room is full.
        """
        participant_id = self._check_id(join)
        self._check_place(join, may_drive)
        features = join.features & self.supported_features
        member = Member(participant_id, join.role, self, features, join.participant_id)
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
        return (self._joined(member, now, self.workspace_id, liveness_s),)

    def announce(self, member: Member, now: Now) -> Delivery | None:
        """Return the message to the others about a member that has just joined, if any."""
        return None

    def leave(self, member: Member, now: Now) -> Delivery | None:
        """
        Remove a participant; do nothing if it has left already.

        :returns: the message for the other members, if any.
        """
        self._remove(member)
        return None

    @abstractmethod
    def clear_memory(self) -> None:
        """Clear what is stored except the last stop, because a robot that joins needs it."""

    def dissolve(self, now: Now) -> Delivery:
        """Remove all members; return the message for them."""
        members = self.members
        self.producer, self.consumers = None, ()
        return Delivery(members, ErrorReply('Room deleted', now.stamp, 'room_deleted'))

    @abstractmethod
    def decode(self, text: str, features: frozenset[Feature]) -> VideoClientMessage:
        """
        Decode a message of a member.

        :param features: those of the member.
        :raises ProtocolError: the message is invalid.
        """

    @abstractmethod
    def refusal_of(self, member: Member, error: ProtocolError) -> str | None:
        """Return the text for a member whose message is invalid; None to ignore the message."""

    def handle(self, member: Member, message: VideoClientMessage, now: Now) -> Delivery | None:
        """
        Apply a member's message and return what to deliver.

        :param message: decoded by :meth:`decode`.
        :returns: None if there is nothing to deliver.
        :raises ProtocolError: the message exceeds a limit of the room.
        """
        if member is not self.producer and member not in self.consumers:
            return None
        self.active_s = now.steady_s
        match message:
            case EmergencyStop(reason):
                return self._stop(member, reason or self._default_reason(member), now)
            case Heartbeat(seq):
                seq = seq if Feature.HEARTBEAT_SEQ in member.features else None
                return Delivery((member,), self._heartbeat_ack(seq, now))
            case Unknown(kind):
                if kind in self.ignored_types:
                    return None
                text = f'Unknown message type: {kind:.100}'
                return Delivery((member,), ErrorReply(text, now.stamp, 'unknown_type'))
        return self._apply(member, message, now)

    @abstractmethod
    def _set_up(self) -> None:
        """Create the memory that only this kind of room has; called once."""

    @abstractmethod
    def _apply(self, member: Member, message: VideoClientMessage, now: Now) -> Delivery | None:
        """Apply a message that only this kind of room has; as :meth:`handle`."""

    @abstractmethod
    def _note_stop(self, member: Member) -> None:
        """Change what a stop of a member changes in this kind of room."""

    @abstractmethod
    def _default_reason(self, member: Member) -> str:
        """Return the reason of a stop without one."""

    @abstractmethod
    def _heartbeat_ack(self, seq: int | None, now: Now) -> HeartbeatAck:
        """Return the answer to a heartbeat."""

    def _joined(
        self, member: Member, now: Now, workspace_id: str, liveness_s: float | None
    ) -> Joined:
        features = member.features
        stop = self.last_stop if Feature.LAST_STOP in features else None
        return Joined(
            self.room_id,
            workspace_id,
            member.role,
            now.stamp,
            features,
            None if stop is None else stop.to_last_stop(now.steady_s),
            liveness_s if Feature.LIVENESS in features else None,
        )

    def _remove(self, member: Member) -> bool:
        """Remove a participant; return whether it was in the room."""
        was_here = member in self.members
        if self.producer is member:
            self.producer = None
        else:
            self.consumers = tuple(other for other in self.consumers if other is not member)
        return was_here

    def _stop(self, member: Member, reason: str, now: Now) -> Delivery:
        stop = EmergencyStop(reason, member.participant_id, now.stamp)
        self.last_stop = KnownStop(stop, now.steady_s)
        self._note_stop(member)
        self.counters.stops += 1
        # Consumers first, because the robots that have to stop are among them.
        members = sorted(self.members, key=lambda each: each is self.producer)
        return Delivery(tuple(members), stop)

    def _check_id(self, join: Join) -> str:
        """Return the id by which the others will know a newcomer; raise if it is refused."""
        self._check_length(join.participant_id)
        if any(member.participant_id == join.participant_id for member in self.members):
            raise JoinRefused(
                f'room {self.room_id!r} already has a participant {join.participant_id!r}'
            )
        return join.participant_id

    def _check_length(self, participant_id: str) -> None:
        if len(participant_id) > MAX_PARTICIPANT_ID_CHARS:
            raise ProtocolError(
                f'participant_id has at most {MAX_PARTICIPANT_ID_CHARS} characters,'
                f' got {len(participant_id)}',
                reason='join',
            )

    def _check_place(self, join: Join, may_drive: bool) -> None:
        where = f'room {self.room_id!r}'
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
