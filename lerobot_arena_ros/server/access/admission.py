# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""
Admission control: limits the number of connections. No I/O.

A connection is *waiting* until its client is authorized: with a token if the server has tokens,
or by joining a room if it has none. Then it *belongs*. Waiting connections have their own places,
so unauthorized connections cannot take the places of authorized ones.

If all waiting places are taken, a new connection evicts the oldest waiting connection of the
client with the most waiting connections. Connections that have waited for less than a second
count less, because an authorized client needs its waiting place only for a moment. As long as the
waiting places are taken, a client that opens connections too fast is refused, because serving a
connection costs more than refusing it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ..rooms.limits import Limits
from .addresses import client_of
from .arrivals import Arrivals

__all__ = ['MIN_WAITING', 'Admission', 'Entry', 'waiting_places']

MIN_WAITING = 16
"""The least number of waiting places."""

SETTLED_S = 1.0
"""A connection that has waited this many seconds is not about to join, and is evicted first."""

RESERVED_SHARE = 4
"""One in this many places is reserved for tokens with the role drive."""


@dataclass(eq=False)
class Entry:
    """
    One connection.

    :param client: the key for limits per address.
    :param end: aborts the connection.
    :param since_s: when it began to wait.
    :param belongs: whether it is authorized and no longer waiting.
    :param has_belonged: whether it was ever authorized.
    :param is_serving: whether the server handles a request of it now, which is brief.
    """

    client: str
    end: Callable[[], object]
    since_s: float
    belongs: bool = False
    has_belonged: bool = False
    is_serving: bool = False


class Admission:
    """
    Counts the connections of one server.

    :param limits: the most connections, in total and per address.
    """

    def __init__(self, limits: Limits) -> None:
        self._places = limits.connections
        self._per_client = limits.per_address
        self._waiting_places = waiting_places(limits)
        # Ordered by age, the oldest first.
        self._waiting: dict[str, dict[Entry, None]] = {}
        self._waiting_count = 0
        self._belonging = 0
        self._counts: dict[str, int] = {}
        self._arrivals = Arrivals()

    @property
    def is_full(self) -> bool:
        """Whether no place is left for an authorized connection."""
        return self._belonging >= self._places

    @property
    def waiting(self) -> int:
        """The number of waiting connections."""
        return self._waiting_count

    @property
    def belonging(self) -> int:
        """The number of authorized connections."""
        return self._belonging

    @property
    def _is_crowded(self) -> bool:
        return self._waiting_count >= self._waiting_places

    def arrive(
        self, address: str, end: Callable[[], object], now_s: float
    ) -> tuple[Entry | None, Entry | None]:
        """
        Add a new connection.

        :param end: aborts the connection; not called here.
        :param now_s: the current time of a monotonic clock.
        :returns: its entry, or None if the caller must refuse it; and the entry of a connection
            that the caller must end to make room for it, or None.
        """
        client = client_of(address)
        is_within_rate = not self._per_client or self._arrivals.take(client, now_s)
        has_all_of_its_own = 0 < self._per_client <= self._counts.get(client, 0)
        if self._is_crowded and not is_within_rate:
            return None, None
        victim = self._oldest_of(client) if has_all_of_its_own else self._select_victim(now_s)
        if victim is not None:
            self.leave(victim)
        elif has_all_of_its_own or self._is_crowded:
            return None, None
        entry = Entry(client, end, now_s)
        self._add_waiting(entry)
        self._counts[client] = self._counts.get(client, 0) + 1
        return entry, victim

    def promote(self, entry: Entry, *, may_drive: bool = True) -> bool:
        """
        Mark a connection as authorized; do nothing if it is already.

        :param may_drive: whether it may take a place that is reserved for the role drive.
        :returns: False if no place is left, or the connection has ended.
        """
        if entry.belongs:
            return True
        places = self._places if may_drive else self._places - self._places // RESERVED_SHARE
        if self._belonging >= places or not self._remove_waiting(entry):
            return False
        if not entry.has_belonged:
            self._arrivals.give_back(entry.client)
        entry.belongs = entry.has_belonged = True
        self._belonging += 1
        return True

    def demote(self, entry: Entry, now_s: float) -> Entry | None:
        """
        Move an authorized connection back to the waiting ones, as the newest of them.

        :param now_s: as for :meth:`arrive`.
        :returns: a connection that the caller must end to make room for it, or None.
        """
        if not entry.belongs:
            return None
        victim = self._select_victim(now_s)
        if victim is not None:
            self.leave(victim)
        entry.belongs = False
        entry.since_s = now_s
        self._belonging -= 1
        self._add_waiting(entry)
        return victim

    def leave(self, entry: Entry) -> None:
        """Remove a connection that has ended; do nothing if it is removed already."""
        if entry.belongs:
            entry.belongs = False
            self._belonging -= 1
        elif not self._remove_waiting(entry):
            return
        self._counts[entry.client] -= 1
        if not self._counts[entry.client]:
            del self._counts[entry.client]

    def _add_waiting(self, entry: Entry) -> None:
        self._waiting.setdefault(entry.client, {})[entry] = None
        self._waiting_count += 1

    def _select_victim(self, now_s: float) -> Entry | None:
        """Return the connection to evict for a new waiting connection; None if none."""
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

    def _remove_waiting(self, entry: Entry) -> bool:
        entries = self._waiting.get(entry.client, {})
        if entry not in entries:
            return False
        del entries[entry]
        if not entries:
            del self._waiting[entry.client]
        self._waiting_count -= 1
        return True


def waiting_places(limits: Limits) -> int:
    """Return how many connections may wait: half of ``connections``, at least MIN_WAITING."""
    return max(MIN_WAITING, limits.connections // 2)
