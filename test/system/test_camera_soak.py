# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""
A camera whose viewers come and go: nothing remains of them.

The viewers are twenty in half a minute; with ``make soak`` they are a hundred in ten minutes, or
fewer in SECONDS if that is less, and the results are printed.
"""

from __future__ import annotations

import os

import pytest

pytest.importorskip('aiortc')

from support.bounds import table  # noqa: E402
from support.camera_soak import CameraSoakPlan, camera_soak  # noqa: E402

from benchmark.harness.camera_paths import running_camera  # noqa: E402

SECONDS = os.environ.get('LEROBOT_ARENA_SOAK_SECONDS')
"""How long ``make soak`` lets viewers come and go; unset, they are few."""

LONGEST_S = 600.0
ROUND_S = 24.0

OF_LONG_RUNS = 'memory slope, kB/min'
"""The result whose bound is not checked in a short run, in which single pages determine it."""


def plan_of(seconds: float) -> CameraSoakPlan:
    """Return the rounds that fit into a time."""
    rounds = max(1, round(min(seconds, LONGEST_S) / ROUND_S))
    return CameraSoakPlan(rounds, 4, ROUND_S - 4.0)


PLAN = plan_of(float(SECONDS)) if SECONDS else CameraSoakPlan(5, 4, 0.0)


def test_viewers_that_leave_or_vanish_leave_nothing_behind(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The camera releases the threads, files and sockets of all viewers, and does not grow."""

    def report(line: str) -> None:
        if SECONDS:
            with capsys.disabled():
                print(line, flush=True)

    report(f'\n{PLAN}')
    with running_camera() as running:
        rows = camera_soak(running, PLAN, report)
    report(table(rows))
    is_long = PLAN.rounds * ROUND_S >= LONGEST_S
    judged = [row for row in rows if is_long or row.name != OF_LONG_RUNS]

    assert table(row for row in judged if not row.is_within_bounds) == ''
