# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""A condition: its level in the diagnostics, its text, and its severity in the log. Pure."""

from __future__ import annotations

from enum import Enum, IntEnum
from typing import NamedTuple

__all__ = ['Condition', 'Level', 'Severity', 'ago', 'fine']


class Level(IntEnum):
    """
    The levels of a diagnostic status.

    ``STALE``: the work was never done, or there was no work recently.
    """

    OK = 0
    WARN = 1
    ERROR = 2
    STALE = 3


class Severity(Enum):
    """
    How a lasting condition is logged.

    ``NONE``: not at all, because nothing is missing or because it is logged elsewhere. ``INFO``:
    nothing is wrong. ``WARN``: the user has to act.
    """

    NONE = 'none'
    INFO = 'info'
    WARN = 'warn'


class Condition(NamedTuple):
    """
    The condition of something at one moment.

    :param text: what does not happen, why, and what to do; for the diagnostics and the log.
    """

    level: Level
    text: str
    severity: Severity = Severity.WARN

    @property
    def is_ok(self) -> bool:
        """Whether the work was done recently."""
        return self.level is Level.OK


def fine(text: str) -> Condition:
    """Return the condition of something that works."""
    return Condition(Level.OK, text, Severity.NONE)


def ago(what: str, age_s: float | None) -> str:
    """Return a text suffix for when something was done last; an empty text if it never was."""
    return '' if age_s is None else f' ({what} {age_s:.1f} s ago)'
