# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""Public clients in a room with a bridge receive only messages of the public protocol."""

from __future__ import annotations

from collections import Counter
from functools import partial
import itertools
import json

import pytest

pytest.importorskip('rclpy', reason='rclpy is not here: it comes with ROS 2, or as wheels')

from support.participant import Participant, running_participant
from support.peers import RawPeer, ws_path
from support.robot import WORKSPACE, robot
from support.server import running_server
from support.stopping import reset, wait_for_stop
from support.waiting import wait_for

from lerobot_arena_ros import RoboticsConsumer, RoboticsProducer
from lerobot_arena_ros.server.rooms.limits import Timing

CONSUME = {
    'consume.room_id': 'a',
    'joints': ['j1'],
    'emergency_stop.allow_remote_reset': True,
}
PUBLIC = {'joint_update', 'emergency_stop', 'heartbeat_ack', 'state_sync', 'joined', 'error'}


def stop_of(viewer: Participant) -> str:
    """Return the id of the stop that the robot has latched; may be empty."""
    _, state = viewer.states[-1]
    return '' if state is None or state.stop is None else state.stop.id


def test_public_clients_are_sent_nothing_new_while_a_bridge_reports() -> None:
    """Joins, updates, stops, resets and reports of a robot cause no new message."""
    # The public client answers no ping.
    arena = partial(running_server, timing=Timing(keepalive_s=300.0))
    with robot(CONSUME, arena=arena) as bridged:
        bridged.wait_for_status('consume link', 'joined')
        public = RawPeer.enter(bridged.url, ws_path(WORKSPACE, 'a'), 'public', 'consumer')
        try:
            with (
                running_participant(
                    RoboticsConsumer(bridged.url), WORKSPACE, 'a', 'viewer', sees_robots=True
                ) as viewer,
                running_participant(
                    RoboticsProducer(bridged.url), WORKSPACE, 'a', 'leader'
                ) as leader,
            ):
                wait_for(lambda: viewer.states, 'the first state')
                for number in range(2):
                    degrees = itertools.count(100.0 * number)

                    def moved(degrees: itertools.count[float] = degrees) -> bool:
                        leader.send_update(j1=next(degrees) % 40.0)
                        _, state = viewer.states[-1]
                        return state is not None and state.gate == 'active'

                    wait_for(moved, 'the gate to be active')
                    viewer.stop(f'stop {number}')
                    wait_for_stop(bridged)
                    if number:
                        assert reset(bridged) == 'ok: reset'
                    else:
                        robot_id = bridged.value('consume link', 'participant_id')
                        wait_for(lambda: stop_of(viewer), 'the state with a stop')
                        viewer.request_reset(robot_id, stop_of(viewer))
                    wait_for_stop(bridged, False)
                wait_for(
                    lambda: {s.gate for _, s in viewer.states if s} >= {'active', 'stopped'},
                    'the states',
                )
            kinds = kinds_received(public)
        finally:
            public.close()

    assert set(kinds) <= PUBLIC
    assert kinds['joint_update'] > 1
    assert kinds['emergency_stop'] == 2


def kinds_received(peer: RawPeer) -> Counter[str]:
    """Send a heartbeat; count the messages up to its answer, by type."""
    peer.send(json.dumps({'type': 'heartbeat'}).encode())
    kinds: Counter[str] = Counter()
    while not kinds['heartbeat_ack']:
        kinds[peer.recv()['type']] += 1
    return kinds
