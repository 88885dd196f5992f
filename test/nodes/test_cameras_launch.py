# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""``cameras.launch.py`` with launch_testing: a topic of one node is a topic of another."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
import signal
from typing import Any

import pytest

pytest.importorskip('launch_testing', reason='launch_testing is not here: it comes with ROS 2')
pytest.importorskip('aiortc')

from launch import LaunchDescription  # noqa: E402
from launch.events.process import SignalProcess  # noqa: E402
from sensor_msgs.msg import Image  # noqa: E402
from support.cameras import grey_image  # noqa: E402
from support.launching import (  # noqa: E402
    ExitCodes,
    WhileRunning,
    described,
    launch_file,
    needs_installation,
)
from support.probe import Probe, running_probe  # noqa: E402
from support.processes import free_port  # noqa: E402
from support.server import running_server  # noqa: E402
from support.video_rooms import WORKSPACE, video_room  # noqa: E402
from support.waiting import wait_for  # noqa: E402

__all__ = ['ExitCodes', 'TestCameras', 'generate_test_description']

PATIENCE_S = 50.0
ELSEWHERE = {'server_url': 'http://127.0.0.1:9', 'workspace_id': 'elsewhere'}
"""Values of the parameter files that the arguments replace."""

NODES: dict[str, dict[str, Any]] = {
    'robot': {**ELSEWHERE, 'cameras': ['front']},
    'desk': {
        **ELSEWHERE,
        'cameras': ['operator'],
        'camera_map.operator.mode': 'receive',
        'camera_map.operator.room_id': 'front',
        'create_missing_rooms': 'both',
    },
    'spare': {**ELSEWHERE, 'cameras': ['spare']},
}
"""The parameters of each camera node, by namespace."""


@pytest.mark.launch_test
@needs_installation
def generate_test_description() -> tuple[LaunchDescription, dict[str, Any]]:
    """Start three camera nodes, without an arena."""
    port = free_port()
    arguments = {'server_url': f'http://127.0.0.1:{port}', 'workspace_id': WORKSPACE}
    files = [
        launch_file('cameras.launch.py', {**arguments, 'namespace': namespace}, parameters)
        for namespace, parameters in NODES.items()
    ]
    return described(*files), {'port': port}


@contextmanager
def grey_pictures(probe: Probe, topic: str) -> Iterator[None]:
    """Publish pictures on a topic meanwhile, 15 a second."""
    publisher = probe.node.create_publisher(Image, topic, 1)
    timer = probe.node.create_timer(1 / 15, lambda: publisher.publish(grey_image()))
    try:
        yield
    finally:
        probe.destroy(timer, publisher)


class TestCameras(WhileRunning):
    """Tests while the camera nodes run."""

    def test_the_pictures_of_one_node_are_published_by_the_other(self, port: int) -> None:
        """Both join the room that the arguments name, and a picture arrives with its frame_id."""
        seen: list[Image] = []
        with running_probe() as probe, running_server(port=port) as url:
            probe.node.create_subscription(Image, '/desk/operator/image_raw', seen.append, 1)
            with grey_pictures(probe, '/robot/front/image_raw'):
                wait_for(lambda: seen, 'a picture', PATIENCE_S)
                wait_for(
                    lambda: probe.text('/robot/arena_camera: camera front') == 'sent to 1 viewer',
                    'the viewer in diagnostics',
                    PATIENCE_S,
                )
            assert video_room(url, 'front')['has_producer']

        assert seen[0].header.frame_id == 'operator'
        assert (seen[0].width, seen[0].height) == (64, 48)

    def test_sigterm_ends_a_node_with_0(self, launch_service: Any, proc_info: Any) -> None:
        """A node that has not found its arena ends, too; its exit code is checked at the end."""
        with running_probe() as probe:
            name = '/spare/arena_camera: camera spare'
            wait_for(lambda: probe.text(name), 'its diagnostics', PATIENCE_S)
        spare = '__ns:=/spare'
        launch_service.emit_event(
            SignalProcess(
                signal_number=signal.SIGTERM,
                process_matcher=lambda action: spare in action.process_details['cmd'],
            )
        )
        proc_info.assertWaitForShutdown(process='arena_camera', cmd_args=spare, timeout=20)
