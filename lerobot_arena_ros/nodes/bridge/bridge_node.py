# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""The bridge as a lifecycle node: entities, transitions, and calls between its parts."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
import platform
import threading
import traceback
from typing import Any

from diagnostic_msgs.msg import DiagnosticArray
from rcl_interfaces.msg import SetParametersResult
from rclpy.clock import Clock, ClockType
from rclpy.lifecycle import LifecycleNode, LifecycleState, TransitionCallbackReturn
from rclpy.parameter import Parameter
from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy
from rclpy.qos_overriding_options import QoSOverridingOptions
from sensor_msgs.msg import JointState
from std_msgs.msg import String

from lerobot_arena_ros.arena.steady_clock import steady_now
from lerobot_arena_ros.control.condition import Condition
from lerobot_arena_ros.control.descriptions import Descriptions
from lerobot_arena_ros.control.joint_map import JointMap
from lerobot_arena_ros.control.readiness import named
from lerobot_arena_ros.control.stop import Stop
from lerobot_arena_ros.control.units import ConversionError
from lerobot_arena_ros.control.urdf import UrdfError, read_joints

from ..runtime import lifecycle
from ..runtime.arena_thread import ArenaThread
from ..runtime.callback_guard import CallbackGuard
from ..runtime.condition_log import ConditionLog
from ..runtime.diagnostic_parts import Rates, array
from ..runtime.namesakes import ALONE, NAMESAKE_CYCLES, Namesakes
from ..runtime.node_log import NodeLog
from ..runtime.parameter_targets import check_arguments
from ..runtime.parameters import given_values, read_parameters
from ..settings.bridge_settings import PAUSE_S, BridgeSettings, ConsumeSettings
from ..settings.parameter_table import BRIDGE, SPECS
from ..settings.specs import ParameterError, Value
from ..settings.topics import Overridable, check_distinct, check_overrides
from . import diagnostics
from .bridge_sessions import BridgeSessions
from .camera_reports import CameraReports
from .cdr import JointStateReader
from .command_consumer import CommandConsumer
from .command_topic import CommandTopic
from .control_panel import ControlPanel
from .conversions import COMMAND_TYPES
from .emergency_stop import EmergencyStopPanel
from .other_publishers import OtherPublishers, publisher_names
from .robot_reporter import Identity

__all__ = ['BridgeNode']

STATUS_PERIOD_S = 0.5
"""Period of the timer that repeats the stop's status and checks the graph."""

LIVENESS_PERIOD_S = 0.1
"""Period of the timer that shows that the callbacks run, where short pauses matter."""

_OVERRIDABLE = {'joint_states': 'subscription', 'joint_commands': 'publisher'}
"""The topics whose QoS parameters may be overridden."""

_DYNAMIC = {spec.name: spec for spec in SPECS if spec.dynamic}

_DESCRIPTION_QOS = QoSProfile(
    depth=1, reliability=ReliabilityPolicy.RELIABLE, durability=DurabilityPolicy.TRANSIENT_LOCAL
)


