# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""Hostile participants of video rooms: they are refused, and no other one is harmed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, closing
import time

import pytest
from support.peers import RawPeer, connect, join, ws_path
from support.server import running_server
from support.video_rooms import (
    WORKSPACE,
    answer,
    forwarded,
    ice,
    make_video_room,
    offer,
    post_signal,
    video_peer,
)

from lerobot_arena_ros.server.rooms.limits import Limits, Timing
from lerobot_arena_ros.server.rooms.signalling import MAX_CANDIDATES, OFFER_BURST

JOIN_LIMIT_S = 0.75 * Timing().probe_s
"""Less than the time until the server has found out that the other one does not answer."""

OFFERED = forwarded('Offer forwarded to consumer')


@pytest.fixture(name='url')
def running() -> Iterator[str]:
    """Run a server that has the video room ``front``."""
    with running_server() as address:
        make_video_room(address, 'front')
        yield address


@asynccontextmanager
async def couple(url: str) -> AsyncIterator[None]:
    """Have a camera and a viewer in the room; check that they reach each other at the end."""
    async with (
        video_peer(url, 'front', 'cam', 'producer') as producer,
        video_peer(url, 'front', 'honest', 'consumer') as viewer,
    ):
        yield
        assert (await post_signal(url, 'front', 'cam', offer('honest'))).json() == OFFERED
        while (await viewer.recv())['type'] != 'webrtc_offer':
            pass
        await post_signal(url, 'front', 'honest', answer('cam'))
        while (await producer.recv()).get('from_consumer') != 'honest':
            pass


async def test_a_long_description_passes_and_a_megabyte_is_refused(url: str) -> None:
    """A body of 64 KiB is accepted; a larger one is 413."""
    async with (
        video_peer(url, 'front', 'cam', 'producer'),
        video_peer(url, 'front', 'viewer', 'consumer') as viewer,
    ):
        sdp = 'x' * (64 * 1024 - 200)  # The rest of the body has less than 200 bytes.
        reply = await post_signal(url, 'front', 'cam', offer('viewer', sdp))
        assert reply.json() == OFFERED
        assert (await viewer.recv_type('webrtc_offer'))['offer']['sdp'] == sdp
        reply = await post_signal(url, 'front', 'cam', offer('viewer', 'x' * 1_000_000))
        assert reply.status_code == 413
        await viewer.expect_silence()


async def test_thousands_of_candidates_are_refused(url: str) -> None:
    """A viewer that sends them gets 429, and the others still connect."""
    async with couple(url), video_peer(url, 'front', 'hostile', 'consumer') as hostile:
        await post_signal(url, 'front', 'cam', offer('hostile'))
        await hostile.recv_type('webrtc_offer')
        message = ice(target_producer='cam')
        replies = [
            await post_signal(url, 'front', 'hostile', message) for _ in range(MAX_CANDIDATES + 20)
        ]
        codes = [reply.status_code for reply in replies]
        assert codes == [200] * MAX_CANDIDATES + [429] * 20
        large = ice({'candidate': 'x' * 3000}, target_producer='cam')
        assert (await post_signal(url, 'front', 'hostile', large)).status_code == 422


async def test_a_flood_of_offers_is_refused(url: str) -> None:
    """The viewer gets a few of them, and other viewers theirs."""
    async with couple(url), video_peer(url, 'front', 'victim', 'consumer'):
        codes = [
            (await post_signal(url, 'front', 'cam', offer('victim'))).status_code
            for _ in range(OFFER_BURST + 20)
        ]
        assert codes[:OFFER_BURST] == [200] * OFFER_BURST
        assert 429 in codes


