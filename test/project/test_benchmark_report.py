# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""What the benchmark computes from its rows: ratios, verdicts and tables."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from benchmark import __main__ as program
from benchmark.measure.behind_nginx import Arrangement, ArrangementResult
from benchmark.measure.pipelines import PROTOCOL_HOP, ROS_HOP
from benchmark.report.ratios import lower_bound_cpu_us, ratios
from benchmark.report.tables import smoke_failures, tables, verdicts
from benchmark.report.targets import TARGETS, Target


def path_row(path: str, rate_hz: float, p50_us: float, cpu_us: float) -> dict[str, Any]:
    """Return a row of the paths."""
    return {
        'path': path,
        'rate_hz': rate_hz,
        'joints': 6,
        'count': 10,
        'lost': 0,
        'min_us': p50_us,
        'p50_us': p50_us,
        'p99_us': 2 * p50_us,
        'cpu_us': {'server': cpu_us},
        'cpu_us_sum': cpu_us,
        'ends_cpu_us': {'sender': 60.0, 'receiver': 40.0},
    }


def many_row(bridges: int, memory_mb: float) -> dict[str, Any]:
    """Return a row of many bridges."""
    idle = ('bridges_cpu_percent', 'server_cpu_percent', 'server_mb')
    busy = ('p50_us', 'p99_us', 'count', 'lost', 'fleet_busy_percent', 'server_busy_percent')
    return {
        'bridges': bridges,
        'resident_mb': memory_mb,
        'proportional_mb': memory_mb,
        **dict.fromkeys((*idle, *busy), 1.0),
    }


def fan_row(
    server: str, consumers: int, p99_us: float, *, stalled: bool = False
) -> dict[str, Any]:
    """Return a row of the fan-out."""
    return {
        'server': server,
        'consumers': consumers,
        'stalled': stalled,
        'count': 10,
        'lost': 0,
        'p50_us': 1.0,
        'p99_us': p99_us,
        'cpu_us_per_delivery': 20.0 if server == 'ours' else 100.0,
    }


@pytest.fixture
def results() -> dict[str, Any]:
    """Return the results of a run."""
    stop = [('one joint', 1000.0), ('latched topic', 900.0), ('last command', 500.0)]
    return {
        'paths': [
            path_row(path, rate_hz, p50_us, cpu_us)
            for rate_hz in (100.0, 500.0)
            for path, p50_us, cpu_us in (
                (ROS_HOP, 100.0, 0.0),
                (PROTOCOL_HOP, 150.0, 0.0),
                ('ours', 600.0, 300.0),
                ('baseline', 1200.0, 1000.0),
                ('rosbridge', 1500.0, 1500.0),
            )
        ],
        'highest': {
            'ours': 500.0,
            'ours, all kept': 4000.0,
            'baseline': 2000.0,
            'rosbridge': 400.0,
            'rosbridge, all kept': 1000.0,
        },
        'fan_out': [
            fan_row('ours', 1, 100.0),
            fan_row('ours', 10, 110.0),
            fan_row('ours', 50, 150.0),
            fan_row('ours', 10, 121.0, stalled=True),
            fan_row('baseline', 10, 500.0),
        ],
        'gate': [
            {'joints': count, 'tick_us': 2.0 * count, 'update_us': 3.0 * count, 'measure_us': 1.0}
            for count in (6, 30)
        ],
        'stop': [
            {'rate_hz': rate_hz, 'what': what, 'count': 9, 'p50_us': us, 'p99_us': us}
            for rate_hz in (20.0, 500.0)
            for what, us in stop
        ],
        'idle': [
            {'process': 'bridge', 'cpu_percent': 0.3, 'memory_mb': 75.0},
            {'process': 'server', 'cpu_percent': 0.2, 'memory_mb': 50.0},
            {'process': 'bare rclpy node', 'cpu_percent': 0.1, 'memory_mb': 60.0},
        ],
        'many': [many_row(1, 80.0), many_row(50, 2000.0)],
        'fleet': [many_row(1, 90.0), many_row(50, 200.0)],
        'camera_latency': [
            {'camera': camera, 'count': 99, 'lost': 1, 'p50_us': us, 'p99_us': 2 * us}
            for camera, us in (('ours', 55_000.0), ('bare aiortc', 50_000.0))
        ],
        'camera_cpu': [
            {
                'camera': 'ours',
                'viewers': count,
                'cpu_ms': cpu_ms,
                'cpu_percent': 3 * cpu_ms,
                'received_hz': 30.0,
            }
            for count, cpu_ms in ((1, 5.0), (4, 6.0))
        ],
        'beside_cameras': [
            {'cameras': count, 'what': what, 'count': 9, 'p50_us': 1.0, 'p99_us': us}
            for count, what, us in (
                (0, 'one joint', 1000.0),
                (2, 'one joint', 1100.0),
                (0, 'latched topic', 1000.0),
                (2, 'latched topic', 1050.0),
            )
        ],
    }


