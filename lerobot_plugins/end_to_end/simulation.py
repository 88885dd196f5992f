# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""The simulated arm behind an arena: its processes, its cube, and its measured joints."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
import contextlib
import math
import os
from pathlib import Path
import threading

from geometry_msgs.msg import PoseStamped
from rcl_interfaces.srv import SetParameters
import rclpy
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rclpy.parameter import Parameter
from rclpy.qos import qos_profile_sensor_data
from rclpy.signals import SignalHandlerOptions
from sensor_msgs.msg import JointState

from lerobot_arena_ros.nodes.bridge.conversions import joint_state_from_ros
from lerobot_arena_ros.nodes.demo.processes import DemoError, Processes
from lerobot_arena_ros.nodes.runtime.shutdown_signal import ShutdownSignal
from lerobot_arena_ros.sim.names import CAMERAS, CUBE_AT, JOINTS

__all__ = ['COMMAND_ROOM', 'JOINT_ROOM', 'WORKSPACE', 'Simulation', 'camera_room', 'simulation']

WORKSPACE, JOINT_ROOM, COMMAND_ROOM = 'lab', 'arm-joints', 'arm-commands'

NAMESPACE = f'/lerobot_{os.getpid()}'
"""Not that of another simulated arm on this machine."""

NEAR_RAD = 0.12
"""More than the arm sags."""

PATIENCE_S = 120.0
PICTURE_RATE_HZ = 5

BRIDGE = {
    'units': 'normalized',
    'joints': list(JOINTS),
    'produce.room_id': JOINT_ROOM,
    'consume.room_id': COMMAND_ROOM,
    'create_missing_rooms': 'both',
    # The gripper squeezes the cube, and does not reach its command.
    'joint_map.gripper.max_lead': 0.3,
    'joint_map.gripper.stall_s': 0.0,
    # A machine that renders, encodes and trains at once answers late.
    'link.timeout_s': 20.0,
    'link.max_delay_s': 10.0,
    'produce.max_input_age_s': 5.0,
    'consume.max_feedback_age_s': 5.0,
    'consume.stall_s': 0.0,
}


def camera_room(camera: str) -> str:
    """Return the video room of a camera."""
    return f'arm-{camera}'


class Simulation(Node):
    """
    What the simulated arm measures, and the true place of its cube.

    :ivar highest_m: the greatest height of the cube's centre since :meth:`place_cube`, in metres.
    """

    def __init__(self, url: str, processes: Processes) -> None:
        super().__init__('lerobot_end_to_end')
        self.url = url
        self.joints: dict[str, float] = {}
        self.height_m = self.highest_m = 0.0
        self._processes = processes
        self._setter = self.create_client(SetParameters, f'{NAMESPACE}/sim_arm/set_parameters')
        self.create_subscription(
            JointState, f'{NAMESPACE}/joint_states', self._on_joints, qos_profile_sensor_data
        )
        self.create_subscription(
            PoseStamped, f'{NAMESPACE}/cube_pose', self._on_cube, qos_profile_sensor_data
        )

    def check(self) -> None:
        """
        Check that the processes run.

        :raises DemoError: one has ended.
        :raises Interrupted: a signal has arrived.
        """
        self._processes.check()

    async def until(self, condition: Callable[[], object], what: str) -> None:
        """
        Wait for a condition.

        :raises DemoError: it did not hold in time, or a process has ended.
        """
        for _ in range(round(PATIENCE_S / 0.05)):
            self.check()
            if condition():
                return
            await asyncio.sleep(0.05)
        raise DemoError(f'waited {PATIENCE_S:g} s for {what}')

    def is_near(self, pose_deg: Sequence[float]) -> bool:
        """
        Return whether the measured arm is near a pose; its gripper may be anywhere.

        :param pose_deg: in degrees, in the order of the joints.
        """
        pose = zip(JOINTS[:-1], pose_deg[: len(JOINTS) - 1], strict=True)
        measured = self.joints
        return bool(measured) and all(
            abs(measured[name] - math.radians(angle)) < NEAR_RAD for name, angle in pose
        )

    async def place_cube(self) -> None:
        """Put the cube where it was at the beginning, at rest on the table."""
        await self.until(self._setter.service_is_ready, 'the parameters of the arm')
        request = SetParameters.Request()
        request.parameters = [
            Parameter(name, value=value).to_parameter_msg()
            for name, value in zip(('cube_x', 'cube_y'), CUBE_AT, strict=True)
        ]
        answer = self._setter.call_async(request)
        await self.until(answer.done, 'the answer of the arm')
        await self.until(lambda: self.height_m < 0.03, 'the cube to lie on the table')
        self.highest_m = 0.0

    def _on_joints(self, message: JointState) -> None:
        self.joints = joint_state_from_ros(message)

    def _on_cube(self, message: PoseStamped) -> None:
        self.height_m = message.pose.position.z
        self.highest_m = max(self.highest_m, self.height_m)


@contextlib.contextmanager
def simulation(logs: Path, interruption: ShutdownSignal) -> Iterator[Simulation]:
    """
    Run an arena, the arm, its bridge and its cameras while the context is open.

    :param logs: folder of the log files of the processes.
    :raises DemoError: a process did not start.
    :raises Interrupted: a signal has arrived.
    """
    processes = Processes(logs, interruption)
    try:
        processes.start('arena_server', 'arena_server', ['--port', '0'])
        url = processes.wait_for_output('arena_server', _url_in, PATIENCE_S)
        _start(processes, 'sim_arm', {'picture_rate_hz': float(PICTURE_RATE_HZ)})
        arena = {'server_url': url, 'workspace_id': WORKSPACE}
        _start(processes, 'arena_bridge', {**arena, **BRIDGE})
        rooms = {f'camera_map.{each}.room_id': camera_room(each) for each in CAMERAS}
        _start(processes, 'arena_camera', {**arena, 'cameras': list(CAMERAS), **rooms})
        with _spinning(url, processes) as node:
            yield node
    finally:
        processes.close()


@contextlib.contextmanager
def _spinning(url: str, processes: Processes) -> Iterator[Simulation]:
    rclpy.init(args=[], signal_handler_options=SignalHandlerOptions.NO)
    node = Simulation(url, processes)
    executor = SingleThreadedExecutor()
    executor.add_node(node)
    thread = threading.Thread(target=executor.spin, name='ros')
    thread.start()
    try:
        yield node
    finally:
        executor.shutdown()
        thread.join()
        node.destroy_node()
        rclpy.try_shutdown()


def _start(processes: Processes, executable: str, parameters: dict[str, object]) -> None:
    arguments = ['--ros-args', '-r', f'__ns:={NAMESPACE}']
    for name, value in parameters.items():
        text = f'[{", ".join(value)}]' if isinstance(value, list) else value
        arguments += ['-p', f'{name}:={text}']
    processes.start(executable, executable, arguments)


def _url_in(output: str) -> str | None:
    return next((word for word in output.split() if word.startswith('http://')), None)
