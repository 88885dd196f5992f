# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""Tables of the rows of a run and of its targets, for the terminal and for the page."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from ..measure.gate_steps import CALLS
from .ratios import Results, lower_bound, lower_bound_cpu_us, ratios
from .targets import TARGETS, Target

__all__ = ['Row', 'Table', 'smoke_failures', 'tables', 'verdicts']

_NOT_MEASURED = {'many': 'skipped: 50 processes were not measured'}

Row = Sequence[object]
Table = tuple[str, list[str], list[Row]]
"""Title, column names and rows."""


def tables(results: Results) -> Iterator[Table]:
    """Return the table of each section that was measured, and that of the targets."""
    sections: list[tuple[str, str, Callable[[Any], list[Row]], str]] = [
        ('paths', 'From one JointState to another, or one hop', _paths, _PATHS_HEAD),
        ('highest', 'Highest rate without loss, 6 joints', _highest, 'path,Hz'),
        ('accelerators', 'With and without optional libraries', _accelerators, _ACCELERATORS_HEAD),
        ('fan_out', 'One room at 100 Hz, 6 joints, many consumers', _fan_out, _FAN_HEAD),
        ('gate', 'The gate alone, all joints in motion', _gate, _GATE_HEAD),
        ('stop', 'From the stop in the room', _stop, 'load Hz,to,p50 us,p99 us,count'),
        ('idle', 'Idle, connected', _idle, 'process,CPU %,memory MB'),
        ('start_up', 'Start to the first command', _start_up, 'process,seconds (each start)'),
        ('many', 'Many bridges, each a process, idle', _many, _MANY_HEAD),
        ('behind_nginx', _NGINX_TITLE, _behind_nginx, _NGINX_HEAD),
        ('fleet', 'Many bridges in one process, idle', _many, _MANY_HEAD),
        (
            'fleet',
            'Many bridges in one process, each at 50 Hz: one path',
            _fleet,
            _FLEET_HEAD,
        ),
        ('camera_latency', _LATENCY_TITLE, _camera_latency, 'camera,p50 ms,p99 ms,lost %'),
        ('camera_cpu', _VIEWERS_TITLE, _camera_cpu, _VIEWERS_HEAD),
        ('beside_cameras', _BESIDE_TITLE, _beside, 'cameras,to,p50 us,p99 us,count'),
    ]
    for name, title, rows_of, head in sections:
        if results.get(name):
            yield title, head.split(','), rows_of(results[name])
    yield 'Targets', ['what', 'measured', 'target', 'verdict'], list(verdicts(results))


def verdicts(results: Results) -> Iterator[Row]:
    """Return a row for each target."""
    found = ratios(results)
    for target in TARGETS:
        sign = '>=' if target.at_least else '<='
        wanted = f'{sign} {target.limit:g}'
        value = found.get(target.key)
        if value is None:
            yield target.text, '–', wanted, _why_not(target, results)
        else:
            yield target.text, f'{value:.2f}', wanted, _verdict(target, value)


def smoke_failures(results: Results) -> dict[str, str]:
    """Return the targets that fail a smoke test: a line by key."""
    found = ratios(results)
    return {
        target.key: f'{target.text}: {found[target.key]:.2f}, at most {target.smoke_limit:g}'
        for target in TARGETS
        if target.key in found and not target.passes_smoke_test(found[target.key])
    }


def _why_not(target: Target, results: Results) -> str:
    what = target.key.partition('.')[0]
    if reason := results.get('skipped', {}).get(what):
        return f'skipped: {reason}'
    return _NOT_MEASURED.get(what, 'not measured')


def _verdict(target: Target, value: float) -> str:
    if target.is_met(value):
        return 'PASS'
    return f'MISS: {target.why}' if target.why else 'MISS'


_PATHS_HEAD = 'path,joints,Hz,min us,p50 us,p99 us,lost %,CPU us/message,of which,ends us'
_ACCELERATORS_HEAD = 'path,Hz,p50 us,p99 us,CPU us/message,of which,CPU / ours'
_FAN_HEAD = 'server,consumers,p50 us,p99 us,lost %,server CPU us/delivery'
_GATE_HEAD = 'joints,step us,update us,measurement us'
_FLEET_HEAD = 'bridges,p50 us,p99 us,lost %,process CPU %,server CPU %'
_MANY_HEAD = 'bridges,CPU % of all,server CPU %,resident MB,proportional MB,server MB'

_LATENCY_TITLE = 'From a picture to its viewer, 640x480 at 30 Hz, VP8'
_VIEWERS_TITLE = 'One camera, 640x480 at 30 Hz, VP8, many viewers'
_VIEWERS_HEAD = 'camera,viewers,CPU ms/picture,CPU %,pictures/s of each viewer'
_BESIDE_TITLE = 'A bridge beside cameras, joints at 100 Hz'

_NGINX_TITLE = 'Rooms of 4 consumers at 50 Hz, on one server process or several'
_NGINX_HEAD = (
    'processes,rooms,received/s,merged %,p50 us,p99 us,servers CPU us/delivery,'
    'nginx CPU us/delivery,busiest server cores,participants cores'
)


