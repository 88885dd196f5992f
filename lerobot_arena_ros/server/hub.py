"""The rooms and the connections of those who are in them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timezone
from functools import partial
import logging
import time

from ..arena.errors import ProtocolError
from ..arena.messages import Entry, ErrorReply, Join, JointUpdate, Role, decode_client
from .connection import Connection, frame_of
from .registry import Registry
from .room import API_SOURCE, Delivery, Limits, Member, Now

__all__ = ['Hub', 'Timing', 'now']

ROOM_DELETED = 4404
"""The close code for those whose room was deleted."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Timing:
    """
    How patient the server is, in seconds.

    :param join_s: how long a peer may take to say who it is.
    :param probe_s: how long a participant may take to show that it lives when another wants its
        place.
    :param stall_s: how long a peer may leave unread what it is sent.
    :param keepalive_s: how often each peer is pinged; silent for two periods, it is put out.
    :param sweep_s: how often idle rooms are dropped.
    """

    join_s: float = 10.0
    probe_s: float = 3.0
    stall_s: float = 10.0
    keepalive_s: float = 10.0
    sweep_s: float = 900.0


class Hub:
    """Carries to the connections what the rooms decide."""

    def __init__(self, limits: Limits, timing: Timing) -> None:
        self.limits = limits
        self.timing = timing
        self.registry = Registry(limits)
        self._connections: dict[Member, Connection] = {}

    @property
    def connection_count(self) -> int:
        """Participants in all rooms together."""
        return len(self._connections)

    async def join(
        self, workspace_id: str, room_id: str, join: Join, connection: Connection
    ) -> Member:
        """
        Take a participant in and welcome it.

        Who stands in its way is asked for a sign of life first and put out without one: a robot
        that lost its network is back before its old connection is known to be dead.

        :raises RoomNotFound: there is no such room.
        :raises JoinRefused: the id or the role is taken, or the room is full.
        :raises ProtocolError: the id is too long.
        """
        for rival in self.registry.room(workspace_id, room_id).rivals(join):
            holder = self._connections.get(rival)
            if holder is not None and not await holder.is_alive(self.timing.probe_s):
                self._put_out(rival)
        room = self.registry.room(workspace_id, room_id)
        member = room.join(join, now())
        self._connections[member] = connection
        connection.on_close = partial(self.leave, member)
        for message in room.welcome(member, now()):
            connection.put(message)
        return member

    def leave(self, member: Member) -> None:
        """Take a participant out of its room; leaving twice is fine."""
        member.room.leave(member)
        self._connections.pop(member, None)

    def hear(self, member: Member, text: str) -> None:
        """Do what a participant's message asks for."""
        try:
            delivery = member.room.handle(member, decode_client(text), now())
        except ProtocolError as exc:
            self._complain(member, exc)
        else:
            self._deliver(delivery)

    def command(self, workspace_id: str, room_id: str, entries: tuple[Entry, ...]) -> int:
        """
        Move joints in nobody's name.

        :returns: how many entries changed something.
        :raises RoomNotFound: there is no such room.
        :raises ProtocolError: the room does not take these joints.
        """
        room = self.registry.room(workspace_id, room_id)
        delivery = room.update(entries, API_SOURCE, now())
        self._deliver(delivery)
        match delivery:
            case Delivery(message=JointUpdate(changed)):
                return len(changed)
            case _:
                return 0

    def delete(self, workspace_id: str, room_id: str) -> None:
        """
        Delete a room and tell those who are in it.

        :raises RoomNotFound: there is none.
        """
        delivery = self.registry.delete(workspace_id, room_id, now())
        self._deliver(delivery)
        for member in delivery.recipients:
            self._connections.pop(member).close(ROOM_DELETED, 'room deleted')

    def sweep(self) -> int:
        """Drop idle rooms; return how many."""
        return self.registry.sweep(now())

    def keep_alive(self) -> None:
        """Put out who has been silent for long and ask everybody else for a sign of life."""
        for member, connection in tuple(self._connections.items()):
            if connection.silent_s > 2 * self.timing.keepalive_s:
                self._put_out(member)
            else:
                connection.ping()

    def _deliver(self, delivery: Delivery | None) -> None:
        if delivery is None or not delivery.recipients:
            return
        frame = frame_of(delivery.message)
        for member in delivery.recipients:
            self._connections[member].put(delivery.message, frame)

    def _complain(self, member: Member, error: ProtocolError) -> None:
        if error.reason == 'json':
            text = 'Message is not a JSON object'
        elif member.role is Role.PRODUCER:
            text = 'Failed to process joint update'
        else:
            # A consumer's joint updates are ignored, so whether they are well formed is, too.
            return
        _log.info('participant %r: %s', member.participant_id, error)
        connection = self._connections.get(member)
        if connection is not None:
            connection.put(ErrorReply(text, now().stamp, f'invalid_{error.reason}'))

    def _put_out(self, member: Member) -> None:
        _log.info('participant %r does not answer; putting it out', member.participant_id)
        connection = self._connections.get(member)
        self.leave(member)
        if connection is not None:
            connection.abort()


def now() -> Now:
    """Read both clocks."""
    return Now(time.monotonic(), datetime.now(timezone.utc).isoformat())
