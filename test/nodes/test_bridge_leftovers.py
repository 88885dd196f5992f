# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""A bridge leaks nothing when it is configured and cleaned up repeatedly."""

from __future__ import annotations

import pytest

pytest.importorskip('rclpy', reason='rclpy is not here: it comes with ROS 2, or as wheels')

from lifecycle_msgs.msg import Transition
from support.leaks import check_leaks
from support.robot import NAMESPACE, Robot, robot
from support.waiting import wait_for

CYCLE = (
    Transition.TRANSITION_CONFIGURE,
    Transition.TRANSITION_ACTIVATE,
    Transition.TRANSITION_DEACTIVATE,
    Transition.TRANSITION_CLEANUP,
)

IDLE = {
    'joint_commands': 0,
    'joint_states': 0,
    'robot_description': 0,
    'emergency_stop': 3,
    'arena_bridge/emergency_stop_active': 1,
}
"""Number of publishers and subscriptions of an unconfigured bridge on each topic."""


def entities(bridged: Robot) -> dict[str, int]:
    """Return the number of publishers and subscriptions of the bridge on the graph."""
    node = bridged.probe.node
    counts = {}
    for topic in IDLE:
        name = f'/{NAMESPACE}/{topic}'
        ends = [
            *node.get_publishers_info_by_topic(name),
            *node.get_subscriptions_info_by_topic(name),
        ]
        counts[topic] = sum(end.node_name == 'arena_bridge' for end in ends)
    return counts


def cycle(bridged: Robot) -> None:
    """Run through all lifecycle states, with a join in between."""
    for transition in CYCLE:
        if transition == Transition.TRANSITION_DEACTIVATE:
            for role in ('produce', 'consume'):
                bridged.wait_for_status(f'{role} link', 'joined')
        assert bridged.change_state(transition)


def test_configuring_again_and_again_leaves_nothing_behind() -> None:
    """After many cycles there are as many threads, files and DDS entities as before."""
    parameters = {
        'produce.room_id': 'out',
        'consume.room_id': 'in',
        'joints': ['j1'],
        'autostart': False,
    }
    with robot(parameters) as bridged:
        bridged.wait_for_status('mapping', '1 joints')

        def cycles() -> None:
            for _ in range(10):
                cycle(bridged)

        check_leaks(bridged.bridge.pid, cycles)
        wait_for(lambda: entities(bridged) == IDLE, 'the entities to be gone')
