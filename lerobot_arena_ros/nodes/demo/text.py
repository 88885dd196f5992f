# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""Format the screen of the demo for the size of the terminal."""

from __future__ import annotations

import textwrap

from lerobot_arena_ros.control.units import fixed

from .watch import FOLLOWER, LEADER, DemoWatch

__all__ = ['screen', 'status_line']

INTRODUCTION = (
    'A simulated leader arm moves in waves. Its measured joints go through an arena room on this '
    'machine, and a simulated follower is commanded to the same positions. Each line is a joint: '
    'L is the position of the leader, F that of the follower, * both, between -4 and 4 radians.'
)
KEYS = 'e: emergency stop   r: reset   q: quit'
NO_KEYS = 'Ctrl-C: quit'

_NAME, _NUMBER, _SHORTEST_BAR = 14, 9, 10


def screen(watch: DemoWatch, url: str, columns: int, rows: int, *, has_keys: bool) -> list[str]:
    """
    Return the lines of the whole screen.

    :param url: URL of the console.
    :param columns: maximum length of a line.
    :param rows: maximum number of lines; the least important ones are left out first.
    :param has_keys: whether the user can press keys.
    """
    body = [*_table(watch, columns), '', status_line(watch), *_states(watch)]
    introduction = [*textwrap.wrap(INTRODUCTION, columns), '']
    frame = len(body) + 4
    head = introduction if frame + len(introduction) <= rows else []
    if frame > rows:
        body = [line for line in body if line]
    lines = [f'console: {url}', '', *head, *body][: max(rows - 2, 1)]
    lines += ['', KEYS if has_keys else NO_KEYS]
    return [_fit(line, columns) for line in lines[-rows:]]


def status_line(watch: DemoWatch) -> str:
    """Return one line with the state of the follower, or with what the demo waits for."""
    if watch.stopped:
        return 'stopped'
    for name, positions in (('leader', watch.leader), ('follower', watch.follower)):
        if not positions:
            return f'waiting for the {name} arm'
    if not watch.rate_hz:
        return 'waiting for commands'
    # The most important values are first, because a narrow terminal cuts the end.
    text = f'follower {watch.error_rad:.3f} rad behind, {watch.rate_hz:.0f} commands/s'
    p50, p99 = watch.recent_latency_ms(50), watch.recent_latency_ms(99)
    return text if p50 is None else f'{text}, latency {p50:.1f} ms (p99 {p99:.1f})'


def _table(watch: DemoWatch, columns: int) -> list[str]:
    if not watch.leader:
        return []
    width = columns - _NAME - 2 * _NUMBER - 2
    head = f'{"joint [rad]":{_NAME}}{"leader":>{_NUMBER}}{"follower":>{_NUMBER}}'
    lines = [head]
    for name, position in watch.leader.items():
        followed = watch.follower.get(name)
        shown = '-' if followed is None else fixed(followed, 3)
        bar = f'  {_bar(position, followed, width)}' if width >= _SHORTEST_BAR else ''
        lines.append(f'{name:{_NAME}}{fixed(position, 3):>{_NUMBER}}{shown:>{_NUMBER}}{bar}')
    return lines


def _states(watch: DemoWatch) -> list[str]:
    wanted = (
        ('producer', f'{LEADER}/arena_bridge: produce link'),
        ('consumer', f'{FOLLOWER}/arena_bridge: consume link'),
        ('gate', f'{FOLLOWER}/arena_bridge: safety'),
    )
    return [f'{label:9} {watch.status.get(name, "starting")}' for label, name in wanted]


def _bar(position: float, followed: float | None, width: int) -> str:
    """Return a bar with both positions between -4 and 4 rad: L leader, F follower, * both."""
    cells = ['.'] * width
    for value, mark in ((position, 'L'), (followed, 'F')):
        if value is not None:
            place = round((value + 4.0) / 8.0 * (width - 1))
            place = min(max(place, 0), width - 1)
            cells[place] = mark if cells[place] == '.' else '*'
    return ''.join(cells)


def _fit(line: str, columns: int) -> str:
    return line if len(line) <= columns else f'{line[: max(columns - 3, 0)]}...'[:columns]
