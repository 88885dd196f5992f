# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""The contract of the public client, part two: producers and what they send."""

from __future__ import annotations

from typing import Any
import uuid

import pytest
from support.rooms import wait_for_participants
from support.waiting import wait_until

from lerobot_arena_ros import RoboticsConsumer, RoboticsProducer
from lerobot_arena_ros.arena.messages import EmergencyStop
from lerobot_arena_ros.arena.session import Event, Presence

pytestmark = pytest.mark.usefixtures('no_task_left')

Entries = list[dict[str, Any]]
Room = tuple[str, str]
Connected = tuple[RoboticsProducer, str, str]


async def watched_by(consumer: RoboticsConsumer, room: Room) -> list[Entries]:
    """Join a consumer to the room; return the list to which its updates are appended."""
    updates: list[Entries] = []
    consumer.on_joint_update(updates.append)
    assert await consumer.connect(*room)
    return updates


class TestRoboticsProducer:
    """A producer joins, sends and leaves."""

    async def test_producer_connection(self, producer: RoboticsProducer, test_room: Room) -> None:
        """The room lists the producer from connect to disconnect."""
        workspace_id, room_id = test_room
        assert not producer.is_connected()

        success = await producer.connect(workspace_id, room_id)

        assert success is True
        assert producer.is_connected()
        assert producer.workspace_id == workspace_id
        assert producer.room_id == room_id
        assert producer.role == 'producer'
        during = await producer.get_room_info(workspace_id, room_id)
        assert during['participants']['producer'] == producer.participant_id
        assert during['has_producer'] is True

        await producer.disconnect()

        assert not producer.is_connected()
        await wait_for_participants(producer, test_room)

    async def test_producer_connection_info(
        self, connected_producer: Connected, server_url: str
    ) -> None:
        """A connected producer reports its room, role and participant id."""
        producer, workspace_id, room_id = connected_producer

        info = producer.get_connection_info()

        assert info.pop('participant_id') == producer.participant_id
        assert producer.participant_id
        assert info == {
            'connected': True,
            'workspace_id': workspace_id,
            'room_id': room_id,
            'role': 'producer',
            'base_url': server_url,
        }

    async def test_send_joint_update(
        self, connected_producer: Connected, consumer: RoboticsConsumer
    ) -> None:
        """Joints arrive in the order in which they were sent, and the room stores them."""
        producer, *room = connected_producer
        updates = await watched_by(consumer, (room[0], room[1]))
        joints = [
            {'name': 'shoulder', 'value': 45.0},
            {'name': 'elbow', 'value': -20.0, 'speed': 50},
            {'name': 'wrist', 'value': 10.0},
        ]

        await producer.send_joint_update(joints)

        await wait_until(lambda: updates, 'the update')
        assert updates == [joints]
        state = await producer.get_room_state(*room)
        assert state['joints'] == {'shoulder': 45.0, 'elbow': -20.0, 'wrist': 10.0}

    async def test_send_state_sync(
        self, connected_producer: Connected, consumer: RoboticsConsumer
    ) -> None:
        """A state arrives as one update, in the order of its keys."""
        producer, *room = connected_producer
        updates = await watched_by(consumer, (room[0], room[1]))

        await producer.send_state_sync({'shoulder': 45.0, 'elbow': -20.0, 'wrist': 10.0})

        await wait_until(lambda: updates, 'the update')
        assert updates == [
            [
                {'name': 'shoulder', 'value': 45.0},
                {'name': 'elbow', 'value': -20.0},
                {'name': 'wrist', 'value': 10.0},
            ]
        ]

    async def test_send_emergency_stop(self, connected_producer: Connected) -> None:
        """The sender also receives its stop, with the given or the default reason."""
        producer, _, _ = connected_producer
        stops: list[EmergencyStop] = []
        producer.on_emergency_stop(stops.append)

        await producer.send_emergency_stop('Test emergency stop')
        await producer.send_emergency_stop()

        await wait_until(lambda: len(stops) >= 2, 'both stops')
        assert [stop.reason for stop in stops] == ['Test emergency stop', 'Emergency stop']
        assert {stop.source for stop in stops} == {producer.participant_id}

    async def test_send_heartbeat(self, connected_producer: Connected) -> None:
        """Each heartbeat is answered."""
        producer, _, _ = connected_producer
        events: list[Event] = []
        producer.on_message(events.append)

        for _ in range(3):
            await producer.send_heartbeat()

        # The client also sends heartbeats automatically.
        await wait_until(
            lambda: sum(isinstance(event, Presence) for event in events) >= 3, 'three answers'
        )
        assert producer.is_connected()

    async def test_producer_callbacks(self, producer: RoboticsProducer, test_room: Room) -> None:
        """When ``connect`` or ``disconnect`` returns, its callback has been called once."""
        calls: list[str] = []
        producer.on_connected(lambda: calls.append('connected'))
        producer.on_disconnected(lambda: calls.append('disconnected'))
        producer.on_error(lambda text: calls.append(f'error: {text}'))

        await producer.connect(*test_room)
        after_connect = list(calls)
        await producer.disconnect()

        assert after_connect == ['connected']
        assert calls == ['connected', 'disconnected']

    async def test_send_without_connection(self, producer: RoboticsProducer) -> None:
        """Sending raises if the producer is not connected, except for a heartbeat."""
        assert not producer.is_connected()

        with pytest.raises(ValueError, match='Must be connected'):
            await producer.send_joint_update([{'name': 'test', 'value': 0}])
        with pytest.raises(ValueError, match='Must be connected'):
            await producer.send_state_sync({'test': 0})
        with pytest.raises(ValueError, match='Must be connected'):
            await producer.send_emergency_stop()
        await producer.send_heartbeat()

    async def test_multiple_connections(self, producer: RoboticsProducer, test_room: Room) -> None:
        """Connecting to another room leaves the first one."""
        second_room = await producer.create_room()
        await producer.connect(*test_room)

        success = await producer.connect(*second_room)

        assert success is True
        assert producer.is_connected()
        assert (producer.workspace_id, producer.room_id) == second_room
        await wait_for_participants(producer, test_room)
        assert (await producer.get_room_info(*second_room))['has_producer'] is True
        await producer.disconnect()
        assert await producer.delete_room(*second_room)

    async def test_context_manager(self, server_url: str, test_room: Room) -> None:
        """Leaving the context leaves the room; everything sent before has arrived."""
        async with RoboticsProducer(server_url) as producer:
            await producer.connect(*test_room)
            assert producer.is_connected()
            await producer.send_state_sync({'test': 123.0})

        assert not producer.is_connected()
        state = await producer.get_room_state(*test_room)
        assert state['joints'] == {'test': 123.0}
        await wait_for_participants(producer, test_room)

    async def test_duplicate_producer_connection(
        self, producer: RoboticsProducer, consumer: RoboticsConsumer, test_room: Room
    ) -> None:
        """``connect`` returns False for a second producer; the first one is not affected."""
        second = RoboticsProducer(producer.base_url)
        updates = await watched_by(consumer, test_room)
        assert await producer.connect(*test_room) is True

        success = await second.connect(*test_room)

        assert success is False
        assert not second.is_connected()
        assert second.room_id is None
        info = await producer.get_room_info(*test_room)
        assert info['participants']['producer'] == producer.participant_id
        await producer.send_state_sync({'test': 1.0})
        await wait_until(lambda: updates, 'an update of the first producer')

    async def test_custom_participant_id(
        self, producer: RoboticsProducer, test_room: Room
    ) -> None:
        """A producer has the participant id that it requested."""
        custom_id = f'custom-producer-{uuid.uuid4()}'

        await producer.connect(*test_room, participant_id=custom_id)

        assert producer.get_connection_info()['participant_id'] == custom_id
        info = await producer.get_room_info(*test_room)
        assert info['participants']['producer'] == custom_id

    async def test_large_joint_update(
        self, connected_producer: Connected, consumer: RoboticsConsumer
    ) -> None:
        """An update of a hundred joints arrives like any other."""
        producer, *room = connected_producer
        updates = await watched_by(consumer, (room[0], room[1]))
        joints = [{'name': f'joint_{i}', 'value': float(i)} for i in range(100)]

        await producer.send_joint_update(joints)

        await wait_until(lambda: updates, 'the update')
        assert updates == [joints]
        assert (await producer.get_room_info(*room))['joints_count'] == 100

    async def test_rapid_updates(
        self, connected_producer: Connected, consumer: RoboticsConsumer
    ) -> None:
        """Updates that are sent without a pause arrive one by one, in order."""
        producer, *room = connected_producer
        updates = await watched_by(consumer, (room[0], room[1]))

        for i in range(10):
            await producer.send_state_sync({'joint1': float(i), 'joint2': float(i * 2)})

        await wait_until(lambda: len(updates) >= 10, 'ten updates')
        assert [[entry['value'] for entry in entries] for entries in updates] == [
            [float(i), float(i * 2)] for i in range(10)
        ]
