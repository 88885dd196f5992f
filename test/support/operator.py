# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""An operator with a bare WebSocket, for tests that block: it requests control and drives."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
import json
from typing import Any

import websockets

from .loop_thread import LoopThread
from .peers import Json, Peer, connect, join, joints, ws_path
from .waiting import ticks, wait_for

__all__ = ['OPERATOR', 'Operator', 'running_operator']

OPERATOR = ('control', 'liveness')
"""The features of a consumer that may have control."""

HEARTBEAT_HZ = 1.0
TIMEOUT_S = 30.0


class Operator:
    """
    A consumer, which sends heartbeats and keeps what it receives.

    :ivar received: each message, in order.
    """

    def __init__(self) -> None:
        self.received: list[Json] = []
        self._peer: Peer | None = None
        self._is_leaving = asyncio.Event()
        self._thread = LoopThread('operator')

    def of_type(self, kind: str) -> list[Json]:
        """Return the messages of one type."""
        return [message for message in list(self.received) if message['type'] == kind]

    @property
    def control(self) -> Json:
        """The newest message about who has control; empty before the first one."""
        return (self.of_type('control') or [{}])[-1]

    @property
    def holder(self) -> str | None:
        """The participant that has control."""
        holder: str | None = self.control.get('holder')
        return holder

    @property
    def answers(self) -> list[Json]:
        """The answers to its requests."""
        return self.of_type('control_answer')

    @property
    def updates(self) -> list[dict[str, float]]:
        """The joint values of each update that it has received."""
        data = [message['data'] for message in self.of_type('joint_update')]
        return [{joint['name']: joint['value'] for joint in each} for each in data]

    def send(self, message: Json) -> None:
        """Send a message."""
        assert self._peer is not None
        self._thread.run(self._peer.send(message))

    def request(self, kind: str, to: str | None = None) -> None:
        """Send a request about control, without waiting for the answer."""
        self.send({'type': kind, 'to': to})

    def take(self) -> None:
        """Take control, and wait for the answer without a refusal."""
        count = len(self.answers)
        self.request('take_control')
        wait_for(lambda: len(self.answers) > count, 'the answer')
        assert 'refusal' not in self.answers[-1], self.answers[-1]

    def drive(self, **values: float) -> None:
        """Send joint values."""
        self.send(joints(**values))

    def join(self, url: str, path: str, participant_id: str, features: tuple[str, ...]) -> None:
        """Join a room and start to receive."""
        self._task = asyncio.run_coroutine_threadsafe(
            self._participate(url, path, join(participant_id, 'consumer', *features)),
            self._thread.loop,
        )
        wait_for(lambda: self.of_type('joined') or self._task.done(), 'the operator to join')

    def leave(self) -> None:
        """Leave the room and end the thread."""
        self._thread.loop.call_soon_threadsafe(self._is_leaving.set)
        self._task.result(TIMEOUT_S)
        self._thread.close()

    async def _participate(self, url: str, path: str, frame: Json) -> None:
        async with connect(url, path) as peer:
            await peer.send(frame)
            self._peer = peer
            tasks = [asyncio.create_task(each) for each in (self._receive(peer), _beat(peer))]
            await self._is_leaving.wait()
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _receive(self, peer: Peer) -> None:
        connection: Any = peer.connection
        try:
            async for frame in connection:
                self.received.append(json.loads(frame))
        except websockets.exceptions.ConnectionClosed:
            pass  # The test sees that nothing more arrives.


async def _beat(peer: Peer) -> None:
    async for _ in ticks(HEARTBEAT_HZ):
        await peer.send({'type': 'heartbeat'})


@contextmanager
def running_operator(
    url: str,
    workspace: str,
    room: str,
    participant_id: str,
    *features: str,
    token: str = '',
) -> Iterator[Operator]:
    """Run an operator in a room, or with other features another consumer."""
    operator = Operator()
    path = ws_path(workspace, room) + (f'?token={token}' if token else '')
    operator.join(url, path, participant_id, features or OPERATOR)
    try:
        yield operator
    finally:
        operator.leave()
