# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""Flaws F1 to F9 of the video rooms of the public server, which ours must not have."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
import re

import httpx
import pytest
from support.pages import rows_of
from support.peers import Peer, RawPeer, connect, ws_path
from support.server import running_server
from support.video_rooms import (
    CANDIDATE,
    DROPPED,
    WORKSPACE,
    answer,
    forwarded,
    ice,
    make_video_room,
    offer,
    post_signal,
    video_peer,
    video_room,
    video_rooms,
)
from support.waiting import wait_until

from lerobot_arena_ros.server.participants import signal_relay
from lerobot_arena_ros.server.rooms import signalling
from lerobot_arena_ros.server.rooms.limits import Limits, Timing

OFFERED = forwarded('Offer forwarded to consumer')
ANSWERED = forwarded('Answer forwarded to producer')


@pytest.fixture(scope='module', name='url')
def running() -> Iterator[str]:
    """Run one server for this module."""
    with running_server() as address:
        yield address


@pytest.fixture(name='room')
def new_room(url: str) -> str:
    """Create a video room that no other test uses."""
    return make_video_room(url)


def test_every_flaw_has_its_test() -> None:
    """Each of F1 to F9 has a test with its number in the name, which the page names."""
    shown = set(re.findall(r'def test_f(\d)_', Path(__file__).read_text()))
    rows = rows_of('docs/reliability.md', '## Weaknesses of the public video rooms')

    assert shown == {str(number) for number in range(1, 10)}
    assert [row[0] for row in rows] == [f'F{number}' for number in sorted(shown)]
    for number, *_, shown_by in rows:
        assert shown_by == f'`test_video_weaknesses.py::test_{number.lower()}_*`'


async def silent(*peers: Peer) -> None:
    """Check that no message is under way to these peers."""
    for peer in peers:
        await peer.expect_silence()


async def test_f1_a_configuration_of_the_producer_breaks_no_later_request(
    url: str, room: str
) -> None:
    """The encoding is stored as REST returns it; an invalid value is refused as a whole."""
    async with (
        video_peer(url, room, 'viewer', 'consumer') as viewer,
        video_peer(url, room, 'cam', 'producer') as producer,
    ):
        await viewer.recv_type('participant_joined')
        config = {'encoding': 'h264', 'framerate': 15}
        await producer.send({'type': 'video_config_update', 'config': config})
        update = await viewer.recv_type('video_config_update')
        del update['timestamp']
        assert update == {'type': 'video_config_update', 'config': config, 'source': 'cam'}
        await producer.send({'type': 'video_config_update', 'config': {'encoding': 'mjpeg'}})
        assert (await producer.recv_type('error'))['code'] == 'invalid_config'
        await silent(viewer)

    kept = video_room(url, room)['config']
    assert (kept['encoding'], kept['framerate'], kept['quality']) == ('h264', 15, 80)
    state = httpx.get(f'{video_rooms(url)}/{room}/state')
    assert state.json()['state']['current_config'] == kept


async def test_f2_an_id_in_two_rooms_is_two_participants(url: str, room: str) -> None:
    """An offer reaches the consumer of its own room, and no other room sees anything."""
    other = make_video_room(url)
    async with (
        video_peer(url, room, 'producer-id', 'producer') as here,
        video_peer(url, other, 'producer-id', 'producer') as there,
        video_peer(url, room, 'consumer-id', 'consumer') as viewer,
        video_peer(url, other, 'consumer-id', 'consumer') as stranger,
    ):
        for producer in (here, there):
            await producer.recv_type('participant_joined')
        reply = await post_signal(url, room, 'producer-id', offer('consumer-id'))
        assert reply.json() == OFFERED
        assert (await viewer.recv_type('webrtc_offer'))['from_producer'] == 'producer-id'
        reply = await post_signal(url, room, 'consumer-id', answer('producer-id'))
        assert reply.json() == ANSWERED
        assert (await here.recv_type('webrtc_answer'))['from_consumer'] == 'consumer-id'
        await silent(there, stranger)


