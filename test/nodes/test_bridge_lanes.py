# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""What a bridge shows of its fast lanes: in diagnostics, in its log and in the room."""

from __future__ import annotations

from contextlib import ExitStack
from functools import partial

import pytest

pytest.importorskip('rclpy', reason='rclpy is not here: it comes with ROS 2, or as wheels')

from support.lane_path import Path
from support.participant import running_participant
from support.robot import WORKSPACE, Robot, robot
from support.server import running_server
from support.waiting import wait_for

from lerobot_arena_ros import RoboticsConsumer

BOTH = {'consume.room_id': 'in', 'produce.room_id': 'out', 'joints': ['j1']}
OPENED = 'joint updates take a fast lane now, round trip'
ENDED = 'the fast lane has ended, so joint updates take the WebSocket: no answer on the lane for'
NONE = 'there is no fast lane, so joint updates take the WebSocket: this server has no fast lanes'


def has_loss(bridged: Robot, link: str) -> bool:
    """Return whether the diagnostics of a link have a loss."""
    return bridged.value(f'{link} link', 'lane_lost_percent') not in ('', 'unknown')


def is_shown(bridged: Robot, link: str, way: str) -> bool:
    """Return whether the diagnostics of a link have this way."""
    return bridged.value(f'{link} link', 'way') == way


def test_a_bridge_shows_its_lanes() -> None:
    """Diagnostics have its figures, the log has one line for each, and the room has its way."""
    with ExitStack() as stack:
        bridged = stack.enter_context(robot(BOTH, arena=partial(running_server, lanes=True)))
        for link in ('consume', 'produce'):
            bridged.wait_for_log(f'{link}: {OPENED}')
            wait_for(partial(is_shown, bridged, link, 'lane'), f'the lane of {link}')
            assert bridged.value(f'{link} link', 'lane_obstacle') == 'none'
            assert float(bridged.value(f'{link} link', 'lane_round_trip_ms')) > 0.0
            assert bridged.value(f'{link} link', 'lane_out_of_order') == '0'
            wait_for(partial(has_loss, bridged, link), 'the loss, which needs 20 pings')
        consumer = RoboticsConsumer(bridged.url)
        viewer = stack.enter_context(
            running_participant(consumer, WORKSPACE, 'in', 'viewer', sees_robots=True)
        )
        wait_for(lambda: viewer.states, 'the state of the robot')
        state = viewer.states[0][1]
        assert state is not None
        assert state.link is not None
        assert state.link.way == 'lane'
        assert state.link.round_trip_ms
        assert bridged.status('consume link') == 'joined'


def test_a_lane_that_ends_is_shown_and_so_is_the_next_one() -> None:
    """The link stays OK, because the WebSocket carries the updates."""
    path = Path()
    with ExitStack() as stack:
        stack.callback(path.close)
        produce = {'produce.room_id': 'out', 'joints': ['j1']}
        bridged = stack.enter_context(robot(produce, arena=path.arena))
        bridged.wait_for_log(f'produce: {OPENED}')

        path.block()

        bridged.wait_for_log(f'produce: {ENDED}')
        wait_for(partial(is_shown, bridged, 'produce', 'websocket'), 'the WebSocket')
        assert bridged.value('produce link', 'lane_obstacle').startswith('no answer')
        assert bridged.value('produce link', 'lane_lost_percent') == 'unknown'
        assert bridged.status('produce link') == 'joined'

        path.unblock()

        bridged.wait_for_log(f'produce: {OPENED}', 2)
        wait_for(partial(is_shown, bridged, 'produce', 'lane'), 'the lane')
        bridged.wait_for_log(ENDED)


def test_a_lane_that_loses_much_is_a_warning() -> None:
    """The lane stays open, and the diagnostics name the fault of the network."""
    path = Path()
    with ExitStack() as stack:
        stack.callback(path.close)
        produce = {'produce.room_id': 'out', 'joints': ['j1']}
        bridged = stack.enter_context(robot(produce, arena=path.arena))
        bridged.wait_for_log(f'produce: {OPENED}')

        path.lose_each_third()

        bridged.wait_for_status('produce link', 'the network loses datagrams: ')
        assert not is_shown(bridged, 'produce', 'websocket')
        assert float(bridged.value('produce link', 'lane_lost_percent')) > 20.0


def test_why_there_is_no_lane_is_shown_and_logged_once() -> None:
    """A server without lanes is no fault."""
    with robot(BOTH) as bridged:
        for link in ('consume', 'produce'):
            bridged.wait_for_log(f'{link}: {NONE}')
            wait_for(partial(is_shown, bridged, link, 'websocket'), f'the way of {link}')
            assert (
                bridged.value(f'{link} link', 'lane_obstacle') == 'this server has no fast lanes'
            )
        links = ('consume link', 'produce link')
        joins = [bridged.count(link, 'joins') for link in links]
        bridged.proxy.cut()
        bridged.proxy.open()

        def have_grown(key: str, before: list[int], by: int) -> bool:
            now = [bridged.count(link, key) for link in links]
            return all(b >= a + by for a, b in zip(before, now, strict=True))

        wait_for(lambda: have_grown('joins', joins, 1), 'a new join of both')
        frames = [bridged.count(link, 'heard_frames') for link in links]
        # Whether there are lanes is known after the join.
        wait_for(lambda: have_grown('heard_frames', frames, 4), 'more frames of both')

        bridged.wait_for_log(NONE, 2)


def test_a_lane_that_is_switched_off_is_not_logged() -> None:
    """The user has switched it off, and the diagnostics show that."""
    with robot({**BOTH, 'link.fast_lane': 'never'}) as bridged:
        wait_for(lambda: bridged.value('consume link', 'lane_obstacle'), 'the obstacle')
        wait_for(lambda: bridged.value('consume link', 'round_trip_ms') != 'unknown', 'an answer')

        assert bridged.value('consume link', 'lane_obstacle') == 'it is switched off'
        assert 'fast lane' not in bridged.bridge.output
