# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""
Interpolates trajectories as ros2_control's joint_trajectory_controller does. Pure.

The interpolation is linear if points have positions only, a cubic spline if they also have
velocities, and a quintic spline if they also have accelerations. A derivative is used only if both
ends of a segment have it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
import math

__all__ = ['Point', 'Trajectory', 'TrajectoryError', 'between']


class TrajectoryError(ValueError):
    """A controller would refuse the trajectory; the text has the reason."""


@dataclass(frozen=True)
class Point:
    """
    The state of the joints at one time; one number for each joint.

    :param time_s: by the clock of the trajectory.
    :param velocities: in rad/s; empty if they are not specified.
    :param accelerations: in rad/s^2; empty if they are not specified.
    """

    time_s: float
    positions: Sequence[float]
    velocities: Sequence[float] = ()
    accelerations: Sequence[float] = ()


@dataclass(frozen=True)
class Trajectory:
    """
    The points of a trajectory, after the state in which it was received.

    A trajectory that is received late is followed from its current point, without a transition.

    :param begin: the state in which it was received, and the time.
    :param points: in order of time.
    """

    begin: Point
    points: Sequence[Point]

    @classmethod
    def of(cls, begin: Point, points: Sequence[Point]) -> Trajectory:
        """
        Check points and make a trajectory that begins at a state.

        :raises TrajectoryError: a controller would refuse the points.
        """
        if not points:
            raise TrajectoryError('the trajectory has no points, expected at least one')
        for number, point in enumerate(points):
            _check(point, number, len(begin.positions))
        for earlier, later in zip(points, points[1:], strict=False):
            if later.time_s <= earlier.time_s:
                raise TrajectoryError('time_from_start must increase from point to point')
        if any(points[-1].velocities):
            raise TrajectoryError('the last point has a velocity, expected 0 or none')
        return cls(begin, points)

    def at(self, time_s: float) -> Point:
        """Return the desired state at a time; after the last point, the joints stay there."""
        earlier = self.begin
        for point in self.points:
            if time_s < point.time_s:
                return between(earlier, point, max(time_s, earlier.time_s))
            earlier = point
        rest = (0.0,) * len(earlier.positions)
        return Point(time_s, earlier.positions, rest, rest)


def between(a: Point, b: Point, time_s: float) -> Point:
    """Interpolate from one point to a later one."""
    span = b.time_s - a.time_s
    elapsed = time_s - a.time_s
    spline = _linear
    if a.velocities and b.velocities:
        spline = _quintic if a.accelerations and b.accelerations else _cubic
    joints = [
        _evaluate(spline(_of_joint(a, joint), _of_joint(b, joint), span), elapsed)
        for joint in range(len(b.positions))
    ]
    positions, velocities, accelerations = zip(*joints, strict=True)
    return Point(time_s, positions, velocities, accelerations)


_Joint = tuple[float, float, float]
"""Position, velocity, acceleration."""


def _of_joint(point: Point, joint: int) -> _Joint:
    return (
        point.positions[joint],
        point.velocities[joint] if point.velocities else 0.0,
        point.accelerations[joint] if point.accelerations else 0.0,
    )


def _linear(a: _Joint, b: _Joint, span: float) -> list[float]:
    """Return the coefficients of the polynomial, the lowest power first."""
    return [a[0], (b[0] - a[0]) / span]


def _cubic(a: _Joint, b: _Joint, span: float) -> list[float]:
    way, begin, end = b[0] - a[0], a[1] * span, b[1] * span
    return [a[0], a[1], (3 * way - 2 * begin - end) / span**2, (begin + end - 2 * way) / span**3]


def _quintic(a: _Joint, b: _Joint, span: float) -> list[float]:
    way = b[0] - a[0]
    begin, end = a[1] * span, b[1] * span
    bend, unbend = a[2] * span**2, b[2] * span**2
    return [
        a[0],
        a[1],
        a[2] / 2,
        (20 * way - 12 * begin - 8 * end - 3 * bend + unbend) / (2 * span**3),
        (-30 * way + 16 * begin + 14 * end + 3 * bend - 2 * unbend) / (2 * span**4),
        (12 * way - 6 * begin - 6 * end - bend + unbend) / (2 * span**5),
    ]


def _evaluate(coefficients: list[float], t: float) -> _Joint:
    position = velocity = acceleration = 0.0
    for power, coefficient in enumerate(coefficients):
        position += coefficient * t**power
        if power >= 1:
            velocity += power * coefficient * t ** (power - 1)
        if power >= 2:
            acceleration += power * (power - 1) * coefficient * t ** (power - 2)
    return position, velocity, acceleration


def _check(point: Point, number: int, joints: int) -> None:
    for what in ('positions', 'velocities', 'accelerations'):
        values: Sequence[float] = getattr(point, what)
        if len(values) != joints and (values or what == 'positions'):
            raise TrajectoryError(
                f'point {number} has {len(values)} {what}, expected {joints}, one for each joint'
            )
        if not all(map(math.isfinite, values)):
            raise TrajectoryError(f'point {number} has {what} that are not finite numbers')
