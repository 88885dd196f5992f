# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""
Moves the commands of several joints: within their limits, and not far ahead of the robot.

Rules of this file:

- It is pure. ``now`` is in seconds of the steady clock.
- Between two commands, a joint moves at most velocity x min(dt, period), and its velocity changes
  by at most acceleration x min(dt, period), even after a long time without a call.
- The leash limits how far a command may be ahead of the measured joint. A command beyond it brakes
  and comes back. The leash is ``max_lead``, plus the distance that the joint moves at its measured
  speed in ``lead_time_s``, plus how far it has probably moved since it was measured. The speed
  counts in both directions: without that, a joint that sags a little under its load would fall.
- A motion that was not continued for :data:`REST_S` begins from rest, because the robot has come
  to rest at the last command.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
import math

from .gate_settings import GateJoint
from .measurements import Measurements
from .slew import clamp, limited_step, rest_position

__all__ = ['Motion', 'leash', 'reach']

REST_S = 0.1
"""After this time without a command, the robot has come to rest at the last one."""

PROGRESS_SHARE = 0.2
"""A joint that moves by this share of its lead within its stall time counts as following."""

END_SHARE = 0.8
"""From this share of its lead, a command counts as at the end of its leash."""


class Motion:
    """
    Moves the command of each joint from the last command to its goal.

    :param period_s: the longest time between two commands that counts.
    :param now: the present time.
    :ivar setpoint: the last command, in radians or metres by joint name; empty before the first.
    :ivar velocity: the velocity of the command of each joint, in radians or metres per second.
    :ivar origin: where joints without a target rest: the beginning of the current motion.
    :ivar stepped_at: when the last command was made.
    :ivar limited: how many commands so far were reduced by a limit.
    """

    def __init__(self, period_s: float, now: float) -> None:
        self.setpoint: dict[str, float] = {}
        self.velocity: dict[str, float] = {}
        self.origin: dict[str, float] = {}
        self.stepped_at = now
        self.limited = 0
        self._period_s = period_s
        self._rest_s = max(REST_S, 2.0 * period_s)
        self._began_at: dict[str, float] = {}
        # Per joint that lags behind: since when, and the measured position then.
        self._behind: dict[str, tuple[float, float]] = {}

    def begin(self, positions: Mapping[str, float], now: float) -> None:
        """Begin a motion. A joint that begins at its last command keeps its velocity."""
        self._step_s(now)
        self.velocity = {
            name: self.velocity.get(name, 0.0) if self.setpoint.get(name) == position else 0.0
            for name, position in positions.items()
        }
        self.origin = dict(positions)
        self.setpoint = dict(positions)
        self._began_at = dict.fromkeys(positions, now)
        self._behind = {}

    def begin_slowly(self, names: Iterable[str], now: float) -> None:
        """Restart the velocity ramp of joints of the current motion."""
        self._began_at.update(dict.fromkeys(names, now))

    def freeze(self) -> None:
        """End the motion at the last command."""
        self.velocity = dict.fromkeys(self.velocity, 0.0)

    def settle(self, joints: Sequence[GateJoint]) -> float:
        """
        Set the origin of each joint to the position where it comes to rest.

        :returns: the longest braking time of all joints, in seconds.
        """
        self.origin = {
            joint.name: rest_position(
                self.setpoint[joint.name], self.velocity[joint.name], joint.max_acceleration
            )
            for joint in joints
        }
        times = (abs(self.velocity[joint.name]) / joint.max_acceleration for joint in joints)
        return max(times, default=0.0)

    @property
    def is_at_rest(self) -> bool:
        """Whether no joint is commanded to move."""
        return not any(self.velocity.values())

    def is_done(
        self,
        joints: Iterable[GateJoint],
        goals: Mapping[str, float],
        measured: Measurements,
        now: float,
    ) -> bool:
        """Return whether each joint rests at its goal, and its leash allows the goal."""
        if self.setpoint != goals or not self.is_at_rest:
            return False
        for joint in joints:
            pose = measured.fresh(joint.name, now)
            if pose is not None and abs(goals[joint.name] - pose) > joint.max_lead:
                return False
        return True

    def advance(
        self,
        joints: Sequence[GateJoint],
        goals: Mapping[str, float],
        measured: Measurements,
        now: float,
    ) -> str | None:
        """
        Move each joint towards its goal, as far as its limits and its leash allow.

        :param goals: by joint name; within the limits of each joint.
        :returns: the name of a joint that has stalled; None without any.
        """
        step_s = self._step_s(now)
        stalled = None
        setpoint, velocity, fresh = self.setpoint, self.velocity, measured.fresh
        for joint in joints:
            name = joint.name
            goal, position = goals[name], setpoint[name]
            target = goal
            pose = fresh(name, now) if joint.max_lead < math.inf else None
            if pose is not None:
                if abs(goal - pose) > joint.max_lead:
                    lead = reach(joint, measured.velocity(name))
                    target = leash(joint, goal, position, pose, lead, measured.drift(name, now))
                if target == goal:
                    self._behind.pop(name, None)
                elif self._has_stalled(joint, goal, pose, now):
                    stalled = stalled or name
            if position != target or velocity[name] != 0.0:
                setpoint[name], velocity[name] = limited_step(
                    position,
                    velocity[name],
                    target,
                    step_s,
                    max_velocity=joint.ramp.velocity(now - self._began_at[name]),
                    max_acceleration=joint.max_acceleration,
                )
        self.limited += setpoint != goals
        return stalled

    def brake(self, joints: Iterable[GateJoint], now: float) -> None:
        """Slow down every joint with its maximum acceleration."""
        step_s = self._step_s(now)
        for joint in joints:
            name = joint.name
            position, speed = self.setpoint[name], self.velocity[name]
            if speed != 0.0:
                self.setpoint[name], self.velocity[name] = limited_step(
                    position,
                    speed,
                    rest_position(position, speed, joint.max_acceleration),
                    step_s,
                    max_velocity=abs(speed),
                    max_acceleration=joint.max_acceleration,
                )

    def has_rested(self, now: float) -> bool:
        """Return whether the last command is so old that the robot has come to rest."""
        return abs(now - self.stepped_at) > self._rest_s

    def _step_s(self, now: float) -> float:
        """Return the time since the last command that counts, and start the next interval."""
        passed_s, has_rested = now - self.stepped_at, self.has_rested(now)
        self.stepped_at = now
        if has_rested:
            self.freeze()
        return min(max(0.0, passed_s), self._period_s)

    def _has_stalled(self, joint: GateJoint, goal: float, pose: float, now: float) -> bool:
        """Return whether a joint at the end of its leash has not followed for too long."""
        direction = math.copysign(1.0, goal - pose)
        is_at_end = (self.setpoint[joint.name] - pose) * direction >= END_SHARE * joint.max_lead
        since, was = self._behind.get(joint.name, (now, pose))
        slowest = PROGRESS_SHARE * min(joint.max_lead, joint.ramp.limit * joint.stall_s)
        if not is_at_end or (pose - was) * direction >= slowest:
            since, was = now, pose
        self._behind[joint.name] = since, was
        return abs(now - since) >= joint.stall_s


def reach(joint: GateJoint, speed: float) -> float:
    """Return how far the command may be ahead of a joint that moves at this speed."""
    return joint.max_lead + joint.lead_time_s * min(abs(speed), joint.ramp.limit)


def leash(
    joint: GateJoint, goal: float, setpoint: float, pose: float, lead: float, drift: float
) -> float:
    """
    Return the position nearest to the goal that the leash allows.

    :param setpoint: the current command.
    :param pose: the measured position.
    :param lead: how far ahead the command may be.
    :param drift: how far the joint has probably moved since it was measured.
    :returns: the goal if it is near enough; never further outside the limits than the setpoint.
    """
    target = clamp(goal, pose - lead + min(0.0, drift), pose + lead + max(0.0, drift))
    # If the joint is pushed out of its limits by hand, its command does not follow.
    if joint.upper is not None and target > joint.upper:
        target = min(target, max(joint.upper, setpoint))
    if joint.lower is not None and target < joint.lower:
        target = max(target, min(joint.lower, setpoint))
    return target
