# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""Test of ``demo.launch.py`` with launch_testing."""

from __future__ import annotations

import math

import pytest

pytest.importorskip('launch_testing', reason='launch_testing is not here: it comes with ROS 2')

from launch import LaunchDescription
from sensor_msgs.msg import JointState
from support.launching import (
    ExitCodes,
    WhileRunning,
    described,
    launch_file,
    needs_installation,
)
from support.probe import running_probe
from support.processes import free_port
from support.waiting import wait_for

__all__ = ['ExitCodes', 'TestDemo', 'generate_test_description']

TOLERANCE_RAD = 0.2
TIMEOUT_S = 60.0
"""Five processes start at the same time, possibly on a busy machine."""


@pytest.mark.launch_test
@needs_installation
def generate_test_description() -> LaunchDescription:
    """Start the arena, the arms and the bridges."""
    return described(launch_file('demo.launch.py', {'port': str(free_port())}))


class TestDemo(WhileRunning):
    """Tests while the demo runs."""

    def test_the_follower_goes_where_the_leader_has_gone(self) -> None:
        """The follower reaches the leader after the leader has moved by several tolerances."""
        arms: dict[str, dict[str, float]] = {'leader': {}, 'follower': {}}
        begun: dict[str, float] = {}
        with running_probe() as probe:

            def listen(arm: str) -> None:
                def remember(message: JointState) -> None:
                    arms[arm] = dict(zip(message.name, message.position, strict=True))

                probe.node.create_subscription(JointState, f'/{arm}/joint_states', remember, 10)

            def distance(one: dict[str, float], other: dict[str, float]) -> float:
                pairs = [abs(one[name] - other[name]) for name in one if name in other]
                return max(pairs, default=math.inf)

            listen('leader')
            listen('follower')
            wait_for(lambda: arms['leader'] and arms['follower'], 'the positions of both arms')
            begun = dict(arms['follower'])

            def followed() -> bool:
                near = distance(arms['leader'], arms['follower']) < TOLERANCE_RAD
                return near and distance(arms['follower'], begun) > 2 * TOLERANCE_RAD

            wait_for(
                followed, f'the follower beside the moving leader; it began at {begun}', TIMEOUT_S
            )
