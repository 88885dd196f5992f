"""Where the joints were measured, and for how long that counts; pure, ``now`` as in the gate."""

from __future__ import annotations

from collections.abc import Mapping
import math

__all__ = ['Measurements']


class Measurements:
    """
    The last measured position of each joint, in radians or metres.

    :param max_age_s: how long one counts; what lies ahead in time is as old as what lies behind.
    """

    def __init__(self, max_age_s: float) -> None:
        self._max_age_s = max_age_s
        self._seen: dict[str, tuple[float, float]] = {}

    def __bool__(self) -> bool:
        """Say whether anything was ever measured."""
        return bool(self._seen)

    def __contains__(self, name: str) -> bool:
        """Say whether a joint was ever measured."""
        return name in self._seen

    def take(self, positions: Mapping[str, float], now: float) -> None:
        """Take finite positions by joint name; they need not be all."""
        self._seen.update({name: (position, now) for name, position in positions.items()})

    def fresh(self, name: str, now: float) -> float | None:
        """Give the position of a joint while it counts."""
        position, at = self._seen.get(name, (math.nan, -math.inf))
        return position if abs(now - at) <= self._max_age_s else None

    def last(self, name: str) -> tuple[float | None, float]:
        """Give the last position of a joint, however old, and its time; None without any."""
        return self._seen.get(name, (None, -math.inf))

    def velocity(self, name: str) -> float:
        """Return the measured velocity of a joint; 0 while it is not known."""
        return 0.0
