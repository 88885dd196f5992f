"""
Velocity-limited motion of several joints together.

Rules of this file: it is pure, and ``now`` is in seconds of the steady clock. Between two commands
no joint moves more than velocity x min(dt, period), however long nobody looked.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from .gate_settings import GateJoint
from .slew import step

__all__ = ['Motion']


class Motion:
    """
    What the joints were told last, and how they get from there to where they are wanted.

    :param period_s: the longest time that counts between two commands.
    :param now: the present time.
    :ivar setpoint: the last command, in radians or metres by joint name; empty before the first.
    :ivar origin: the first command of the present motion.
    :ivar stepped_at: when the last command was made.
    :ivar limited: commands so far in which a joint was held back by its velocity limit.
    """

    def __init__(self, period_s: float, now: float) -> None:
        self.setpoint: dict[str, float] = {}
        self.origin: dict[str, float] = {}
        self.stepped_at = now
        self.limited = 0
        self._period_s = period_s
        self._began_at: dict[str, float] = {}

    def begin(self, positions: Mapping[str, float], now: float) -> None:
        """Begin a motion where the joints are."""
        self.origin = dict(positions)
        self.setpoint = dict(positions)
        self.stepped_at = now
        self._began_at = dict.fromkeys(positions, now)

    def begin_slowly(self, names: Iterable[str], now: float) -> None:
        """Let joints of the present motion start as slowly as at its beginning."""
        self._began_at.update(dict.fromkeys(names, now))

    def advance(self, joints: Iterable[GateJoint], goal: Mapping[str, float], now: float) -> None:
        """Bring each joint nearer to its goal, as far as its velocity limit allows."""
        step_s = min(max(0.0, now - self.stepped_at), self._period_s)
        self.stepped_at = now
        self.setpoint = {
            joint.name: step(
                self.setpoint[joint.name],
                goal[joint.name],
                joint.ramp.velocity(now - self._began_at[joint.name]) * step_s,
            )
            for joint in joints
        }
        self.limited += self.setpoint != goal
