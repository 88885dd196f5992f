# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""Tables of what travelled over a lossy link."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..measure.lossy_bridges import IN, OUT, SERVER
from ..measure.lossy_rows import RATE_HZ
from .lossy_targets import LOSSY_TARGETS, lossy_values
from .ratios import Results
from .tables import Row, Table

__all__ = ['lossy_tables']

_UPDATES_HEAD = [
    'link',
    'way',
    'variant',
    'age ms p50 / p99 / max',
    'gap ms p99 / max',
    'arrived %',
    'last arrived',
    'steps back',
    'lanes at the end',
]
_BLACKOUTS_HEAD = [
    'way',
    'variant',
    'blackouts',
    'age of the first value after it, ms',
    'most old values after it',
    'first new value after, ms',
]
_BRIDGES_HEAD = [
    'variant',
    'p50 / p99 ms',
    'producing bridge, %',
    'consuming bridge, %',
    'server, %',
    'server, ms per update',
]


def lossy_tables(results: Results) -> Iterator[Table]:
    """Return the table of each section that was measured, and that of the targets."""
    if rows := results.get('rows'):
        yield 'Joint updates over a lossy link', _UPDATES_HEAD, [*map(_updates, rows)]
        if dark := [row for row in rows if row['blackouts']]:
            yield 'After a blackout of 1 s', _BLACKOUTS_HEAD, [*map(_blackouts, dark)]
    if rows := results.get('stops'):
        title = 'Stops with 3 % loss in each direction'
        head = ['way', 'variant', 'awaited', 'p50 / p99 / max ms', 'count']
        yield title, head, [*map(_stop, rows)]
    if rows := results.get('bridges'):
        title = 'From topic to topic over a link without loss, CPU as a share of a core'
        yield title, _BRIDGES_HEAD, [*map(_bridges, rows)]
    yield 'Targets', ['what', 'measured', 'target', 'verdict'], list(_verdicts(results))


def _updates(row: dict[str, Any]) -> Row:
    return [
        row['scenario'],
        row['way'],
        row['variant'],
        _times(row, 'age_p50_ms', 'age_p99_ms', 'age_max_ms'),
        _times(row, 'gap_p99_ms', 'gap_max_ms'),
        f'{100 * row["share"]:.1f}',
        'yes' if row['has_last'] else 'no',
        row['steps_back'],
        row['lanes'],
    ]


def _blackouts(row: dict[str, Any]) -> Row:
    found = row['blackouts']
    return [
        row['way'],
        row['variant'],
        len(found),
        _range([1e3 * each['first_age_s'] for each in found]),
        max(each['old'] for each in found),
        _range([1e3 * each['new_after_s'] for each in found]),
    ]


def _stop(row: dict[str, Any]) -> Row:
    times = _times(row, 'p50_ms', 'p99_ms', 'max_ms')
    return [row['way'], row['variant'], row['where'], times, row['count']]


def _bridges(row: dict[str, Any]) -> Row:
    used = row['cpu_us']
    shares = [f'{RATE_HZ * used[what] / 1e4:.1f}' for what in (IN, OUT, SERVER)]
    times = f'{row["p50_us"] / 1e3:.1f} / {row["p99_us"] / 1e3:.1f}'
    return [row['path'], times, *shares, f'{used[SERVER] / 1e3:.2f}']


def _verdicts(results: Results) -> Iterator[Row]:
    values = lossy_values(results)
    for target in LOSSY_TARGETS:
        value = values.get(target.key)
        if value is None:
            yield target.text, '–', f'<= {target.limit:g}', 'not measured'
            continue
        verdict = 'met' if target.is_met(value) else 'missed'
        yield target.text, f'{value:.2f}', f'<= {target.limit:g}', verdict


def _times(row: dict[str, Any], *keys: str) -> str:
    return ' / '.join(f'{row[key]:.0f}' if row[key] >= 100 else f'{row[key]:.1f}' for key in keys)


def _range(values: list[float]) -> str:
    return f'{min(values):.0f} to {max(values):.0f}'
