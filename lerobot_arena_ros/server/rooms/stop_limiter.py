# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""
The rate limiter of the emergency stops of one room. No I/O.

A stop is delivered to each participant of the room. Many participants that send many stops could
keep the server so busy that the stop of another participant is late. Therefore:

- A participant's stop is forwarded at once if none of its stops was forwarded in the last
  :data:`PAUSE_S`.
- Of the other stops, the first of a burst are forwarded at once. The following stops are queued:
  only the newest stop of each participant, because a newer stop replaces an older one. In each
  period one queued stop is forwarded, that of the participant whose last forwarded stop is the
  oldest.

So no stop waits longer than :data:`PAUSE_S` plus one period. No stop is refused. Dropping all but
the newest stop of a participant loses nothing, because receivers latch a stop, and a second stop
can only change its reason.
"""

from __future__ import annotations

import math
from typing import Generic, TypeVar

from ...arena.messages import EmergencyStop, ResetStop

__all__ = ['BURST', 'MAX_QUEUED', 'PAUSE_S', 'PERIOD_S', 'StopLimiter']

BURST = 5
"""Stops of a room that are forwarded at once, after a pause of as many periods."""

PERIOD_S = 0.1
"""The mean time between two stops of a longer burst, in seconds."""

PAUSE_S = 0.5
"""A participant whose last stop was forwarded this many seconds ago bypasses the queue."""

MAX_QUEUED = 100
"""Reset requests that are queued behind one stop: one for each robot of a room."""

Sender = TypeVar('Sender')
Waiting = EmergencyStop | ResetStop


class StopLimiter(Generic[Sender]):
    """
    A token bucket for the stops of one room, and a queue for the stops that exceed it.

    :param now_s: the current time of a monotonic clock.
    """

    def __init__(self, now_s: float) -> None:
        self._tokens = float(BURST)
        self._refilled_s = now_s
        # When the last stop of each sender was forwarded, oldest first.
        self._forwarded_s: dict[Sender, float] = {}
        self._waiting: dict[Sender, list[Waiting]] = {}

    @property
    def has_waiting(self) -> bool:
        """Whether a stop is queued; then the caller must call :meth:`due` in each period."""
        return bool(self._waiting)

    def submit(self, sender: Sender, stop: EmergencyStop, now_s: float) -> bool:
        """
        Submit a stop that was received now.

        :returns: True if the caller must forward it at once, False if it is queued.
        """
        self._refill(now_s)
        is_within_rate = self._tokens >= 1.0 and not self._waiting
        if sender not in self._waiting and (self._has_paused(sender) or is_within_rate):
            self._count(sender, now_s)
            return True
        # Drop the reset requests behind an earlier stop, because they must not reset this one.
        self._waiting[sender] = [stop]
        return False

    def queue_behind(self, sender: Sender, request: ResetStop) -> bool:
        """
        Queue a reset request if a stop of its sender is queued, so that the two stay in order.

        :returns: False if no stop of the sender is queued; then the caller must forward it.
        """
        waiting = self._waiting.get(sender)
        if waiting is not None and len(waiting) <= MAX_QUEUED:
            waiting.append(request)
        return waiting is not None

    def due(self, now_s: float) -> list[Sender]:
        """Return the senders whose stops to take and forward now; call once per period."""
        self._refill(now_s)
        oldest_first = sorted(
            self._waiting, key=lambda each: self._forwarded_s.get(each, -math.inf)
        )
        due = [each for each in oldest_first if self._has_paused(each)] or oldest_first[:1]
        for sender in due:
            self._count(sender, now_s)
        return due

    def take(self, sender: Sender) -> list[Waiting]:
        """Remove and return the queued stop of a sender and the requests behind it."""
        return self._waiting.pop(sender, [])

    def remove(self, sender: Sender) -> list[Waiting]:
        """Remove a sender that leaves, and return what is queued for it."""
        self._forwarded_s.pop(sender, None)
        return self.take(sender)

    def _refill(self, now_s: float) -> None:
        self._tokens = min(float(BURST), self._tokens + (now_s - self._refilled_s) / PERIOD_S)
        self._refilled_s = now_s
        for sender, forwarded_s in tuple(self._forwarded_s.items()):
            if now_s - forwarded_s < PAUSE_S:
                break
            del self._forwarded_s[sender]

    def _has_paused(self, sender: Sender) -> bool:
        return sender not in self._forwarded_s

    def _count(self, sender: Sender, now_s: float) -> None:
        self._tokens = max(0.0, self._tokens - 1.0)
        self._forwarded_s.pop(sender, None)
        self._forwarded_s[sender] = now_s
