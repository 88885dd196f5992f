"""The ROS side of ``arena_stop``: it finds bridges, calls their services, hears their answers."""

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

from ..runtime.shutdown_signal import StopSignal
from .progress import BridgeProgress, Progress

__all__ = ['call_bridges']

LOOK_PERIOD_S = 0.02
"""Time between two looks at the graph."""

_TRIGGER = 'std_srvs/srv/Trigger'

_STATUS_QOS = QoSProfile(
    depth=1, reliability=ReliabilityPolicy.RELIABLE, durability=DurabilityPolicy.TRANSIENT_LOCAL
)


def call_bridges(progress: Progress, say: Callable[[str], None], stop: StopSignal) -> str:
    """
    Call every bridge until all have confirmed, the time is over or a signal comes.

    :param say: called with a line for each bridge as soon as it has confirmed.
    :returns: the ROS graph that was searched, as the environment variables that choose it.
    :raises RuntimeError: the graph cannot be joined.
    """
    # Log files may be impossible to write, and nothing here would be in them.
    arguments = ['--ros-args', '--disable-external-lib-logs']
    rclpy.init(args=arguments, signal_handler_options=SignalHandlerOptions.NO)
    try:
        node = rclpy.create_node('arena_stop', enable_rosout=False, start_parameter_services=False)
        _spin(node, progress, say, stop)
        node.destroy_node()
        return (
            f'ROS_DOMAIN_ID ({node.context.get_domain_id()}) and RMW_IMPLEMENTATION '
            f'({rclpy.get_rmw_implementation_identifier()})'
        )
    finally:
        rclpy.try_shutdown()


def _spin(node: Node, progress: Progress, say: Callable[[str], None], stop: StopSignal) -> None:
    executor = SingleThreadedExecutor()
    executor.add_node(node)
    caller = _Caller(node, progress)
    looked_at = float('-inf')
    while not stop.received and not progress.is_over(now := time.monotonic()):
        if now >= looked_at + LOOK_PERIOD_S:
            looked_at = now
            caller.look(now)
        for line in progress.news(now):
            say(line)
        executor.spin_once(timeout_sec=LOOK_PERIOD_S)
    executor.remove_node(node)


class _Caller:
    """The clients of all bridges that were found."""

    def __init__(self, node: Node, progress: Progress) -> None:
        self._node = node
        self._progress = progress
        self._clients: dict[str, _BridgeClient] = {}

    def look(self, now: float) -> None:
        """Look for bridges that are new, and call those that are due."""
        services = self._node.get_service_names_and_types()
        triggers = [name for name, types in services if _TRIGGER in types]
        for name in self._progress.request.bridges(triggers):
            if name not in self._clients:
                self._clients[name] = _BridgeClient(self._node, name, self._progress)
        for client in self._clients.values():
            client.look(now)


class _BridgeClient:
    """The client and the subscription for whatever has the name of one bridge."""

    def __init__(self, node: Node, name: str, progress: Progress) -> None:
        self._node = node
        self._name = name
        self._progress = progress
        self._bridge: BridgeProgress | None = None
        self._client = node.create_client(Trigger, f'{name}/{progress.request.service}')
        self._status = f'{name}/emergency_stop_active'
        node.create_subscription(Bool, self._status, self._on_status, _STATUS_QOS)

    def look(self, now: float) -> None:
        """Call the service, if that is due and there is a server."""
        # The graph names a service also if all that is left of it is another client.
        if not self._client.service_is_ready():
            return
        if self._bridge is None:
            self._bridge = self._progress.find(self._name, now)
        self._bridge.hear_publishers(self._node.count_publishers(self._status))
        if self._bridge.is_due(now):
            self._bridge.call(now)
            self._client.call_async(Trigger.Request()).add_done_callback(self._on_answer)

    def _on_answer(self, future: Future) -> None:
        answer = future.result()
        if self._bridge is not None and answer is not None:
            self._bridge.hear_answer(answer.success, answer.message)

    def _on_status(self, message: Bool) -> None:
        if self._bridge is not None:
            self._bridge.hear_status(message.data)