async def test_f2_two_viewers_of_one_id_both_get_their_offers(url: str, room: str) -> None:
    """The second is known by another id, and each answer counts for the viewer that sent it."""
    async with (
        video_peer(url, room, 'consumer-id', 'consumer') as first,
        video_peer(url, room, 'consumer-id', 'consumer') as second,
        video_peer(url, room, 'cam', 'producer') as producer,
    ):
        joined = await first.recv_type('participant_joined')
        assert joined['participant_id'] == 'consumer-id-2'
        for viewer in (first, second):
            assert (await viewer.recv_type('participant_joined'))['participant_id'] == 'cam'
        ids = video_room(url, room)['participants']['consumers']
        assert ids == ['consumer-id', 'consumer-id-2']

        for each in ids:
            assert (await post_signal(url, room, 'cam', offer(each))).json() == OFFERED
            candidate = ice(target_consumer=each)
            assert (await post_signal(url, room, 'cam', candidate)).status_code == 200
        await first.recv_type('webrtc_offer')
        await first.recv_type('webrtc_ice')
        await silent(second)  # Its offer waits until the first one is answered.

        for viewer, known_as in ((first, ids[0]), (second, ids[1])):
            if viewer is second:
                await second.recv_type('webrtc_offer')
                await second.recv_type('webrtc_ice')
            sdp = f'v=0\r\na=ice-ufrag:{known_as}\r\n'
            reply = await post_signal(url, room, 'consumer-id', answer('cam', sdp))
            assert reply.json() == ANSWERED
            got = await producer.recv_type('webrtc_answer')
            assert (got['from_consumer'], got['answer']['sdp']) == (known_as, sdp)
        for known_as in ids:
            candidate = {**CANDIDATE, 'usernameFragment': known_as}
            message = ice(candidate, target_producer='cam')
            assert (await post_signal(url, room, 'consumer-id', message)).status_code == 200
            assert (await producer.recv_type('webrtc_ice'))['from_consumer'] == known_as


