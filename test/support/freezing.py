"""Freezes of random length, during which a stop is pressed at a random moment."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
import os
import random
import time
from typing import NamedTuple

from .faults import FOLLOWER, Stage
from .waiting import wait_for

__all__ = ['KINDS', 'TRIES', 'Freeze', 'Outcome', 'freezes', 'press_during', 'wait_until_time']

KINDS = 5
"""What may be frozen; each gets its share of the tries."""

TRIES = int(os.environ.get('LEROBOT_ARENA_FAULTS_FREEZES', '10'))
"""Freezes in all; ``make faults`` makes a hundred."""

SEED = int(os.environ.get('LEROBOT_ARENA_FAULTS_SEED', str(random.SystemRandom().getrandbits(32))))
"""Of the lengths and moments; a failed run is repeated with the seed that it printed."""

LENGTHS_S = ((0.3, 1.0), (2.0, 4.0)) if TRIES <= 10 else ((0.3, 1.0), (1.0, 3.0), (3.0, 10.0))
"""Ranges of the lengths, which take turns."""

IN_FLIGHT_S = 0.3
"""How long a busy machine may take to deliver a command that was decided before."""

PAUSE_S = 1.0
"""A freeze of the bridge that is longer is one after which it waits for stops."""

LOST_S = 15.0
"""A stop that has not arrived so long after the end of the freeze is lost."""


class Freeze(NamedTuple):
    """How long it lasts, and when in it the stop is pressed, both in seconds."""

    lasts_s: float
    press_s: float


class Outcome(NamedTuple):
    """
    What a stop during a freeze did.

    :param stopped_s: from the end of the freeze to the latched stop; None = it was lost.
    :param moved: how far the arm was commanded after the end of the freeze, in radians.
    :param late: commands that came when none was allowed any more, in seconds after that moment.
    """

    freeze: Freeze
    stopped_s: float | None
    moved: float
    late: tuple[float, ...]

    @property
    def is_good(self) -> bool:
        """Whether the stop arrived and nothing was commanded in spite of it."""
        return self.stopped_s is not None and not self.late


def freezes(kind: str, *, press_from_s: float = 0.0) -> Iterator[Freeze]:
    """
    Return this kind's share of the tries.

    :param press_from_s: the earliest moment, where so few tries would seldom meet what they are
        for; earlier in a shorter freeze. A hundred tries press at any moment.
    """
    chance = random.Random(f'{SEED} {kind}')
    print(f'LEROBOT_ARENA_FAULTS_SEED={SEED}')
    for number in range(TRIES // KINDS):
        lasts_s = chance.uniform(*LENGTHS_S[number % len(LENGTHS_S)])
        earliest_s = min(press_from_s, 0.5 * lasts_s) if TRIES <= 10 else 0.0
        yield Freeze(lasts_s, chance.uniform(earliest_s, lasts_s))


def wait_until_time(moment: float) -> None:
    """Block until a moment of the steady clock, as a fault that lasts does."""
    wait_for(lambda: time.monotonic() >= moment, 'the time', 60.0)


def press_during(
    stage: Stage,
    freeze: Freeze,
    *,
    halt: Callable[[], object],
    thaw: Callable[[], object],
    press: Callable[[], object],
    told_at: Callable[[], float] = lambda: 0.0,
    is_bridge: bool = False,
) -> Outcome:
    """
    Press a stop during a freeze, and judge what the robot did.

    No command is allowed from the moment on in which the gate holds, or in which the freeze is
    over and the server has sent the stop, whichever is first.

    :param told_at: returns when the server sent the stop, where it is the server that is frozen.
    :param is_bridge: whether it is the bridge that is frozen: then it tells nothing meanwhile.
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
        see_it_stand(stage)
    held_at = stage.text_after('safety', 'holding', frozen_at) or woke_at
    since = min(held_at, max(woke_at, told_at()))
    # After a pause of the bridge the only command is one that was about to be written before.
    most = 1 if is_bridge and freeze.lasts_s > PAUSE_S else None
    return Outcome(
        freeze,
        None if latched_at is None else latched_at - woke_at,
        _travel(stage, woke_at),
        _not_allowed(stage.commands_after(since), most),
    )


def wait_for_latch(stage: Stage, since: float) -> float:
    """
    Wait until diagnostics tell of the stop, and return when they did.

    :raises AssertionError: the stop is lost.
    """
    wait_for(lambda: stage.text_after('safety', 'EMERGENCY STOP', since), 'the stop', LOST_S)
    latched_at = stage.text_after('safety', 'EMERGENCY STOP', since)
    assert latched_at is not None
    return latched_at


def see_it_stand(stage: Stage) -> None:
    """Wait for two more statuses of the stop, which come twice a second."""
    seen = stage.probe.stop_active[FOLLOWER]
    count = len(seen)
    wait_for(lambda: len(seen) >= count + 2, 'two more statuses of the stop')
    assert seen[-1] is True


def _not_allowed(after_s: Sequence[float], most: int | None) -> tuple[float, ...]:
    """List the commands that are more than so many, or too late to have been decided before."""
    in_flight = [s for s in after_s if s <= IN_FLIGHT_S][:most]
    return tuple(after_s[len(in_flight) :])


def _travel(stage: Stage, since: float) -> float:
    steps = [step for step in stage.arm.steps if step.at > since]
    return sum(
        abs(after.commanded - before.commanded)
        for before, after in zip(steps, steps[1:], strict=False)
    )
