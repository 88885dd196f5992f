# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""The same load on one arena, on one behind nginx, and on three behind nginx, in turn."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
import time
from typing import Any

from ..harness.figures import Latency, cpu_s
from ..harness.load import running_load
from ..harness.nginx_proxy import find_nginx, running_nginx
from ..harness.processes import enter_all
from ..harness.programs import Server, server

__all__ = ['CONSUMERS', 'RATE_HZ', 'behind_nginx']

CONSUMERS = 4
RATE_HZ = 50.0
PROCESSES = 3
WORKSPACES = tuple(f'lab-{number}' for number in range(24))
"""Enough that each process is likely to have a similar number of them."""

WARM_UP_S = 0.5


@dataclass(frozen=True)
class Arrangement:
    """
    One or several arenas with a common URL.

    :param nginx: the process ids of the nginx in front of them; empty without one.
    """

    name: str
    url: str
    servers: tuple[int, ...]
    nginx: tuple[int, ...] = ()


@dataclass
class ArrangementResult:
    """What one arrangement did with one load, in all rounds together."""

    arrangement: Arrangement
    rooms: int
    windows_s: list[list[float]] = field(default_factory=list)
    due: int = 0
    seconds: float = 0.0
    server_s: list[float] = field(default_factory=list)
    nginx_s: float = 0.0
    participants_s: float = 0.0

    def row(self) -> dict[str, Any]:
        """Return everything as plain numbers."""
        latency = Latency.of(self.windows_s, self.due)
        received = max(1, latency.count)
        return {
            'arrangement': self.arrangement.name,
            'rooms': self.rooms,
            **vars(latency),
            # No consumer was behind at the end, so what did not arrive was merged.
            'merged': latency.lost,
            'received_hz': latency.count / self.seconds,
            'server_us': 1e6 * sum(self.server_s) / received,
            'nginx_us': 1e6 * self.nginx_s / received,
            'busiest_cores': max(self.server_s) / self.seconds,
            'participants_cores': self.participants_s / self.seconds,
        }


@contextmanager
def _arrangements(program: str) -> Iterator[list[Arrangement]]:
    with ExitStack() as stack:
        servers: list[Server] = enter_all(stack, [server() for _ in range(1 + PROCESSES)])
        alone, *several = servers
        before_one = stack.enter_context(running_nginx(program, _ports(servers[:1])))
        before_all = stack.enter_context(running_nginx(program, _ports(several)))
        pids = tuple(each.pid for each in several)
        yield [
            Arrangement('1, direct', alone.url, (alone.pid,)),
            Arrangement('1, nginx', before_one.url, (alone.pid,), tuple(before_one.pids)),
            Arrangement(f'{PROCESSES}, nginx', before_all.url, pids, tuple(before_all.pids)),
        ]


def _ports(servers: Sequence[Server]) -> list[int]:
    return [int(each.url.rpartition(':')[2]) for each in servers]


async def _measure(result: ArrangementResult, seconds: float) -> None:
    its = result.arrangement
    taken_s: list[float] = []
    async with running_load(
        its.url, result.rooms, CONSUMERS, workspaces=WORKSPACES, taken_s=taken_s
    ) as load:
        await load.run(RATE_HZ, WARM_UP_S)
        await load.wait_until_received()
        taken_s.clear()
        sent_before = load.sent
        server_s, nginx_s = [cpu_s(pid) for pid in its.servers], sum(map(cpu_s, its.nginx))
        own_s, begun = time.process_time(), time.monotonic()
        await load.run(RATE_HZ, seconds)
        result.seconds += time.monotonic() - begun
        result.participants_s += time.process_time() - own_s
        await load.wait_until_received()
        took_s = [cpu_s(pid) - was for pid, was in zip(its.servers, server_s, strict=True)]
        total_s = result.server_s or [0.0] * len(took_s)
        result.server_s = [sum(pair) for pair in zip(total_s, took_s, strict=True)]
        result.nginx_s += sum(map(cpu_s, its.nginx)) - nginx_s
        result.due += CONSUMERS * (load.sent - sent_before)
        result.windows_s.append(list(taken_s))
        if load.faults:
            raise RuntimeError(f'{its.name}: {load.faults[0]}')


def behind_nginx(rooms: Sequence[int], *, times: int, seconds: float) -> list[dict[str, Any]]:
    """
    Measure each arrangement with each number of rooms in turn, several times.

    :returns: no row without nginx.
    """
    program = find_nginx()
    if program is None:
        print('skipped: nginx is not installed ...', end=' ', flush=True)
        return []
    with _arrangements(program) as arrangements:
        results = [ArrangementResult(each, count) for count in rooms for each in arrangements]
        for _ in range(times):
            for result in results:
                asyncio.run(_measure(result, seconds))
    return [result.row() for result in results]
