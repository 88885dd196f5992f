"""
Which log lines wait, and which one is lost if there is no room for another. Sans I/O.

The oldest line that is not an error is lost, because the newest lines describe the present state.
An error is lost only if all lines are errors.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

__all__ = ['LINES', 'WaitingLines', 'Write']

LINES = 1000
"""How many lines wait at most."""

Write = Callable[[float], object]
"""Writes one line; takes for how many seconds it has waited."""


class WaitingLines:
    """The lines that wait, at most so many."""

    def __init__(self, size: int = LINES) -> None:
        self.lost = 0
        self._size = size
        self._count = 0
        self._errors: deque[tuple[int, float, Write]] = deque()
        self._others: deque[tuple[int, float, Write]] = deque()

    def __len__(self) -> int:
        return len(self._errors) + len(self._others)

    def put(self, write: Write, now_s: float, *, is_error: bool = False) -> None:
        """Add a line; where there is no room for it, one is lost."""
        if len(self) >= self._size:
            self.lost += 1
            if not self._others and not is_error:
                return
            (self._others or self._errors).popleft()
        self._count += 1
        (self._errors if is_error else self._others).append((self._count, now_s, write))

    def take(self) -> tuple[Write, float]:
        """
        Remove the oldest line.

        :returns: what writes it, and when it was put.
        :raises IndexError: there is none.
        """
        errors, others = self._errors, self._others
        is_error = errors and (not others or errors[0][0] < others[0][0])
        _, put_at_s, write = (errors if is_error else others).popleft()
        return write, put_at_s
