# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""A driver between the servos and the topics, with its faults. Pure."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
import math

from .arm import SimArm
from .model import TIMESTEP_S
from .names import JOINTS
from .trajectory import Point, Trajectory

__all__ = ['CommandError', 'Driver', 'Measurement']

CONTROL_PERIOD_S = 0.01
"""The period at which a trajectory sets new targets of the servos: the default of ros2_control."""


class CommandError(ValueError):
    """A driver would refuse the command; the text has the reason."""


@dataclass(frozen=True)
class Measurement:
    """
    The measurement that a driver publishes.

    :param positions: in radians, by joint name.
    :param age_s: the age of the measurement, according to its stamp.
    """

    positions: Mapping[str, float]
    age_s: float = 0.0


class Driver:
    """
    A driver of the arm: it accepts commands and trajectories, and measures the joints.

    :param arm: the arm that it drives.
    :param open_loop: whether a trajectory begins at the desired positions instead of the measured
        ones, as with the parameter ``open_loop_control`` of ros2_control's controller.
    :param period_s: the period at which a trajectory sets new targets of the servos.
    """

    def __init__(
        self, arm: SimArm, *, open_loop: bool = False, period_s: float = CONTROL_PERIOD_S
    ) -> None:
        self.arm = arm
        self.offsets: dict[str, float] = {}
        """The offsets that are added to measured positions, in radians, by joint name."""
        self.delay_s = 0.0
        """The delay of measurements and of their stamps; a negative one is in the future."""
        self._open_loop = open_loop
        self._period_s = period_s
        self._frozen: dict[str, float] = {}
        self._hung_until = -math.inf
        self._joints: Sequence[str] = ()
        self._trajectory: Trajectory | None = None
        self._past: deque[tuple[float, dict[str, float]]] = deque()

    @property
    def hangs(self) -> bool:
        """Whether the driver currently reads no commands and publishes nothing."""
        return self.arm.time < self._hung_until

    def hang(self, seconds: float) -> None:
        """Hang for this time, while the servos hold their positions."""
        self._hung_until = self.arm.time + seconds

    def freeze(self, joint: str) -> None:
        """Freeze the measured position of a joint at its current value."""
        self._frozen[joint] = self.arm.measured()[joint]

    def unfreeze(self) -> None:
        """End the freeze of all joints."""
        self._frozen.clear()

    def command(self, positions: Mapping[str, float]) -> None:
        """
        Set the targets of joints at once, and end a trajectory. Do nothing while the driver hangs.

        :raises CommandError: a joint is unknown, or a position is not finite.
        """
        _check_names(positions)
        for name, position in positions.items():
            if not math.isfinite(position):
                raise CommandError(f'{name} is sent to {position}, expected a finite number')
        if not self.hangs:
            self._trajectory = None
            self.arm.command(positions)

    def follow(self, joints: Sequence[str], points: Sequence[Point], *, in_s: float = 0.0) -> None:
        """
        Follow a trajectory, and end the current one. Do nothing while the driver hangs.

        :param points: with times relative to the beginning of the trajectory.
        :param in_s: the time until it begins; negative if it should have begun already.
        :raises CommandError: a joint is unknown, or all points are in the past.
        :raises TrajectoryError: a controller would refuse the points.
        """
        _check_names(joints)
        starts_at = self.arm.time + in_s
        trajectory = Trajectory.of(
            self._begin(joints),
            [
                Point(starts_at + p.time_s, p.positions, p.velocities, p.accelerations)
                for p in points
            ],
        )
        if trajectory.points[-1].time_s < self.arm.time:
            raise CommandError('the trajectory has ended already, expected a later time')
        if not self.hangs:
            self._joints, self._trajectory = joints, trajectory

    def _begin(self, joints: Sequence[str]) -> Point:
        now = self.arm.time
        if not self._open_loop:
            positions, velocities = self.arm.measured(), self.arm.velocities()
        else:
            positions, velocities = self.arm.targets(), dict.fromkeys(JOINTS, 0.0)
            if self._trajectory is not None:
                desired = self._trajectory.at(now)
                velocities |= zip(self._joints, desired.velocities, strict=True)
        return Point(now, [positions[name] for name in joints], [velocities[n] for n in joints])

    def step(self, seconds: float) -> None:
        """Simulate this time."""
        while seconds > 0.0:
            part = min(seconds, self._period_s)
            seconds -= part
            if self._trajectory is not None and not self.hangs:
                wanted = self._trajectory.at(self.arm.time + part).positions
                self.arm.command(dict(zip(self._joints, wanted, strict=True)))
            self.arm.step(part)
            self._record()

    def _record(self) -> None:
        """Keep the past measurements that are needed for the delay."""
        self._past.append((self.arm.time, self._sensed()))
        # Half a step, because times are sums of steps and not exact.
        is_due = self.arm.time - self.delay_s + TIMESTEP_S / 2
        while len(self._past) > 1 and self._past[1][0] <= is_due:
            self._past.popleft()

    def _sensed(self) -> dict[str, float]:
        sensed = self.arm.measured() | self._frozen
        return {name: value + self.offsets.get(name, 0.0) for name, value in sensed.items()}

    def measurement(self) -> Measurement | None:
        """Return the measurement to publish now; None while the driver hangs."""
        if self.hangs:
            return None
        positions = self._past[0][1] if self._past and self.delay_s > 0.0 else self._sensed()
        return Measurement(positions, self.delay_s)


def _check_names(joints: Mapping[str, float] | Sequence[str]) -> None:
    unknown = [name for name in joints if name not in JOINTS]
    if unknown:
        raise CommandError(
            f'there is no joint {unknown[0]!r}, expected some of {", ".join(JOINTS)}'
        )
    if len(set(joints)) != len(joints):
        raise CommandError('a joint is named twice, expected each once')
