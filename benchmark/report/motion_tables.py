# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""Tables of how the simulated arm followed, with a row for each variant."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from ..measure.leaders import LEADERS, REVERSALS
from ..measure.tracking import SERVOS, Measured, Trace, lag_ms, travel_mrad
from .tables import Row, Table

__all__ = ['motion_tables']

FOLLOWED = [name for name in LEADERS if name != REVERSALS]
"""Without reversals, because no arm can arrive between two of them."""


def motion_tables(measured: Mapping[str, Measured]) -> Iterator[Table]:
    """
    Return all tables.

    :param measured: the traces by the name of the variant.
    """
    yield _table('Tracking error, RMS in mrad', measured, FOLLOWED, _error)
    yield _table('Lag behind the leader, ms', measured, FOLLOWED, _lag)
    title = 'Largest acceleration of the arm / of the commands, rad/s^2'
    yield _table(title, measured, list(LEADERS), _peaks)
    yield (
        'Travel after a stop in full motion, mrad',
        ['parameters', 'fast arm', 'arm with a maximum of 0.5 rad/s'],
        [
            [name, *(f'{travel_mrad(one.stops[servo]):.0f}' for servo in SERVOS)]
            for name, one in measured.items()
        ],
    )


def _table(
    title: str,
    measured: Mapping[str, Measured],
    leaders: list[str],
    cell: Callable[[str, Trace], str],
) -> Table:
    rows: list[Row] = [
        [name, *(cell(leader, one.follows[leader]) for leader in leaders)]
        for name, one in measured.items()
    ]
    return title, ['parameters', *leaders], rows


def _error(_: str, trace: Trace) -> str:
    return f'{trace.error_mrad:.0f}'


def _lag(leader: str, trace: Trace) -> str:
    return f'{lag_ms(trace, LEADERS[leader])}'


def _peaks(_: str, trace: Trace) -> str:
    return f'{trace.peak:.0f} / {trace.command_peak:.0f}'
