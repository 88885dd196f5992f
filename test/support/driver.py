# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""A driver node that publishes joint_states, right or wrong."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
import threading
from typing import Any

from builtin_interfaces.msg import Time as TimeMsg
import rclpy
from rclpy.duration import Duration
from rclpy.time import Time
from sensor_msgs.msg import JointState

from .robot import NAMESPACE, Robot
from .waiting import wait_for

__all__ = ['RATE_HZ', 'Driver', 'driver']

RATE_HZ = 50.0


class Driver:
    """
    A node that publishes joint_states of a robot.

    :ivar position: the position of j1, in radians.
    :ivar fields: fields of each message; they replace those with j1 at its position.
    :ivar age_s: the age of its stamps; None = its messages have no stamp.
    :ivar stamp: the stamp of each message; None = it follows from ``age_s``.
    :ivar clock: returns the time of the stamps, in seconds; None = the system's clock.
    :ivar is_silent: whether the running node publishes nothing.
    """

    def __init__(self, bridged: Robot, name: str, position: float) -> None:
        self.position = position
        self.fields: dict[str, Any] = {}
        self.age_s: float | None = 0.0
        self.stamp: TimeMsg | None = None
        self.clock: Callable[[], float] | None = None
        self.is_silent = False
        self._node = rclpy.create_node(
            name, context=bridged.probe.node.context, namespace=NAMESPACE
        )
        self._publisher = self._node.create_publisher(JointState, 'joint_states', 10)
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name)

    def publish(self, **fields: Any) -> None:
        """Publish one message; by default, with j1 at its position."""
        message = JointState(**{'name': ['j1'], 'position': [self.position], **fields})
        if self.stamp is not None:
            message.header.stamp = self.stamp
        elif self.clock is not None:
            message.header.stamp = Time(nanoseconds=int(self.clock() * 1e9)).to_msg()
        elif self.age_s is not None:
            age = Duration(nanoseconds=int(self.age_s * 1e9))
            message.header.stamp = (self._node.get_clock().now() - age).to_msg()
        self._publisher.publish(message)

    def _run(self) -> None:
        while not self._is_over.wait(1.0 / RATE_HZ):
            if not self.is_silent:
                self.publish(**self.fields)

    def start(self) -> None:
        """Start to publish periodically."""
        wait_for(self._publisher.get_subscription_count, 'a subscribed bridge')
        self._thread.start()

    def end(self) -> None:
        """Remove the node; idempotent."""
        if self._is_over.is_set():
            return
        self._is_over.set()
        if self._thread.is_alive():
            self._thread.join()
        self._node.destroy_node()


@contextmanager
def driver(bridged: Robot, position: float, *, name: str = 'driver') -> Iterator[Driver]:
    """Yield a driver that has not started yet."""
    made = Driver(bridged, name, position)
    try:
        yield made
    finally:
        made.end()
