# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""The metrics of the server, in the text format of Prometheus."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, TypeAlias, cast

from fastapi import APIRouter, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

from ..access.tokens import Access
from ..participants.connection_manager import ConnectionManager
from ..participants.lanes import Lanes
from ..rooms.base_room import BaseRoom
from ..rooms.registry import Registry
from ..rooms.room import Room
from ..rooms.video_room import VideoRoom
from .rest_access import needs

if TYPE_CHECKING:
    from prometheus_client.registry import Collector

__all__ = ['families_of', 'router', 'text_of']

PREFIX = 'lerobot_arena_'
_ROOM = ('workspace', 'room')

_DROPPED = ('invalid', 'rejected', 'unexpected', 'unknown', 'unsent')
"""The reasons for which the UDP ports drop datagrams."""

_HANDSHAKES = ('failed', 'full', 'refused')
"""The reasons for which no lane is opened although it was requested."""

Family: TypeAlias = GaugeMetricFamily | CounterMetricFamily

router = APIRouter()


class _SingleCollector:
    """A collector of one metric."""

    def __init__(self, family: Family) -> None:
        self._family = family

    def collect(self) -> Iterable[Family]:
        """Return the metric."""
        return (self._family,)


def families_of(manager: ConnectionManager) -> tuple[Family, ...]:
    """Return the current metrics of a server."""
    return (
        *_server(manager),
        *_lanes(manager.lanes),
        *_rooms(manager.registry.rooms),
        *_video(manager.video),
    )


def _server(manager: ConnectionManager) -> Iterator[Family]:
    """Yield the metrics of the whole server."""
    yield from _gauges(manager)
    counters, rooms = manager.counters, manager.registry.counters
    for name, text, value in (
        ('frames_received', 'WebSocket frames from participants.', counters.frames_in),
        ('frames_sent', 'WebSocket frames to participants.', counters.frames_out),
        ('joint_updates', 'Joint updates that changed something.', rooms.updates),
        ('emergency_stops', 'Emergency stops that were delivered.', rooms.stops),
        ('robot_states', 'Accepted robot states.', rooms.robot_states),
        ('messages_merged', 'Messages that a newer message replaced.', counters.merged),
    ):
        yield CounterMetricFamily(PREFIX + name, text, value=value)
    requests = CounterMetricFamily(
        f'{PREFIX}requests', 'Accepted requests, by token.', labels=['token']
    )
    for token, count in sorted(counters.requests.items()):
        requests.add_metric([token], count)
    yield requests
    refused = CounterMetricFamily(f'{PREFIX}refusals', 'Refusals, by reason.', labels=['reason'])
    for reason, count in sorted(counters.refused.items()):
        refused.add_metric([reason], count)
    yield refused


def _gauges(manager: ConnectionManager) -> Iterator[Family]:
    rooms = manager.registry.rooms
    yield GaugeMetricFamily(f'{PREFIX}rooms', 'Rooms.', value=len(rooms))
    yield GaugeMetricFamily(
        f'{PREFIX}workspaces', 'Workspaces with a room.', value=manager.registry.workspace_count
    )
    yield GaugeMetricFamily(f'{PREFIX}tasks', 'Asyncio tasks.', value=_task_count())
    yield _participants('participants', rooms)
    places = GaugeMetricFamily(f'{PREFIX}connections', 'Connections, by kind.', labels=['kind'])
    places.add_metric(['waiting'], manager.admission.waiting)
    places.add_metric(['belonging'], manager.admission.belonging)
    yield places
    holders = GaugeMetricFamily(
        f'{PREFIX}token_participants', 'Participants, by token.', labels=['token']
    )
    for token, count in sorted(manager.participants_by_token().items()):
        holders.add_metric([token], count)
    yield holders


