# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""``ai_loop.launch.py`` and ``cameras.launch.py`` with launch_testing."""

from __future__ import annotations

from typing import Any

import pytest

pytest.importorskip('launch_testing', reason='launch_testing is not here: it comes with ROS 2')
pytest.importorskip('aiortc', reason='aiortc is not here: requirements/video.txt')

import httpx
from launch import LaunchDescription
from sensor_msgs.msg import Image
from support.inference_server import running_inference_server
from support.launching import (
    ExitCodes,
    WhileRunning,
    described,
    launch_file,
    needs_installation,
)
from support.probe import Probe, running_probe
from support.processes import free_port
from support.server import running_server
from support.video_rooms import WORKSPACE, video_rooms
from support.waiting import wait_for

__all__ = ['ExitCodes', 'TestAiLoop', 'generate_test_description']

ROBOT, SPARE, SESSION = 'robot', 'spare', 's1'
JOINTS = ('shoulder_pan', 'shoulder_lift', 'elbow_flex', 'wrist_flex', 'wrist_roll', 'gripper')
MIDDLE = (0.0, 1.75, -1.57, -0.65, 0.0, 0.9)
TIMEOUT_S = 60.0
"""Pauses between attempts to join are up to 10 s long."""


@pytest.mark.launch_test
@needs_installation
def generate_test_description() -> tuple[LaunchDescription, dict[str, Any]]:
    """Start the nodes of a session, and a camera of no session, without an arena."""
    port = free_port()
    where = {'server_url': f'http://127.0.0.1:{port}', 'workspace_id': WORKSPACE}
    session = {'session': SESSION, 'cameras': '[front]', 'camera_topics': '[/eye]'}
    return described(
        launch_file('ai_loop.launch.py', {**where, **session, 'namespace': ROBOT}),
        launch_file('cameras.launch.py', {**where, 'namespace': SPARE}, {'cameras': ['top']}),
    ), {'port': port}


def rooms_of(url: str) -> set[str]:
    """Return the ids of all rooms in the workspace of the test."""
    joints = f'{url}/robotics/workspaces/{WORKSPACE}/rooms'
    lists = [httpx.get(address).raise_for_status() for address in (joints, video_rooms(url))]
    return {room['id'] for each in lists for room in each.json()['rooms']}


class TestAiLoop(WhileRunning):
    """Assertions while the nodes run."""

    def test_the_nodes_wait_for_the_rooms_of_the_session_and_join_them(self, port: int) -> None:
        """No node creates a room of the session; pictures and joints reach its policy."""
        with running_probe() as probe, running_server(port=port) as url:
            eye = probe.node.create_publisher(Image, '/eye', 1)
            picture = Image(width=64, height=48, encoding='mono8', step=64, data=bytes(64 * 48))
            timer = probe.node.create_timer(0.1, lambda: eye.publish(picture))
            for name in ('bridge: produce link', 'bridge: consume link', 'camera: camera front'):
                wait_for_status(probe, ROBOT, name, 'there is no such room')
            wait_for(lambda: 'top' in rooms_of(url), 'the room of the other camera', TIMEOUT_S)
            assert rooms_of(url) == {'top'}

            with running_inference_server(
                url, WORKSPACE, SESSION, ['front'], lambda frames, joints: {}
            ) as server:
                wait_for(lambda: server.frames, 'a picture', TIMEOUT_S)
                wait_for_status(probe, ROBOT, 'bridge: produce link', 'joined')
                wait_for_status(probe, ROBOT, 'bridge: consume link', 'joined')

                def is_measured() -> bool:
                    probe.publish_joints(ROBOT, JOINTS, MIDDLE)
                    return bool(server.joints)

                wait_for(is_measured, 'joints', TIMEOUT_S)
                assert server.joints['Rotation'] == 0.0
            probe.destroy(timer)


def wait_for_status(probe: Probe, namespace: str, name: str, text: str) -> None:
    """Wait until a diagnostic status of one of the nodes contains a text."""
    full = f'/{namespace}/arena_{name}'
    wait_for(lambda: text in probe.text(full), f'{full} to be {text!r}', TIMEOUT_S)
