# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""Rooms with connections that the test closes, and a recorder of their events."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
import itertools

from lerobot_arena_ros.arena.address import Address
from lerobot_arena_ros.arena.connection import (
    Connection,
    new_participant_id,
    open_connection,
)
from lerobot_arena_ros.arena.errors import ConnectionLost
from lerobot_arena_ros.arena.features import Feature
from lerobot_arena_ros.arena.messages import JointUpdate, Role
from lerobot_arena_ros.arena.rest_client import Rooms
from lerobot_arena_ros.arena.session import Event, LinkTiming, Presence

from .fake_arena import FakeArena
from .waiting import wait_until

__all__ = [
    'CONSUMER',
    'PATIENT',
    'PRODUCER',
    'QUICK',
    'Arena',
    'EventRecorder',
    'flood',
    'join_fake',
    'room_at',
    'values_of',
]

CONSUMER, PRODUCER = Role.CONSUMER, Role.PRODUCER

PATIENT = LinkTiming(heartbeat_period_s=0.05, timeout_s=10.0, join_timeout_s=10.0)
"""For tests without a timeout, even on a busy machine."""

QUICK = LinkTiming(heartbeat_period_s=0.05, timeout_s=0.3, join_timeout_s=10.0)
"""For tests in which the server sends nothing more."""


class Arena:
    """A room on a server; its connections are closed at the end of the test."""

    def __init__(self, url: str, room_id: str, stack: AsyncExitStack) -> None:
        self.address = Address.parse(url)
        self.rooms = Rooms(self.address)
        self.room_id = room_id
        self._stack = stack

    async def join(
        self,
        role: Role,
        *,
        timing: LinkTiming = PATIENT,
        participant_id: str | None = None,
        features: frozenset[Feature] = frozenset(),
    ) -> Connection:
        """Join the room and return the connection."""
        connection = await open_connection(
            self.address,
            'lab',
            self.room_id,
            role,
            timing=timing,
            participant_id=participant_id,
            features=features,
        )
        self._stack.push_async_callback(connection.aclose)
        return connection


class EventRecorder:
    """Records the events of a connection, to its end."""

    def __init__(self, connection: Connection) -> None:
        self.events: list[Event] = []
        self.loss: Exception | None = None
        self.task = asyncio.create_task(self._listen(connection), name='recorder')

    async def _listen(self, connection: Connection) -> None:
        try:
            await connection.listen(self.events.append)
        except ConnectionLost as exc:
            self.loss = exc

    @property
    def messages(self) -> list[Event]:
        """The events without the answers to heartbeats."""
        return [event for event in self.events if not isinstance(event, Presence)]

    @property
    def presence(self) -> list[bool]:
        """Each reported change of whether the room has a producer."""
        told = [event.has_producer for event in self.events if isinstance(event, Presence)]
        return [value for value, _ in itertools.groupby(v for v in told if v is not None)]

    async def received(self, kind: type[Event]) -> None:
        """Wait for the first event of a kind."""
        await wait_until(
            lambda: any(isinstance(event, kind) for event in self.events), kind.__name__
        )

    async def ended(self) -> None:
        """Wait for the end of the connection."""
        await wait_until(self.task.done, 'the end of the connection')
        await self.task


@asynccontextmanager
async def room_at(url: str) -> AsyncIterator[Arena]:
    """Create a room for one test."""
    async with AsyncExitStack() as stack:
        room_id = new_participant_id(PRODUCER)
        await Rooms(Address.parse(url)).create('lab', room_id)
        yield Arena(url, room_id, stack)


async def join_fake(
    fake: FakeArena, role: Role = CONSUMER, timing: LinkTiming = PATIENT
) -> Connection:
    """Join a fake arena."""
    return await open_connection(Address.parse(fake.url), 'lab', 'arm', role, timing=timing)


def values_of(events: Sequence[Event]) -> list[dict[str, float]]:
    """Return the joint values of the updates among events."""
    return [event.values for event in events if isinstance(event, JointUpdate)]


async def flood(connection: Connection) -> None:
    """Send large updates until sending fails."""
    for value in itertools.count():
        await connection.send(JointUpdate.of({f'joint_{i}': value for i in range(2000)}))
