# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""Passes on who has control of rooms, and the answers to requests for it."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable

from ...arena.control_messages import ControlAction, ControlAnswer, ControlRequest
from ..log.rate_limited_log import RateLimitedLog
from ..rooms.base_room import BaseRoom, Delivery, Member
from ..rooms.control import ASK_S
from ..rooms.counters import Counters
from ..rooms.room import Room
from .clock import now

__all__ = ['ControlRelay']

MARGIN_S = 0.1
"""How much later a request is checked, because a timer may fire some milliseconds too early."""


class ControlRelay:
    """
    Handles requests for control, and delivers what changes.

    :param deliver: delivers a message to its recipients.
    :param fields_of: returns the fields of log lines about a member.
    """

    def __init__(
        self,
        deliver: Callable[[Delivery], object],
        fields_of: Callable[[Member], dict[str, object]],
        counters: Counters,
        log: RateLimitedLog,
    ) -> None:
        self._deliver = deliver
        self._fields_of = fields_of
        self._counters = counters
        self._log = log
        self._waiting: deque[Delivery] = deque()
        self._is_delivering = False

    def handle(self, member: Member, request: ControlRequest) -> None:
        """Handle the request of a participant."""
        room = member.room
        room.handle(member, request, now())
        self.deliver_news(room, member)
        if request.action is ControlAction.TAKE:
            asyncio.get_running_loop().call_later(ASK_S + MARGIN_S, self._expire, room)

    def deliver_news(self, room: BaseRoom, member: Member | None = None) -> None:
        """
        Deliver who has control of a room, if that is new, and the answers to requests.

        :param member: the member whose join, message or departure has just been handled; None if
            only time has passed.
        """
        if not isinstance(room, Room):
            return
        change = room.take_change(now())
        if change is not None and member is not None:
            self._log.record_often('control', **change, **self._fields_of(member))
        self._waiting.extend(room.take_news(now()))
        self._deliver_waiting()

    def _deliver_waiting(self) -> None:
        """
        Deliver in order.

        A delivery may disconnect a slow recipient, which changes control again. Then the other
        recipients must not receive that change before this one.
        """
        if self._is_delivering:
            return
        self._is_delivering = True
        try:
            while self._waiting:
                delivery = self._waiting.popleft()
                self._deliver(delivery)
                self._note_refusal(delivery)
        finally:
            self._is_delivering = False

    def _note_refusal(self, delivery: Delivery) -> None:
        match delivery.message:
            case ControlAnswer(refusal=str(refusal)):
                self._counters.refused['control_refused'] += 1
                fields = self._fields_of(delivery.recipients[0])
                self._log.note('control_refused', detail=refusal, **fields)

    def _expire(self, room: BaseRoom) -> None:
        if isinstance(room, Room):
            room.expire_requests(now())
            self.deliver_news(room)
