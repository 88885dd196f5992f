# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""
Checks whether somebody has control of the room, so that its updates may move the robot. Pure.

Without a message about control everything is allowed: servers without the feature send none.
"""

from __future__ import annotations

from .causes import NO_PRODUCER, NOBODY, RELEASED

__all__ = ['ControlWatch']


class ControlWatch:
    """
    Who has control of one room, as far as it matters for motion.

    :ivar is_known: whether the server has reported it since the join.
    :ivar holder: who has control; None = nobody, or unknown.
    """

    def __init__(self) -> None:
        self.is_known = False
        self.holder: str | None = None
        self._number = 0
        self._has_drivers = False
        self._is_released = False
        # The holder and the number when the room handled the release; None = not known yet.
        self._released: tuple[str | None, int] | None = None
        self._awaits_answer = False

    def join(self) -> None:
        """Forget who has control, because the room was just joined. A release stays in force."""
        self.is_known = False
        self.holder = None
        if self._awaits_answer:
            # The answer was lost with the last connection, so it is not known whether the present
            # holder got control before the release or after it.
            self._awaits_answer = False
            self._released = None

    def note(self, holder: str | None, number: int, *, has_drivers: bool) -> bool:
        """
        Record who has control.

        :param number: how many times control of the room has changed.
        :param has_drivers: whether the room has participants that may have control.
        :returns: whether control has changed, perhaps to the same holder again.
        """
        is_new = not self.is_known or (holder, number) != (self.holder, self._number)
        self.is_known = True
        self.holder, self._number, self._has_drivers = holder, number, has_drivers
        if self._awaits_answer or self._released is None:
            self._released = holder, number
        elif holder is not None and (holder, number) != self._released:
            self._is_released = False
        return is_new

    def release(self) -> None:
        """Block until somebody gets control after the room has answered the request."""
        self._is_released = self._awaits_answer = True
        self._released = self.holder, self._number

    def on_release_answered(self) -> None:
        """Record the answer to the request; what was reported until now is from before it."""
        self._awaits_answer = False

    def obstacle(self, *, may_be_nobody: bool) -> str | None:
        """
        Return why nobody may move the robot; None if somebody may.

        :param may_be_nobody: whether the updates are commands over REST, which need no control.
        """
        if self._is_released:
            return RELEASED
        if not self.is_known or self.holder is not None or may_be_nobody:
            return None
        return NOBODY if self._has_drivers else NO_PRODUCER
