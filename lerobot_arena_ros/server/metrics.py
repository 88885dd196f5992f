"""What the server has done and what there is now, in the text format of Prometheus."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import TYPE_CHECKING, cast

from fastapi import APIRouter, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

from .hub import Hub
from .rest import needs
from .tokens import Access

if TYPE_CHECKING:
    from prometheus_client.registry import Collector

__all__ = ['registry_of', 'router']

PREFIX = 'lerobot_arena_'

router = APIRouter()


class _HubCollector:
    """Reads the counts of one server when it is asked to, and not before."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub

    def collect(self) -> Iterator[GaugeMetricFamily | CounterMetricFamily]:
        """Give every metric at its present value."""
        yield from self._gauges()
        tally = self._hub.tally
        for name, text, value in (
            ('frames_received', 'WebSocket frames from participants.', tally.frames_in),
            ('frames_sent', 'WebSocket frames to participants.', tally.frames_out),
            ('joint_updates', 'Joint updates that changed something.', tally.updates),
            ('emergency_stops', 'Emergency stops that were passed on.', tally.stops),
            ('robot_states', 'States of robots that were taken.', tally.robot_states),
            ('messages_merged', 'Messages that a newer one took the place of.', tally.merged),
        ):
            yield CounterMetricFamily(PREFIX + name, text, value=value)
        requests = CounterMetricFamily(
            f'{PREFIX}requests', 'Requests that were let in, by token.', labels=['token']
        )
        for token, count in sorted(tally.requests.items()):
            requests.add_metric([token], count)
        yield requests
        refused = CounterMetricFamily(
            f'{PREFIX}refusals', 'What was refused, by reason.', labels=['reason']
        )
        for reason, count in sorted(tally.refused.items()):
            refused.add_metric([reason], count)
        yield refused

    def _gauges(self) -> Iterator[GaugeMetricFamily]:
        registry = self._hub.registry
        rooms = registry.rooms
        yield GaugeMetricFamily(f'{PREFIX}rooms', 'Rooms.', value=len(rooms))
        yield GaugeMetricFamily(
            f'{PREFIX}workspaces', 'Workspaces with a room.', value=registry.workspace_count
        )
        yield GaugeMetricFamily(f'{PREFIX}tasks', 'Asyncio tasks.', value=_task_count())
        people = GaugeMetricFamily(
            f'{PREFIX}participants', 'Participants of all rooms, by role.', labels=['role']
        )
        people.add_metric(['producer'], sum(room.producer is not None for room in rooms))
        people.add_metric(['consumer'], sum(len(room.consumers) for room in rooms))
        yield people
        places = GaugeMetricFamily(
            f'{PREFIX}connections', 'Connections, by kind.', labels=['kind']
        )
        places.add_metric(['waiting'], self._hub.admission.waiting)
        places.add_metric(['belonging'], self._hub.admission.belonging)
        yield places
        holders = GaugeMetricFamily(
            f'{PREFIX}token_participants', 'Participants, by token.', labels=['token']
        )
        for token, count in sorted(self._hub.participants_by_token().items()):
            holders.add_metric([token], count)
        yield holders


def _task_count() -> int:
    try:
        return len(asyncio.all_tasks())
    except RuntimeError:
        return 0  # Read outside the loop, where nobody serves anything.


def registry_of(hub: Hub) -> CollectorRegistry:
    """Make a registry for one server: another one in this process has its own."""
    registry = CollectorRegistry()
    # A class of that name is younger than Ubuntu 22.04, and inheriting from it adds nothing.
    registry.register(cast('Collector', _HubCollector(hub)))
    return registry


@router.get('/metrics', response_class=Response, dependencies=[needs(Access.WATCH)])
async def metrics(request: Request) -> Response:
    """Give the metrics."""
    text = generate_latest(request.app.state.metrics)
    return Response(text, headers={'Content-Type': CONTENT_TYPE_LATEST})
