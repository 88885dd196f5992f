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

from ..messages import LaneAnswer
from .channel import Channel
from .errors import LaneError

__all__ = ['Ask', 'Dial', 'LaneKeeper']

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


class LaneKeeper:
    """
    Opens a lane, and another one after its end.

    :ivar obstacle: why there is no lane; None while there is one, and before the first attempt.
    :param request: sends a request with a fingerprint; :meth:`on_answer` gets the answer.
    :param dial: opens the channel.
    :param use: uses an open channel until its end, closes it, and returns why it ended.
    """

    def __init__(
        self,
        request: Callable[[str], object],
        dial: Dial,
        use: Callable[[Channel], Awaitable[str]],
    ) -> None:
        self.obstacle: str | None = None
        self._request = request
        self._dial = dial
        self._use = use
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
                self.obstacle = None
                self.obstacle = await self._use(channel)
            except LaneError as exc:
                self.obstacle = str(exc)
            except Exception as exc:
                # A bug here must not end the link of a robot, which works without a lane.
                self.obstacle = f'it failed because of a bug: {exc!r}'
                _logger.exception('the fast lane failed because of a bug')
            if loop.time() - began_at >= LONGEST_PAUSE_S:
                pause_s = SHORTEST_PAUSE_S
            await asyncio.sleep(pause_s)
            pause_s = min(2 * pause_s, LONGEST_PAUSE_S)

    async def _ask(self, fingerprint: str) -> LaneAnswer:
        self._answer = asyncio.get_running_loop().create_future()
        try:
            self._request(fingerprint)
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
