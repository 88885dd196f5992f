# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""The interpolation of trajectories, compared with values calculated by hand."""

from __future__ import annotations

import math

import pytest

from lerobot_arena_ros.sim.trajectory import Point, Trajectory, TrajectoryError, between

REST = Point(10.0, [0.0])


def test_positions_alone_give_straight_lines() -> None:
    """Positions alone are interpolated linearly, with constant velocity."""
    trajectory = Trajectory.of(REST, [Point(12.0, [1.0]), Point(13.0, [0.0])])

    assert trajectory.at(11.0) == Point(11.0, (0.5,), (0.5,), (0.0,))
    assert trajectory.at(12.5) == Point(12.5, (0.5,), (-1.0,), (0.0,))


def test_positions_and_velocities_give_cubic_splines() -> None:
    """
    Positions and velocities give the spline 3 s^2 - 2 s^3.

    Its velocity in the middle is 1.5 times the mean one.
    """
    a, b = Point(0.0, [0.0], [0.0]), Point(2.0, [1.0], [0.0])

    assert between(a, b, 0.5).positions[0] == pytest.approx(3 / 16 - 2 / 64)
    assert between(a, b, 1.0).positions[0] == pytest.approx(0.5)
    assert between(a, b, 1.0).velocities[0] == pytest.approx(0.75)
    assert between(a, b, 0.0).accelerations[0] == pytest.approx(6 / 4)


def test_a_cubic_spline_meets_both_velocities() -> None:
    """A cubic spline has the given velocities at both ends."""
    a, b = Point(0.0, [0.0], [1.0]), Point(0.5, [0.3], [-2.0])

    for end, position, velocity in ((0.0, 0.0, 1.0), (0.5, 0.3, -2.0)):
        found = between(a, b, end)
        assert found.positions[0] == pytest.approx(position)
        assert found.velocities[0] == pytest.approx(velocity)


def test_accelerations_give_quintic_splines() -> None:
    """Accelerations give the spline 10 s^3 - 15 s^4 + 6 s^5, with the given ones at both ends."""
    a, b = Point(0.0, [0.0], [0.0], [0.0]), Point(2.0, [1.0], [0.0], [0.0])
    quarter = between(a, b, 0.5)

    assert quarter.positions[0] == pytest.approx(10 / 64 - 15 / 256 + 6 / 1024)
    assert between(a, b, 1.0).velocities[0] == pytest.approx(15 / 16)

    c, d = Point(0.0, [0.2], [1.0], [3.0]), Point(0.5, [0.5], [-1.0], [2.0])
    assert between(c, d, 0.0).accelerations[0] == pytest.approx(3.0)
    end = between(c, d, 0.5)
    assert (end.positions[0], end.velocities[0], end.accelerations[0]) == pytest.approx(
        (0.5, -1.0, 2.0)
    )


def test_a_derivative_counts_only_where_both_ends_have_it() -> None:
    """A velocity at one end only has no effect."""
    assert between(Point(0.0, [0.0]), Point(1.0, [1.0], [5.0]), 0.25).positions == (0.25,)
    spline = between(Point(0.0, [0.0], [0.0]), Point(1.0, [1.0], [0.0], [9.0]), 0.25)
    assert spline.positions[0] == pytest.approx(3 / 16 - 2 / 64)


def test_after_the_last_point_it_holds() -> None:
    """After the last point, the joints rest there."""
    trajectory = Trajectory.of(REST, [Point(11.0, [1.0])])

    assert trajectory.at(11.0) == Point(11.0, [1.0], (0.0,), (0.0,))
    assert trajectory.at(1e6) == Point(1e6, [1.0], (0.0,), (0.0,))


def test_before_it_began_it_is_at_its_beginning() -> None:
    """Before the beginning, the state is that of the beginning."""
    assert Trajectory.of(REST, [Point(11.0, [1.0])]).at(9.0).positions == (0.0,)


def test_one_that_comes_late_is_joined_where_it_is_by_then() -> None:
    """A late trajectory is followed from its current point, as in ros2_control."""
    late = Trajectory.of(REST, [Point(9.0, [4.0]), Point(11.0, [6.0])])

    assert late.at(10.0).positions == (5.0,)


@pytest.mark.parametrize(
    ('points', 'reason'),
    [
        ([], 'no points'),
        ([Point(1.0, [0.0, 1.0])], 'point 0 has 2 positions, expected 1'),
        ([Point(1.0, [])], 'point 0 has 0 positions, expected 1'),
        ([Point(1.0, [0.0], [0.0, 0.0])], 'point 0 has 2 velocities, expected 1'),
        ([Point(1.0, [math.nan])], 'point 0 has positions that are not finite'),
        ([Point(1.0, [0.0]), Point(1.0, [1.0])], 'must increase from point to point'),
        ([Point(1.0, [0.0], [0.5])], 'the last point has a velocity'),
    ],
)
def test_what_a_controller_would_refuse_is_refused(points: list[Point], reason: str) -> None:
    """An invalid trajectory is rejected, with what was expected."""
    with pytest.raises(TrajectoryError, match=reason):
        Trajectory.of(REST, points)
