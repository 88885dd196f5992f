# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.
"""What is delivered about control: when, and in which order."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from lerobot_arena_ros.arena.control_messages import (
    ControlAction,
    ControlAnswer,
    ControlPolicy,
    ControlRequest,
    ControlState,
)
from lerobot_arena_ros.arena.features import Feature
from lerobot_arena_ros.arena.messages import Join, Role
from lerobot_arena_ros.server.log.rate_limited_log import RateLimitedLog
from lerobot_arena_ros.server.participants import control_relay
from lerobot_arena_ros.server.participants.control_relay import ControlRelay
from lerobot_arena_ros.server.rooms.base_room import Delivery, Member, Now
from lerobot_arena_ros.server.rooms.control import ASK_S
from lerobot_arena_ros.server.rooms.counters import Counters
from lerobot_arena_ros.server.rooms.limits import Limits
from lerobot_arena_ros.server.rooms.room import Room

OPERATING = frozenset((Feature.CONTROL, Feature.LIVENESS))
UVLOOP_EARLY_S = 0.001


class Clock:
    """The clock of the server."""

    def __init__(self) -> None:
        self.now_s = 100.0

    def __call__(self) -> Now:
        """Return the time."""
        return Now(self.now_s, '2026-01-31T10:15:30+00:00')


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Let the relay use a clock that a test moves."""
    made = Clock()
    monkeypatch.setattr(control_relay, 'now', made)
    return made


def make_room(policy: ControlPolicy, clock: Clock, *names: str) -> tuple[Room, list[Member]]:
    """Return a room with operators."""
    room = Room('lab', 'arm', clock(), limits=Limits())
    room.set_policy(policy)
    members = [room.join(Join(name, Role.CONSUMER, OPERATING), clock()) for name in names]
    room.take_news(clock())
    return room, members


class Log(RateLimitedLog):
    """A log that keeps who is said to have changed control."""

    def __init__(self) -> None:
        super().__init__()
        self.changes: list[tuple[object, object]] = []

    def record_often(self, event: str, **fields: object) -> None:
        """Keep a line."""
        self.changes.append((fields['change'], fields['participant']))


def make_relay(
    deliver: Callable[[Delivery], object], log: RateLimitedLog | None = None
) -> ControlRelay:
    """Return a relay that delivers to a function."""

    def fields_of(member: Member) -> dict[str, object]:
        return {'participant': member.participant_id}

    return ControlRelay(deliver, fields_of, Counters(), log or RateLimitedLog())


async def test_a_request_expires_although_a_timer_is_early(
    clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Otherwise who has asked would wait for an answer for ever."""
    timers: list[tuple[float, Callable[[], object]]] = []

    def call_later(delay_s: float, action: Callable[..., object], *args: object) -> None:
        timers.append((delay_s, lambda: action(*args)))

    answers: list[str | None] = []

    def deliver(delivery: Delivery) -> None:
        if isinstance(delivery.message, ControlAnswer):
            answers.append(delivery.message.refusal)

    relay = make_relay(deliver)
    _, (policy, person) = make_room(ControlPolicy.ASK, clock, 'policy', 'person')
    monkeypatch.setattr(asyncio.get_running_loop(), 'call_later', call_later)
    relay.handle(policy, ControlRequest(ControlAction.TAKE))
    relay.handle(person, ControlRequest(ControlAction.TAKE))
    assert answers == [None]

    delay_s, expire = timers[-1]
    clock.now_s += delay_s - UVLOOP_EARLY_S
    expire()

    assert answers == [None, f'policy did not answer within {ASK_S:g} s']


async def test_a_recipient_that_leaves_does_not_turn_the_order_around(clock: Clock) -> None:
    """
    A slow recipient is disconnected while a change is delivered; others see both in order.

    The log names who has caused each change.
    """
    seen: dict[Member, list[str | None]] = {}

    def deliver(delivery: Delivery) -> None:
        if isinstance(delivery.message, ControlAnswer):
            return
        assert isinstance(delivery.message, ControlState)
        for member in delivery.recipients:
            seen.setdefault(member, []).append(delivery.message.holder)
            if member is slow and member in room.members:
                room.leave(slow, clock())
                relay.deliver_news(room, slow)

    log = Log()
    relay = make_relay(deliver, log)
    room, (slow, robot) = make_room(ControlPolicy.TAKE, clock, 'slow', 'robot')
    relay.handle(robot, ControlRequest(ControlAction.GIVE, 'slow'))

    assert room.control.holder is None
    assert seen[robot] == ['slow', None]
    assert log.changes == [('given', 'robot'), ('left', 'slow')]
