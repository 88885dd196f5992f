# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""
The log of server events, with a rate limit per event, and the audit log.

A log line is ``event=NAME key=value ...``. At most :data:`LINES` lines of each event are written
per period. Call :meth:`RateLimitedLog.end_period` after each period; it writes how many lines were
left out.

The audit log gets each :meth:`RateLimitedLog.record` as one line of JSON. The lines of
:meth:`RateLimitedLog.sample` are limited by :mod:`.samples`. There is no I/O except the logger and
the audit function.
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
"""The most lines of one event in one period."""

MAX_VALUE_LENGTH = 200
"""The most characters of one value, because clients choose some of the values."""

_log = logging.getLogger('lerobot_arena_ros.server')


class RateLimitedLog:
    """
    The log of one server.

    :param audit: called with each line of the audit log; None for no audit log.
    """

    def __init__(self, audit: Callable[[str], object] | None = None) -> None:
        self._audit = audit
        self._count: Counter[tuple[int, str]] = Counter()
        self._samples = Samples()

    def note(self, event: str, **values: object) -> None:
        """Log an action of a client at INFO."""
        self._write(logging.INFO, event, values)

    def warn(self, event: str, **values: object) -> None:
        """Log at WARNING an event that the operator should check."""
        self._write(logging.WARNING, event, values)

    def record(self, event: str, **values: object) -> None:
        """Log an event that clients cannot cause often, at INFO and in the audit log."""
        self.note(event, **values)
        self._write_audit(event, values)

    def record_often(self, event: str, **values: object) -> None:
        """Log an event that clients can cause often, at INFO, and sample it for the audit log."""
        self.note(event, **values)
        self.sample(event, **values)

    def sample(self, event: str, **values: object) -> None:
        """Write an event that clients can cause often to the audit log: see :mod:`.samples`."""
        if self._audit is not None and self._samples.is_new(event, short := _truncated(values)):
            self._audit(audit_line(event, short))

    def end_period(self) -> None:
        """Start a new period, and write the number of lines left out in the last one."""
        count, self._count = self._count, Counter()
        for (level, event), lines in count.items():
            if lines > LINES:
                _log.log(level, 'event=%s left_out=%d', event, lines - LINES)
        samples, self._samples = self._samples, Samples()
        for event, values in samples.remaining():
            self._write_audit(event, values)

    def _write_audit(self, event: str, values: Mapping[str, object]) -> None:
        if self._audit is not None:
            self._audit(audit_line(event, _truncated(values)))

    def _write(self, level: int, event: str, values: dict[str, object]) -> None:
        if not _log.isEnabledFor(level):
            return
        self._count[level, event] += 1
        if self._count[level, event] <= LINES:
            text = ''.join(f' {key}={_format(value)}' for key, value in values.items())
            _log.log(level, 'event=%s%s', event, text)


def audit_line(event: str, values: Mapping[str, object]) -> str:
    """Return a line of the audit log."""
    time = datetime.now(timezone.utc).isoformat(timespec='milliseconds')
    return dump({'time': time, 'event': event, **values})


def _truncated(values: Mapping[str, object]) -> dict[str, int | str]:
    return {
        key: value if isinstance(value, int) else _truncate(value) for key, value in values.items()
    }


def _format(value: object) -> str:
    # repr() quotes the value, so text from a client cannot start a new line.
    return str(value) if isinstance(value, int | float) else repr(_truncate(value))


def _truncate(value: object) -> str:
    text = str(value)
    return text if len(text) <= MAX_VALUE_LENGTH else f'{text[:MAX_VALUE_LENGTH]}...'
