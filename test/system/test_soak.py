# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""
An arena under a steady load: nothing is lost, and nothing grows.

The load is a few rooms for a few seconds; with ``make soak`` it is 50 rooms for an hour, or for
SECONDS, and the results are printed. All participants are in the process of the test.
"""

from __future__ import annotations

import os

import pytest
from support.bounds import table
from support.soak import SoakPlan, soak

from benchmark.harness.programs import server

SECONDS = os.environ.get('LEROBOT_ARENA_SOAK_SECONDS')
"""How long ``make soak`` puts the arena under its full load; unset, the load is small."""

PLAN = SoakPlan(50, 4, 50.0, float(SECONDS)) if SECONDS else SoakPlan(3, 2, 20.0, 3.0)

OF_LONG_RUNS = ('latest update, ms', 'memory slope, kB/min')
"""Results whose bounds are not checked in a few seconds beside other tests."""


async def test_an_arena_under_load_loses_nothing_and_leaks_nothing(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Each update reaches each consumer in time, and the server releases what it has taken."""
    with server() as arena:
        if SECONDS:
            with capsys.disabled():
                print(f'\n{PLAN}', flush=True)
        rows = await soak(arena, PLAN)
    seen = {row.name: row.value for row in rows}
    if SECONDS:
        with capsys.disabled():
            print(table(rows), flush=True)
    judged = [row for row in rows if SECONDS or row.name not in OF_LONG_RUNS]

    assert table(row for row in judged if not row.is_within_bounds) == ''
    assert seen['updates received'] + seen['merged on the way'] == (
        PLAN.consumers * seen['updates sent']
    )
