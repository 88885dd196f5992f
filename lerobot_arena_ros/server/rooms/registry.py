# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""
The rooms of all workspaces, by workspace id and room id. No I/O.

A workspace is only a name that its rooms share. It exists as long as it has at least one room.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, NamedTuple, TypeVar
import unicodedata
import uuid

from ...arena.errors import RequestRejected, RoomNotFound
from .base_room import BaseRoom, Delivery, Now
from .counters import RoomCounters
from .limits import MAX_ROOM_ID_CHARS, Limits
from .memory import KnownStop

__all__ = ['STOP_KEPT_S', 'Place', 'Registry']

STOP_KEPT_S = 3600.0
"""
How long the last stop of a deleted room is kept for a new room of the same name, in seconds.

A robot that rejoins a room that was deleted and created again must not miss the stop. A robot that
joins for the first time checks the age of the stop.
"""


AnyRoom = TypeVar('AnyRoom', bound=BaseRoom, covariant=True)


class Registry(Generic[AnyRoom]):
    """
    All rooms of one kind. The limits apply to each kind, so one cannot use up the other's rooms.

    :param make_room: the class of the rooms.
    """

    def __init__(self, limits: Limits, make_room: type[AnyRoom]) -> None:
        self.log_kind = make_room.log_kind
        self._limits = limits
        self._make_room = make_room
        self._workspaces: dict[str, dict[str, AnyRoom]] = {}
        self._stops: dict[tuple[str, str], KnownStop] = {}
        self._removed_counters = RoomCounters()

    @property
    def workspace_count(self) -> int:
        """The number of workspaces, each with at least one room."""
        return len(self._workspaces)

    @property
    def rooms(self) -> tuple[AnyRoom, ...]:
        """The rooms of this kind in all workspaces."""
        return tuple(room for rooms in self._workspaces.values() for room in rooms.values())

    @property
    def member_count(self) -> int:
        """The number of participants in all rooms together."""
        return sum(len(room.members) for room in self.rooms)

    @property
    def counters(self) -> RoomCounters:
        """The sum of the counters of all rooms, including deleted rooms."""
        total = RoomCounters()
        total.add(self._removed_counters)
        for room in self.rooms:
            total.add(room.counters)
        return total

    def rooms_of(self, workspace_id: str) -> tuple[AnyRoom, ...]:
        """Return the rooms of a workspace; an unknown workspace has none."""
        return tuple(self._workspaces.get(workspace_id, {}).values())

    def has(self, workspace_id: str, room_id: str) -> bool:
        """Return whether the room exists."""
        return room_id in self._workspaces.get(workspace_id, {})

    def room(self, workspace_id: str, room_id: str) -> AnyRoom:
        """
        Return a room.

        :raises RoomNotFound: the room does not exist.
        """
        try:
            return self._workspaces[workspace_id][room_id]
        except KeyError:
            raise RoomNotFound('Room not found', status=404) from None

    def create(
        self,
        workspace_id: str,
        room_id: str | None,
        now: Now,
        *,
        max_consumers: int | None = None,
        clear: bool = False,
        prepare: Callable[[AnyRoom], object] | None = None,
        workspaces: frozenset[str] | None = None,
    ) -> AnyRoom:
        """
        Create a room, or return the existing one.

        :param room_id: None or empty for a new random id.
        :param clear: clear the memory of an existing room that has no members.
        :param prepare: called with a room that is new or cleared.
        :param workspaces: the workspaces that the creator's token allows; None for all.
        :raises RequestRejected: an id cannot be part of a URL (422), or there are too many rooms
            (503).
        """
        room_id = room_id or str(uuid.uuid4())
        self._check_id('workspace_id', workspace_id)
        self._check_id('room_id', room_id)
        room = self._workspaces.get(workspace_id, {}).get(room_id)
        if room is None:
            self._check_space(workspaces)
            self._drop_old_stops(now)
            room = self._make_room(
                workspace_id,
                room_id,
                now,
                limits=self._limits,
                max_consumers=max_consumers,
                last_stop=self._stops.pop((workspace_id, room_id), None),
            )
            self._workspaces.setdefault(workspace_id, {})[room_id] = room
        elif clear and not room.members:
            room.clear_memory()
        else:
            return room
        if prepare is not None:
            prepare(room)
        return room

    def delete(self, workspace_id: str, room_id: str, now: Now) -> Delivery:
        """
        Delete a room and remove its members.

        :returns: the message for the removed members.
        :raises RoomNotFound: the room does not exist.
        """
        room = self.room(workspace_id, room_id)
        self._drop(room, now)
        return room.dissolve(now)

    def sweep(self, now: Now) -> int:
        """Delete the idle rooms; return how many."""
        idle = [room for room in self.rooms if room.is_idle(now)]
        for room in idle:
            self._drop(room, now)
        return len(idle)

    def _check_space(self, workspaces: frozenset[str] | None) -> None:
        """
        Raise RequestRejected if there may not be one more room.

        A token that is limited to some workspaces must leave at least as many rooms free as these
        workspaces have. So it can create at most half of all rooms, and cannot use up the rooms
        of the other workspaces.
        """
        most = self._limits.rooms
        free = most - len(self.rooms)
        if free <= 0:
            raise RequestRejected(
                f'this server holds at most {most} rooms; delete one first', status=503
            )
        taken = sum(len(self.rooms_of(each)) for each in workspaces or ())
        if taken >= free:
            raise RequestRejected(
                f'the workspaces of this token have {taken} rooms and this server has {free} left,'
                ' which are reserved for others; delete one first',
                status=503,
            )

    def _check_id(self, what: str, value: str) -> None:
        if len(value) > MAX_ROOM_ID_CHARS:
            raise RequestRejected(
                f'{what} has at most {MAX_ROOM_ID_CHARS} characters, got {len(value)}', status=422
            )
        if value in ('.', '..') or any(_is_unaddressable(char) for char in value):
            raise RequestRejected(
                f'{what} must be neither "." nor ".." and must have neither a slash nor a control'
                ' character, because it is part of URLs',
                status=422,
            )

    def _drop(self, room: BaseRoom, now: Now) -> None:
        rooms = self._workspaces[room.workspace_id]
        del rooms[room.room_id]
        if not rooms:
            del self._workspaces[room.workspace_id]
        self._removed_counters.add(room.counters)
        if room.last_stop is not None:
            self._stops[room.workspace_id, room.room_id] = room.last_stop
        self._drop_old_stops(now)

    def _drop_old_stops(self, now: Now) -> None:
        self._stops = {
            name: stop
            for name, stop in self._stops.items()
            if now.steady_s - stop.steady_s < STOP_KEPT_S
        }
        while len(self._stops) > self._limits.rooms:
            self._stops.pop(next(iter(self._stops)))


class Place(NamedTuple):
    """
    The address of a room.

    :param rooms: the rooms of its kind.
    """

    rooms: Registry[BaseRoom]
    workspace_id: str
    room_id: str

    @property
    def room(self) -> BaseRoom:
        """
        The room at this address.

        :raises RoomNotFound: the room does not exist.
        """
        return self.rooms.room(self.workspace_id, self.room_id)

    @property
    def log_fields(self) -> dict[str, str]:
        """The fields of log lines about this address; the room may not exist."""
        return {'workspace': self.workspace_id, 'room': self.room_id, **self.rooms.log_kind}


def _is_unaddressable(char: str) -> bool:
    return char == '/' or unicodedata.category(char) in ('Cc', 'Cs')
