# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""
Tracks the measurements of one joint: its position, its velocity, and whether they are plausible.

Rules of this file: it is pure, and ``now`` is in seconds of the steady clock. Measurements that
are close to each other in time are checked together, because queued messages arrive at once, and
because stamps are not exact.
"""

from __future__ import annotations

import math

from .causes import nonfinite
from .gate_settings import GateJoint
from .slew import clamp
from .stamps import Unusable, repeated
from .units import fixed

__all__ = ['JointTrack']

CONTRADICTION_S = 0.5
"""How long measurements must be consistent before they count again after a contradiction."""

NOISE_RAD, NOISE_M = 0.05, 0.005
"""How far a measurement may always jump, because of noise and the resolution of encoders."""

BURST_S = 0.01
"""Measurements within this time are checked together."""

QUEUE_S = 0.1
"""The same after a gap, if queued measurements have no stamps."""

MOST_TURNS = 3
"""With a larger offset, the wrong unit (degrees) is more likely than a number of whole turns."""

FILTER_S = 0.05
"""The time constant of the velocity filter."""


LARGEST_LEAD = 0.5
"""How far a joint without ``max_lead`` may be behind its last command, in radians."""

HORIZON_SHARE = 0.9
"""The factor by which the usual age of a measurement decays per measurement."""


class JointTrack:
    """
    The measurements of one joint.

    :param joint: the properties of the joint; :meth:`set_joint` replaces them.
    :param max_age_s: how long a measurement counts.
    :ivar position: the last measurement, in radians or metres; NaN before the first.
    :ivar at: when it was measured; minus infinity before the first.
    :ivar arrived_at: when it arrived.
    :ivar horizon_s: how old the last measurement usually is when the next one arrives.
    :ivar velocity: filtered, in radians or metres per second; 0 while it is not known.
    :ivar contradiction: a text for how the measurements contradict each other; None while they
        are consistent.
    :ivar jump: the size of the contradiction, in multiples of the noise.
    :ivar is_outside: whether the joint was measured outside its limits by more than the tolerance.
    """

    __slots__ = (
        '_consistent_since',
        '_trusted',
        '_trusted_at',
        '_anchor',
        '_anchor_velocity',
        '_burst_s',
        '_excess',
        '_has_returned',
        '_highest',
        '_joint',
        '_late_s',
        '_lowest',
        '_max_age_s',
        '_max_velocity',
        '_noise',
        '_span_s',
        '_stamp_s',
        '_window_s',
        'arrived_at',
        'at',
        'contradiction',
        'has_several_publishers',
        'horizon_s',
        'is_outside',
        'jump',
        'name',
        'position',
        'velocity',
    )

    def __init__(self, joint: GateJoint, max_age_s: float) -> None:
        self.name = joint.name
        self.position = math.nan
        self.at = self.arrived_at = -math.inf
        self.velocity = 0.0
        self.contradiction: str | None = None
        self.jump = 0.0
        self.has_several_publishers = False
        self.horizon_s = 0.0
        self.is_outside = False
        # The position and the time before the contradiction, and whether the joint came back.
        self._trusted = math.nan
        self._trusted_at = -math.inf
        self._has_returned = True
        self._late_s = 0.0
        self._consistent_since = -math.inf
        self._stamp_s: float | None = None
        self._max_age_s = max_age_s
        # The state of a group of measurements that are checked together. Before the group:
        # position, velocity, and the time since then. Since then: the sum of the motion beyond
        # noise. Of the first one in the group: its age, and how long others join the group.
        self._anchor = math.nan
        self._anchor_velocity = 0.0
        self._span_s = 0.0
        self._excess = 0.0
        self._burst_s = math.inf
        self._window_s = BURST_S
        self.set_joint(joint)

    def set_joint(self, joint: GateJoint) -> None:
        """Replace the properties of the joint."""
        lower, upper = joint.lower, joint.upper
        self._joint = joint
        self._max_velocity = joint.max_measured_velocity
        self._noise = NOISE_M if joint.is_sliding else NOISE_RAD
        is_range = lower is None or upper is None or lower < upper
        tolerance = joint.limit_tolerance
        self._lowest = -math.inf if lower is None or not is_range else lower - tolerance
        self._highest = math.inf if upper is None or not is_range else upper + tolerance
        self._check_limits()

    def drift(self, now: float) -> float:
        """Return how far the joint moved since it was measured, if its velocity is unchanged."""
        fastest = self._joint.ramp.limit
        age_s = min(max(0.0, now - self.at), self.horizon_s)
        return clamp(self.velocity, -fastest, fastest) * age_s

    def is_valid(self, now: float) -> bool:
        """Return whether the last measurement is fresh and not contradictory."""
        return self.contradiction is None and abs(now - self.at) <= self._max_age_s

    def take(
        self, position: float, now: float, at: float, stamp_s: float | None
    ) -> Unusable | None:
        """
        Record a measurement; return why it does not count, None if it does.

        :param at: when it was measured.
        :param stamp_s: its stamp, by the clock of the publisher; None without a stamp.
        """
        if not math.isfinite(position):
            return Unusable('nonfinite', nonfinite(self.name, position))
        if self._joint.is_continuous and now - self.arrived_at <= self._max_age_s:
            # The encoders of continuous joints wrap around after a whole turn.
            position -= math.tau * round((position - self.position) / math.tau)
        before_s = self._stamp_s
        waited_s = step_s = now - self.arrived_at
        is_repeated = stamp_s is not None and stamp_s == before_s
        queue_s = QUEUE_S
        if stamp_s is not None and before_s is not None and not is_repeated:
            step_s, queue_s = stamp_s - before_s, BURST_S
        unusable = None
        if not 0.0 <= waited_s < math.inf:
            self._restart_group()
        elif step_s >= 0.0:
            self._group(step_s, queue_s)
            unusable = self._check(position, step_s, queue_s, waited_s, now)
        elif abs(now - self.at) <= self._max_age_s:
            return self._check_late(position, -step_s, waited_s, now)
        else:
            self._restart_group()  # The clock of the publisher was set back.
        late_s = now - self.at
        if 0.0 <= late_s <= self._max_age_s:
            # The lower of two ages, so that a single pause does not count as usual.
            self.horizon_s = max(min(late_s, self._late_s), HORIZON_SHARE * self.horizon_s)
            self._late_s = late_s
        # A repeated stamp becomes old, even if the clock of this node does not run.
        self.at = self.at if is_repeated else at
        self.position, self.arrived_at, self._stamp_s = position, now, stamp_s
        self._check_limits()
        if unusable is None and abs(now - self.at) > self._max_age_s:
            return repeated(now - self.at)
        return unusable

    def misplacement(self) -> str:
        """Return a text for a joint that was measured outside its limits."""
        joint, position, turns = self._joint, fixed(self.position, 3), self._turns_off()
        lower = '-inf' if joint.lower is None else f'{joint.lower + 0.0:.3g}'
        upper = 'inf' if joint.upper is None else f'{joint.upper + 0.0:.3g}'
        limits = f'limits [{lower}, {upper}]'
        if turns:
            off = 'one turn' if abs(turns) == 1 else f'{abs(turns)} turns'
            return (
                f'{self.name} is {off} off: measured {position}, {limits}; home the encoder '
                f'or set joint_map.{self.name}.offset'
            )
        unit = 'm' if joint.is_sliding else 'rad'
        return (
            f'{self.name} is outside its limits: measured {position} {unit}, {limits}; are '
            f'joint_states in {unit}, and are the limits right?'
        )

    def _group(self, step_s: float, queue_s: float) -> None:
        """Add a measurement to the current group, or begin a new group with it."""
        if self._burst_s + step_s <= self._window_s:
            self._burst_s += step_s
            self._span_s += step_s
            return
        self._anchor, self._anchor_velocity = self.position, self.velocity
        self._span_s, self._excess, self._burst_s = step_s, 0.0, 0.0
        self._window_s = max(BURST_S, min(step_s, queue_s))

    def _check(
        self, position: float, step_s: float, queue_s: float, waited_s: float, now: float
    ) -> Unusable | None:
        """Check a measurement against the last one and against the current group."""
        distance = self._distance(position, self.position)
        excess = max(0.0, distance - self._noise)
        self._excess += excess
        excesses = self._excess, self._distance(position, self._anchor) - self._noise
        is_fast = excess > self._max_velocity * max(step_s, queue_s)
        if is_fast or max(excesses) > self._max_velocity * self._span_s:
            return self._contradict(position, distance, step_s, now)
        if self.contradiction is None:
            gone = position - self._anchor - self._anchor_velocity * self._span_s
            self.velocity = self._anchor_velocity + gone / (FILTER_S + self._span_s)
        elif waited_s > self._max_age_s:
            self._consistent_since = now  # A gap does not count as consistent measurements.
        elif now - self._consistent_since >= CONTRADICTION_S and not self._may_be_wrong_publisher:
            self.contradiction = None
        return None

    def _check_late(self, position: float, late_s: float, waited_s: float, now: float) -> Unusable:
        """Check a measurement that is older than the last one; the last one still counts."""
        distance = self._distance(position, self.position)
        # Messages of one publisher keep their order, so this may be a second, slower publisher.
        span_s = min(late_s, max(waited_s, BURST_S))
        if distance > self._noise + self._max_velocity * span_s:
            return self._contradict(position, distance, span_s, now)
        return Unusable('order', f'joint_states went back in time: {self.name} by {late_s:.3f} s')

    @property
    def _may_be_wrong_publisher(self) -> bool:
        """
        Whether measurements may be consistent only because the correct publisher is silent.

        With several publishers, the joint has to return to a position that it could have reached
        since the last measurement before the contradiction.
        """
        return self.has_several_publishers and not self._has_returned

    def accept_next(self) -> None:
        """Accept the next measurement, because the user has confirmed it by an activation."""
        self.contradiction = None
        self._restart_group()

    def _distance(self, a: float, b: float) -> float:
        if self._joint.is_continuous:
            return abs(math.remainder(a - b, math.tau))
        return abs(a - b)

    def _contradict(self, position: float, distance: float, span_s: float, now: float) -> Unusable:
        unit = 'm' if self._joint.is_sliding else 'rad'
        span = f'in {span_s:.3g} s' if span_s >= 0.001 else 'at once'
        text = f'{self.name} jumped by {distance:.3g} {unit} {span}'
        if self.contradiction is None:
            self.contradiction, self.jump = text, distance / self._noise
            self._trusted, self._trusted_at = self.position, self.at
        joint = self._joint
        lead = min(joint.max_lead, LARGEST_LEAD) + joint.lead_time_s * joint.ramp.limit
        gone = min(self._max_velocity * (now - self._trusted_at), lead)
        self._has_returned = self._distance(position, self._trusted) <= 2 * self._noise + gone
        if self._has_returned:
            self._trusted, self._trusted_at = position, now
        self._consistent_since = now
        self._restart_group()
        return Unusable('contradiction', f'joint_states contradict themselves: {text}')

    def _restart_group(self) -> None:
        """Check the next measurement against the last one only."""
        self.velocity = 0.0
        self._burst_s = math.inf

    def _check_limits(self) -> None:
        self.is_outside = self.position < self._lowest or self.position > self._highest

    def _turns_off(self) -> int:
        """Return how many whole turns would bring the joint inside its limits; 0 if none do."""
        joint = self._joint
        if joint.is_sliding or joint.lower is None or joint.upper is None:
            return 0
        turns = round((self.position - (joint.lower + joint.upper) / 2) / math.tau)
        inside = joint.lower <= self.position - turns * math.tau <= joint.upper
        return turns if inside and abs(turns) <= MOST_TURNS else 0
