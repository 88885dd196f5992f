"""Velocity-limited motion towards a target."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ['VelocityRamp', 'clamp', 'step']


@dataclass(frozen=True)
class VelocityRamp:
    """
    How fast one joint may move, a while after motion began.

    :param start: velocity at the beginning, in radians or metres per second.
    :param limit: velocity from ``duration_s`` on; the beginning is no faster.
    """

    start: float
    limit: float
    duration_s: float

    def velocity(self, elapsed_s: float) -> float:
        """Give the greatest velocity allowed this long after motion began."""
        elapsed_s = max(0.0, elapsed_s)
        if elapsed_s >= self.duration_s or self.start >= self.limit:
            return self.limit
        return self.start + (self.limit - self.start) * elapsed_s / self.duration_s


def step(position: float, target: float, largest: float) -> float:
    """Move towards the target by no more than ``largest``, landing on it exactly."""
    if not largest > 0.0:  # Backwards is not towards; NaN is no distance.
        return position
    distance = target - position
    if abs(distance) <= largest:
        return target
    return position + largest if distance > 0 else position - largest


def clamp(position: float, lower: float | None, upper: float | None) -> float:
    """Bring a position inside its limits; None is no limit."""
    if lower is not None and position < lower:
        return lower
    if upper is not None and position > upper:
        return upper
    return position
