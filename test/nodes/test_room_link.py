# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""The link of one room: its end after an internal error, and its diagnostics."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import cast

import pytest

pytest.importorskip('rclpy', reason='rclpy is not here: it comes with ROS 2, or as wheels')

from rclpy.logging import get_logger
from support.fake_arena import WebSocket, fake_arena, listed, welcome
from support.waiting import wait_until

from lerobot_arena_ros.arena.access import Access
from lerobot_arena_ros.arena.address import Address
from lerobot_arena_ros.arena.connection import Connection
from lerobot_arena_ros.arena.control_messages import ControlPolicy, ControlState
from lerobot_arena_ros.arena.messages import EmergencyStop, ResetStop, Role
from lerobot_arena_ros.arena.session import Event, LinkTiming
from lerobot_arena_ros.control.causes import late
from lerobot_arena_ros.control.condition import Level
from lerobot_arena_ros.control.stop import Stop
from lerobot_arena_ros.nodes.bridge.room_link import LinkStatus, RoomLink
from lerobot_arena_ros.nodes.runtime.arena_thread import ArenaThread
from lerobot_arena_ros.nodes.runtime.node_log import NodeLog
from lerobot_arena_ros.nodes.settings.bridge_settings import LinkSettings

SETTINGS = LinkSettings(
    LinkTiming(), stop_on_loss=False, reconnect_min_s=0.1, reconnect_max_s=0.2, fast_lane=True
)

AWAY = LinkStatus('lab/a', timeout_s=1.5)
JOINED = replace(AWAY, joined_as='arm', received_at=9.0)


class FailingHandler:
    """A handler of a room and of stops whose ``feed`` raises an exception."""

    def on_joined(self, *_: object) -> None:
        """Ignore a join."""

    def on_lost(self, *_: object) -> None:
        """Ignore a loss."""

    def on_event(self, event: Event) -> bool:
        """Ignore an event."""
        return False

    def on_room_state(self, joints: dict[str, float]) -> None:
        """Ignore the room's state."""

    async def feed(self, connection: Connection) -> None:
        """Raise an exception."""
        raise RuntimeError('a bug')

    def on_room_stop(self, room: str, stop: EmergencyStop) -> None:
        """Ignore a stop in the room."""

    def pending_stop(self, room: str) -> Stop | None:
        """Return no pending stop."""
        return None

    def on_reset_requested(self, room: str, request: ResetStop) -> None:
        """Ignore a request for a reset."""

    def on_delivered(self, room: str, stop: Stop) -> None:
        """Ignore a delivery."""


def make_link(url: str, role: Role, handler: FailingHandler, thread: ArenaThread) -> RoomLink:
    """Return a link of one handler for everything."""
    return RoomLink(
        role.value.removesuffix('r'),
        role,
        Address.parse(url),
        Access(),
        'lab',
        'a',
        SETTINGS,
        create_room=False,
        participant_name='arm',
        features=frozenset(),
        handler=handler,
        feed=handler.feed,
        stops=handler,
        thread=thread,
        logger=NodeLog(get_logger('test')),
        on_change=lambda: None,
        on_control=lambda: None,
    )


async def test_an_exception_in_a_task_ends_the_link() -> None:
    """An exception in any task ends the link, because that task may send the stops."""

    async def arena(websocket: WebSocket) -> None:
        fake.room = listed((await welcome(websocket))['participant_id'])

    thread = ArenaThread()
    try:
        async with fake_arena(arena) as fake:
            fake.room = listed()
            link = make_link(fake.url, Role.PRODUCER, FailingHandler(), thread)
            with pytest.raises(RuntimeError, match='a bug'):
                await asyncio.wait_for(link.run(), 5.0)
    finally:
        assert thread.close(10.0)


class StubRooms:
    """The state of a room over REST: first from after a hand-over, then after it is known."""

    def __init__(self) -> None:
        self.requests = 0

    async def state(self, workspace_id: str, room_id: str) -> dict[str, object]:
        """Return the state of a room in which control has changed twice."""
        self.requests += 1
        return {'joints': {'elbow': float(self.requests)}, 'control': {'number': 2}}


async def test_a_state_with_values_of_an_unknown_driver_is_not_used(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The reply over REST may be earlier than the message that control has changed."""
    taken: list[dict[str, float]] = []
    handler, rooms = FailingHandler(), StubRooms()
    monkeypatch.setattr(handler, 'on_room_state', taken.append)
    thread = ArenaThread()
    try:
        link = make_link('http://127.0.0.1:1', Role.CONSUMER, handler, thread)
        monkeypatch.setattr(link, '_rooms', rooms)
        link.control.on_state(ControlState('policy', ControlPolicy.TAKE, number=1))
        link._stale.set()
        refreshing = asyncio.create_task(link._refresh_room_state(cast(Connection, None)))
        await wait_until(lambda: rooms.requests, 'the first request')
        link.control.on_state(ControlState('person', ControlPolicy.TAKE, number=2))
        await wait_until(lambda: taken, 'the state')
        refreshing.cancel()
    finally:
        assert thread.close(10.0)

    assert taken == [{'elbow': 2.0}]


@pytest.mark.parametrize(
    ('status', 'level', 'text'),
    [
        pytest.param(replace(JOINED), Level.OK, 'joined', id='joined'),
        pytest.param(
            replace(JOINED, received_at=8.0),
            Level.WARN,
            'no message from the server for 1.5 s: check',
            id='silent',
        ),
        pytest.param(
            replace(JOINED, late=late(0.6, 0.5)),
            Level.WARN,
            'the link is late: a round trip takes 0.60 s, link.max_delay_s is 0.5; check',
            id='late',
        ),
        pytest.param(replace(AWAY), Level.WARN, 'connecting to the room', id='connecting'),
        pytest.param(
            replace(AWAY, error='cannot connect'),
            Level.WARN,
            'not in the room: cannot connect; trying until it works',
            id='out of reach',
        ),
        pytest.param(
            replace(AWAY, error='no such room', is_refused=True),
            Level.ERROR,
            'not in the room: no such room; trying until it works',
            id='refused',
        ),
    ],
)
def test_a_link_is_well_only_while_the_room_answers_in_time(
    status: LinkStatus, level: Level, text: str
) -> None:
    """The diagnostics are OK only while the server answers in time."""
    found = status.condition(10.0)

    assert found.level is level
    assert found.text.startswith(text)