async def test_signals_for_another_room_are_dropped(url: str) -> None:
    """A participant of one room cannot signal to one of another, and gets no error."""
    make_video_room(url, 'other')
    async with (
        couple(url),
        video_peer(url, 'other', 'hostile', 'producer'),
        video_peer(url, 'other', 'bystander', 'consumer') as bystander,
    ):
        for room in ('front', 'other'):
            reply = await post_signal(url, room, 'hostile', offer('honest'))
            assert reply.status_code == 200
            assert reply.json() != OFFERED
        await bystander.expect_silence()


async def test_a_producer_that_reads_slowly_survives_its_viewers() -> None:
    """Candidates of hostile viewers neither disconnect it nor push out those of honest ones."""
    with running_server(timing=Timing(stall_s=60, keepalive_s=60)) as url:
        make_video_room(url, 'front')
        path = ws_path(WORKSPACE, 'front', kind='video')
        slow = RawPeer.enter(url, path, 'cam', 'producer')
        with closing(slow):
            async with AsyncExitStack() as stack:
                names = [f'hostile{number}' for number in range(5)]
                for name in (*names, 'honest'):
                    await stack.enter_async_context(video_peer(url, 'front', name, 'consumer'))
                    await post_signal(url, 'front', 'cam', offer(name))
                large = {'candidate': 'x' * 1900}
                for name in names:
                    await post_signal(url, 'front', name, answer('cam', 'x' * 60_000))
                    for _ in range(MAX_CANDIDATES):
                        await post_signal(url, 'front', name, ice(large, target_producer='cam'))
                await post_signal(url, 'front', 'honest', answer('cam'))
                seen = []
                while 'honest' not in seen:
                    message = await asyncio.to_thread(slow.recv)
                    if message['type'] == 'webrtc_answer':
                        seen.append(message['from_consumer'])
                assert set(seen) <= {*names, 'honest'}


async def test_viewers_that_come_and_go_do_not_disconnect_a_slow_one(url: str) -> None:
    """What a viewer that does not read misses of them is dropped, not counted against it."""
    path = ws_path(WORKSPACE, 'front', kind='video')
    slow = RawPeer.enter(url, path, 'slow', 'consumer')
    with closing(slow):
        async with couple(url):
            for number in range(150):
                async with video_peer(url, 'front', f'churn{number}', 'consumer'):
                    pass
        slow.send(b'{"type":"heartbeat"}')
        while slow.recv()['type'] != 'heartbeat_ack':
            pass


async def test_joined_is_sent_at_once(url: str) -> None:
    """Also to a viewer whose id a dead connection still has."""
    path = ws_path(WORKSPACE, 'front', kind='video')
    dead = RawPeer.enter(url, path, 'viewer', 'consumer')
    with closing(dead):
        async with AsyncExitStack() as stack:
            for number in range(5):
                await stack.enter_async_context(
                    video_peer(url, 'front', f'viewer{number}', 'consumer')
                )
            async with connect(url, path) as peer:
                began = time.monotonic()
                await peer.send(join('viewer', 'consumer'))
                await peer.recv_type('joined')
                assert time.monotonic() - began < JOIN_LIMIT_S


async def test_a_dead_producer_is_replaced() -> None:
    """A camera that lost its network comes back under the same id."""
    with running_server(timing=Timing(probe_s=0.2)) as url:
        make_video_room(url, 'front')
        path = ws_path(WORKSPACE, 'front', kind='video')
        dead = RawPeer.enter(url, path, 'cam', 'producer')
        with closing(dead):
            async with (
                video_peer(url, 'front', 'viewer', 'consumer') as viewer,
                video_peer(url, 'front', 'cam', 'producer'),
            ):
                assert (await viewer.recv_type('participant_left'))['role'] == 'producer'
                assert (await viewer.recv_type('participant_joined'))['participant_id'] == 'cam'


