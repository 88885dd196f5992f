# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""The motions of leaders: functions from seconds to radians. Pure."""

from __future__ import annotations

from collections.abc import Callable
import math
from typing import NamedTuple

__all__ = ['HAND', 'LEADERS', 'REVERSALS', 'STEPS', 'Leader', 'Signal', 'hand', 'sine', 'square']

Signal = Callable[[float], float]

FASTEST = 1.8
"""The highest velocity of a sine, in rad/s, below the default velocity limit of 2."""

WIDEST = 0.5

STROKES = (
    (0.5, 0.6, 0.3),
    (-0.3, 0.9, 0.1),
    (0.0, 0.4, 0.2),
    (0.4, 0.5, 0.0),
    (-0.4, 0.9, 0.4),
    (0.0, 0.5, 0.2),
)
"""The strokes of a hand: position, duration of the stroke and of the pause, in seconds."""

HAND_S = sum(lasts_s + rests_s for _, lasts_s, rests_s in STROKES)

SECONDS = 6.0
"""Each leader is recorded for at least this long, and for whole periods."""

HAND, STEPS, REVERSALS = 'hand', 'steps', 'reversals'


class Leader(NamedTuple):
    """The motion of a joint, and its period."""

    signal: Signal
    period_s: float

    @property
    def recorded_s(self) -> float:
        """How long the arm is recorded."""
        return self.period_s * math.ceil(SECONDS / self.period_s - 1e-9)


def hand(time_s: float) -> float:
    """Move like a hand: minimum-jerk strokes of up to 1.7 rad/s and 11 rad/s^2, with pauses."""
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
    """Return a sine, with the amplitude that the highest velocity allows."""
    rate = math.tau * frequency_hz
    amplitude = min(WIDEST, FASTEST / rate)
    return Leader(lambda time_s: amplitude * math.sin(rate * time_s), 1.0 / frequency_hz)


def square(half_period_s: float) -> Leader:
    """Return a leader that jumps by 1 rad in each half period."""
    return Leader(
        lambda time_s: WIDEST if int(time_s / half_period_s) % 2 else -WIDEST, 2 * half_period_s
    )


LEADERS: dict[str, Leader] = {
    HAND: Leader(hand, HAND_S),
    **{f'{frequency_hz:g} Hz': sine(frequency_hz) for frequency_hz in (0.5, 1.0, 2.0, 3.0)},
    STEPS: square(1.5),
    REVERSALS: square(0.4),
}
"""By name. Steps leave time to arrive; reversals occur in the middle of a motion."""
