# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""A simulated robot participant, which reports the state that a test sets."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import Any

import websockets

from lerobot_arena_ros.arena.features import Feature
from lerobot_arena_ros.arena.messages import (
    EmergencyStop,
    Join,
    Joined,
    ResetStop,
    RobotReport,
    Role,
    decode_server,
    encode,
)
from lerobot_arena_ros.arena.robot_state import RobotJoint, RobotState, StopCause

from .loop_thread import LoopThread
from .peers import Peer, connect, ws_path
from .waiting import wait_for

__all__ = ['FOLLOWING', 'StandIn', 'running_stand_in']

PERIOD_S = 0.2
TIMEOUT_S = 30.0

FOLLOWING = RobotState(
    node='/arm1/arena_bridge',
    host='lab-pc',
    gate='active',
    cause='live',
    joints=(RobotJoint('elbow', 'degrees', 10.0, 11.0, -90.0, 90.0),),
)
"""The state of a robot with one joint that follows its room."""


class StandIn:
    """
    A consumer that reports its state as a robot does: five times a second, and at each change.

    :param obeys: whether it reports that it has stopped as soon as a stop arrives.
    """

    def __init__(self, state: RobotState, *, obeys: bool = True) -> None:
        self.stops: list[EmergencyStop] = []
        self.resets: list[ResetStop] = []
        self._state = state
        self._obeys = obeys
        self._is_silent = False
        self._peer: Peer | None = None
        self._is_leaving = asyncio.Event()
        self._thread = LoopThread('stand-in')

    def show(self, **changes: Any) -> None:
        """Change fields of the state and report it."""
        self._thread.run(self._show(changes))

    def confirm(self) -> None:
        """Report that the last stop has stopped the robot."""
        wait_for(lambda: self.stops, 'the stop at the robot')
        self.show(**_stopped_by(self.stops[-1]))

    def fall_silent(self) -> None:
        """Stay in the room without further reports."""
        self._is_silent = True

    def join(
        self, url: str, workspace: str, room: str, participant_id: str, token: str = ''
    ) -> None:
        """Join a room and start to report."""
        path = ws_path(workspace, room) + (f'?token={token}' if token else '')
        features = frozenset(Feature) - {Feature.LIVENESS}
        join = Join(participant_id, Role.CONSUMER, features)
        self._task = asyncio.run_coroutine_threadsafe(
            self._participate(url, path, join), self._thread.loop
        )
        wait_for(lambda: self._peer is not None or self._task.done(), 'the robot to join')

    def leave(self) -> None:
        """Leave the room and end the thread."""
        self._thread.loop.call_soon_threadsafe(self._is_leaving.set)
        self._task.result(TIMEOUT_S)
        self._thread.close()

    async def _show(self, changes: dict[str, Any]) -> None:
        self._state = replace(self._state, **changes)
        await self._report()

    async def _report(self) -> None:
        assert self._peer is not None
        await self._peer.send(encode(RobotReport(self._state)))

    async def _participate(self, url: str, path: str, join: Join) -> None:
        async with connect(url, path) as peer:
            await peer.send(encode(join))
            while not isinstance(decode_server(await peer.text()), Joined):
                pass
            self._peer = peer
            receiving = asyncio.create_task(self._handle_messages(peer))
            # A test may end the server before the stand-in leaves.
            with suppress(websockets.exceptions.ConnectionClosed):
                while not self._is_leaving.is_set():
                    if not self._is_silent:
                        await self._report()
                    await asyncio.wait(
                        [asyncio.create_task(self._is_leaving.wait())], timeout=PERIOD_S
                    )
            receiving.cancel()

    async def _handle_messages(self, peer: Peer) -> None:
        async for text in peer.connection:
            match decode_server(text):
                case EmergencyStop() as stop:
                    self.stops.append(stop)
                    if self._obeys:
                        await self._show(_stopped_by(stop))
                case ResetStop() as reset:
                    self.resets.append(reset)
                    if self._state.reset_refusal is None:
                        cause = 'waiting for a live update'
                        await self._show({'gate': 'waiting', 'cause': cause, 'stop': None})
                case _:
                    pass


def _stopped_by(stop: EmergencyStop) -> dict[str, Any]:
    cause = StopCause(stop.reason or '', stop.source or '', stop.timestamp or '')
    return {'gate': 'stopped', 'cause': 'emergency stop', 'stop': cause}


@contextmanager
def running_stand_in(
    url: str,
    workspace: str,
    room: str,
    participant_id: str,
    state: RobotState = FOLLOWING,
    *,
    obeys: bool = True,
    token: str = '',
) -> Iterator[StandIn]:
    """Run a simulated robot in a room while the context is open."""
    robot = StandIn(state, obeys=obeys)
    robot.join(url, workspace, room, participant_id, token)
    try:
        yield robot
    finally:
        robot.leave()
