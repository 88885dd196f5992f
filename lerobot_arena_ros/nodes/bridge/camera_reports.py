# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""The reports of arena_camera: which pictures the viewers of the required cameras got."""

from __future__ import annotations

from collections.abc import Callable, Sequence
import functools

from rclpy.node import Node
from rclpy.qos import QoSProfile, ReliabilityPolicy
from rclpy.subscription import Subscription
from std_msgs.msg import Header

from ..settings.topics import delivery_topic
from .command_consumer import CommandConsumer
from .conversions import stamp_ns
from .other_publishers import publisher_names

__all__ = ['CameraReports']


class CameraReports:
    """
    Subscriptions to the reports of some cameras, one topic for each. Called by the ROS thread.

    Each camera has a topic of its own, because a message does not show which node sent it: if two
    nodes report one camera, such as those of two robots without namespaces, a frozen picture of
    one would be hidden by the other.

    :param consumer: gets the age of each picture, and the names of the reporting nodes.
    :param now_ns: returns the time on the clock of the node, in nanoseconds.
    :ivar subscriptions: the caller destroys them.
    """

    def __init__(
        self,
        node: Node,
        cameras: Sequence[str],
        consumer: CommandConsumer,
        now_ns: Callable[[], int],
    ) -> None:
        self._node = node
        self._consumer = consumer
        self._now_ns = now_ns
        self._by_camera: dict[str, Subscription] = {
            camera: node.create_subscription(
                Header, delivery_topic(camera), functools.partial(self._on_report, camera), _qos()
            )
            for camera in cameras
        }

    @property
    def subscriptions(self) -> list[Subscription]:
        """All subscriptions."""
        return list(self._by_camera.values())

    def check_graph(self) -> None:
        """Check the graph for the nodes that report each camera."""
        for camera, subscription in self._by_camera.items():
            topic = subscription.topic_name
            count = self._node.count_publishers(topic)
            # Names cost much more than a count, and they matter only if there are several.
            names = publisher_names(self._node, topic) if count > 1 else ()
            self._consumer.note_camera_nodes(camera, count, names)

    def _on_report(self, camera: str, message: Header) -> None:
        taken_ns = stamp_ns(message.stamp)
        if taken_ns is not None:
            self._consumer.note_picture(camera, (self._now_ns() - taken_ns) * 1e-9)


def _qos() -> QoSProfile:
    return QoSProfile(depth=5, reliability=ReliabilityPolicy.BEST_EFFORT)
