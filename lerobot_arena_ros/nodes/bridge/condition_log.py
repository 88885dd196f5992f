# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""Logs a lasting condition of a node."""

from __future__ import annotations

from lerobot_arena_ros.arena.steady_clock import steady_now
from lerobot_arena_ros.control.cause_watch import PATIENCE_S, CauseWatch
from lerobot_arena_ros.control.condition import Condition

from ..runtime.node_log import NodeLog

__all__ = ['ConditionLog']


class ConditionLog:
    """
    Log one condition: once it has lasted, when it changes, and when a fault ends.

    :param recovered: the line for the end of a fault.
    :param patience_s: how long a condition lasts before it is logged.
    :param about: prefix of each line.
    """

    def __init__(
        self, log: NodeLog, *, recovered: str, patience_s: float = PATIENCE_S, about: str = ''
    ) -> None:
        self._log = log
        self._about = about
        self._watch = CauseWatch(recovered=recovered, now=steady_now(), patience_s=patience_s)

    def update(self, condition: Condition, now: float, *, worked_at: float | None = None) -> None:
        """
        Note the present condition, and log it if that is due.

        :param now: in seconds of the steady clock.
        :param worked_at: when the work was done last, where this is known.
        """
        line = self._watch.update(condition, now, worked_at=worked_at)
        if line is not None:
            write = self._log.warning if line.is_fault else self._log.info
            write(f'{self._about}{line.text}')

    def mark_logged(self, condition: Condition, now: float) -> None:
        """Note that a condition was logged in other words, so that it is not logged again."""
        self._watch.mark_logged(condition, now)

    def restart(self, now: float) -> None:
        """Forget what was logged: a fault from now on is a new one."""
        self._watch.begin(now)
