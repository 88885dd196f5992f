# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.


"""The fast lanes of a server: requests, places, and their end."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from support.channels import MemoryChannel, channel_pair
from support.waiting import wait_until

from lerobot_arena_ros.arena.features import Feature
from lerobot_arena_ros.arena.lane.channel import Channel
from lerobot_arena_ros.arena.lane.errors import LaneError
from lerobot_arena_ros.arena.lane.lane import Lane
from lerobot_arena_ros.arena.messages import Join, JointUpdate, LaneAnswer, LaneRequest, Role
from lerobot_arena_ros.server.participants import lanes as lanes_module
from lerobot_arena_ros.server.participants.lanes import LanePlace, Lanes, Opener
from lerobot_arena_ros.server.rooms.base_room import Member, Now
from lerobot_arena_ros.server.rooms.limits import Limits
from lerobot_arena_ros.server.rooms.room import Room

SERVER, CLIENT, OTHER = 'aa' * 32, 'bb' * 32, 'cc' * 32
NOW = Now(100.0, '2026-01-31T10:15:30+00:00')
ROOM = Room('lab', 'arm', NOW, limits=Limits())


def member(name: str) -> Member:
    """Return a participant."""
    return Member(name, Role.CONSUMER, ROOM, frozenset((Feature.FAST_LANE,)), name)


class Listener:
    """Expects participants, and opens their channels when a test asks for it."""

    fingerprint = SERVER

    def __init__(self) -> None:
        self.counts = {'received': 7}
        self.expected: dict[str, Callable[[Channel], None]] = {}
        self.error: LaneError | None = None

    async def opener(self) -> Opener:
        """Return itself."""
        if self.error is not None:
            raise self.error
        return self

    def expect(
        self, fingerprint: str, on_open: Callable[[Channel], None], timeout_s: float
    ) -> None:
        """Expect a participant."""
        self.expected[fingerprint] = on_open

    def forget(self, fingerprint: str) -> None:
        """Expect it no longer."""
        self.expected.pop(fingerprint, None)

    def open(self, fingerprint: str) -> MemoryChannel:
        """Open a channel; return the client's end."""
        here, there = channel_pair()
        self.expected.pop(fingerprint)(here)
        return there


class Owner:
    """The connection of a participant."""

    def __init__(self) -> None:
        self.lane: Lane | None = None
        self.repeated: list[JointUpdate] = []

    def use_lane(self, lane: Lane | None) -> None:
        """Use a lane, or none."""
        self.lane = lane

    def repeat(self, update: JointUpdate) -> None:
        """Keep an update for the WebSocket."""
        self.repeated.append(update)


