# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.


"""Fast lanes between real clients and a real server, over a UDP path that has faults."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
import random

import pytest
from support.certificates import Authority
from support.room_fixtures import (
    CONSUMER,
    PATIENT,
    PRODUCER,
    Arena,
    EventRecorder,
    room_at,
    values_of,
)
from support.server import rules_of, running_server
from support.udp_proxy import UdpProxy, running_udp_proxy
from support.waiting import ticks, wait_until

from lerobot_arena_ros import RoboticsConsumer, RoboticsProducer
from lerobot_arena_ros.arena.features import Feature
from lerobot_arena_ros.arena.lane import availability, keeper
from lerobot_arena_ros.arena.lane import lane as lane_module
from lerobot_arena_ros.arena.lane.decisions import LaneState, Repeats
from lerobot_arena_ros.arena.lane.errors import LaneError
from lerobot_arena_ros.arena.messages import EmergencyStop, JointUpdate, Role
from lerobot_arena_ros.server.rooms.limits import Limits

pytestmark = pytest.mark.usefixtures('no_task_left')

LANES = frozenset((Feature.FAST_LANE, Feature.HEARTBEAT_SEQ))


@asynccontextmanager
async def arena_with_lanes(limits: Limits | None = None) -> AsyncIterator[tuple[Arena, UdpProxy]]:
    """Serve an arena whose lanes lead through a proxy; yield a room and the proxy."""
    async with running_udp_proxy() as proxy:
        with running_server(lanes=True, told_port=proxy.port, limits=limits) as url:
            proxy.target = int(url.rpartition(':')[2])
            async with room_at(url) as arena:
                yield arena, proxy


@pytest.fixture
async def room() -> AsyncIterator[tuple[Arena, UdpProxy]]:
    """Yield a room whose participants have lanes through a proxy."""
    async with arena_with_lanes() as made:
        yield made


class Peer:
    """A participant that records its events."""

    def __init__(self, arena: Arena, role: Role) -> None:
        self._arena = arena
        self._role = role

    async def join(self, features: frozenset[Feature] = LANES) -> Peer:
        """Join the room."""
        self.connection = await self._arena.join(self._role, timing=PATIENT, features=features)
        self.recorder = EventRecorder(self.connection)
        return self

    async def lane(self) -> Peer:
        """Join the room, and wait for a lane that works."""
        await self.join()
        await wait_until(lambda: self.state is LaneState.UP and self.has_pong, 'the lane')
        return self

    @property
    def state(self) -> LaneState | None:
        """The state of the lane."""
        report = self.connection.lane_report
        return None if report is None else report.state

    @property
    def has_pong(self) -> bool:
        """Whether the lane has answered."""
        report = self.connection.lane_report
        return report is not None and report.round_trip_s is not None

    @property
    def values(self) -> list[dict[str, float]]:
        """The values of the updates that have arrived."""
        return values_of(self.recorder.events)

    @property
    def stops(self) -> list[str | None]:
        """The reasons of the stops that have arrived."""
        return [each.reason for each in self.recorder.events if isinstance(each, EmergencyStop)]

    async def send(self, **values: float) -> None:
        """Send an update."""
        await self.connection.send(JointUpdate.of(values))


def lose_all(_datagram: bytes) -> tuple[float, ...]:
    """Lose each datagram."""
    return ()


async def test_updates_take_the_lane_in_both_directions(room: tuple[Arena, UdpProxy]) -> None:
    """Each of them arrives once, although the WebSocket repeats some of them."""
    arena, proxy = room
    leader, follower = await Peer(arena, PRODUCER).lane(), await Peer(arena, CONSUMER).lane()
    count = 50
    async for number in ticks(200.0):
        await leader.send(a=float(number), b=1.0)
        if number == count:
            break

    await wait_until(lambda: follower.values[-1:] == [{'a': float(count)}], 'the last value')

    moved = [values['a'] for values in follower.values]
    assert moved == sorted(set(moved))
    assert len(moved) > count / 2
    assert [values for values in follower.values if 'b' in values] == follower.values[:1]
    report = follower.connection.lane_report
    assert report is not None
    assert report.received > count / 2


async def test_the_last_value_arrives_although_all_datagrams_are_lost(
    room: tuple[Arena, UdpProxy],
) -> None:
    """The WebSocket repeats it, before the lane is known to be dead."""
    arena, proxy = room
    leader, follower = await Peer(arena, PRODUCER).lane(), await Peer(arena, CONSUMER).lane()
    proxy.to_client = lose_all

    await leader.send(a=1.0)
    await leader.send(a=2.0)

    await wait_until(lambda: follower.values[-1:] == [{'a': 2.0}], 'the last value')


async def test_faults_of_the_path_bring_no_older_value_back(room: tuple[Arena, UdpProxy]) -> None:
    """Datagrams are lost, repeated and reordered on both halves of the way."""
    arena, proxy = room
    leader, follower = await Peer(arena, PRODUCER).lane(), await Peer(arena, CONSUMER).lane()
    dice = random.Random(17)

    def fate(_datagram: bytes) -> tuple[float, ...]:
        return tuple(dice.uniform(0.0, 0.08) for _ in range(dice.choice((0, 1, 1, 2))))

    proxy.to_server = proxy.to_client = fate
    async for number in ticks(100.0):
        await leader.send(a=float(number))
        if number == 200:
            break
    await wait_until(lambda: follower.values[-1:] == [{'a': 200.0}], 'the last value')

    moved = [values['a'] for values in follower.values]
    assert moved == sorted(set(moved))


async def test_a_dead_lane_is_noticed_and_the_link_goes_on(room: tuple[Arena, UdpProxy]) -> None:
    """UDP is blocked in the middle of a stream; no update is lost, and no link ends."""
    arena, proxy = room
    leader, follower = await Peer(arena, PRODUCER).lane(), await Peer(arena, CONSUMER).lane()
    proxy.to_server = proxy.to_client = lose_all

    async for number in ticks(50.0):
        await leader.send(a=float(number))
        if leader.state is None and follower.state is None:
            break
    await leader.send(a=-1.0)

    await wait_until(lambda: follower.values[-1:] == [{'a': -1.0}], 'the last value')
    assert leader.connection.lane_obstacle == 'no answer on the lane for 3 s'
    assert leader.recorder.loss is None
    assert follower.recorder.loss is None


async def test_a_lane_is_opened_again(
    room: tuple[Arena, UdpProxy], monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a while of blocked UDP, or from the start."""
    monkeypatch.setattr(keeper, 'SHORTEST_PAUSE_S', 1.1)
    arena, proxy = room
    proxy.to_server = lose_all
    leader = await Peer(arena, PRODUCER).join()
    await wait_until(lambda: leader.connection.lane_obstacle, 'the obstacle')

    proxy.to_server = lambda datagram: (0.0,)

    await wait_until(lambda: leader.has_pong, 'the lane')
    assert leader.connection.lane_obstacle is None


