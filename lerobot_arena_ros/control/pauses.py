# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""
Detects pauses of a thread: it was blocked, or its process or machine was suspended.

Messages that arrived during a pause are old, and may be handled in any order. At a high message
rate, even a short pause overflows the buffers, and an emergency stop may be lost. So the limit is
shorter at a higher rate. ``now`` is in seconds of the steady clock.
"""

from __future__ import annotations

import math

__all__ = ['BACKLOG', 'SHORTEST_S', 'PauseWatch']

BACKLOG = 100
"""
The number of messages that may arrive between two calls without a pause.

The buffer of a UDP socket of Linux holds about 270 small packets by default, and about 90 of one
kilobyte. DDS sends heartbeats in addition to the messages.
"""

SHORTEST_S = 0.25
"""A shorter time is never a pause, because it is common on a busy machine."""

WINDOW_S = 1.0
"""The period over which the message rate is measured."""


class PauseWatch:
    """
    Detects the pauses of a thread that runs often.

    :param longest_s: a longer time between two calls of :meth:`seen` is a pause; so is a
        shorter one in which more than :data:`BACKLOG` messages arrive. Infinite: there are no
        pauses. While :attr:`is_strict`, call :meth:`seen` more often than every
        :data:`SHORTEST_S`, even if no message arrives.
    :param now: the present time.
    """

    def __init__(self, longest_s: float, now: float) -> None:
        self._longest_s = self._limit_s = longest_s
        self._ran_at = self._counting_since = now
        self._messages = 0
        self._ended_at: float | None = None
        self._paused_s = 0.0

    def seen(self, now: float, *, messages: int = 0) -> None:
        """
        Record that the thread runs.

        :param messages: how many messages it handles now.
        """
        gap_s = abs(now - self._ran_at)
        if gap_s > self._limit_s:
            self._paused_s, self._ended_at = gap_s, now
            self._messages, self._counting_since = 0, now  # How many were lost is unknown.
        self._ran_at = now
        self._count(messages, now)

    @property
    def is_strict(self) -> bool:
        """Whether the message rate is so high that the limit is shorter than ``longest_s``."""
        return self._limit_s < self._longest_s

    def pausing_s(self, now: float) -> float | None:
        """Return the length of the pause that still lasts; None if the thread does not pause."""
        gap_s = abs(now - self._ran_at)
        return gap_s if gap_s > self._limit_s else None

    def paused_s(self, now: float, within_s: float) -> float | None:
        """Return the length of the pause that ended less than ``within_s`` ago; None if none."""
        if self._ended_at is None or abs(now - self._ended_at) >= within_s:
            return None
        return self._paused_s

    def _count(self, messages: int, now: float) -> None:
        """Adapt the limit to the message rate, once per window."""
        self._messages += messages
        counted_s = now - self._counting_since
        if counted_s < WINDOW_S or math.isinf(self._longest_s):
            return
        backlog_s = BACKLOG * counted_s / self._messages if self._messages else math.inf
        self._limit_s = min(self._longest_s, max(SHORTEST_S, backlog_s))
        self._messages, self._counting_since = 0, now
