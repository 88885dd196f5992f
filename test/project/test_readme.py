# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""The launch example of README.md, without launch: a robot follows its room."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest

pytest.importorskip('rclpy', reason='rclpy is not here: it comes with ROS 2, or as wheels')

from sensor_msgs.msg import JointState
from support.domain import own_domain
from support.pages import blocks_of
from support.participant import running_participant
from support.probe import running_probe
from support.processes import running
from support.server import running_server
from support.waiting import wait_for

from lerobot_arena_ros import RoboticsProducer

WORKSPACE, ROOM = 'default-workspace', 'arm'
STARTED = (
    'ros2 launch lerobot_arena_ros bridge.launch.py start_server:=true'
    ' params_file:=my_arm.yaml consume_room:=arm units:=degrees'
)


def test_the_arm_of_the_page_follows_a_room_that_is_made_later(tmp_path: Path) -> None:
    """With the page's file and arguments, the arm follows a room that is created later."""
    (file,) = (block for block in blocks_of('README.md', 'yaml') if block.file)
    blocks = [
        ' '.join(block.text.replace('\\\n', '').split()) for block in blocks_of('README.md', 'sh')
    ]
    assert STARTED in blocks
    (arm,) = (text for text in blocks if 'demo_arm' in text)
    params = tmp_path / file.file
    params.write_text(file.text)
    seen: list[JointState] = []
    with ExitStack() as stack:
        stack.enter_context(own_domain())
        url = stack.enter_context(running_server())
        probe = stack.enter_context(running_probe())
        probe.node.create_subscription(JointState, '/joint_states', seen.append, 10)
        stack.enter_context(running('nodes.demo.arm', arm.split()[4:]))
        options = {'server_url': url, 'consume.room_id': ROOM, 'units': 'degrees'}
        words = [word for item in options.items() for word in ('-p', ':='.join(item))]
        bridge = stack.enter_context(
            running('nodes.bridge.main', ['--ros-args', '--params-file', str(params), *words])
        )
        wait_for(lambda: 'there is no such room' in bridge.output, 'the bridge to miss it')
        rooms = f'{url}/robotics/workspaces/{WORKSPACE}/rooms'
        httpx.post(rooms, json={'room_id': ROOM}).raise_for_status()
        robots = f'{rooms}/{ROOM}/robots'
        wait_for(lambda: len(httpx.get(robots).json()['robots']) == 1, 'the robot')
        console = RoboticsProducer(url)
        with running_participant(console, WORKSPACE, ROOM, 'console') as driver:
            wait_for(lambda: 'live update' in httpx.get(robots).text, 'the gate to be ready')
            driver.send_update(Elbow=10.0)
            # The page inverts the elbow.
            wait_for(
                lambda: (
                    dict(zip(seen[-1].name, seen[-1].position, strict=True))['elbow_joint']
                    == pytest.approx(-0.1745, abs=0.001)
                ),
                'the elbow to move',
            )
