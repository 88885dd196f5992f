# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.


"""The lane of a client: requested, opened, used, and opened again."""

from __future__ import annotations

import asyncio

import pytest
from support.channels import MemoryChannel, channel_pair
from support.waiting import wait_until

from lerobot_arena_ros.arena.features import Feature
from lerobot_arena_ros.arena.lane import client_lane as client_lane_module
from lerobot_arena_ros.arena.lane import keeper as keeper_module
from lerobot_arena_ros.arena.lane.channel import Channel
from lerobot_arena_ros.arena.lane.client_lane import ClientLane
from lerobot_arena_ros.arena.lane.errors import LaneError
from lerobot_arena_ros.arena.lane.keeper import Ask, Dial
from lerobot_arena_ros.arena.messages import (
    EmergencyStop,
    Join,
    Joined,
    JointUpdate,
    LaneAnswer,
    LaneRequest,
    Role,
    StateSync,
    decode_client,
    encode,
)
from lerobot_arena_ros.arena.session import Event, LinkTiming, Presence, Session
from lerobot_arena_ros.arena.steady_clock import steady_now

FINGERPRINT = 'ab' * 32
LANES = frozenset((Feature.FAST_LANE,))
ANSWER = LaneAnswer(8000, None, FINGERPRINT)


class Client:
    """A lane of a client whose WebSocket is a list."""

    def __init__(
        self,
        dial: Dial,
        *,
        enabled: frozenset[Feature] = LANES,
        no_lane: str | None = None,
    ) -> None:
        now = steady_now()
        self.session = Session(Join('robot', Role.CONSUMER, LANES), LinkTiming(), now)
        self.session.receive(encode(Joined('room', 'lab', Role.CONSUMER, features=enabled)), now)
        self.texts: list[str] = []
        self.events: list[Event] = []
        self.is_behind = False
        self.lane = ClientLane(
            self.session,
            dial,
            no_lane=no_lane,
            post=self.texts.append,
            deliver=self.events.extend,
            is_behind=lambda: self.is_behind,
        )
        self.task = asyncio.create_task(self.lane.keep_open())

    async def close(self) -> None:
        """End the task."""
        self.task.cancel()
        await asyncio.wait([self.task])

    def answer(self, answer: LaneAnswer) -> None:
        """Deliver the answer to a request, as the WebSocket does."""
        assert self.lane.without_answers([answer]) == []


class Server:
    """The other ends of the channels that were opened."""

    def __init__(self, error: Exception | None = None) -> None:
        self.ends: list[MemoryChannel] = []
        self.answers: list[LaneAnswer] = []
        self.error = error

    async def dial(self, ask: Ask) -> Channel:
        """Open a channel after the answer to a request."""
        self.answers.append(await ask(FINGERPRINT))
        if self.error is not None:
            raise self.error
        here, there = channel_pair()
        there.listen(lambda text: self._reply(there, text), lambda reason: None)
        self.ends.append(there)
        return here

    def _reply(self, end: MemoryChannel, text: str) -> None:
        if text.startswith('ping'):
            end.send(text.replace('ping', 'pong'))


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Try again soon."""
    monkeypatch.setattr(keeper_module, 'SHORTEST_PAUSE_S', 0.01)


async def opened(server: Server, client: Client) -> MemoryChannel:
    """Return the server's end of an open lane."""
    await wait_until(lambda: client.texts, 'the request')
    client.answer(ANSWER)
    await wait_until(lambda: client.lane.is_open, 'the lane')
    return server.ends[-1]


async def test_a_lane_is_requested_with_a_fingerprint() -> None:
    """Over the WebSocket, so only a participant can request it."""
    server = Server()
    client = Client(server.dial)
    await opened(server, client)

    assert decode_client(client.texts[0], LANES) == LaneRequest(FINGERPRINT)
    assert server.answers == [ANSWER]
    assert client.lane.obstacle is None
    assert client.lane.report is not None
    assert client.session.lane is not None
    await client.close()
    assert not server.ends[0].is_open
    assert client.lane.report is None
    assert client.session.lane is None


async def test_without_the_feature_no_lane_is_requested() -> None:
    """A public server has none, and updates have no numbers."""
    client = Client(Server().dial, enabled=frozenset())
    await asyncio.wait([client.task])

    update = JointUpdate.of({'a': 1.0})
    assert client.lane.numbered(update) is update
    assert client.lane.send_stop(EmergencyStop('smoke')) == EmergencyStop('smoke')
    assert client.texts == []
    assert client.lane.obstacle == 'this server has no fast lanes'


