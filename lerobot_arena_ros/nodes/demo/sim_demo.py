# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""The simulated arm in a room: driven from a browser, or unattended with a check."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
import contextlib
import math
import sys
import time
from typing import NoReturn

import rclpy
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rclpy.qos import qos_profile_sensor_data
from rclpy.signals import SignalHandlerOptions
from sensor_msgs.msg import JointState

from lerobot_arena_ros.arena.clients import RoboticsConsumer, RoboticsProducer
from lerobot_arena_ros.arena.errors import ArenaError, RoomNotFound

from ..bridge.conversions import joint_state_from_ros
from .processes import SIM, DemoError, Interrupted, Processes, sim_processes
from .sim_cameras import CAMERAS, camera_room, start_cameras, watching
from .start import begin, read_seconds

__all__ = ['main']

WORKSPACE, ROOM = 'default-workspace', 'sim'

DRIVEN = 'shoulder_pan'
SWING_DEG = 30.0
PERIOD_S = 4.0
MOVED_RAD = math.radians(SWING_DEG / 2)
"""Minimum distance that the arm must have moved in the unattended demo."""

START_TIMEOUT_S = 30.0
PICTURES_TIMEOUT_S = 60.0
"""How much longer the unattended demo waits for the first picture of each camera."""


def main(args: list[str] | None = None) -> int:
    """Run the simulated arm with its arena and bridge, and return the exit code."""
    seconds = read_seconds(
        'sim_demo',
        args,
        description='An arena, a simulated SO-101, its bridge and its cameras, on this machine.',
        epilog='Exit code: 0 after Ctrl-C; with --seconds, 0 if the arm followed and its cameras '
        'were seen, otherwise 1; 1 also if a part of the demo did not start; 2 for wrong usage.',
        unattended='drive the arm from the room for this many seconds (at least 5), and check '
        'that it moved and that its cameras are seen; without it, drive it from a browser',
    )
    interruption = begin()
    try:
        with sim_processes(ROOM, interruption) as (processes, url):
            # Print the URL first, because the arm takes some seconds to start.
            print(f'console: {url}/#{WORKSPACE}/{ROOM}')
            print('waiting for the arm', flush=True)
            asyncio.run(_until_followed(processes, url))
            obstacle = start_cameras(processes, url, WORKSPACE, ROOM)
            cameras = CAMERAS if obstacle is None else ()
            print(obstacle or f'cameras: {", ".join(camera_room(ROOM, each) for each in cameras)}')
            if seconds is None:
                _show(processes)
            return _report_result(*asyncio.run(_drive(processes, url, seconds, cameras)))
    except (ArenaError, DemoError) as exc:
        sys.stderr.write(f'sim: {exc}\n')
        return 1
    except Interrupted:
        return 0


async def _until_followed(processes: Processes, url: str) -> None:
    """
    Wait until the bridge has created the room and follows it.

    :raises DemoError: the bridge did not join in time, or a process ended.
    :raises Interrupted: a signal has arrived.
    """
    deadline = time.monotonic() + START_TIMEOUT_S
    async with RoboticsConsumer(url) as client:
        while time.monotonic() < deadline:
            processes.check()
            with contextlib.suppress(RoomNotFound):
                if (await client.get_room_info(WORKSPACE, ROOM))['active_consumers']:
                    return
            await asyncio.sleep(0.1)
    raise DemoError(f'the bridge did not join the room {ROOM} within {START_TIMEOUT_S:g} s')


def _show(processes: Processes) -> NoReturn:
    """Wait for Ctrl-C, or for the end of a process."""
    print(f'A simulated SO-101 follows the room {ROOM}. Open the console in a browser,')
    print('take control and move a slider. Ctrl-C ends all processes.', flush=True)
    while True:
        processes.check()
        time.sleep(0.2)


class _Watch(Node):
    """The lowest and highest measured position of the driven joint."""

    def __init__(self) -> None:
        super().__init__('sim_watch')
        self.seen: list[float] = []
        self.create_subscription(
            JointState, f'{SIM}/joint_states', self._on_state, qos_profile_sensor_data
        )

    @property
    def moved_rad(self) -> float:
        """The distance that the joint has moved."""
        return max(self.seen) - min(self.seen) if self.seen else 0.0

    def _on_state(self, message: JointState) -> None:
        position = joint_state_from_ros(message)[DRIVEN]
        self.seen = [min([position, *self.seen]), max([position, *self.seen])]


async def _drive(
    processes: Processes, url: str, seconds: float, cameras: Sequence[str]
) -> tuple[float, Counter[str]]:
    """
    Drive a joint from the room, and watch the cameras.

    It drives for longer if a camera has no picture yet.

    :returns: how far the arm has moved, in radians, and the number of pictures of each camera.
    """
    print(f'sim: driving {DRIVEN} for {seconds:g} s', flush=True)
    rclpy.init(args=[], signal_handler_options=SignalHandlerOptions.NO)
    watch = _Watch()
    executor = SingleThreadedExecutor()
    executor.add_node(watch)
    try:
        async with (
            RoboticsProducer(url) as producer,
            watching(url, WORKSPACE, ROOM, cameras) as seen,
        ):
            if not await producer.connect(WORKSPACE, ROOM):
                raise DemoError(f'cannot join the room {ROOM} as its producer')
            begun_at = time.monotonic()
            while (elapsed_s := time.monotonic() - begun_at) < seconds or (
                not all(seen.values()) and elapsed_s < seconds + PICTURES_TIMEOUT_S
            ):
                angle = SWING_DEG * math.sin(2 * math.pi * elapsed_s / PERIOD_S)
                await producer.send_state_sync({DRIVEN: angle})
                executor.spin_once(timeout_sec=0.0)
                processes.check()
                await asyncio.sleep(0.01)
        return watch.moved_rad, seen
    finally:
        executor.shutdown()
        watch.destroy_node()
        rclpy.try_shutdown()


def _report_result(moved_rad: float, seen: Counter[str]) -> int:
    passed = moved_rad >= MOVED_RAD and all(seen.values())
    print(f'sim: {DRIVEN} moved by {moved_rad:.3f} rad, expected {MOVED_RAD:.3f} or more')
    for camera, count in seen.items():
        print(f'sim: {count} pictures of the camera {camera}, expected 1 or more')
    print('sim: ' + ('passed' if passed else 'FAILED'))
    return 0 if passed else 1
