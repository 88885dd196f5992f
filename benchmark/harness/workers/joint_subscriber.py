"""Hears JointStates, and says when each arrived."""

from __future__ import annotations

import sys
import time

import rclpy
from rclpy.signals import SignalHandlerOptions
from sensor_msgs.msg import JointState

from .requests import answer, number_of
from .spinning import spin_obeying


class Ear:
    """
    The subscription, with what came since it was last asked.

    :param topic: in the namespace that the ROS arguments name.
    """

    def __init__(self, topic: str) -> None:
        self.node = rclpy.create_node('joint_subscriber')
        self._arrived: list[tuple[float, float]] = []
        self.node.create_subscription(JointState, topic, self._on_message, 1000)

    def take(self) -> list[tuple[int, float]]:
        """Give numbers and times, and forget them."""
        arrived, self._arrived = self._arrived, []
        return [(number_of(position), at) for position, at in arrived]

    def _on_message(self, message: JointState) -> None:
        self._arrived.append((message.position[0], time.monotonic()))


def main() -> None:
    """Hear until the parent has heard enough."""
    kind, topic = sys.argv[1:3]
    rclpy.init(args=['--ros-args', *sys.argv[3:]], signal_handler_options=SignalHandlerOptions.NO)
    ear = Ear(topic)
    spin_obeying(kind, ear.node, lambda _: answer(arrived=ear.take()))


if __name__ == '__main__':
    main()
