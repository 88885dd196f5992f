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

from .peers import Json, Peer, connect, join, joints, ws_path
from .waiting import ticks, wait_until

__all__ = ['Operator', 'operator']

BEATS_HZ = 2.0


class Operator:
    """
    A participant that has joined a room.

    :ivar controls: who has had control, as the room has reported it: the newest one is the last.
    :ivar sources: the senders of the joint updates so far.
    """

    def __init__(self, peer: Peer, participant_id: str) -> None:
        self.id = participant_id
        self.controls: list[Json] = []
        self.sources: list[str] = []
        self._answers: dict[int, Json] = {}
        self._numbers = itertools.count(1)
        self._beats = self._acks = 0
        self._peer = peer

    @property
    def holder(self) -> str | None:
        """Who has control now; None = nobody."""
        return self.controls[-1].get('holder') if self.controls else None

    async def request(self, kind: str, **keys: object) -> str | None:
        """Request something about control; return the refusal, None if it was done."""
        number = next(self._numbers)
        await self._peer.send({'type': kind, 'request': number, **keys})
        await wait_until(lambda: number in self._answers, f'the answer to {kind}')
        refusal = self._answers[number].get('refusal')
        return None if refusal is None else str(refusal)

    async def take(self) -> None:
        """Take control."""
        assert await self.request('take_control') is None

    async def send(self, **values: float) -> None:
        """Send joint values."""
        await self._peer.send(joints(**values))

    async def stop(self, reason: str) -> None:
        """Send an emergency stop."""
        await self._peer.send({'type': 'emergency_stop', 'reason': reason})

    async def settle(self) -> None:
        """Wait until the server has handled what was sent."""
        await self._beat()
        number = self._beats
        await wait_until(lambda: self._acks >= number, 'the answer to a heartbeat')

    async def until_holder(self, holder: str | None) -> None:
        """Wait until the room reports this holder."""
        await wait_until(
            lambda: bool(self.controls) and self.holder == holder, f'{holder} to have control'
        )

    async def receive(self) -> None:
        """Receive until the task is cancelled."""
        while True:
            message = await self._peer.recv()
            if message['type'] == 'control':
                self.controls.append(message)
            elif message['type'] == 'joint_update':
                self.sources.append(message['source'])
            elif message['type'] == 'control_answer':
                self._answers[message['request']] = message
            elif message['type'] == 'heartbeat_ack':
                self._acks += 1

    async def beat(self) -> None:
        """Send heartbeats until the task is cancelled."""
        async for _ in ticks(BEATS_HZ):
            await self._beat()

    async def _beat(self) -> None:
        self._beats += 1
        await self._peer.send({'type': 'heartbeat'})


@asynccontextmanager
async def operator(
    url: str, workspace_id: str, room_id: str, participant_id: str
) -> AsyncIterator[Operator]:
    """Join a room as an operator; leave it at the end."""
    async with connect(url, ws_path(workspace_id, room_id)) as peer:
        await peer.send(join(participant_id, 'consumer', 'control', 'liveness'))
        made = Operator(peer, participant_id)
        tasks = [asyncio.create_task(work()) for work in (made.receive, made.beat)]
        try:
            await wait_until(lambda: made.controls, 'the control of the room')
            yield made
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