class Served:
    """Lanes with a listener."""

    def __init__(self, most: int = 2, rate_hz: float = 1000.0) -> None:
        self.texts: list[tuple[Member, str]] = []
        self.listener = Listener()
        self.lanes = Lanes(most, rate_hz, lambda *text: self.texts.append(text))
        self.lanes.place = LanePlace(8000, None, self.listener.opener)

    async def request(
        self, who: Member, owner: Owner, fingerprint: str = CLIENT, *, may_drive: bool = True
    ) -> LaneAnswer:
        """Request a lane."""
        request = LaneRequest(fingerprint)
        return await self.lanes.request(who, owner, request, may_drive=may_drive)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Control the clock of the lanes: a list with the time."""
    time = [100.0]
    monkeypatch.setattr(lanes_module, 'now', lambda: Now(time[0], NOW.stamp))
    return time


async def test_a_request_is_answered_with_the_place_and_the_fingerprint() -> None:
    """The participant is expected there, and gets a lane when it comes."""
    served, ros, owner = Served(), member('ros'), Owner()

    assert await served.request(ros, owner) == LaneAnswer(8000, None, SERVER)
    assert served.lanes.count == 0
    client = served.listener.open(CLIENT)

    assert owner.lane is not None
    assert (served.lanes.count, served.lanes.opened) == (1, 1)
    client.send('{"type":"x"}')
    await wait_until(lambda: served.texts, 'the message')
    assert served.texts == [(ros, '{"type":"x"}')]
    served.lanes.remove(ros)
    assert not client.is_open
    assert owner.lane is None
    assert served.lanes.count == 0


async def test_the_counts_of_datagrams_are_those_of_the_listener() -> None:
    """There are none before the first request, because there is no listener yet."""
    served = Served()
    assert served.lanes.datagrams == {}

    await served.request(member('ros'), Owner())

    assert served.lanes.datagrams == {'received': 7}


async def test_a_lane_that_fails_frees_its_place() -> None:
    """The participant requests another one."""
    served, ros, owner = Served(), member('ros'), Owner()
    await served.request(ros, owner)
    client = served.listener.open(CLIENT)

    client.close()

    await wait_until(lambda: owner.lane is None, 'the end of the lane')
    assert served.lanes.count == 0
    served.lanes.remove(ros)


async def test_the_places_are_limited(clock: list[float]) -> None:
    """A participant that does not open its lane loses its place after a while."""
    served = Served(most=1)
    await served.request(member('slow'), Owner())
    refused = await served.request(member('ros'), Owner(), OTHER)
    clock[0] += lanes_module.OPEN_S + 1.0
    accepted = await served.request(member('ros'), Owner(), OTHER)

    assert refused == LaneAnswer(reason='all 1 fast lanes of this server are in use')
    assert accepted.port == 8000


async def test_the_last_places_are_for_those_who_drive() -> None:
    """Viewers cannot take all lanes from robots and operators."""
    served = Served(most=4)
    for number in range(3):
        await served.request(member(f'viewer-{number}'), Owner(), f'{number}' * 64)

    refused = await served.request(member('viewer'), Owner(), OTHER, may_drive=False)
    accepted = await served.request(member('robot'), Owner(), OTHER)

    assert refused == LaneAnswer(reason='the last 1 fast lanes are for tokens that may drive')
    assert accepted.port == 8000


async def test_a_newer_request_replaces_the_lane(clock: list[float]) -> None:
    """A client that restarts its lane does not wait for the end of the old one."""
    served, ros, owner = Served(most=1), member('ros'), Owner()
    await served.request(ros, owner)
    client = served.listener.open(CLIENT)
    clock[0] += 2.0

    await served.request(ros, owner, OTHER)

    assert not client.is_open
    assert list(served.listener.expected) == [OTHER]
    served.listener.open(OTHER)
    assert served.lanes.count == 1
    served.lanes.remove(ros)


async def test_requests_too_soon_are_refused(clock: list[float]) -> None:
    """A handshake costs CPU that the other participants need."""
    served, ros, owner = Served(), member('ros'), Owner()
    await served.request(ros, owner)
    clock[0] += 0.5

    answer = await served.request(ros, owner, OTHER)

    assert answer == LaneAnswer(reason='at most one request each 1 s is accepted')
    assert list(served.listener.expected) == [CLIENT]


async def test_a_fingerprint_of_another_participant_is_refused() -> None:
    """Otherwise it would get the lane of the other one."""
    served = Served()
    await served.request(member('ros'), Owner())

    answer = await served.request(member('thief'), Owner())

    assert answer.reason == 'this fingerprint is in use; make a certificate for each lane'
    assert list(served.listener.expected) == [CLIENT]


async def test_who_has_left_gets_no_lane() -> None:
    """Neither while the listener is being made, nor after it."""
    served, ros, owner = Served(), member('ros'), Owner()
    await served.request(ros, owner)
    on_open = served.listener.expected[CLIENT]
    served.lanes.remove(ros)
    assert served.listener.expected == {}

    here, there = channel_pair()
    on_open(here)

    assert not there.is_open
    assert owner.lane is None


async def test_a_server_without_a_place_refuses() -> None:
    """For example because its UDP port is in use."""
    served = Served()
    served.lanes.place = None

    answer = await served.request(member('ros'), Owner())

    assert not served.lanes.are_offered
    assert answer == LaneAnswer(reason='this server has no fast lanes')


async def test_a_listener_that_cannot_be_made_is_a_reason() -> None:
    """For example because a library does not work; the place is free again."""
    served, ros = Served(most=1), member('ros')
    served.listener.error = LaneError('OpenSSL does not work')

    assert await served.request(ros, Owner()) == LaneAnswer(reason='OpenSSL does not work')
    served.listener.error = None
    assert (await served.request(member('other'), Owner())).port == 8000


async def test_a_flood_is_limited_and_counted(clock: list[float]) -> None:
    """The rate is that of the WebSocket; pings count, too."""
    served, ros, owner = Served(rate_hz=5.0), member('ros'), Owner()
    await served.request(ros, owner)
    client = served.listener.open(CLIENT)
    for number in range(100):
        client.send(f'ping {number}' if number % 2 else '{}')

    await wait_until(lambda: served.lanes.limited, 'dropped datagrams')
    await wait_until(lambda: len(served.texts) + served.lanes.limited > 50, 'the rest')

    assert len(served.texts) == 5
    served.lanes.remove(ros)


def test_a_room_is_joined_by_members_with_the_feature() -> None:
    """The room keeps the feature of a participant that asks for it."""
    room = Room('lab', 'arm', NOW, limits=Limits())

    joined = room.join(Join('ros', Role.CONSUMER, frozenset((Feature.FAST_LANE,))), NOW)

    assert joined.features == {Feature.FAST_LANE}
