# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""
The fast lane of a link, as pure decisions: which message is new, and whether the lane works.

A lane is a data channel beside the WebSocket that does not wait for lost packets. The same
messages travel both ways, so each end needs three decisions:

- :class:`NewestWins`: a message that is older than one that has arrived is dropped, whichever way
  each of them came.
- :class:`LaneHealth`: whether datagrams reach the other end and come back. The lane has heartbeats
  of its own, because the WebSocket works when UDP is blocked.
- :class:`Repeats`: when the newest values, which left by the lane, are repeated on the WebSocket,
  so that a lost datagram loses nothing.

Times are in seconds of a steady clock. Sans I/O.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from enum import Enum
from typing import NamedTuple

__all__ = ['LaneHealth', 'LaneState', 'LaneTiming', 'NewestWins', 'Repeats']

MAX_RESULTS = 200
"""The number of heartbeats that the loss is computed from."""


class NewestWins:
    """
    The newest sequence number that has arrived.

    :ivar outdated: the number of messages that were dropped.
    """

    def __init__(self) -> None:
        self.outdated = 0
        self._newest = -1

    def take(self, seq: int | None) -> bool:
        """
        Return whether a message is newer than all before; if not, drop it.

        :param seq: its sequence number, from 0; None if it has none, because its sender does not
            use a lane. Such a message is always new.
        """
        if seq is None:
            return True
        if seq <= self._newest:
            self.outdated += 1
            return False
        self._newest = seq
        return True


class LaneState(str, Enum):
    """
    Whether messages should take the lane.

    ``up``: datagrams are answered; the WebSocket only repeats.
    ``suspect``: datagrams have not been answered lately; send everything on both ways.
    ``dead``: close the lane.
    """

    UP = 'up'
    SUSPECT = 'suspect'
    DEAD = 'dead'


@dataclass(frozen=True)
class LaneTiming:
    """
    The timeouts of a lane, in seconds.

    :param heartbeat_period_s: the time between two heartbeats.
    :param suspect_s: without an answer for this time the lane is suspect. More than two periods,
        so that a single lost heartbeat does not count.
    :param timeout_s: without an answer for this time the lane is dead.
    """

    heartbeat_period_s: float = 0.25
    suspect_s: float = 0.6
    timeout_s: float = 1.5


class _Unanswered(NamedTuple):
    seq: int
    at: float


class LaneHealth:
    """
    The heartbeats of one end of an open lane.

    :param now: when the lane was opened.
    """

    def __init__(self, timing: LaneTiming, now: float) -> None:
        self._timing = timing
        self._seq = 0
        self._heartbeat_at = now
        self._answered_at = now
        self._unanswered: deque[_Unanswered] = deque()
        self._results: deque[bool] = deque(maxlen=MAX_RESULTS)
        self._round_trip_s: float | None = None

    @property
    def next_heartbeat(self) -> float:
        """The time at which a heartbeat is due."""
        return self._heartbeat_at

    @property
    def round_trip_s(self) -> float | None:
        """The round trip of the newest answered heartbeat; None before the first."""
        return self._round_trip_s

    @property
    def loss(self) -> float | None:
        """The fraction of the last heartbeats that were not answered; None before the first."""
        return 1.0 - sum(self._results) / len(self._results) if self._results else None

    def heartbeat(self, now: float) -> int | None:
        """Return the number of the heartbeat to send; None if none is due."""
        if now < self._heartbeat_at:
            return None
        self._heartbeat_at = now + self._timing.heartbeat_period_s
        while self._unanswered and now - self._unanswered[0].at >= self._timing.timeout_s:
            self._unanswered.popleft()
            self._results.append(False)
        self._seq += 1
        self._unanswered.append(_Unanswered(self._seq, now))
        return self._seq

    def on_answer(self, seq: int | None, now: float) -> None:
        """Handle the answer to a heartbeat; ignore one that was not sent, or comes twice."""
        for index, sent in enumerate(self._unanswered):
            if sent.seq == seq:
                del self._unanswered[index]
                self._results.append(True)
                self._answered_at = max(self._answered_at, sent.at)
                self._round_trip_s = now - sent.at
                return

    def state(self, now: float) -> LaneState:
        """
        Return whether the lane works.

        The time counts from when the newest answered heartbeat was sent, because the lane has not
        been seen to work later than that.
        """
        unseen_s = now - self._answered_at
        if unseen_s >= self._timing.timeout_s:
            return LaneState.DEAD
        return LaneState.SUSPECT if unseen_s >= self._timing.suspect_s else LaneState.UP


class Repeats:
    """
    When values that left by the lane are repeated on the WebSocket.

    :param period_s: the minimum time between two repetitions, in seconds.
    """

    def __init__(self, period_s: float = 0.1) -> None:
        self._period_s = period_s
        self._next_at = 0.0
        self._is_pending = False

    @property
    def due_at(self) -> float | None:
        """When the newest values are to be repeated; None if the WebSocket has them."""
        return self._next_at if self._is_pending else None

    def sent_by_lane(self) -> None:
        """Note that newer values have left by the lane only."""
        self._is_pending = True

    def sent_by_socket(self, now: float) -> None:
        """Note that the newest values have left by the WebSocket."""
        self._is_pending = False
        self._next_at = now + self._period_s
