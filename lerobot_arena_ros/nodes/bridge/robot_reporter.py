# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""
Reports the robot's state to its room: positions, commands, and why it does not move.

Viewers show it beside the updates of the room, because the two can differ.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace
import math

from lerobot_arena_ros.arena.connection import Connection
from lerobot_arena_ros.arena.errors import TransportError
from lerobot_arena_ros.arena.features import Feature
from lerobot_arena_ros.arena.messages import RobotReport
from lerobot_arena_ros.arena.robot_state import RobotJoint, RobotLink, RobotState, StopCause
from lerobot_arena_ros.arena.steady_clock import steady_now
from lerobot_arena_ros.control.joint_map import Joint
from lerobot_arena_ros.control.stop import Stop
from lerobot_arena_ros.control.units import ConversionError

from ..runtime.arena_thread import ArenaThread
from .command_consumer import CommandConsumer

__all__ = ['Identity', 'RobotReporter']

PERIOD_S = 0.2
"""Period of reports while positions change."""

STILL_PERIOD_S = 1.0
"""Period of reports while nothing changes, so that viewers know that the robot is connected."""

SHORTEST_S = 0.02
"""Shortest time between two reports."""


@dataclass(frozen=True)
class Identity:
    """
    The robot's identity.

    :param node: full name of its bridge's node.
    :param host: name of its machine.
    :param can_reset: whether a participant of the room may reset its emergency stop.
    """

    node: str
    host: str
    can_reset: bool


class RobotReporter:
    """
    Send the state of one robot to its room. Used only on the arena thread, except :meth:`wake`.

    :param stop: returns the latched stop, None = none, and its id.
    :param reset_refusal: returns why the last remote reset was refused; None = it was not.
    :param link: returns how the link to the room works.
    """

    def __init__(
        self,
        identity: Identity,
        consumer: CommandConsumer,
        thread: ArenaThread,
        *,
        stop: Callable[[], tuple[Stop | None, str]],
        reset_refusal: Callable[[], str | None],
        link: Callable[[], RobotLink],
    ) -> None:
        self._identity = identity
        self._consumer = consumer
        self._thread = thread
        self._stop = stop
        self._reset_refusal = reset_refusal
        self._link = link
        self._changed = asyncio.Event()

    def wake(self) -> None:
        """Report soon, because there is a change; any thread."""
        self._thread.post(self._changed.set)

    async def feed(self, connection: Connection) -> None:
        """Send reports until the connection closes, if the server forwards them."""
        if Feature.ROBOT_STATE not in connection.features:
            return
        state, sent_at = None, -math.inf
        while True:
            await asyncio.sleep(sent_at + SHORTEST_S - steady_now())
            self._changed.clear()
            sent_at, before = steady_now(), state
            state = self.state(sent_at)
            try:
                await connection.send(RobotReport(state))
            except TransportError:
                return  # RoomLink handles the loss.
            # The figures of the link change all the time, also while the robot stands still.
            is_still = before is not None and replace(state, link=before.link) == before
            period_s = STILL_PERIOD_S if is_still else PERIOD_S
            timer = asyncio.get_running_loop().call_later(period_s, self._changed.set)
            try:
                await self._changed.wait()
            finally:
                timer.cancel()

    def state(self, now: float) -> RobotState:
        """Return the robot's state in the room's units."""
        view = self._consumer.view(now)
        stop, stop_id = self._stop()
        return RobotState(
            node=self._identity.node,
            host=self._identity.host,
            gate=view.state.value,
            cause=view.cause,
            stop=None if stop is None else StopCause(stop.reason, stop.source, stop_id),
            can_reset=self._identity.can_reset,
            reset_refusal=self._reset_refusal(),
            joints=tuple(
                _joint(joint, view.measured.get(joint.name), view.commanded.get(joint.name))
                for joint in view.joints
            ),
            refused=view.refused,
            link=self._link(),
        )


def _joint(joint: Joint, measured: float | None, commanded: float | None) -> RobotJoint:
    ends = [_value(joint, joint.lower), _value(joint, joint.upper)]
    known = [end for end in ends if end is not None]
    lower, upper = (min(known), max(known)) if len(known) == 2 else (None, None)
    return RobotJoint(
        joint.arena_name,
        joint.unit.value,
        _value(joint, measured),
        _value(joint, commanded),
        lower,
        upper,
    )


def _value(joint: Joint, position: float | None) -> float | None:
    """Convert a position for the room; None if that is not possible, as without a range."""
    if position is None:
        return None
    try:
        return round(joint.to_value(position), 6)
    except ConversionError:
        return None
