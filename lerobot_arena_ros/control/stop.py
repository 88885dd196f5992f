# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""
The emergency stop of one process: it is latched, sent to the rooms, and only reset by the user.

Rules of this file: ``now`` is in seconds of the steady clock. Rooms have a short name, one per
session of the bridge. The latch survives every configuration and every connection.

Each stop of a room has an id from the room. With it, the bridge distinguishes a stop that it
missed while it was disconnected from a stop that it received and that was reset since then.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

__all__ = ['ECHO_GRACE_S', 'FIRST_JOIN_S', 'INPUT_MEMORY_S', 'Stop', 'StopLatch']

FIRST_JOIN_S = 10.0
"""At its first join, a bridge also stops because of a room's last stop if it is more recent."""

INPUT_MEMORY_S = 1.0
"""How long a ``true`` on the input still asserts a stop after its publisher is gone."""

ECHO_GRACE_S = 5.0
"""How long after a reset the input may still be true because another bridge echoes our stop."""


@dataclass(frozen=True)
class Stop:
    """
    An emergency stop.

    :param source: what sent the stop, as a text for the user.
    :param reason: the reason that the source gave.
    :param room: the room that it came from; None if it began in this process or on the ROS graph.
    :param notify_rooms: whether it is sent to the rooms that it did not come from.
    """

    source: str
    reason: str
    room: str | None = None
    notify_rooms: bool = True

    def __str__(self) -> str:
        return f'{self.reason} (from {self.source})'