async def test_a_stop_arrives_once(room: tuple[Arena, UdpProxy]) -> None:
    """Also at its sender, for whom it is the acknowledgement."""
    arena, _ = room
    leader, follower = await Peer(arena, PRODUCER).lane(), await Peer(arena, CONSUMER).lane()

    await follower.connection.send(EmergencyStop('smoke'))
    await leader.connection.send(EmergencyStop('fire'))

    await wait_until(lambda: len(follower.stops) == 2 == len(leader.stops), 'both stops')
    await leader.send(a=1.0)
    await wait_until(lambda: follower.values, 'what was sent after all copies')
    assert len(leader.stops) == 2 == len(follower.stops)
    assert set(leader.stops) == set(follower.stops) == {'smoke', 'fire'}


async def test_a_stop_needs_the_lane_no_more_than_an_update(room: tuple[Arena, UdpProxy]) -> None:
    """The WebSocket carries it, too."""
    arena, proxy = room
    leader, follower = await Peer(arena, PRODUCER).lane(), await Peer(arena, CONSUMER).lane()
    proxy.to_server = proxy.to_client = lose_all

    await leader.connection.send(EmergencyStop('fire'))

    await wait_until(lambda: follower.stops == leader.stops == ['fire'], 'the stop')


async def test_the_values_of_the_producer_before_are_not_repeated(
    room: tuple[Arena, UdpProxy],
) -> None:
    """A complete update has the joints of its sender, not of the room."""
    arena, _ = room
    follower = await Peer(arena, CONSUMER).lane()
    first = await Peer(arena, PRODUCER).lane()
    await first.send(a=1.0, b=1.0)
    await wait_until(lambda: follower.values, 'the first producer')
    await first.connection.aclose()
    second = await Peer(arena, PRODUCER).lane()

    await second.send(b=2.0)
    await second.send(b=3.0)

    await wait_until(lambda: follower.values[-1:] == [{'b': 3.0}], 'the second producer')
    assert all('a' not in values for values in follower.values[1:])


