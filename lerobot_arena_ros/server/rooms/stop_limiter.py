"""
How often the stops of one room are passed on, sans I/O.

A stop goes to each participant of the room, so many participants that stop often could keep the
server busy for so long that the stop of another is late. Therefore:

- The stop of a participant of whom none was passed on for :data:`PAUSE_S` is passed on at once.
- Of the other stops, the first of a burst are passed on at once. Those that follow wait: of each
  participant the newest, and in each period one of them is passed on, that of the participant
  whose last one is longest ago.

So no stop waits longer than :data:`PAUSE_S` and one period. No stop is refused, and nothing is
lost by leaving out all but the newest of one participant: a stop is latched where it is received,
and a second one changes its reason at most.
"""

from __future__ import annotations

import math
from typing import Generic, TypeVar

from ...arena.messages import EmergencyStop, ResetStop

__all__ = ['BURST', 'MAX_QUEUED', 'PAUSE_S', 'PERIOD_S', 'StopLimiter']

BURST = 5
"""Stops of a room that are passed on at once after a pause of as many periods."""

PERIOD_S = 0.1
"""The mean time between two stops of a longer burst, in seconds."""

PAUSE_S = 0.5
"""A participant whose last stop was passed on so many seconds ago does not wait for others."""

MAX_QUEUED = 100
"""Requests for a reset that wait behind one stop: one for each robot of a room."""

Sender = TypeVar('Sender')
Waiting = EmergencyStop | ResetStop


class StopLimiter(Generic[Sender]):
    """
    The stops of one room that wait.

    :param now_s: the present time, of any clock that never jumps.
    """

    def __init__(self, now_s: float) -> None:
        self._left = float(BURST)
        self._seen_s = now_s
        # In the order of the times.
        self._passed_s: dict[Sender, float] = {}
        self._waiting: dict[Sender, list[Waiting]] = {}

    @property
    def has_waiting(self) -> bool:
        """Whether a stop waits; :meth:`due` is asked as long as one does."""
        return bool(self._waiting)

    def submit(self, sender: Sender, stop: EmergencyStop, now_s: float) -> bool:
        """
        Take a stop that came now.

        :returns: whether it is to be passed on at once; otherwise it waits.
        """
        self._refill(now_s)
        has_room = self._left >= 1.0 and not self._waiting
        if sender not in self._waiting and (self._has_paused(sender) or has_room):
            self._count(sender, now_s)
            return True
        # What waits behind an earlier stop must not reset this one.
        self._waiting[sender] = [stop]
        return False

    def queue_behind(self, sender: Sender, request: ResetStop) -> bool:
        """
        Have a request wait if a stop of its sender waits, so that the two stay in order.

        :returns: False where none waits.
        """
        waiting = self._waiting.get(sender)
        if waiting is not None and len(waiting) <= MAX_QUEUED:
            waiting.append(request)
        return waiting is not None

    def due(self, now_s: float) -> list[Sender]:
        """Return whose stops are to be taken and passed on now; asked once in each period."""
        self._refill(now_s)
        longest_ago = sorted(self._waiting, key=lambda each: self._passed_s.get(each, -math.inf))
        due = [each for each in longest_ago if self._has_paused(each)] or longest_ago[:1]
        for sender in due:
            self._count(sender, now_s)
        return due

    def take(self, sender: Sender) -> list[Waiting]:
        """Return what waits of a sender, once: a stop and what is behind it, or nothing."""
        return self._waiting.pop(sender, [])

    def forget(self, sender: Sender) -> list[Waiting]:
        """Do the same for a sender that leaves."""
        self._passed_s.pop(sender, None)
        return self.take(sender)

    def _refill(self, now_s: float) -> None:
        self._left = min(float(BURST), self._left + (now_s - self._seen_s) / PERIOD_S)
        self._seen_s = now_s
        for sender, passed_s in tuple(self._passed_s.items()):
            if now_s - passed_s < PAUSE_S:
                break
            del self._passed_s[sender]

    def _has_paused(self, sender: Sender) -> bool:
        return sender not in self._passed_s

    def _count(self, sender: Sender, now_s: float) -> None:
        self._left = max(0.0, self._left - 1.0)
        self._passed_s.pop(sender, None)
        self._passed_s[sender] = now_s
