# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""A node that records what bridges publish, and publishes what robots would."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
import threading
import time
from typing import Any, TypeVar

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from rcl_interfaces.msg import Parameter, ParameterType, ParameterValue
from rcl_interfaces.srv import SetParameters
import rclpy
from rclpy.context import Context
from rclpy.executors import SingleThreadedExecutor
from rclpy.publisher import Publisher
from rclpy.qos import DurabilityPolicy, QoSProfile
from rclpy.subscription import Subscription
from rclpy.timer import Timer
from sensor_msgs.msg import JointState
from std_msgs.msg import Bool
from std_srvs.srv import Trigger

from .waiting import wait_for

__all__ = ['EVERY', 'Probe', 'published_at', 'running_probe', 'stamp_s']

EVERY = 1000
"""The history depth of subscribers. If the publisher has it too, no message is lost."""

LATCHED = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)

Message = TypeVar('Message')


def published_at(info: Mapping[str, Any]) -> float:
    """
    Return when a message was published on this machine, in seconds of the monotonic clock.

    Unlike the time of a callback, it tells the order of messages on different topics.
    """
    # Between the two clocks, another thread may run; the pair that was read fastest is used.
    _, offset_s = min(_clock_offset() for _ in range(3))
    return float(info['source_timestamp']) * 1e-9 + offset_s


def _clock_offset() -> tuple[float, float]:
    """Return how long it took to read, and the monotonic clock minus the system clock."""
    began = time.monotonic()
    offset_s = began - time.time()
    return time.monotonic() - began, offset_s


def stamp_s(message: JointState) -> float:
    """Return the stamp of a message, in seconds of the system clock."""
    stamp = message.header.stamp
    return float(stamp.sec + stamp.nanosec * 1e-9)


