# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""Decides when to log a lasting condition. Pure: ``now`` is in seconds of the steady clock."""

from __future__ import annotations

import re
from typing import NamedTuple

from .condition import Condition, Severity

__all__ = ['CauseWatch', 'Line']

PATIENCE_S = 2.5
"""
A shorter interruption is not logged.

Conditions are checked twice a second, so each one is logged within 3 s.
"""

REPEAT_S = 30.0
"""The time between two lines with one cause, so that alternating causes do not flood the log."""

_NUMBER = re.compile(
    r'(?<![\w/.])(?<!HTTP )[-+]?(?:\d+(?:\.\d+)?(?:[eE][-+]?\d+)?|nan|inf)(?![\w/])'
)

MAX_REMEMBERED = 100
"""The number of remembered causes, so that texts that always differ use limited memory."""


class Line(NamedTuple):
    """
    A line for the log.

    :param is_fault: whether the user has to act.
    """

    is_fault: bool
    text: str


class CauseWatch:
    """
    Decides when a condition is logged: after it has lasted for a while, and when it changes.

    Two texts that differ only in their numbers count as the same.

    :param recovered: the text to log when a fault has ended.
    :param patience_s: how long a condition must last before it is logged.
    """

    def __init__(self, *, recovered: str, now: float, patience_s: float = PATIENCE_S) -> None:
        self._recovered = recovered
        self._patience_s = patience_s
        self._since = now
        self._latest: str | None = None
        self._logged_at: dict[str, float] = {}
        self._has_warned = False

    def update(
        self, condition: Condition, now: float, *, worked_at: float | None = None
    ) -> Line | None:
        """
        Record the current condition; return the line to log, None without one.

        :param worked_at: when the work was done last, if this is known.
        """
        if condition.is_ok:
            line = Line(False, self._recovered) if self._has_warned else None
            self.begin(now if worked_at is None else worked_at)
            return line
        if condition.severity is Severity.NONE:
            self.begin(now)
            return None
        kind = _kind(condition.text)
        is_new = kind != self._latest and now - self._logged_at.get(kind, -REPEAT_S) >= REPEAT_S
        if now - self._since < self._patience_s or not is_new:
            return None
        self.mark_logged(condition, now)
        return Line(condition.severity is Severity.WARN, condition.text)

    def mark_logged(self, condition: Condition, now: float) -> None:
        """Record that a condition was logged."""
        self._latest = kind = _kind(condition.text)
        if len(self._logged_at) >= MAX_REMEMBERED:
            self._logged_at.clear()
        self._logged_at[kind] = now
        self._has_warned = self._has_warned or condition.severity is Severity.WARN

    def begin(self, now: float) -> None:
        """Forget what was logged, so that the next fault is logged as a new one."""
        self._since = now
        self._latest = None
        self._logged_at.clear()
        self._has_warned = False


def _kind(text: str) -> str:
    return _NUMBER.sub('#', text)