async def test_a_dead_viewer_leaves() -> None:
    """The others receive a message about it, so the camera can end its connection."""
    with running_server(timing=Timing(keepalive_s=0.5)) as url:
        make_video_room(url, 'front')
        path = ws_path(WORKSPACE, 'front', kind='video')
        async with video_peer(url, 'front', 'cam', 'producer') as producer:
            dead = RawPeer.enter(url, path, 'viewer', 'consumer')
            with closing(dead):
                await producer.recv_type('participant_joined')
                left = await producer.recv_type('participant_left')
                assert left['participant_id'] == 'viewer'


async def test_a_frozen_producer_is_disconnected_with_the_feature() -> None:
    """A page whose browser answers pings for it frees its place."""
    with running_server(timing=Timing(liveness_s=0.2)) as url:
        make_video_room(url, 'front')
        path = ws_path(WORKSPACE, 'front', kind='video')
        async with connect(url, path) as peer:
            await peer.send(join('cam', 'producer', 'liveness', 'robot_state'))
            joined = await peer.recv_type('joined')
            assert (joined['features'], joined['liveness_s']) == (['liveness'], 0.2)
            assert (await peer.recv_type('error'))['code'] == 'silent'
            assert await peer.close_code() == 4408


async def test_the_last_stop_of_a_room_is_remembered(url: str) -> None:
    """A participant that asks for it receives it, also after the room was deleted."""
    path = ws_path(WORKSPACE, 'front', kind='video')
    async with video_peer(url, 'front', 'cam', 'producer') as producer:
        await producer.send({'type': 'emergency_stop', 'reason': 'smoke'})
        await producer.recv_type('emergency_stop')
    async with connect(url, path) as peer:
        await peer.send(join('viewer', 'consumer', 'last_stop'))
        stop = (await peer.recv_type('joined'))['last_stop']
    assert (stop['reason'], stop['source']) == ('smoke', 'cam')


async def test_an_oversized_message_is_refused_and_the_next_one_passes(url: str) -> None:
    """The limit is 64 KiB of JSON, because each viewer that reads slowly buffers one."""
    async with (
        video_peer(url, 'front', 'viewer', 'consumer') as viewer,
        video_peer(url, 'front', 'cam', 'producer') as producer,
    ):
        await viewer.recv_type('participant_joined')
        await producer.send({'type': 'stream_stats', 'stats': {'x': 'y' * 70_000}})
        assert (await producer.recv_type('error'))['code'] == 'invalid_shape'
        await producer.send('{"type": "stream_stats", "stats": {"x": NaN}}')
        assert (await producer.recv_type('error'))['code'] == 'invalid_value'
        await producer.send({'type': 'stream_stats', 'stats': {'x': 1}})
        assert (await viewer.recv_type('stream_stats'))['stats'] == {'x': 1}


async def test_a_full_room_refuses_viewers() -> None:
    """The last places are reserved for tokens that may drive, as in a room of joints."""
    with running_server(limits=Limits(members=2)) as url:
        make_video_room(url, 'front')
        async with (
            video_peer(url, 'front', 'cam', 'producer'),
            video_peer(url, 'front', 'viewer', 'consumer'),
            connect(url, ws_path(WORKSPACE, 'front', kind='video')) as third,
        ):
            await third.send(join('third', 'consumer'))
            error = await third.recv_type('error')
            assert (error['message'], error['code']) == ('Cannot join room', 'join_refused')


async def test_a_rate_limited_producer_still_stops() -> None:
    """Of messages beyond the rate only emergency stops count."""
    with running_server(limits=Limits(frames_hz=5)) as url:
        make_video_room(url, 'front')
        async with (
            video_peer(url, 'front', 'viewer', 'consumer') as viewer,
            video_peer(url, 'front', 'cam', 'producer') as producer,
        ):
            await viewer.recv_type('participant_joined')
            for _ in range(12):
                await producer.send({'type': 'status_update', 'status': 'live'})
            await producer.send({'type': 'emergency_stop', 'reason': 'smoke'})
            kinds = []
            while 'emergency_stop' not in kinds:
                kinds.append((await viewer.recv())['type'])
            assert kinds.count('status_update') < 12