def _paths(rows: list[dict[str, Any]]) -> list[Row]:
    lines: list[Row] = []
    for row in rows:
        parts = ', '.join(f'{what} {us:.0f}' for what, us in row['cpu_us'].items())
        ends = ' + '.join(f'{us:.0f}' for us in row['ends_cpu_us'].values())
        lines.append(
            [
                row['path'],
                row['joints'],
                f'{row["rate_hz"]:g}',
                *_times(row, 'min_us', 'p50_us', 'p99_us'),
                f'{100 * row["lost"] / (row["lost"] + row["count"]):.2f}',
                f'{row["cpu_us_sum"]:.0f}' if row['cpu_us'] else '–',
                parts or '–',
                ends,
            ]
        )
    for rate_hz, joints in dict.fromkeys((row['rate_hz'], row['joints']) for row in rows):
        p50_us = lower_bound(rows, rate_hz, joints, 'p50_us')
        p99_us = lower_bound(rows, rate_hz, joints, 'p99_us')
        cpu_us = lower_bound_cpu_us(rows, rate_hz, joints)
        if p50_us and p99_us and cpu_us:
            numbers = (f'{p50_us:.0f}', f'{p99_us:.0f}', '–', f'{cpu_us:.0f}')
            lines.append(['lower bound', joints, f'{rate_hz:g}', '–', *numbers, '–', '–'])
    return lines


def _highest(highest: dict[str, float]) -> list[Row]:
    return [[path, f'{rate_hz:g}'] for path, rate_hz in highest.items()]


def _accelerators(rows: list[dict[str, Any]]) -> list[Row]:
    plain = {row['rate_hz']: row['cpu_us_sum'] for row in rows if row['path'] == 'ours'}
    return [
        [
            row['path'],
            f'{row["rate_hz"]:g}',
            *_times(row, 'p50_us', 'p99_us'),
            f'{row["cpu_us_sum"]:.0f}',
            ', '.join(f'{what} {us:.0f}' for what, us in row['cpu_us'].items()),
            f'{row["cpu_us_sum"] / plain[row["rate_hz"]]:.2f}',
        ]
        for row in rows
    ]


def _fan_out(rows: list[dict[str, Any]]) -> list[Row]:
    return [
        [
            row['server'],
            f'{row["consumers"]}{" + one that does not read" if row["stalled"] else ""}',
            *_times(row, 'p50_us', 'p99_us'),
            _lost_percent(row),
            f'{row["cpu_us_per_delivery"]:.1f}',
        ]
        for row in rows
    ]


def _gate(rows: list[dict[str, Any]]) -> list[Row]:
    return [[row['joints'], *_times(row, *(f'{call}_us' for call in CALLS))] for row in rows]


def _stop(rows: list[dict[str, Any]]) -> list[Row]:
    return [
        [f'{row["rate_hz"]:g}', row['what'], *_times(row, 'p50_us', 'p99_us'), row['count']]
        for row in rows
    ]


def _idle(rows: list[dict[str, Any]]) -> list[Row]:
    return [
        [row['process'], f'{row["cpu_percent"]:.2f}', f'{row["memory_mb"]:.1f}'] for row in rows
    ]


def _start_up(rows: list[dict[str, Any]]) -> list[Row]:
    return [[row['process'], ' '.join(f'{s:.2f}' for s in row['start_up_s'])] for row in rows]


def _lost_percent(row: dict[str, Any]) -> str:
    return f'{100 * row["lost"] / max(1, row["lost"] + row["count"]):.2f}'


def _many(rows: list[dict[str, Any]]) -> list[Row]:
    keys = ('bridges_cpu_percent', 'server_cpu_percent')
    sizes = ('resident_mb', 'proportional_mb', 'server_mb')
    return [
        [row['bridges'], *(f'{row[k]:.2f}' for k in keys), *(f'{row[k]:.0f}' for k in sizes)]
        for row in rows
    ]


def _behind_nginx(rows: list[dict[str, Any]]) -> list[Row]:
    return [
        [
            row['arrangement'],
            row['rooms'],
            f'{row["received_hz"]:.0f}',
            f'{100 * row["merged"] / max(1, row["merged"] + row["count"]):.2f}',
            *_times(row, 'p50_us', 'p99_us'),
            *(f'{row[key]:.1f}' for key in ('server_us', 'nginx_us')),
            *(f'{row[key]:.2f}' for key in ('busiest_cores', 'participants_cores')),
        ]
        for row in rows
    ]


def _fleet(rows: list[dict[str, Any]]) -> list[Row]:
    return [
        [
            row['bridges'],
            *_times(row, 'p50_us', 'p99_us'),
            _lost_percent(row),
            f'{row["fleet_busy_percent"]:.0f}',
            f'{row["server_busy_percent"]:.0f}',
        ]
        for row in rows
    ]


def _camera_latency(rows: list[dict[str, Any]]) -> list[Row]:
    return [
        [
            row['camera'],
            *(f'{1e-3 * row[key]:.1f}' for key in ('p50_us', 'p99_us')),
            _lost_percent(row),
        ]
        for row in rows
    ]


def _camera_cpu(rows: list[dict[str, Any]]) -> list[Row]:
    return [
        [
            row['camera'],
            row['viewers'],
            f'{row["cpu_ms"]:.2f}',
            f'{row["cpu_percent"]:.0f}',
            f'{row["received_hz"]:.1f}',
        ]
        for row in rows
    ]


def _beside(rows: list[dict[str, Any]]) -> list[Row]:
    return [
        [row['cameras'], row['what'], *_times(row, 'p50_us', 'p99_us'), row['count']]
        for row in rows
    ]


def _times(row: dict[str, Any], *keys: str) -> list[str]:
    return [f'{row[key]:.0f}' for key in keys]
