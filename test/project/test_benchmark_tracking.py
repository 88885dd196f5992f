# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""How closely the simulated arm follows, as the benchmark measures it."""

from __future__ import annotations

import pytest

pytest.importorskip('mujoco', reason='MuJoCo is not here: requirements/sim.txt')

import numpy as np

from benchmark.measure.leaders import HAND, LEADERS, STEPS, Leader, hand, sine, square
from benchmark.measure.tracking import (
    DEFAULT,
    SERVOS,
    VARIANTS,
    VERSION_01,
    Measured,
    Trace,
    follow,
    lag_ms,
    stop,
    travel_mrad,
)
from benchmark.report.motion_tables import motion_tables

SHORT = sine(1.0)


def delayed(leader: Leader, by_s: float, sag: float = 0.0) -> Trace:
    """Return the trace of an arm that follows the leader with a delay."""
    time_s = np.arange(100.0, 106.0, 0.01)
    wanted = np.array([leader.signal(at) for at in time_s])
    arm = np.array([leader.signal(at - by_s) + sag for at in time_s])
    return Trace(time_s, wanted, wanted, arm, 1.0)


def test_a_run_gives_the_same_numbers_each_time() -> None:
    """Repeated runs return the same numbers, because they do not use the clock."""
    first, second = (follow(VARIANTS[DEFAULT], SHORT) for _ in range(2))

    assert np.array_equal(first.arm, second.arm)
    assert np.array_equal(first.command, second.command)
    assert first.peak == second.peak
    assert len(first.time_s) == 600


def test_the_default_spares_the_arm_what_version_01_asked_of_it() -> None:
    """The default has a lower peak acceleration than version 0.1, and both follow."""
    before, after = (follow(VARIANTS[name], SHORT) for name in (VERSION_01, DEFAULT))

    assert before.error_mrad < after.error_mrad < 150.0
    assert before.command_peak > 100.0
    assert after.command_peak <= 20.0 * (1 + 1e-6)


def test_a_slow_arm_travels_far_after_a_stop_of_version_01_only() -> None:
    """
    Only with version 0.1, a slow arm travels far after a stop.

    The traces last until the arm is at rest.
    """
    before, after = (stop(VARIANTS[name], SERVOS['slow']) for name in (VERSION_01, DEFAULT))

    assert travel_mrad(before) > 1000.0
    assert travel_mrad(after) < 250.0
    for trace in (before, after):
        assert abs(trace.arm[-1] - trace.arm[-20]) < 0.001


def test_a_gate_that_stops_the_arm_is_no_result() -> None:
    """A run in which the gate stops the arm raises an error, because its numbers mean nothing."""
    with pytest.raises(RuntimeError, match='the gate is not active: .* does not follow'):
        follow({'consume.max_lead': 0.01, 'consume.lead_time_s': 0.0}, SHORT)


@pytest.mark.parametrize('name', list(LEADERS))
@pytest.mark.parametrize('by_ms', [0, 83])
def test_the_lag_is_how_late_the_arm_is(name: str, by_ms: int) -> None:
    """The lag is the delay of the arm, and sag does not change it."""
    leader = LEADERS[name]

    assert lag_ms(delayed(leader, by_ms / 1000, sag=0.03), leader) == pytest.approx(by_ms, abs=10)


def test_the_error_is_a_root_mean_square() -> None:
    """The error is a root mean square in thousandths of a radian, and it includes sag."""
    assert delayed(SHORT, 0.0, sag=0.03).error_mrad == pytest.approx(30.0)


def test_a_hand_is_smooth_and_no_leader_asks_for_more_than_the_velocity_limit() -> None:
    """The hand is smooth, and only steps exceed the velocity limit."""
    time_s = np.arange(0.0, 10.0, 0.001)
    for leader in (LEADERS[HAND], *(sine(frequency_hz) for frequency_hz in (0.5, 1.0, 2.0, 3.0))):
        wanted = np.array([leader.signal(at) for at in time_s])
        assert np.max(np.abs(np.diff(wanted))) / 0.001 <= 1.8 + 1e-3
        periods = leader.recorded_s / leader.period_s
        assert periods == pytest.approx(round(periods))
    assert hand(0.0) == pytest.approx(hand(5.0)) == 0.0


def test_the_tables_have_a_row_for_each_variant_and_a_cell_for_each_leader() -> None:
    """The tables have one row per variant and one cell per leader."""
    traces = {name: delayed(leader, 0.02) for name, leader in LEADERS.items()}
    still = delayed(square(1.5), 0.0)
    measured = {name: Measured(traces, dict.fromkeys(SERVOS, still)) for name in VARIANTS}

    shown = list(motion_tables(measured))

    assert len(shown) == 4
    for _, head, rows in shown:
        assert [row[0] for row in rows] == list(VARIANTS)
        assert all(len(row) == len(head) for row in rows)
    assert shown[0][2][0][-1] == f'{traces[STEPS].error_mrad:.0f}'
