"""
How often the stops of one participant are passed on, sans I/O.

The first stops of a burst are passed on at once. Of those that follow, the newest of each period
is passed on, so that the last one always is. No stop is refused, and nothing is lost by it: a stop
is latched where it is received, and a second one changes its reason at most.
"""

from __future__ import annotations

from ..arena.messages import EmergencyStop

__all__ = ['BURST', 'PERIOD_S', 'StopLimiter']

BURST = 5
"""Stops that are passed on at once after a pause of as many periods."""

PERIOD_S = 0.1
"""The mean time between two stops of a longer burst, in seconds."""


class StopLimiter:
    """
    The stops of one participant.

    :param now_s: the present time, of any clock that never jumps.
    """

    def __init__(self, now_s: float) -> None:
        self._left = float(BURST)
        self._seen_s = now_s
        self._held: EmergencyStop | None = None

    def take(self, stop: EmergencyStop, now_s: float) -> float | None:
        """
        Take a stop that came now.

        :returns: in how many seconds :meth:`release` is due: 0 for at once, None where a release
            is due already.
        """
        is_due = self._held is not None
        self._held = stop
        if is_due:
            return None
        self._left = min(float(BURST), self._left + (now_s - self._seen_s) / PERIOD_S)
        self._seen_s = now_s
        self._left -= 1.0
        return max(0.0, -self._left * PERIOD_S)

    def release(self) -> EmergencyStop | None:
        """Return the stop to be passed on now, once; None where there is none."""
        held, self._held = self._held, None
        return held
