"""
How many frames a second one participant may send, sans I/O.

Two buckets in a row. Who sends up to the rate never meets either. What overflows the first is
dropped and its sender told, so up to twice the rate is borne for ever; what overflows the second,
too, is a runaway that costs everybody, and its connection ends.
"""

from __future__ import annotations

from enum import Enum

__all__ = ['BURST_S', 'RateLimiter', 'Verdict']

BURST_S = 2.0
"""How many seconds' worth of frames may come at once."""

REPLY_PERIOD_S = 1.0
"""The least time between two errors to a participant that is too fast, in seconds."""


class Verdict(Enum):
    """What is to be done with a frame."""

    PASS = 'pass'
    DROP = 'drop'
    DROP_AND_REPLY = 'drop_and_reply'
    """Drop it and say so."""
    CLOSE = 'close'


class RateLimiter:
    """
    The buckets of one participant.

    :param rate_hz: frames per second that pass on average.
    :param now_s: the present time, of any clock that never jumps.
    """

    def __init__(self, rate_hz: float, now_s: float) -> None:
        self._rate_hz = rate_hz
        self._full = max(1.0, rate_hz * BURST_S)
        self._tokens = self._reserve = self._full
        self._seen_s = now_s
        self._replied_s = now_s - REPLY_PERIOD_S

    def check(self, now_s: float, cost: float = 1.0) -> Verdict:
        """
        Return what is to be done with a frame that came now.

        :param cost: 1 for a message, less for a frame that costs less than one.
        """
        earned = (now_s - self._seen_s) * self._rate_hz
        self._seen_s = now_s
        self._tokens = min(self._full, self._tokens + earned)
        self._reserve = min(self._full, self._reserve + earned)
        if self._tokens >= cost:
            self._tokens -= cost
            return Verdict.PASS
        if self._reserve < cost:
            return Verdict.CLOSE
        self._reserve -= cost
        if now_s - self._replied_s < REPLY_PERIOD_S:
            return Verdict.DROP
        self._replied_s = now_s
        return Verdict.DROP_AND_REPLY
