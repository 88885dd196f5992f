"""Motion towards a target: never faster than allowed, never beyond it."""

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
    """The velocity allowed rises from the start's to the limit, and stays there."""
    assert VelocityRamp(0.5, 2.0, 2.0).velocity(elapsed_s) == pytest.approx(velocity)


def test_a_limit_below_the_start_holds_from_the_start() -> None:
    """The beginning of a motion is no faster than the rest of it."""
    ramp = VelocityRamp(0.5, 0.2, 2.0)

    assert [ramp.velocity(t) for t in (0.0, 1.0, 2.0)] == [0.2, 0.2, 0.2]


@pytest.mark.parametrize('elapsed_s', [0.0, 1.0, -0.001])
def test_no_duration_allows_the_limit_at_once(elapsed_s: float) -> None:
    """A start of no length is none, even for one who looked at the clock a moment early."""
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
    """A step goes towards the target, and lands on it exactly."""
    assert step(0.0, target, 0.1) == reached


@pytest.mark.parametrize('largest', [0.0, -0.1, math.nan])
def test_no_step_is_allowed_to_lead_away(largest: float) -> None:
    """Where no motion is allowed there is none, and a negative step is no way back."""
    assert step(1.0, 5.0, largest) == 1.0


@settings(derandomize=True, deadline=None, database=None)
@given(position=positions, target=positions, largest=st.floats(0.0, 1e3))
def test_steps_stay_between_start_and_target(
    position: float, target: float, largest: float
) -> None:
    """No step overshoots, turns away, or is longer than allowed."""
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
    """A position outside lands on the limit; None is no limit."""
    assert clamp(position, lower, upper) == clamped