class BridgeNode(LifecycleNode):
    """
    The node ``arena_bridge``, ``arena_producer`` or ``arena_consumer``.

    Topics: ``joint_states`` (sensor_msgs/JointState, in, sensor data), ``joint_commands`` (out,
    reliable, depth 1; type by ``consume.command_interface``), ``robot_description``
    (std_msgs/String, in, latched), ``<camera>/delivered_pictures`` (std_msgs/Header, in, for each
    camera in ``consume.require_cameras``), ``/diagnostics`` (diagnostic_msgs/DiagnosticArray,
    out), and the topics and services of :class:`EmergencyStopPanel` and :class:`.ControlPanel`.

    The entities of the stop, of control and /diagnostics exist from the constructor on, in every
    lifecycle state.

    :param roles: ``produce``, ``consume`` or both: the rooms whose parameters are used.
    :param name: of the node, unless it is remapped.
    :param thread: shared with other nodes. Its owner closes it, and this node does not wait for
        it, because waiting would delay the other nodes. None: a thread of its own.
    :param arguments: the command line, if its parameters are for this node.
    :param options: those of rclpy's nodes.
    :ivar log: the log of this node.
    :raises ParameterError: the node must not run with its parameters.
    """

    def __init__(
        self,
        roles: tuple[str, ...] = ('produce', 'consume'),
        *,
        name: str = 'arena_bridge',
        thread: ArenaThread | None = None,
        arguments: Sequence[str] = (),
        **options: Any,
    ) -> None:
        super().__init__(name, **options)
        self.log = NodeLog(self.get_logger())
        for warning in check_arguments(self.get_fully_qualified_name(), arguments, BRIDGE):
            self.log.warning(warning)
        values, joints = read_parameters(self, BRIDGE)
        for role in {'produce', 'consume'} - set(roles):
            values[f'{role}.room_id'] = ''
        self.settings = BridgeSettings.of(values, joints)
        self._check_topics()
        if ignored := self._check_qos_overrides():
            self.log.warning(ignored)
        if self.settings.consume is not None:
            for warning in self.settings.consume.limits.warnings(self.settings.joint_map.joints):
                self.log.warning(warning)
        self._joint_map = self.settings.joint_map
        self._descriptions = Descriptions(self._joint_map.names)
        self._lock = threading.RLock()
        self._steady = Clock(clock_type=ClockType.STEADY_TIME)
        self._thread = thread or ArenaThread()
        self._shares_thread = thread is not None
        self._sessions: BridgeSessions | None = None
        self._reports: CameraReports | None = None
        self._entities: list[Any] = []
        self._reader = JointStateReader()
        self._measured_topic = 'joint_states'  # The remapped name, once it is subscribed to.
        self._diagnostics = self.create_publisher(DiagnosticArray, '/diagnostics', 1)
        self._panel = EmergencyStopPanel(
            self,
            thread=self._thread,
            lock=self._lock,
            on_stop=self._on_stop,
            on_stopped=self._on_stopped,
            on_reset=self._on_reset,
            stop_on_loss=self.settings.link.stop_on_loss,
            allow_remote_reset=self.settings.allow_remote_reset,
        )
        self._control_panel = ControlPanel(
            self,
            produces=self.settings.produce is not None,
            sessions=lambda: self._sessions,
        )
        self._rates = Rates()
        self._namesakes = Namesakes(self)
        self._transition_error: str | None = None  # Why the last transition failed.
        self._condition_logs = {
            'lifecycle': ConditionLog(self.log, recovered='active again'),
            'mapping': ConditionLog(self.log, recovered='all joints are mapped'),
            'names': ConditionLog(self.log, recovered=ALONE.text, patience_s=0.0),
        }
        self._cycles = 0
        self._status_at = steady_now()
        self._is_report_due = False
        self.create_timer(STATUS_PERIOD_S, self._on_status_timer, clock=self._steady)
        self.add_on_set_parameters_callback(self._on_set_parameters)
        lifecycle.guard_transitions(self)
        # The robot's safety may depend on what a callback did not complete.
        self._callback_guard = CallbackGuard(self, self._trip)
        self._callback_guard.guard()
        if self.settings.estop_on_start:
            self._panel.trip(Stop('estop_on_start', 'stopped at start', notify_rooms=False))

    def _check_topics(self) -> None:
        names = ['joint_states', 'robot_description', 'emergency_stop', '/diagnostics']
        if self.settings.consume is not None:
            # On joint_states it would take its own commands for measured positions.
            names.insert(1, 'joint_commands')
        check_distinct({name: self.resolve_topic_name(name) for name in names})

    def _check_qos_overrides(self) -> str | None:
        entities = [
            Overridable(self.resolve_topic_name(name), kind) for name, kind in _OVERRIDABLE.items()
        ]
        return check_overrides(given_values(self), entities)

    @property
    def failure(self) -> str | None:
        """Why the node cannot continue, in one line; None while it can."""
        failure = None if self._sessions is None else self._sessions.failure
        return self._callback_guard.latest or failure

    def disable(self) -> None:
        """
        Trip the emergency stop and leave the rooms after a failure; the node stays.

        It works again after a person has configured and activated it and has reset its stop.
        """
        self._transition_error = self.failure
        self._trip(self.failure or 'disabled')
        self._callback_guard.latest = None
        lifecycle.unconfigure(self)

    def _trip(self, failure: str) -> None:
        """Stop this robot only; for its rooms this looks like the end of a process."""
        try:
            self._panel.trip(Stop('the bridge', failure, notify_rooms=False))
        except Exception:
            self.log.error(f'the emergency stop failed:\n{traceback.format_exc()}')

    @property
    def is_configured(self) -> bool:
        """Whether the node is configured."""
        return self._sessions is not None

    def start(self) -> None:
        """Configure and activate, if ``autostart`` is set."""
        if not self.settings.autostart:
            return
        if self.trigger_configure() == TransitionCallbackReturn.SUCCESS:
            self.trigger_activate()

    def deactivate(self) -> None:
        """Block all values immediately, because the process is about to end."""
        self._deactivate()

    def finish(self) -> None:
        """Block all commands and leave the rooms; idempotent."""
        try:
            self._deactivate()
            self._panel.log_stops()
        finally:
            self._cleanup()
            if not self._shares_thread:
                self._thread.close(1.0)

    # ----- lifecycle

    def on_configure(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Create the command topic and its inputs, and begin to join the rooms."""
        return self._transition(self._configure, 'configure')

    def on_activate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Let values through."""
        return self._transition(self._activate, 'activate')

    def on_deactivate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Block all values and stay in the rooms."""
        return self._transition(self._deactivate, 'deactivate')

    def on_cleanup(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Leave the rooms."""
        return self._transition(self._cleanup, 'clean up')

    def on_shutdown(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Block all values and leave the rooms."""
        self._transition(self._deactivate, 'deactivate')
        return self._transition(self._cleanup, 'clean up')

    def on_error(self, state: LifecycleState) -> TransitionCallbackReturn:
        """End in the safe state: nothing moves, and the node can be configured again."""
        self._deactivate()
        self._cleanup()
        return TransitionCallbackReturn.SUCCESS

    def _transition(self, act: Callable[[], None], what: str) -> TransitionCallbackReturn:
        done = lifecycle.run_transition(self, act, what, on_failure=self._on_failed_transition)
        self.publish_diagnostics()
        return done

    def _on_failed_transition(self, error: str) -> None:
        self._transition_error = error

    def _configure(self) -> None:
        settings = self.settings
        self._joint_map = settings.joint_map
        self._descriptions = Descriptions(self._joint_map.names)
        topic = self._command_topic(settings.consume) if settings.consume else None
        # A link that was not closed in time may receive a stop meanwhile. The new gate must not
        # miss it, so the lock is held until the gate exists.
        with self._lock:
            self._sessions = BridgeSessions(
                settings,
                self._joint_map,
                identity=Identity(
                    self.get_fully_qualified_name(), platform.node(), settings.allow_remote_reset
                ),
                thread=self._thread,
                panel=self._panel,
                lock=self._lock,
                logger=self.log,
                topic=topic,
                find_publishers=self._publisher_names,
                on_change=self.publish_diagnostics,
            )
        # Parameters that were set while the node was unconfigured count, too.
        self._sessions.set_dynamic_parameters(_checked(self.get_parameters(list(_DYNAMIC))))
        if self._sessions.consumer is not None:
            self._add_motion_timer(self._sessions.consumer)
        liveness = self.create_timer(
            LIVENESS_PERIOD_S, self._sessions.note_callbacks_run, clock=self._steady
        )
        liveness.cancel()
        self._sessions.set_liveness_timer(liveness)
        self._entities.append(liveness)
        options = QoSOverridingOptions.with_default_policies()
        measured = self.create_subscription(
            JointState,
            'joint_states',
            self._on_joint_state,
            _measured_qos(),
            qos_overriding_options=options,
            raw=True,
        )
        self._measured_topic = measured.topic_name
        self._entities += [
            measured,
            self.create_subscription(
                String, 'robot_description', self._on_description, _DESCRIPTION_QOS
            ),
        ]
        if self._sessions.consumer is not None and settings.consume is not None:
            cameras = settings.consume.gate.require_cameras
            self._reports = CameraReports(self, cameras, self._sessions.consumer, self._now_ns)
            self._entities += self._reports.subscriptions
        self._callback_guard.guard()
        self.log.info(self._joint_map.table())
        self._sessions.start()
        self._transition_error = None

    def _command_topic(self, consume: ConsumeSettings) -> CommandTopic:
        publisher = self.create_publisher(
            COMMAND_TYPES[consume.command_interface],
            'joint_commands',
            _command_qos(),
            qos_overriding_options=QoSOverridingOptions.with_default_policies(),
        )
        self._entities.append(publisher)
        return CommandTopic(
            publisher,
            interface=consume.command_interface,
            now_ns=self._now_ns,
            others=OtherPublishers(
                self,
                publisher.topic_name,
                allowed=consume.allow_other_publishers,
                now=steady_now(),
            ),
        )

    def _add_motion_timer(self, consumer: CommandConsumer) -> None:
        assert self.settings.consume is not None
        period_s = self.settings.consume.gate.ramp_period_s
        timer = self.create_timer(period_s, consumer.tick, clock=self._steady)
        timer.cancel()
        consumer.set_motion_timer(timer)
        self._entities.append(timer)

    def _activate(self) -> None:
        if self._sessions is not None:
            self._sessions.enable(True)

    def _deactivate(self) -> None:
        if self._sessions is not None:
            self._sessions.enable(False)

    def _cleanup(self) -> None:
        sessions, self._sessions = self._sessions, None
        self._reports = None
        patience_s = 0.0 if self._shares_thread else 2.0
        if sessions is not None and not sessions.close(timeout_s=patience_s) and patience_s:
            self.log.warning('the rooms were not left in time')
        entities, self._entities = self._entities, []
        for entity in entities:
            lifecycle.destroy(self, entity)

    # ----- callbacks of the ROS graph

    def _on_joint_state(self, data: bytes) -> None:
        if self._sessions is None:
            return
        try:
            stamped_ns, positions = self._reader.read(data)
        except ConversionError as exc:
            self._sessions.drop(exc.reason, str(exc))
            return
        if stamped_ns is None:
            self._sessions.measure(positions, None)
        else:
            age_s = (self._now_ns() - stamped_ns) * 1e-9
            self._sessions.measure(positions, age_s, stamped_ns)

    def _now_ns(self) -> int:
        return int(self.get_clock().now().nanoseconds)

    def _on_description(self, message: String) -> None:
        try:
            description = read_joints(message.data)
        except UrdfError as exc:
            self.log.error(f'{exc}; the limits stay as they are')
            return
        if not self._descriptions.take(description):
            names = named(list(description.joints)) or 'no joints'
            self.log.warning(
                f'robot_description of {names} is ignored, because it is not the one of the '
                'joints in use; clean up and configure the node to use it',
                throttle='description',
            )
            return
        before = self._joint_map
        self._joint_map = self.settings.joint_map.described_by(self._descriptions.described)
        self.log.info(f'robot_description read\n{self._joint_map.table()}')
        self._log_odd_joints(before)
        if self._sessions is not None:
            self._sessions.set_joint_map(self._joint_map)

    def _log_odd_joints(self, before: JointMap) -> None:
        """Log the faults of joints that are not needed; diagnostics report those of the others."""
        joint_map = self._joint_map
        new = sorted(joint_map.odd.items() - before.odd.items())
        others = [f'{name}: {fault}' for name, fault in new if name not in joint_map.faulty]
        if others:
            self.log.info(f'robot_description has joints with a fault: {named(others)}')

    def _on_stop(self, stop: Stop) -> None:
        sessions = self._sessions  # The other thread may set it to None.
        if sessions is not None and sessions.consumer is not None:
            sessions.consumer.stop(str(stop))

    def _on_stopped(self) -> None:
        sessions = self._sessions
        if sessions is not None and sessions.consumer is not None:
            sessions.consumer.log_changes()
        self.publish_diagnostics()

    def _on_reset(self) -> None:
        sessions = self._sessions
        if sessions is not None and sessions.consumer is not None:
            sessions.consumer.reset()
        self.publish_diagnostics()

    def _on_set_parameters(self, parameters: list[Parameter]) -> SetParametersResult:
        try:
            numbers = _checked(parameters)
        except ParameterError as exc:
            return SetParametersResult(successful=False, reason=str(exc))
        if self._sessions is not None:
            self._sessions.set_dynamic_parameters(numbers)
        return SetParametersResult(successful=True)

    def _on_status_timer(self) -> None:
        self._panel.publish()
        self._panel.answer_remote_reset()
        if self._sessions is not None:
            self._check_measurements(self._sessions)
        if self._reports is not None:
            self._reports.check_graph()
        self._cycles += 1
        if self._cycles % NAMESAKE_CYCLES == 0:
            self._namesakes.check_graph()
        self._status_at = steady_now()
        found = self._conditions()
        for name, log in self._condition_logs.items():
            log.update(found[name], self._status_at)
        if self._cycles % 2 == 0:
            self.publish_diagnostics()

    def _check_measurements(self, sessions: BridgeSessions) -> None:
        topic = self._measured_topic
        count = self.count_publishers(topic)
        # Names cost much more than a count, and they matter only if there are several.
        names = self._publisher_names() if count > 1 else ()
        sessions.check_graph(publishers=count, names=names, topic=topic)

    def _publisher_names(self) -> Sequence[str]:
        """Return the names of the nodes that publish joint_states, if there are several."""
        names = publisher_names(self, self._measured_topic)
        return names if len(names) > 1 else ()

    def publish_diagnostics(self) -> None:
        """Schedule a report on the arena thread; any thread, under any lock."""
        if not self._is_report_due:
            self._is_report_due = True
            self._thread.post(self._callback_guard.wrap(self._publish_report))

    def _publish_report(self) -> None:
        self._is_report_due = False  # A change from here on needs another report.
        sessions = self._sessions
        try:
            self._control_panel.publish()
            self._diagnostics.publish(self._report())
        except Exception:
            if sessions is self._sessions:
                raise
            # The ROS thread has destroyed the sessions of which this is the report.

    def _conditions(self) -> dict[str, Condition]:
        sessions, now = self._sessions, steady_now()
        paused_s = now - self._status_at
        return diagnostics.conditions(
            sessions,
            self._panel.stop,
            self._joint_map,
            now,
            lifecycle=lifecycle.condition(
                is_configured=sessions is not None,
                is_active=sessions is not None and sessions.is_enabled,
                failure=self._transition_error,
            ),
            names=self._namesakes.condition,
            paused_s=paused_s if paused_s > PAUSE_S + STATUS_PERIOD_S else None,
        )

    def _report(self) -> DiagnosticArray:
        parts = diagnostics.report(
            self._sessions,
            self._panel.stop,
            self._joint_map,
            rates=self._rates,
            conditions=self._conditions(),
        )
        stamp = self.get_clock().now().to_msg()
        server = self.settings.address.base_url
        return array(self.get_fully_qualified_name(), server, stamp, parts)


def _measured_qos() -> QoSProfile:
    """Return a new QoS profile for sensor data; new, because rclpy writes overrides into it."""
    return QoSProfile(depth=5, reliability=ReliabilityPolicy.BEST_EFFORT)


def _command_qos() -> QoSProfile:
    """Return the QoS profile of commands, of which only the newest matters."""
    return QoSProfile(depth=1, reliability=ReliabilityPolicy.RELIABLE)


def _checked(parameters: Iterable[Parameter]) -> dict[str, Value]:
    """
    Return the values of the dynamic parameters among these.

    :raises ParameterError: one of them is unacceptable.
    """
    return {p.name: _DYNAMIC[p.name].check(p.value) for p in parameters if p.name in _DYNAMIC}
