"""
Notice that a thread did not run for a while: it was blocked, or its process or machine slept.

What arrived in such a pause is old, and may come in any order. ``now`` is in seconds of the steady
clock.
"""

from __future__ import annotations

__all__ = ['PauseWatch']


class PauseWatch:
    """
    The last pause of a thread that is known to run often.

    :param longest_s: a longer time between two calls of :meth:`seen` is a pause.
    :param now: the present time.
    """

    def __init__(self, longest_s: float, now: float) -> None:
        self._longest_s = longest_s
        self._seen_at = now
        self._ended_at: float | None = None
        self._paused_s = 0.0

    def seen(self, now: float) -> None:
        """Note that the thread runs."""
        gap_s = abs(now - self._seen_at)
        if gap_s > self._longest_s:
            self._paused_s, self._ended_at = gap_s, now
        self._seen_at = now

    def pausing_s(self, now: float) -> float | None:
        """Return for how long the thread has not run; None while that is no pause."""
        gap_s = abs(now - self._seen_at)
        return gap_s if gap_s > self._longest_s else None

    def paused_s(self, now: float, within_s: float) -> float | None:
        """Return how long the pause was that ended at most ``within_s`` ago; None without one."""
        if self._ended_at is None or abs(now - self._ended_at) >= within_s:
            return None
        return self._paused_s