class Probe:
    """
    The messages of the ROS graph so far, by namespace, and methods to publish and call services.

    ``changes`` has each change of a diagnostic status: when it was published, in seconds of the
    monotonic clock, the name of the status, and its text.

    Its callbacks run in a thread, so that a test may block. They handle messages of different
    topics in any order: compare when they were published.
    """

    def __init__(self, context: Context) -> None:
        self.node = rclpy.create_node('probe', context=context)
        self.commands: dict[str, list[JointState]] = defaultdict(list)
        self._commanded_at: dict[str, list[float]] = defaultdict(list)
        self.stop_active: dict[str, list[bool]] = defaultdict(list)
        self._stops_at: dict[str, list[float]] = defaultdict(list)
        self.diagnostics: dict[str, DiagnosticStatus] = {}
        self.changes: list[tuple[float, str, str]] = []
        self._publishers: dict[tuple[str, str], Any] = {}
        self._clients: dict[str, Any] = {}
        self.node.create_subscription(
            DiagnosticArray,
            '/diagnostics',
            self._on_diagnostics,  # type: ignore[arg-type]
            EVERY,
        )

    def watch(self, *namespaces: str) -> None:
        """Subscribe to the commands and the stop status of robots; create stop publishers."""
        for namespace in namespaces:
            for service in ('trigger_emergency_stop', 'reset_emergency_stop'):
                self.client(namespace, service, Trigger)

            # Before the callbacks, because the tests may list the namespaces meanwhile.
            self.commands.setdefault(namespace, [])
            self.stop_active.setdefault(namespace, [])

            def on_command(
                message: JointState, info: Mapping[str, Any], namespace: str = namespace
            ) -> None:
                self._commanded_at[namespace].append(published_at(info))
                self.commands[namespace].append(message)

            def on_stop_active(
                message: Bool, info: Mapping[str, Any], namespace: str = namespace
            ) -> None:
                self._stops_at[namespace].append(published_at(info))
                self.stop_active[namespace].append(message.data)

            self.node.create_subscription(
                JointState,
                f'/{namespace}/joint_commands',
                on_command,  # type: ignore[arg-type]
                EVERY,
            )
            self.node.create_subscription(
                Bool,
                f'/{namespace}/arena_bridge/emergency_stop_active',
                on_stop_active,  # type: ignore[arg-type]
                LATCHED,
            )

    def commands_after(self, namespace: str, moment: float) -> list[JointState]:
        """Return the commands so far that were published after a time of the monotonic clock."""
        return _published_after(moment, self._commanded_at[namespace], self.commands[namespace])

    def statuses_after(self, namespace: str, moment: float) -> list[bool]:
        """Return the statuses of the stop so far that were published after a time."""
        return _published_after(moment, self._stops_at[namespace], self.stop_active[namespace])

    def next_statuses(self, namespace: str, count: int = 2) -> list[bool]:
        """
        Wait for statuses of the stop that are published from now on, and return them.

        A bridge publishes them twice a second, and at each change.
        """
        now = time.monotonic()
        wait_for(
            lambda: len(self.statuses_after(namespace, now)) >= count, f'{count} more statuses'
        )
        return self.statuses_after(namespace, now)

    def destroy(self, *entities: Publisher | Subscription | Timer) -> None:
        """Destroy entities of the node in the thread that waits for them and calls them."""
        destroy_of: dict[type, Callable[[Any], object]] = {
            Publisher: self.node.destroy_publisher,
            Subscription: self.node.destroy_subscription,
            Timer: self.node.destroy_timer,
        }

        def destroy() -> None:
            for entity in entities:
                destroy_of[type(entity)](entity)

        executor = self.node.executor
        assert executor is not None
        task = executor.create_task(destroy)
        wait_for(task.done, 'the entities to be destroyed')
        task.result()

    def publish_joints(
        self, namespace: str, names: Sequence[str], positions: Sequence[float]
    ) -> None:
        """Publish joint_states of a robot as soon as there is a subscriber."""
        publisher = self._publisher(JointState, f'/{namespace}/joint_states')
        message = JointState(name=list(names), position=list(positions))
        # After the wait for the subscriber, because a message that is too old is dropped.
        message.header.stamp = self.node.get_clock().now().to_msg()
        publisher.publish(message)

    def publish_stop(self, namespace: str, stop: bool) -> None:
        """Publish on a robot's stop topic as soon as there is a subscriber."""
        topic = f'/{namespace}/emergency_stop'
        # Of a bridge's three subscriptions two match a publisher of the default kind.
        self._publisher(Bool, topic, subscribers=2).publish(Bool(data=stop))

    def call(self, namespace: str, service: str) -> Trigger.Response:
        """Call a Trigger service of a robot's bridge."""
        return self.ask(namespace, service, Trigger, Trigger.Request())

    def ask(
        self,
        namespace: str,
        service: str,
        kind: Any,
        request: Any,
        *,
        node: str = 'arena_bridge',
    ) -> Any:
        """
        Call any service of a robot's bridge.

        An answer can be lost while the bridge has not discovered its reader; a client made long
        before is safe. See :meth:`client`.
        """
        client = self.client(namespace, service, kind, node=node)
        wait_for(client.service_is_ready, f'the service {client.srv_name}')
        future = client.call_async(request)
        wait_for(future.done, f'the answer of {client.srv_name}')
        return future.result()

    def set_parameter(
        self, namespace: str, name: str, value: float | str, *, node: str = 'arena_bridge'
    ) -> tuple[bool, str]:
        """Set a parameter as ``ros2 param set`` does; return whether it succeeded, and why not."""
        kinds: dict[type, tuple[int, str]] = {
            bool: (ParameterType.PARAMETER_BOOL, 'bool_value'),
            int: (ParameterType.PARAMETER_INTEGER, 'integer_value'),
            float: (ParameterType.PARAMETER_DOUBLE, 'double_value'),
            str: (ParameterType.PARAMETER_STRING, 'string_value'),
        }
        kind, field = kinds[type(value)]
        wrapped = ParameterValue(type=kind, **{field: value})
        request = SetParameters.Request(parameters=[Parameter(name=name, value=wrapped)])
        (result,) = self.ask(
            namespace, 'set_parameters', SetParameters, request, node=node
        ).results
        return bool(result.successful), str(result.reason)

    def query(self, namespace: str, service: str, kind: Any, request: Any) -> Any:
        """Repeat an idempotent call until an answer arrives: see :meth:`ask`."""
        client = self.client(namespace, service, kind)
        wait_for(client.service_is_ready, f'the service {client.srv_name}')
        futures = [client.call_async(request)]
        asked_at = time.monotonic()

        def answered() -> bool:
            nonlocal asked_at
            if time.monotonic() - asked_at > 2.0:
                asked_at = time.monotonic()
                futures.append(client.call_async(request))
            return any(future.done() for future in futures)

        wait_for(answered, f'the answer of {client.srv_name}')
        return next(future.result() for future in futures if future.done())

    def client(
        self, namespace: str, service: str, kind: Any, *, node: str = 'arena_bridge'
    ) -> Any:
        """Return the client of a service of a robot's bridge, created at the first call."""
        name = f'/{namespace}/{node}/{service}'
        if name not in self._clients:
            self._clients[name] = self.node.create_client(kind, name)
        return self._clients[name]

    def level(self, status: str) -> bytes | None:
        """Return the level of a diagnostic status by its name; None before its first message."""
        heard = self.diagnostics.get(status)
        return None if heard is None else heard.level

    def text(self, status: str) -> str:
        """Return the text of a diagnostic status by its name."""
        heard = self.diagnostics.get(status)
        return '' if heard is None else str(heard.message)

    def _publisher(self, kind: type, topic: str, *, subscribers: int = 1) -> Any:
        if (topic, kind.__name__) not in self._publishers:
            publisher = self.node.create_publisher(kind, topic, 10)
            self._publishers[topic, kind.__name__] = publisher
            wait_for(
                lambda: publisher.get_subscription_count() >= subscribers,
                f'{subscribers} subscribers of {topic}',
            )
        return self._publishers[topic, kind.__name__]

    def _on_diagnostics(self, message: DiagnosticArray, info: Mapping[str, Any]) -> None:
        for status in message.status:
            if status.message != self.text(status.name):
                self.changes.append((published_at(info), status.name, status.message))
            self.diagnostics[status.name] = status


def _published_after(moment: float, times: list[float], messages: list[Message]) -> list[Message]:
    messages = list(messages)  # A thread appends the time first, and then the message.
    return [each for at, each in zip(times, messages, strict=False) if at > moment]


@contextmanager
def running_probe() -> Iterator[Probe]:
    """Run a probe in its own ROS context, and destroy it completely afterwards."""
    context = Context()
    rclpy.init(context=context)
    probe = Probe(context)
    executor = SingleThreadedExecutor(context=context)
    executor.add_node(probe.node)
    is_done = threading.Event()

    def spin() -> None:
        while not is_done.is_set():
            executor.spin_once()

    thread = threading.Thread(target=spin, name='probe')
    thread.start()
    try:
        yield probe
    finally:
        executor.create_task(is_done.set)  # A task, because it ends the wait for a message.
        thread.join(10.0)
        assert not thread.is_alive(), 'the probe still spins'
        # After the thread, because a shutdown during a callback raises an exception in it.
        executor.shutdown()
        probe.node.destroy_node()
        rclpy.shutdown(context=context)
