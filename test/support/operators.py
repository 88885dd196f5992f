# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""Participants with a bare WebSocket that may take control of a room."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
import itertools

import websockets

from .peers import Json, Peer, connect, join, joints, ws_path
from .waiting import ticks, wait_until

__all__ = ['OPERATING', 'Operator', 'operator']

OPERATING = ('control', 'liveness')
"""The features of a consumer that may have control."""

BEATS_HZ = 2.0


class Operator:
    """
    A participant that has joined a room, and stays alive.

    :ivar received: each message, in order.
    """

    def __init__(self, peer: Peer, participant_id: str) -> None:
        self.id = participant_id
        self.received: list[Json] = []
        self._numbers = itertools.count(1)
        self._beats = 0
        self._peer = peer

    def of_type(self, kind: str) -> list[Json]:
        """Return the messages of one type."""
        return [message for message in list(self.received) if message['type'] == kind]

    @property
    def controls(self) -> list[Json]:
        """Who has had control, as the room has reported it."""
        return self.of_type('control')

    @property
    def holder(self) -> str | None:
        """Who has control now; None = nobody."""
        controls = self.controls
        return controls[-1].get('holder') if controls else None

    @property
    def sources(self) -> list[str]:
        """The senders of the joint updates so far."""
        return [message['source'] for message in self.of_type('joint_update')]

    async def post(self, message: Json) -> None:
        """Send a message."""
        await self._peer.send(message)

    async def request(self, kind: str, **keys: object) -> str | None:
        """Request something about control; return the refusal, None if it was done."""
        number = next(self._numbers)
        await self.post({'type': kind, 'request': number, **keys})

        def answers() -> list[Json]:
            return [each for each in self.of_type('control_answer') if each['request'] == number]

        await wait_until(answers, f'the answer to {kind}')
        refusal = answers()[0].get('refusal')
        return None if refusal is None else str(refusal)

    async def take(self) -> None:
        """Take control."""
        refusal = await self.request('take_control')
        assert refusal is None, refusal

    async def send(self, **values: float) -> None:
        """Send joint values."""
        await self.post(joints(**values))

    async def stop(self, reason: str) -> None:
        """Send an emergency stop."""
        await self.post({'type': 'emergency_stop', 'reason': reason})

    async def settle(self) -> None:
        """Wait until the server has handled what was sent."""
        await self._beat()
        number = self._beats
        await wait_until(
            lambda: len(self.of_type('heartbeat_ack')) >= number, 'the answer to a heartbeat'
        )

    async def until_holder(self, holder: str | None) -> None:
        """Wait until the room reports this holder."""
        await wait_until(
            lambda: bool(self.controls) and self.holder == holder, f'{holder} to have control'
        )

    async def receive(self) -> None:
        """Receive until the task is cancelled, or the connection has ended."""
        try:
            while True:
                self.received.append(await self._peer.recv())
        except websockets.exceptions.ConnectionClosed:
            pass  # The test sees that nothing more arrives.

    async def beat(self) -> None:
        """Send heartbeats until the task is cancelled."""
        async for _ in ticks(BEATS_HZ):
            await self._beat()

    async def _beat(self) -> None:
        self._beats += 1
        await self.post({'type': 'heartbeat'})


@asynccontextmanager
async def operator(
    url: str,
    workspace_id: str,
    room_id: str,
    participant_id: str,
    *features: str,
    token: str = '',
) -> AsyncIterator[Operator]:
    """Join a room as an operator, or as a consumer with other features; leave it at the end."""
    path = ws_path(workspace_id, room_id) + (f'?token={token}' if token else '')
    async with connect(url, path) as peer:
        await peer.send(join(participant_id, 'consumer', *(features or OPERATING)))
        made = Operator(peer, participant_id)
        tasks = [asyncio.create_task(work()) for work in (made.receive, made.beat)]
        try:
            await wait_until(lambda: made.of_type('joined'), 'the operator to join')
            if 'control' in (features or OPERATING):
                await wait_until(lambda: made.controls, 'the control of the room')
            yield made
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
