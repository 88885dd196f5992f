# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""The settings of the command gate, and the properties of its joints."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
import math

from .slew import VelocityRamp, clamp

__all__ = ['GateJoint', 'GateSettings', 'Halt', 'Handover']


class Halt(str, Enum):
    """
    How a motion ends before its target.

    ``brake``: the commands slow down with the maximum acceleration, and then end. ``freeze``: the
    commands end at once.
    """

    BRAKE = 'brake'
    FREEZE = 'freeze'


class Handover(str, Enum):
    """
    What a new source of updates can do.

    ``approach``: it moves the robot from where it is, slowly at first. ``hold``: nothing moves
    until the source matches the pose of the robot.
    """

    APPROACH = 'approach'
    HOLD = 'hold'


@dataclass(frozen=True)
class GateJoint:
    """
    The properties of one joint, in radians or metres.

    :param lower: None: no limit.
    :param upper: None: no limit.
    :param max_acceleration: of the command, in rad/s^2 or m/s^2; infinite: unlimited.
    :param max_lead: how far the command may be ahead of the measured position at rest, in radians
        or metres; infinite: unlimited.
    :param lead_time_s: a moving joint may additionally be led by the distance it moves in this
        time.
    :param stall_s: how long the joint may lag behind without following; infinite: no limit.
    :param max_measured_velocity: faster measured motion counts as contradictory measurements.
    :param limit_tolerance: a joint that is measured further outside its limits is not moved.
    :param handover_tolerance: how near a new source has to be with ``on_handover`` = ``hold``.
    :param is_continuous: whether positions that differ by a whole turn are equivalent.
    :param is_sliding: whether the joint is prismatic, so that its unit is metres.
    :param is_held: whether it stays where the motion begins, because it has no range.
    """

    name: str
    lower: float | None
    upper: float | None
    ramp: VelocityRamp
    max_acceleration: float = math.inf
    max_lead: float = math.inf
    lead_time_s: float = 0.15
    stall_s: float = math.inf
    max_measured_velocity: float = math.inf
    limit_tolerance: float = 0.1
    handover_tolerance: float = 0.1
    is_continuous: bool = False
    is_sliding: bool = False
    is_held: bool = False

    @property
    def reach(self) -> tuple[str, float | None, float | None, bool, bool]:
        """The name of the joint, and what determines its range."""
        return self.name, self.lower, self.upper, self.is_continuous, self.is_held

    def allows(self, position: float | None) -> bool:
        """Return whether a position is inside the limits; True for None, which is no position."""
        return position is None or clamp(position, self.lower, self.upper) == position


@dataclass(frozen=True)
class GateSettings:
    """
    The user's settings.

    :param require_feedback: hold while a joint is not measured. Measured positions are used in
        any case.
    :param align_to_room: without required feedback, take the state that the room sends at a join
        as the assumed position of joints without another one. It starts no motion.
    :param max_feedback_age_s: measurements that are older do not count.
    :param require_producer: hold while the room has no producer.
    :param ramp_period_s: the period between two steps of a motion.
    :param command_timeout_s: hold if no update arrived for this long; 0: off.
    :param link_timeout_s: hold if no message of the server arrived for this long.
    :param max_delay_s: hold while the round-trip time to the server is longer, and until it was
        measured once; infinite: no limit.
    :param pause_s: a longer time in which no ROS callback ran is a pause. The limit is shorter
        while many messages arrive, see :class:`.pauses.PauseWatch`; infinite: never.
    :param settle_s: how long nothing moves after a pause, so that stops that were published during
        the pause arrive first. Fast DDS repeats a lost reliable message after up to 3 s
        (``heartbeatPeriod`` of its writers).
    :param require_cameras: hold unless a viewer of each of these cameras gets new pictures.
    :param max_picture_age_s: pictures of these cameras that are older do not count.
    :param on_hold: how a motion ends when the link, the producer or the updates are lost.
    :param on_stop: how a motion ends at an emergency stop.
    :param on_handover: what a new source of updates can do.
    """

    require_feedback: bool = True
    align_to_room: bool = True
    max_feedback_age_s: float = 0.5
    require_producer: bool = True
    ramp_period_s: float = 0.01
    command_timeout_s: float = 0.0
    link_timeout_s: float = 1.5
    max_delay_s: float = math.inf
    pause_s: float = math.inf
    settle_s: float = 3.5
    require_cameras: tuple[str, ...] = ()
    max_picture_age_s: float = 1.0
    on_hold: Halt = Halt.BRAKE
    on_stop: Halt = Halt.FREEZE
    on_handover: Handover = Handover.APPROACH
