# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""The motion of one joint towards a target, within limits of velocity and acceleration."""

from __future__ import annotations

from dataclasses import dataclass
import math

__all__ = ['VelocityRamp', 'clamp', 'limited_step', 'rest_position', 'step']


@dataclass(frozen=True)
class VelocityRamp:
    """
    The maximum velocity of one joint, which rises after the motion began.

    :param start: the limit at the beginning, in radians or metres per second.
    :param limit: the limit from ``duration_s`` on; it also applies at the beginning.
    """

    start: float
    limit: float
    duration_s: float

    def velocity(self, elapsed_s: float) -> float:
        """Return the maximum velocity at this time after the motion began."""
        elapsed_s = max(0.0, elapsed_s)
        if elapsed_s >= self.duration_s or self.start >= self.limit:
            return self.limit
        return self.start + (self.limit - self.start) * elapsed_s / self.duration_s


def step(position: float, target: float, largest: float) -> float:
    """Move towards the target by at most ``largest``; return exactly the target if it is near."""
    if not largest > 0.0:  # Also true for NaN.
        return position
    distance = target - position
    if abs(distance) <= largest:
        return target
    return position + largest if distance > 0 else position - largest


def limited_step(
    position: float,
    velocity: float,
    target: float,
    step_s: float,
    *,
    max_velocity: float,
    max_acceleration: float,
) -> tuple[float, float]:
    """
    Move towards the target for ``step_s``, so that the joint can always brake before the target.

    The acceleration is constant within a step, except for one change in the last one. So the
    positions are on a curve that keeps both limits, for any lengths of the steps.

    The target may have moved, so that the joint cannot brake before it: then the joint brakes with
    its maximum acceleration and comes back. The limit may have changed, so that the joint is
    faster than ``max_velocity``: then it brakes down to the limit.

    :param velocity: at ``position``, in radians or metres per second.
    :param max_acceleration: in rad/s^2 or m/s^2; infinite: unlimited.
    :returns: the position and the velocity at the end of the step.
    """
    if not step_s > 0.0:
        return position, velocity
    if max_acceleration == math.inf:
        moved = step(position, target, max_velocity * step_s)
        return moved, 0.0
    distance = target - position
    # Mirror the motion, so that the target is in the positive direction.
    sign = 1.0 if distance > 0.0 or (distance == 0.0 and velocity < 0.0) else -1.0
    distance, speed = sign * distance, sign * velocity
    change = max_acceleration * step_s
    may_land = abs(speed) <= change and distance <= max_velocity * step_s
    if may_land and _lands(distance, speed, change, max_acceleration):
        return target, 0.0
    faster = min(max_velocity, speed + change)
    # The highest speed at the end of this step from which the joint can brake before the target:
    # fastest^2 / 2a = distance - (speed + fastest) / 2 * step_s.
    square = change * (change / 4.0 - speed) + 2.0 * max_acceleration * distance
    fastest = math.sqrt(square) - change / 2.0 if square > 0.0 else -math.inf
    ended = max(speed - change, min(faster, fastest))
    return position + sign * (speed + ended) / 2.0 * step_s, sign * ended


def _lands(distance: float, speed: float, change: float, max_acceleration: float) -> bool:
    """Return whether a slow joint can be at rest on the target at the end of the step."""
    # It accelerates up to a peak speed, and then brakes.
    peak = (change + speed) / 2.0
    farthest = (2.0 * peak * peak - speed * speed) / (2.0 * max_acceleration)
    nearest = speed * speed / (2.0 * max_acceleration) if speed > 0.0 else 0.0
    return nearest <= distance * (1.0 + _ROUNDING) + _ROUNDING and distance <= farthest


_ROUNDING = 1e-12
"""The rounding error of a distance, both absolute (in radians or metres) and relative."""


def rest_position(position: float, velocity: float, max_acceleration: float) -> float:
    """Return where a joint comes to rest that brakes with its maximum acceleration."""
    return position + velocity * abs(velocity) / (2.0 * max_acceleration)


def clamp(position: float, lower: float | None, upper: float | None) -> float:
    """Limit a position to a range; None is no limit."""
    if lower is not None and position < lower:
        return lower
    if upper is not None and position > upper:
        return upper
    return position
