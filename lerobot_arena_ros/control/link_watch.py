# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""
Checks whether the room, its server and its producer allow commands.

Rules of this file: it is pure, and ``now`` is in seconds of the steady clock.
"""

from __future__ import annotations

import math

from .causes import CONNECTING, NO_PRODUCER, late, silent_server
from .gate_settings import GateSettings

__all__ = ['LinkWatch']


class LinkWatch:
    """
    The state of the link to one room, as far as it matters for motion.

    :param settings: have the timeouts and the longest delay.
    :param now: the present time.
    :ivar fault: why the room is not joined; None while it is joined.
    """

    def __init__(self, settings: GateSettings, now: float) -> None:
        self.fault: str | None = CONNECTING
        self._settings = settings
        self._received_at = self._updated_at = now
        self._delay_s: float | None = None
        self._has_producer: bool | None = None

    def join(self, now: float) -> None:
        """Reset the state, because the room was just joined."""
        self.fault = None
        self._received_at = now
        self._delay_s = self._has_producer = None

    def on_message(
        self, now: float, *, has_producer: bool | None, round_trip_s: float | None
    ) -> None:
        """
        Record that a message of the server arrived.

        :param has_producer: whether the room has a producer; None = unknown.
        :param round_trip_s: the measured round-trip time; None if the message is no reply.
        """
        self._received_at = now
        if round_trip_s is not None:
            self._delay_s = round_trip_s
        if has_producer is not None:
            self._has_producer = has_producer

    def on_overdue_reply(self, waiting_s: float) -> None:
        """Record for how long a reply of the server has been overdue."""
        self._delay_s = waiting_s

    def note_producer(self, has_producer: bool = True) -> None:
        """Record whether the room has a producer: it sent an update, or control has changed."""
        self._has_producer = has_producer

    def update(self, now: float, *, is_ours: bool) -> None:
        """
        Record an update.

        :param is_ours: whether it has a value for a joint of the robot.
        """
        self._received_at = now
        if is_ours:
            self._updated_at = now

    def obstacle(self, now: float) -> str | None:
        """Return what is wrong with the connection while the room is joined; None without any."""
        settings = self._settings
        if abs(now - self._received_at) > settings.link_timeout_s:
            return silent_server(settings.link_timeout_s)
        if self._delay_s is None and math.isfinite(settings.max_delay_s):
            return 'the delay of the link is not known yet'
        return late(self._delay_s, settings.max_delay_s)

    def absence(self, now: float) -> str | None:
        """Return who or what is missing in the room; None without any."""
        settings = self._settings
        if settings.require_producer and not self._has_producer:
            return NO_PRODUCER
        timeout_s = settings.command_timeout_s
        if timeout_s and abs(now - self._updated_at) > timeout_s:
            return f'no update for {timeout_s:g} s: check the producer'
        return None
