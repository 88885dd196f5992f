# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""The contract of the public client, part five: producers and consumers together."""

from __future__ import annotations

from typing import Any

import pytest
from support.rooms import wait_for_participants
from support.waiting import wait_until

from lerobot_arena_ros import RoboticsConsumer, RoboticsProducer

pytestmark = pytest.mark.usefixtures('no_task_left')

Entries = list[dict[str, Any]]
Room = tuple[str, str]
Pair = tuple[RoboticsProducer, RoboticsConsumer, str, str]


def updates_of(consumer: RoboticsConsumer) -> list[Entries]:
    """Collect the updates that a consumer receives from now on."""
    updates: list[Entries] = []
    consumer.on_joint_update(updates.append)
    return updates


class TestIntegration:
    """Several clients in one room."""

    async def test_full_producer_consumer_workflow(self, producer_consumer_pair: Pair) -> None:
        """A consumer receives a state and the updates after it, up to the last values."""
        producer, consumer, _, _ = producer_consumer_pair
        updates = updates_of(consumer)
        errors: list[str] = []
        consumer.on_error(errors.append)
        sequence: list[Entries] = [
            [{'name': 'shoulder', 'value': 45.0}],
            [{'name': 'elbow', 'value': -30.0}],
            [{'name': 'wrist', 'value': 15.0}],
            [{'name': 'shoulder', 'value': 90.0}, {'name': 'elbow', 'value': -60.0}],
        ]

        await producer.send_state_sync({'shoulder': 0.0, 'elbow': 0.0, 'wrist': 0.0})
        for entries in sequence:
            await producer.send_joint_update(entries)

        await wait_until(lambda: len(updates) >= 5, 'the state and four updates')
        assert updates[0] == [
            {'name': name, 'value': 0.0} for name in ('shoulder', 'elbow', 'wrist')
        ]
        assert updates[1:] == sequence
        assert errors == []
        assert await consumer.get_state_sync() == {'shoulder': 90.0, 'elbow': -60.0, 'wrist': 15.0}

    async def test_multiple_consumers_same_room(self, producer_consumer_pair: Pair) -> None:
        """All consumers of a room receive the same updates."""
        producer, consumer, *room = producer_consumer_pair
        sent = [
            [{'name': 'joint1', 'value': 10.0}, {'name': 'joint2', 'value': 20.0}],
            [{'name': 'joint2', 'value': 21.0}],
        ]
        async with RoboticsConsumer(consumer.base_url) as second:
            await second.connect(room[0], room[1])
            received = [updates_of(consumer), updates_of(second)]

            for entries in sent:
                await producer.send_joint_update(entries)

            await wait_until(lambda: min(map(len, received)) >= 2, 'both updates at both')
            assert received == [sent, sent]

    async def test_emergency_stop_propagation(self, producer_consumer_pair: Pair) -> None:
        """All participants receive a stop once, including its sender."""
        producer, consumer, *room = producer_consumer_pair
        async with RoboticsConsumer(consumer.base_url) as second:
            await second.connect(room[0], room[1])
            received: list[list[str]] = [[], [], []]
            for client, errors in zip((producer, consumer, second), received, strict=True):
                client.on_error(errors.append)

            await producer.send_emergency_stop('Integration test emergency stop')
            await wait_until(lambda: min(map(len, received)) >= 1, 'the stop at all three')
            await second.send_emergency_stop('And another')

            await wait_until(lambda: min(map(len, received)) >= 2, 'another stop at all three')
            both = [
                'Emergency stop: Integration test emergency stop',
                'Emergency stop: And another',
            ]
            assert received == [both, both, both]

    async def test_producer_reconnection_workflow(self, producer_consumer_pair: Pair) -> None:
        """A producer can rejoin at once after it has left, because its role is free."""
        producer, consumer, *room = producer_consumer_pair
        updates = updates_of(consumer)
        await producer.send_state_sync({'joint1': 10.0})
        await wait_until(lambda: updates, 'an update from before')
        await producer.disconnect()

        success = await producer.connect(room[0], room[1])
        await producer.send_state_sync({'joint1': 20.0})

        assert success is True
        await wait_until(lambda: len(updates) >= 2, 'an update from after')
        assert [entries[0]['value'] for entries in updates] == [10.0, 20.0]
        assert consumer.is_connected()

    async def test_consumer_late_join(
        self, producer: RoboticsProducer, consumer: RoboticsConsumer, test_room: Room
    ) -> None:
        """A late consumer receives the stored state once, and then the later updates."""
        states: list[dict[str, float]] = []
        consumer.on_state_sync(states.append)
        updates = updates_of(consumer)
        earlier = {'joint1': 10.0, 'joint2': 20.0, 'joint3': 30.0}
        async with RoboticsConsumer(consumer.base_url) as observer:
            observed = updates_of(observer)
            await observer.connect(*test_room)
            await producer.connect(*test_room)
            await producer.send_state_sync(earlier)
            await wait_until(lambda: observed, 'the room to have stored them')

        await consumer.connect(*test_room)
        await producer.send_joint_update([{'name': 'joint2', 'value': 21.0}])

        await wait_until(lambda: updates, 'the update after joining')
        assert states == [earlier]
        assert updates == [[{'name': 'joint2', 'value': 21.0}]]
        assert await consumer.get_state_sync() == {**earlier, 'joint2': 21.0}

    async def test_room_cleanup_on_producer_disconnect(self, producer_consumer_pair: Pair) -> None:
        """The room, its stored state and its consumers remain after the producer has left."""
        producer, consumer, *room = producer_consumer_pair
        updates = updates_of(consumer)
        await producer.send_state_sync({'joint1': 42.0})
        await wait_until(lambda: updates, 'the update')

        await producer.disconnect()

        here = [consumer.participant_id]
        await wait_for_participants(consumer, (room[0], room[1]), consumers=here)
        assert await consumer.get_state_sync() == {'joint1': 42.0}
        assert consumer.is_connected()

    async def test_high_frequency_updates(self, producer_consumer_pair: Pair) -> None:
        """A burst of updates arrives in order and ends with the values of the last one."""
        producer, consumer, _, _ = producer_consumer_pair
        updates = updates_of(consumer)

        for i in range(20):
            await producer.send_joint_update(
                [{'name': 'joint1', 'value': float(i)}, {'name': 'timestamp', 'value': i}]
            )

        await wait_until(lambda: len(updates) >= 20, 'twenty updates')
        assert [[entry['value'] for entry in entries] for entries in updates] == [
            [i, i] for i in range(20)
        ]
        assert await consumer.get_state_sync() == {'joint1': 19.0, 'timestamp': 19}
