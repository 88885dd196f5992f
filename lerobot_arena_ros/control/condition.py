"""How something is: its level in diagnostics, one sentence, and what the log makes of it. Pure."""

from __future__ import annotations

from enum import Enum, IntEnum
from typing import NamedTuple

__all__ = ['Condition', 'Level', 'Severity', 'ago', 'fine']


class Level(IntEnum):
    """
    The levels of a diagnostic status.

    ``STALE``: the work was never done, or there was none lately.
    """

    OK = 0
    WARN = 1
    ERROR = 2
    STALE = 3


class Severity(Enum):
    """
    How the log has a condition that lasts.

    ``NONE``: not at all, because nothing is missing or because the log has it elsewhere. ``INFO``:
    nothing is wrong. ``WARN``: a person should look at it.
    """

    NONE = 'none'
    INFO = 'info'
    WARN = 'warn'


class Condition(NamedTuple):
    """
    How something is at one moment.

    :param text: what does not happen, why, and what to do; diagnostics and the log print it.
    """

    level: Level
    text: str
    severity: Severity = Severity.WARN

    @property
    def is_ok(self) -> bool:
        """Whether the work was done lately."""
        return self.level is Level.OK


def fine(text: str) -> Condition:
    """Return the condition of something that does its work."""
    return Condition(Level.OK, text, Severity.NONE)


def ago(what: str, age_s: float | None) -> str:
    """Return the end of a text that says when something was done last; nothing if it never was."""
    return '' if age_s is None else f' ({what} {age_s:.1f} s ago)'
