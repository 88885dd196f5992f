# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.


"""
An open lane: which way a message takes, and whether the lane still works. The same at both ends.

A datagram is a message as it is sent on the WebSocket, or one of the lane's own: ``ping N`` and
its answer ``pong N``.

Threads: a lane belongs to the event loop in which it was made; :attr:`Lane.report` may be read by
any thread.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import NamedTuple

from ..messages import JointUpdate
from ..steady_clock import steady_now
from .channel import Channel
from .decisions import LaneHealth, LaneState, LaneTiming, Repeats

__all__ = ['Lane', 'LaneReport']

COPIES = 3
"""How many datagrams a stop is sent in."""

COPIES_APART_S = 0.01
"""The time between two of them, because losses come in bursts."""

MAX_DIGITS = 16
"""The maximum number of digits of the number of a ping."""


class LaneReport(NamedTuple):
    """
    How a lane works.

    :param round_trip_s: of the last ping, in seconds; None before the first answer.
    :param loss: the fraction of the last pings without an answer, from 0 to 1; None before the
        20th. A ping and its answer can be lost, so this is the loss of both directions together.
    :param sent: datagrams that were sent.
    :param received: datagrams that have arrived.
    :param out_of_order: updates that have arrived by a lane of this connection after a newer one;
        a server does not count them.
    """

    state: LaneState
    round_trip_s: float | None
    loss: float | None
    sent: int
    received: int
    out_of_order: int = 0


class Lane:
    """
    One end of an open lane, until it is closed or does not work any more.

    :ivar health: the pings of this end.
    :param on_text: called with each message that arrives; must not raise.
    :param admit: called before each datagram; returns False to drop it.
    :param repeat: writes an update to the WebSocket.
    :param on_pong: called with each measured round trip, in seconds.
    :param on_end: called once with the reason when the lane ends, except after :meth:`close`.
    """

    def __init__(
        self,
        channel: Channel,
        timing: LaneTiming,
        *,
        on_text: Callable[[str], object],
        repeat: Callable[[JointUpdate], object],
        on_end: Callable[[str], object],
        on_pong: Callable[[float], object] = lambda round_trip_s: None,
        admit: Callable[[], bool] = lambda: True,
    ) -> None:
        now = steady_now()
        self.health = LaneHealth(timing, now)
        self._timing = timing
        self._channel = channel
        self._loop = asyncio.get_running_loop()
        self._on_text = on_text
        self._repeat = repeat
        self._on_end = on_end
        self._on_pong = on_pong
        self._admit = admit
        self._repeats = Repeats()
        self._repeating: asyncio.TimerHandle | None = None
        self._is_ended = False
        # Later, because a channel that has ended already calls at once.
        self._next: asyncio.Handle = self._loop.call_soon(self._begin)

    @property
    def report(self) -> LaneReport:
        """How the lane works."""
        health, channel = self.health, self._channel
        return LaneReport(
            health.state(steady_now()),
            health.round_trip_s,
            health.loss,
            channel.sent,
            channel.received,
        )

    def send_update(self, update: JointUpdate) -> bool:
        """
        Send a numbered update with all joints of its sender.

        :returns: whether the WebSocket need not carry it. If False, write it to the WebSocket,
            too: the lane cannot send it, or may have stopped working.
        """
        is_sent = not self._is_ended and self._channel.send(update.text)
        if not is_sent or self.health.state(steady_now()) is not LaneState.UP:
            self.settle()
            return False
        uncovered = self._repeats.sent_by_lane(update)
        if uncovered is not None:
            self._repeat(uncovered)
        if self._repeating is None:
            due_at = self._repeats.due_at or 0.0
            self._repeating = self._loop.call_later(due_at - steady_now(), self._repeat_pending)
        return True

    def send_stop(self, text: str) -> None:
        """Send a stop several times; write it to the WebSocket, too."""
        self._channel.send(text)
        for number in range(1, COPIES):
            self._loop.call_later(number * COPIES_APART_S, self._channel.send, text)

    def settle(self) -> None:
        """Write the pending update to the WebSocket, because what follows it goes there."""
        if self._repeating is not None:
            self._repeating.cancel()
        self._repeat_pending()

    def close(self) -> None:
        """Close the lane and write to the WebSocket what was sent by the lane only; idempotent."""
        if not self._is_ended:
            self._is_ended = True
            self._next.cancel()
            self._channel.close()
            self.settle()

    def _begin(self) -> None:
        self._channel.listen(self._receive, self._end)
        if not self._is_ended:
            self._ping()

    def _end(self, reason: str) -> None:
        self.close()
        self._on_end(reason)

    def _repeat_pending(self) -> None:
        self._repeating = None
        pending = self._repeats.take(steady_now())
        if pending is not None:
            self._repeat(pending)

    def _ping(self) -> None:
        now = steady_now()
        if self.health.state(now) is LaneState.DEAD:
            self._end(f'no answer on the lane for {self._timing.timeout_s:g} s')
            return
        seq = self.health.ping(now)
        if seq is not None:
            self._channel.send(f'ping {seq}')
        self._next = self._loop.call_later(self.health.next_ping - now, self._ping)

    def _receive(self, text: str) -> None:
        if not self._admit():
            return
        if text.startswith('{'):
            self._on_text(text)
            return
        kind, _, number = text.partition(' ')
        if not number.isdecimal() or len(number) > MAX_DIGITS:
            return
        if kind == 'ping':
            self._channel.send(f'pong {number}')
        elif kind == 'pong':
            self._take_pong(number)

    def _take_pong(self, number: str) -> None:
        if self.health.on_pong(int(number), steady_now()):
            assert self.health.round_trip_s is not None
            self._on_pong(self.health.round_trip_s)
