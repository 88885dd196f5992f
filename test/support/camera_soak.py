# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""A camera whose viewers come and go: what it takes, and what it does not release."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
import os
import signal
import time

from benchmark.harness.camera_paths import RunningCamera
from benchmark.harness.figures import memory_mb, open_files, slope, threads

from .bounds import Row
from .waiting import wait_for

__all__ = ['CameraSoakPlan', 'camera_soak']

VANISH_EVERY = 3
"""In every third round the viewers vanish; in the others they leave."""

POOL_THREADS = min(32, (os.cpu_count() or 1) + 4)
"""
The size of the thread pool of asyncio, which starts a thread whenever all others are busy.

More viewers come than that, so one thread for each would be noticed.
"""

KEPT = {'threads': POOL_THREADS, 'files': 0}
"""The most threads and files that may remain."""

WARM_UP_ROUNDS = 2
RELEASE_S = 60.0

MOST_KB_PER_MIN = 500.0
"""
The bound of the slope of the memory in the second half.

Ten viewers a minute would take several thousand if nothing of their connections were freed.
"""

MOST_PICTURE_S = 1.0
"""The length of a piece of the stream; after each the memory is read."""


@dataclass(frozen=True)
class CameraSoakPlan:
    """
    The viewers.

    :param viewers: in each round.
    :param hold_s: how long the viewers of a round stay at least, in seconds.
    """

    rounds: int
    viewers: int
    hold_s: float

    def __str__(self) -> str:
        return f'{self.rounds} rounds x {self.viewers} viewers for {self.hold_s:g} s each'


@dataclass
class Record:
    """
    What was recorded.

    :param memory: minutes and kB.
    :param connected: viewers that have received pictures.
    """

    pid: int
    begun: float = field(default_factory=time.monotonic)
    memory: list[tuple[float, float]] = field(default_factory=list)
    connected: int = 0

    def sample(self) -> None:
        """Read the memory."""
        minutes = (time.monotonic() - self.begun) / 60.0
        self.memory.append((minutes, 1024 * memory_mb(self.pid)))

    def each_minute(self) -> str:
        """Return the memory at the begin of each minute, in MB."""
        first: dict[int, float] = {}
        for minutes, kilobytes in self.memory:
            first.setdefault(int(minutes), kilobytes / 1024)
        return ' '.join(f'{megabytes:.1f}' for megabytes in first.values())


def camera_soak(
    running: RunningCamera, plan: CameraSoakPlan, report: Callable[[str], None]
) -> list[Row]:
    """
    Let viewers come and go; return the results with their bounds.

    :param report: called with a line after each round.
    """
    warm_up = Record(running.pid)
    for _ in range(WARM_UP_ROUNDS):  # What is created on first use is not left behind.
        _round(running, plan.viewers, 0.0, warm_up)
    before = _settled(running.pid)
    record = Record(running.pid)
    for number in range(1, plan.rounds + 1):
        is_abrupt = number % VANISH_EVERY == 0
        _round(running, plan.viewers, plan.hold_s, record, is_abrupt=is_abrupt)
        minutes, kilobytes = record.memory[-1]
        report(f'{minutes:6.2f} min, {record.connected} viewers: {kilobytes / 1024:.1f} MB')
    memory = record.memory
    # Before, memory grows with the first viewers, because closed connections wait for Python's
    # garbage collector.
    warm = memory[len(memory) // 2 :]
    return [
        Row('viewers', record.connected, '', at_least=plan.rounds * plan.viewers),
        Row('memory, MB', memory[-1][1] / 1024, f'each minute: {record.each_minute()}'),
        Row('memory slope, kB/min', slope(warm), 'second half', at_most=MOST_KB_PER_MIN),
        *(
            Row(f'{what} left behind', count, f'of {before[what]} before', at_most=KEPT[what])
            for what, count in _left_behind(running.pid, before).items()
        ),
    ]


def _round(
    running: RunningCamera, viewers: int, hold_s: float, record: Record, *, is_abrupt: bool = False
) -> None:
    with running.viewed(decode=False) as path:
        path.add_viewers(viewers)
        record.connected += viewers
        record.sample()
        end = time.monotonic() + hold_s
        while time.monotonic() < end:
            path.send(MOST_PICTURE_S)
            record.sample()
        if is_abrupt:
            os.kill(path.viewers.pid, signal.SIGKILL)


def _held(pid: int) -> dict[str, int]:
    """Return what the process has to release again; sockets are among its files."""
    return {'threads': threads(pid), 'files': open_files(pid)}


def _settled(pid: int) -> dict[str, int]:
    """Return what the process holds once that has not changed for a second."""
    since, last = time.monotonic(), _held(pid)

    def is_settled() -> bool:
        nonlocal since, last
        now = _held(pid)
        if now != last:
            since, last = time.monotonic(), now
        return time.monotonic() - since >= 1.0

    wait_for(is_settled, 'the camera to settle', RELEASE_S)
    return last


def _left_behind(pid: int, before: dict[str, int]) -> dict[str, int]:
    """Wait until the process has released what it must; return how much more it still holds."""
    more: dict[str, int] = {}
    deadline = time.monotonic() + RELEASE_S

    def is_released() -> bool:
        now = _held(pid)
        more.update((what, max(0, now[what] - count)) for what, count in before.items())
        is_done = all(count <= KEPT[what] for what, count in more.items())
        return is_done or time.monotonic() > deadline

    wait_for(is_released, 'the camera to release everything', 2 * RELEASE_S)
    return more
