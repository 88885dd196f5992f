# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""Freezes of random length, during which a stop is pressed at a random time."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
import math
import os
import random
import time
from typing import NamedTuple

from .faults import FOLLOWER, Stage
from .waiting import wait_for

__all__ = ['KINDS', 'TRIES', 'Freeze', 'Outcome', 'freezes', 'press_during', 'wait_until_time']

KINDS = 5
"""The number of parts that may be frozen; each has the same share of the tries."""

TRIES = int(os.environ.get('LEROBOT_ARENA_FAULTS_FREEZES', '10'))
"""The number of all freezes; ``make faults`` makes a hundred."""

SEED = int(os.environ.get('LEROBOT_ARENA_FAULTS_SEED', str(random.SystemRandom().getrandbits(32))))
"""The seed of the lengths and times; a failed run prints it, so that it can be repeated."""

LENGTHS_S = ((0.3, 1.0), (2.0, 4.0)) if TRIES <= 10 else ((0.3, 1.0), (1.0, 3.0), (3.0, 10.0))
"""The ranges of the lengths, used in turn."""

IN_FLIGHT_S = 0.3
"""The time in which a busy machine delivers a command that was decided before."""

PAUSE_S = 1.0
"""After a freeze that is longer than this, the bridge waits for stops first."""

LOST_S = 15.0
"""A stop that has not arrived this long after the end of the freeze is lost."""


class Freeze(NamedTuple):
    """The length of a freeze, and the time in it at which the stop is pressed, in seconds."""

    lasts_s: float
    press_s: float


class Outcome(NamedTuple):
    """
    The effect of a stop during a freeze.

    :param stopped_s: the time from the end of the freeze to the latched stop; None = lost.
    :param moved: the commanded travel after the end of the freeze, in radians.
    :param late: the commands after the time at which they had to end, in seconds after it.
    """

    freeze: Freeze
    stopped_s: float | None
    moved: float
    late: tuple[float, ...]

    @property
    def is_good(self) -> bool:
        """Whether the stop arrived and ended the commands."""
        return self.stopped_s is not None and not self.late


def freezes(kind: str, *, press_from_s: float = 0.0) -> Iterator[Freeze]:
    """
    Yield the tries of one kind.

    :param press_from_s: the earliest time of the stop, because few tries would rarely meet the
        interesting one; earlier in a shorter freeze. With a hundred tries, any time.
    """
    chance = random.Random(f'{SEED} {kind}')
    print(f'LEROBOT_ARENA_FAULTS_SEED={SEED}')
    for number in range(TRIES // KINDS):
        lasts_s = chance.uniform(*LENGTHS_S[number % len(LENGTHS_S)])
        earliest_s = min(press_from_s, 0.5 * lasts_s) if TRIES <= 10 else 0.0
        yield Freeze(lasts_s, chance.uniform(earliest_s, lasts_s))


def wait_until_time(moment: float) -> None:
    """Block until a time of the monotonic clock, for the duration of a fault."""
    wait_for(lambda: time.monotonic() >= moment, 'the time', 60.0)


def press_during(
    stage: Stage,
    freeze: Freeze,
    *,
    halt: Callable[[], object],
    thaw: Callable[[], object],
    press: Callable[[], object],
    sent_at: Callable[[], float] = lambda: 0.0,
    is_bridge: bool = False,
) -> Outcome:
    """
    Press a stop during a freeze, and return what the robot did.

    No command is allowed from the moment when the gate holds or the freeze ends, whichever comes
    first. Exception: a server that was frozen may pass on updates before it handles the stop. The
    gate may follow these until the server has sent the stop.

    :param sent_at: returns when the server sent the stop, if the server is frozen.
    :param is_bridge: whether the bridge is frozen, which then publishes nothing.
    """
    frozen_at = time.monotonic()
    halt()
    wait_until_time(frozen_at + freeze.press_s)
    press()
    wait_until_time(frozen_at + freeze.lasts_s)
    woke_at = time.monotonic()
    thaw()
    try:
        latched_at = wait_for_latch(stage, frozen_at)
    except AssertionError:
        latched_at = None
    else:
        wait_for_standstill(stage)
    held_at = stage.text_after('safety', 'holding', frozen_at) or woke_at
    since, stop_at = min(held_at, woke_at), sent_at()
    followed_until = woke_at
    if stop_at > woke_at and not is_bridge:
        followed_until = min(stop_at + IN_FLIGHT_S, latched_at or math.inf)
    counted = [s for s in stage.commands_after(since) if not woke_at < since + s <= followed_until]
    # After a pause of the bridge, only a command that was about to be written is allowed.
    most = 1 if is_bridge and freeze.lasts_s > PAUSE_S else None
    return Outcome(
        freeze,
        None if latched_at is None else latched_at - woke_at,
        _travel(stage, woke_at),
        _not_allowed(counted, most),
    )


def wait_for_latch(stage: Stage, since: float) -> float:
    """
    Wait until diagnostics show the stop, and return when they did.

    :raises AssertionError: the stop is lost.
    """
    wait_for(lambda: stage.text_after('safety', 'EMERGENCY STOP', since), 'the stop', LOST_S)
    latched_at = stage.text_after('safety', 'EMERGENCY STOP', since)
    assert latched_at is not None
    return latched_at


def wait_for_standstill(stage: Stage) -> None:
    """Wait for two more statuses of the stop, which are published twice a second."""
    assert stage.probe.next_statuses(FOLLOWER)[-1]


def _not_allowed(after_s: Sequence[float], most: int | None) -> tuple[float, ...]:
    """Return the commands beyond a number, or too late to have been decided before."""
    in_flight = [s for s in after_s if s <= IN_FLIGHT_S][:most]
    return tuple(after_s[len(in_flight) :])


def _travel(stage: Stage, since: float) -> float:
    steps = [step for step in stage.arm.steps if step.at > since]
    return sum(
        abs(after.commanded - before.commanded)
        for before, after in zip(steps, steps[1:], strict=False)
    )
