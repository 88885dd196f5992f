# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""Find bridges on the ROS graph and call their emergency stop services, for ``arena_stop``."""

from __future__ import annotations

from collections.abc import Callable
import time

import rclpy
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy
from rclpy.signals import SignalHandlerOptions
from rclpy.task import Future
from std_msgs.msg import Bool
from std_srvs.srv import Trigger

from ..runtime.shutdown_signal import ShutdownSignal
from .progress import BridgeProgress, Progress

__all__ = ['call_bridges']

SEARCH_PERIOD_S = 0.02
"""Time between two searches of the ROS graph."""

_TRIGGER = 'std_srvs/srv/Trigger'

_STATUS_QOS = QoSProfile(
    depth=1, reliability=ReliabilityPolicy.RELIABLE, durability=DurabilityPolicy.TRANSIENT_LOCAL
)


def call_bridges(
    progress: Progress, report: Callable[[str], None], shutdown: ShutdownSignal
) -> str:
    """
    Call every bridge until all have confirmed, the timeout is over, or a signal arrives.

    :param report: called with one line for each bridge as soon as it has confirmed.
    :returns: the environment variables that select the ROS graph, with their values.
    :raises RuntimeError: the process cannot join the ROS graph.
    """
    # No log files: they may not be writable, and nothing would be logged in them.
    arguments = ['--ros-args', '--disable-external-lib-logs']
    rclpy.init(args=arguments, signal_handler_options=SignalHandlerOptions.NO)
    try:
        node = rclpy.create_node('arena_stop', enable_rosout=False, start_parameter_services=False)
        _spin(node, progress, report, shutdown)
        node.destroy_node()
        return (
            f'ROS_DOMAIN_ID ({node.context.get_domain_id()}) and RMW_IMPLEMENTATION '
            f'({rclpy.get_rmw_implementation_identifier()})'
        )
    finally:
        rclpy.try_shutdown()


def _spin(
    node: Node, progress: Progress, report: Callable[[str], None], shutdown: ShutdownSignal
) -> None:
    executor = SingleThreadedExecutor()
    executor.add_node(node)
    caller = _Caller(node, progress)
    searched_at = float('-inf')
    while not shutdown.received and not progress.is_over(now := time.monotonic()):
        if now >= searched_at + SEARCH_PERIOD_S:
            searched_at = now
            caller.call_due(now)
        for line in progress.new_lines(now):
            report(line)
        executor.spin_once(timeout_sec=SEARCH_PERIOD_S)
    executor.remove_node(node)
    # An executor that is collected as garbage after rclpy's shutdown prints an exception.
    executor.shutdown()


class _Caller:
    """The service clients of all bridges that were found."""

    def __init__(self, node: Node, progress: Progress) -> None:
        self._node = node
        self._progress = progress
        self._clients: dict[str, _BridgeClient] = {}

    def call_due(self, now: float) -> None:
        """Search for new bridges, and call those that are due."""
        services = self._node.get_service_names_and_types()
        triggers = [name for name, types in services if _TRIGGER in types]
        for name in self._progress.request.bridges(triggers):
            if name not in self._clients:
                self._clients[name] = _BridgeClient(self._node, name, self._progress)
        for client in self._clients.values():
            client.call_if_due(now)


class _BridgeClient:
    """The service client and the subscription for the bridges with one name."""

    def __init__(self, node: Node, name: str, progress: Progress) -> None:
        self._node = node
        self._name = name
        self._progress = progress
        self._bridge: BridgeProgress | None = None
        self._client = node.create_client(Trigger, f'{name}/{progress.request.service}')
        self._status = f'{name}/emergency_stop_active'
        node.create_subscription(Bool, self._status, self._on_status, _STATUS_QOS)

    def call_if_due(self, now: float) -> None:
        """Call the service if a call is due and a server exists."""
        # The graph also lists a service that has clients, but no server any more.
        if not self._client.service_is_ready():
            return
        if self._bridge is None:
            self._bridge = self._progress.find(self._name, now)
        self._bridge.on_publisher_count(self._node.count_publishers(self._status))
        if self._bridge.is_due(now):
            self._bridge.call(now)
            self._client.call_async(Trigger.Request()).add_done_callback(self._on_answer)

    def _on_answer(self, future: Future) -> None:
        answer = future.result()
        if self._bridge is not None and answer is not None:
            self._bridge.on_answer(answer.success, answer.message)

    def _on_status(self, message: Bool) -> None:
        if self._bridge is not None:
            self._bridge.on_status(message.data)
