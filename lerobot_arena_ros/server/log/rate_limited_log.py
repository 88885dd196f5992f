"""
What happens at a server, as log lines that no flood can multiply, and as an audit log.

A log line is ``event=NAME key=value ...``. Of each event at most :data:`LINES` lines are written
per period; :meth:`RateLimitedLog.end_period`, called after each, writes how many were left out.

The audit log gets each :meth:`RateLimitedLog.record` as one line of JSON, and of each
:meth:`RateLimitedLog.sample` no more than :mod:`.samples` lets pass. Sans I/O but for the logger
and the sink of the audit log.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from datetime import datetime, timezone
import logging

from ...arena.json_text import dump
from .samples import Samples

__all__ = ['LINES', 'RateLimitedLog', 'audit_line']

LINES = 10
"""Lines of one event within one period."""

MAX_VALUE_LENGTH = 200
"""Characters of one value: clients choose what stands in there."""

_log = logging.getLogger('lerobot_arena_ros.server')


class RateLimitedLog:
    """
    The log of one server.

    :param audit: takes each line of the audit log; None for no such log.
    """

    def __init__(self, audit: Callable[[str], object] | None = None) -> None:
        self._audit = audit
        self._count: Counter[tuple[int, str]] = Counter()
        self._samples = Samples()

    def note(self, event: str, **values: object) -> None:
        """Log what clients do, at INFO."""
        self._write(logging.INFO, event, values)

    def warn(self, event: str, **values: object) -> None:
        """Log at WARNING what the operator of the server should look at."""
        self._write(logging.WARNING, event, values)

    def record(self, event: str, **values: object) -> None:
        """Log what happens rarely, whatever clients do, at INFO and in the audit log."""
        self.note(event, **values)
        self._put(event, values)

    def record_often(self, event: str, **values: object) -> None:
        """Log what a client did and may do very often, at INFO, and sample it."""
        self.note(event, **values)
        self.sample(event, **values)

    def sample(self, event: str, **values: object) -> None:
        """Put into the audit log what clients may do very often: see :mod:`.samples`."""
        if self._audit is not None and self._samples.is_new(event, kept := _kept(values)):
            self._audit(audit_line(event, kept))

    def end_period(self) -> None:
        """Begin another period, and write what was left out in the last one."""
        count, self._count = self._count, Counter()
        for (level, event), lines in count.items():
            if lines > LINES:
                _log.log(level, 'event=%s left_out=%d', event, lines - LINES)
        samples, self._samples = self._samples, Samples()
        for event, values in samples.more():
            self._put(event, values)

    def _put(self, event: str, values: Mapping[str, object]) -> None:
        if self._audit is not None:
            self._audit(audit_line(event, _kept(values)))

    def _write(self, level: int, event: str, values: dict[str, object]) -> None:
        if not _log.isEnabledFor(level):
            return
        self._count[level, event] += 1
        if self._count[level, event] <= LINES:
            shown = ''.join(f' {key}={_shown(value)}' for key, value in values.items())
            _log.log(level, 'event=%s%s', event, shown)


def audit_line(event: str, values: Mapping[str, object]) -> str:
    """Return a line of the audit log."""
    time = datetime.now(timezone.utc).isoformat(timespec='milliseconds')
    return dump({'time': time, 'event': event, **values})


def _kept(values: Mapping[str, object]) -> dict[str, int | str]:
    return {key: value if isinstance(value, int) else _cut(value) for key, value in values.items()}


def _shown(value: object) -> str:
    # Quoted, and so on one line whatever a client put in there.
    return str(value) if isinstance(value, int | float) else repr(_cut(value))


def _cut(value: object) -> str:
    text = str(value)
    return text if len(text) <= MAX_VALUE_LENGTH else f'{text[:MAX_VALUE_LENGTH]}...'
