# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""Latencies, and the CPU time and memory of processes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
import math
import os
from pathlib import Path
from statistics import median
import time

__all__ = [
    'Latency',
    'available_mb',
    'cpu_s',
    'memory_mb',
    'noise',
    'open_files',
    'private_mb',
    'quantile',
    'slope',
    'threads',
]


def quantile(values: Sequence[float], share: float) -> float:
    """Return the value below which this share of the values lies."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, math.floor(share * len(ordered)))]


def slope(points: Sequence[tuple[float, float]]) -> float:
    """Return the slope of the least-squares line through points; 0 for fewer than 2."""
    count = len(points)
    if count < 2:
        return 0.0
    mean_x, mean_y = (sum(values) / count for values in zip(*points, strict=True))
    spread = sum((x - mean_x) ** 2 for x, _ in points)
    return float(sum((x - mean_x) * (y - mean_y) for x, y in points) / spread)


@dataclass(frozen=True)
class Latency:
    """
    The latencies of messages, in microseconds.

    :param lost: how many of ``count + lost`` messages did not arrive.
    :param p99_us: that of the median round, so that other work on the machine during one round
        does not decide.
    """

    count: int
    lost: int
    min_us: float
    p50_us: float
    p99_us: float

    @classmethod
    def of(cls, windows_s: Sequence[Sequence[float]], sent: int) -> Latency:
        """
        Summarize latencies; without a single message all are infinite.

        :param windows_s: the latencies of each round.
        """
        taken_s = [value for window in windows_s for value in window]
        if not taken_s:
            return cls(0, sent, math.inf, math.inf, math.inf)
        p99_s = median(quantile(window, 0.99) for window in windows_s if window)
        p50_s = quantile(taken_s, 0.5)
        lost = sent - len(taken_s)
        return cls(len(taken_s), lost, 1e6 * min(taken_s), 1e6 * p50_s, 1e6 * p99_s)


def cpu_s(pid: int) -> float:
    """
    Return the CPU time of a process and all its threads, in seconds.

    The CPU clock of the process has a resolution of nanoseconds. That of ``/proc/<pid>/stat`` is
    10 ms, which at 100 messages a second is too coarse.
    """
    return time.clock_gettime((~pid << 3) | 2)  # MAKE_PROCESS_CPUCLOCK(pid, CPUCLOCK_SCHED)


def memory_mb(pid: int) -> float:
    """Return the resident memory of a process."""
    return _kilobytes(Path(f'/proc/{pid}/status'), 'VmRSS') / 1024


def private_mb(pid: int) -> float:
    """Return the proportional memory of a process: a shared page counts in equal parts."""
    return _kilobytes(Path(f'/proc/{pid}/smaps_rollup'), 'Pss') / 1024


def available_mb() -> float:
    """Return the memory that is available without swapping."""
    return _kilobytes(Path('/proc/meminfo'), 'MemAvailable') / 1024


def threads(pid: int) -> int:
    """Return the number of threads of a process."""
    return len(os.listdir(f'/proc/{pid}/task'))


def open_files(pid: int) -> int:
    """Return the number of file descriptors of a process."""
    return len(os.listdir(f'/proc/{pid}/fd'))


def _kilobytes(file: Path, key: str) -> float:
    for line in file.read_text(encoding='ascii').splitlines():
        name, _, rest = line.partition(':')
        if name == key:
            return float(rest.split()[0])
    raise RuntimeError(f'{file} has no {key}')


def noise(seconds: float = 0.5) -> dict[str, float]:
    """
    Measure how busy the machine is with other work.

    :returns: by how much a sleep of 1 ms is too long, and the load of the last minute.
    """
    over_us: list[float] = []
    end = time.monotonic() + seconds
    while (before := time.monotonic()) < end:
        time.sleep(0.001)
        over_us.append(1e6 * (time.monotonic() - before - 0.001))
    return {
        'sleep_over_p50_us': quantile(over_us, 0.5),
        'sleep_over_p99_us': quantile(over_us, 0.99),
        'load': os.getloadavg()[0],
    }
