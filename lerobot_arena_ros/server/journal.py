"""
What happens at a server, as log lines that no flood can multiply, and as an audit log.

A log line is ``event=NAME key=value ...``. Of each event at most :data:`LINES` lines are written
per period; :meth:`Journal.turn_page`, to be called after each, writes how many were left out.

The audit log gets each :meth:`Journal.record` as one line of JSON. Sans I/O but for the logger
and the sink of the audit log.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import datetime, timezone
import logging

from ..arena.json_text import dump

__all__ = ['LINES', 'Journal']

LINES = 10
"""Lines of one event within one period."""

MAX_SAMPLES = 1000
"""Different samples within one period; more are only counted, as those of one sample are."""

MAX_VALUE_LENGTH = 200
"""Characters of one value: clients choose what stands in there."""

_log = logging.getLogger('lerobot_arena_ros.server')

_Sample = tuple[str, tuple[tuple[str, object], ...]]


class Journal:
    """
    The log of one server.

    :param audit: takes each line of the audit log; None for no such log.
    """

    def __init__(self, audit: Callable[[str], object] | None = None) -> None:
        self._audit = audit
        self._count: Counter[tuple[int, str]] = Counter()
        self._samples: Counter[_Sample] = Counter()

    def note(self, event: str, **values: object) -> None:
        """Log what clients do, at INFO."""
        self._write(logging.INFO, event, values)

    def warn(self, event: str, **values: object) -> None:
        """Log at WARNING what the operator of the server should look at."""
        self._write(logging.WARNING, event, values)

    def record(self, event: str, **values: object) -> None:
        """Log what a client did, at INFO, and put it into the audit log."""
        self.note(event, **values)
        self._put(event, values)

    def sample(self, event: str, **values: object) -> None:
        """
        Put into the audit log what may happen very often: once in each period.

        How many more there were, with the same values, follows when the period ends.
        """
        key: _Sample = (event, tuple(values.items()))
        if key not in self._samples and len(self._samples) >= MAX_SAMPLES:
            key = (event, (('peer', 'several'),))
        self._samples[key] += 1
        if self._samples[key] == 1:
            self._put(event, dict(key[1]))

    def turn_page(self) -> None:
        """Begin another period, and write what was left out in the last one."""
        count, self._count = self._count, Counter()
        for (level, event), lines in count.items():
            if lines > LINES:
                _log.log(level, 'event=%s left_out=%d', event, lines - LINES)
        samples, self._samples = self._samples, Counter()
        for (event, values), times in samples.items():
            if times > 1:
                self._put(event, {**dict(values), 'more': times - 1})

    def _put(self, event: str, values: dict[str, object]) -> None:
        if self._audit is None:
            return
        time = datetime.now(timezone.utc).isoformat(timespec='milliseconds')
        kept = {
            key: value if isinstance(value, int) else _cut(value) for key, value in values.items()
        }
        self._audit(dump({'time': time, 'event': event, **kept}))

    def _write(self, level: int, event: str, values: dict[str, object]) -> None:
        if not _log.isEnabledFor(level):
            return
        self._count[level, event] += 1
        if self._count[level, event] <= LINES:
            shown = ''.join(f' {key}={_shown(value)}' for key, value in values.items())
            _log.log(level, 'event=%s%s', event, shown)


def _shown(value: object) -> str:
    # Quoted, and so on one line whatever a client put in there.
    return str(value) if isinstance(value, int | float) else repr(_cut(value))


def _cut(value: object) -> str:
    text = str(value)
    return text if len(text) <= MAX_VALUE_LENGTH else f'{text[:MAX_VALUE_LENGTH]}...'
