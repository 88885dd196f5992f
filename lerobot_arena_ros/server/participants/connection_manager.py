"""The rooms and the connections of those who are in them."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Mapping
from datetime import datetime, timezone
from functools import partial
from itertools import islice
import time

from ...arena.errors import AccessDenied, ProtocolError, RequestRejected
from ...arena.features import Feature
from ...arena.messages import (
    EmergencyStop,
    Entry,
    ErrorReply,
    Join,
    JointUpdate,
    ResetStop,
    Role,
    decode_client,
)
from ..access.admission import Admission
from ..access.rules import Actor
from ..access.tokens import Access, NotAllowed, Tokens
from ..error_codes import code_of
from ..log.rate_limited_log import RateLimitedLog
from ..rooms.counters import Counters
from ..rooms.limits import Limits, Policy, Timing
from ..rooms.registry import Registry
from ..rooms.room import Delivery, Member, Now, Room
from ..rooms.stop_limiter import PERIOD_S
from .connection import Connection, frame_of

__all__ = ['ConnectionManager', 'now']

MAX_NAMED = 100
"""So many refused joints are named in one error."""

MAX_NAMED_CHARS = 1000
"""The longest name that an error repeats."""

ROOM_DELETED = 4404
"""The close code for those whose room was deleted."""

POLICY_VIOLATION = 1008
"""The close code for those whose token is not valid any more."""

SILENT = 4408
"""The close code for a participant whose program has sent nothing for too long."""

LIVENESS_CHECKS = 5
"""How many times in ``liveness_s`` the server looks whether participants have sent something."""

REPLACED = 4409
"""The close code for who was replaced by a newcomer under the same id."""

_REVOKED = 'The token is not valid any more'


class ConnectionManager:
    """
    Carries to the connections what the rooms decide.

    :param tokens: those that are valid; None where none is needed.
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
        self.registry = Registry(limits)
        self.admission = Admission(limits)
        self._connections: dict[Member, Connection] = {}
        self._rooms_with_waiting: set[Room] = set()

    @property
    def connection_count(self) -> int:
        """Participants in all rooms together."""
        return len(self._connections)

    def participants_by_token(self) -> Counter[str]:
        """Count the participants by the name of their token, empty without one."""
        return Counter(connection.actor.token for connection in self._connections.values())

    async def join(
        self, workspace_id: str, room_id: str, join: Join, connection: Connection
    ) -> Member:
        """
        Take a participant in and welcome it.

        Who stands in its way is asked for a sign of life first and put out without one: a robot
        that lost its network is back before its old connection is known to be dead. A participant
        whose token allows more is not asked by one whose token allows less.

        :raises AccessDenied: the token is not valid any more.
        :raises NotAllowed: the token does not allow the role in this workspace.
        :raises RoomNotFound: there is no such room.
        :raises JoinRefused: the id or the role is taken, or the room is full.
        :raises ProtocolError: see :meth:`.Room.join`.
        """
        actor = connection.actor
        self._check_valid(actor)
        wanted = Access.DRIVE if join.role is Role.PRODUCER else Access.WATCH
        actor.require(wanted, workspace_id)
        for rival in self.registry.room(workspace_id, room_id).rivals(join):
            holder = self._connections.get(rival)
            if holder is None or self._may_replace(rival, join, actor):
                continue
            if actor.granted.access >= holder.actor.granted.access:
                with_message = Feature.LIVENESS in rival.features
                if not await holder.is_alive(self.timing.probe_s, with_message=with_message):
                    self._disconnect_unresponsive(rival)
                self._check_valid(actor)
        room = self.registry.room(workspace_id, room_id)
        rivals = room.rivals(join)
        # Nobody is replaced by a newcomer that another rival keeps out.
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
        return member

    def leave(self, member: Member) -> None:
        """Take a participant out of its room; leaving twice is fine."""
        self._forward(member, *member.room.stops.forget(member))
        delivery = member.room.leave(member, now())
        if member in self._connections:
            self.log.record_often('left', **self._log_fields(member))
            del self._connections[member]
        self._deliver(delivery)

    def handle_message(self, member: Member, text: str) -> None:
        """Do what a participant's message asks for."""
        self.counters.frames_in += 1
        try:
            message = decode_client(text, member.features)
            if isinstance(message, ResetStop):
                self._connections[member].actor.require(Access.DRIVE, member.room.workspace_id)
            if isinstance(message, EmergencyStop):
                self._handle_stop(member, message)
            elif not isinstance(message, ResetStop):
                self._deliver(member.room.handle(member, message, now()))
            elif not member.room.stops.queue_behind(member, message):
                self._forward(member, message)
        except ProtocolError as exc:
            self._reject_message(member, exc)
        except NotAllowed as exc:
            self._deny(member, exc)

    def handle_rate_limited(self, member: Member, text: str) -> None:
        """Listen to what a participant says too often: a stop counts, nothing else does."""
        self.counters.frames_in += 1
        # Decoding costs more than all the rest, and JSON can hide a word in escapes only.
        if 'emergency_stop' not in text and '\\' not in text:
            return
        try:
            message = decode_client(text)
        except ProtocolError:
            return
        if isinstance(message, EmergencyStop):
            self._handle_stop(member, message)

    def command(
        self, workspace_id: str, room_id: str, entries: tuple[Entry, ...], sender: Actor
    ) -> int:
        """
        Move joints in a room without a producer.

        :param sender: who asks for it; already known to be allowed to.
        :returns: how many entries changed something.
        :raises RequestRejected: the server does not do this (403).
        :raises RoleTaken: the room has a producer, whose robots would get commands of two.
        :raises RoomNotFound: there is no such room.
        :raises ProtocolError: the room does not take these joints.
        """
        if not self.policy.commands:
            raise RequestRejected(
                'this server takes no commands over REST; join the room as its producer',
                status=403,
            )
        room = self.registry.room(workspace_id, room_id)
        delivery = room.command(entries, now())
        self._deliver(delivery)
        who = {**sender.log_fields, 'workspace': workspace_id, 'room': room_id}
        self.log.record_often('command', **who)
        match delivery:
            case Delivery(message=JointUpdate(changed)):
                return len(changed)
            case _:
                return 0

    def create(
        self, workspace_id: str, room_id: str | None, max_consumers: int | None, sender: Actor
    ) -> Room:
        """
        Make a room; one that exists already stays, with or without its memory.

        :param sender: who asks for it; already known to be allowed to.
        :raises RequestRejected: see :meth:`.Registry.create`.
        """
        is_new = not (room_id and self.registry.has(workspace_id, room_id))
        room = self.registry.create(
            workspace_id,
            room_id,
            now(),
            max_consumers=max_consumers,
            forget=self.policy.fresh_rooms,
            workspaces=sender.granted.workspaces,
        )
        if is_new:
            where = {'workspace': workspace_id, 'room': room.room_id}
            self.log.record_often('room_created', **sender.log_fields, **where)
        return room

    def delete(self, workspace_id: str, room_id: str, sender: Actor) -> None:
        """
        Delete a room and tell those who are in it.

        A participant without features learns it from the close code alone: public clients log each
        error message as an error, also when they deleted the room themselves.

        :param sender: who asks for it; already known to be allowed to.
        :raises RoomNotFound: there is none.
        """
        room = self.registry.room(workspace_id, room_id)
        for member in room.members:
            self._forward(member, *room.stops.forget(member))
        delivery = self.registry.delete(workspace_id, room_id, now())
        told = tuple(member for member in delivery.recipients if member.features)
        self._deliver(delivery._replace(recipients=told))
        for member in delivery.recipients:
            connection = self._connections.pop(member, None)
            if connection is not None:
                connection.close(ROOM_DELETED, 'room deleted')
        where = {'workspace': workspace_id, 'room': room_id}
        self.log.record_often('room_deleted', **sender.log_fields, **where)

    def sweep(self, sender: Actor | None = None) -> int:
        """
        Delete idle rooms; return how many.

        :param sender: who asks for it; None for the server itself.
        """
        dropped = self.registry.sweep(now())
        if dropped:
            who = {} if sender is None else sender.log_fields
            self.log.record('rooms_swept', count=dropped, **who)
        return dropped

    def keep_alive(self) -> None:
        """Put out who has been silent for long and ask everybody else for a sign of life."""
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

    def _check_valid(self, actor: Actor) -> None:
        if actor.grant not in self.tokens:
            raise AccessDenied(_REVOKED, status=401)

    def _may_replace(self, rival: Member, join: Join, newcomer: Actor) -> bool:
        """Say whether a newcomer takes the place of the holder of its id, alive or not."""
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
            case ErrorReply(code='unknown_type' | 'no_such_robot' as code):
                self.counters.refused[code] += 1
        if not delivery.recipients:
            return
        frame = frame_of(delivery.message)
        for member in delivery.recipients:
            # Who does not read is put out here, and leaves while others are still served.
            connection = self._connections.get(member)
            if connection is not None:
                connection.put(delivery.message, frame)

    def _reject_message(self, member: Member, error: ProtocolError) -> None:
        if error.reason == 'json':
            text = 'Message is not a JSON object'
        elif error.reason == 'robot_state':
            text = 'Failed to process robot state'
        elif member.role is Role.PRODUCER:
            text = 'Failed to process joint update'
        else:
            # A consumer's joint updates are ignored, so whether they are well formed is, too.
            return
        code = code_of(error)
        self.counters.refused[code] += 1
        self.log.note('bad_frame', code=code, detail=error, **self._log_fields(member))
        connection = self._connections.get(member)
        if connection is not None:
            joints = error.joints if Feature.REFUSED_JOINTS in member.features else {}
            connection.put(ErrorReply(text, now().stamp, code, _limited(joints)))

    def _handle_stop(self, member: Member, stop: EmergencyStop) -> None:
        if member not in self._connections:
            return
        room = member.room
        if room.stops.submit(member, stop, time.monotonic()):
            self._forward(member, stop)
        elif room not in self._rooms_with_waiting:
            self._rooms_with_waiting.add(room)
            self._schedule_forward(room)

    def _schedule_forward(self, room: Room) -> None:
        asyncio.get_running_loop().call_later(PERIOD_S, self._forward_due, room)

    def _forward_due(self, room: Room) -> None:
        for member in room.stops.due(time.monotonic()):
            # Taken one by one: a member that is put out meanwhile leaves, with its own stop.
            self._forward(member, *room.stops.take(member))
        if room.stops.has_waiting:
            self._schedule_forward(room)
        else:
            self._rooms_with_waiting.discard(room)

    def _forward(self, member: Member, *messages: EmergencyStop | ResetStop) -> None:
        for message in messages:
            self._deliver(member.room.handle(member, message, now()))
            if isinstance(message, EmergencyStop):
                self._record('emergency_stop', member, reason=message.reason)
            else:
                self._record('reset_requested', member, robot=message.to)

    def _record(self, event: str, member: Member, **values: object) -> None:
        self.log.record_often(event, **values, **self._log_fields(member))

    def _deny(self, member: Member, error: NotAllowed) -> None:
        code = code_of(error)
        self.counters.refused[code] += 1
        who = self._log_fields(member)
        self.log.note(code, detail=error, **who)
        self.log.sample('refused', code=code, what='reset_stop', **who)
        connection = self._connections.get(member)
        if connection is not None:
            connection.put(ErrorReply(str(error), now().stamp, code))

    def _log_fields(self, member: Member) -> dict[str, object]:
        connection = self._connections.get(member)
        actor = None if connection is None else connection.actor
        return {
            'peer': '' if actor is None else actor.address,
            'token': '' if actor is None else actor.token,
            'workspace': member.room.workspace_id,
            'room': member.room.room_id,
            'participant': member.participant_id,
            'role': member.role.value,
        }

    def _replace(self, member: Member) -> None:
        self.log.record_often('replaced', **self._log_fields(member))
        connection = self._connections[member]
        connection.put(ErrorReply('Replaced by a newer connection', now().stamp, 'replaced'))
        connection.close(REPLACED, 'replaced')
        self.leave(member)

    def _disconnect_silent(self, member: Member, connection: Connection) -> None:
        self.counters.refused['silent'] += 1
        self.log.note('silent', **self._log_fields(member))
        text = f'Nothing came from this participant for {self.timing.liveness_s:g} s'
        connection.put(ErrorReply(text, now().stamp, 'silent'))
        connection.close(SILENT, 'silent')

    def _disconnect_unresponsive(self, member: Member) -> None:
        self.counters.refused['no_answer'] += 1
        self.log.note('no_answer', **self._log_fields(member))
        connection = self._connections.get(member)
        self.leave(member)
        if connection is not None:
            connection.abort()


def _limited(joints: Mapping[str, str]) -> dict[str, str]:
    """Return what an error tells of refused joints; names without end are not repeated."""
    short = ((name, why) for name, why in joints.items() if len(name) <= MAX_NAMED_CHARS)
    return dict(islice(short, MAX_NAMED))


def now() -> Now:
    """Read both clocks."""
    return Now(time.monotonic(), datetime.now(timezone.utc).isoformat())
