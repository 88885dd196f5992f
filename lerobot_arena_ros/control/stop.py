"""
The emergency stop of one process: latched, owed to the rooms, and reset only by hand.

Rules of this file: ``now`` is in seconds of the steady clock; rooms are known by a short name, one
for each side of the bridge. The latch outlives every configuration and every connection.

A stop in a room is known by an id that the room gave it. So a stop that the bridge missed while it
was away can be told from one that it received and that was reset since.
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ['ECHO_GRACE_S', 'FIRST_JOIN_S', 'INPUT_MEMORY_S', 'Stop', 'StopLatch']

FIRST_JOIN_S = 10.0
"""A room's last stop that is more recent than this stops also a bridge that was never there."""

INPUT_MEMORY_S = 1.0
"""A ``true`` on the input this recently still asserts, even if its publisher is gone."""

ECHO_GRACE_S = 5.0
"""After a reset, how long another bridge that stopped because of us may go on saying so."""


@dataclass(frozen=True)
class Stop:
    """
    Why everything stands still.

    :param source: who stopped, as a person would say it.
    :param reason: why, as the one who stopped said it.
    :param room: the room it came from; None when it began in this process or on the ROS graph.
    :param tell_rooms: whether the rooms that did not send it hear of it.
    """

    source: str
    reason: str
    room: str | None = None
    tell_rooms: bool = True

    def __str__(self) -> str:
        return f'{self.reason} (from {self.source})'


class StopLatch:
    """The latch, and what is owed to whom because of it."""

    def __init__(self) -> None:
        self._stop: Stop | None = None
        self._local: Stop | None = None
        self._rooms: set[str] = set()
        self._owed: dict[str, Stop] = {}
        self._known: dict[str, str | None] = {}
        self._asserted = False
        self._asserted_at: float | None = None
        self._may_echo = False  # Whether the input rose after we had stopped.
        self._deaf_until: float | None = None

    @property
    def stop(self) -> Stop | None:
        """What tripped the latch; None while it is open."""
        return self._stop

    @property
    def is_latched(self) -> bool:
        """Whether everything has to stand still."""
        return self._stop is not None

    def add_room(self, room: str) -> None:
        """Make a room known, to which every stop that it did not send is owed from now on."""
        self._rooms.add(room)
        if self._local is not None and self._local.tell_rooms:
            self._owed[room] = self._local

    def remove_room(self, room: str) -> None:
        """Forget a room, and what is owed to it."""
        self._rooms.discard(room)
        self._owed.pop(room, None)

    def trip(self, stop: Stop) -> bool:
        """
        Latch, and owe the stop to the rooms.

        The first stop that begins here is owed also while another one is latched.

        :returns: whether that is news: it was open until now, or no room was to hear of it and
            now they are.
        """
        if stop.room is None and _outranks(stop, self._local):
            self._local = stop
            if self.is_latched and stop.tell_rooms:
                # Others in the rooms may have been reset since the stop that is latched.
                self._owed.update(dict.fromkeys(self._rooms, stop))
        if not _outranks(stop, self._stop):
            return False
        self._stop = stop
        if stop.tell_rooms:
            self._owed.update({room: stop for room in self._rooms if room != stop.room})
        return True

    def owed(self, room: str) -> Stop | None:
        """Give the stop that this room has still to be sent."""
        return self._owed.get(room)

    def delivered(self, room: str, stop: Stop) -> None:
        """Note that a room has heard a stop; that it was written to a socket is not enough."""
        # The same words may be owed again: only this very stop was heard.
        if self._owed.get(room) is stop:
            del self._owed[room]

    def joined(self, room: str) -> None:
        """Note that a room was joined anew: it hears again of a stop that began here."""
        if self._local is not None and self._local.tell_rooms:
            self._owed[room] = self._local

    def note(self, room: str, stop_id: str) -> None:
        """Note that a stop of a room was received."""
        self._known[room] = stop_id

    def missed(self, room: str, stop_id: str | None, age_s: float) -> bool:
        """
        Compare what a room tells at a join with what was received from it.

        :param stop_id: the room's last stop; None = the room tells of none.
        :param age_s: how long ago it was; counts only at the first join.
        :returns: whether the stop was missed, so that the caller has to trip.
        """
        is_first = room not in self._known
        known = self._known.setdefault(room, None)
        if stop_id is None or stop_id == known:
            return False
        self._known[room] = stop_id
        return not is_first or age_s <= FIRST_JOIN_S

    def hear_input(self, asserted: bool, now: float) -> bool:
        """
        Note what the ROS topic says.

        :returns: whether it is a stop, to be tripped by the caller.
        """
        if asserted and not self._asserted:
            self._may_echo = self.is_latched
        self._asserted = asserted
        if not asserted:
            self._deaf_until = None
        if self._deaf_until is not None and now < self._deaf_until:
            return False
        if asserted:
            self._asserted_at = now
        return asserted

    def reset(
        self, now: float, *, publishers: int, are_bridges: bool = False, hear_us: bool = False
    ) -> str | None:
        """
        Open the latch, unless the input still asserts a stop.

        Two bridges that listen to each other would hold each other stopped for ever. So where
        nobody but bridges is on the input, a bridge listens to us, and the input rose after our
        own stop, it is taken for the echo of that stop: the bridge where the stop began is reset
        first, then the others.

        :param publishers: how many others publish the input topic now.
        :param are_bridges: whether each of them is a bridge that says that it is stopped.
        :param hear_us: whether any bridge listens to our status; else nobody stopped because of
            us.
        :returns: why not; None when the latch is open.
        """
        can_echo = are_bridges and hear_us
        is_echo = can_echo and self._asserted and self._may_echo and self.is_latched
        if is_echo:
            self._deaf_until = now + ECHO_GRACE_S
        elif self._asserted and publishers > 0:
            if are_bridges:
                return 'the bridge that emergency_stop listens to is stopped: reset that one first'
            return 'the emergency_stop topic still says true, and somebody still publishes it'
        elif self._asserted_at is not None and now - self._asserted_at < INPUT_MEMORY_S:
            return f'the emergency_stop topic said true less than {INPUT_MEMORY_S:g} s ago'
        self._stop = self._local = None
        return None


def _outranks(stop: Stop, earlier: Stop | None) -> bool:
    return earlier is None or (stop.tell_rooms and not earlier.tell_rooms)
