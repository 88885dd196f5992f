# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""A picture for most tables, if matplotlib is installed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from .ratios import Results, lower_bound

__all__ = ['draw', 'import_pyplot']


_SECTIONS = {
    'cpu': 'paths',
    'joints': 'paths',
    'fleet_memory': 'fleet',
    'fleet_cpu': 'fleet',
    'fleet_latency': 'fleet',
}
"""The section of a picture, if it does not have the name of the picture."""


def import_pyplot() -> Any:
    """Import matplotlib to draw into files; print a line and return None without it."""
    try:
        import matplotlib
    except ImportError:
        print('matplotlib is not installed: no pictures')
        return None
    matplotlib.use('Agg')
    from matplotlib import pyplot

    return pyplot


def draw(results: Results, folder: Path) -> list[Path]:
    """Draw pictures of a run into a folder; return the files, none without matplotlib."""
    pyplot = import_pyplot()
    if pyplot is None:
        return []
    pictures: dict[str, Callable[[Any, Any], None]] = {
        'paths': _paths,
        'cpu': _cpu,
        'joints': _joints,
        'accelerators': _cpu,
        'fan_out': _fan_out,
        'stop': _stop,
        'idle': _idle,
        'many': _many,
        'fleet_memory': _fleet_memory,
        'fleet_cpu': _fleet_cpu,
        'fleet_latency': _fleet_latency,
    }
    files = []
    for name, picture in pictures.items():
        section = _SECTIONS.get(name, name)
        if not results.get(section):
            continue
        figure, axes = pyplot.subplots(figsize=(7, 3.6), layout='constrained')
        picture(axes, results[section])
        file = folder / f'{name}.png'
        figure.savefig(file, dpi=80)
        pyplot.close(figure)
        files.append(file)
    return files


def _paths(axes: Any, rows: list[dict[str, Any]]) -> None:
    rows = [row for row in rows if row['joints'] == 6]
    for path in dict.fromkeys(row['path'] for row in rows):
        mine = [row for row in rows if row['path'] == path]
        rates = [row['rate_hz'] for row in mine]
        (line,) = axes.plot(rates, [row['p50_us'] for row in mine], 'o-', label=f'{path}, p50')
        p99 = [row['p99_us'] for row in mine]
        axes.plot(rates, p99, 'x:', color=line.get_color(), label=f'{path}, p99')
    rates = sorted({row['rate_hz'] for row in rows})
    least = [lower_bound(rows, rate_hz, 6, 'p50_us') or float('nan') for rate_hz in rates]
    axes.plot(rates, least, 'k--', label='lower bound, p50')
    axes.set(xlabel='Hz', ylabel='us', title='latency, 6 joints', yscale='log')
    _legend(axes)


def _cpu(axes: Any, rows: list[dict[str, Any]]) -> None:
    rows = [row for row in rows if row['cpu_us']]
    names = [f'{row["path"]}, {row["rate_hz"]:g} Hz, {row["joints"]}' for row in rows]
    bottom = [0.0] * len(rows)
    for part in ('bridge in', 'server', 'bridge out', 'rosbridge', 'client'):
        values = [row['cpu_us'].get(part, 0.0) for row in rows]
        if any(values):
            axes.bar(names, values, bottom=bottom, label=part)
        bottom = [a + b for a, b in zip(bottom, values, strict=True)]
    axes.tick_params(axis='x', labelsize=6, rotation=90)
    axes.set(ylabel='us per message', title='CPU without the endpoints (rate, joints)')
    _legend(axes)


def _joints(axes: Any, rows: list[dict[str, Any]]) -> None:
    for path in ('ours', 'baseline', 'rosbridge'):
        for rate_hz in (100.0, 500.0):
            mine = [row for row in rows if (row['path'], row['rate_hz']) == (path, rate_hz)]
            _line(
                axes,
                [row['joints'] for row in mine],
                [row['cpu_us_sum'] for row in mine],
                f'{path}, {rate_hz:g} Hz',
                'us/joint',
            )
    axes.set(xlabel='joints', ylabel='us per message', title='CPU against joints', ylim=(0, None))
    _legend(axes)


