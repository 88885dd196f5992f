# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""What a user sees of the lane of a link: the way, its figures, its fault and its log lines."""

from __future__ import annotations

import pytest

from lerobot_arena_ros.arena.lane.decisions import LaneState
from lerobot_arena_ros.arena.lane.lane import LaneReport
from lerobot_arena_ros.arena.robot_state import RobotLink, Way
from lerobot_arena_ros.control.condition import Level
from lerobot_arena_ros.nodes.bridge.lane_view import LaneLog, LaneView

UP = LaneReport(LaneState.UP, 0.0412, 0.034, sent=100, received=97, out_of_order=2)
OPENED = 'joint updates take a fast lane now, round trip 41 ms'
SILENT = 'no answer on the lane for 1.5 s'


@pytest.mark.parametrize(
    ('report', 'way'),
    [
        (UP, Way.LANE),
        (UP._replace(state=LaneState.SUSPECT), Way.BOTH),
        (UP._replace(state=LaneState.DEAD), Way.BOTH),
        (None, Way.WEBSOCKET),
    ],
)
def test_the_way_follows_the_state_of_the_lane(report: LaneReport | None, way: Way) -> None:
    """While a lane may not work, updates take both ways."""
    view = LaneView(report)

    assert view.way is way
    assert view.seen_by_room(None).way == way.value
    assert view.values()['way'] == way.value


def test_diagnostics_have_the_figures_of_the_lane() -> None:
    """The loss is in percent, and what is not known is named so."""
    assert LaneView(UP).values() == {
        'way': 'lane',
        'lane_obstacle': 'none',
        'lane_round_trip_ms': '41.2',
        'lane_lost_percent': '3.4',
        'lane_out_of_order': 2,
    }
    assert LaneView(UP._replace(loss=0.0, round_trip_s=0.0)).values() == {
        'way': 'lane',
        'lane_obstacle': 'none',
        'lane_round_trip_ms': '0.0',
        'lane_lost_percent': '0.0',
        'lane_out_of_order': 2,
    }
    assert LaneView(obstacle=SILENT).values() == {
        'way': 'websocket',
        'lane_obstacle': SILENT,
        'lane_round_trip_ms': 'unknown',
        'lane_lost_percent': 'unknown',
        'lane_out_of_order': 'unknown',
    }


def test_the_room_gets_rounded_figures() -> None:
    """Milliseconds have one decimal; without a lane there is no loss."""
    assert LaneView(UP).seen_by_room(0.04119) == RobotLink('lane', 41.2, 0.034)
    assert LaneView().seen_by_room(0.5) == RobotLink('websocket', 500.0)
    assert LaneView().seen_by_room(None) == RobotLink('websocket')


@pytest.mark.parametrize('report', [None, UP, UP._replace(loss=None), UP._replace(loss=0.2)])
def test_no_lane_and_a_small_loss_are_no_faults(report: LaneReport | None) -> None:
    """Without a lane the WebSocket carries the updates, and a lane makes up for a small loss."""
    assert LaneView(report, SILENT).fault is None


def test_a_great_loss_is_a_fault_of_the_network() -> None:
    """It makes a robot slow to follow, and the user can do something about it."""
    fault = LaneView(UP._replace(loss=0.34)).fault

    assert fault is not None
    assert fault.level is Level.WARN
    assert fault.text.startswith('the network loses datagrams: 34% of the pings')


def test_a_lane_is_logged_when_it_opens_and_when_it_ends() -> None:
    """An open lane is logged once its round trip is known."""
    log = LaneLog()
    silent = LaneView(obstacle=SILENT)
    views = [LaneView(), LaneView(UP._replace(round_trip_s=None)), LaneView(UP), LaneView(UP)]
    ended = f'the fast lane has ended, so joint updates take the WebSocket: {SILENT}'

    assert [log.update(view) for view in views] == [None, None, OPENED, None]
    assert [log.update(view) for view in (silent, silent)] == [ended, None]
    assert [log.update(view) for view in (LaneView(UP), silent)] == [OPENED, ended]


def test_a_reason_for_no_lane_is_logged_once() -> None:
    """It is not repeated with each attempt, nor after the room was joined again."""
    log = LaneLog()
    refused, blocked = LaneView(obstacle='refused'), LaneView(obstacle='blocked')
    line = 'there is no fast lane, so joint updates take the WebSocket: {}'

    assert log.update(refused) == line.format('refused')
    assert log.update(refused) is None
    log.restart()
    assert log.update(LaneView()) is None
    assert log.update(refused) is None
    assert log.update(blocked) == line.format('blocked')


def test_a_lane_is_logged_again_after_a_new_join() -> None:
    """The log shows for each join which way the updates take."""
    log = LaneLog()
    assert log.update(LaneView(UP)) == OPENED
    log.restart()

    assert log.update(LaneView(UP)) == OPENED