async def test_participants_without_lanes_see_what_they_always_saw(
    room: tuple[Arena, UdpProxy],
) -> None:
    """Only the joints that change, without numbers."""
    arena, _ = room
    leader = await Peer(arena, PRODUCER).lane()
    plain = await Peer(arena, CONSUMER).join(frozenset())
    await leader.send(a=1.0, b=1.0)
    await wait_until(lambda: plain.values == [{'a': 1.0, 'b': 1.0}], 'the first update')
    await leader.send(a=2.0, b=1.0)

    await wait_until(lambda: plain.values[-1:] == [{'a': 2.0}], 'the second update')

    updates = [event for event in plain.recorder.events if isinstance(event, JointUpdate)]
    assert [update.seq for update in updates] == [None, None]


async def test_the_number_of_lanes_is_limited() -> None:
    """Others use the WebSocket; a place is free when its holder leaves."""
    async with arena_with_lanes(Limits(fast_lanes=1)) as (arena, _):
        first = await Peer(arena, PRODUCER).lane()
        second = await Peer(arena, CONSUMER).join()
        await wait_until(lambda: second.connection.lane_obstacle, 'the obstacle')

        assert second.connection.lane_obstacle == (
            'the server refused it: all 1 fast lanes of this server are in use'
        )
        await first.send(a=1.0)
        await wait_until(lambda: second.values == [{'a': 1.0}], 'the update')
        await first.connection.aclose()
        await Peer(arena, PRODUCER).lane()


async def test_a_server_without_lanes_does_not_enable_the_feature() -> None:
    """``--max-fast-lanes 0`` switches lanes off."""
    async with arena_with_lanes(Limits(fast_lanes=0)) as (arena, _):
        peer = await Peer(arena, PRODUCER).join()

        assert Feature.FAST_LANE not in peer.connection.features
        assert peer.connection.lane_obstacle == 'this server has no fast lanes'


async def test_no_lane_is_wanted_with_never(room: tuple[Arena, UdpProxy]) -> None:
    """The choice of the public client."""
    arena, proxy = room
    async with RoboticsProducer(arena.address.base_url, fast_lane='never') as producer:
        assert await producer.connect('lab', arena.room_id)
        assert producer.lane_report is None
        assert producer.lane_obstacle == 'it is switched off'
    with pytest.raises(ValueError, match="Invalid fast_lane: 'on', expected 'auto' or 'never'"):
        RoboticsConsumer(arena.address.base_url, fast_lane='on')
    assert proxy.seen == []


async def test_the_public_client_takes_the_lane(room: tuple[Arena, UdpProxy]) -> None:
    """A producer that sends some of its joints sends all of them by the lane."""
    arena, proxy = room
    seen: list[dict[str, float]] = []
    producer = RoboticsProducer(arena.address.base_url)
    consumer = RoboticsConsumer(arena.address.base_url)
    consumer.on_joint_update(lambda entries: seen.append({e['name']: e['value'] for e in entries}))
    async with producer, consumer:
        assert await producer.connect('lab', arena.room_id)
        assert await consumer.connect('lab', arena.room_id)
        await wait_until(lambda: producer.lane_report and consumer.lane_report, 'the lanes')
        await producer.send_joint_update([{'name': 'a', 'value': 1.0}])
        await producer.send_joint_update([{'name': 'b', 'value': 2.0}])
        await wait_until(lambda: {'b': 2.0} in seen or {'a': 1.0, 'b': 2.0} in seen, 'both')
        proxy.to_client = lose_all
        await producer.send_joint_update([{'name': 'a', 'value': 3.0}])
        await wait_until(lambda: seen[-1] == {'a': 3.0}, 'the last value')
    assert consumer.lane_report is None


