"""Which joints of a robot are left out of what is sent, and why."""

from __future__ import annotations

from collections.abc import Mapping

from lerobot_arena_ros.arena.fields import is_text

__all__ = ['LeftOut', 'shown']

LARGEST = 1e12
"""In radians or metres: what is beyond it, or no number, is no position of any joint."""

MAX_TOLD = 100
"""So many joints are named in all, because names may go on for ever."""


class LeftOut:
    """
    Joints that cannot be sent while the others can: one of them silences no other.

    Not thread-safe.
    """

    def __init__(self) -> None:
        self._unmeasured: dict[str, str] = {}
        self._unsendable: dict[str, str] = {}
        self._told: set[str] = set()

    @property
    def joints(self) -> dict[str, str]:
        """Why each of them is left out now, by its name in ROS or in the room."""
        return {**self._unmeasured, **self._unsendable}

    def joined(self) -> None:
        """Forget what a room refused: the next one may have other limits."""
        self._unsendable = {}

    def measured(self, positions: Mapping[str, float]) -> dict[str, float]:
        """Return the positions, by ROS name, that can be; drivers write NaN for the rest."""
        finite = {name: value for name, value in positions.items() if abs(value) <= LARGEST}
        if self._unmeasured or len(finite) < len(positions):
            odd = {
                name: f'measured at {value}'
                for name, value in positions.items()
                if name not in finite
            }
            before = {n: why for n, why in self._unmeasured.items() if n not in positions}
            self._unmeasured = {**before, **odd}
        return finite

    def sendable(self, values: Mapping[str, float]) -> dict[str, float]:
        """Return the values, by arena name, that the room takes."""
        for name in values:
            if name not in self._unsendable and not is_text(name):
                self._unsendable[name] = 'a joint needs a name in the room'
        return {name: value for name, value in values.items() if name not in self._unsendable}

    def refused(self, joints: Mapping[str, str]) -> None:
        """Take the joints that the room refused, and why."""
        self._unsendable = {**self._unsendable, **joints}

    def news(self) -> str | None:
        """Return what has not been told yet, as a line for the log; None = nothing."""
        new = {name: why for name, why in self.joints.items() if name not in self._told}
        if not new or len(self._told) >= MAX_TOLD:
            return None
        self._told |= new.keys()
        return f'left out of what is sent: {shown(new)}'


def shown(joints: Mapping[str, str]) -> str:
    """Name joints and what is wrong with them, for a log line or a status."""
    named = [f'{name!r:.60} ({why})' for name, why in joints.items()]
    more = f' and {len(named) - 5} more' if len(named) > 5 else ''
    return '; '.join(named[:5]) + more
