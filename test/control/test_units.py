# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""The conversion of each unit, and what is rejected."""

from __future__ import annotations

import math

from hypothesis import given, settings
from hypothesis import strategies as st
import pytest

from lerobot_arena_ros.control.units import ConversionError, Scale, Unit

# Range in radians, unit, wire value, radians: as the public web client draws the SO-101.
SO101 = [
    pytest.param((-2.0, 2.0), Unit.NORMALIZED, -100.0, -2.0, id='Rotation low'),
    pytest.param((-2.0, 2.0), Unit.NORMALIZED, 0.0, 0.0, id='Rotation zero'),
    pytest.param((0.0, 3.5), Unit.NORMALIZED, 0.0, 1.75, id='Pitch zero'),
    pytest.param((-3.14158, 0.0), Unit.NORMALIZED, 0.0, -1.57079, id='Elbow zero'),
    pytest.param((-3.14158, 0.0), Unit.NORMALIZED, 100.0, 0.0, id='Elbow high'),
    pytest.param((-2.5, 1.2), Unit.NORMALIZED, 0.0, -0.65, id='Wrist_Pitch zero'),
    pytest.param((-2.5, 1.2), Unit.NORMALIZED, 50.0, 0.275, id='Wrist_Pitch half'),
    pytest.param((-3.14158, 3.14158), Unit.NORMALIZED, 100.0, 3.14158, id='Wrist_Roll high'),
    pytest.param((-0.2, 2.0), Unit.PERCENT, 0.0, -0.2, id='Jaw closed'),
    pytest.param((-0.2, 2.0), Unit.PERCENT, 50.0, 0.9, id='Jaw half'),
    pytest.param((-0.2, 2.0), Unit.PERCENT, 100.0, 2.0, id='Jaw open'),
]

lengths = st.floats(-100.0, 100.0)
widths = st.floats(0.01, 100.0)


@pytest.mark.parametrize(('ends', 'unit', 'value', 'position'), SO101)
def test_normalized_values_follow_the_web_client(
    ends: tuple[float, float], unit: Unit, value: float, position: float
) -> None:
    """A normalized value is the position that the web client shows, in both directions."""
    scale = Scale.of(unit, lower=ends[0], upper=ends[1])

    assert scale.to_position(value) == pytest.approx(position, abs=1e-12)
    assert scale.to_value(position) == pytest.approx(value, abs=1e-9)


@pytest.mark.parametrize(
    ('unit', 'value', 'position'),
    [
        pytest.param(Unit.DEGREES, 180.0, math.pi, id='degrees'),
        pytest.param(Unit.DEGREES, -90.0, -math.pi / 2, id='negative degrees'),
        pytest.param(Unit.RADIANS, 1.25, 1.25, id='radians'),
        pytest.param(Unit.METRES, 0.04, 0.04, id='metres'),
    ],
)
def test_absolute_units_need_no_range(unit: Unit, value: float, position: float) -> None:
    """Degrees, radians and metres do not depend on the joint's range."""
    without, within = Scale.of(unit), Scale.of(unit, lower=-1.0, upper=3.0)

    assert without == within
    assert without.to_position(value) == pytest.approx(position)


@pytest.mark.parametrize(
    ('unit', 'value', 'position'),
    [
        pytest.param(Unit.DEGREES, 90.0, -math.pi / 2, id='degrees'),
        pytest.param(Unit.RADIANS, 1.0, -1.0, id='radians'),
        pytest.param(Unit.METRES, 0.1, -0.1, id='metres'),
        pytest.param(Unit.NORMALIZED, 100.0, 1.0, id='normalized'),
        pytest.param(Unit.NORMALIZED, 0.0, 2.0, id='normalized middle'),
        pytest.param(Unit.PERCENT, 0.0, 3.0, id='percent'),
        pytest.param(Unit.PERCENT, 100.0, 1.0, id='percent full'),
    ],
)
def test_inverted_joints_count_the_other_way(unit: Unit, value: float, position: float) -> None:
    """``invert`` changes the sign, or swaps the ends of the range."""
    scale = Scale.of(unit, lower=1.0, upper=3.0, invert=True)

    assert scale.to_position(value) == pytest.approx(position)


@pytest.mark.parametrize('invert', [False, True], ids=['upright', 'inverted'])
@pytest.mark.parametrize('unit', Unit)
def test_offset_is_added_to_the_position(unit: Unit, invert: bool) -> None:
    """An offset is in radians or metres for each unit and sign."""
    plain = Scale.of(unit, lower=1.0, upper=3.0, invert=invert)
    shifted = Scale.of(unit, lower=1.0, upper=3.0, invert=invert, offset=0.25)

    assert shifted.to_position(10.0) == pytest.approx(plain.to_position(10.0) + 0.25)


@settings(derandomize=True, deadline=None, database=None)
@given(unit=st.sampled_from(Unit), lower=lengths, width=widths, invert=st.booleans(), x=lengths)
def test_round_trips_hold(unit: Unit, lower: float, width: float, invert: bool, x: float) -> None:
    """A round trip is exact within 1e-9 in both directions, for each unit and sign."""
    scale = Scale.of(unit, lower=lower, upper=lower + width, invert=invert, offset=0.1)

    assert scale.to_position(scale.to_value(x)) == pytest.approx(x, abs=1e-9)
    assert scale.to_value(scale.to_position(x)) == pytest.approx(x, rel=1e-9, abs=1e-9)


@pytest.mark.parametrize(
    ('lower', 'upper'),
    [
        pytest.param(None, None, id='none'),
        pytest.param(0.0, None, id='half'),
        pytest.param(None, 1.0, id='other half'),
        pytest.param(1.0, 1.0, id='no width'),
        pytest.param(2.0, 1.0, id='swapped'),
        pytest.param(math.nan, 1.0, id='NaN'),
        pytest.param(0.0, 5e-324, id='next to no width'),
        pytest.param(-1.7e308, 1.7e308, id='endless'),
    ],
)
@pytest.mark.parametrize('unit', [Unit.NORMALIZED, Unit.PERCENT])
def test_shares_of_a_range_need_a_range(
    unit: Unit, lower: float | None, upper: float | None
) -> None:
    """A unit relative to the range is rejected without a range."""
    with pytest.raises(ConversionError, match=f'{unit.value} needs a range') as caught:
        Scale.of(unit, lower=lower, upper=upper)

    assert caught.value.reason == 'range'
