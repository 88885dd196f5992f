# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""The cameras as a lifecycle node: entities, transitions and diagnostics."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
import concurrent.futures
import platform
import traceback
from typing import Any

from diagnostic_msgs.msg import DiagnosticArray
from rclpy.clock import Clock, ClockType
from rclpy.lifecycle import LifecycleNode, LifecycleState, TransitionCallbackReturn
from rclpy.publisher import Publisher
from rclpy.qos import QoSProfile, ReliabilityPolicy
from rclpy.qos_overriding_options import QoSOverridingOptions
from sensor_msgs.msg import CompressedImage, Image
from std_msgs.msg import Header

from lerobot_arena_ros.arena.errors import ArenaError
from lerobot_arena_ros.arena.steady_clock import steady_now
from lerobot_arena_ros.control.condition import Condition

from ..runtime import lifecycle, node_log
from ..runtime.arena_thread import ArenaThread
from ..runtime.callback_guard import CallbackGuard
from ..runtime.condition_log import ConditionLog
from ..runtime.diagnostic_parts import Rates, array, status
from ..runtime.namesakes import ALONE, NAMESAKE_CYCLES, Namesakes
from ..runtime.node_log import NodeLog
from ..runtime.parameter_targets import check_arguments
from ..runtime.parameters import given_values, read_parameters
from ..settings.camera_settings import CameraNodeSettings, ReceiveSettings, SendSettings
from ..settings.camera_table import CAMERAS
from ..settings.specs import ParameterError
from ..settings.topics import Overridable, check_distinct, check_overrides, delivery_topic
from .messages import header
from .python_log import PythonLog
from .receiving import ReceivingCamera
from .sending import SendingCamera

__all__ = ['CameraNode']

STATUS_PERIOD_S = 0.5
"""Period of the timer that checks the cameras; every second time it publishes /diagnostics."""

DELIVERY_PERIOD_S = 0.05
"""Period of the timer that reports which pictures were delivered to viewers."""

LEAVE_TIMEOUT_S = 3.0
"""Maximum time to wait until the rooms have been left, in seconds."""

COMPRESSED = '/compressed'
"""The ending of the topics of compressed pictures, as image_transport has it."""


