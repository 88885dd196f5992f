# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""consume.require_cameras: a robot that is driven by pictures holds while none are new."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
import time
from typing import Any

import pytest
from std_msgs.msg import Header
from support.leading import in_thread
from support.robot import NAMESPACE, Robot, robot
from support.waiting import wait_for, wait_until

from lerobot_arena_ros import RoboticsProducer

DRIVEN: dict[str, Any] = {
    'consume.room_id': 'arm',
    'joints': ['elbow'],
    'consume.require_cameras': ['front'],
    'consume.max_picture_age_s': 0.5,
}
NO_PICTURE = 'no viewer has a picture of the camera front'
OLD_PICTURE = 'the newest picture that a viewer has of the camera front is'


class Camera:
    """Stands in for a camera node: reports delivered pictures at 20 Hz, if told to."""

    def __init__(self, arm: Robot) -> None:
        self.is_frozen = False
        self._probe, self._node = arm.probe, arm.probe.node
        self._publishers = {
            name: self._node.create_publisher(
                Header, f'/{NAMESPACE}/{name}/delivered_pictures', 10
            )
            for name in ('front', 'other')
        }
        self._stamp = self._node.get_clock().now()
        self.names = ['front', 'other']
        self._timer = self._node.create_timer(0.05, self._report)

    def _report(self) -> None:
        if not self.is_frozen:
            self._stamp = self._node.get_clock().now()
        for name in self.names:
            self._publishers[name].publish(Header(stamp=self._stamp.to_msg(), frame_id=name))

    def close(self) -> None:
        """Report nothing more."""
        self._probe.destroy(self._timer, *self._publishers.values())


@contextmanager
def reporting(arm: Robot) -> Iterator[Camera]:
    """Report pictures of the cameras front and other meanwhile."""
    camera = Camera(arm)
    try:
        yield camera
    finally:
        camera.close()


async def drive(arm: Robot, producer: RoboticsProducer) -> None:
    """Send updates until another command arrives."""
    before, step = len(arm.commands), 0

    def is_commanded() -> bool:
        return len(arm.commands) > before

    while not is_commanded():
        step += 1
        await producer.send_joint_update([{'name': 'elbow', 'value': float(step % 10)}])
        try:
            await wait_until(is_commanded, 'a command', 0.5)
        except AssertionError:
            assert step < 40, arm.status('safety')


def test_without_a_picture_nothing_moves() -> None:
    """The cause names the camera, and a report of another camera does not help."""
    with robot(DRIVEN) as arm, reporting(arm) as camera:
        camera.names = ['other']
        arm.wait_for_status('consume link', 'joined')

        async def refused(producer: RoboticsProducer) -> None:
            await producer.send_joint_update([{'name': 'elbow', 'value': 5.0}])
            await in_thread(arm.next_statuses)
            arm.wait_for_status('safety', NO_PICTURE)
            assert arm.commands == []
            camera.names = ['front']
            await drive(arm, producer)

        arm.lead('arm', refused)


@pytest.mark.parametrize('fault', ['camera ends', 'picture is old'])
def test_a_frozen_picture_holds_the_arm(fault: str) -> None:
    """The robot holds when reports end, or go on with an old stamp, and moves again after it."""
    with robot(DRIVEN) as arm, reporting(arm) as camera:
        arm.wait_for_status('consume link', 'joined')

        async def driven(producer: RoboticsProducer) -> None:
            await drive(arm, producer)
            if fault == 'camera ends':
                camera.names = []
            else:
                camera.is_frozen = True
            arm.wait_for_status('safety', OLD_PICTURE)
            assert 'holding' in arm.status('safety')
            await in_thread(arm.next_statuses)  # It may brake at first.
            held_at = time.monotonic()
            await producer.send_joint_update([{'name': 'elbow', 'value': 9.0}])
            await in_thread(arm.next_statuses)
            assert not arm.commands_after(held_at)
            camera.names, camera.is_frozen = ['front'], False
            await drive(arm, producer)

        arm.lead('arm', driven)


def test_a_camera_that_two_publishers_report_holds_the_arm() -> None:
    """The cause names the nodes, and the robot moves again when one of them has ended."""
    with robot(DRIVEN) as arm, reporting(arm):
        arm.wait_for_status('consume link', 'joined')

        async def driven(producer: RoboticsProducer) -> None:
            await drive(arm, producer)
            with reporting(arm):
                several = 'several nodes report pictures of the camera front: /probe, /probe'
                arm.wait_for_status('safety', several)
            await drive(arm, producer)

        arm.lead('arm', driven)


def test_without_the_parameter_pictures_do_not_matter() -> None:
    """By default a robot moves without any camera."""
    given = {**DRIVEN, 'consume.require_cameras': []}
    with robot(given) as arm:
        arm.wait_for_status('consume link', 'joined')

        async def driven(producer: RoboticsProducer) -> None:
            await drive(arm, producer)

        arm.lead('arm', driven)
        wait_for(lambda: arm.commands, 'commands')
