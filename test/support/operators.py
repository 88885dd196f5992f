# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""Operators in a room, over bare WebSockets: they take and give control, and send updates."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
import json
from typing import Any

from .peers import Peer, enter, joints
from .waiting import ticks, wait_until

__all__ = ['Operator', 'operating']

HEARTBEATS_HZ = 1.0


class Operator:
    """
    An operator that stays alive; each request waits for its answer.

    :ivar control: the newest message about who has control; empty before the first one.
    """

    def __init__(self, peer: Peer) -> None:
        self.control: dict[str, Any] = {}
        self._peer = peer
        self._answers: dict[int, dict[str, Any]] = {}
        self._requests = 0
        self._acks = 0
        self._heartbeats = 0

    async def request(self, kind: str, **more: str) -> None:
        """Request something about control, which must not be refused."""
        self._requests += 1
        number = self._requests
        await self._peer.send({'type': kind, 'request': number, **more})
        await wait_until(lambda: number in self._answers, f'the answer to {kind}')
        assert 'refusal' not in self._answers[number], self._answers[number]

    async def send(self, **values: float) -> None:
        """Send joint values; the server has handled them when this returns."""
        await self._peer.send(joints(**values))
        await self._settle()

    async def stop(self, reason: str) -> None:
        """Send an emergency stop; the server has handled it when this returns."""
        await self._peer.send({'type': 'emergency_stop', 'reason': reason})
        await self._settle()

    async def _settle(self) -> None:
        await self._beat()
        number = self._heartbeats
        await wait_until(lambda: self._acks >= number, 'the answer to a heartbeat')

    async def _beat(self) -> None:
        self._heartbeats += 1
        await self._peer.send({'type': 'heartbeat'})

    async def stay(self) -> None:
        """Send heartbeats, because the server disconnects a silent operator."""
        async for _ in ticks(HEARTBEATS_HZ):
            await self._beat()

    async def listen(self) -> None:
        """Receive messages until the connection ends."""
        async for text in self._peer.connection:
            message = json.loads(text)
            if message['type'] == 'control':
                self.control = message
            elif message['type'] == 'control_answer':
                self._answers[message['request']] = message
            elif message['type'] == 'heartbeat_ack':
                self._acks += 1


@asynccontextmanager
async def operating(
    url: str, workspace_id: str, room_id: str, participant_id: str
) -> AsyncIterator[Operator]:
    """Join a room as an operator, which does not have control yet."""
    where = (url, workspace_id, room_id)
    async with enter(*where, participant_id, 'consumer', 'control', 'liveness') as peer:
        operator = Operator(peer)
        tasks = [asyncio.create_task(work()) for work in (operator.listen, operator.stay)]
        try:
            yield operator
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)
