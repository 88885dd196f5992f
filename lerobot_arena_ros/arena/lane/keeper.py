# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.


"""
Keeps a lane open beside the WebSocket of a client.

The lane is requested over the WebSocket after the join, and again after it ended or could not be
opened. The WebSocket does not wait for any of this.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
import logging
from typing import Protocol

from ..messages import JointUpdate, LaneAnswer, LaneRequest
from .channel import Channel
from .decisions import LaneTiming
from .errors import LaneError
from .lane import Lane

__all__ = ['Ask', 'Dial', 'LaneKeeper', 'LaneUser']

ANSWER_TIMEOUT_S = 5.0
"""The timeout for the answer to a request, in seconds."""

SHORTEST_PAUSE_S = 5.0
"""The pause before the second request, in seconds; it doubles with each further one."""

LONGEST_PAUSE_S = 60.0
"""The longest pause, in seconds; a lane that worked for this long resets the pause."""

_logger = logging.getLogger(__name__)

Ask = Callable[[str], Awaitable[LaneAnswer]]
"""Requests a lane for a fingerprint; the answer has a port. Raises :class:`.LaneError`."""

Dial = Callable[[Ask], Awaitable[Channel]]
"""Opens a channel. Raises :class:`.LaneError`."""


class LaneUser(Protocol):
    """The connection that uses a lane; called in its event loop."""

    def request_lane(self, request: LaneRequest) -> None:
        """Send a request; :meth:`LaneKeeper.on_answer` is called with the answer."""

    def on_lane_text(self, text: str) -> None:
        """Handle a message that came by the lane."""

    def on_lane_round_trip(self, round_trip_s: float) -> None:
        """Handle a measured round trip of the lane, in seconds."""

    def on_lane(self, lane: Lane | None) -> None:
        """Use a lane from now on, or none."""

    def repeat(self, update: JointUpdate) -> None:
        """Write an update to the WebSocket."""


class LaneKeeper:
    """
    Opens a lane, and another one after its end.

    :ivar obstacle: why there is no lane; None while there is one, and before the first attempt.
    :param dial: opens the channel.
    :param timing: the timeouts of the lane.
    """

    def __init__(self, user: LaneUser, dial: Dial, timing: LaneTiming) -> None:
        self.obstacle: str | None = None
        self._user = user
        self._dial = dial
        self._timing = timing
        self._answer: asyncio.Future[LaneAnswer] | None = None

    def on_answer(self, answer: LaneAnswer) -> None:
        """Handle the answer to the request; ignore one to none."""
        if self._answer is not None and not self._answer.done():
            self._answer.set_result(answer)

    async def run(self) -> None:
        """Keep a lane open until cancelled; then close it."""
        loop = asyncio.get_running_loop()
        pause_s = SHORTEST_PAUSE_S
        while True:
            began_at = loop.time()
            try:
                channel = await self._dial(self._ask)
            except LaneError as exc:
                self.obstacle = str(exc)
            except Exception as exc:
                # A bug here must not end the link of a robot, which works without a lane.
                self.obstacle = f'opening it failed because of a bug: {exc!r}'
                _logger.exception('cannot open a lane')
            else:
                self.obstacle = await self._use(channel)
            if loop.time() - began_at >= LONGEST_PAUSE_S:
                pause_s = SHORTEST_PAUSE_S
            await asyncio.sleep(pause_s)
            pause_s = min(2 * pause_s, LONGEST_PAUSE_S)

    async def _ask(self, fingerprint: str) -> LaneAnswer:
        self._answer = asyncio.get_running_loop().create_future()
        try:
            self._user.request_lane(LaneRequest(fingerprint))
            await asyncio.wait([self._answer], timeout=ANSWER_TIMEOUT_S)
            if not self._answer.done():
                raise LaneError(f'no answer to the request within {ANSWER_TIMEOUT_S:g} s')
            answer = self._answer.result()
        finally:
            self._answer.cancel()
            self._answer = None
        if answer.reason is not None:
            raise LaneError(f'the server refused it: {answer.reason}')
        return answer

    async def _use(self, channel: Channel) -> str:
        """Use a channel until its end; return why it ended."""
        ended: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        lane = Lane(
            channel,
            self._timing,
            on_text=self._user.on_lane_text,
            repeat=self._user.repeat,
            on_end=ended.set_result,
            on_pong=self._user.on_lane_round_trip,
        )
        self.obstacle = None
        self._user.on_lane(lane)
        try:
            return await ended
        finally:
            self._user.on_lane(None)
            lane.close()
