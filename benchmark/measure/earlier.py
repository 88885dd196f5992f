# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""
The whole path on this machine, in this folder and in one with an earlier version, in turn.

The earlier version is measured by its own benchmark. Without OpenSSL there is no fast lane.
"""

from __future__ import annotations

from collections.abc import Mapping
import json
import os
from pathlib import Path
from statistics import median
import subprocess
import sys

__all__ = ['compared']

ROOT = Path(__file__).resolve().parents[2]

ROUNDS = 5
"""How often each version is measured; the medians are compared."""

RATE_HZ, SECONDS = 50.0, 4.0

PROGRAM = f"""
import json
from benchmark.measure.pipelines import ours
from benchmark.measure.rounds import rounds, warm_up
with ours(6, hidden=['OpenSSL']) as pipeline:
    warm_up(pipeline)
    result, = rounds([pipeline], [{RATE_HZ}], 6, times=1, seconds={SECONDS})
print(json.dumps(result.row()))
"""


def compared(folder: Path, times: int = ROUNDS) -> dict[str, float]:
    """
    Return the p50 of a joint, and the CPU time per joint, as ratios to those of another version.

    :param folder: a checkout of the other version.
    :raises RuntimeError: it could not be measured; the text has the last line of its output.
    """
    here: list[Mapping[str, float]] = []
    there: list[Mapping[str, float]] = []
    for _ in range(times):
        there.append(_measured(folder))
        here.append(_measured(ROOT))
    return {
        name: median(row[key] for row in here) / median(row[key] for row in there)
        for name, key in (('p50', 'p50_us'), ('cpu', 'cpu_us_sum'))
    }


def _measured(folder: Path) -> Mapping[str, float]:
    finished = subprocess.run(
        [sys.executable, '-c', PROGRAM],
        check=False,
        cwd=folder,
        env={**os.environ, 'PYTHONPATH': str(folder)},
        capture_output=True,
        text=True,
    )
    if finished.returncode:
        lines = finished.stderr.strip().splitlines() or ['no output']
        raise RuntimeError(f'{folder}: cannot measure this version: {lines[-1]}')
    row: Mapping[str, float] = json.loads(finished.stdout)
    return row