class StopLatch:
    """The latch, and the stops that have to be sent to the rooms."""

    def __init__(self) -> None:
        self._stop: Stop | None = None
        self._local: Stop | None = None
        self._rooms: set[str] = set()
        self._pending: dict[str, Stop] = {}
        self._known: dict[str, str | None] = {}
        self._asserted = False
        self._asserted_at: float | None = None
        self._input = _Input()
        self._may_echo = False  # Whether the input became true after our own stop.
        self._ignore_input_until: float | None = None

    @property
    def stop(self) -> Stop | None:
        """The stop that tripped the latch; None while the latch is open."""
        return self._stop

    @property
    def is_latched(self) -> bool:
        """Whether a stop is latched."""
        return self._stop is not None

    def add_room(self, room: str) -> None:
        """Add a room. From now on, every stop that did not come from it has to be sent to it."""
        self._rooms.add(room)
        if self._local is not None and self._local.notify_rooms:
            self._pending[room] = self._local

    def remove_room(self, room: str) -> None:
        """Remove a room, and the stop that has to be sent to it."""
        self._rooms.discard(room)
        self._pending.pop(room, None)

    def trip(self, stop: Stop) -> bool:
        """
        Latch a stop, and mark it to be sent to the rooms.

        The first stop that begins here is sent even while another stop is latched.

        :returns: whether the latched stop has changed: the latch was open, or the stop before was
            not for the rooms and this one is.
        """
        if stop.room is None and _outranks(stop, self._local):
            self._local = stop
            if self.is_latched and stop.notify_rooms:
                # Other participants may have been reset since the latched stop.
                self._pending.update(dict.fromkeys(self._rooms, stop))
        if not _outranks(stop, self._stop):
            return False
        self._stop = stop
        if stop.notify_rooms:
            self._pending.update({room: stop for room in self._rooms if room != stop.room})
        return True

    def pending(self, room: str) -> Stop | None:
        """Return the stop that still has to be sent to this room; None without any."""
        return self._pending.get(room)

    def delivered(self, room: str, stop: Stop) -> None:
        """Record that a room has received a stop; writing it to a socket is not enough."""
        # Compare by identity, because an equal stop may have to be sent again.
        if self._pending.get(room) is stop:
            del self._pending[room]

    def joined(self, room: str) -> None:
        """Record that a room was joined again: a stop that began here is sent to it again."""
        if self._local is not None and self._local.notify_rooms:
            self._pending[room] = self._local

    def note(self, room: str, stop_id: str) -> None:
        """Record that a stop of a room was received."""
        self._known[room] = stop_id

    def missed(self, room: str, stop_id: str | None, age_s: float) -> bool:
        """
        Compare the last stop that a room reports at a join with the last one received from it.

        :param stop_id: the id of the room's last stop; None if the room reports none.
        :param age_s: the age of that stop; only used at the first join.
        :returns: whether the stop was missed, so that the caller has to trip the latch.
        """
        is_first = room not in self._known
        known = self._known.setdefault(room, None)
        if stop_id is None or stop_id == known:
            return False
        self._known[room] = stop_id
        return not is_first or age_s <= FIRST_JOIN_S

    def on_input(self, asserted: bool, now: float, *, subscription: int = 0) -> bool:
        """
        Record a value of the ROS topic.

        :param subscription: the number of the subscription that has received it.
        :returns: whether it asserts a stop, so that the caller has to trip the latch.
        """
        if self._input.note(asserted, subscription):
            self._may_echo = self.is_latched
        self._asserted = asserted
        if not self._input.is_asserted:
            self._ignore_input_until = None
        if self._ignore_input_until is not None and now < self._ignore_input_until:
            return False
        if asserted:
            self._asserted_at = now
        return asserted

    def reset(
        self,
        now: float,
        *,
        publishers: int,
        are_bridges: bool = False,
        has_bridge_subscriber: bool = False,
    ) -> str | None:
        """
        Open the latch, unless the input still asserts a stop.

        Two bridges that subscribe to each other would keep each other stopped for ever. So the
        input counts as the echo of our own stop under three conditions: only bridges publish it, a
        bridge subscribes to our status, and the input became true after our own stop. The user
        resets the bridge where the stop began first, then the others.

        :param publishers: how many other nodes publish the input topic now.
        :param are_bridges: whether all of them are bridges that report that they are stopped.
        :param has_bridge_subscriber: whether a bridge subscribes to our status. If not, no bridge
            stopped because of us.
        :returns: why the latch was not opened; None if it is open.
        """
        can_echo = are_bridges and has_bridge_subscriber
        is_echo = can_echo and self._asserted and self._may_echo and self.is_latched
        if is_echo:
            self._ignore_input_until = now + ECHO_GRACE_S
        elif self._asserted and publishers > 0:
            if are_bridges:
                return 'the bridge that publishes emergency_stop is stopped: reset that one first'
            return 'the emergency_stop topic is still true, and it still has a publisher'
        elif self._asserted_at is not None and now - self._asserted_at < INPUT_MEMORY_S:
            return f'the emergency_stop topic was true less than {INPUT_MEMORY_S:g} s ago'
        self._stop = self._local = None
        return None


class _Input:
    """
    The last value of each subscription of the input. All receive the same messages.

    Each subscription keeps the order, but one may be later than another. A late copy of a true
    must not look like another stop, so this counts how often each subscription has become true.
    """

    def __init__(self) -> None:
        self._values: dict[int, bool] = {}
        self._rises: Counter[int] = Counter()  # Since no subscription had a true.

    @property
    def is_asserted(self) -> bool:
        """Whether the last value of any subscription was true."""
        return any(self._values.values())

    def note(self, asserted: bool, subscription: int) -> bool:
        """Record a value; return whether it is the first copy of a true after a false."""
        was_asserted = self.is_asserted
        has_risen = asserted and not self._values.get(subscription, False)
        self._values[subscription] = asserted
        if not has_risen:
            return False
        if not was_asserted:
            self._rises.clear()
        known = max(self._rises.values(), default=0)
        self._rises[subscription] += 1
        return self._rises[subscription] > known


def _outranks(stop: Stop, earlier: Stop | None) -> bool:
    return earlier is None or (stop.notify_rooms and not earlier.notify_rooms)
