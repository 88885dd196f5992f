# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""Rooms full of light clients: in each, one producer at a steady rate and some consumers."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
import json
import time

import httpx

from .light_client import LightClient, join_room, text_frame

__all__ = ['Consumer', 'Load', 'Room', 'running_load']

WORKSPACE = 'soak'
JOINTS = ('Rotation', 'Pitch', 'Elbow', 'Wrist_Pitch', 'Wrist_Roll', 'Jaw')
SENT_S = 'sent_s'
"""The joint whose value is the time of sending, in seconds of the monotonic clock."""

TIMEOUT_S = 20.0


class Consumer:
    """
    What one consumer has received.

    :param taken_s: a list for the latency of each update; None if they are not wanted.
    :ivar state: the last value of each joint.
    :ivar updates: how many updates have arrived.
    :ivar latest_s: the largest latency since :meth:`Load.take_latest_s`, in seconds.
    """

    def __init__(self, taken_s: list[float] | None = None) -> None:
        self._taken_s = taken_s
        self.state: dict[str, float] = {}
        self.updates = 0
        self.latest_s = 0.0
        self.errors: list[str] = []

    def on_text(self, payload: bytes) -> None:
        """Handle one message of the server."""
        message = json.loads(payload)
        if message['type'] == 'joint_update':
            self.updates += 1
            self.state.update((entry['name'], entry['value']) for entry in message['data'])
            late_s = time.monotonic() - self.state[SENT_S]
            self.latest_s = max(self.latest_s, late_s)
            if self._taken_s is not None:
                self._taken_s.append(late_s)
        elif message['type'] == 'error':
            self.errors.append(message['message'])


class Room:
    """One producer and its consumers."""

    def __init__(self, workspace_id: str, room_id: str) -> None:
        self.workspace_id = workspace_id
        self.room_id = room_id
        self.sent: dict[str, float] = {}
        self.count = 0
        self.received_by_producer = Consumer()
        self.consumers: list[Consumer] = []
        self.clients: list[LightClient] = []

    def send(self) -> None:
        """Send an update that changes every joint."""
        self.count += 1
        self.sent = {name: self.count * 0.25 + index for index, name in enumerate(JOINTS)}
        self.sent[SENT_S] = time.monotonic()
        data = [{'name': name, 'value': value} for name, value in self.sent.items()]
        self.clients[0].send(text_frame(json.dumps({'type': 'joint_update', 'data': data})))


class Load:
    """All rooms together."""

    def __init__(self, rooms: list[Room]) -> None:
        self.rooms = rooms

    @property
    def sent(self) -> int:
        """How many updates were sent."""
        return sum(room.count for room in self.rooms)

    @property
    def received(self) -> int:
        """How many updates arrived at all consumers together."""
        return sum(consumer.updates for consumer in self._consumers())

    @property
    def behind(self) -> int:
        """How many consumers do not have the last values of their producer."""
        return sum(
            consumer.state != room.sent for room in self.rooms for consumer in room.consumers
        )

    @property
    def faults(self) -> list[str]:
        """Connections that were lost, and errors that the server sent."""
        lost = [c.lost for room in self.rooms for c in room.clients if c.lost is not None]
        everyone = [*self._consumers(), *(room.received_by_producer for room in self.rooms)]
        return lost + [error for each in everyone for error in each.errors]

    def take_latest_s(self) -> float:
        """Return the largest latency since the last call."""
        latest_s = max(consumer.latest_s for consumer in self._consumers())
        for consumer in self._consumers():
            consumer.latest_s = 0.0
        return latest_s

    async def run(self, rate_hz: float, seconds: float) -> None:
        """Send in all rooms, one after the other within each period."""
        pause_s = 1.0 / rate_hz / len(self.rooms)
        due = time.monotonic()
        end = due + seconds
        while due < end:
            for room in self.rooms:
                room.send()
                due += pause_s
                # No pause while late, so that the load is the one that was asked for.
                await asyncio.sleep(max(0.0, due - time.monotonic()))

    async def wait_until_received(self) -> None:
        """
        Wait until each consumer has the last values of its producer.

        :raises TimeoutError: one does not have them in time.
        """
        deadline = time.monotonic() + TIMEOUT_S
        while self.behind:
            if time.monotonic() > deadline:
                raise TimeoutError(f'waited {TIMEOUT_S:g} s for the last updates')
            await asyncio.sleep(0.05)

    def _consumers(self) -> list[Consumer]:
        return [consumer for room in self.rooms for consumer in room.consumers]


@asynccontextmanager
async def running_load(
    url: str,
    rooms: int,
    consumers: int,
    *,
    workspaces: Sequence[str] = (WORKSPACE,),
    taken_s: list[float] | None = None,
) -> AsyncIterator[Load]:
    """
    Fill rooms, in each workspace in turn; at the end all leave and the rooms are deleted.

    :param taken_s: a list for the latencies of all consumers.
    """
    load = Load([])
    async with httpx.AsyncClient(trust_env=False) as rest:
        try:
            for number in range(rooms):
                room = Room(workspaces[number % len(workspaces)], f'room-{number}')
                load.rooms.append(room)
                path = f'{url}/robotics/workspaces/{room.workspace_id}/rooms'
                (await rest.post(path, json={'room_id': room.room_id})).raise_for_status()
                room.consumers = [Consumer(taken_s) for _ in range(consumers)]
                await _fill(url, room)
            yield load
        finally:
            for room in load.rooms:
                for client in room.clients:
                    client.close()
                path = f'{url}/robotics/workspaces/{room.workspace_id}/rooms'
                await rest.delete(f'{path}/{room.room_id}')


async def _fill(url: str, room: Room) -> None:
    for role, received in (
        ('producer', room.received_by_producer),
        *(('consumer', consumer) for consumer in room.consumers),
    ):
        join = {'participant_id': f'{role}-{len(room.clients)}', 'role': role}
        place = (room.workspace_id, room.room_id)
        client = await join_room(url, place, json.dumps(join), received.on_text)
        room.clients.append(client)