def test_each_target_is_measured(results: dict[str, Any]) -> None:
    """A run has a number for every target, and no others."""
    assert ratios(results).keys() == {target.key for target in TARGETS}


def test_ratios_are_of_this_run(results: dict[str, Any]) -> None:
    """Each ratio is that of the right two numbers of the run."""
    found = ratios(results)

    assert found['lower_bound.p50.100'] == pytest.approx(600 / 500)
    assert found['lower_bound.cpu.500'] == pytest.approx(300 / 300)
    assert found['baseline.cpu.500'] == pytest.approx(0.3)
    assert found['baseline.rate'] == pytest.approx(2.0)
    assert found['rosbridge.p99.500'] == pytest.approx(0.4)
    assert found['rosbridge.cpu.100'] == pytest.approx(0.2)
    assert found['rosbridge.rate'] == pytest.approx(10.0)
    assert found['fan.cpu.10'] == pytest.approx(0.2)
    assert found['fan.p99.50'] == pytest.approx(1.5)
    assert found['fan.stalled'] == pytest.approx(1.1)
    assert found['gate.tick.30'] == pytest.approx(60.0)
    assert found['gate.update.30'] == pytest.approx(90.0)
    assert found['stop.topic.500'] == pytest.approx(0.9)
    assert found['idle.memory'] == pytest.approx(1.25)
    assert found['many.memory'] == pytest.approx(0.1)
    assert found['cameras.p50'] == pytest.approx(1.1)
    assert found['cameras.cpu.4'] == pytest.approx(1.2)
    assert found['cameras.joints'] == pytest.approx(1.1)
    assert found['cameras.stop'] == pytest.approx(1.05)
    assert lower_bound_cpu_us(results['paths'], 100.0, 6) == pytest.approx(300.0)


def test_a_smoke_test_fails_far_from_a_target_only(results: dict[str, Any]) -> None:
    """A ratio that misses its target by less than a factor of two passes a smoke test."""
    results['idle'][0]['memory_mb'] = 60.0 * 1.15 * 1.9
    assert smoke_failures(results) == {}

    results['idle'][0]['memory_mb'] = 60.0 * 1.15 * 2.1

    failure = smoke_failures(results)['idle.memory']
    assert failure == 'bridge memory / bare rclpy node: 2.42, at most 2.3'


def test_a_smoke_test_measures_three_times_before_it_fails(
    results: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    """Only the section that failed is measured again, and one good measurement is enough."""
    good = {'idle': [dict(row) for row in results['idle']]}
    results['idle'][0]['memory_mb'] = 60.0 * 2.4
    bad = {'idle': results['idle']}
    sections: list[str] = []

    def measure_again(answers: Iterator[dict[str, Any]]) -> Callable[[str], dict[str, Any]]:
        def answer(name: str) -> dict[str, Any]:
            sections.append(name)
            return next(answers)

        return answer

    assert program.confirmed_failures(results, measure_again(iter([bad, good]))) == []
    (line,) = program.confirmed_failures(results, measure_again(iter([bad, bad])))
    assert line.count('2.40, at most 2.3') == 3
    assert sections == ['idle'] * 4
    assert capsys.readouterr().out.count('measuring idle again') == 4


def test_a_smoke_test_can_measure_again_whatever_it_judges() -> None:
    """Each target that a smoke test judges has a section that it can repeat."""
    judged = {target.key.partition('.')[0] for target in TARGETS if target.smoke_limit}

    assert judged == program.SECTION_OF.keys()
    assert set(program.SECTION_OF.values()) <= program.SECTIONS.keys()


def test_a_target_can_be_a_minimum() -> None:
    """A minimum is met by the limit and by more."""
    target = Target('rate', 'a rate', 2.0, at_least=True)

    assert target.is_met(2.0)
    assert not target.is_met(1.9)


def test_a_smoke_test_judges_no_tail_and_no_time(results: dict[str, Any]) -> None:
    """A busy machine changes percentiles and absolute times, which a smoke test ignores."""
    results['stop'][1]['p99_us'] = 1e9
    results['gate'][1]['tick_us'] = 1e9
    results['idle'][0]['cpu_percent'] = 90.0

    assert smoke_failures(results) == {}


def test_tables_are_rectangular(results: dict[str, Any]) -> None:
    """Each row has a cell in each column, and each target has a verdict."""
    arranged = ArrangementResult(Arrangement('1, direct', 'http://127.0.0.1:1', (1,)), 24)
    arranged.seconds, arranged.server_s = 1.0, [0.0]
    plainer = [path_row(path, 100.0, 1.0, 1.0) for path in ('ours', 'ours without uvloop')]
    drawn = list(tables({**results, 'accelerators': plainer, 'behind_nginx': [arranged.row()]}))

    assert len(drawn) == 15
    assert all(len(row) == len(head) for _, head, rows in drawn for row in rows)
    assert len(list(verdicts(results))) == len(TARGETS)


def test_a_target_that_was_not_measured_has_a_row() -> None:
    """Without results, each target has a row with a dash."""
    assert {row[1] for row in verdicts({})} == {'–'}
