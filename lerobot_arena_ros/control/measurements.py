# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""
Tracks the measurements of all joints, and reports which are missing or not plausible.

Rules of this file: it is pure, and ``now`` is in seconds of the steady clock. The age of a
measurement counts from its stamp, and without a stamp from its arrival.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
import math

from .causes import no_publisher, not_measured
from .gate_settings import GateJoint
from .joint_track import CONTRADICTION_S, JointTrack
from .stamps import Unusable, misdated

__all__ = ['Measurements']

AHEAD_S = 0.1
"""How far a stamp may be ahead of the clock of this node."""

REMEDY = 'end one of them, or deactivate and activate the bridge'

REFUSAL_S = 1.0
"""How long a rejected message is given as the reason for a missing measurement."""

RENEWAL_S = 10.0
"""How long a repeated reason keeps its numbers, so that it is not logged again and again."""


class Measurements:
    """
    The measurements of the commanded joints; other joints are ignored.

    :param max_age_s: how long a measurement counts.
    """

    def __init__(self, max_age_s: float) -> None:
        self._max_age_s = max_age_s
        self._known: dict[str, JointTrack] = {}  # Includes joints that were commanded earlier.
        self._tracks: tuple[JointTrack, ...] = ()
        self._has_implausible = False
        self._oldest_at = self._newest_at = -math.inf
        self._now = -math.inf
        self._refusal = Unusable('', '')
        self._refused_at = self._explained_at = -math.inf
        self._silent_topic: str | None = None
        self._publishers: Sequence[str] = ()

    def set_joints(self, joints: Sequence[GateJoint]) -> None:
        """Replace the joints. Keep the measurements of removed joints, which may come back."""
        for joint in joints:
            track = self._known.setdefault(joint.name, JointTrack(joint, self._max_age_s))
            track.set_joint(joint)
        self._tracks = tuple(self._known[joint.name] for joint in joints)
        self._update_summary()

    def note_publishers(self, names: Sequence[str], *, silent_topic: str | None) -> None:
        """
        Record which nodes publish joint_states.

        :param names: the node names of the publishers, if there are several.
        :param silent_topic: the topic if it has no publisher; None otherwise.
        """
        self._publishers = names
        self._silent_topic = silent_topic
        for track in self._known.values():
            track.has_several_publishers = len(names) > 1

    def take(
        self,
        positions: Mapping[str, float],
        now: float,
        *,
        age_s: float = 0.0,
        stamp_s: float | None = None,
    ) -> Unusable | None:
        """
        Record measured positions; return why some were rejected, None if all were accepted.

        :param positions: by joint name; joints may be missing.
        :param age_s: their age by the clock of this node; negative: ahead of the clock.
        :param stamp_s: their stamp by the clock of the publisher; None without a stamp.
        """
        self._now = now
        unusable = misdated(age_s, stamp_s, oldest_s=self._max_age_s, ahead_s=AHEAD_S)
        if unusable is not None:
            if positions.keys().isdisjoint(self._known):
                return None
        else:
            at = now - max(age_s, 0.0)
            for name, track in self._known.items():
                position = positions.get(name)
                if position is not None:
                    unusable = track.take(position, now, at, stamp_s) or unusable
            self._update_summary()
            if unusable is not None and unusable.reason == 'contradiction':
                unusable = unusable._replace(text=self._contradiction(now) or unusable.text)
        if unusable is not None:
            self.refuse(unusable, now)
        return unusable

    def accept_next(self) -> None:
        """Accept the next measurements, because the user has confirmed them by an activation."""
        for track in self._known.values():
            track.accept_next()
        self._update_summary()

    def refuse(self, unusable: Unusable, now: float) -> None:
        """Record rejected joint_states, as the reason for missing measurements for a while."""
        is_same = (
            unusable.reason == self._refusal.reason
            and abs(now - self._refused_at) <= REFUSAL_S
            and abs(now - self._explained_at) <= RENEWAL_S
        )
        if not is_same:
            self._refusal, self._explained_at = unusable, now
        self._refused_at = now

    def fresh(self, name: str, now: float) -> float | None:
        """Return the last position of a joint; None if it is too old or contradictory."""
        track = self._known.get(name)
        if track is None or track.contradiction is not None:
            return None
        return track.position if abs(now - track.at) <= self._max_age_s else None

    def drift(self, name: str, now: float) -> float:
        """
        Return how far a joint moved since it was measured, if its velocity is unchanged.

        It is limited to the usual age of measurements, so that it stops growing when the driver
        hangs. It is 0 while it is not known.
        """
        track = self._known.get(name)
        return track.drift(now) if track is not None and track.is_valid(now) else 0.0

    def last(self, name: str) -> tuple[float | None, float]:
        """Return the last position of a joint of any age, and its time; None without any."""
        track = self._known.get(name)
        if track is None or track.at == -math.inf or track.contradiction is not None:
            return None, -math.inf
        return track.position, track.at

    def velocity(self, name: str) -> float:
        """
        Return the measured velocity of a joint, in radians or metres per second.

        It is 0 while it is not known: when no measurement counted at the last call of
        :meth:`take`, :meth:`implausible` or :meth:`missing`.
        """
        track = self._known.get(name)
        return track.velocity if track is not None and track.is_valid(self._now) else 0.0

    def implausible(self, now: float) -> str | None:
        """Return which measurements are not plausible, and why; None if all are plausible."""
        self._now = now
        if not self._has_implausible:
            return None
        contradiction = self._contradiction(now)
        if contradiction is not None:
            return contradiction
        outside = [track for track in self._tracks if track.is_outside]
        if not outside:
            return None
        others = ', '.join(track.name for track in outside[1:])
        return outside[0].misplacement() + (f' (outside, too: {others})' if others else '')

    def missing(self, now: float) -> str | None:
        """Return which measurements are missing, and why; None if none is missing."""
        self._now = now
        longest_s = self._max_age_s
        are_fresh = now - self._oldest_at <= longest_s and self._newest_at - now <= longest_s
        if are_fresh and not self._has_implausible:
            return None
        missing = [track for track in self._tracks if not track.is_valid(now)]
        if not missing:
            return None
        if abs(now - self._refused_at) <= max(REFUSAL_S, self._max_age_s):
            return f'no usable joint_states: {self._refusal.text}'
        if self._silent_topic is not None:
            return no_publisher(self._silent_topic)
        unseen = [track.name for track in missing if track.at == -math.inf]
        if unseen:
            return not_measured(unseen)
        names = ', '.join(track.name for track in missing)
        return f'no fresh joint_states of {names}: check the driver'

    def _update_summary(self) -> None:
        """Cache the results for all joints, because they are read more often than they change."""
        times = [track.at for track in self._tracks]
        self._oldest_at = min(times, default=-math.inf)
        self._newest_at = max(times, default=-math.inf)
        self._has_implausible = any(
            track.contradiction is not None or track.is_outside for track in self._tracks
        )

    def _contradiction(self, now: float) -> str | None:
        """Return a text for the largest contradiction, with the publishers; None without any."""
        jumps = [
            (track.jump, track.contradiction)
            for track in self._tracks
            if track.contradiction is not None and self._is_present(track, now)
        ]
        if not jumps:
            return None
        _, largest = max(jumps)
        remedy = 'check the driver'
        if len(self._publishers) > 1:
            remedy = f'published by {", ".join(self._publishers)}: {REMEDY}'
        return f'joint_states contradict themselves: {largest}; {remedy}'

    def _is_present(self, track: JointTrack, now: float) -> bool:
        """Return whether a joint is still measured; otherwise its contradiction does not count."""
        return abs(now - track.arrived_at) <= max(self._max_age_s, CONTRADICTION_S)
