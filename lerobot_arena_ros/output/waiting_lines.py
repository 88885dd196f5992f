# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""
A bounded buffer of log lines. Sans I/O.

A full buffer drops the oldest line that is not an error, because the newest lines describe the
present state. It drops an error only if all lines are errors.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

__all__ = ['LINES', 'WaitingLines', 'Write']

LINES = 1000
"""The maximum number of queued lines."""

Write = Callable[[float], object]
"""Writes one line; the argument is the time that the line was queued, in seconds."""


class WaitingLines:
    """
    The queued lines, oldest first.

    :param size: the maximum number of lines.
    """

    def __init__(self, size: int = LINES) -> None:
        self.lost = 0
        self._size = size
        self._count = 0
        self._errors: deque[tuple[int, float, Write]] = deque()
        self._others: deque[tuple[int, float, Write]] = deque()

    def __len__(self) -> int:
        return len(self._errors) + len(self._others)

    def put(self, write: Write, now_s: float, *, is_error: bool = False) -> None:
        """Add a line; drop one if the buffer is full."""
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

        :returns: the function that writes it, and the time at which it was added.
        :raises IndexError: the buffer is empty.
        """
        errors, others = self._errors, self._others
        is_error = errors and (not others or errors[0][0] < others[0][0])
        _, put_at_s, write = (errors if is_error else others).popleft()
        return write, put_at_s
