# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""
The newest parts of one source: the frames of a camera, or the joint states of a robot. Pure.

Rules of this file:

- A history has only parts with stamps or only parts without. The stamps never decrease, like the
  arrivals, which come from a steady clock.
- A stamp that is more than :data:`CLOCK_RESET_NS` older than the newest shows that the clock of
  the robot was set, or that its simulation began anew: the history begins anew too.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, TypeVar

__all__ = [
    'CLOCK_RESET_NS',
    'MAX_FRAMES',
    'MAX_JOINT_STATES',
    'UNSTAMPED',
    'FrameHistory',
    'History',
    'JointHistory',
    'Part',
]

MAX_FRAMES = 16
"""The number of frames of a camera that are kept: a camera may lag behind another by these."""

MAX_JOINT_STATES = 512
"""The number of joint states that are kept, because joints arrive before their frames."""

UNSTAMPED = 16
"""
The number of successive frames without a stamp after which a camera counts as one without stamps.

The stamps of the first frames of a connection are unknown, and the message of a stamp may be lost.
"""

CLOCK_RESET_NS = 1_000_000_000

Value = TypeVar('Value')


@dataclass(frozen=True)
class Part(Generic[Value]):
    """
    A frame or a joint state.

    :param arrived_at: in seconds of the steady clock of this machine.
    :param stamp_ns: when it was taken, in nanoseconds of the clock of the robot; None if that is
        unknown.
    """

    value: Value
    arrived_at: float
    stamp_ns: int | None


class History(Generic[Value]):
    """
    The base class of the two kinds of histories.

    :ivar parts: oldest first.
    :ivar newest_ns: the newest stamp so far; None if the newest part has none.
    :ivar last_at: when anything arrived last, even if it is not kept; None before.
    :param capacity: the number of parts that are kept.
    """

    def __init__(self, capacity: int) -> None:
        self.parts: list[Part[Value]] = []
        self.newest_ns: int | None = None
        self.last_at: float | None = None
        self._capacity = capacity

    @property
    def is_stamped(self) -> bool:
        """Whether the parts have stamps."""
        return self.newest_ns is not None

    def drop_arrived_before(self, moment: float) -> None:
        """Drop the parts that arrived before a time."""
        fresh = (i for i, part in enumerate(self.parts) if part.arrived_at >= moment)
        del self.parts[: next(fresh, len(self.parts))]

    def _lateness_ns(self, stamp_ns: int) -> int:
        """Return how much older a stamp is than the newest; negative if it is newer."""
        if self.newest_ns is None or self.newest_ns - stamp_ns > CLOCK_RESET_NS:
            self.parts.clear()
            return -1
        return self.newest_ns - stamp_ns

    def _append(self, value: Value, arrived_at: float, stamp_ns: int | None) -> None:
        self.newest_ns = stamp_ns
        self.parts.append(Part(value, arrived_at, stamp_ns))
        del self.parts[: -self._capacity]


class FrameHistory(History[Value]):
    """The frames of a camera that may still become part of a set."""

    def __init__(self) -> None:
        super().__init__(MAX_FRAMES)
        self._unstamped = 0

    @property
    def unstamped(self) -> int:
        """The number of frames without a stamp since the last one with a stamp."""
        return self._unstamped

    def add(self, value: Value, arrived_at: float, stamp_ns: int | None) -> None:
        """Note a frame, unless it repeats the stamp of an earlier one or is older."""
        self.last_at = arrived_at
        if stamp_ns is None:
            self._unstamped += 1
            if self._unstamped < UNSTAMPED:
                return
            if self.is_stamped:
                self.parts.clear()
        else:
            self._unstamped = 0
            if self._lateness_ns(stamp_ns) >= 0:
                return
        self._append(value, arrived_at, stamp_ns)

    def drop_until(self, index: int) -> None:
        """Drop a frame and all that are older."""
        del self.parts[: index + 1]


class JointHistory(History[Value]):
    """The joint states that may still become part of a set; without stamps only the newest."""

    def __init__(self) -> None:
        super().__init__(MAX_JOINT_STATES)

    def add(self, value: Value, arrived_at: float, stamp_ns: int | None) -> None:
        """
        Note the values of all joints.

        Those with an older stamp, of another publisher of the robot for example, are newer than
        those that arrived before: they count with the newest stamp.
        """
        self.last_at = arrived_at
        if stamp_ns is None:
            self.parts.clear()
        elif self._lateness_ns(stamp_ns) >= 0:
            stamp_ns = self.newest_ns
            if self.parts and self.parts[-1].stamp_ns == stamp_ns:
                self.parts.pop()
        self._append(value, arrived_at, stamp_ns)

    def drop_before(self, index: int) -> None:
        """Drop the joint states that are older than this one."""
        del self.parts[:index]

    def forget(self) -> None:
        """Drop all joint states."""
        self.parts.clear()
