# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""A scripted leader arm: a producer of a room that moves through poses."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
import contextlib
import math
import time
from typing import NamedTuple

from lerobot_arena_ros import RoboticsProducer
from lerobot_arena_ros.arena.errors import ArenaError
from lerobot_arena_ros.control.units import Scale, Unit
from lerobot_arena_ros.sim.arm import SimArm
from lerobot_arena_ros.sim.names import JOINTS

from .simulation import WORKSPACE, Simulation

__all__ = ['PICK', 'REST', 'Leader', 'Move', 'duration_s', 'leading']

RATE_HZ = 50.0
OPEN_DEG, CLOSED_DEG = 52.0, 20.6


class Move(NamedTuple):
    """
    A movement to a pose.

    :param pose_deg: the joints in degrees, in the order of the arm.
    """

    seconds: float
    pose_deg: tuple[float, ...]


ABOVE = (-32.0, 11.8, -18.4, 93.9, -29.2)
AT_CUBE = (-31.9, 20.8, -4.2, 73.4, -29.2)
HIGH = (-32.4, 2.0, -14.6, 93.9, -29.7)

REST = (Move(4.0, (0.0, 0.0, 0.0, 0.0, 0.0, OPEN_DEG)),)
"""The way back to the pose in which an episode begins."""

PICK = (
    Move(1.5, REST[0].pose_deg),
    Move(2.5, (*ABOVE, OPEN_DEG)),
    Move(1.5, (*AT_CUBE, OPEN_DEG)),
    Move(0.5, (*AT_CUBE, OPEN_DEG)),
    Move(1.5, (*AT_CUBE, CLOSED_DEG)),
    Move(1.5, (*ABOVE, CLOSED_DEG)),
    Move(1.5, (*HIGH, CLOSED_DEG)),
)
"""The way to the cube in its first place, and up with it."""


def duration_s(moves: Sequence[Move]) -> float:
    """Return how long moves take, in seconds."""
    return sum(move.seconds for move in moves)


class Leader:
    """
    The pose of the leader; it begins at rest.

    Each move waits at its end until the arm has followed, so that a slow machine picks, too. Times
    are those of ``time.monotonic``.

    :param is_near: whether the arm is near a pose in degrees.
    """

    def __init__(self, is_near: Callable[[Sequence[float]], bool]) -> None:
        self._is_near = is_near
        self._scales = {
            name: Scale.of(
                Unit.PERCENT if name == 'gripper' else Unit.NORMALIZED, lower=lower, upper=upper
            )
            for name, (lower, upper) in SimArm().ranges.items()
        }
        self._from = REST[-1].pose_deg
        self._moves: list[Move] = []
        self._begun_at = 0.0

    def follow(self, moves: Sequence[Move], now: float) -> None:
        """Begin moves from the present pose."""
        self._from = self._pose_deg(now)
        self._moves, self._begun_at = list(moves), now

    def values(self, now: float) -> dict[str, float]:
        """Return the joints in the unit of the room, -100..100, the gripper 0..100."""
        self._advance(now)
        pose = dict(zip(JOINTS, self._pose_deg(now), strict=True))
        return {
            name: self._scales[name].to_value(math.radians(angle)) for name, angle in pose.items()
        }

    def _advance(self, now: float) -> None:
        if not self._moves or now - self._begun_at < self._moves[0].seconds:
            return
        if self._is_near(self._moves[0].pose_deg):
            self._from, self._begun_at = self._moves.pop(0).pose_deg, now

    def _pose_deg(self, now: float) -> tuple[float, ...]:
        if not self._moves:
            return self._from
        move = self._moves[0]
        part = min(1.0, (now - self._begun_at) / move.seconds)
        part = part * part * (3.0 - 2.0 * part)
        return tuple(a + part * (b - a) for a, b in zip(self._from, move.pose_deg, strict=True))


@contextlib.asynccontextmanager
async def leading(sim: Simulation, room_id: str, *, create: bool = False) -> AsyncIterator[Leader]:
    """
    Run a leader that sends its pose to a room while the context is open.

    :param create: create the room first.
    :raises ArenaError: the room cannot be joined.
    """
    leader = Leader(sim.is_near)
    async with RoboticsProducer(sim.url, reconnect=True) as producer:
        if create:
            await producer.create_room(WORKSPACE, room_id)
        await producer.join_room(WORKSPACE, room_id, 'producer')
        sending = asyncio.create_task(_send(leader, producer))
        try:
            yield leader
        finally:
            sending.cancel()
            await asyncio.wait([sending])


async def _send(leader: Leader, producer: RoboticsProducer) -> None:
    while True:
        values = leader.values(time.monotonic())
        # A lost room is joined again.
        with contextlib.suppress(ArenaError, ValueError):
            await producer.send_state_sync(values, stamp_ns=time.time_ns())
        await asyncio.sleep(1.0 / RATE_HZ)