async def test_the_reason_why_no_lane_is_wanted_is_shown() -> None:
    """For example that a library is missing."""
    client = Client(Server().dial, enabled=frozenset(), no_lane='pyOpenSSL is not installed')

    assert client.lane.obstacle == 'pyOpenSSL is not installed'
    await client.close()


async def test_a_refused_lane_is_requested_again() -> None:
    """A place may be free later."""
    server = Server()
    client = Client(server.dial)
    await wait_until(lambda: client.texts, 'the request')

    client.answer(LaneAnswer(reason='all 200 fast lanes of this server are in use'))

    await wait_until(lambda: len(client.texts) == 2, 'the second request')
    assert client.lane.obstacle == (
        'the server refused it: all 200 fast lanes of this server are in use'
    )
    client.answer(ANSWER)
    await wait_until(lambda: client.lane.is_open, 'the lane')
    assert client.lane.obstacle is None
    await client.close()


async def test_an_unanswered_request_is_repeated(monkeypatch: pytest.MonkeyPatch) -> None:
    """An answer that comes too late counts for nothing."""
    monkeypatch.setattr(keeper_module, 'ANSWER_TIMEOUT_S', 0.01)
    client = Client(Server().dial)
    await wait_until(lambda: client.lane.obstacle, 'the obstacle')

    assert client.lane.obstacle == 'no answer to the request within 0.01 s'
    monkeypatch.setattr(keeper_module, 'ANSWER_TIMEOUT_S', 30.0)
    await client.close()
    client.answer(ANSWER)
    assert not client.lane.is_open


@pytest.mark.parametrize(
    ('error', 'text'),
    [
        (LaneError('UDP is blocked'), 'UDP is blocked'),
        (RuntimeError('bug'), "it failed because of a bug: RuntimeError('bug')"),
    ],
)
async def test_an_attempt_that_fails_ends_nothing_else(error: Exception, text: str) -> None:
    """Not even a bug ends the link, which works without a lane."""
    server = Server(error)
    client = Client(server.dial)
    await wait_until(lambda: client.texts, 'the request')
    client.answer(ANSWER)

    await wait_until(lambda: len(client.texts) == 2, 'the second request')

    assert client.lane.obstacle == text
    server.error = None
    client.answer(ANSWER)
    await wait_until(lambda: client.lane.is_open, 'the lane')
    await client.close()


async def test_a_lane_that_ended_is_opened_again() -> None:
    """The reason is shown meanwhile."""
    server = Server()
    client = Client(server.dial)
    end = await opened(server, client)

    end.close()

    await wait_until(lambda: len(client.texts) == 2, 'the second request')
    assert client.lane.obstacle == 'closed by the other end'
    assert not client.lane.is_open
    client.answer(ANSWER)
    await wait_until(lambda: client.lane.is_open, 'the second lane')
    await client.close()


async def test_a_lane_that_ends_before_it_is_used_ends_nothing_else() -> None:
    """The other end may close it while the client wakes up."""

    async def dial(ask: Ask) -> Channel:
        await ask(FINGERPRINT)
        here, there = channel_pair()
        there.close()
        return here

    client = Client(dial)
    await wait_until(lambda: client.texts, 'the request')
    client.answer(ANSWER)

    await wait_until(lambda: len(client.texts) == 2, 'the second request')
    assert client.lane.obstacle == 'closed by the other end'
    assert not client.lane.is_open
    assert not client.task.done()
    await client.close()