def _lanes(lanes: Lanes) -> Iterator[Family]:
    """Yield the metrics of the fast lanes."""
    counts = lanes.datagrams
    yield GaugeMetricFamily(f'{PREFIX}lanes', 'Open fast lanes.', value=lanes.count)
    for name, text, value in (
        ('lanes_opened', 'Fast lanes that were opened.', lanes.opened),
        ('lanes_ended', 'Fast lanes that ended, for any reason.', lanes.opened - lanes.count),
        ('datagrams_received', 'UDP datagrams from the network.', counts.get('received', 0)),
        ('datagrams_sent', 'UDP datagrams to participants.', counts.get('sent', 0)),
    ):
        yield CounterMetricFamily(PREFIX + name, text, value=value)
    dropped = CounterMetricFamily(
        f'{PREFIX}datagrams_dropped', 'Dropped UDP datagrams, by reason.', labels=['reason']
    )
    dropped.add_metric(['rate_limited'], lanes.limited)
    for reason in _DROPPED:
        dropped.add_metric([reason], counts.get(reason, 0))
    yield dropped
    handshakes = CounterMetricFamily(
        f'{PREFIX}lane_handshakes_failed',
        'Handshakes that opened no fast lane, by reason.',
        labels=['reason'],
    )
    for reason in _HANDSHAKES:
        handshakes.add_metric([reason], counts.get(reason, 0))
    yield handshakes


def _participants(name: str, rooms: Sequence[BaseRoom]) -> Family:
    participants = GaugeMetricFamily(
        PREFIX + name, 'Participants of all rooms, by role.', labels=['role']
    )
    participants.add_metric(['producer'], sum(room.producer is not None for room in rooms))
    participants.add_metric(['consumer'], sum(len(room.consumers) for room in rooms))
    return participants


def _participants_by_room(name: str, rooms: Sequence[BaseRoom]) -> Family:
    participants = GaugeMetricFamily(
        PREFIX + name, 'Participants of a room.', labels=[*_ROOM, 'role']
    )
    for room in rooms:
        labels = [room.workspace_id, room.room_id]
        participants.add_metric([*labels, 'producer'], room.producer is not None)
        participants.add_metric([*labels, 'consumer'], len(room.consumers))
    return participants


def _video(registry: Registry[VideoRoom]) -> Iterator[Family]:
    """Yield the metrics of video rooms; a deleted room has no series."""
    counters, rooms = registry.counters, registry.rooms
    yield GaugeMetricFamily(f'{PREFIX}video_rooms', 'Video rooms.', value=len(rooms))
    yield _participants('video_participants', rooms)
    yield CounterMetricFamily(
        f'{PREFIX}video_signals', 'Signals of WebRTC that were delivered.', value=counters.signals
    )
    yield CounterMetricFamily(
        f'{PREFIX}video_emergency_stops',
        'Emergency stops in video rooms.',
        value=counters.stops,
    )
    yield _participants_by_room('video_room_participants', rooms)


def _rooms(rooms: Sequence[Room]) -> Iterator[Family]:
    """Yield the metrics of each room; a deleted room has no series."""
    robots = GaugeMetricFamily(
        f'{PREFIX}room_robots', 'Robots in a room that report their state.', labels=_ROOM
    )
    updates = CounterMetricFamily(
        f'{PREFIX}room_joint_updates', 'Joint updates that changed a room.', labels=_ROOM
    )
    stops = CounterMetricFamily(
        f'{PREFIX}room_emergency_stops', 'Emergency stops in a room.', labels=_ROOM
    )
    for room in rooms:
        labels = [room.workspace_id, room.room_id]
        robots.add_metric(labels, len(room.robots))
        updates.add_metric(labels, room.counters.updates)
        stops.add_metric(labels, room.counters.stops)
    yield from (_participants_by_room('room_participants', rooms), robots, updates, stops)


def _task_count() -> int:
    try:
        return len(asyncio.all_tasks())
    except RuntimeError:
        return 0  # Called outside an event loop.


def text_of(family: Family) -> bytes:
    """Return one metric in the text format."""
    registry = CollectorRegistry()
    # The prometheus_client of Ubuntu 22.04 has no class Collector, and subclassing adds nothing.
    registry.register(cast('Collector', _SingleCollector(family)))
    return generate_latest(registry)


@router.get('/metrics', response_class=Response, dependencies=[needs(Access.WATCH)])
async def metrics(request: Request) -> Response:
    """Return the metrics."""
    texts = []
    for family in families_of(request.app.state.manager):
        texts.append(text_of(family))
        # Yield: the metrics of 1000 rooms take 25 ms, which would delay an emergency stop.
        await asyncio.sleep(0)
    return Response(b''.join(texts), headers={'Content-Type': CONTENT_TYPE_LATEST})
