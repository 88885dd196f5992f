# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""The node ``sim_arm``: the topics of a driver for the simulated arm."""

from __future__ import annotations

from array import array
import time
from typing import TYPE_CHECKING, Any

from builtin_interfaces.msg import Duration as DurationMsg
from geometry_msgs.msg import PoseStamped
from rcl_interfaces.msg import SetParametersResult
from rclpy.clock import Clock, ClockType
from rclpy.duration import Duration
from rclpy.node import Node
from rclpy.parameter import Parameter
from rclpy.qos import (
    DurabilityPolicy,
    QoSProfile,
    ReliabilityPolicy,
    qos_profile_sensor_data,
)
from rclpy.time import Time
from sensor_msgs.msg import Image, JointState
from std_msgs.msg import Float64MultiArray, String
from trajectory_msgs.msg import JointTrajectory, JointTrajectoryPoint

from lerobot_arena_ros.nodes.bridge.conversions import (
    COMMAND_TYPES,
    CommandMessage,
    joint_state_from_ros,
    joint_state_to_ros,
    stamp_ns,
)
from lerobot_arena_ros.nodes.runtime.node_log import NodeLog
from lerobot_arena_ros.nodes.runtime.parameters import declare
from lerobot_arena_ros.nodes.settings.specs import ParameterError

from .arm import SimArm
from .driver import CommandError, Driver
from .faults import apply_faults
from .model import robot_description
from .names import CAMERAS, JOINTS
from .parameters import SPECS
from .pictures import Moment, Pictures
from .trajectory import Point

if TYPE_CHECKING:
    import numpy as np

__all__ = ['SimArmNode']

LONGEST_STEP_S = 0.1
"""The longest simulated step, so that a process that was delayed for longer does not catch up."""

_DYNAMIC = {spec.name: spec for spec in SPECS if spec.dynamic}
_COMMAND_QOS = QoSProfile(depth=1, reliability=ReliabilityPolicy.RELIABLE)
_LATCHED = QoSProfile(
    depth=1, reliability=ReliabilityPolicy.RELIABLE, durability=DurabilityPolicy.TRANSIENT_LOCAL
)


