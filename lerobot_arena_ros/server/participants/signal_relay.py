# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""Forwards the signals of WebRTC, which participants post, to the connections of their targets."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from ...arena.video_messages import Signal
from ..access.rules import Actor
from ..log.rate_limited_log import RateLimitedLog
from ..rooms.base_room import Delivery, Member
from ..rooms.counters import Counters
from ..rooms.registry import Registry
from ..rooms.signalling import ANSWER_S
from ..rooms.video_room import VideoRoom
from .clock import now

__all__ = ['SignalRelay']


class SignalRelay:
    """
    Forwards signals within the video rooms of a server.

    :param actor_of: returns the address and the grant of a participant.
    :param deliver: sends a message to its recipients.
    """

    def __init__(
        self,
        rooms: Registry[VideoRoom],
        actor_of: Callable[[Member], Actor],
        deliver: Callable[[Delivery], object],
        counters: Counters,
        log: RateLimitedLog,
    ) -> None:
        self._rooms = rooms
        self._actor_of = actor_of
        self._deliver = deliver
        self._counters = counters
        self._log = log

    def relay(
        self, workspace_id: str, room_id: str, client_id: str, signal: Signal, sender: Actor
    ) -> str | None:
        """
        Forward a signal to its target.

        It is dropped unless it comes from a member of the room, with the token of that member.

        :param client_id: the id with which the sender of the signal has joined.
        :param sender: the sender of the request; its access must have been checked.
        :returns: what was done, in the words of the public server; None if it was dropped.
        :raises RoomNotFound: the room does not exist.
        :raises RequestRejected: there are too many signals (429).
        """
        room = self._rooms.room(workspace_id, room_id)
        senders = tuple(
            member
            for member in room.members
            if member.client_id == client_id and self._actor_of(member).grant == sender.grant
        )
        forwarded = room.signal(senders, signal, now())
        for delivery in forwarded.deliveries:
            self._deliver(delivery)
        if room.has_held:
            asyncio.get_running_loop().call_later(ANSWER_S, self._release_held, room)
        if forwarded.text is None:
            self._counters.refused['signal_dropped'] += 1
            fields = {**sender.log_fields, **room.log_fields, 'participant': client_id}
            self._log.record_often('signal_dropped', what=type(signal).__name__, **fields)
        return forwarded.text

    def _release_held(self, room: VideoRoom) -> None:
        for delivery in room.due(now()):
            self._deliver(delivery)
