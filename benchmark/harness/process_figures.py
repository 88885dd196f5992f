"""What a running process takes of its machine, as Linux tells it."""

from __future__ import annotations

from collections.abc import Sequence
import os
from pathlib import Path
from typing import NamedTuple

__all__ = ['Figures', 'figures_of', 'slope']


class Figures(NamedTuple):
    """
    What a process takes.

    :param cpu_s: seconds of processor time since it started.
    """

    memory_kb: int
    threads: int
    files: int
    cpu_s: float


def figures_of(pid: int) -> Figures:
    """Read the figures of a process."""
    folder = Path(f'/proc/{pid}')
    lines = (line.partition(':') for line in (folder / 'status').read_text().splitlines())
    status = {name: value.split() for name, _, value in lines}
    times = (folder / 'stat').read_text().rpartition(')')[2].split()[11:13]
    return Figures(
        memory_kb=int(status['VmRSS'][0]),
        threads=int(status['Threads'][0]),
        files=len(list((folder / 'fd').iterdir())),
        cpu_s=sum(map(int, times)) / os.sysconf('SC_CLK_TCK'),
    )


def slope(points: Sequence[tuple[float, float]]) -> float:
    """Give the slope of the straight line that is nearest to these points; 0 for fewer than 2."""
    count = len(points)
    if count < 2:
        return 0.0
    mean_x, mean_y = (sum(values) / count for values in zip(*points, strict=True))
    spread = sum((x - mean_x) ** 2 for x, _ in points)
    return float(sum((x - mean_x) * (y - mean_y) for x, y in points) / spread)