def _fan_out(axes: Any, rows: list[dict[str, Any]]) -> None:
    for server in ('ours', 'baseline'):
        mine = [row for row in rows if row['server'] == server and not row['stalled']]
        counts = [row['consumers'] for row in mine]
        costs = [row['cpu_us_per_delivery'] * row['consumers'] for row in mine]
        _line(axes, counts, costs, server, 'us/consumer')
    axes.set(xlabel='consumers', ylabel='us per message', title='server CPU', ylim=(0, None))
    _legend(axes)


def _stop(axes: Any, rows: list[dict[str, Any]]) -> None:
    for what in dict.fromkeys(row['what'] for row in rows):
        mine = [row for row in rows if row['what'] == what]
        rates = [row['rate_hz'] for row in mine]
        (line,) = axes.plot(rates, [row['p50_us'] for row in mine], 'o-', label=f'{what}, p50')
        p99 = [row['p99_us'] for row in mine]
        axes.plot(rates, p99, 'x:', color=line.get_color(), label=f'{what}, p99')
    axes.set(xlabel='updates a second', ylabel='us', title='from the stop in the room')
    _legend(axes)


def _idle(axes: Any, rows: list[dict[str, Any]]) -> None:
    axes.barh([row['process'] for row in rows], [row['cpu_percent'] for row in rows])
    axes.set(xlabel='% of a core', title='idle')


def _many(axes: Any, rows: list[dict[str, Any]]) -> None:
    _memory(axes, rows)
    axes.set(xlabel='bridges', ylabel='MB', title='memory of many processes', ylim=(0, None))


def _fleet_memory(axes: Any, rows: list[dict[str, Any]]) -> None:
    _memory(axes, rows)
    title = 'memory of many bridges in one process'
    axes.set(xlabel='bridges', ylabel='MB', title=title, ylim=(0, None))


def _memory(axes: Any, rows: list[dict[str, Any]]) -> None:
    counts = [row['bridges'] for row in rows]
    for key in ('resident_mb', 'proportional_mb'):
        _line(axes, counts, [row[key] for row in rows], key, 'MB/bridge')
    _legend(axes)


def _fleet_cpu(axes: Any, rows: list[dict[str, Any]]) -> None:
    counts = [row['bridges'] for row in rows]
    for key, label in (
        ('bridges_cpu_percent', 'idle'),
        ('fleet_busy_percent', '50 Hz each'),
        ('server_busy_percent', '50 Hz each, the server'),
    ):
        _line(axes, counts, [row[key] for row in rows], label, '%/bridge')
    title = 'CPU of many bridges in one process'
    axes.set(xlabel='bridges', ylabel='% of a core', title=title, ylim=(0, None))
    _legend(axes)


def _fleet_latency(axes: Any, rows: list[dict[str, Any]]) -> None:
    counts = [row['bridges'] for row in rows]
    for key in ('p50_us', 'p99_us'):
        axes.plot(counts, [row[key] for row in rows], 'o-', label=key[:3])
    title = 'latency of a joint, bridges of one process at 50 Hz each'
    axes.set(xlabel='bridges', ylabel='us', title=title, yscale='log')
    _legend(axes)


def _legend(axes: Any) -> None:
    """Add a legend beside the lines, of which there may be many."""
    axes.legend(fontsize=6, loc='upper left', bbox_to_anchor=(1.0, 1.0))


def _line(axes: Any, x: list[float], y: list[float], label: str, unit: str) -> None:
    """Draw a line, with the slope from its first to its last point in the legend."""
    if len(x) > 1:
        label = f'{label}: {(y[-1] - y[0]) / (x[-1] - x[0]):.3g} {unit}'
    if x:
        axes.plot(x, y, 'o-', label=label)
