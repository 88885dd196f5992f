# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""Connects the rooms with the connections of their participants."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from itertools import islice
import time
from typing import TypeVar

from ...arena.control_messages import ControlAction, ControlRequest
from ...arena.errors import AccessDenied, ProtocolError, RequestRejected
from ...arena.features import Feature
from ...arena.messages import (
    EmergencyStop,
    Entry,
    ErrorReply,
    Join,
    JointUpdate,
    LaneRequest,
    ResetStop,
    Role,
)
from ..access.admission import Admission
from ..access.rules import Actor
from ..access.tokens import Access, NotAllowed, Tokens
from ..error_codes import code_of
from ..log.rate_limited_log import RateLimitedLog
from ..rooms.base_room import BaseRoom, Delivery, Member
from ..rooms.counters import Counters
from ..rooms.limits import Limits, Policy, Timing
from ..rooms.registry import Place, Registry
from ..rooms.room import Room
from ..rooms.stop_limiter import PERIOD_S
from ..rooms.video_room import VideoRoom
from .clock import now
from .control_relay import ControlRelay
from .lanes import Lanes
from .participant_connection import ParticipantConnection, frame_of
from .signal_relay import SignalRelay

__all__ = ['ConnectionManager']

MAX_NAMED = 100
"""The most refused joints that one error names."""

MAX_NAMED_CHARS = 1000
"""The most characters of a joint name that an error repeats."""

ROOM_DELETED = 4404
"""The close code for participants whose room was deleted."""

POLICY_VIOLATION = 1008
"""The close code for participants whose token is no longer valid."""

SILENT = 4408
"""The close code for a participant that has sent no message for ``liveness_s``."""

LIVENESS_CHECKS = 5
"""How many times per ``liveness_s`` the server checks whether participants send messages."""

REPLACED = 4409
"""The close code for a participant that was replaced by a newer one with the same id."""

AnyRoom = TypeVar('AnyRoom', bound=BaseRoom)

_REVOKED = 'The token is not valid any more'


