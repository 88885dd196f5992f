# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""Participants that do not read what the server sends, and those in the same room."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, asynccontextmanager, closing
import json
from pathlib import Path
from typing import Any

import httpx
import pytest
from support.certificates import Authority
from support.peers import Peer, RawPeer, enter, joint, joints, update, ws_path
from support.server import running_server
from support.waiting import wait_until

from lerobot_arena_ros.server.rooms.limits import Timing

PATH = ws_path('lab', 'arm')
ROOMS = '/robotics/workspaces/lab/rooms'
# More than all buffers between the server and a peer hold.
FLOOD = 200
BIG = 400


def bulk(step: int) -> dict[str, object]:
    """Return an update of about 30 KB that changes every joint."""
    return update(*(joint(f'{number:0>50}', step) for number in range(BIG)))


@pytest.fixture(params=['http', 'https'])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Run a server with a long timeout and one room, with and without TLS."""
    certificate = None
    if request.param == 'https':
        certificate = Authority(tmp_path).certify_this_machine()
    with running_server(certificate=certificate) as address:
        httpx.post(address + ROOMS, json={'room_id': 'arm'}, verify=False)
        yield address


@asynccontextmanager
async def producer_of(url: str) -> AsyncIterator[Peer]:
    """Join as the producer."""
    async with enter(url, 'lab', 'arm', 'leader', 'producer') as producer:
        yield producer


async def flood(producer: Peer) -> None:
    """Send more than the buffers of a peer hold, and check that the server accepted all."""
    for step in range(FLOOD):
        await producer.send(bulk(step))
    await producer.expect_silence()


def values_of(message: dict[str, list[dict[str, object]]]) -> dict[object, object]:
    """Return an update as names and values."""
    return {entry['name']: entry['value'] for entry in message['data']}


async def test_s09_a_consumer_that_does_not_read_delays_no_other(url: str) -> None:
    """Other consumers get each update, and the producer gets its answers."""
    slow = RawPeer.enter(url, PATH, 'slow', 'consumer')
    with closing(slow):
        async with (
            enter(url, 'lab', 'arm', 'fast', 'consumer') as fast,
            producer_of(url) as producer,
        ):
            for step in range(FLOOD):
                await producer.send(bulk(step))
                got = values_of(await fast.recv_type('joint_update'))
                assert set(got.values()) == {step}
            await producer.expect_silence()


async def test_a_consumer_that_falls_behind_gets_the_newest_of_each_joint(url: str) -> None:
    """Buffered updates are merged, so the state is complete and the buffer is small."""
    with closing(RawPeer.enter(url, PATH, 'slow', 'consumer')) as slow:
        async with producer_of(url) as producer:
            await producer.send(joints(early=1))
            await flood(producer)
            await producer.send(joints(late=1))
            await producer.expect_silence()

            known: dict[object, object] = {}
            received = 0
            while 'late' not in known:
                known.update(values_of(slow.recv()))
                received += 1

    assert known == {'early': 1, 'late': 1, **{f'{n:0>50}': FLOOD - 1 for n in range(BIG)}}
    assert received < FLOOD / 2


async def test_an_emergency_stop_overtakes_buffered_updates(url: str) -> None:
    """The stop arrives before an update that was buffered earlier."""
    with closing(RawPeer.enter(url, PATH, 'slow', 'consumer')) as slow:
        async with producer_of(url) as producer:
            await flood(producer)
            await producer.send(joints(before=1))
            await producer.send({'type': 'emergency_stop'})
            await producer.recv_type('emergency_stop')

            messages: list[dict[str, Any]] = []
            while not messages or 'before' not in values_of({'data': [], **messages[-1]}):
                messages.append(slow.recv())

    assert [message['type'] for message in messages[-2:]] == ['emergency_stop', 'joint_update']


async def test_a_consumer_that_never_drains_is_closed_with_1013() -> None:
    """It gets the reason when it reads again; its place is free, and others go on."""
    with running_server(timing=Timing(stall_s=0.1)) as url:
        httpx.post(url + ROOMS, json={'room_id': 'arm'})
        with closing(RawPeer.enter(url, PATH, 'slow', 'consumer')) as slow:
            async with producer_of(url) as producer:
                await flood(producer)
                await wait_until(
                    lambda: consumers(url) == [], 'the stalled consumer to lose its place'
                )

                assert await asyncio.to_thread(slow.close_code) == 1013
                await producer.expect_silence()


async def test_a_peer_that_asks_and_does_not_read_is_closed(url: str) -> None:
    """Replies cannot be merged, so their number is limited."""
    with closing(RawPeer.enter(url, PATH, 'greedy', 'consumer')) as greedy:
        async with producer_of(url) as producer:
            await flood(producer)
            for _ in range(200):
                greedy.send(json.dumps({'type': 'heartbeat'}).encode())
            await wait_until(lambda: consumers(url) == [], 'the greedy peer to lose its place')

            assert await asyncio.to_thread(greedy.close_code) == 1013


async def test_a_room_with_a_stalled_member_can_be_deleted(url: str) -> None:
    """The deletion does not wait for the member, and its socket is closed."""
    with closing(RawPeer.enter(url, PATH, 'slow', 'consumer')) as slow:
        async with producer_of(url) as producer:
            await flood(producer)

            assert httpx.delete(f'{url}{ROOMS}/arm', verify=False).status_code == 200

            assert await producer.close_code() == 4404
        assert await asyncio.to_thread(slow.close_code) == 4404


async def test_a_server_with_a_stalled_peer_shuts_down() -> None:
    """The peer is aborted, so the server ends in time."""
    with ExitStack() as after, running_server() as url:
        httpx.post(url + ROOMS, json={'room_id': 'arm'})
        after.enter_context(closing(RawPeer.enter(url, PATH, 'slow', 'consumer')))
        async with producer_of(url) as producer:
            await flood(producer)


def consumers(url: str) -> object:
    """Return the consumers of the room."""
    return httpx.get(f'{url}{ROOMS}/arm', verify=False).json()['room']['participants']['consumers']
