"""
An arena under a steady load for long: nothing is lost, and nothing grows.

One process serves the arena; this one is all its participants. Ends with a table, and with code 1
where something in it is out of bounds.
"""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
import os
import sys
import time

import httpx

from .harness.load import Load, loaded
from .harness.process_figures import Figures, figures_of, slope
from .harness.processes import Server, server
from .harness.table import Row, print_table

__all__ = ['main']

TASKS = 'lerobot_arena_tasks '
SAMPLE_S = 1.0
WARM_UP = 0.25
"""Which part of the time is left out of the slope of the memory."""

PATIENCE_S = 20.0
MOST_LATE_S = 1.5
"""As late as this an update may be: a bridge takes more for a lost link."""

SHORT_S = 600.0
"""Below this, a page more or less decides on the slope; the bound is ten times as wide."""

MOST_KB_PER_MIN = 50.0


class Record:
    """What was seen while the load ran."""

    def __init__(self) -> None:
        self.samples: list[tuple[float, Figures]] = []
        self.latest_s: list[float] = []

    @property
    def memory(self) -> list[tuple[float, float]]:
        """Minutes and kB, once warm."""
        warm = self.samples[int(WARM_UP * len(self.samples)) :]
        return [(at / 60.0, float(figures.memory_kb)) for at, figures in warm]

    @property
    def cores(self) -> float:
        """How many processor cores the server kept busy."""
        (start, before), (end, after) = self.samples[0], self.samples[-1]
        return (after.cpu_s - before.cpu_s) / max(end - start, SAMPLE_S)


async def until(condition: Callable[[], object], what: str) -> None:
    """Wait until something is so."""
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f'waited {PATIENCE_S:g} s for {what}')
        await asyncio.sleep(0.05)


def tasks_of(url: str) -> int:
    """Ask a server how many asyncio tasks it has."""
    headers = {'Connection': 'close'}
    lines = httpx.get(f'{url}/metrics', headers=headers, trust_env=False).text.splitlines()
    return int(float(next(line for line in lines if line.startswith(TASKS)).split()[1]))


@asynccontextmanager
async def watched(pid: int, load: Load) -> AsyncIterator[Record]:
    """Take a sample of the server each second."""
    record, begun = Record(), time.monotonic()

    async def watch() -> None:
        while True:
            record.samples.append((time.monotonic() - begun, figures_of(pid)))
            await asyncio.sleep(SAMPLE_S)
            record.latest_s.append(load.take_latest_s())

    task = asyncio.create_task(watch())
    try:
        yield record
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


def held(arena: Server) -> dict[str, int]:
    """Say what a server holds that it has to let go of again."""
    figures = figures_of(arena.pid)
    return {'tasks': tasks_of(arena.url), 'threads': figures.threads, 'files': figures.files}


async def left_behind(arena: Server, before: dict[str, int]) -> dict[str, int]:
    """Wait until a server holds no more than before; else say what more it holds."""
    more: dict[str, int] = {}

    def is_back() -> bool:
        more.update((what, max(0, count - before[what])) for what, count in held(arena).items())
        return not any(more.values())

    with suppress(TimeoutError):
        await until(is_back, 'the server to let go of everything')
    return more


async def soak(arena: Server, options: argparse.Namespace) -> list[Row]:
    """Put a server under load; give what was seen."""
    async with loaded(
        arena.url, 1, 1
    ) as load:  # What is made on first use is nothing left behind.
        await load.run(options.rate, 0.5)
    await asyncio.sleep(SAMPLE_S)
    before = held(arena)
    async with loaded(arena.url, options.rooms, options.consumers) as load:
        async with watched(arena.pid, load) as record:
            await load.run(options.rate, options.seconds)
            with suppress(TimeoutError):
                await until(lambda: not load.behind, 'the last updates')
        behind, faults = load.behind, load.faults
    return [
        *_traffic(load, options, behind, faults),
        *_cost(record, options.seconds),
        *(
            Row(f'{what} left behind', count, f'of {before[what]} before', at_most=0)
            for what, count in (await left_behind(arena, before)).items()
        ),
    ]


def _traffic(load: Load, options: argparse.Namespace, behind: int, faults: list[str]) -> list[Row]:
    wanted = options.rooms * options.rate * options.seconds
    consumers = options.rooms * options.consumers
    sent_hz, received_hz = load.sent / options.seconds, load.received / options.seconds
    return [
        Row('updates sent', load.sent, f'{sent_hz:.0f}/s', at_least=0.95 * wanted),
        Row('updates received', load.received, f'{received_hz:.0f}/s'),
        Row('merged on the way', load.sent * options.consumers - load.received, ''),
        Row('consumers behind', behind, f'of {consumers} at the end', at_most=0),
        Row('faults', len(faults), '; '.join(faults[:3]), at_most=0),
    ]


def _cost(record: Record, seconds: float) -> list[Row]:
    latest = sorted(record.latest_s)
    worst_ms, middle_ms = 1e3 * latest[-1], 1e3 * latest[len(latest) // 2]
    half = f'{middle_ms:.1f} in half of all seconds'
    bound = MOST_KB_PER_MIN if seconds >= SHORT_S else 10 * MOST_KB_PER_MIN
    memory = record.memory
    return [
        Row('latest update, ms', worst_ms, half, at_most=1e3 * MOST_LATE_S),
        Row('memory, kB', memory[-1][1], f'{memory[0][1]:.0f} when warm'),
        Row('memory slope, kB/min', slope(memory), '', at_most=bound),
        Row('server, cores', record.cores, f'of {os.cpu_count()}'),
    ]


def main() -> None:
    """Put an arena under load, and print a table."""
    parser = argparse.ArgumentParser(prog='benchmark.soak', description=__doc__)
    parser.add_argument('--seconds', type=float, default=3600.0, help='how long')
    parser.add_argument('--rooms', type=int, default=50, help='each with one producer')
    parser.add_argument('--consumers', type=int, default=4, help='in each room')
    parser.add_argument('--rate', type=float, default=50.0, help='updates a second per producer')
    options = parser.parse_args()
    print(
        f'{options.rooms} rooms x 1 producer x {options.consumers} consumers at'
        f' {options.rate:g} Hz for {options.seconds:g} s',
        flush=True,
    )
    with server() as arena:
        rows = asyncio.run(soak(arena, options))
    print_table(rows)
    sys.exit(any(not row.is_good for row in rows))


if __name__ == '__main__':
    main()
