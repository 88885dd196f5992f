"""What the machine says of a process, and of itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
import math
import os
from pathlib import Path
from statistics import median
import time

__all__ = ['Latency', 'available_mb', 'cpu_s', 'memory_mb', 'noise', 'private_mb', 'quantile']


def quantile(values: Sequence[float], share: float) -> float:
    """Give the value below which this share of them lies."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, math.floor(share * len(ordered)))]


@dataclass(frozen=True)
class Latency:
    """
    How long messages took, in microseconds.

    :param lost: how many of ``count + lost`` never came.
    :param p99_us: that of the median round. Others use the machine, too, and one round of theirs
        must not decide.
    """

    count: int
    lost: int
    min_us: float
    p50_us: float
    p99_us: float

    @classmethod
    def of(cls, windows_s: Sequence[Sequence[float]], sent: int) -> Latency:
        """
        Sum up; without a single message all times are infinite.

        :param windows_s: the times of each round.
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
    Give the CPU time that a process has taken with all its threads, in seconds.

    The process's own clock has nanoseconds; ``/proc/<pid>/stat`` says the same in hundredths of a
    second, which at 100 messages a second would be much of what is measured.
    """
    return time.clock_gettime((~pid << 3) | 2)  # MAKE_PROCESS_CPUCLOCK(pid, CPUCLOCK_SCHED)


def memory_mb(pid: int) -> float:
    """Give a process's resident memory."""
    return _kilobytes(Path(f'/proc/{pid}/status'), 'VmRSS') / 1024


def private_mb(pid: int) -> float:
    """Give a process's share of the memory that is resident: shared pages count by halves."""
    return _kilobytes(Path(f'/proc/{pid}/smaps_rollup'), 'Pss') / 1024


def available_mb() -> float:
    """Give the memory that can be had without anything being swapped."""
    return _kilobytes(Path('/proc/meminfo'), 'MemAvailable') / 1024


def _kilobytes(file: Path, key: str) -> float:
    for line in file.read_text(encoding='ascii').splitlines():
        name, _, rest = line.partition(':')
        if name == key:
            return float(rest.split()[0])
    raise RuntimeError(f'{file} has no {key}')


def noise(seconds: float = 0.5) -> dict[str, float]:
    """
    Say how busy the machine is with other things.

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
