"""From what was measured to the numbers that the targets are about, most of them ratios."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

__all__ = ['Results', 'floor_cpu_us', 'floor_of', 'ratios', 'row_of']

Results = dict[str, Any]
"""What a run measured, by the names of its sections; a section that was left out is missing."""

_FLOOR = {'rclpy hop, events': 2, 'WebSocket hop': 2}

_COMPARED = {
    'obvious': {'p50': 'p50_us', 'cpu': 'cpu_us_sum'},
    'rosbridge': {'p50': 'p50_us', 'p99': 'p99_us', 'cpu': 'cpu_us_sum'},
}
"""What our path is compared with, and in which numbers of its row."""


def ratios(results: Results) -> dict[str, float]:
    """Give the number of each target that was measured."""
    found: dict[str, float] = {}
    for section in (_of_paths, _of_highest, _of_fan_out, _of_gate, _of_stop, _of_idle, _of_many):
        found.update(section(results))
    return found


def row_of(rows: list[dict[str, Any]], **wanted: object) -> dict[str, Any] | None:
    """Find the one row with these values."""
    for row in rows:
        if all(row[key] == value for key, value in wanted.items()):
            return row
    return None


def floor_of(rows: list[dict[str, Any]], rate_hz: float, joints: int, key: str) -> float | None:
    """Sum up the hops that a joint takes at least."""
    total = 0.0
    for path, hops in _FLOOR.items():
        row = row_of(rows, path=path, rate_hz=rate_hz, joints=joints)
        if row is None:
            return None
        total += hops * row[key]
    return total


def floor_cpu_us(rows: list[dict[str, Any]], rate_hz: float, joints: int) -> float | None:
    """
    Sum up the CPU that the hops take between the ends of a path.

    Of the two ROS hops one sender and one receiver are the path's own ends, which leaves one hop.
    Those of the WebSocket hops also keep the pace, so it is rather too much than too little.
    """
    total = 0.0
    for path, hops in {'rclpy hop, events': 1, 'WebSocket hop': 2}.items():
        row = row_of(rows, path=path, rate_hz=rate_hz, joints=joints)
        if row is None:
            return None
        total += hops * sum(row['ends_cpu_us'].values())
    return total


def _of_paths(results: Results) -> Iterator[tuple[str, float]]:
    rows = results.get('paths', [])
    for rate_hz in (100.0, 500.0):
        ours = row_of(rows, path='ours', rate_hz=rate_hz, joints=6)
        if ours is None:
            continue
        for key in ('p50', 'p99'):
            floor_us = floor_of(rows, rate_hz, 6, f'{key}_us')
            if floor_us is not None:
                yield f'floor.{key}.{rate_hz:g}', ours[f'{key}_us'] / floor_us
        for path, keys in _COMPARED.items():
            other = row_of(rows, path=path, rate_hz=rate_hz, joints=6)
            if other is not None:
                for key, number in keys.items():
                    yield f'{path}.{key}.{rate_hz:g}', ours[number] / other[number]


def _of_highest(results: Results) -> Iterator[tuple[str, float]]:
    highest = results.get('highest', {})
    for path in _COMPARED:
        if highest.get(path):
            yield f'{path}.rate', highest['ours, all kept'] / highest[path]


def _of_fan_out(results: Results) -> Iterator[tuple[str, float]]:
    rows = results.get('fan_out', [])
    ten = row_of(rows, server='ours', consumers=10, deaf=False)
    other = row_of(rows, server='obvious', consumers=10, deaf=False)
    if ten and other:
        yield 'fan.cpu.10', ten['cpu_us_per_delivery'] / other['cpu_us_per_delivery']
    one = row_of(rows, server='ours', consumers=1, deaf=False)
    fifty = row_of(rows, server='ours', consumers=50, deaf=False)
    if one and fifty:
        yield 'fan.p99.50', fifty['p99_us'] / one['p99_us']
    deaf = row_of(rows, server='ours', consumers=10, deaf=True)
    if ten and deaf:
        yield 'fan.deaf', deaf['p99_us'] / ten['p99_us']


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
