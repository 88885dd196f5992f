"""How leaders move a joint: functions from seconds to radians. Pure."""

from __future__ import annotations

from collections.abc import Callable
import math
from typing import NamedTuple

__all__ = ['HAND', 'LEADERS', 'REVERSALS', 'STEPS', 'Leader', 'Signal', 'hand', 'sine', 'square']

Signal = Callable[[float], float]

FASTEST = 1.8
"""No sine asks for more, in rad/s: less than the default velocity limit, 2."""

WIDEST = 0.5

STROKES = (
    (0.5, 0.6, 0.3),
    (-0.3, 0.9, 0.1),
    (0.0, 0.4, 0.2),
    (0.4, 0.5, 0.0),
    (-0.4, 0.9, 0.4),
    (0.0, 0.5, 0.2),
)
"""Where a hand goes, how long it takes and how long it rests there, in seconds."""

HAND_S = sum(lasts_s + rests_s for _, lasts_s, rests_s in STROKES)

SECONDS = 6.0
"""Each leader is watched for at least so long, and for whole periods."""

HAND, STEPS, REVERSALS = 'hand', 'steps', 'reversals'


class Leader(NamedTuple):
    """What moves a joint, and how long until it repeats itself."""

    signal: Signal
    period_s: float

    @property
    def watched_s(self) -> float:
        """How long the arm is watched."""
        return self.period_s * math.ceil(SECONDS / self.period_s - 1e-9)


def hand(time_s: float) -> float:
    """Move as a hand does: minimum-jerk strokes of up to 1.7 rad/s and 11 rad/s^2, and pauses."""
    left_s = time_s % HAND_S
    begin = STROKES[-1][0]
    for end, lasts_s, rests_s in STROKES:
        if left_s < lasts_s + rests_s:
            share = min(1.0, left_s / lasts_s)
            return begin + (end - begin) * share**3 * (10 - 15 * share + 6 * share**2)
        left_s -= lasts_s + rests_s
        begin = end
    return begin


def sine(frequency_hz: float) -> Leader:
    """Swing, as widely as the fastest speed allows."""
    rate = math.tau * frequency_hz
    amplitude = min(WIDEST, FASTEST / rate)
    return Leader(lambda time_s: amplitude * math.sin(rate * time_s), 1.0 / frequency_hz)


def square(half_period_s: float) -> Leader:
    """Jump by 1 rad, to and fro."""
    return Leader(
        lambda time_s: WIDEST if int(time_s / half_period_s) % 2 else -WIDEST, 2 * half_period_s
    )


LEADERS: dict[str, Leader] = {
    HAND: Leader(hand, HAND_S),
    **{f'{frequency_hz:g} Hz': sine(frequency_hz) for frequency_hz in (0.5, 1.0, 2.0, 3.0)},
    STEPS: square(1.5),
    REVERSALS: square(0.4),
}
"""By name. Steps leave time to arrive; a reversal comes in the middle of a motion."""
