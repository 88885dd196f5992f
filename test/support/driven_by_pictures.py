# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""A robot that is driven by the pictures of a camera: bridge, camera node, viewer and leader."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

from rclpy.time import Duration
from sensor_msgs.msg import Image

from lerobot_arena_ros import RoboticsConsumer, RoboticsProducer
from lerobot_arena_ros.arena.errors import ArenaError
from lerobot_arena_ros.video import VideoConsumer

from .cameras import grey_image
from .loop_thread import LoopThread
from .participant import Participant, running_participant
from .processes import Process, ros_arguments, running
from .robot import NAMESPACE, WORKSPACE, Robot, robot
from .video_rooms import WORKSPACE as VIDEO_WORKSPACE
from .video_rooms import make_video_room
from .waiting import ticks, wait_for

__all__ = ['MAX_AGE_S', 'PATIENCE_S', 'Driven', 'Feed', 'driven']

MAX_AGE_S = 2.0
"""The maximum age of the pictures; a busy machine delays a picture by a second."""

PATIENCE_S = 45.0
"""How long a test waits; DDS lists a killed node for some 20 s."""

ROOM = 'front'


class Feed:
    """
    A camera driver in the probe: 15 pictures a second.

    :ivar is_running: whether it publishes.
    :ivar offset_s: added to each stamp.
    :ivar stands_still: whether the stamp stays the same.
    :ivar newest_s: the newest stamp without an offset, in seconds since 1970.
    """

    def __init__(self, arm: Robot) -> None:
        self.is_running = True
        self.offset_s = 0.0
        self.stands_still = False
        self._node = arm.probe.node
        self._now = self._node.get_clock().now()
        topic = f'/{NAMESPACE}/{ROOM}/image_raw'
        self._publisher = self._node.create_publisher(Image, topic, 1)
        self._timer = self._node.create_timer(1 / 15, self._publish)

    @property
    def newest_s(self) -> float:
        """The newest stamp without its offset."""
        return float(self._now.nanoseconds) * 1e-9

    def heal(self) -> None:
        """Publish new pictures again."""
        self.is_running, self.offset_s, self.stands_still = True, 0.0, False

    def _publish(self) -> None:
        if not self.is_running:
            return
        if not self.stands_still:
            self._now = self._node.get_clock().now()
        image = grey_image()
        image.header.stamp = (self._now + Duration(seconds=self.offset_s)).to_msg()
        self._publisher.publish(image)


@dataclass
class Driven:
    """
    The robot, and what a test can do to its camera.

    :param watcher: receives the robot's states in its room.
    """

    arm: Robot
    feed: Feed
    watcher: Participant
    loop: LoopThread
    camera: Process | None = None
    consumer: VideoConsumer | None = None
    _cameras: ExitStack = field(default_factory=ExitStack)

    def start_camera(self) -> None:
        """Run a camera node that must not create its room."""
        given: dict[str, Any] = {
            'server_url': self.arm.url,
            'workspace_id': VIDEO_WORKSPACE,
            'cameras': [ROOM],
            'create_missing_rooms': 'none',
        }
        process = running('nodes.camera.main', ros_arguments(NAMESPACE, given))
        self.camera = self._cameras.enter_context(process)

    def watch(self) -> None:
        """Watch the camera as the one who drives does, on a new connection."""
        self.stop_watching()
        self.consumer = VideoConsumer(self.arm.url)
        assert self.loop.run(self.consumer.connect(VIDEO_WORKSPACE, ROOM))

    def stop_watching(self) -> None:
        """Leave the camera's room."""
        consumer, self.consumer = self.consumer, None
        if consumer is not None:
            self.loop.run(consumer.disconnect())

    def wait_for_motion(self) -> None:
        """Wait until more commands arrive."""
        before = len(self.arm.commands)
        wait_for(
            lambda: len(self.arm.commands) > before + 20,
            f'commands; {self.arm.status("safety")}',
            PATIENCE_S,
        )

    def wait_for_hold(self, cause: str) -> None:
        """Wait until diagnostics, the log and the room name a cause of a hold."""
        arm = self.arm
        self._wait_for_text(cause, lambda: arm.status('safety'), 'diagnostics')
        self._wait_for_text(cause, lambda: self.reported_cause, 'the room')
        self._wait_for_text(cause, lambda: arm.bridge.output, 'the log')

    @property
    def reported_cause(self) -> str:
        """The cause that the room last received."""
        _, state = self.watcher.states[-1]
        return '' if state is None else state.cause

    @staticmethod
    def _wait_for_text(text: str, read: Callable[[], str], where: str) -> None:
        try:
            wait_for(lambda: text in read(), f'{text!r} in {where}', PATIENCE_S)
        except AssertionError as exc:
            raise AssertionError(f'{exc}\n{read()}') from None

    def close(self) -> None:
        """End the viewer and the camera nodes."""
        self.stop_watching()
        self._cameras.close()


async def _lead(url: str, room: str) -> None:
    """Send updates of a joint that has to move from one end to the other again and again."""
    while True:
        # A connection that a busy machine has lost is opened again.
        with suppress(ArenaError, ValueError):
            async with RoboticsProducer(url) as producer:
                await producer.join_room(WORKSPACE, room, 'producer')
                async for tick in ticks(20.0):
                    value = 60.0 if tick // 60 % 2 else -60.0
                    await producer.send_joint_update([{'name': 'elbow', 'value': value}])


@contextmanager
def driven() -> Iterator[Driven]:
    """Run a robot that moves all the time while the pictures of its camera are new."""
    given = {
        'consume.room_id': 'arm',
        'joints': ['elbow'],
        'consume.require_cameras': [ROOM],
        'consume.max_picture_age_s': MAX_AGE_S,
        'link.max_delay_s': 8.0,  # So that a busy machine shows no other cause.
    }
    with ExitStack() as stack:
        arm = stack.enter_context(robot(given))
        make_video_room(arm.url, ROOM)
        arm.wait_for_status('consume link', 'joined')
        loop = LoopThread('viewer and leader')
        stack.callback(loop.close)
        client = RoboticsConsumer(arm.url)
        watcher = stack.enter_context(
            running_participant(client, WORKSPACE, 'arm', 'watcher', sees_robots=True)
        )
        made = Driven(arm, Feed(arm), watcher, loop)
        stack.callback(made.close)
        leading = asyncio.run_coroutine_threadsafe(_lead(arm.url, 'arm'), loop.loop)
        stack.callback(leading.cancel)
        made.start_camera()
        made.watch()
        made.wait_for_motion()
        yield made
