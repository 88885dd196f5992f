# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""What each token may do in video rooms, and what the audit log and the metrics have of it."""

from __future__ import annotations

from collections.abc import Iterator
import json

import httpx
from prometheus_client.parser import text_string_to_metric_families
import pytest
from support.peers import connect, join, ws_path
from support.server import running_server
from support.tokens import TOKENS
from support.video_rooms import (
    DROPPED,
    WORKSPACE,
    answer,
    forwarded,
    make_video_room,
    offer,
    post_signal,
    video_peer,
    video_rooms,
)

from lerobot_arena_ros.server.access.rules import Rules
from lerobot_arena_ros.server.access.tokens import Access, Grant, Tokens

OTHER = 'other-0123456789abcdef'


def bearer(token: str) -> dict[str, str]:
    """Return the header with a token."""
    return {'Authorization': f'Bearer {token}'}


def rules() -> Rules:
    """Return a token of each role, and a second one that may watch, in another workspace."""
    grants = [
        Grant.of_token(access.name.lower(), TOKENS[access.name.lower()], access)
        for access in Access
    ]
    other = Grant.of_token('other', OTHER, Access.WATCH)
    return Rules(Tokens([*grants, Grant('other', Access.WATCH, frozenset({'x'}), other.digest)]))


@pytest.fixture(scope='module', name='url')
def running() -> Iterator[str]:
    """Run a server with tokens that has the video room ``front``."""
    with running_server(rules=rules()) as address:
        make_video_room(address, 'front', **bearer(TOKENS['drive']))
        yield address


@pytest.mark.parametrize(
    ('token', 'role', 'code'),
    [
        (TOKENS['watch'], 'consumer', ''),
        (TOKENS['watch'], 'producer', 'not_allowed'),
        (TOKENS['drive'], 'producer', ''),
        (OTHER, 'consumer', 'not_allowed'),
    ],
)
async def test_a_room_needs_its_role(url: str, token: str, role: str, code: str) -> None:
    """A token that may watch sees the camera, and only one that may drive is the camera."""
    path = ws_path(WORKSPACE, 'front', kind='video')
    async with connect(url, f'{path}?token={token}') as peer:
        await peer.send(join('me', role))
        reply = await peer.recv()
        assert (reply['type'], reply.get('code', '')) == (
            ('error', code) if code else ('joined', '')
        )


async def test_a_signal_needs_the_token_of_its_participant(url: str) -> None:
    """Another token does not answer in the name of a viewer, nor offer in that of the camera."""
    watch, drive = TOKENS['watch'], TOKENS['drive']
    async with (
        video_peer(url, 'front', 'cam', 'producer', token=drive) as producer,
        video_peer(url, 'front', 'viewer', 'consumer', token=watch) as viewer,
    ):
        await producer.recv_type('participant_joined')

        async def post(sender: str, message: object, token: str) -> object:
            reply = await post_signal(url, 'front', sender, message, **bearer(token))
            return reply.json()

        not_producer = forwarded('Peer-to-peer mode - no server WebRTC processing')
        assert await post('cam', offer('viewer'), watch) == not_producer
        await viewer.expect_silence()
        assert await post('cam', offer('viewer'), drive) == forwarded(
            'Offer forwarded to consumer'
        )
        await viewer.recv_type('webrtc_offer')
        assert await post('viewer', answer('cam'), drive) == DROPPED
        await producer.expect_silence()
        assert await post('viewer', answer('cam'), watch) == forwarded(
            'Answer forwarded to producer'
        )
        await producer.recv_type('webrtc_answer')
        reply = await post_signal(url, 'front', 'viewer', answer('cam'), **bearer(OTHER))
        assert reply.status_code == 403
        assert (await post_signal(url, 'front', 'viewer', answer('cam'))).status_code == 401


async def test_the_audit_log_names_the_kind_of_the_room() -> None:
    """A dropped signal is in it, with the id that it claims."""
    lines: list[str] = []
    with running_server(audit=lines.append) as url:
        make_video_room(url, 'front')
        async with video_peer(url, 'front', 'cam', 'producer') as producer:
            await producer.send({'type': 'emergency_stop'})
            await producer.recv_type('emergency_stop')
            await post_signal(url, 'front', 'stranger', answer('cam'))
        httpx.delete(f'{video_rooms(url)}/front')

    events = [json.loads(line) for line in lines]
    assert {event.get('kind') for event in events} == {'video'}
    names = [event['event'] for event in events]
    assert names[:4] == ['room_created', 'joined', 'emergency_stop', 'signal_dropped']
    assert {'left', 'room_deleted'} == set(names[4:])
    assert (events[3]['participant'], events[3]['what']) == ('stranger', 'Answer')


async def test_what_happens_in_video_rooms_is_counted() -> None:
    """Video rooms have metrics of their own, and count in no metric of rooms of joints."""
    with running_server() as url:
        make_video_room(url, 'front')
        async with (
            video_peer(url, 'front', 'cam', 'producer'),
            video_peer(url, 'front', 'viewer', 'consumer') as viewer,
        ):
            await post_signal(url, 'front', 'cam', offer('viewer'))
            await viewer.recv_type('webrtc_offer')
            await post_signal(url, 'front', 'cam', offer('absent'))
            await viewer.send({'type': 'emergency_stop'})
            await viewer.recv_type('emergency_stop')
            text = httpx.get(f'{url}/metrics').text

    found = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            labels = ''.join(f'.{value}' for value in sample.labels.values())
            found[sample.name.removeprefix('lerobot_arena_') + labels] = sample.value
    assert (found['rooms'], found['emergency_stops_total']) == (0, 0)
    assert found['video_rooms'] == 1
    assert found['video_participants.producer'] == found['video_participants.consumer'] == 1
    assert found['video_signals_total'] == 1
    assert found['video_emergency_stops_total'] == 1
    assert found['video_room_participants.consumer.front.lab'] == 1
    assert found['refusals_total.signal_dropped'] == 1
