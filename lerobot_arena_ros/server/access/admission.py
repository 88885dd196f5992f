"""
Which connections there may be, sans I/O.

A connection is *waiting* until its client has shown that it belongs here: with a token where the
server has tokens, by joining a room where it has none. Waiting connections have places of their
own, so those that never show anything, however many, take none from those who belong.

Where the waiting places are taken, the oldest waiting connection of the client that has most of
them ends. Connections that have waited for less than a second count less, because a client that
belongs needs its place for a moment only. A client that opens connections too fast meanwhile is
refused, because a connection costs more than its refusal.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ..rooms.limits import Limits
from .addresses import client_of
from .arrivals import Arrivals

__all__ = ['MIN_WAITING', 'Admission', 'Entry', 'waiting_places']

MIN_WAITING = 16
"""Waiting places of a server with few places."""

SETTLED_S = 1.0
"""After so many seconds of waiting a connection is no longer that of a client about to join."""

KEPT_SHARE = 4
"""One in so many places is kept for tokens that may drive, so that watchers cannot take all."""


@dataclass(eq=False)
class Entry:
    """
    One connection.

    :param client: what limits per address count by.
    :param end: ends the connection at once.
    :param since_s: since when it waits.
    :param belongs: whether it has a place that is not a waiting place.
    :param has_belonged: whether it ever had one.
    :param is_serving: whether a request of it is being served, which takes a moment only.
    """

    client: str
    end: Callable[[], object]
    since_s: float
    belongs: bool = False
    has_belonged: bool = False
    is_serving: bool = False


class Admission:
    """
    The connections of one server.

    :param limits: how many there may be.
    """

    def __init__(self, limits: Limits) -> None:
        self._places = limits.connections
        self._per_client = limits.per_address
        self._waiting_places = waiting_places(limits)
        # Insertion order is age.
        self._waiting: dict[str, dict[Entry, None]] = {}
        self._waiting_count = 0
        self._belonging = 0
        self._counts: dict[str, int] = {}
        self._arrivals = Arrivals()

    @property
    def is_full(self) -> bool:
        """Whether no more connections can be promoted."""
        return self._belonging >= self._places

    @property
    def waiting(self) -> int:
        """How many connections are waiting."""
        return self._waiting_count

    @property
    def belonging(self) -> int:
        """How many connections belong here."""
        return self._belonging

    @property
    def _is_crowded(self) -> bool:
        return self._waiting_count >= self._waiting_places

    def arrive(
        self, address: str, end: Callable[[], object], now_s: float
    ) -> tuple[Entry | None, Entry | None]:
        """
        Take a new connection in.

        :param end: ends it at once; not called here.
        :param now_s: the present time, of any clock that never jumps.
        :returns: its entry, or None where it is to be ended; and the entry of another connection
            that is to be ended in its place, or None.
        """
        client = client_of(address)
        is_within_rate = not self._per_client or self._arrivals.take(client, now_s)
        has_all_of_its_own = 0 < self._per_client <= self._counts.get(client, 0)
        if self._is_crowded and not is_within_rate:
            return None, None
        victim = self._oldest_of(client) if has_all_of_its_own else self._one_too_many(now_s)
        if victim is not None:
            self.leave(victim)
        elif has_all_of_its_own or self._is_crowded:
            return None, None
        entry = Entry(client, end, now_s)
        self._wait(entry)
        self._counts[client] = self._counts.get(client, 0) + 1
        return entry, victim

    def promote(self, entry: Entry, *, may_drive: bool = True) -> bool:
        """
        Give a connection a place among those that belong; again is fine.

        :param may_drive: whether it may have one of the places that are kept for those who drive.
        :returns: False where no place is left for it, or the connection has ended.
        """
        if entry.belongs:
            return True
        places = self._places if may_drive else self._places - self._places // KEPT_SHARE
        if self._belonging >= places or not self._drop_waiting(entry):
            return False
        if not entry.has_belonged:
            self._arrivals.give_back(entry.client)
        entry.belongs = entry.has_belonged = True
        self._belonging += 1
        return True

    def demote(self, entry: Entry, now_s: float) -> Entry | None:
        """
        Have a connection wait again, as the youngest, if it belongs.

        :param now_s: as for :meth:`arrive`.
        :returns: a connection that is to be ended in its place, or None.
        """
        if not entry.belongs:
            return None
        victim = self._one_too_many(now_s)
        if victim is not None:
            self.leave(victim)
        entry.belongs = False
        entry.since_s = now_s
        self._belonging -= 1
        self._wait(entry)
        return victim

    def leave(self, entry: Entry) -> None:
        """Take a connection out that has ended; again is fine."""
        if entry.belongs:
            entry.belongs = False
            self._belonging -= 1
        elif not self._drop_waiting(entry):
            return
        self._counts[entry.client] -= 1
        if not self._counts[entry.client]:
            del self._counts[entry.client]

    def _wait(self, entry: Entry) -> None:
        self._waiting.setdefault(entry.client, {})[entry] = None
        self._waiting_count += 1

    def _one_too_many(self, now_s: float) -> Entry | None:
        """Return who gives way to one more waiting connection; None if nobody has to, or can."""
        if not self._is_crowded:
            return None

        def weight(client: str) -> tuple[bool, int, int]:
            entries = self._waiting[client]
            settled = sum(now_s - entry.since_s >= SETTLED_S for entry in entries)
            return self._oldest_of(client) is not None, settled, len(entries)

        return self._oldest_of(max(self._waiting, key=weight))

    def _oldest_of(self, client: str) -> Entry | None:
        """Return the oldest waiting connection of a client without a request that is served."""
        entries = self._waiting.get(client, {})
        return next((entry for entry in entries if not entry.is_serving), None)

    def _drop_waiting(self, entry: Entry) -> bool:
        entries = self._waiting.get(entry.client, {})
        if entry not in entries:
            return False
        del entries[entry]
        if not entries:
            del self._waiting[entry.client]
        self._waiting_count -= 1
        return True


def waiting_places(limits: Limits) -> int:
    """Return how many connections may wait: half as many as may belong."""
    return max(MIN_WAITING, limits.connections // 2)
