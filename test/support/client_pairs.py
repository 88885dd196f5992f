# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""A producer and a consumer of one room, both public clients."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

from lerobot_arena_ros import RoboticsConsumer, RoboticsProducer

from .waiting import wait_until

__all__ = ['ClientPair', 'client_pair']

Json = dict[str, Any]


class ClientPair:
    """
    A producer and a consumer in one room.

    :ivar received: the latest value of each joint at the consumer.
    :ivar stops: the reasons of the emergency stops at the producer.
    """

    def __init__(self, producer: RoboticsProducer, consumer: RoboticsConsumer) -> None:
        self.producer = producer
        self.consumer = consumer
        self.received: dict[str, float] = {}
        self.stops: list[str] = []
        consumer.on_state_sync(self.received.update)
        consumer.on_joint_update(self._on_update)
        producer.on_emergency_stop(lambda stop: self.stops.append(str(stop.reason)))

    @property
    def ids(self) -> list[str | None]:
        """The participant ids; new ones after each join."""
        return [self.producer.participant_id, self.consumer.participant_id]

    @property
    def connected(self) -> list[bool]:
        """Whether each of both is in the room."""
        return [self.producer.connected, self.consumer.connected]

    async def lead(self, name: str, value: float) -> None:
        """Send a joint value as the producer, and wait until the consumer has it."""
        await self.producer.send_joint_update([{'name': name, 'value': value}])
        await wait_until(lambda: self.received.get(name) == value, f'{name} at {value}')

    async def stop(self, reason: str) -> None:
        """Send an emergency stop as the consumer, and wait until the producer has it."""
        await self.consumer.send_emergency_stop(reason)
        await wait_until(lambda: reason in self.stops, f'the stop {reason!r}')

    def _on_update(self, entries: list[Json]) -> None:
        self.received.update((entry['name'], entry['value']) for entry in entries)


@asynccontextmanager
async def client_pair(
    url: str, workspace_id: str, room_id: str = 'arm', **options: Any
) -> AsyncIterator[ClientPair]:
    """Join both to a room in which ``before`` is 1.0 when the consumer joins."""
    async with AsyncExitStack() as stack:
        producer = await stack.enter_async_context(RoboticsProducer(url, **options))
        consumer = await stack.enter_async_context(RoboticsConsumer(url, **options))
        pair = ClientPair(producer, consumer)
        assert await producer.connect(workspace_id, room_id)
        await producer.send_state_sync({'before': 1.0})
        assert await consumer.connect(workspace_id, room_id)
        yield pair
