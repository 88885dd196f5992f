"""What parent and stage say to each other: a line of JSON each way, over stdin and stdout."""

from __future__ import annotations

from collections.abc import Iterator
import json
import sys
import time
from typing import Any

__all__ = ['STEP_RAD', 'Pace', 'answer', 'number_of', 'orders', 'positions_of']

STEP_RAD = 1e-6
"""What a number adds to each joint: so little that no velocity limit holds it back."""

_APART_RAD = 0.1234567890123


def positions_of(number: int, joints: int) -> list[float]:
    """
    Say a number in joints, all of which it moves.

    The first is the number; the others have as many digits as a measured position has.
    """
    moved = number * STEP_RAD
    return [moved, *(moved + _APART_RAD * joint for joint in range(1, joints))]


def number_of(position: float) -> int:
    """Read the number that the first joint says."""
    return round(position / STEP_RAD)


def answer(**fields: Any) -> None:
    """Tell the parent."""
    print(json.dumps(fields), flush=True)


def orders() -> Iterator[dict[str, Any]]:
    """Give what the parent wants until it wants no more."""
    for line in sys.stdin:
        yield json.loads(line)


class Pace:
    """
    When each message of a run is due; whoever is late catches up.

    The rate is therefore the one asked for, or the most that the sender can.
    """

    def __init__(self, rate_hz: float) -> None:
        self._period_s = 1.0 / rate_hz
        self._due = time.monotonic()

    def wait_s(self) -> float:
        """Give the seconds until the next one is due, at least 0."""
        self._due += self._period_s
        return max(0.0, self._due - time.monotonic())
