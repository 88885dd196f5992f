# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""The motion towards a target stays within the limits and never overshoots."""

from __future__ import annotations

import math

from hypothesis import given, settings
from hypothesis import strategies as st
import pytest

from lerobot_arena_ros.control.slew import VelocityRamp, clamp, step

positions = st.floats(-1e6, 1e6)


@pytest.mark.parametrize(
    ('elapsed_s', 'velocity'),
    [
        pytest.param(0.0, 0.5, id='at the beginning'),
        pytest.param(1.0, 1.25, id='half-way'),
        pytest.param(2.0, 2.0, id='at the end'),
        pytest.param(1e9, 2.0, id='long after'),
        pytest.param(-5.0, 0.5, id='clock went back'),
    ],
)
def test_velocity_rises_to_its_limit(elapsed_s: float, velocity: float) -> None:
    """The maximum velocity rises from the start value to the limit, and stays there."""
    assert VelocityRamp(0.5, 2.0, 2.0).velocity(elapsed_s) == pytest.approx(velocity)


def test_a_limit_below_the_start_holds_from_the_start() -> None:
    """A limit below the start velocity applies from the beginning."""
    ramp = VelocityRamp(0.5, 0.2, 2.0)

    assert [ramp.velocity(t) for t in (0.0, 1.0, 2.0)] == [0.2, 0.2, 0.2]


@pytest.mark.parametrize('elapsed_s', [0.0, 1.0, -0.001])
def test_no_duration_allows_the_limit_at_once(elapsed_s: float) -> None:
    """Without a duration, the limit applies at once, even at a time before the beginning."""
    assert VelocityRamp(0.5, 2.0, 0.0).velocity(elapsed_s) == 2.0


@pytest.mark.parametrize(
    ('target', 'reached'),
    [
        pytest.param(5.0, 0.1, id='upwards'),
        pytest.param(-5.0, -0.1, id='downwards'),
        pytest.param(0.05, 0.05, id='within one step'),
        pytest.param(-0.1, -0.1, id='exactly one step'),
        pytest.param(0.0, 0.0, id='already there'),
    ],
)
def test_a_step_is_no_longer_than_allowed(target: float, reached: float) -> None:
    """A step leads towards the target, and ends exactly at it."""
    assert step(0.0, target, 0.1) == reached


@pytest.mark.parametrize('largest', [0.0, -0.1, math.nan])
def test_no_step_is_allowed_to_lead_away(largest: float) -> None:
    """A maximum step that is zero, negative or NaN causes no motion."""
    assert step(1.0, 5.0, largest) == 1.0


@settings(derandomize=True, deadline=None, database=None)
@given(position=positions, target=positions, largest=st.floats(0.0, 1e3))
def test_steps_stay_between_start_and_target(
    position: float, target: float, largest: float
) -> None:
    """Steps never overshoot, turn back, or exceed the maximum."""
    reached = step(position, target, largest)

    assert min(position, target) <= reached <= max(position, target)
    assert abs(reached - position) <= largest + 1e-9


@pytest.mark.parametrize(
    ('position', 'lower', 'upper', 'clamped'),
    [
        pytest.param(2.0, -1.0, 1.0, 1.0, id='above'),
        pytest.param(-2.0, -1.0, 1.0, -1.0, id='below'),
        pytest.param(0.5, -1.0, 1.0, 0.5, id='inside'),
        pytest.param(1.0, -1.0, 1.0, 1.0, id='on the limit'),
        pytest.param(9.0, None, None, 9.0, id='unlimited'),
        pytest.param(-9.0, None, 1.0, -9.0, id='no lower limit'),
        pytest.param(9.0, -1.0, None, 9.0, id='no upper limit'),
    ],
)
def test_clamping_brings_inside(
    position: float, lower: float | None, upper: float | None, clamped: float
) -> None:
    """A position outside a limit is set to the limit; None is no limit."""
    assert clamp(position, lower, upper) == clamped