async def test_a_lane_that_cannot_be_used_ends_nothing_else(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A bug in its use is as harmless as one in its opening."""

    def fail(*_arguments: object, **_options: object) -> None:
        raise RuntimeError('bug')

    client = Client(Server().dial)
    with monkeypatch.context() as patched:
        patched.setattr(client_lane_module, 'Lane', fail)
        await wait_until(lambda: client.texts, 'the request')
        client.answer(ANSWER)
        await wait_until(lambda: len(client.texts) == 2, 'the second request')

    assert client.lane.obstacle == "it failed because of a bug: RuntimeError('bug')"
    client.answer(ANSWER)
    await wait_until(lambda: client.lane.is_open, 'the lane')
    await client.close()


async def test_an_update_leaves_by_the_lane_with_a_number() -> None:
    """Without a lane the WebSocket has to carry it."""
    server = Server()
    client = Client(server.dial)
    first = client.lane.numbered(JointUpdate.of({'a': 1.0}))
    assert not client.lane.send_update(first)
    end = await opened(server, client)

    second = client.lane.numbered(JointUpdate.of({'a': 2.0}))
    assert client.lane.send_update(second)

    assert (first.seq, second.seq) == (0, 1)
    await wait_until(lambda: end.received > 0, 'the datagram')
    await wait_until(lambda: second.text in client.texts, 'its repetition')
    await client.close()


async def test_a_stop_leaves_by_both_ways_with_one_name() -> None:
    """The server recognizes the copies by it."""
    server = Server()
    client = Client(server.dial)
    end = await opened(server, client)

    stop = client.lane.send_stop(EmergencyStop('smoke'))

    assert stop.reason == 'smoke'
    assert stop.stop_id
    assert end.peer.texts.count(encode(stop)) == 1
    await wait_until(lambda: end.peer.texts.count(encode(stop)) == 3, 'three datagrams')
    assert client.lane.send_stop(EmergencyStop('smoke')).stop_id != stop.stop_id
    await client.close()


async def test_a_stop_without_a_lane_has_a_name_too() -> None:
    """A lane may be opened before the WebSocket has delivered it."""
    client = Client(Server().dial)

    assert client.lane.send_stop(EmergencyStop('smoke')).stop_id
    await client.close()


async def test_a_lane_that_lasted_long_is_opened_again_soon(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Otherwise the pauses would become longer for ever."""
    monkeypatch.setattr(keeper_module, 'LONGEST_PAUSE_S', 0.0)
    server = Server()
    client = Client(server.dial)

    def has_ten_requests() -> bool:
        client.answer(LaneAnswer(reason='not now'))
        return len(client.texts) == 10

    await wait_until(has_ten_requests, 'ten requests')
    await client.close()


async def test_what_comes_by_both_ways_is_passed_on_once() -> None:
    """Whichever way is first."""
    server = Server()
    client = Client(server.dial)
    end = await opened(server, client)
    client.session.receive(encode(StateSync({'a': 0.0, 'b': 7.0})), steady_now())
    texts = [
        encode(JointUpdate(({'name': 'a', 'value': value}, {'name': 'b', 'value': 7.0}), seq=seq))
        for seq, value in enumerate((1.0, 2.0, 3.0))
    ]
    stop = encode(EmergencyStop('smoke', 'leader', '2026-11-29T00:00:00+00:00'))

    end.send(texts[1])
    await wait_until(lambda: updates_of(client.events), 'the update')
    by_socket = [each for text in texts[:2] for each in client.session.receive(text, steady_now())]
    end.send(texts[2])
    end.send(stop)
    end.send(stop)
    await wait_until(lambda: stops_of(client.events), 'the stop')
    by_socket += client.session.receive(stop, steady_now())

    assert updates_of(client.events) == [{'a': 2.0}, {'a': 3.0}]
    assert len(stops_of(client.events)) == 1
    assert by_socket == []
    await client.close()


async def test_a_program_that_is_behind_gets_no_more_updates_by_the_lane() -> None:
    """It gets the newest one by the WebSocket; a stop is passed on at once."""
    server = Server()
    client = Client(server.dial)
    end = await opened(server, client)
    client.is_behind = True
    update = encode(JointUpdate(({'name': 'a', 'value': 1.0},), seq=0))

    end.send(update)
    end.send(encode(EmergencyStop('smoke', 'leader', '2026-11-29T00:00:00+00:00')))

    await wait_until(lambda: stops_of(client.events), 'the stop')
    assert updates_of(client.events) == []
    assert len(client.session.receive(update, steady_now())) == 1
    await client.close()


async def test_the_delay_of_the_lane_is_reported() -> None:
    """It decides whether commands are late that take the lane, not that of the WebSocket."""
    server = Server()
    client = Client(server.dial)
    end = await opened(server, client)
    await wait_until(lambda: client.session.lane and client.session.lane.round_trip_s, 'a pong')
    assert client.events == []

    end.send(encode(JointUpdate(({'name': 'a', 'value': 1.0},), seq=0)))

    await wait_until(lambda: any(isinstance(e, Presence) for e in client.events), 'a round trip')

    presence = next(event for event in client.events if isinstance(event, Presence))
    assert presence.has_producer is None
    assert presence.round_trip_s is not None
    await client.close()


def updates_of(events: list[Event]) -> list[dict[str, float]]:
    """Return the values of the updates."""
    return [event.values for event in events if isinstance(event, JointUpdate)]


def stops_of(events: list[Event]) -> list[EmergencyStop]:
    """Return the stops."""
    return [event for event in events if isinstance(event, EmergencyStop)]
