# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""A camera node in a process of its own, with its arena and a probe."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from lifecycle_msgs.srv import ChangeState
from rclpy.qos import QoSProfile
from sensor_msgs.msg import CompressedImage, Image
from std_msgs.msg import Header

from .domain import own_domain
from .probe import Probe, running_probe
from .processes import Process, ros_arguments, running
from .server import running_server
from .video_rooms import WORKSPACE
from .waiting import wait_for

__all__ = ['NAMESPACE', 'CameraRig', 'camera_rig', 'grey_image']

NAMESPACE = 'robot'
NODE = 'arena_camera'
PATIENCE_S = 20.0
"""How long a test waits for something that involves several processes."""


@dataclass
class CameraRig:
    """
    A node called ``/robot/arena_camera``.

    :param url: the URL of the arena.
    :ivar delivered: the reports of the camera front.
    """

    url: str
    process: Process
    probe: Probe
    delivered: list[Header] = field(default_factory=list)

    def status(self, camera: str) -> str:
        """Return the text of the diagnostic status of a camera."""
        return self.probe.text(f'/{NAMESPACE}/{NODE}: camera {camera}')

    def level(self, camera: str) -> int:
        """Return the level of the diagnostic status of a camera; -1 before its first message."""
        level = self.probe.level(f'/{NAMESPACE}/{NODE}: camera {camera}')
        return -1 if level is None else ord(level)

    def value(self, camera: str, key: str) -> str:
        """Return a value of the diagnostic status of a camera."""
        heard = self.probe.diagnostics.get(f'/{NAMESPACE}/{NODE}: camera {camera}')
        pairs = [] if heard is None else heard.values
        return next((str(pair.value) for pair in pairs if pair.key == key), '')

    def wait_for_status(self, camera: str, text: str) -> None:
        """Wait until the diagnostic status of a camera contains a text."""
        wait_for(lambda: text in self.status(camera), f'{camera} to be {text!r}', PATIENCE_S)

    def change_state(self, transition: int) -> bool:
        """Request a lifecycle transition; return whether it succeeded."""
        request = ChangeState.Request()
        request.transition.id = transition
        answer = self.probe.ask(NAMESPACE, 'change_state', ChangeState, request, node=NODE)
        return bool(answer.success)

    @contextmanager
    def feeding(
        self,
        topic: str,
        make: Callable[[], Image | CompressedImage],
        *,
        rate_hz: float = 30.0,
        qos: QoSProfile | int = 1,
    ) -> Iterator[None]:
        """Publish messages on a topic of the robot meanwhile."""
        node = self.probe.node
        publisher = node.create_publisher(type(make()), f'/{NAMESPACE}/{topic}', qos)
        timer = node.create_timer(1.0 / rate_hz, lambda: publisher.publish(make()))
        try:
            yield
        finally:
            self.probe.destroy(timer, publisher)

    def listen(self, kind: type, topic: str) -> list[Any]:
        """Subscribe to a topic of the robot; return the list of its messages from now on."""
        seen: list[Any] = []
        self.probe.node.create_subscription(kind, f'/{NAMESPACE}/{topic}', seen.append, 10)
        return seen


def grey_image(
    shade: int = 90, width: int = 64, height: int = 48, encoding: str = 'rgb8'
) -> Image:
    """Return a grey picture without a stamp."""
    size = {'rgb8': 3, 'bgr8': 3, 'mono8': 1}[encoding]
    return Image(
        encoding=encoding,
        width=width,
        height=height,
        step=size * width,
        data=bytes([shade]) * (size * width * height),
    )


@contextmanager
def camera_rig(parameters: dict[str, Any], *more: str, **options: Any) -> Iterator[CameraRig]:
    """
    Run a camera node with these parameters, in the workspace of the tests.

    :param more: additional ROS arguments.
    :param options: options of the node's process, see :func:`running_command`.
    """
    with own_domain(), running_server() as url, running_probe() as probe:
        probe.client(NAMESPACE, 'change_state', ChangeState, node=NODE)
        delivered: list[Header] = []
        topic = f'/{NAMESPACE}/front/delivered_pictures'
        probe.node.create_subscription(Header, topic, delivered.append, 1000)
        given = {'server_url': url, 'workspace_id': WORKSPACE, **parameters}
        arguments = ros_arguments(NAMESPACE, given, *more)
        with running('nodes.camera.main', arguments, **options) as process:
            yield CameraRig(url, process, probe, delivered)