class ConnectionManager:
    """
    Applies the messages of participants to rooms, and delivers the results to connections.

    :ivar registry: the rooms of joints.
    :ivar video: the rooms of cameras.
    :ivar lanes: the fast lanes of participants.
    :ivar signals: forwards the signals of WebRTC that are posted.
    :param tokens: the valid tokens; None if the server needs no token.
    """

    def __init__(
        self,
        limits: Limits,
        timing: Timing,
        policy: Policy,
        log: RateLimitedLog,
        tokens: Tokens | None = None,
    ) -> None:
        self.tokens = Tokens() if tokens is None else tokens
        self.limits = limits
        self.timing = timing
        self.policy = policy
        self.counters = Counters()
        self.log = log
        self.registry = Registry(limits, Room)
        self.video = Registry(limits, VideoRoom)
        self.admission = Admission(limits)
        self.lanes = Lanes(limits.fast_lanes, limits.frames_hz, self._handle_datagram)
        self._connections: dict[Member, ParticipantConnection] = {}
        self._rooms_with_waiting: set[BaseRoom] = set()
        self._requests: set[asyncio.Task[None]] = set()
        self._control = ControlRelay(self._deliver, self._log_fields, self.counters, self.log)
        self.signals = SignalRelay(
            self.video, self._actor_of, self._deliver, self.counters, self.log
        )

    def participants_by_token(self) -> Counter[str]:
        """Count the participants by token name; the name is empty without a token."""
        return Counter(connection.actor.token for connection in self._connections.values())

    async def join(self, place: Place, join: Join, connection: ParticipantConnection) -> Member:
        """
        Add a participant to a room and send it the welcome messages.

        The current holder of the id or role is pinged first, and disconnected if it does not
        answer, because a robot that lost its network reconnects before its old connection is
        known to be dead. A holder is not pinged if its token allows more than that of the
        newcomer.

        :raises AccessDenied: the token is no longer valid.
        :raises NotAllowed: the token does not allow the role in this workspace.
        :raises RoomNotFound: the room does not exist.
        :raises JoinRefused: the id or the role is in use, or the room is full.
        :raises ProtocolError: see :meth:`.Room.join`.
        """
        actor = connection.actor
        self._check_valid(actor)
        if not self.lanes.are_offered:
            join = replace(join, features=join.features - {Feature.FAST_LANE})
        wanted = Access.DRIVE if join.role is Role.PRODUCER else Access.WATCH
        actor.require(wanted, place.workspace_id)
        for rival in place.room.rivals(join):
            holder = self._connections.get(rival)
            if holder is None or self._may_replace(rival, join, actor):
                continue
            if actor.granted.access >= holder.actor.granted.access:
                with_message = Feature.LIVENESS in rival.features
                if not await holder.is_alive(self.timing.probe_s, with_message=with_message):
                    self._disconnect_unresponsive(rival)
                self._check_valid(actor)
        room = place.room
        rivals = room.rivals(join)
        # Replace no rival if another rival prevents the join.
        if all(self._may_replace(rival, join, actor) for rival in rivals):
            for rival in rivals:
                self._replace(rival)
        may_drive = actor.granted.access >= Access.DRIVE
        member = room.join(join, now(), may_drive=may_drive)
        self._connections[member] = connection
        connection.on_close = partial(self.leave, member)
        for message in room.welcome(member, now(), liveness_s=self.timing.liveness_s):
            connection.put(message)
        self.log.record_often('joined', **self._log_fields(member))
        self._deliver(room.announce(member, now()))
        self._control.deliver_news(room, member)
        return member

    def leave(self, member: Member) -> None:
        """Remove a participant from its room; do nothing if it has left already."""
        self._forward(member, *member.room.stops.remove(member))
        self.lanes.remove(member)
        delivery = member.room.leave(member, now())
        self._control.deliver_news(member.room, member)
        if member in self._connections:
            self.log.record_often('left', **self._log_fields(member))
            del self._connections[member]
        self._deliver(delivery)

    def handle_message(self, member: Member, text: str) -> None:
        """Handle a participant's message."""
        self.counters.frames_in += 1
        try:
            message = member.room.decode(text, member.features)
            if isinstance(message, ResetStop):
                self._connections[member].actor.require(Access.DRIVE, member.room.workspace_id)
            if isinstance(message, EmergencyStop):
                self._handle_stop(member, message)
            elif isinstance(message, LaneRequest):
                self._answer_lane_request(member, message)
            elif isinstance(message, ControlRequest):
                self._control.handle(member, message)
            elif not isinstance(message, ResetStop):
                self._deliver(member.room.handle(member, message, now()))
            elif not member.room.stops.queue_behind(member, message):
                self._forward(member, message)
        except ProtocolError as exc:
            self._reject_message(member, exc)
        except NotAllowed as exc:
            self._deny(member, exc)

    def handle_rate_limited(self, member: Member, text: str) -> None:
        """Handle a rate-limited message: only emergency stops and releases of control count."""
        self.counters.frames_in += 1
        # Search before decoding, which costs far more. JSON can hide the word only with escapes.
        if all(word not in text for word in ('emergency_stop', 'release_control', '\\')):
            return
        try:
            message = member.room.decode(text, member.features)
        except ProtocolError:
            return
        match message:
            case EmergencyStop():
                self._handle_stop(member, message)
            case ControlRequest(action=ControlAction.RELEASE):
                self._control.handle(member, message)

    def _handle_datagram(self, member: Member, text: str) -> None:
        """Handle a message that came by a lane: only stops and numbered joint updates."""
        try:
            message = member.room.decode(text, member.features)
            if isinstance(message, EmergencyStop):
                self._handle_stop(member, message)
            elif isinstance(message, JointUpdate) and message.seq is not None:
                self._deliver(member.room.handle(member, message, now()))
        except ProtocolError as exc:
            self._reject_message(member, exc)

    def _answer_lane_request(self, member: Member, request: LaneRequest) -> None:
        connection = self._connections.get(member)
        if connection is not None:
            task = asyncio.create_task(self._request_lane(member, connection, request))
            self._requests.add(task)
            task.add_done_callback(self._requests.discard)

    async def _request_lane(
        self, member: Member, connection: ParticipantConnection, request: LaneRequest
    ) -> None:
        may_drive = connection.actor.granted.access >= Access.DRIVE
        answer = await self.lanes.request(member, connection, request, may_drive=may_drive)
        if answer.reason is not None:
            self.counters.refused['lane_refused'] += 1
            self.log.note('lane_refused', detail=answer.reason, **self._log_fields(member))
        connection.put(answer)

    def command(
        self, workspace_id: str, room_id: str, entries: tuple[Entry, ...], sender: Actor
    ) -> int:
        """
        Move joints in a room that nobody drives.

        :param sender: the sender of the request; its access must have been checked.
        :returns: the number of entries that changed a joint.
        :raises RequestRejected: the server does not accept commands over REST (403).
        :raises RoleTaken: a participant drives the room; robots get commands from one source.
        :raises RoomNotFound: the room does not exist.
        :raises ProtocolError: the joints exceed a limit of the room.
        """
        if not self.policy.commands:
            raise RequestRejected(
                'this server accepts no commands over REST; join the room as its producer',
                status=403,
            )
        room = self.registry.room(workspace_id, room_id)
        delivery = room.command(entries, now())
        self._deliver(delivery)
        fields = {**sender.log_fields, 'workspace': workspace_id, 'room': room_id}
        self.log.record_often('command', **fields)
        match delivery:
            case Delivery(message=JointUpdate(changed)):
                return len(changed)
            case _:
                return 0

    def create(
        self,
        rooms: Registry[AnyRoom],
        workspace_id: str,
        room_id: str | None,
        sender: Actor,
        *,
        max_consumers: int | None = None,
        prepare: Callable[[AnyRoom], object] | None = None,
    ) -> AnyRoom:
        """
        Create a room, or return the existing one; ``fresh_rooms`` clears its memory.

        :param rooms: the rooms of its kind.
        :param sender: the sender of the request; its access must have been checked.
        :param prepare: called with a room that is new or cleared.
        :raises RequestRejected: see :meth:`.Registry.create`.
        """
        is_new = not (room_id and rooms.has(workspace_id, room_id))
        room = rooms.create(
            workspace_id,
            room_id,
            now(),
            max_consumers=max_consumers,
            clear=self.policy.fresh_rooms,
            prepare=prepare,
            workspaces=sender.granted.workspaces,
        )
        if is_new:
            self.log.record_often('room_created', **sender.log_fields, **room.log_fields)
        return room

    def delete(self, place: Place, sender: Actor) -> None:
        """
        Delete a room and disconnect its members.

        Members with features get an error message first. Members without features get only the
        close code, because public clients log each error message as an error, even if they deleted
        the room themselves.

        :param sender: the sender of the request; its access must have been checked.
        :raises RoomNotFound: the room does not exist.
        """
        room = place.room
        for member in room.members:
            self._forward(member, *room.stops.remove(member))
        delivery = place.rooms.delete(place.workspace_id, place.room_id, now())
        recipients = tuple(member for member in delivery.recipients if member.features)
        self._deliver(delivery._replace(recipients=recipients))
        for member in delivery.recipients:
            connection = self._connections.pop(member, None)
            if connection is not None:
                connection.close(ROOM_DELETED, 'room deleted')
        self.log.record_often('room_deleted', **sender.log_fields, **room.log_fields)

    def sweep_all(self) -> None:
        """Delete idle rooms of each kind."""
        self.sweep(self.registry)
        self.sweep(self.video)

    def sweep(self, rooms: Registry[BaseRoom], sender: Actor | None = None) -> int:
        """
        Delete idle rooms of one kind; return how many.

        :param sender: the sender of the request; None for the server itself.
        """
        dropped = rooms.sweep(now())
        if dropped:
            fields = {} if sender is None else sender.log_fields
            self.log.record('rooms_swept', count=dropped, **fields, **rooms.log_kind)
        return dropped

    def keep_alive(self) -> None:
        """Disconnect participants that sent nothing for two periods, and ping the others."""
        for member, connection in tuple(self._connections.items()):
            if connection.silent_s > 2 * self.timing.keepalive_s:
                self._disconnect_unresponsive(member)
            else:
                connection.ping()

    def revoke(self) -> None:
        """Disconnect each participant whose token is gone or has changed."""
        for member, connection in tuple(self._connections.items()):
            if connection.actor.grant not in self.tokens:
                self.log.record('token_revoked', **self._log_fields(member))
                connection.put(ErrorReply(_REVOKED, now().stamp, 'access_denied'))
                connection.close(POLICY_VIOLATION, 'token revoked')
                self.leave(member)

    def check_liveness(self) -> None:
        """Disconnect participants whose program is frozen while their socket answers pings."""
        for member, connection in tuple(self._connections.items()):
            if Feature.LIVENESS not in member.features:
                continue
            if connection.count_silent_check() >= LIVENESS_CHECKS:
                self._disconnect_silent(member, connection)

    def _actor_of(self, member: Member) -> Actor:
        return self._connections[member].actor

    def _check_valid(self, actor: Actor) -> None:
        if actor.grant not in self.tokens:
            raise AccessDenied(_REVOKED, status=401)

    def _may_replace(self, rival: Member, join: Join, newcomer: Actor) -> bool:
        """Return whether a newcomer may replace the holder of its id, even a live one."""
        holder = self._connections.get(rival)
        if holder is None or rival.participant_id != join.participant_id:
            return False
        held, given = holder.actor.granted, newcomer.granted
        if given.access > held.access:
            return True
        return self.policy.newest_wins and (given == held or given.access is Access.ADMIN)

    def _deliver(self, delivery: Delivery | None) -> None:
        if delivery is None:
            return
        match delivery.message:
            case ErrorReply(code='unknown_type' | 'no_such_robot' | 'not_in_control' as code):
                self.counters.refused[code] += 1
        if not delivery.recipients:
            return
        frame = frame_of(delivery.message)
        numbered = delivery.numbered
        numbered_frame = None if numbered is None else frame_of(numbered)
        for member in delivery.recipients:
            # put() may close a slow connection, and its member then leaves during this loop.
            connection = self._connections.get(member)
            if connection is None:
                continue
            if numbered is not None and Feature.FAST_LANE in member.features:
                connection.put(numbered, numbered_frame)
            else:
                connection.put(delivery.message, frame)

    def _reject_message(self, member: Member, error: ProtocolError) -> None:
        text = member.room.refusal_of(member, error)
        if text is None:
            return
        code = code_of(error)
        self.counters.refused[code] += 1
        self.log.note('bad_frame', code=code, detail=error, **self._log_fields(member))
        connection = self._connections.get(member)
        if connection is not None:
            joints = error.joints if Feature.REFUSED_JOINTS in member.features else {}
            connection.put(ErrorReply(text, now().stamp, code, _limit_names(joints)))

    def _handle_stop(self, member: Member, stop: EmergencyStop) -> None:
        connection = self._connections.get(member)
        if connection is None:
            return
        is_named = Feature.FAST_LANE in member.features
        if not connection.seen_stops.is_new(stop.stop_id if is_named else None):
            return
        room = member.room
        if room.stops.submit(member, stop, time.monotonic()):
            self._forward(member, stop)
        elif room not in self._rooms_with_waiting:
            self._rooms_with_waiting.add(room)
            self._schedule_forward(room)

    def _schedule_forward(self, room: BaseRoom) -> None:
        asyncio.get_running_loop().call_later(PERIOD_S, self._forward_due, room)

    def _forward_due(self, room: BaseRoom) -> None:
        for member in room.stops.due(time.monotonic()):
            # Take one at a time, because a member may leave during this loop, with its queue.
            self._forward(member, *room.stops.take(member))
        if room.stops.has_waiting:
            self._schedule_forward(room)
        else:
            self._rooms_with_waiting.discard(room)

    def _forward(self, member: Member, *messages: EmergencyStop | ResetStop) -> None:
        for message in messages:
            self._deliver(member.room.handle(member, message, now()))
            self._control.deliver_news(member.room, member)
            if isinstance(message, EmergencyStop):
                self._record('emergency_stop', member, reason=message.reason)
            else:
                self._record('reset_requested', member, robot=message.to)

    def _record(self, event: str, member: Member, **values: object) -> None:
        self.log.record_often(event, **values, **self._log_fields(member))

    def _deny(self, member: Member, error: NotAllowed) -> None:
        code = code_of(error)
        self.counters.refused[code] += 1
        fields = self._log_fields(member)
        self.log.note(code, detail=error, **fields)
        self.log.sample('refused', code=code, what='reset_stop', **fields)
        connection = self._connections.get(member)
        if connection is not None:
            connection.put(ErrorReply(str(error), now().stamp, code))

    def _log_fields(self, member: Member) -> dict[str, object]:
        connection = self._connections.get(member)
        actor = None if connection is None else connection.actor
        return {
            'peer': '' if actor is None else actor.address,
            'token': '' if actor is None else actor.token,
            **member.room.log_fields,
            'participant': member.participant_id,
            'role': member.role.value,
        }

    def _replace(self, member: Member) -> None:
        self.log.record_often('replaced', **self._log_fields(member))
        connection = self._connections[member]
        connection.put(ErrorReply('Replaced by a newer connection', now().stamp, 'replaced'))
        connection.close(REPLACED, 'replaced')
        self.leave(member)

    def _disconnect_silent(self, member: Member, connection: ParticipantConnection) -> None:
        self.counters.refused['silent'] += 1
        self.log.note('silent', **self._log_fields(member))
        text = f'No message came from this participant for {self.timing.liveness_s:g} s'
        connection.put(ErrorReply(text, now().stamp, 'silent'))
        connection.close(SILENT, 'silent')

    def _disconnect_unresponsive(self, member: Member) -> None:
        self.counters.refused['no_answer'] += 1
        self.log.note('no_answer', **self._log_fields(member))
        connection = self._connections.get(member)
        self.leave(member)
        if connection is not None:
            connection.abort()


def _limit_names(joints: Mapping[str, str]) -> dict[str, str]:
    """Return the refused joints that an error names, without very long names."""
    short = ((name, why) for name, why in joints.items() if len(name) <= MAX_NAMED_CHARS)
    return dict(islice(short, MAX_NAMED))
