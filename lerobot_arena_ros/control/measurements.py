"""
Where the joints were measured, for how long that counts, and what keeps it from counting.

Rules of this file: it is pure, and ``now`` is in seconds of the steady clock. A measurement is as
old as its stamp says, and without a stamp as old as its arrival.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
import math

from .causes import unmeasured, unpublished
from .gate_settings import GateJoint
from .joint_track import CONTRADICTION_S, JointTrack
from .stamps import Unusable, misdated

__all__ = ['Measurements']

AHEAD_S = 0.1
"""How far a stamp may be ahead of the clock of this node."""

REMEDY = 'end one of them, or deactivate and activate the bridge'

REFUSAL_S = 1.0
"""How long what was dropped explains that nothing is known."""

RENEWAL_S = 10.0
"""How long the same explanation keeps its numbers, so that it is not logged again and again."""


class Measurements:
    """
    The measurements of the joints that are commanded; others do not matter.

    :param max_age_s: how long a measurement counts.
    """

    def __init__(self, max_age_s: float) -> None:
        self._max_age_s = max_age_s
        self._known: dict[str, JointTrack] = {}  # Includes joints that were commanded earlier.
        self._tracks: tuple[JointTrack, ...] = ()
        self._has_any = False
        self._is_doubted = False
        self._oldest_at = self._newest_at = -math.inf
        self._now = -math.inf
        self._refusal = Unusable('', '')
        self._refused_at = self._explained_at = -math.inf
        self._silent_topic: str | None = None
        self._publishers: Sequence[str] = ()

    def __bool__(self) -> bool:
        """Say whether anything was ever measured, by whatever name."""
        return self._has_any

    def set_joints(self, joints: Sequence[GateJoint]) -> None:
        """Replace the joints; one that is gone may come back, so that it goes on to be known."""
        for joint in joints:
            track = self._known.setdefault(joint.name, JointTrack(joint, self._max_age_s))
            track.adjust(joint)
        self._tracks = tuple(self._known[joint.name] for joint in joints)
        self._sum_up()

    def note_publishers(self, names: Sequence[str], *, silent_topic: str | None) -> None:
        """
        Note who publishes joint_states.

        :param names: of their nodes, where there are several.
        :param silent_topic: the topic, where nothing publishes on it; None otherwise.
        """
        self._publishers = names
        self._silent_topic = silent_topic
        for track in self._known.values():
            track.has_rivals = len(names) > 1

    def take(
        self,
        positions: Mapping[str, float],
        now: float,
        *,
        age_s: float = 0.0,
        stamp_s: float | None = None,
    ) -> Unusable | None:
        """
        Take measured positions by joint name, and return why some do not count; None if all do.

        :param positions: they need not be all.
        :param age_s: how old they are by the clock of this node; negative = ahead of it.
        :param stamp_s: when they were measured by the clock of their publisher, None = they do
            not say.
        """
        self._now = now
        self._has_any = self._has_any or any(map(math.isfinite, positions.values()))
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
            self._sum_up()
            if unusable is not None and unusable.reason == 'contradiction':
                unusable = unusable._replace(text=self._contradiction(now) or unusable.text)
        if unusable is not None:
            self.refuse(unusable, now)
        return unusable

    def forgive(self) -> None:
        """Believe the next measurements, because a person says so."""
        for track in self._known.values():
            track.forgive()
        self._sum_up()

    def refuse(self, unusable: Unusable, now: float) -> None:
        """Note joint_states that do not count; they explain what is missing for a while."""
        is_same = (
            unusable.reason == self._refusal.reason
            and abs(now - self._refused_at) <= REFUSAL_S
            and abs(now - self._explained_at) <= RENEWAL_S
        )
        if not is_same:
            self._refusal, self._explained_at = unusable, now
        self._refused_at = now

    def fresh(self, name: str, now: float) -> float | None:
        """Return the position of a joint while it counts."""
        track = self._known.get(name)
        if track is None or track.contradiction is not None:
            return None
        return track.position if abs(now - track.at) <= self._max_age_s else None

    def drift(self, name: str, now: float) -> float:
        """
        Return how far a joint has gone since it was measured, if it goes on at its velocity.

        It counts for as long as measurements usually take, so that a driver that hangs does not
        let a joint go on for ever. 0 while it is not known.
        """
        track = self._known.get(name)
        return track.drift(now) if track is not None and track.counts(now) else 0.0

    def last(self, name: str) -> tuple[float | None, float]:
        """Return the last position of a joint, however old, and its time; None without any."""
        track = self._known.get(name)
        if track is None or track.at == -math.inf or track.contradiction is not None:
            return None, -math.inf
        return track.position, track.at

    def velocity(self, name: str) -> float:
        """
        Return the measured velocity of a joint, in radians or metres per second.

        It is 0 while it is not known: without measurements that count at the last call of
        :meth:`take`, :meth:`distrust` or :meth:`lack`.
        """
        track = self._known.get(name)
        return track.velocity if track is not None and track.counts(self._now) else 0.0

    def distrust(self, now: float) -> str | None:
        """Return which measurements cannot be true; None where all can."""
        self._now = now
        if not self._is_doubted:
            return None
        contradiction = self._contradiction(now)
        if contradiction is not None:
            return contradiction
        outside = [track for track in self._tracks if track.is_outside]
        if not outside:
            return None
        others = ', '.join(track.name for track in outside[1:])
        return outside[0].misplacement() + (f' (outside, too: {others})' if others else '')

    def lack(self, now: float) -> str | None:
        """Return which measurements are missing, and why; None where all joints have theirs."""
        self._now = now
        longest_s = self._max_age_s
        are_fresh = now - self._oldest_at <= longest_s and self._newest_at - now <= longest_s
        if are_fresh and not self._is_doubted:
            return None
        missing = [track for track in self._tracks if not track.counts(now)]
        if not missing:
            return None
        if abs(now - self._refused_at) <= max(REFUSAL_S, self._max_age_s):
            return f'no usable joint_states: {self._refusal.text}'
        if self._silent_topic is not None:
            return unpublished(self._silent_topic)
        unseen = [track.name for track in missing if track.at == -math.inf]
        if unseen:
            return unmeasured(unseen)
        names = ', '.join(track.name for track in missing)
        return f'no fresh joint_states of {names}: check the driver'

    def _sum_up(self) -> None:
        """Note what holds for all joints, because that is asked far more often than it changes."""
        times = [track.at for track in self._tracks]
        self._oldest_at = min(times, default=-math.inf)
        self._newest_at = max(times, default=-math.inf)
        self._is_doubted = any(
            track.contradiction is not None or track.is_outside for track in self._tracks
        )

    def _contradiction(self, now: float) -> str | None:
        """Describe the largest contradiction, and name the publishers; None without any."""
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
        """Return whether a joint is still measured; if not, nothing contradicts."""
        return abs(now - track.arrived_at) <= max(self._max_age_s, CONTRADICTION_S)
