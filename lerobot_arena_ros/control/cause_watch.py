"""When to log a condition that lasts. Pure: ``now`` is in seconds of the steady clock."""

from __future__ import annotations

import re
from typing import NamedTuple

from .condition import Condition, Severity

__all__ = ['CauseWatch', 'Line']

PATIENCE_S = 2.5
"""
A shorter interruption is not logged.

Conditions are looked at twice a second, so that the log has each within 3 s.
"""

REPEAT_S = 30.0
"""Between two lines with the same cause, so that causes that take turns do not fill the log."""

_NUMBER = re.compile(
    r'(?<![\w/.])(?<!HTTP )[-+]?(?:\d+(?:\.\d+)?(?:[eE][-+]?\d+)?|nan|inf)(?![\w/])'
)

MAX_TOLD = 100
"""So many causes are remembered, so that texts that always differ take no memory."""


class Line(NamedTuple):
    """
    A line for the log.

    :param is_fault: whether a person should look at it.
    """

    is_fault: bool
    text: str


class CauseWatch:
    """
    Decides when a condition is logged: once it has lasted for a while, and when it changes.

    Two texts that differ in their numbers only are the same.

    :param recovered: what the log says when a fault has ended.
    :param patience_s: how long a condition lasts before it is logged.
    """

    def __init__(self, *, recovered: str, now: float, patience_s: float = PATIENCE_S) -> None:
        self._recovered = recovered
        self._patience_s = patience_s
        self._since = now
        self._latest: str | None = None
        self._told_at: dict[str, float] = {}
        self._has_warned = False

    def see(
        self, condition: Condition, now: float, *, worked_at: float | None = None
    ) -> Line | None:
        """
        Note how something is; return what to log about it.

        :param worked_at: when it did its work last, where this is known.
        """
        if condition.is_ok:
            line = Line(False, self._recovered) if self._has_warned else None
            self.begin(now if worked_at is None else worked_at)
            return line
        if condition.severity is Severity.NONE:
            self.begin(now)
            return None
        kind = _kind(condition.text)
        is_new = kind != self._latest and now - self._told_at.get(kind, -REPEAT_S) >= REPEAT_S
        if now - self._since < self._patience_s or not is_new:
            return None
        self.told(condition, now)
        return Line(condition.severity is Severity.WARN, condition.text)

    def told(self, condition: Condition, now: float) -> None:
        """Note that a condition was logged."""
        self._latest = kind = _kind(condition.text)
        if len(self._told_at) >= MAX_TOLD:
            self._told_at.clear()
        self._told_at[kind] = now
        self._has_warned = self._has_warned or condition.severity is Severity.WARN

    def begin(self, now: float) -> None:
        """Forget what was logged: what is not well from now on is another matter."""
        self._since = now
        self._latest = None
        self._told_at.clear()
        self._has_warned = False


def _kind(text: str) -> str:
    return _NUMBER.sub('#', text)
