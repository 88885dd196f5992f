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
from typing import NamedTuple

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
    for number in range(1 + POOL):
        before = _held(pid)
        work()
        if within(partial(_holds_at_most, pid, before), CLOSING_S):
            return
        after = _held(pid)
        attempts.append(f'{before} -> {after}')
        if number > 0 and after.files > before.files:
            break
    raise AssertionError(f'before and after each attempt: {", ".join(attempts)}')


class _Held(NamedTuple):
    """The number of threads and of open files of a process."""

    threads: int
    files: int


def _held(pid: int) -> _Held:
    process = Path('/proc') / str(pid)
    return _Held(len(os.listdir(process / 'task')), len(os.listdir(process / 'fd')))


def _holds_at_most(pid: int, most: _Held) -> bool:
    now = _held(pid)
    return now.threads <= most.threads and now.files <= most.files
