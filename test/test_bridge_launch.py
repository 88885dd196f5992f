"""``bridge.launch.py``, run as ``ros2 launch`` runs it."""

from __future__ import annotations

from pathlib import Path
from typing import Any
import unittest

import pytest

pytest.importorskip('launch_testing', reason='launch_testing is not here: it comes with ROS 2')

from ament_index_python.packages import PackageNotFoundError, get_package_share_directory
from launch import LaunchDescription
from launch.actions import IncludeLaunchDescription
from launch_testing import post_shutdown_test
from launch_testing.actions import ReadyToTest
from launch_testing.asserts import assertExitCodes
import rclpy
from rclpy.context import Context
from rclpy.executors import SingleThreadedExecutor
from rclpy.qos import DurabilityPolicy, QoSProfile
from rclpy.task import Future
from std_msgs.msg import Bool

try:
    SHARE: Path | None = Path(get_package_share_directory('lerobot_arena_ros'))
except PackageNotFoundError:
    SHARE = None


@pytest.mark.launch_test
@pytest.mark.skipif(SHARE is None, reason='the package is not installed here; see `make colcon`')
def generate_test_description() -> LaunchDescription:
    """Start a bridge whose arena is not there."""
    assert SHARE is not None
    bridge = IncludeLaunchDescription(
        str(SHARE / 'launch' / 'bridge.launch.py'),
        launch_arguments={
            'namespace': 'robot',
            'server_url': 'http://127.0.0.1:9',
            'produce_room': '0815',
            'units': 'degrees',
        }.items(),
    )
    return LaunchDescription([bridge, ReadyToTest()])


class TestBridge(unittest.TestCase):
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
class TestBridgeAfterwards(unittest.TestCase):
    """What holds once launch has sent SIGINT."""

    def test_it_ends_well(self, proc_info: Any) -> None:
        """It exits with 0."""
        assertExitCodes(proc_info)
