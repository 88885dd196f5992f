# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""The contract of the public client, part four: the factory functions."""

from __future__ import annotations

from typing import Any

import pytest
from support.waiting import wait_until

from lerobot_arena_ros import (
    RoboticsConsumer,
    RoboticsProducer,
    create_client,
    create_consumer_client,
    create_producer_client,
)

pytestmark = pytest.mark.usefixtures('no_task_left')

PUBLIC_DEFAULT_URL = 'http://localhost:8000'


@pytest.fixture
def default_url(server_url: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """
    Make the default URL of the factory functions the URL of the server under test.

    Only the value is patched, so that a call without a URL runs the same code as usual.
    """
    for factory in (create_producer_client, create_consumer_client):
        defaults = factory.__defaults__
        assert defaults is not None
        assert PUBLIC_DEFAULT_URL in defaults
        replaced = tuple(server_url if d == PUBLIC_DEFAULT_URL else d for d in defaults)
        monkeypatch.setattr(factory, '__defaults__', replaced)
    return server_url


class TestFactoryFunctions:
    """The factory functions return clients; those for one role also connect them."""

    def test_create_client_producer(self) -> None:
        """The role ``producer`` gives an unconnected producer."""
        client = create_client('producer')

        assert type(client) is RoboticsProducer
        assert not client.is_connected()
        assert client.base_url == PUBLIC_DEFAULT_URL

    def test_create_client_consumer(self) -> None:
        """The role ``consumer`` gives an unconnected consumer."""
        client = create_client('consumer')

        assert type(client) is RoboticsConsumer
        assert not client.is_connected()
        assert client.base_url == PUBLIC_DEFAULT_URL

    def test_create_client_invalid_role(self) -> None:
        """Any other role is refused, and the error contains it."""
        with pytest.raises(ValueError, match=r'Invalid role.*invalid_role'):
            create_client('invalid_role')

    def test_create_client_default_url(self) -> None:
        """The default URL is on this machine; a given URL replaces it."""
        assert create_client('producer').base_url == PUBLIC_DEFAULT_URL
        assert create_client('producer', 'http://other:9/api/').base_url == 'http://other:9/api'

    async def test_create_producer_client_auto_room(self, server_url: str) -> None:
        """Without a room id, the producer gets a new room and can send at once."""
        async with await create_producer_client(server_url) as producer:
            assert type(producer) is RoboticsProducer
            assert producer.is_connected()
            assert producer.role == 'producer'
            assert producer.workspace_id is not None
            assert producer.room_id is not None
            room = (producer.workspace_id, producer.room_id)
            await producer.send_state_sync({'test': 123.0})

        state = await producer.get_room_state(*room)
        assert state['joints'] == {'test': 123.0}
        assert await producer.delete_room(*room)

    async def test_create_producer_client_specific_room(
        self, server_url: str, test_room: tuple[str, str]
    ) -> None:
        """An existing room is joined without a change."""
        async with await create_producer_client(server_url, *test_room) as producer:
            await producer.send_state_sync({'test': 123.0})

        async with await create_producer_client(server_url, *test_room) as producer:
            assert type(producer) is RoboticsProducer
            assert producer.is_connected()
            assert (producer.workspace_id, producer.room_id) == test_room
            assert producer.role == 'producer'
            assert (await producer.get_room_state(*test_room))['joints'] == {'test': 123.0}

    async def test_create_consumer_client(
        self, server_url: str, test_room: tuple[str, str]
    ) -> None:
        """The consumer is in the given room and can get its state."""
        async with await create_consumer_client(*test_room, server_url) as consumer:
            assert type(consumer) is RoboticsConsumer
            assert consumer.is_connected()
            assert (consumer.workspace_id, consumer.room_id) == test_room
            assert consumer.role == 'consumer'
            assert await consumer.get_state_sync() == {}

    async def test_create_producer_consumer_pair(self, server_url: str) -> None:
        """The consumer receives what the producer sends."""
        async with await create_producer_client(server_url) as producer:
            assert producer.workspace_id is not None
            assert producer.room_id is not None
            room = (producer.workspace_id, producer.room_id)
            updates: list[list[dict[str, Any]]] = []
            async with await create_consumer_client(*room, server_url) as consumer:
                consumer.on_joint_update(updates.append)
                assert consumer.is_connected()
                assert (consumer.workspace_id, consumer.room_id) == room

                await producer.send_state_sync({'test_joint': 42.0})

                await wait_until(lambda: updates, 'the update')
                assert updates == [[{'name': 'test_joint', 'value': 42.0}]]
        assert await producer.delete_room(*room)

    async def test_convenience_functions_with_default_url(self, default_url: str) -> None:
        """Both functions connect to the default server without a URL argument."""
        async with await create_producer_client() as producer:
            assert producer.base_url == default_url
            assert producer.is_connected()
            assert producer.workspace_id is not None
            assert producer.room_id is not None
            room = (producer.workspace_id, producer.room_id)
            async with await create_consumer_client(*room) as consumer:
                assert consumer.base_url == default_url
                assert consumer.is_connected()
        assert await producer.delete_room(*room)

    async def test_multiple_convenience_producers(self, server_url: str) -> None:
        """Two producers get different rooms, and each room receives only its own updates."""
        async with (
            await create_producer_client(server_url) as one,
            await create_producer_client(server_url) as other,
        ):
            assert one.is_connected()
            assert other.is_connected()
            rooms = [(str(client.workspace_id), str(client.room_id)) for client in (one, other)]
            assert rooms[0][1] != rooms[1][1]
            await one.send_state_sync({'joint1': 10.0})
            await other.send_state_sync({'joint2': 20.0})

        states = [await one.get_room_state(*room) for room in rooms]
        assert [state['joints'] for state in states] == [{'joint1': 10.0}, {'joint2': 20.0}]
        for room in rooms:
            assert await one.delete_room(*room)

    async def test_create_consumer_nonexistent_room(self, consumer: RoboticsConsumer) -> None:
        """A missing room cannot be joined, and the attempt does not create it."""
        workspace_id = consumer.generate_workspace_id()

        success = await consumer.connect(workspace_id, 'nonexistent-room-id')

        assert success is False
        assert not consumer.is_connected()
        assert await consumer.list_rooms(workspace_id) == []
