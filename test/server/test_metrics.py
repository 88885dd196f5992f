# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""GET /metrics: the counters of the server in the text format of Prometheus."""

from __future__ import annotations

import socket

import httpx
from prometheus_client.parser import text_string_to_metric_families
from support.arena_api import make_room
from support.peers import connect, enter, joint, joints, ws_path
from support.room_fixtures import CONSUMER, EventRecorder, room_at
from support.server import rules_of, running_server
from support.waiting import wait_until

from lerobot_arena_ros.arena.features import Feature
from lerobot_arena_ros.server.http.metrics import families_of, text_of
from lerobot_arena_ros.server.log.rate_limited_log import RateLimitedLog
from lerobot_arena_ros.server.participants.connection_manager import ConnectionManager
from lerobot_arena_ros.server.rooms.limits import MAX_BODY_BYTES, Limits, Policy, Timing


def scrape(url: str, prefix: str = '', **headers: str) -> dict[str, float]:
    """Return the metrics by name and label values."""
    reply = httpx.get(f'{url}{prefix}/metrics', headers=headers)
    assert reply.status_code == 200
    assert reply.headers['content-type'].startswith('text/plain; version=')
    found = {}
    for family in text_string_to_metric_families(reply.text):
        assert family.documentation
        for sample in family.samples:
            labels = ''.join(f'.{value}' for value in sample.labels.values())
            found[sample.name.removeprefix('lerobot_arena_') + labels] = sample.value
    return found


async def test_what_participants_do_is_counted() -> None:
    """Frames, updates, stops and participants are counted."""
    with running_server() as url:
        room = make_room(url)
        async with (
            enter(url, 'lab', room, 'leader', 'producer') as producer,
            enter(url, 'lab', room, 'a', 'consumer') as first,
            enter(url, 'lab', room, 'b', 'consumer'),
        ):
            before = scrape(url)
            for value in (1, 2, 2):
                await producer.send(joints(a=value))
            await producer.send({'type': 'emergency_stop'})
            await producer.recv_type('emergency_stop')
            await producer.expect_silence()
            await first.recv_type('joint_update')
            after = scrape(url, '/api')

    assert after.pop('tasks') > 0
    whole = [name for name in after if not name.startswith('room_')]
    change = {name: after[name] - before.get(name, 0) for name in whole}
    assert change.pop('requests_total.') >= 1
    assert change.pop('token_participants.') == 0
    assert [change.pop(f'connections.{kind}') for kind in ('belonging', 'waiting')] == [0, 0]
    assert {change.pop(name) for name in whole if 'lane' in name or 'datagram' in name} == {0}
    assert change == {
        'rooms': 0,
        'workspaces': 0,
        'participants.producer': 0,
        'participants.consumer': 0,
        'frames_received_total': 5,
        'frames_sent_total': 2 * 2 + 3 + 1,
        'joint_updates_total': 2,
        'emergency_stops_total': 1,
        'robot_states_total': 0,
        'messages_merged_total': 0,
        'video_rooms': 0,
        'video_participants.producer': 0,
        'video_participants.consumer': 0,
        'video_signals_total': 0,
        'video_emergency_stops_total': 0,
    }
    assert (after['rooms'], after['workspaces']) == (1, 1)
    assert (after['participants.producer'], after['participants.consumer']) == (1, 2)


async def test_each_refusal_is_counted_by_its_reason() -> None:
    """The label is the error code that the sender received."""
    with running_server(policy=Policy(commands=False)) as url:
        room = make_room(url)
        path = f'{url}/robotics/workspaces/lab/rooms'
        async with enter(url, 'lab', room, 'leader', 'producer') as producer:
            await producer.send('nonsense')
            await producer.send({'type': 'joint_update', 'data': [1]})
            await producer.send({'type': 'dance'})
            async with connect(url, ws_path('lab', room)) as second:
                await second.send({'participant_id': 'other', 'role': 'producer'})
                await second.close_code()
            async with connect(url, ws_path('lab', 'nowhere')) as lost:
                await lost.send({'participant_id': 'other', 'role': 'producer'})
                await lost.close_code()
            await producer.send(b'\x00')
            await producer.close_code()
        httpx.post(f'{path}/{room}/command', json={'joints': [joint('a', 1)]})
        httpx.post(f'{path}/{room}/command', json={'joints': [joint('a', 'x')]})
        httpx.post(path, json={'room_id': 'a/b'})
        httpx.post(path, content=b'x' * (MAX_BODY_BYTES + 1))
        httpx.get(f'{path}/nowhere')
        seen = scrape(url)

    refused = {
        name.removeprefix('refusals_total.'): count
        for name, count in seen.items()
        if name.startswith('refusals_total.')
    }
    assert refused == {
        'invalid_json': 1,
        'invalid_shape': 1,
        'unknown_type': 1,
        'role_taken': 1,
        'room_not_found': 2,
        'invalid_binary': 1,
        'commands_off': 1,
        'invalid_request': 1,
        'invalid_id': 1,
        'body_too_large': 1,
    }


