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
from typing import ClassVar

from ...arena.control_messages import ControlPolicy, ControlRequest, ControlState
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
    ShadowUpdate,
    StateSync,
    decode_client,
)
from ...arena.video_messages import VideoClientMessage
from .base_room import BaseRoom, Delivery, Member, Now
from .control import Control
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
    """
    A room of joints; its parameters are those of :class:`.BaseRoom`.

    :ivar control: who has control; only the updates of that member count.
    """

    log_kind: ClassVar[Mapping[str, str]] = {}
    supported_features: ClassVar[frozenset[Feature]] = SUPPORTED_FEATURES
    ignored_types: ClassVar[frozenset[str]] = _IGNORED_TYPES
    _stamp_ns: int | None
    _logged_change: int

    @property
    def driver(self) -> Member | None:
        """The member that has control; otherwise the producer, which then waits for it."""
        return self.control.holder or self.producer

    @property
    def robots(self) -> tuple[KnownRobot, ...]:
        """The newest state of each robot in the room."""
        return tuple(self._robots.values())

    def welcome(
        self, member: Member, now: Now, *, liveness_s: float | None = None
    ) -> tuple[Message, ...]:
        """Return ``joined``, control, the robots, and for a consumer, first, the stored joints."""
        robots = self.robots if Feature.ROBOT_STATE in member.features else ()
        is_told = Feature.CONTROL in member.features
        self._welcomed.add(member)
        welcome: tuple[Message, ...] = (
            *super().welcome(member, now, liveness_s=liveness_s),
            *((self.control_state(now),) if is_told else ()),
            *(robot.message for robot in robots),
        )
        if member.role is Role.PRODUCER:
            return welcome
        return StateSync(dict(self.joints), now.stamp, stamp_ns=self._stamp_ns), *welcome

    def join(self, join: Join, now: Now, *, may_drive: bool = True) -> Member:
        """Add a participant; see :meth:`.BaseRoom.join`."""
        member = super().join(join, now, may_drive=may_drive)
        holder = self.control.holder
        self.control.join(member, may_drive=may_drive)
        if member in self.control.drivers:
            self._newest[member] = Newest()
        self._note_control(holder)
        return member

    def leave(self, member: Member, now: Now) -> Delivery | None:
        """
        Remove a participant; do nothing if it has left already.

        The room keeps the joints and the stop that it sent, and drops its robot state.

        :returns: the message for the other members, if it was a robot; otherwise None.
        """
        self._remove(member)
        holder = self.control.holder
        self.control.leave(member)
        self._warned.discard(member)
        self._newest.pop(member, None)
        self._note_control(holder)
        if self._robots.pop(member, None) is None:
            return None
        return self._to_watchers(RobotReport(None, member.participant_id, now.stamp), member)

    def control_state(self, now: Now) -> ControlState:
        """Return who has control, for the members and for REST."""
        return self.control.state(now, self._next_seq)

    def set_policy(self, policy: ControlPolicy) -> None:
        """Set how a driver gets control while another one has it."""
        self.control.policy = policy

    def take_change(self, now: Now) -> dict[str, str] | None:
        """Return how control has changed since the last call, for the log; None if it has not."""
        state = self.control_state(now)
        if state.number == self._logged_change:
            return None
        self._logged_change = state.number
        change = '' if state.change is None else state.change.value
        return {'holder': state.holder or '', 'change': change}

    def expire_requests(self, now: Now) -> None:
        """Refuse the requests for control that the holder has not answered in time."""
        self.control.expire(now.steady_s)

    def take_news(self, now: Now) -> tuple[Delivery, ...]:
        """Return the answers to requests for control, and who has control if that is new."""
        news = [Delivery((member,), answer) for member, answer in self.control.take_answers()]
        if self.control.take_news():
            told = (each for each in self.members if Feature.CONTROL in each.features)
            members = tuple(each for each in told if each not in self._welcomed)
            # First, so that who has taken control knows it when the answer comes.
            news.insert(0, Delivery(members, self.control_state(now)))
        self._welcomed.clear()
        return tuple(news)

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
        # The joint updates of others are ignored, so invalid ones are ignored too.
        return 'Failed to process joint update' if member in self._newest else None

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
        unsent = self._unsent
        for entry in entries:
            name, value = entry['name'], entry['value']
            if moved.get(name, joints.get(name)) != value or name in unsent:
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
        unsent.difference_update(moved)
        self._stamp_ns = stamp_ns
        self.active_s = now.steady_s
        self.counters.updates += 1
        self._frame.update({entry['name']: entry for entry in entries})
        return Delivery(self._followers, message, self._numbered(message))

    def command(self, entries: tuple[Entry, ...], now: Now) -> Delivery | None:
        """
        Apply a joint command that came over REST, as :meth:`update` does.

        :raises RoleTaken: a participant has control, or the room has a producer.
        :raises ProtocolError: as :meth:`update`.
        """
        driver = self.driver
        if driver is not None:
            holder = driver.participant_id
            if driver is self.producer:
                why = (
                    f'has the producer {holder!r}: commands over REST are accepted only without a'
                    ' producer; end that producer, or send through it'
                )
            else:
                why = (
                    f'is controlled by {holder!r}: commands over REST are accepted only while'
                    ' nobody has control; release it there, or send through it'
                )
            raise RoleTaken(
                f'room {self.room_id!r} {why}',
                holder=holder,
                status=409,
            )
        self._frame.clear()
        return self.update(entries, API_SOURCE, now)

    def _set_up(self) -> None:
        self.joints: dict[str, float] = {}
        self._stamp_ns = None
        self._robots: dict[Member, KnownRobot] = {}
        self.control = Control(ControlPolicy.FIRST)
        # The joints that the present sender has sent, with their newest entries.
        self._frame: dict[str, Entry] = {}
        # The stored joints that it has not sent since it got control. Its first value of each is
        # delivered, even if it is the stored one: a robot follows only what its driver has sent.
        self._unsent: set[str] = set()
        self._next_seq = 0
        self._logged_change = 0
        self._newest: dict[Member, Newest] = {}  # Of each driver.
        self._warned: set[Member] = set()
        self._welcomed: set[Member] = set()

    def _apply(self, member: Member, message: VideoClientMessage, now: Now) -> Delivery | None:
        match message:
            case JointUpdate():
                return self._take(member, message, now)
            case ControlRequest():
                self._handle_request(member, message, now)
            case RobotReport(state):
                report = RobotReport(state, member.participant_id, now.stamp)
                check_report(report, self._limits)
                self._robots[member] = KnownRobot(report, now.steady_s)
                self.counters.robot_states += 1
                return self._to_watchers(report, member)
            case ResetStop(to, stop_id=stop_id):
                return self._forward_reset(member, to, stop_id, now)
        return None

    @property
    def _followers(self) -> tuple[Member, ...]:
        """The consumers, without the one that has control."""
        holder = self.control.holder
        if holder is None or holder is self.producer:
            return self.consumers
        return tuple(each for each in self.consumers if each is not holder)

    def _take(self, member: Member, update: JointUpdate, now: Now) -> Delivery | None:
        """Apply what is new of an update of a driver; it may have come by another way."""
        newest = self._newest.get(member)
        newer = None if newest is None else newest.newer(update)
        if newest is None or newer is None:
            return None
        if self.control.has_effect(member, update.control):
            source = member.participant_id
            delivery = self.update(newer.entries, source, now, stamp_ns=newer.stamp_ns)
        else:
            delivery = self._shadow(member, newer, now)
        newest.note(newer)  # After the checks, so that a refused update outdates nothing.
        return delivery

    def _shadow(self, member: Member, update: JointUpdate, now: Now) -> Delivery | None:
        """
        Return an update without effect, for the members that asked for such updates.

        A producer that does not know the feature ``control`` is told once that it has no effect.

        :raises ProtocolError: as :meth:`update`.
        """
        if Feature.CONTROL not in member.features and member not in self._warned:
            self._warned.add(member)
            holder = self.control.holder
            who = 'Nobody' if holder is None else holder.participant_id
            text = f'{who} has control of this room, so your joint updates have no effect'
            return Delivery((member,), ErrorReply(text, now.stamp, 'not_in_control'))
        names = dict.fromkeys(entry['name'] for entry in update.entries)
        self._check_names([name for name in names if name not in self.joints])
        watchers = (each for each in self.members if Feature.SHADOWS in each.features)
        recipients = tuple(each for each in watchers if each is not member)
        if not recipients or not update.entries:
            return None
        source, stamp_ns = member.participant_id, update.stamp_ns
        shadow = ShadowUpdate(update.entries, now.stamp, source, stamp_ns)
        if len(shadow.text) > MAX_ENTRY_CHARS:
            _check_lengths(list(update.entries))
        return Delivery(recipients, shadow)

    def _handle_request(self, member: Member, request: ControlRequest, now: Now) -> None:
        holder = self.control.holder
        self.control.handle(member, request, now.steady_s, is_robot=member in self._robots)
        self._note_control(holder)

    def _note_control(self, before: Member | None) -> None:
        """Prepare the room for another driver, if control has changed."""
        holder = self.control.holder
        if holder is before:
            return
        self._frame.clear()
        self._warned.clear()
        self._unsent = set(self.joints)

    def _numbered(self, message: JointUpdate) -> JointUpdate | None:
        """Return an update with all joints of its sender, if a consumer may use a lane."""
        if all(Feature.FAST_LANE not in each.features for each in self.consumers):
            return None
        seq, self._next_seq = self._next_seq, self._next_seq + 1
        return replace(message, entries=tuple(self._frame.values()), seq=seq)

    def _update_stamp(self, source: str, now: Now, stamp_ns: int | None) -> Delivery | None:
        if stamp_ns is None or stamp_ns == self._stamp_ns or not self.joints:
            return None
        self._stamp_ns = stamp_ns
        consumers = tuple(each for each in self._followers if Feature.STAMPS in each.features)
        message = JointUpdate((), now.stamp, source, stamp_ns=stamp_ns)
        return Delivery(consumers, message, self._numbered(message))

    def _default_reason(self, member: Member) -> str:
        return f'Emergency stop from {member.participant_id}'

    def _heartbeat_ack(self, seq: int | None, now: Now) -> HeartbeatAck:
        return HeartbeatAck(now.stamp, self.control.holder is not None, seq)

    def _note_stop(self, member: Member) -> None:
        holder = self.control.holder
        self.control.stop(member)
        self._note_control(holder)

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
