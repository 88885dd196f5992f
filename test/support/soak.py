# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""An arena under a steady load: what it delivers, what it takes, and what it does not release."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
import os
import time

import httpx

from benchmark.harness.figures import cpu_s, memory_mb, open_files, slope, threads
from benchmark.harness.load import Load, running_load
from benchmark.harness.programs import Server

from .bounds import Row
from .waiting import ticks, wait_until

__all__ = ['SoakPlan', 'soak']

TASKS = 'lerobot_arena_tasks '
SAMPLE_HZ = 1.0
WARM_UP = 0.25
"""The share of the time before the slope of the memory is computed."""

RELEASE_S = 20.0
MOST_LATE_S = 1.5
"""The highest latency of an update; above it, a bridge considers its link lost."""

SHORT_S = 600.0
"""Below this time, single pages of memory determine the slope; the bound is ten times as high."""

MOST_KB_PER_MIN = 50.0


@dataclass(frozen=True)
class SoakPlan:
    """
    The load.

    :param rooms: each with one producer.
    :param consumers: the number of consumers in each room.
    :param rate_hz: updates per second of each producer.
    """

    rooms: int
    consumers: int
    rate_hz: float
    seconds: float

    def __str__(self) -> str:
        return (
            f'{self.rooms} rooms x 1 producer x {self.consumers} consumers at'
            f' {self.rate_hz:g} Hz for {self.seconds:g} s'
        )


@dataclass
class Record:
    """
    What was recorded while the load ran.

    :param memory: minutes and kB, one pair per second.
    :param latest_s: the highest latency of each second.
    :param cores: the processor cores that the server used on average.
    """

    memory: list[tuple[float, float]] = field(default_factory=list)
    latest_s: list[float] = field(default_factory=list)
    cores: float = 0.0

    @property
    def warm_memory(self) -> list[tuple[float, float]]:
        """The memory without the warm-up."""
        return self.memory[int(WARM_UP * len(self.memory)) :]


@asynccontextmanager
async def recorded(pid: int, load: Load) -> AsyncIterator[Record]:
    """Record the memory of the server and the latency each second, and its CPU time."""
    record, begun, before_s = Record(), time.monotonic(), cpu_s(pid)

    async def sample() -> None:
        async for count in ticks(SAMPLE_HZ):
            minutes = (time.monotonic() - begun) / 60.0
            record.memory.append((minutes, 1024 * memory_mb(pid)))
            if count:
                record.latest_s.append(load.take_latest_s())

    sampling = asyncio.create_task(sample(), name='sample')
    try:
        yield record
    finally:
        sampling.cancel()
        record.latest_s.append(load.take_latest_s())
        record.cores = (cpu_s(pid) - before_s) / (time.monotonic() - begun)


def held(arena: Server) -> dict[str, int]:
    """Return what a server has to release again."""
    return {
        'tasks': _tasks(arena.url),
        'threads': threads(arena.pid),
        'files': open_files(arena.pid),
    }


def _tasks(url: str) -> int:
    headers = {'Connection': 'close'}
    lines = httpx.get(f'{url}/metrics', headers=headers, trust_env=False).text.splitlines()
    return int(float(next(line for line in lines if line.startswith(TASKS)).split()[1]))


async def left_behind(arena: Server, before: dict[str, int]) -> dict[str, int]:
    """Wait until a server holds no more than before; return how much more it still holds."""
    more: dict[str, int] = {}
    deadline = time.monotonic() + RELEASE_S

    def is_released() -> bool:
        now = held(arena)
        more.update((what, max(0, now[what] - count)) for what, count in before.items())
        return not any(more.values()) or time.monotonic() > deadline

    await wait_until(is_released, 'the server to release everything', 2 * RELEASE_S)
    return more


async def soak(arena: Server, plan: SoakPlan) -> list[Row]:
    """Put a server under load; return the results with their bounds."""
    # What is created on first use is not left behind by the load.
    async with running_load(arena.url, 1, 1) as load:
        await load.run(plan.rate_hz, 0.5)
        await load.wait_until_received()
    before = await _settled(arena)
    async with running_load(arena.url, plan.rooms, plan.consumers) as load:
        async with recorded(arena.pid, load) as record:
            await load.run(plan.rate_hz, plan.seconds)
            with suppress(TimeoutError):  # The table shows how many consumers are behind.
                await load.wait_until_received()
        faults = load.faults
    return [
        *_traffic(load, plan, faults),
        *_cost(record, plan.seconds),
        *(
            Row(f'{what} left behind', count, f'of {before[what]} before', at_most=0)
            for what, count in (await left_behind(arena, before)).items()
        ),
    ]


async def _settled(arena: Server) -> dict[str, int]:
    """Return what a server holds once that has not changed for a second."""
    last = held(arena)
    async for count in ticks(SAMPLE_HZ):
        now = held(arena)
        if count and now == last:
            break
        last = now
    return last


def _traffic(load: Load, plan: SoakPlan, faults: list[str]) -> list[Row]:
    wanted = plan.rooms * plan.rate_hz * plan.seconds
    consumers = plan.rooms * plan.consumers
    sent_hz, received_hz = load.sent / plan.seconds, load.received / plan.seconds
    return [
        Row('updates sent', load.sent, f'{sent_hz:.0f}/s', at_least=0.95 * wanted),
        Row('updates received', load.received, f'{received_hz:.0f}/s'),
        Row('merged on the way', load.sent * plan.consumers - load.received, ''),
        Row('consumers behind', load.behind, f'of {consumers} at the end', at_most=0),
        Row('faults', len(faults), '; '.join(faults[:3]), at_most=0),
    ]


def _cost(record: Record, seconds: float) -> list[Row]:
    latest = sorted(record.latest_s)
    worst_ms, middle_ms = 1e3 * latest[-1], 1e3 * latest[len(latest) // 2]
    half = f'{middle_ms:.1f} in half of all seconds'
    bound = MOST_KB_PER_MIN if seconds >= SHORT_S else 10 * MOST_KB_PER_MIN
    memory = record.warm_memory
    return [
        Row('latest update, ms', worst_ms, half, at_most=1e3 * MOST_LATE_S),
        Row('memory, kB', memory[-1][1], f'{memory[0][1]:.0f} when warm'),
        Row('memory slope, kB/min', slope(memory), '', at_most=bound),
        Row('server, cores', record.cores, f'of {os.cpu_count()}'),
    ]