async def test_fast_lanes_and_their_datagrams_are_counted() -> None:
    """So is a datagram that is dropped, by its reason."""
    with running_server(lanes=True) as url:
        async with room_at(url) as arena:
            lanes = frozenset((Feature.FAST_LANE,))
            connection = await arena.join(CONSUMER, features=lanes)
            EventRecorder(connection)
            await wait_until(
                lambda: (report := connection.lane_report) and report.round_trip_s, 'the lane'
            )
            opened = scrape(url)
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
                stranger.sendto(b'garbage', ('127.0.0.1', int(url.rpartition(':')[2])))
            await wait_until(
                lambda: scrape(url)['datagrams_dropped_total.unexpected'], 'the dropped datagram'
            )
        await wait_until(lambda: scrape(url)['lanes'] == 0, 'the end of the lane')
        ended = scrape(url)

    for name, seen in (('lanes', 1), ('lanes_opened_total', 1), ('lanes_ended_total', 0)):
        assert opened[name] == seen
    # At least the handshake and a ping with its answer.
    assert opened['datagrams_received_total'] >= 4
    assert opened['datagrams_sent_total'] >= 4
    assert ended['datagrams_dropped_total.unexpected'] == 1
    assert (ended['lanes_opened_total'], ended['lanes_ended_total']) == (1, 1)


async def test_two_servers_in_one_process_count_for_themselves() -> None:
    """Two servers in one process have separate counters."""
    with running_server() as one, running_server() as other:
        make_room(one)

        assert (scrape(one)['rooms'], scrape(other)['rooms']) == (1, 0)


def test_with_a_token_the_metrics_need_it() -> None:
    """The metrics need a token, because they reveal activity."""
    with running_server(rules=rules_of('secret')) as url:
        assert httpx.get(f'{url}/metrics').status_code == 401
        counted = scrape(url, Authorization='Bearer secret')

    assert counted['refusals_total.access_denied'] == 1


async def test_each_room_is_counted_by_itself() -> None:
    """Participants, robots, updates and stops are labelled with their room."""
    with running_server() as url:
        make_room(url, 'arm')
        make_room(url, 'other "room"')
        async with (
            enter(url, 'lab', 'arm', 'leader', 'producer') as producer,
            enter(url, 'lab', 'arm', 'a', 'consumer'),
        ):
            for value in (1, 2, 2):
                await producer.send(joints(a=value))
            await producer.send({'type': 'emergency_stop'})
            await producer.recv_type('emergency_stop')
            seen = scrape(url)

    assert {name: value for name, value in seen.items() if name.startswith('room_')} == {
        'room_participants.producer.arm.lab': 1,
        'room_participants.consumer.arm.lab': 1,
        'room_robots.arm.lab': 0,
        'room_joint_updates_total.arm.lab': 2,
        'room_emergency_stops_total.arm.lab': 1,
        'room_participants.producer.other "room".lab': 0,
        'room_participants.consumer.other "room".lab': 0,
        'room_robots.other "room".lab': 0,
        'room_joint_updates_total.other "room".lab': 0,
        'room_emergency_stops_total.other "room".lab': 0,
    }


async def test_a_room_that_is_gone_has_no_series_and_stays_in_the_totals() -> None:
    """A deleted room has no series, and its counts stay in the totals."""
    with running_server() as url:
        for number in range(3):
            room = make_room(url, f'room-{number}')
            async with enter(url, 'lab', room, 'leader', 'producer') as producer:
                await producer.send(joints(a=1))
                await producer.send({'type': 'emergency_stop'})
                await producer.recv_type('emergency_stop')
            assert scrape(url)[f'room_emergency_stops_total.{room}.lab'] == 1
            httpx.delete(f'{url}/robotics/workspaces/lab/rooms/{room}').raise_for_status()
        seen = scrape(url)

    assert [name for name in seen if name.startswith('room_')] == []
    assert (seen['joint_updates_total'], seen['emergency_stops_total']) == (3, 3)


def test_floods_of_datagrams_are_counted() -> None:
    """The other counts of datagrams are 0 before the first request for a lane."""
    manager = ConnectionManager(Limits(), Timing(), Policy(), RateLimitedLog())
    manager.lanes.limited = 3

    text = b''.join(text_of(family) for family in families_of(manager)).decode()
    assert '\nlerobot_arena_datagrams_dropped_total{reason="rate_limited"} 3.0\n' in text
    for reason in ('invalid', 'rejected', 'unexpected', 'unknown', 'unsent'):
        assert f'\nlerobot_arena_datagrams_dropped_total{{reason="{reason}"}} 0.0\n' in text
    for reason in ('failed', 'full', 'refused'):
        assert f'\nlerobot_arena_lane_handshakes_failed_total{{reason="{reason}"}} 0.0\n' in text


def test_metrics_are_collected_only_on_request() -> None:
    """Counting only adds to integers; metrics are made at a scrape."""
    manager = ConnectionManager(Limits(), Timing(), Policy(), RateLimitedLog())
    manager.counters.frames_in += 7

    assert type(manager.counters.frames_in) is int
    texts = [text_of(family) for family in families_of(manager)]
    assert any(b'\nlerobot_arena_frames_received_total 7.0\n' in text for text in texts)