def has_length(items: list[dict[str, float]], length: int) -> bool:
    """Return whether a list has a length."""
    return len(items) == length


@pytest.fixture
def no_repetitions(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the WebSocket repeat nothing in this test."""
    monkeypatch.setattr(lane_module, 'Repeats', partial(Repeats, 3600.0))


@pytest.mark.usefixtures('no_repetitions')
async def test_a_program_that_iterates_gets_what_comes_by_the_lane(
    room: tuple[Arena, UdpProxy],
) -> None:
    """At once, although it waits for the WebSocket."""
    arena, _ = room
    leader = await Peer(arena, PRODUCER).lane()
    seen: list[dict[str, float]] = []
    consumer = RoboticsConsumer(arena.address.base_url)
    consumer.on_joint_update(lambda entries: seen.append({e['name']: e['value'] for e in entries}))
    async with consumer:
        assert await consumer.connect('lab', arena.room_id)
        await wait_until(lambda: consumer.lane_report, 'the lane')
        for number in range(5):
            await leader.send(a=float(number))
            await wait_until(partial(has_length, seen, number + 1), 'the update')
        assert seen == [{'a': float(number)} for number in range(5)]


async def test_with_a_lane_an_update_is_not_written_by_another_thread(
    room: tuple[Arena, UdpProxy],
) -> None:
    """The lane belongs to the event loop."""
    arena, _ = room
    leader = await Peer(arena, PRODUCER).lane()

    assert not leader.connection.send_now(JointUpdate.of({'a': 1.0}))


async def test_a_missing_library_is_the_obstacle(
    room: tuple[Arena, UdpProxy], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The link works without it."""
    arena, _ = room

    def check() -> None:
        raise LaneError('OpenSSL is not installed')

    monkeypatch.setattr(availability, 'check', check)
    leader = await Peer(arena, PRODUCER).join()

    assert leader.connection.lane_obstacle == 'OpenSSL is not installed'
    assert Feature.FAST_LANE not in leader.connection.features


async def test_lanes_beside_tls_and_a_token(tmp_path: Path) -> None:
    """The fingerprints of both ends travel over the encrypted WebSocket."""
    authority = Authority(tmp_path)
    certificate = authority.certify_this_machine()
    with running_server(lanes=True, certificate=certificate, rules=rules_of('x' * 40)) as url:
        producer = RoboticsProducer(url, token='x' * 40, ca_file=authority.file)
        async with producer:
            workspace_id, room_id = await producer.create_room()
            assert await producer.connect(workspace_id, room_id)
            await wait_until(lambda: producer.lane_report, 'the lane')


async def test_the_content_of_datagrams_cannot_be_read(room: tuple[Arena, UdpProxy]) -> None:
    """Neither names nor reasons appear on the network."""
    arena, proxy = room
    leader = await Peer(arena, PRODUCER).lane()

    await leader.send(shoulder_pan=1.0)
    await leader.connection.send(EmergencyStop('smoke'))
    await wait_until(lambda: leader.stops, 'the stop')

    assert len(proxy.seen) > 5
    for word in (b'shoulder_pan', b'smoke', b'joint_update', b'ping'):
        assert all(word not in datagram for datagram in proxy.seen)


async def test_a_lane_ends_with_its_participant() -> None:
    """The only place is free again."""
    async with arena_with_lanes(Limits(fast_lanes=1)) as (arena, _):
        for _ in range(3):
            peer = await Peer(arena, PRODUCER).lane()
            await peer.connection.aclose()
            assert peer.connection.lane_report is None