class CameraNode(LifecycleNode):
    """
    The node ``arena_camera``.

    Topics: of each camera that is sent, ``<camera>/image_raw`` (sensor_msgs/Image, in, best
    effort) or ``<camera>/image_raw/compressed`` (sensor_msgs/CompressedImage); of each that is
    received, one or both of these (out, reliable, depth 1); of each that is sent,
    ``<camera>/delivered_pictures`` (std_msgs/Header, out): the stamp of its newest picture that
    was sent to a viewer; ``/diagnostics`` (diagnostic_msgs/DiagnosticArray, out).

    :param name: of the node, unless it is remapped.
    :param arguments: the command line, if its parameters are for this node.
    :param options: those of rclpy's nodes.
    :ivar log: the log of this node.
    :raises ParameterError: the node must not run with its parameters.
    """

    def __init__(
        self, *, name: str = 'arena_camera', arguments: Sequence[str] = (), **options: Any
    ) -> None:
        super().__init__(name, **options)
        self.log = NodeLog(self.get_logger())
        for warning in check_arguments(self.get_fully_qualified_name(), arguments, CAMERAS):
            self.log.warning(warning)
        self.settings = CameraNodeSettings.of(*read_parameters(self, CAMERAS))
        self._check_topics()
        self._room_failure: str | None = None
        self._python_log = PythonLog(self.log)
        self._python_log.install()
        self._thread = ArenaThread()
        self._running: concurrent.futures.Future[asyncio.Task[None]] | None = None
        self._senders: list[SendingCamera] = []
        self._receivers: list[ReceivingCamera] = []
        self._entities: list[Any] = []
        self._inputs: dict[str, str] = {}
        self._deliveries: dict[str, Publisher] = {}
        self._delivered_ns: dict[str, int] = {}
        self._is_active = False
        self._transition_error: str | None = None
        self._rates = Rates()
        self._logs: dict[str, ConditionLog] = {}
        self._namesakes = Namesakes(self)
        self._names_log = ConditionLog(self.log, recovered=ALONE.text, patience_s=0.0)
        self._cycles = 0
        steady = Clock(clock_type=ClockType.STEADY_TIME)
        self._diagnostics = self.create_publisher(DiagnosticArray, '/diagnostics', 1)
        self.create_timer(STATUS_PERIOD_S, self._on_status_timer, clock=steady)
        self.create_timer(DELIVERY_PERIOD_S, self._on_delivery_timer, clock=steady)
        lifecycle.guard_transitions(self)
        self._callback_guard = CallbackGuard(self)
        self._callback_guard.guard()

    @property
    def failure(self) -> str | None:
        """Why the node cannot continue, in one line; None while it can."""
        return self._callback_guard.latest or self._room_failure

    def start(self) -> None:
        """Configure and activate, if ``autostart`` is set."""
        if not self.settings.autostart:
            return
        if self.trigger_configure() == TransitionCallbackReturn.SUCCESS:
            self.trigger_activate()

    def finish(self) -> None:
        """Block all pictures and leave the rooms; idempotent."""
        try:
            self._deactivate()
            self._cleanup()
        finally:
            self._thread.close(1.0)
            self._python_log.uninstall()

    # ----- lifecycle

    def on_configure(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Create the topics, and begin to join the rooms."""
        return self._transition(self._configure, 'configure')

    def on_activate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Let pictures through."""
        return self._transition(self._activate, 'activate')

    def on_deactivate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Block all pictures and stay in the rooms."""
        return self._transition(self._deactivate, 'deactivate')

    def on_cleanup(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Leave the rooms."""
        return self._transition(self._cleanup, 'clean up')

    def on_shutdown(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Block all pictures and leave the rooms."""
        self._transition(self._deactivate, 'deactivate')
        return self._transition(self._cleanup, 'clean up')

    def on_error(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Leave the rooms; the node can be configured again."""
        self._deactivate()
        self._cleanup()
        return TransitionCallbackReturn.SUCCESS

    def _transition(self, act: Callable[[], None], what: str) -> TransitionCallbackReturn:
        done = lifecycle.run_transition(self, act, what, on_failure=self._on_failed_transition)
        # Guarded, because rclpy ignores an exception of a transition.
        self._callback_guard.wrap(self._publish_diagnostics)()
        return done

    def _on_failed_transition(self, error: str) -> None:
        self._transition_error = error

    def _configure(self) -> None:
        for sent in self.settings.senders:
            self._senders.append(self._sender(sent))
        for received in self.settings.receivers:
            self._receivers.append(self._receiver(received))
        cameras = self._cameras
        self._logs = {
            each.name: ConditionLog(self.log, recovered='works again', about=f'{each.name}: ')
            for each in cameras
        }
        self._callback_guard.guard()
        self._running = self._thread.start(self._run_all(cameras))
        self._transition_error = None

    def _activate(self) -> None:
        self._enable(True)

    def _deactivate(self) -> None:
        self._enable(False)

    def _enable(self, enabled: bool) -> None:
        self._is_active = enabled
        for camera in self._cameras:
            camera.enable(enabled)

    def _cleanup(self) -> None:
        running, self._running = self._running, None
        if running is not None and not self._thread.cancel(running, LEAVE_TIMEOUT_S):
            self.log.warning('the rooms were not left in time')
        for camera in self._cameras:
            camera.close()
        self._senders, self._receivers, self._logs, self._deliveries = [], [], {}, {}
        entities, self._entities = self._entities, []
        for entity in entities:
            lifecycle.destroy(self, entity)

    @property
    def _cameras(self) -> list[SendingCamera | ReceivingCamera]:
        return [*self._senders, *self._receivers]

    def _sender(self, settings: SendSettings) -> SendingCamera:
        topic = settings.topic + (COMPRESSED if settings.is_compressed else '')
        camera = SendingCamera(
            settings,
            self.settings,
            topic=self.resolve_topic_name(topic),
            participant=self._participant(settings.name),
            now_ns=self._now_ns,
        )
        subscription = self.create_subscription(
            CompressedImage if settings.is_compressed else Image,
            topic,
            camera.on_message,
            _input_qos(),
            qos_overriding_options=QoSOverridingOptions.with_default_policies(),
        )
        deliveries = self.create_publisher(Header, delivery_topic(settings.name), 10)
        self._entities += [subscription, deliveries]
        self._deliveries[settings.name] = deliveries
        self._inputs[settings.name] = subscription.topic_name
        return camera

    def _receiver(self, settings: ReceiveSettings) -> ReceivingCamera:
        raw = compressed = None
        if settings.encoding is not None:
            raw = self._output(Image, settings.topic)
        if settings.jpeg_quality is not None:
            compressed = self._output(CompressedImage, settings.topic + COMPRESSED)
        return ReceivingCamera(
            settings,
            self.settings,
            raw=raw,
            compressed=compressed,
            participant=self._participant(settings.name),
            now_ns=self._now_ns,
        )

    def _output(self, kind: type[Image | CompressedImage], topic: str) -> Publisher:
        publisher = self.create_publisher(
            kind,
            topic,
            _output_qos(),
            qos_overriding_options=QoSOverridingOptions.with_default_policies(),
        )
        self._entities.append(publisher)
        return publisher

    def _participant(self, camera: str) -> str:
        """Return the name of a camera in its room: ``front`` of ``/arm1`` is ``arm1-front``."""
        return f'{self.get_namespace().strip("/") or platform.node()}-{camera}'

    # ----- the arena thread

    async def _run_all(self, cameras: Sequence[SendingCamera | ReceivingCamera]) -> None:
        tasks = [asyncio.create_task(self._run(each), name=each.name) for each in cameras]
        try:
            await asyncio.wait(tasks)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)

    async def _run(self, camera: SendingCamera | ReceivingCamera) -> None:
        try:
            await camera.run()
        except ArenaError as exc:
            self._room_failure = f'the room of the camera {camera.name} cannot be joined: {exc}'
        except Exception as exc:
            self.log.error(f'{camera.name} failed:\n{traceback.format_exc()}')
            self._room_failure = f'the camera {camera.name} failed, which is a bug: {exc!r}'

    # ----- callbacks of the ROS graph

    def _now_ns(self) -> int:
        return int(self.get_clock().now().nanoseconds)

    def _on_delivery_timer(self) -> None:
        if not self._is_active:
            return
        for sender in self._senders:
            stamp_ns = sender.delivered_ns
            if stamp_ns is not None and stamp_ns != self._delivered_ns.get(sender.name):
                self._delivered_ns[sender.name] = stamp_ns
                self._deliveries[sender.name].publish(header(stamp_ns, sender.name))

    def _on_status_timer(self) -> None:
        self._cycles += 1
        now = steady_now()
        for name, condition in self._conditions(now).items():
            self._logs[name].update(condition, now)
        if self._cycles % NAMESAKE_CYCLES == 0:
            self._namesakes.check_graph()
        self._names_log.update(self._namesakes.condition, now)
        if self._cycles % 2 == 0:
            self._publish_diagnostics()

    def _conditions(self, now: float) -> dict[str, Condition]:
        found = {
            each.name: each.condition(now, self.count_publishers(self._inputs[each.name]))
            for each in self._senders
        }
        return found | {each.name: each.condition(now) for each in self._receivers}

    def _publish_diagnostics(self) -> None:
        conditions = self._conditions(steady_now())
        parts = [
            status(f'camera {each.name}', conditions[each.name], each.values(self._rates))
            for each in self._cameras
        ]
        active = lifecycle.condition(
            is_configured=self._running is not None,
            is_active=self._is_active,
            failure=self._transition_error,
        )
        names = self._namesakes.condition
        values = {
            'namesakes': 'none' if names.is_ok else names.text,
            'lost_log_lines': node_log.lost_lines(),
        }
        parts.append(status('lifecycle', active if names.is_ok else names, values))
        server, stamp = self.settings.address.base_url, self.get_clock().now().to_msg()
        self._diagnostics.publish(array(self.get_fully_qualified_name(), server, stamp, parts))

    # ----- checks of the parameters

    def _check_topics(self) -> None:
        """
        Check the names of the topics, and the overrides of their QoS.

        :raises ParameterError: a name is invalid, two topics are the same, or an override is
            invalid.
        """
        outputs: dict[str, str] = {}
        inputs: dict[str, str] = {}
        entities: list[Overridable] = []
        for sent in self.settings.senders:
            ending = COMPRESSED if sent.is_compressed else ''
            topic = self._resolve(sent.name, sent.topic + ending)
            inputs[topic] = sent.name
            reports = delivery_topic(sent.name)
            outputs[f'{sent.name}: {reports}'] = self._resolve(sent.name, reports)
            entities.append(Overridable(topic, 'subscription'))
        for received in self.settings.receivers:
            endings = [''] if received.encoding is not None else []
            endings += [COMPRESSED] if received.jpeg_quality is not None else []
            for ending in endings:
                topic = self._resolve(received.name, received.topic + ending)
                if topic in inputs:
                    raise ParameterError(
                        f'{topic} is published by the camera {received.name} and sent by '
                        f'{inputs[topic]}: expected two topics'
                    )
                outputs[f'{received.name}: {received.topic}{ending}'] = topic
                entities.append(Overridable(topic, 'publisher'))
        check_distinct(outputs)
        if ignored := check_overrides(given_values(self), entities):
            self.log.warning(ignored)

    def _resolve(self, camera: str, topic: str) -> str:
        try:
            return str(self.resolve_topic_name(topic))
        except RuntimeError as exc:  # The exception of rclpy has no public name.
            reason = str(exc).partition(', at /')[0]
            raise ParameterError(f'parameter camera_map.{camera}.topic: {reason}') from exc


def _input_qos() -> QoSProfile:
    """Return a QoS profile that matches publishers of every kind; only the newest matters."""
    return QoSProfile(depth=1, reliability=ReliabilityPolicy.BEST_EFFORT)


def _output_qos() -> QoSProfile:
    """Return a QoS profile that matches subscribers of every kind, except transient local."""
    return QoSProfile(depth=1, reliability=ReliabilityPolicy.RELIABLE)
