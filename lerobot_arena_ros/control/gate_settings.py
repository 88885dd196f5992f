"""What the user decides about the command gate, and what it has to know of each joint."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
import math

from .slew import VelocityRamp, clamp

__all__ = ['Feedback', 'GateJoint', 'GateSettings', 'Halt', 'StateSyncUse']


class StateSyncUse(str, Enum):
    """
    What the room's remembered pose is good for.

    ``align``: nothing moves because of it; it only fills in joints that are never measured, and
    only where the user said ``never`` to feedback. ``ignore``: nothing. ``command``: it counts as
    a live update.
    """

    ALIGN = 'align'
    IGNORE = 'ignore'
    COMMAND = 'command'


class Feedback(str, Enum):
    """
    Whether measured positions are required.

    ``auto``: once a publisher of them is seen. One that is discovered late is measured late, so
    the first command may be far from the robot: it is for those who know.
    """

    ALWAYS = 'always'
    AUTO = 'auto'
    NEVER = 'never'


class Halt(str, Enum):
    """
    How a motion ends before its target.

    ``brake``: commands slow down at the maximum acceleration, and cease. ``freeze``: they cease.
    """

    BRAKE = 'brake'
    FREEZE = 'freeze'


@dataclass(frozen=True)
class GateJoint:
    """
    What the gate knows of one joint, in radians or metres.

    :param lower: None = no limit.
    :param upper: None = no limit.
    :param max_acceleration: of the command, in rad/s^2 or m/s^2; infinite = unlimited.
    :param max_lead: how far the command may be ahead of the measured position at rest, in radians
        or metres; infinite = unlimited.
    :param lead_time_s: a moving joint may be led by what it covers in this time, too.
    :param stall_s: how long the joint may stay behind without following; infinite = for ever.
    :param max_measured_velocity: a joint that is measured to be faster contradicts itself.
    :param limit_tolerance: a joint that is measured further outside its limits is not moved.
    :param is_continuous: whether positions that differ by a whole turn are the same place.
    :param is_sliding: whether it counts in metres.
    :param is_held: whether it stays where motion begins, because it has no range.
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
    is_continuous: bool = False
    is_sliding: bool = False
    is_held: bool = False

    @property
    def reach(self) -> tuple[str, float | None, float | None, bool, bool]:
        """Which joint it is, and where it may go."""
        return self.name, self.lower, self.upper, self.is_continuous, self.is_held

    def allows(self, position: float | None) -> bool:
        """Say whether a position lies inside the limits; None is no position, and is fine."""
        return position is None or clamp(position, self.lower, self.upper) == position


@dataclass(frozen=True)
class GateSettings:
    """
    What the user decided.

    :param max_feedback_age_s: a measurement older than this is none.
    :param require_producer: hold while the room has no producer.
    :param ramp_period_s: between two steps of a motion under way.
    :param command_timeout_s: hold when no update came for so long; 0 = off.
    :param link_timeout_s: hold when the server was silent for so long.
    :param max_delay_s: hold while a round trip to the server takes longer, and until the first
        one was measured; infinite = the delay does not matter.
    :param pause_s: a graph that was not looked at for longer counts as a pause, and for less where
        many measurements arrive, see :class:`.pauses.PauseWatch`; infinite = never.
    :param settle_s: how long nothing moves after a pause. Stops that were published during the
        pause arrive first: Fast DDS repeats a lost reliable message after up to 3 s
        (``heartbeatPeriod`` of its writers).
    :param discovery_s: how long ``auto`` looks for publishers before it does without feedback.
    :param listener_s: the same, after each new listener to the commands.
    :param on_hold: how a motion ends when link, producer or updates are lost.
    :param on_stop: how a motion ends at an emergency stop.
    """

    on_state_sync: StateSyncUse = StateSyncUse.ALIGN
    feedback: Feedback = Feedback.ALWAYS
    max_feedback_age_s: float = 0.5
    require_producer: bool = True
    ramp_period_s: float = 0.01
    command_timeout_s: float = 0.0
    link_timeout_s: float = 1.5
    max_delay_s: float = math.inf
    pause_s: float = math.inf
    settle_s: float = 3.5
    discovery_s: float = 5.0
    listener_s: float = 1.0
    on_hold: Halt = Halt.BRAKE
    on_stop: Halt = Halt.FREEZE
