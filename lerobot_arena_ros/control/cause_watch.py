"""When to log why commands do not flow. Pure: ``now`` is in seconds of the steady clock."""

from __future__ import annotations

import re
from typing import NamedTuple

__all__ = ['CauseWatch', 'Line']

PATIENCE_S = 3.0
"""A shorter interruption is not logged."""

REPEAT_S = 30.0
"""Between two lines with the same cause, so that causes that take turns do not fill the log."""

_NUMBER = re.compile(r'(?<![\w/.])[-+]?\d+(\.\d+)?(?![\w/])')


class Line(NamedTuple):
    """
    A line for the log.

    :param is_fault: whether a person should look at it.
    """

    is_fault: bool
    text: str


class CauseWatch:
    """
    Decides when the cause of an interruption is logged: after three seconds, and when it changes.

    Two causes that differ in their numbers only are the same cause.

    :param blocked: what an interruption is called in the log.
    :param flowing: what its end is called.
    """

    def __init__(self, *, blocked: str, flowing: str, now: float) -> None:
        self._blocked = blocked
        self._flowing = flowing
        self._since = now
        self._latest: str | None = None
        self._told_at: dict[str, float] = {}
        self._has_warned = False

    def told(self, cause: str, now: float) -> None:
        """Note that a cause was logged elsewhere, as a fault."""
        self._note(_kind(cause), now, is_fault=True)

    def flows(self, now: float) -> Line | None:
        """Note that nothing is in the way; return what to log about it."""
        line = Line(False, self._flowing) if self._has_warned else None
        self.begin(now)
        return line

    def blocks(self, cause: str, now: float, *, is_fault: bool) -> Line | None:
        """
        Note what is in the way; return what to log about it.

        :param is_fault: False where the cause is a normal state.
        """
        kind = _kind(cause)
        is_new = kind != self._latest and now - self._told_at.get(kind, -REPEAT_S) >= REPEAT_S
        if now - self._since < PATIENCE_S or not is_new:
            return None
        self._note(kind, now, is_fault=is_fault)
        return Line(is_fault, f'{self._blocked}: {cause}')

    def begin(self, now: float) -> None:
        """Forget what was logged: an interruption that begins now is another one."""
        self._since = now
        self._latest = None
        self._told_at.clear()
        self._has_warned = False

    def _note(self, kind: str, now: float, *, is_fault: bool) -> None:
        self._latest = kind
        self._told_at[kind] = now
        self._has_warned = self._has_warned or is_fault


def _kind(cause: str) -> str:
    return _NUMBER.sub('#', cause)
