# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""The targets of the fast lane, and the number of each from the rows of a run."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..measure.lossy_bridges import IN, OUT, SERVER
from ..measure.lossy_paths import FAST_LANE, WEB_SOCKET
from ..measure.lossy_rows import BLACKOUT, BURSTS, DELAY_S, PERIOD_S, RATE_HZ, loss_row
from ..measure.lossy_stops import TOPIC
from .ratios import Results
from .targets import Target

__all__ = ['LOSSY_TARGETS', 'lossy_values']

_DELAY_MS, _PERIOD_MS = 1e3 * DELAY_S, 1e3 * PERIOD_S

LOSSY_TARGETS: tuple[Target, ...] = (
    Target('age.3', '3 % loss: age p99, ms', _DELAY_MS + 5.0),
    Target('gap.p99.3', '3 % loss: gap p99, periods', 2.2),
    Target('gap.max.3', '3 % loss: longest gap, periods', 4.5),
    Target('gap.p99.1', '1 % loss: gap p99, periods', 2.2),
    Target('age.bursts', 'bursts: age p99, ms', _DELAY_MS + 5.0),
    Target('gap.bursts', 'bursts: gap p99 / that of the WebSocket alone', 0.5),
    Target('stop.p99', 'stop at 3 % loss to the latched topic, p99, ms', _DELAY_MS + 15.0),
    Target('stop.max', 'stop at 3 % loss to the latched topic, longest, ms', _DELAY_MS + 45.0),
    Target('earlier.p50', 'loopback without lane: joint p50 / that of before', 1.05),
    Target('earlier.cpu', 'loopback without lane: CPU per joint / that of before', 1.05),
    Target('cpu.bridge', 'CPU of a bridge with lane at 50 Hz, % of a core', 8.0),
    Target('cpu.server', 'CPU of the server with two lanes, ms per datagram in and out', 1.0),
    Target('blackout.old', 'after a blackout of 1 s: most old values', 1.0),
    Target(
        'blackout.new',
        'after a blackout of 1 s: first new value after, ms',
        2 * _DELAY_MS + _PERIOD_MS,
    ),
)
"""One old value after a blackout is no burst, because a bridge takes the newest that it has."""


def lossy_values(results: Results) -> dict[str, float]:
    """Return the measured numbers by the key of their target; of both ways the worse one."""
    rows = results.get('rows', [])
    return dict(
        [
            *_of_rows(rows),
            *_of_blackouts(rows),
            *_of_stops(results.get('stops', [])),
            *_of_bridges(results.get('bridges', [])),
            *((f'earlier.{name}', ratio) for name, ratio in results.get('earlier', {}).items()),
        ]
    )


def _worst(
    rows: list[dict[str, Any]], scenario: str, key: str, variant: str = FAST_LANE
) -> float | None:
    found = [row[key] for row in rows if (row['scenario'], row['variant']) == (scenario, variant)]
    return max(found, default=None)


def _of_rows(rows: list[dict[str, Any]]) -> Iterator[tuple[str, float]]:
    for key, scenario, column, unit in (
        ('age.3', loss_row(3), 'age_p99_ms', 1.0),
        ('gap.p99.3', loss_row(3), 'gap_p99_ms', _PERIOD_MS),
        ('gap.max.3', loss_row(3), 'gap_max_ms', _PERIOD_MS),
        ('gap.p99.1', loss_row(1), 'gap_p99_ms', _PERIOD_MS),
        ('age.bursts', BURSTS, 'age_p99_ms', 1.0),
    ):
        if (value := _worst(rows, scenario, column)) is not None:
            yield key, value / unit
    ours = _worst(rows, BURSTS, 'gap_p99_ms')
    alone = _worst(rows, BURSTS, 'gap_p99_ms', WEB_SOCKET)
    if ours is not None and alone is not None:
        yield 'gap.bursts', ours / alone


def _of_blackouts(rows: list[dict[str, Any]]) -> Iterator[tuple[str, float]]:
    found = [
        blackout
        for row in rows
        if (row['scenario'], row['variant']) == (BLACKOUT, FAST_LANE)
        for blackout in row['blackouts']
    ]
    if found:
        yield 'blackout.old', max(blackout['old'] for blackout in found)
        yield 'blackout.new', 1e3 * max(blackout['new_after_s'] for blackout in found)


def _of_stops(rows: list[dict[str, Any]]) -> Iterator[tuple[str, float]]:
    found = [row for row in rows if (row['variant'], row['where']) == (FAST_LANE, TOPIC)]
    if found:
        yield 'stop.p99', max(row['p99_ms'] for row in found)
        yield 'stop.max', max(row['max_ms'] for row in found)


def _of_bridges(rows: list[dict[str, Any]]) -> Iterator[tuple[str, float]]:
    for row in rows:
        if row['path'] == FAST_LANE:
            used = row['cpu_us']
            yield 'cpu.bridge', RATE_HZ * max(used[IN], used[OUT]) / 1e4
            yield 'cpu.server', used[SERVER] / 1e3
