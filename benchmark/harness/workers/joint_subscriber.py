# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""Receive serialized JointStates, and reply with the time of each."""

from __future__ import annotations

import sys
import time

import rclpy
from rclpy.serialization import deserialize_message
from rclpy.signals import SignalHandlerOptions
from sensor_msgs.msg import JointState

from .node_worker import run_node_worker
from .protocol import number_of, reply


class Subscriber:
    """
    A subscription and what it has received since the last request.

    A message is deserialized only on request, because the measured hop ends at its arrival.

    :param topic: in the namespace of the ROS arguments.
    """

    def __init__(self, topic: str) -> None:
        self.node = rclpy.create_node('joint_subscriber')
        self._arrived: list[tuple[float, bytes]] = []
        self.node.create_subscription(JointState, topic, self._on_message, 1000, raw=True)

    def take(self) -> list[tuple[int, float]]:
        """Return numbers and times, and forget them."""
        count = len(self._arrived)  # The other thread may add more meanwhile.
        arrived = self._arrived[:count]
        del self._arrived[:count]
        messages = ((deserialize_message(data, JointState), at) for at, data in arrived)
        return [(number_of(message.position[0]), at) for message, at in messages]

    def _on_message(self, data: bytes) -> None:
        self._arrived.append((time.monotonic(), data))


def main() -> None:
    """Receive until the parent closes stdin."""
    rclpy.init(args=['--ros-args', *sys.argv[2:]], signal_handler_options=SignalHandlerOptions.NO)
    subscriber = Subscriber(sys.argv[1])
    run_node_worker(subscriber.node, lambda _: reply(arrived=subscriber.take()))


if __name__ == '__main__':
    main()
