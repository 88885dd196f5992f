# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.


"""One room with participants that may use lanes: numbers, and complete updates."""

from __future__ import annotations

import pytest

from lerobot_arena_ros.arena.errors import ProtocolError
from lerobot_arena_ros.arena.features import Feature
from lerobot_arena_ros.arena.messages import Entry, Join, JointUpdate, Role
from lerobot_arena_ros.server.rooms.base_room import Delivery, Member, Now
from lerobot_arena_ros.server.rooms.limits import Limits
from lerobot_arena_ros.server.rooms.room import Room

NOW = Now(100.0, '2026-01-31T10:15:30+00:00')
LANES = frozenset((Feature.FAST_LANE,))


def room_with(*features: frozenset[Feature], limits: Limits | None = None) -> Room:
    """Return a room with a consumer for each set of features."""
    room = Room('lab', 'arm', NOW, limits=limits or Limits())
    for number, each in enumerate(features):
        room.join(Join(f'consumer-{number}', Role.CONSUMER, each), NOW)
    return room


def produce(room: Room, participant_id: str = 'leader') -> Member:
    """Join as a producer with a lane."""
    return room.join(Join(participant_id, Role.PRODUCER, LANES), NOW)


def send(
    room: Room, seq: int | None, stamp_ns: int | None = None, **values: float
) -> Delivery | None:
    """Send an update as the producer."""
    assert room.producer is not None
    update = JointUpdate(entries(**values), stamp_ns=stamp_ns, seq=seq)
    return room.handle(room.producer, update, NOW)


def entries(**values: float) -> tuple[Entry, ...]:
    """Return entries by name."""
    return tuple({'name': name, 'value': value} for name, value in values.items())


def numbered(delivery: Delivery | None) -> tuple[int | None, dict[str, float]]:
    """Return the number and the values that recipients with lanes get."""
    assert delivery is not None
    assert delivery.numbered is not None
    return delivery.numbered.seq, delivery.numbered.values


def test_a_consumer_with_lanes_gets_all_joints_of_the_producer_each_time() -> None:
    """The others get the joints that changed, without a number."""
    room = room_with(LANES, frozenset())
    produce(room)

    first = send(room, 0, a=1.0, b=1.0)
    second = send(room, 1, a=2.0, b=1.0)

    assert (numbered(first), numbered(second)) == (
        (0, {'a': 1.0, 'b': 1.0}),
        (1, {'a': 2.0, 'b': 1.0}),
    )
    assert second is not None
    assert second.message == JointUpdate(entries(a=2.0), NOW.stamp, 'leader')


def test_without_such_a_consumer_nothing_is_numbered() -> None:
    """No participant would use it."""
    room = room_with(frozenset())
    produce(room)

    delivery = send(room, 0, a=1.0)

    assert delivery is not None
    assert delivery.numbered is None


def test_a_consumer_that_joins_later_gets_all_joints_that_the_producer_has_sent() -> None:
    """The numbers of the room count on."""
    room = room_with(LANES)
    produce(room)
    send(room, 0, a=1.0, b=1.0)
    room.join(Join('late', Role.CONSUMER, LANES), NOW)

    assert numbered(send(room, 1, b=2.0)) == (1, {'a': 1.0, 'b': 2.0})


def test_another_producer_is_another_sender() -> None:
    """Its updates have none of the joints of the producer before, and its numbers start anew."""
    room = room_with(LANES)
    first = produce(room)
    send(room, 7, a=1.0, b=1.0)
    room.leave(first, NOW)
    produce(room, 'second')

    assert numbered(send(room, 0, b=2.0)) == (1, {'b': 2.0})


def test_commands_over_rest_have_only_their_own_joints() -> None:
    """A joint that was commanded an hour ago is not commanded again."""
    room = room_with(LANES)
    room.command(entries(a=1.0), NOW)

    assert numbered(room.command(entries(b=1.0), NOW)) == (1, {'b': 1.0})


def test_an_older_update_of_the_producer_is_dropped() -> None:
    """Its datagrams and its WebSocket are two ways of unequal speed."""
    room = room_with(LANES)
    produce(room)
    send(room, 2, a=2.0)

    assert send(room, 1, a=1.0) is None
    assert send(room, 2, a=2.0) is None
    assert room.joints == {'a': 2.0}
    assert numbered(send(room, 1, a=1.0, b=1.0)) == (1, {'a': 2.0, 'b': 1.0})


def test_a_refused_update_does_not_make_later_ones_older() -> None:
    """Only what was stored counts, so that names without end fill no memory."""
    room = room_with(LANES, limits=Limits(joints=1))
    produce(room)
    send(room, 0, a=1.0)

    with pytest.raises(ProtocolError, match='at most 1 joints'):
        send(room, 5, a=2.0, b=1.0)

    assert numbered(send(room, 1, a=3.0)) == (1, {'a': 3.0})


def test_a_new_stamp_alone_is_delivered_with_all_joints() -> None:
    """To consumers that want stamps; if it is lost, the next one replaces it."""
    room = room_with(LANES | {Feature.STAMPS}, LANES)
    produce(room)
    send(room, 0, stamp_ns=1, a=1.0)

    delivery = send(room, 1, stamp_ns=2, a=1.0)

    assert delivery is not None
    assert [member.participant_id for member in delivery.recipients] == ['consumer-0']
    assert numbered(delivery) == (1, {'a': 1.0})
    assert delivery.numbered is not None
    assert delivery.numbered.stamp_ns == 2
    assert send(room, 1, stamp_ns=2, a=1.0) is None


def test_an_update_without_a_number_is_always_new() -> None:
    """Its sender uses no lane."""
    room = room_with(LANES)
    produce(room)

    assert [numbered(send(room, None, a=value)) for value in (2.0, 1.0)] == [
        (0, {'a': 2.0}),
        (1, {'a': 1.0}),
    ]
