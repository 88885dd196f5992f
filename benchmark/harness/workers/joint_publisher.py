"""Publishes JointStates at a rate, and says when each was sent."""

from __future__ import annotations

import sys
import time

import rclpy
from sensor_msgs.msg import JointState

from .requests import Pace, answer, orders, positions_of


def main() -> None:
    """Publish what is ordered: so many at a rate, counted on from the last run."""
    joints = int(sys.argv[1])
    rclpy.init(args=['--ros-args', *sys.argv[2:]])
    node = rclpy.create_node('joint_publisher')
    publisher = node.create_publisher(JointState, 'joint_states', 10)
    names = [f'j{joint}' for joint in range(1, joints + 1)]
    number = 0
    answer(ready=True)
    for order in orders():
        sent: dict[int, float] = {}
        pace = Pace(order['rate_hz'])
        for _ in range(order['count']):
            number += 1
            message = JointState(name=names, position=positions_of(number, joints))
            time.sleep(pace.wait_s())
            sent[number] = time.monotonic()
            publisher.publish(message)
        answer(sent=list(sent.items()))
    node.destroy_node()
    rclpy.try_shutdown()


if __name__ == '__main__':
    main()
