# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""Selects the joints of a robot that are left out of updates, with the reason of each."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from lerobot_arena_ros.arena.fields import is_text

__all__ = ['LeftOut']

LARGEST = 1e12
"""In radians or metres: a larger value, or none that is a number, is no position of any joint."""


class LeftOut:
    """
    Joints that cannot be sent, so that the others still can.

    One thread at a time may call it; any thread may read :attr:`joints`.
    """

    def __init__(self) -> None:
        self._unmeasured: dict[str, str] = {}
        self._unsendable: dict[str, str] = {}
        self._checked: set[str] = set()

    def __bool__(self) -> bool:
        """Return whether any joint is left out now."""
        return bool(self._unmeasured or self._unsendable)

    @property
    def has_unmeasured(self) -> bool:
        """Whether the measured position of a joint that should be sent is not a number now."""
        return bool(self._unmeasured)

    @property
    def joints(self) -> dict[str, str]:
        """Reason for each joint that is left out now, by its name in ROS or in the room."""
        return {**self._unmeasured, **self._unsendable}

    def joined(self) -> None:
        """Forget what a room refused, because the next one may have other limits."""
        self._unsendable = {}
        self._checked = set()

    def measured(
        self, positions: Mapping[str, float], sent: Collection[str]
    ) -> Mapping[str, float]:
        """
        Return the usable positions, by ROS name; drivers write NaN for the others.

        :param sent: joints that should be sent, the only ones that are reported; empty for all.
        """
        # The fast path: usually no joint is left out, at hundreds of messages a second.
        if not self._unmeasured and all(
            -LARGEST <= each <= LARGEST for each in positions.values()
        ):
            return positions
        finite = {name: value for name, value in positions.items() if abs(value) <= LARGEST}
        known = {name: why for name, why in self._unmeasured.items() if name not in positions}
        odd = [n for n in positions if n not in finite and (not sent or n in sent)]
        self._unmeasured = {**known, **{name: f'measured at {positions[name]}' for name in odd}}
        return finite

    def known(self, positions: Mapping[str, float]) -> Mapping[str, float]:
        """Return the positions of earlier messages that no newer message has invalidated."""
        if not self._unmeasured:
            return positions
        return {n: value for n, value in positions.items() if n not in self._unmeasured}

    def sendable(self, values: dict[str, float]) -> dict[str, float]:
        """Return the values, by arena name, that the room accepts."""
        if values.keys() != self._checked:
            self._checked = set(values)
            nameless = [name for name in values if not is_text(name)]
            self.refused(dict.fromkeys(nameless, 'a joint needs a name in the room'))
        if not self._unsendable:
            return values
        return {name: value for name, value in values.items() if name not in self._unsendable}

    def refused(self, joints: Mapping[str, str]) -> None:
        """Note the joints that the room refused, and why."""
        self._unsendable = {**self._unsendable, **joints}  # A new dict: another thread may read.
