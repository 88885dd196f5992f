# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""Checks that work which a process repeats leaves no threads and files behind."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
import os
from pathlib import Path

from .waiting import within

__all__ = ['check_leaks']

POOL = min(32, (os.cpu_count() or 1) + 4)
"""The most threads in the pool of an event loop: see ThreadPoolExecutor."""

CLOSING_S = 5.0
"""The time in which a busy machine closes what was open at the end of the work."""


def check_leaks(pid: int, work: Callable[[], None]) -> None:
    """
    Repeat work until it leaves no more threads and files in a process than it found.

    An attempt may leave a thread although nothing leaks: if two links connect at the same moment,
    the pool of the event loop starts another thread and keeps it. So there is one attempt more
    than the pool can have threads. The first attempt may also open files that stay open.

    :param work: does several times what may leak.
    :raises AssertionError: each attempt left threads, or one after the first left files.
    """
    attempts = []
    for _ in range(1 + POOL):
        before = _held(pid)
        work()
        if within(partial(_holds_at_most, pid, before), CLOSING_S):
            return
        attempts.append((before, _held(pid)))
        if len(attempts) > 1 and attempts[-1][1][1] > before[1]:
            break
    raise AssertionError(f'(threads, files) before and after each attempt: {attempts}')


def _holds_at_most(pid: int, most: tuple[int, int]) -> bool:
    return all(now <= then for now, then in zip(_held(pid), most, strict=True))


def _held(pid: int) -> tuple[int, int]:
    """Return the number of threads and of open files of a process."""
    process = Path('/proc') / str(pid)
    return len(os.listdir(process / 'task')), len(os.listdir(process / 'fd'))
