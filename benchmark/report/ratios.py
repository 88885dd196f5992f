# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""Compute the number of each target from the rows of a run; most are ratios inside the run."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..measure.pipelines import PROTOCOL_HOP, ROS_HOP

__all__ = ['Results', 'lower_bound', 'lower_bound_cpu_us', 'ratios', 'row_of']

Results = dict[str, Any]
"""The rows of a run by section; a section that was not measured is missing."""

_HOPS = {ROS_HOP: 2, PROTOCOL_HOP: 2}
"""The hops of a whole path: publisher, bridge, server, bridge, subscriber."""

_HOPS_BETWEEN_ENDS = {ROS_HOP: 1, PROTOCOL_HOP: 2}
"""Of the two ROS hops, one sender and one receiver are the ends, whose CPU does not count."""

_RATES_HZ = (100.0, 500.0)
_COMPARED = (
    ('baseline', 'cpu', 'cpu_us_sum', _RATES_HZ[1:]),
    ('rosbridge', 'p50', 'p50_us', _RATES_HZ),
    ('rosbridge', 'p99', 'p99_us', _RATES_HZ),
    ('rosbridge', 'cpu', 'cpu_us_sum', _RATES_HZ),
)
"""What our path is compared with, in which column, and at which rates."""


def ratios(results: Results) -> dict[str, float]:
    """Return the measured numbers by the key of their target."""
    found: dict[str, float] = {}
    for section in (
        _of_paths,
        _of_highest,
        _of_fan_out,
        _of_gate,
        _of_stop,
        _of_idle,
        _of_many,
        _of_cameras,
    ):
        found.update(section(results))
    return found


def row_of(rows: list[dict[str, Any]], **wanted: object) -> dict[str, Any] | None:
    """Return the first row with these values; None without one."""
    for row in rows:
        if all(row[key] == value for key, value in wanted.items()):
            return row
    return None


def lower_bound(rows: list[dict[str, Any]], rate_hz: float, joints: int, key: str) -> float | None:
    """Return the sum of a column over the hops of a path; None if one was not measured."""
    total = 0.0
    for path, hops in _HOPS.items():
        row = row_of(rows, path=path, rate_hz=rate_hz, joints=joints)
        if row is None:
            return None
        total += hops * row[key]
    return total


def lower_bound_cpu_us(rows: list[dict[str, Any]], rate_hz: float, joints: int) -> float | None:
    """
    Return the sum of the CPU of the hops between the ends of a path.

    The senders also keep the pace, which a process in the middle need not, so the sum is rather
    too large than too small.
    """
    total = 0.0
    for path, hops in _HOPS_BETWEEN_ENDS.items():
        row = row_of(rows, path=path, rate_hz=rate_hz, joints=joints)
        if row is None:
            return None
        total += hops * sum(row['ends_cpu_us'].values())
    return total


def _of_paths(results: Results) -> Iterator[tuple[str, float]]:
    rows = results.get('paths', [])
    for rate_hz in _RATES_HZ:
        ours = row_of(rows, path='ours', rate_hz=rate_hz, joints=6)
        if ours is None:
            continue
        least_us = lower_bound(rows, rate_hz, 6, 'p50_us')
        least_cpu_us = lower_bound_cpu_us(rows, rate_hz, 6)
        if least_us and least_cpu_us:
            yield f'lower_bound.p50.{rate_hz:g}', ours['p50_us'] / least_us
            yield f'lower_bound.cpu.{rate_hz:g}', ours['cpu_us_sum'] / least_cpu_us
        for path, key, column, rates_hz in _COMPARED:
            other = row_of(rows, path=path, rate_hz=rate_hz, joints=6)
            if other is not None and rate_hz in rates_hz:
                yield f'{path}.{key}.{rate_hz:g}', ours[column] / other[column]


def _of_highest(results: Results) -> Iterator[tuple[str, float]]:
    highest = results.get('highest', {})
    for path in ('baseline', 'rosbridge'):
        if highest.get(path):
            yield f'{path}.rate', highest['ours, all kept'] / highest[path]


def _of_fan_out(results: Results) -> Iterator[tuple[str, float]]:
    rows = results.get('fan_out', [])
    ten = row_of(rows, server='ours', consumers=10, stalled=False)
    other = row_of(rows, server='baseline', consumers=10, stalled=False)
    if ten and other:
        yield 'fan.cpu.10', ten['cpu_us_per_delivery'] / other['cpu_us_per_delivery']
    one = row_of(rows, server='ours', consumers=1, stalled=False)
    fifty = row_of(rows, server='ours', consumers=50, stalled=False)
    if one and fifty:
        yield 'fan.p99.50', fifty['p99_us'] / one['p99_us']
    stalled = row_of(rows, server='ours', consumers=10, stalled=True)
    if ten and stalled:
        yield 'fan.stalled', stalled['p99_us'] / ten['p99_us']


def _of_gate(results: Results) -> Iterator[tuple[str, float]]:
    row = row_of(results.get('gate', []), joints=30)
    if row:
        yield 'gate.tick.30', row['tick_us']
        yield 'gate.update.30', row['update_us']


def _of_stop(results: Results) -> Iterator[tuple[str, float]]:
    rows = results.get('stop', [])
    for rate_hz in (20.0, 500.0):
        joint = row_of(rows, rate_hz=rate_hz, what='one joint')
        for key, what in (('topic', 'latched topic'), ('command', 'last command')):
            row = row_of(rows, rate_hz=rate_hz, what=what)
            if joint and row:
                yield f'stop.{key}.{rate_hz:g}', row['p99_us'] / joint['p50_us']


def _of_idle(results: Results) -> Iterator[tuple[str, float]]:
    rows = results.get('idle', [])
    bridge, bare = row_of(rows, process='bridge'), row_of(rows, process='bare rclpy node')
    server = row_of(rows, process='server')
    if bridge and bare and server:
        yield 'idle.bridge', bridge['cpu_percent']
        yield 'idle.server', server['cpu_percent']
        yield 'idle.memory', bridge['memory_mb'] / bare['memory_mb']


def _of_many(results: Results) -> Iterator[tuple[str, float]]:
    apart = row_of(results.get('many', []), bridges=50)
    together = row_of(results.get('fleet', []), bridges=50)
    if apart and together:
        yield 'many.memory', together['proportional_mb'] / apart['proportional_mb']


def _of_cameras(results: Results) -> Iterator[tuple[str, float]]:
    rows = results.get('camera_latency', [])
    ours, bare = row_of(rows, camera='ours'), row_of(rows, camera='bare aiortc')
    if ours and bare:
        yield 'cameras.p50', ours['p50_us'] / bare['p50_us']
    rows = results.get('camera_cpu', [])
    one, four = (row_of(rows, camera='ours', viewers=count) for count in (1, 4))
    if one and four:
        yield 'cameras.cpu.4', four['cpu_ms'] / one['cpu_ms']
    rows = results.get('beside_cameras', [])
    for key, what in (('joints', 'one joint'), ('stop', 'latched topic')):
        without, beside = (row_of(rows, cameras=count, what=what) for count in (0, 2))
        if without and beside:
            yield f'cameras.{key}', beside['p99_us'] / without['p99_us']
