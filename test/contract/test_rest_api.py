# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""The contract of the public client, part one: rooms over REST."""

from __future__ import annotations

from datetime import datetime
import uuid

import pytest

from lerobot_arena_ros import RoboticsProducer
from lerobot_arena_ros.arena.errors import RoomNotFound

pytestmark = pytest.mark.usefixtures('no_task_left')

NO_PARTICIPANTS: dict[str, object] = {'producer': None, 'consumers': [], 'total': 0}


class TestRestAPI:
    """Rooms are listed, created, described and deleted without a join."""

    async def test_list_rooms_empty(self, producer: RoboticsProducer) -> None:
        """A new workspace has no rooms."""
        rooms = await producer.list_rooms(producer.generate_workspace_id())

        assert rooms == []

    async def test_create_room(self, producer: RoboticsProducer) -> None:
        """Without ids, each room gets a unique id in a new workspace."""
        one = await producer.create_room()
        other = await producer.create_room()

        assert isinstance(one, tuple)
        assert all(isinstance(part, str) and part for part in one + other)
        assert len({*one, *other}) == 4
        for workspace_id, room_id in (one, other):
            rooms = await producer.list_rooms(workspace_id)
            assert [room['id'] for room in rooms] == [room_id]
            assert await producer.delete_room(workspace_id, room_id)

    async def test_create_room_with_id(self, producer: RoboticsProducer) -> None:
        """A room has the ids that the caller gave."""
        wanted = (f'test-workspace-{uuid.uuid4()}', 'test-room-123')

        created = await producer.create_room(*wanted)

        assert created == wanted
        assert (await producer.get_room_info(*wanted))['id'] == 'test-room-123'
        assert await producer.delete_room(*wanted)

    async def test_list_rooms_with_rooms(
        self, producer: RoboticsProducer, test_room: tuple[str, str]
    ) -> None:
        """A workspace lists its own rooms, each with its participants and its number of joints."""
        workspace_id, room_id = test_room
        await producer.create_room(workspace_id, 'another')

        rooms = await producer.list_rooms(workspace_id)

        assert {room['id'] for room in rooms} == {room_id, 'another'}
        for room in rooms:
            assert room['workspace_id'] == workspace_id
            assert room['participants'] == NO_PARTICIPANTS
            assert room['joints_count'] == 0
        assert await producer.delete_room(workspace_id, 'another')

    async def test_get_room_info(
        self, producer: RoboticsProducer, test_room: tuple[str, str]
    ) -> None:
        """The information about a new room has no participants."""
        workspace_id, room_id = test_room

        info = await producer.get_room_info(workspace_id, room_id)

        assert info['id'] == room_id
        assert info['workspace_id'] == workspace_id
        assert info['participants'] == NO_PARTICIPANTS
        assert info['joints_count'] == 0
        assert info['has_producer'] is False
        assert info['active_consumers'] == 0

    async def test_get_room_state(
        self, producer: RoboticsProducer, test_room: tuple[str, str]
    ) -> None:
        """The state of a new room has no joints."""
        workspace_id, room_id = test_room

        state = await producer.get_room_state(workspace_id, room_id)

        assert state['room_id'] == room_id
        assert state['workspace_id'] == workspace_id
        assert state['joints'] == {}
        assert state['participants'] == NO_PARTICIPANTS
        assert datetime.fromisoformat(state['timestamp']).tzinfo is not None

    async def test_delete_room(self, producer: RoboticsProducer) -> None:
        """A deleted room does not exist any more; another room is not affected."""
        workspace_id, room_id = await producer.create_room()
        await producer.create_room(workspace_id, 'neighbour')
        before = await producer.list_rooms(workspace_id)

        deleted = await producer.delete_room(workspace_id, room_id)

        assert deleted is True
        assert {room['id'] for room in before} == {room_id, 'neighbour'}
        assert [room['id'] for room in await producer.list_rooms(workspace_id)] == ['neighbour']
        assert await producer.delete_room(workspace_id, 'neighbour')

    async def test_delete_nonexistent_room(self, producer: RoboticsProducer) -> None:
        """Deleting a missing room returns False."""
        workspace_id = producer.generate_workspace_id()

        deleted = await producer.delete_room(workspace_id, 'nonexistent-room-id')

        assert deleted is False

    async def test_get_room_info_nonexistent(self, producer: RoboticsProducer) -> None:
        """Requesting the information about a missing room raises."""
        workspace_id = producer.generate_workspace_id()

        with pytest.raises(RoomNotFound, match='nonexistent-room-id'):
            await producer.get_room_info(workspace_id, 'nonexistent-room-id')

    async def test_get_room_state_nonexistent(self, producer: RoboticsProducer) -> None:
        """Requesting the state of a missing room raises."""
        workspace_id = producer.generate_workspace_id()

        with pytest.raises(RoomNotFound, match='nonexistent-room-id'):
            await producer.get_room_state(workspace_id, 'nonexistent-room-id')
