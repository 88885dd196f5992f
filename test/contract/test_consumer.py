# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""The contract of the public client, part three: consumers and what they receive."""

from __future__ import annotations

from typing import Any
import uuid

import pytest
from support.rooms import wait_for_participants
from support.waiting import wait_until

from lerobot_arena_ros import RoboticsConsumer, RoboticsProducer

pytestmark = pytest.mark.usefixtures('no_task_left')

Entries = list[dict[str, Any]]
Room = tuple[str, str]
Connected = tuple[RoboticsConsumer, str, str]
Pair = tuple[RoboticsProducer, RoboticsConsumer, str, str]


class TestRoboticsConsumer:
    """A consumer joins, receives and leaves."""

    async def test_consumer_connection(self, consumer: RoboticsConsumer, test_room: Room) -> None:
        """The room lists the consumer from connect to disconnect."""
        workspace_id, room_id = test_room
        assert not consumer.is_connected()

        success = await consumer.connect(workspace_id, room_id)

        assert success is True
        assert consumer.is_connected()
        assert consumer.workspace_id == workspace_id
        assert consumer.room_id == room_id
        assert consumer.role == 'consumer'
        during = await consumer.get_room_info(workspace_id, room_id)
        assert during['participants']['consumers'] == [consumer.participant_id]
        assert during['active_consumers'] == 1
        assert during['has_producer'] is False

        await consumer.disconnect()

        assert not consumer.is_connected()
        await wait_for_participants(consumer, test_room)

    async def test_consumer_connection_info(
        self, connected_consumer: Connected, server_url: str
    ) -> None:
        """A connected consumer reports its room, role and participant id."""
        consumer, workspace_id, room_id = connected_consumer

        info = consumer.get_connection_info()

        assert info.pop('participant_id') == consumer.participant_id
        assert consumer.participant_id
        assert info == {
            'connected': True,
            'workspace_id': workspace_id,
            'room_id': room_id,
            'role': 'consumer',
            'base_url': server_url,
        }

    async def test_get_state_sync(self, connected_consumer: Connected) -> None:
        """A new room has no stored values."""
        consumer, _, _ = connected_consumer

        state = await consumer.get_state_sync()

        assert state == {}

    async def test_consumer_callbacks_setup(
        self, consumer: RoboticsConsumer, test_room: Room
    ) -> None:
        """The order of the callbacks is connected, state sync, disconnected; once each."""
        calls: list[tuple[str, object]] = []
        consumer.on_connected(lambda: calls.append(('connected', None)))
        consumer.on_disconnected(lambda: calls.append(('disconnected', None)))
        consumer.on_error(lambda text: calls.append(('error', text)))
        consumer.on_state_sync(lambda joints: calls.append(('state_sync', joints)))
        consumer.on_joint_update(lambda entries: calls.append(('joint_update', entries)))

        await consumer.connect(*test_room)
        await wait_until(lambda: len(calls) >= 2, 'the state of the room')
        await consumer.disconnect()

        assert calls == [('connected', None), ('state_sync', {}), ('disconnected', None)]

    async def test_multiple_consumers(self, consumer: RoboticsConsumer, test_room: Room) -> None:
        """A room accepts several consumers and lists them in the order of their joins."""
        async with RoboticsConsumer(consumer.base_url) as second:
            successes = [await consumer.connect(*test_room), await second.connect(*test_room)]

            assert successes == [True, True]
            info = await consumer.get_room_info(*test_room)
            assert info['participants'] == {
                'producer': None,
                'consumers': [consumer.participant_id, second.participant_id],
                'total': 2,
            }

    async def test_consumer_receive_state_sync(
        self, producer: RoboticsProducer, consumer: RoboticsConsumer, test_room: Room
    ) -> None:
        """A state from the producer arrives as an update, not as a state."""
        states: list[dict[str, float]] = []
        updates: list[Entries] = []
        consumer.on_state_sync(states.append)
        consumer.on_joint_update(updates.append)
        await consumer.connect(*test_room)
        await producer.connect(*test_room)

        await producer.send_state_sync({'shoulder': 30.0, 'elbow': -15.0})

        await wait_until(lambda: updates, 'the update')
        assert updates == [
            [{'name': 'shoulder', 'value': 30.0}, {'name': 'elbow', 'value': -15.0}]
        ]
        assert states == [{}]

    async def test_consumer_receive_joint_updates(self, producer_consumer_pair: Pair) -> None:
        """Only the joints that changed arrive; an update without a change does not arrive."""
        producer, consumer, _, _ = producer_consumer_pair
        updates: list[Entries] = []
        consumer.on_joint_update(updates.append)
        both = [{'name': 'shoulder', 'value': 45.0}, {'name': 'elbow', 'value': -30.0}]

        await producer.send_joint_update(both)
        await producer.send_joint_update(both)
        await producer.send_joint_update([both[0], {'name': 'elbow', 'value': -31.0}])

        await wait_until(lambda: len(updates) >= 2, 'the change')
        assert updates == [both, [{'name': 'elbow', 'value': -31.0}]]

    async def test_consumer_multiple_updates(self, producer_consumer_pair: Pair) -> None:
        """Every change arrives, in order."""
        producer, consumer, _, _ = producer_consumer_pair
        updates: list[Entries] = []
        consumer.on_joint_update(updates.append)
        sent = [[{'name': 'joint1', 'value': float(i * 10)}] for i in range(5)]

        for entries in sent:
            await producer.send_joint_update(entries)

        await wait_until(lambda: len(updates) >= 5, 'five updates')
        assert updates == sent

    async def test_consumer_emergency_stop(self, producer_consumer_pair: Pair) -> None:
        """A stop calls ``on_error`` once, with its reason."""
        producer, consumer, _, _ = producer_consumer_pair
        errors: list[str] = []
        updates: list[Entries] = []
        consumer.on_error(errors.append)
        consumer.on_joint_update(updates.append)

        await producer.send_emergency_stop('Test emergency stop')
        await producer.send_state_sync({'after': 1.0})

        await wait_until(lambda: updates, 'what was sent after the stop')
        assert errors == ['Emergency stop: Test emergency stop']

    async def test_custom_participant_id(
        self, consumer: RoboticsConsumer, test_room: Room
    ) -> None:
        """A consumer has the participant id that it requested."""
        custom_id = f'custom-consumer-{uuid.uuid4()}'

        await consumer.connect(*test_room, participant_id=custom_id)

        assert consumer.get_connection_info()['participant_id'] == custom_id
        info = await consumer.get_room_info(*test_room)
        assert info['participants']['consumers'] == [custom_id]

    async def test_context_manager(self, server_url: str, test_room: Room) -> None:
        """Leaving the context leaves the room."""
        async with RoboticsConsumer(server_url) as consumer:
            await consumer.connect(*test_room)
            assert consumer.is_connected()
            assert await consumer.get_state_sync() == {}

        assert not consumer.is_connected()
        await wait_for_participants(consumer, test_room)

    async def test_get_state_without_connection(self, consumer: RoboticsConsumer) -> None:
        """``get_state_sync`` raises if the consumer is not connected."""
        assert not consumer.is_connected()

        with pytest.raises(ValueError, match='Must be connected to a room'):
            await consumer.get_state_sync()

    async def test_consumer_reconnection(
        self, consumer: RoboticsConsumer, test_room: Room
    ) -> None:
        """A consumer may rejoin a room that it left, and receives the state again."""
        calls: list[str] = []
        consumer.on_connected(lambda: calls.append('connected'))
        consumer.on_state_sync(lambda joints: calls.append('state_sync'))
        consumer.on_disconnected(lambda: calls.append('disconnected'))
        await consumer.connect(*test_room)
        await wait_until(lambda: 'state_sync' in calls, 'the state of the room')
        await consumer.disconnect()
        await wait_for_participants(consumer, test_room)
        first_stay = list(calls)
        calls.clear()

        success = await consumer.connect(*test_room)

        assert success is True
        await wait_until(lambda: 'state_sync' in calls, 'the state of the room')
        assert first_stay == ['connected', 'state_sync', 'disconnected']
        assert calls == ['connected', 'state_sync']
        info = await consumer.get_room_info(*test_room)
        assert info['participants']['consumers'] == [consumer.participant_id]

    async def test_consumer_state_after_producer_updates(
        self, producer_consumer_pair: Pair
    ) -> None:
        """The room stores the last value of each joint that was sent."""
        producer, consumer, _, _ = producer_consumer_pair
        updates: list[Entries] = []
        consumer.on_joint_update(updates.append)

        await producer.send_state_sync({'shoulder': 45.0, 'elbow': -20.0, 'wrist': 10.0})
        await producer.send_joint_update([{'name': 'elbow', 'value': -21.0}])

        await wait_until(lambda: len(updates) >= 2, 'both updates')
        state = await consumer.get_state_sync()
        assert state == {'shoulder': 45.0, 'elbow': -21.0, 'wrist': 10.0}
