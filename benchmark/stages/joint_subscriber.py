"""Hears JointStates, and says when each arrived."""

from __future__ import annotations

import sys
import threading
import time

import rclpy
from rclpy.executors import Executor, SingleThreadedExecutor
from rclpy.signals import SignalHandlerOptions
from rclpy.task import Future
from sensor_msgs.msg import JointState

from .orders import answer, number_of, orders


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


def executor_of(kind: str) -> Executor:
    """Make an executor; where rclpy has none of events, the other."""
    if kind == 'events':
        try:
            from rclpy.experimental import EventsExecutor

            return EventsExecutor()
        except ImportError:
            pass
    return SingleThreadedExecutor()


def spin(executor: Executor, done: Future) -> None:
    """Spin until the future is done."""
    while not done.done():
        executor.spin_until_future_complete(done, timeout_sec=0.5)


def main() -> None:
    """Hear until the parent has heard enough."""
    kind, topic = sys.argv[1:3]
    rclpy.init(args=['--ros-args', *sys.argv[3:]], signal_handler_options=SignalHandlerOptions.NO)
    executor = executor_of(kind)
    ear = Ear(topic)
    executor.add_node(ear.node)
    done: Future = Future(executor=executor)

    def obey() -> None:
        for _ in orders():
            answer(arrived=ear.take())
        done.set_result(None)

    threading.Thread(target=obey, daemon=True).start()
    answer(ready=True)
    spin(executor, done)
    executor.remove_node(ear.node)
    ear.node.destroy_node()
    rclpy.try_shutdown()


if __name__ == '__main__':
    main()
