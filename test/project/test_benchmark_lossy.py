# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""The benchmark of joints and stops over a lossy link, in short runs, and its report."""

from __future__ import annotations

from pathlib import Path
import sys
from typing import Any

import pytest

from benchmark import lossy
from benchmark.harness.lossy_link import find_obstacle
from benchmark.measure.earlier import compared
from benchmark.measure.lossy_bridges import IN, OUT, SERVER
from benchmark.measure.lossy_paths import FAST_LANE, FROM_SERVER, TO_SERVER, VARIANTS, WEB_SOCKET
from benchmark.measure.lossy_rows import BLACKOUT, SCENARIOS, loss_row, lossy_rows
from benchmark.measure.lossy_stops import lossy_stops
from benchmark.report.lossy_pictures import draw_lossy
from benchmark.report.lossy_tables import lossy_tables
from benchmark.report.lossy_targets import LOSSY_TARGETS, lossy_values


def needs_a_link() -> None:
    """Skip a test where Linux permits no lossy link."""
    if obstacle := find_obstacle():
        pytest.skip(obstacle)


def row(scenario: str, variant: str, way: str, *, slower: float = 1.0) -> dict[str, Any]:
    """Return a row of updates; times are as many times longer."""
    figures = {
        'age_p50_ms': 21.0,
        'age_p99_ms': 22.0,
        'age_max_ms': 25.0,
        'gap_p99_ms': 40.0,
        'gap_max_ms': 60.0,
    }
    dark = scenario == BLACKOUT
    return {
        'scenario': scenario,
        'variant': variant,
        'way': way,
        'lanes': 2,
        'sent': 100,
        'share': 0.97,
        'has_last': True,
        'steps_back': 0,
        **{key: slower * value for key, value in figures.items()},
        'ages_ms': [21.0, 22.0, 25.0],
        'blackouts': [{'first_age_s': 0.02, 'old': 0, 'new_after_s': 0.03 * slower}] * dark,
        'trace': [(0.0, 20.0), (1.1, 21.0)] * dark,
    }


@pytest.fixture(name='results')
def fixture_results() -> dict[str, Any]:
    """Return the results of a run in which the consumer's way was slower."""
    ways = {TO_SERVER: 1.0, FROM_SERVER: 1.1}
    stop = {'way': 'there', 'where': 'latched topic of a bridge', 'count': 500}
    latency = {'p50_ms': 22.0, 'p99_ms': 30.0, 'max_ms': 70.0}
    return {
        'rows': [
            row(scenario, variant, way, slower=slower * (3.0 if variant == WEB_SOCKET else 1.0))
            for scenario in SCENARIOS
            for variant in (WEB_SOCKET, FAST_LANE)
            for way, slower in ways.items()
        ],
        'stops': [{'variant': name, **stop, **latency} for name in (WEB_SOCKET, FAST_LANE)],
        'bridges': [
            {
                'path': FAST_LANE,
                'p50_us': 22_000.0,
                'p99_us': 23_000.0,
                'cpu_us': {IN: 800.0, OUT: 1_000.0, SERVER: 500.0},
            }
        ],
        'earlier': {'p50': 1.01, 'cpu': 1.2},
    }


def test_each_target_is_judged_by_the_worse_way(results: dict[str, Any]) -> None:
    """A target gets the number of the worse way, in its unit, and each target has one."""
    values = lossy_values(results)

    assert values.keys() == {target.key for target in LOSSY_TARGETS}
    assert values['age.3'] == pytest.approx(24.2)
    assert values['gap.p99.3'] == pytest.approx(2.2)
    assert values['gap.bursts'] == pytest.approx(1 / 3)
    assert values['blackout.new'] == pytest.approx(33.0)
    assert values['cpu.bridge'] == pytest.approx(5.0)
    assert values['cpu.server'] == pytest.approx(0.5)


def test_the_tables_have_a_verdict_for_each_target(results: dict[str, Any]) -> None:
    """The verdicts are met, missed, and not measured for what is not there."""
    *_, (_, _, verdicts) = lossy_tables(results)
    by_text = {cells[0]: cells[-1] for cells in verdicts}
    *_, (_, _, unknown) = lossy_tables({})

    assert by_text['3 % loss: age p99, ms'] == 'met'
    assert by_text['stop at 3 % loss to the latched topic, longest, ms'] == 'missed'
    assert {cells[-1] for cells in unknown} == {'not measured'}


def test_each_table_has_a_cell_for_each_column(results: dict[str, Any]) -> None:
    """All rows of all tables are as long as the heads."""
    shown = list(lossy_tables(results))

    assert len(shown) == 5
    for title, head, rows in shown:
        assert rows, title
        assert all(len(cells) == len(head) for cells in rows), title


def test_the_pictures_are_files(results: dict[str, Any], tmp_path: Path) -> None:
    """The ages and the blackout are drawn into files."""
    pytest.importorskip('matplotlib')

    names = [file.name for _, file in draw_lossy(results, tmp_path)]

    assert names == ['lossy_ages.png', 'lossy_blackout.png']
    assert all((tmp_path / name).stat().st_size > 1_000 for name in names)


def test_a_machine_without_namespaces_is_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Where there can be no link the benchmark prints why, and succeeds."""
    monkeypatch.setattr(lossy, 'find_obstacle', lambda: 'no lossy link: not permitted')
    monkeypatch.setattr(sys, 'argv', ['benchmark.lossy'])

    assert lossy.main() == 0
    assert capsys.readouterr().out == 'no lossy link: not permitted\n'


def test_an_earlier_version_that_does_not_run_is_named(tmp_path: Path) -> None:
    """The error names the folder and the last line that its Python printed."""
    with pytest.raises(
        RuntimeError, match=f'{tmp_path}: cannot measure this version: .*benchmark'
    ):
        compared(tmp_path, 1)


def test_the_last_value_arrives_over_a_lossy_link() -> None:
    """
    On each path the last value arrives, and none earlier than the delay allows.

    A row with blackouts has the figures of each, and a trace of the first.
    """
    needs_a_link()
    names = [loss_row(3), BLACKOUT]

    rows = lossy_rows(list(VARIANTS), 4.0, names)

    assert [(each['scenario'], each['variant'], each['way']) for each in rows] == [
        (name, variant, way)
        for name in names
        for variant in VARIANTS
        for way in (TO_SERVER, FROM_SERVER)
    ]
    for each in rows:
        assert each['has_last'], each
        assert each['steps_back'] == 0
        assert min(each['ages_ms']) >= 20.0
        assert len(each['blackouts']) == (each['scenario'] == BLACKOUT)
        assert bool(each['trace']) == (each['scenario'] == BLACKOUT)


def test_stops_arrive_over_a_lossy_link() -> None:
    """A stop reaches a client and the latched topic of a bridge, after the delay of the link."""
    needs_a_link()

    rows = lossy_stops(list(VARIANTS), 2)

    assert len(rows) == 4 * len(VARIANTS)
    for each in rows:
        assert each['count'] == 2
        assert each['p50_ms'] >= 20.0