class SimArmNode(Node):
    """
    The node ``sim_arm``.

    It publishes ``joint_states``, ``robot_description`` (latched), ``front/image_raw``,
    ``wrist/image_raw`` and ``cube_pose``. It subscribes to ``joint_commands``;
    ``command_interface`` sets its type.

    :raises ParameterError: a parameter is invalid.
    :raises ModelError: the model of the arm cannot be loaded.
    """

    def __init__(self) -> None:
        super().__init__('sim_arm')
        self._values: dict[str, Any] = declare(self, SPECS)
        self._log = NodeLog(self.get_logger())
        self._arm = SimArm()
        self._driver = Driver(self._arm, open_loop=self._values['open_loop_control'])
        self._shown = self._moment()
        self._second_publisher: Node | None = None
        self._take(self._values)
        self.add_on_set_parameters_callback(self._on_set_parameters)
        self._states = self.create_publisher(JointState, 'joint_states', 10)
        self._description = self.create_publisher(String, 'robot_description', _LATCHED)
        self._description.publish(String(data=robot_description()))
        self._images = {
            name: self.create_publisher(Image, f'{name}/image_raw', qos_profile_sensor_data)
            for name in CAMERAS
        }
        self._cube = self.create_publisher(PoseStamped, 'cube_pose', qos_profile_sensor_data)
        interface: str = self._values['command_interface']
        self.create_subscription(
            COMMAND_TYPES[interface], 'joint_commands', self._on_command, _COMMAND_QOS
        )
        self._pictures = self._start_pictures() if self._values['pictures'] else None
        self._stepped_at = time.monotonic()
        steady = Clock(clock_type=ClockType.STEADY_TIME)
        self.create_timer(1.0 / self._values['rate_hz'], self._on_step, clock=steady)
        self._log.info(f'simulated SO-101, command_interface {interface}: {", ".join(JOINTS)}')

    def finish(self) -> None:
        """End the thread of the pictures and the second node."""
        if self._pictures is not None:
            self._pictures.end()
        self._set_second_publisher(there=False)

    def _on_step(self) -> None:
        now = time.monotonic()
        self._driver.step(min(now - self._stepped_at, LONGEST_STEP_S))
        self._stepped_at = now
        self._shown = self._moment()
        measurement = self._driver.measurement()
        if measurement is not None:
            stamp = self.get_clock().now() - Duration(seconds=measurement.age_s)
            positions = list(measurement.positions.values())
            names = list(measurement.positions)
            self._states.publish(joint_state_to_ros(names, positions, stamp.to_msg()))
        if self._cube.get_subscription_count():
            self._cube.publish(self._cube_pose())
        if self._second_publisher is not None:
            stamp = self.get_clock().now()
            self._zeros.publish(joint_state_to_ros(JOINTS, [0.0] * len(JOINTS), stamp.to_msg()))

    def _cube_pose(self) -> PoseStamped:
        message = PoseStamped()
        message.header.stamp = self.get_clock().now().to_msg()
        message.header.frame_id = 'base'
        at, turned = message.pose.position, message.pose.orientation
        at.x, at.y, at.z, turned.w, turned.x, turned.y, turned.z = self._arm.cube()
        return message

    def _moment(self) -> Moment:
        return Moment(self._arm.configuration(), self.get_clock().now().nanoseconds)

    def _on_command(self, message: CommandMessage) -> None:
        try:
            if isinstance(message, JointTrajectory):
                points = [_point_from_ros(point) for point in message.points]
                self._driver.follow(message.joint_names, points, in_s=self._begins_in_s(message))
            elif isinstance(message, Float64MultiArray):
                self._driver.command(_positions_from_ros(message))
            else:
                self._driver.command(joint_state_from_ros(message))
        except ValueError as exc:
            self._log.warning(f'joint_commands: refused, because {exc}', throttle='command')

    def _begins_in_s(self, message: JointTrajectory) -> float:
        begins_ns = stamp_ns(message.header.stamp)
        if begins_ns is None:
            return 0.0
        return (begins_ns - self.get_clock().now().nanoseconds) * 1e-9

    def _on_set_parameters(self, parameters: list[Parameter]) -> SetParametersResult:
        try:
            given = {p.name: _DYNAMIC[p.name].check(p.value) for p in parameters}
        except ParameterError as exc:
            return SetParametersResult(successful=False, reason=str(exc))
        self._values |= given
        self._take(given)
        return SetParametersResult(successful=True)

    def _take(self, given: dict[str, Any]) -> None:
        apply_faults(self._driver, self._values, given)
        self._set_second_publisher(there=self._values['second_publisher'])

    def _set_second_publisher(self, *, there: bool) -> None:
        """Create or destroy another node that publishes zeros, as a GUI does."""
        if there and self._second_publisher is None:
            self._second_publisher = Node('joint_state_gui', context=self.context)
            self._zeros = self._second_publisher.create_publisher(JointState, 'joint_states', 10)
        elif not there and self._second_publisher is not None:
            self._second_publisher.destroy_node()
            self._second_publisher = None

    def _start_pictures(self) -> Pictures:
        return Pictures(
            self._arm.model,
            self._values['picture_rate_hz'],
            lambda: self._shown,
            wanted=lambda: [n for n, p in self._images.items() if p.get_subscription_count()],
            show=self._show,
            ready=lambda: self._log.info(f'renders the cameras {", ".join(CAMERAS)}'),
            warn=self._log.warning,
        )

    def _show(self, camera: str, picture: np.ndarray, taken_ns: int) -> None:
        height, width, _ = picture.shape
        message = Image(height=height, width=width, encoding='rgb8', step=3 * width)
        message.header.stamp = Time(nanoseconds=taken_ns).to_msg()
        message.header.frame_id = f'{camera}_camera'
        message.data = array('B', picture.tobytes())
        self._images[camera].publish(message)


def _positions_from_ros(message: Float64MultiArray) -> dict[str, float]:
    if len(message.data) != len(JOINTS):
        raise CommandError(
            f'there are {len(message.data)} numbers, expected {len(JOINTS)}: {", ".join(JOINTS)}'
        )
    return dict(zip(JOINTS, message.data, strict=True))


def _point_from_ros(point: JointTrajectoryPoint) -> Point:
    return Point(
        _seconds(point.time_from_start), point.positions, point.velocities, point.accelerations
    )


def _seconds(duration: DurationMsg) -> float:
    return float(duration.sec + duration.nanosec * 1e-9)
