"""
Notice that a thread did not run for a while: it was blocked, or its process or machine slept.

What arrived in such a pause is old, and may come in any order. Where much arrives, some of it is
lost even in a short pause, a stop for example. So the limit shrinks as the rate of messages grows.
``now`` is in seconds of the steady clock.
"""

from __future__ import annotations

import math

__all__ = ['BACKLOG', 'SHORTEST_S', 'PauseWatch']

BACKLOG = 100
"""
Messages that may arrive in a time that is no pause.

A UDP socket of Linux holds some 270 small packets by default and some 90 of a kilobyte. DDS sends
heartbeats beside the messages.
"""

SHORTEST_S = 0.25
"""A shorter time is no pause at any rate, because busy machines make such times all the time."""

WINDOW_S = 1.0
"""Over which the rate of messages is counted."""


class PauseWatch:
    """
    The last pause of a thread that is known to run often.

    :param longest_s: a longer time between two calls of :meth:`seen` is a pause; so is a shorter
        one in which more than :data:`BACKLOG` messages arrive. Infinite = there are no pauses.
        While :attr:`is_strict`, call :meth:`seen` more often than each :data:`SHORTEST_S`, also
        if nothing arrives.
    :param now: the present time.
    """

    def __init__(self, longest_s: float, now: float) -> None:
        self._longest_s = self._limit_s = longest_s
        self._seen_at = self._counting_since = now
        self._messages = 0
        self._ended_at: float | None = None
        self._paused_s = 0.0

    def seen(self, now: float, *, messages: int = 0) -> None:
        """
        Note that the thread runs.

        :param messages: how many it handles now.
        """
        gap_s = abs(now - self._seen_at)
        if gap_s > self._limit_s:
            self._paused_s, self._ended_at = gap_s, now
            self._messages, self._counting_since = 0, now  # How many were lost is not known.
        self._seen_at = now
        self._count(messages, now)

    @property
    def is_strict(self) -> bool:
        """Whether so much arrives that shorter times than ``longest_s`` count."""
        return self._limit_s < self._longest_s

    def pausing_s(self, now: float) -> float | None:
        """Return for how long the thread has not run; None while that is no pause."""
        gap_s = abs(now - self._seen_at)
        return gap_s if gap_s > self._limit_s else None

    def paused_s(self, now: float, within_s: float) -> float | None:
        """Return how long the pause was that ended at most ``within_s`` ago; None without one."""
        if self._ended_at is None or abs(now - self._ended_at) >= within_s:
            return None
        return self._paused_s

    def _count(self, messages: int, now: float) -> None:
        """Adapt the limit to the rate of messages, once in each window."""
        self._messages += messages
        counted_s = now - self._counting_since
        if counted_s < WINDOW_S or math.isinf(self._longest_s):
            return
        backlog_s = BACKLOG * counted_s / self._messages if self._messages else math.inf
        self._limit_s = min(self._longest_s, max(SHORTEST_S, backlog_s))
        self._messages, self._counting_since = 0, now
