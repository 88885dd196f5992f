"""
Log lines that a machine can read and that no flood can multiply, sans I/O but for the logger.

A line is ``event=NAME key=value ...``. Of each event at most :data:`LINES` lines are written per
period; whoever keeps the time calls :meth:`Journal.turn_page` after each, which says how many
lines were left out.
"""

from __future__ import annotations

from collections import Counter
import logging

__all__ = ['LINES', 'Journal']

LINES = 10
"""Lines of one event within one period."""

MAX_VALUE_LENGTH = 200
"""Characters of one value: clients choose what stands in there."""

_log = logging.getLogger('lerobot_arena_ros.server')


class Journal:
    """The log of one server."""

    def __init__(self) -> None:
        self._count: Counter[tuple[int, str]] = Counter()

    def note(self, event: str, **values: object) -> None:
        """Write down what peers do, as they do all day."""
        self._write(logging.INFO, event, values)

    def warn(self, event: str, **values: object) -> None:
        """Write down what whoever runs the server should look at."""
        self._write(logging.WARNING, event, values)

    def turn_page(self) -> None:
        """Begin another period; say of the last one what was left out."""
        count, self._count = self._count, Counter()
        for (level, event), lines in count.items():
            if lines > LINES:
                _log.log(level, 'event=%s left_out=%d', event, lines - LINES)

    def _write(self, level: int, event: str, values: dict[str, object]) -> None:
        if not _log.isEnabledFor(level):
            return
        self._count[level, event] += 1
        if self._count[level, event] <= LINES:
            shown = ''.join(f' {key}={_shown(value)}' for key, value in values.items())
            _log.log(level, 'event=%s%s', event, shown)


def _shown(value: object) -> str:
    if isinstance(value, int | float):
        return str(value)
    # Quoted, and so on one line whatever a client put in there.
    text = str(value)
    return repr(text if len(text) <= MAX_VALUE_LENGTH else f'{text[:MAX_VALUE_LENGTH]}...')
