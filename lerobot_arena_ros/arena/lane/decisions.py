# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""
The fast lane of a link, as pure decisions: whether the lane works, and what is repeated.

A lane carries datagrams beside the WebSocket and does not wait for lost ones. The same updates
travel both ways, so each end needs three decisions:

- :class:`LaneHealth`: whether datagrams reach the other end and come back. The lane has pings of
  its own, because the WebSocket also works when UDP is blocked.
- :class:`Repeats`: when the newest update, which left by the lane, is repeated on the WebSocket,
  so that a lost datagram loses nothing.
- :mod:`.newest`: what has arrived already, or is older than what has arrived.

Times are in seconds of a steady clock. Sans I/O.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from enum import Enum
from typing import NamedTuple

from ..messages import JointUpdate

__all__ = ['LaneHealth', 'LaneState', 'LaneTiming', 'Repeats', 'UpdateWay']

MAX_RESULTS = 200
"""The maximum number of pings that the loss is computed from."""

MIN_RESULTS = 20
"""The minimum number, because the first lost ping would be a loss of 100 %."""

MAX_BY_SOCKET = 5
"""
After this many updates in a row by the WebSocket, the updates do not take the lane.

More than one, because single datagrams are lost.
"""


class LaneState(str, Enum):
    """
    Whether messages should take the lane.

    ``up``: pings are answered; the WebSocket only repeats.
    ``suspect``: no ping was answered lately; send everything on both ways.
    ``dead``: close the lane.
    """

    UP = 'up'
    SUSPECT = 'suspect'
    DEAD = 'dead'


@dataclass(frozen=True)
class LaneTiming:
    """
    The timeouts of a lane, in seconds.

    :param ping_period_s: the time between two pings.
    :param suspect_s: without an answer for this time the lane is suspect. More than two periods,
        so that a single lost ping does not count.
    :param timeout_s: without an answer for this time the lane is dead. Long enough to survive an
        outage of two seconds, because a suspect lane costs little, and a new one takes seconds.
    """

    ping_period_s: float = 0.25
    suspect_s: float = 0.6
    timeout_s: float = 3.0


class _Unanswered(NamedTuple):
    seq: int
    at: float


class LaneHealth:
    """
    The pings of one end of an open lane.

    :param now: when the lane was opened.
    """

    def __init__(self, timing: LaneTiming, now: float) -> None:
        self._timing = timing
        self._seq = 0
        self._ping_at = now
        self._seen_at = now
        self._unanswered: deque[_Unanswered] = deque()
        self._results: deque[bool] = deque(maxlen=MAX_RESULTS)
        self._round_trip_s: float | None = None

    @property
    def next_ping(self) -> float:
        """The time at which a ping is due."""
        return self._ping_at

    @property
    def suspect_at(self) -> float:
        """The time at which the lane is suspect if no ping is answered until then."""
        return self._seen_at + self._timing.suspect_s

    @property
    def round_trip_s(self) -> float | None:
        """The round trip of the newest answered ping, in seconds; None before the first."""
        return self._round_trip_s

    @property
    def loss(self) -> float | None:
        """The fraction of the last pings that were not answered; None before the 20th."""
        # A copy, because the event loop may append while another thread reads the report.
        results = tuple(self._results)
        return 1.0 - sum(results) / len(results) if len(results) >= MIN_RESULTS else None

    def ping(self, now: float) -> int | None:
        """Return the number of the ping to send; None if none is due."""
        if now < self._ping_at:
            return None
        self._ping_at = now + self._timing.ping_period_s
        while self._unanswered and now - self._unanswered[0].at >= self._timing.timeout_s:
            self._unanswered.popleft()
            self._results.append(False)
        self._seq += 1
        self._unanswered.append(_Unanswered(self._seq, now))
        return self._seq

    def on_pong(self, seq: int, now: float) -> bool:
        """
        Handle the answer to a ping.

        :returns: False if no such ping was sent, or it was answered already.
        """
        for index, sent in enumerate(self._unanswered):
            if sent.seq == seq:
                del self._unanswered[index]
                self._results.append(True)
                self._seen_at = max(self._seen_at, sent.at)
                self._round_trip_s = now - sent.at
                return True
        return False

    def state(self, now: float) -> LaneState:
        """
        Return whether the lane works.

        The time counts from when the newest answered ping was sent, because the lane has not been
        seen to work later than that.
        """
        if now >= self._seen_at + self._timing.timeout_s:
            return LaneState.DEAD
        return LaneState.SUSPECT if now >= self.suspect_at else LaneState.UP


class Repeats:
    """
    The newest update that left by the lane only, and when it is repeated on the WebSocket.

    :param period_s: the minimum time between two repetitions, in seconds.
    """

    def __init__(self, period_s: float = 0.1) -> None:
        self._period_s = period_s
        self._next_at = 0.0
        self._pending: JointUpdate | None = None

    @property
    def due_at(self) -> float | None:
        """When the pending update is to be repeated; None if there is none."""
        return None if self._pending is None else self._next_at

    def sent_by_lane(self, update: JointUpdate) -> JointUpdate | None:
        """
        Note an update that left by the lane.

        :returns: an earlier update to repeat at once, because it has a joint that the new one does
            not have; otherwise the last value of that joint could be lost.
        """
        before, self._pending = self._pending, update
        if before is None:
            return None
        names = {entry['name'] for entry in update.entries}
        is_covered = all(entry['name'] in names for entry in before.entries)
        return None if is_covered else before

    def take(self, now: float) -> JointUpdate | None:
        """Return the update to write to the WebSocket now and forget it; None if there is none."""
        pending, self._pending = self._pending, None
        self._next_at = now + self._period_s
        return pending


class UpdateWay:
    """
    Whether the updates of a link take the lane; large ones do not, even if the lane works.

    The delay of the way that they take decides whether they are late.
    """

    def __init__(self) -> None:
        self._by_socket = MAX_BY_SOCKET

    @property
    def is_lane(self) -> bool:
        """Whether the last updates took the lane; False before the first update."""
        return self._by_socket < MAX_BY_SOCKET

    def note(self, *, by_lane: bool) -> None:
        """Note by which way an update was sent, or has arrived first."""
        self._by_socket = 0 if by_lane else self._by_socket + 1
