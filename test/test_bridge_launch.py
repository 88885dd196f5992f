"""``bridge.launch.py``, run as ``ros2 launch`` runs it."""

from __future__ import annotations

from typing import Any

import pytest

pytest.importorskip('launch_testing', reason='launch_testing is not here: it comes with ROS 2')

from launch import LaunchDescription
from launch_testing import post_shutdown_test
from launch_testing.asserts import assertExitCodes
import rclpy
from rclpy.context import Context
from rclpy.executors import SingleThreadedExecutor
from rclpy.qos import DurabilityPolicy, QoSProfile
from rclpy.task import Future
from std_msgs.msg import Bool
from support.launching import AfterShutdown, WhileRunning, described, needs_installation


@pytest.mark.launch_test
@needs_installation
def generate_test_description() -> LaunchDescription:
    """Start a bridge whose arena is not there."""
    return described(
        (
            'bridge.launch.py',
            {
                'namespace': 'robot',
                'server_url': 'http://127.0.0.1:9',
                'produce_room': '0815',
                'units': 'degrees',
            },
        )
    )


class TestBridge(WhileRunning):
    """What holds while it runs."""

    def setUp(self) -> None:
        """Join the graph."""
        self.context = Context()
        rclpy.init(context=self.context)
        self.node = rclpy.create_node('test_bridge_launch', context=self.context)
        self.executor = SingleThreadedExecutor(context=self.context)
        self.executor.add_node(self.node)

    def tearDown(self) -> None:
        """Leave it."""
        self.executor.shutdown()
        self.node.destroy_node()
        rclpy.shutdown(context=self.context)

    def test_it_starts_without_a_server_and_stays_alive(self) -> None:
        """It says twice that nothing is stopped: when asked first, and half a second later."""
        came = Future(executor=self.executor)
        seen: list[bool] = []

        def remember(message: Any) -> None:
            seen.append(message.data)
            if len(seen) == 2:
                came.set_result(True)

        self.node.create_subscription(
            Bool,
            '/robot/arena_bridge/emergency_stop_active',
            remember,
            QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL),
        )
        self.executor.spin_until_future_complete(came, timeout_sec=10.0)
        assert seen == [False, False]


@post_shutdown_test()
class TestBridgeAfterwards(AfterShutdown):
    """What holds once launch has sent SIGINT."""

    def test_it_ends_well(self, proc_info: Any) -> None:
        """It exits with 0."""
        assertExitCodes(proc_info)