async def test_f2_a_viewer_that_does_not_answer_delays_no_other_for_long(
    url: str, room: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The offer to the second viewer of an id goes out after a while."""
    for module in (signalling, signal_relay):
        monkeypatch.setattr(module, 'ANSWER_S', 0.2)
    async with (
        video_peer(url, room, 'consumer-id', 'consumer') as first,
        video_peer(url, room, 'consumer-id', 'consumer') as second,
        video_peer(url, room, 'cam', 'producer'),
    ):
        for known_as in ('consumer-id', 'consumer-id-2'):
            assert (await post_signal(url, room, 'cam', offer(known_as))).json() == OFFERED
        for viewer, kinds in ((first, 2), (second, 1)):
            for _ in range(kinds):
                await viewer.recv_type('participant_joined')
            await viewer.recv_type('webrtc_offer')


async def test_f2_a_refused_producer_does_not_evict_the_live_one(url: str, room: str) -> None:
    """The producer that answers keeps its place, and receives what is for it."""
    async with (
        video_peer(url, room, 'cam', 'producer') as producer,
        video_peer(url, room, 'viewer', 'consumer') as viewer,
    ):
        await producer.recv_type('participant_joined')
        async with connect(url, ws_path(WORKSPACE, room, kind='video')) as second:
            await second.send({'participant_id': 'cam', 'role': 'producer'})
            error = await second.recv_type('error')
            assert (error['message'], error['code']) == ('Cannot join room', 'role_taken')
            assert await second.close_code() == 1000
        await silent(producer, viewer)


async def test_f3_only_members_of_the_right_role_signal(url: str, room: str) -> None:
    """A signal from or to anything else is dropped; the reply is that of the public server."""
    peer_to_peer = forwarded('Peer-to-peer mode - no server WebRTC processing')
    async with (
        video_peer(url, room, 'cam', 'producer') as producer,
        video_peer(url, room, 'viewer', 'consumer') as viewer,
    ):
        await producer.recv_type('participant_joined')
        for sender, message, reply in (
            ('stranger', offer('viewer'), peer_to_peer),
            ('viewer', offer('viewer'), peer_to_peer),
            ('cam', offer(None), peer_to_peer),
            ('cam', offer('cam'), DROPPED),
            ('cam', offer('absent'), DROPPED),
            ('stranger', answer('cam'), DROPPED),
            ('cam', answer('viewer'), DROPPED),
            ('viewer', answer('cam'), DROPPED),  # Without an offer.
            ('viewer', ice(target_producer='cam'), DROPPED),
            ('stranger', ice(target_consumer='viewer'), DROPPED),
            ('viewer', ice(target_consumer='viewer'), DROPPED),
            ('cam', ice(target_producer='cam'), DROPPED),
            ('cam', ice(), DROPPED),
            ('cam', {'type': 'dance'}, DROPPED),
        ):
            got = await post_signal(url, room, sender, message)
            assert (got.status_code, got.json()) == (200, reply), (sender, message)
        await silent(producer, viewer)


async def test_f3_an_offer_has_one_answer(url: str, room: str) -> None:
    """A second answer is dropped, so that it does not disturb a connection that works."""
    async with (
        video_peer(url, room, 'cam', 'producer') as producer,
        video_peer(url, room, 'viewer', 'consumer') as viewer,
    ):
        await producer.recv_type('participant_joined')
        await post_signal(url, room, 'cam', offer('viewer'))
        await viewer.recv_type('webrtc_offer')
        for reply in (ANSWERED, DROPPED):
            assert (await post_signal(url, room, 'viewer', answer('cam'))).json() == reply
        await producer.recv_type('webrtc_answer')
        await silent(producer)


async def test_f4_creating_a_room_again_changes_nothing(url: str, room: str) -> None:
    """The participants stay, and so does the configuration."""
    async with (
        video_peer(url, room, 'cam', 'producer') as producer,
        video_peer(url, room, 'viewer', 'consumer') as viewer,
    ):
        await producer.recv_type('participant_joined')
        before = video_room(url, room)
        body = {'room_id': room, 'config': {'framerate': 5}}
        assert httpx.post(video_rooms(url), json=body).status_code == 200
        assert video_room(url, room) == before
        await silent(producer, viewer)


async def test_f4_deleting_a_room_closes_its_connections(url: str, room: str) -> None:
    """An old participant sends nothing into a new room of the same name."""
    async with (
        video_peer(url, room, 'cam', 'producer') as producer,
        video_peer(url, room, 'viewer', 'consumer', 'last_stop') as viewer,
    ):
        await producer.recv_type('participant_joined')
        httpx.delete(f'{video_rooms(url)}/{room}').raise_for_status()
        assert (await viewer.recv_type('error'))['code'] == 'room_deleted'
        assert await producer.close_code() == 4404
        assert await viewer.close_code() == 4404

    make_video_room(url, room)
    async with video_peer(url, room, 'viewer', 'consumer') as newcomer:
        await silent(newcomer)


@pytest.mark.parametrize(
    'message',
    [
        {},
        {'type': 'offer', 'target_consumer': 'viewer'},
        {'type': 'offer', 'sdp': 7, 'target_consumer': 'viewer'},
        {'type': 'answer', 'target_producer': 'cam'},
        {'type': 'ice', 'target_producer': 'cam'},
        {'type': 'offer', 'sdp': 'v=0', 'target_consumer': ['viewer']},
        [],
        None,
        'offer',
    ],
)
async def test_f5_a_malformed_signal_is_422(url: str, room: str, message: object) -> None:
    """A mistake of the client is not an error of the server."""
    reply = await post_signal(url, room, 'cam', message)

    assert reply.status_code == 422
    assert reply.json()['detail']


@pytest.mark.parametrize('client_id', ['', 'x' * 101, 7, None, ['cam']])
async def test_f5_a_malformed_sender_is_422(url: str, room: str, client_id: object) -> None:
    """An id has 1 to 100 characters."""
    assert (await post_signal(url, room, client_id, offer('viewer'))).status_code == 422


@pytest.mark.parametrize(
    ('frame', 'close_code'),
    [
        ('nonsense', 1007),
        ('[]', 1007),
        ('{}', 1008),
        ('{"participant_id": "cam", "role": "Producer"}', 1008),
        ('{"participant_id": "", "role": "producer"}', 1008),
        ('{"participant_id": ["cam"], "role": "consumer"}', 1008),
        (b'{"participant_id": "cam", "role": "producer"}', 1003),
    ],
)
async def test_f6_an_invalid_join_is_answered_and_closed(
    url: str, room: str, frame: str | bytes, close_code: int
) -> None:
    """Nothing of it stays in the room."""
    async with connect(url, ws_path(WORKSPACE, room, kind='video')) as peer:
        await peer.send(frame)
        assert (await peer.recv_type('error'))['timestamp']
        assert await peer.close_code() == close_code
    assert video_room(url, room)['participants']['total'] == 0


async def test_f6_a_client_that_does_not_join_in_time_is_closed() -> None:
    """The connection does not stay open."""
    with running_server(timing=Timing(join_s=0.2)) as url:
        path = ws_path(WORKSPACE, make_video_room(url), kind='video')
        async with connect(url, path) as peer:
            assert (await peer.recv_type('error'))['code'] == 'join_timeout'
            assert await peer.close_code() == 1008


async def test_f6_a_binary_frame_ends_the_connection(url: str, room: str) -> None:
    """The participant gets an error, and the others a message that it left."""
    async with (
        video_peer(url, room, 'viewer', 'consumer') as viewer,
        video_peer(url, room, 'cam', 'producer') as producer,
    ):
        await viewer.recv_type('participant_joined')
        await producer.send(b'picture')
        assert (await producer.recv_type('error'))['code'] == 'invalid_binary'
        assert await producer.close_code() == 1003
        left = await viewer.recv_type('participant_left')
        assert (left['participant_id'], left['role']) == ('cam', 'producer')


async def test_f6_unknown_types_are_answered_and_public_ones_ignored(url: str, room: str) -> None:
    """An error goes only to a sender that no public client is."""
    async with video_peer(url, room, 'viewer', 'consumer') as viewer:
        for kind in ('frame_update', 'webrtc_offer', 'webrtc_ice', 'joined'):
            await viewer.send({'type': kind})
        await viewer.send({'type': 'video_config_update', 'config': None})
        await silent(viewer)
        await viewer.send({'type': 'dance'})
        assert (await viewer.recv_type('error'))['code'] == 'unknown_type'
        await viewer.send('nonsense')
        assert (await viewer.recv_type('error'))['code'] == 'invalid_json'


async def test_f7_only_the_producer_speaks_for_the_stream(url: str, room: str) -> None:
    """Messages of a consumer about the stream are ignored; its stop reaches all participants."""
    async with (
        video_peer(url, room, 'cam', 'producer') as producer,
        video_peer(url, room, 'viewer', 'consumer') as viewer,
        video_peer(url, room, 'other', 'consumer') as other,
    ):
        for peer, count in ((producer, 2), (viewer, 1)):
            for _ in range(count):
                await peer.recv_type('participant_joined')
        for message in (
            {'type': 'stream_started', 'config': {}},
            {'type': 'stream_stopped'},
            {'type': 'video_config_update', 'config': {'encoding': 'h264'}},
            {'type': 'status_update', 'status': 'x'},
            {'type': 'stream_stats', 'stats': {}},
            {'type': 'recovery_triggered'},
        ):
            await viewer.send(message)
        await silent(viewer, producer, other)
        assert video_room(url, room)['config']['encoding'] == 'vp8'

        await viewer.send({'type': 'emergency_stop'})
        for peer in (producer, viewer, other):
            stop = await peer.recv_type('emergency_stop')
            assert stop.pop('timestamp')
            assert stop == {
                'type': 'emergency_stop',
                'reason': 'Emergency stop triggered',
                'source': 'viewer',
            }


async def test_f8_signals_count_as_activity_and_members_keep_a_room() -> None:
    """A room is deleted only after it has been empty and unused."""
    # Long enough to join the room before it is deleted.
    with running_server(limits=Limits(idle_s=2.0), timing=Timing(sweep_s=0.05)) as url:
        room = make_video_room(url, 'front')

        def is_gone(name: str) -> bool:
            return httpx.get(f'{video_rooms(url)}/{name}').status_code == 404

        async with video_peer(url, room, 'cam', 'producer') as producer:
            idle = make_video_room(url, 'idle')
            await wait_until(lambda: is_gone(idle), 'the idle room is deleted')
            await silent(producer)
        await wait_until(lambda: is_gone(room), 'the empty room is deleted')


async def test_f9_a_viewer_that_does_not_read_delays_no_other(url: str, room: str) -> None:
    """Each other viewer gets each message in the meantime."""
    path = ws_path(WORKSPACE, room, kind='video')
    slow = RawPeer.enter(url, path, 'slow', 'consumer')
    with closing(slow):
        async with (
            video_peer(url, room, 'fast', 'consumer') as fast,
            video_peer(url, room, 'cam', 'producer') as producer,
        ):
            await fast.recv_type('participant_joined')
            data = 'x' * 50_000
            for step in range(100):
                await producer.send({'type': 'status_update', 'status': str(step), 'data': data})
                update = await fast.recv_type('status_update')
                assert update['status'] == str(step)
            await silent(producer)
