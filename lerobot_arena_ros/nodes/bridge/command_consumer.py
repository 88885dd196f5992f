# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""
The consumer: updates of the room pass through the gate onto the command topic.

Deciding and publishing happen under one lock, which the emergency stop shares, so that no command
follows a stop. Both threads call in, and neither waits for the other while it holds the lock.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
import math
import threading
from typing import NamedTuple, Protocol

from lerobot_arena_ros.arena.control_messages import ControlAnswer, ControlState
from lerobot_arena_ros.arena.messages import ErrorReply, JointUpdate, OddJoint, StateSync
from lerobot_arena_ros.arena.robot_state import Refusal
from lerobot_arena_ros.arena.session import Event, Late, Malformed, Presence
from lerobot_arena_ros.arena.steady_clock import steady_now
from lerobot_arena_ros.control.command_watch import commanding, present_cause
from lerobot_arena_ros.control.condition import Condition
from lerobot_arena_ros.control.gate import Command, Gate, State, Transition
from lerobot_arena_ros.control.joint_map import Joint, JointMap
from lerobot_arena_ros.control.readiness import LOCKED, unready
from lerobot_arena_ros.control.stamps import Unusable
from lerobot_arena_ros.control.units import ConversionError

from ..runtime.condition_log import ConditionLog
from ..runtime.node_log import NodeLog
from ..settings.bridge_settings import CommonLimits, ConsumeSettings
from .command_topic import CommandTopic

__all__ = ['CommandConsumer', 'RestartableTimer', 'View']

NAMES_PERIOD_S = 0.1
"""Shortest time between two searches for contradicting publishers, because these take long."""

MAX_NAMES = 100
"""Longest list of unknown joints of the room, and of odd ones."""

MAX_NAME = 200
"""Characters that are kept of a name in the room, and of its fault."""


class RestartableTimer(Protocol):
    """The part of an rclpy timer that starts and pauses it."""

    def reset(self) -> None:
        """Fire again, first in one period from now."""

    def cancel(self) -> None:
        """Do not fire any more."""


class View(NamedTuple):
    """
    The consumer at one moment; positions in radians or metres by ROS name.

    :param commanded: the last command; empty before the first.
    :param measured: joints that were measured lately.
    :param refused: values that were not used, by arena name.
    """

    state: State
    cause: str
    joints: tuple[Joint, ...]
    commanded: Mapping[str, float]
    measured: Mapping[str, float]
    refused: tuple[Refusal, ...]


class CommandConsumer:
    """
    The gate with its joint map, its topic and its timer.

    :param topic: where commands are published; used under the lock.
    :param lock: held while deciding and publishing; reentrant, shared with the emergency stop.
    :param on_change: called after each change of state, under the lock.
    :param on_stall: called with the cause when the gate stops by itself, under the lock.
    :param stopped: why it begins stopped; None = no stop is latched.
    :param find_publishers: returns the names of the nodes that publish joint_states, if there are
        several; called without the lock.
    :ivar updated_at: when the room last sent a joint of the robot, in seconds of the steady clock.
    """

    def __init__(
        self,
        settings: ConsumeSettings,
        joint_map: JointMap,
        *,
        topic: CommandTopic,
        logger: NodeLog,
        lock: threading.RLock,
        on_change: Callable[[], None],
        on_stall: Callable[[str], None],
        stopped: str | None,
        find_publishers: Callable[[], Sequence[str]] = tuple,
    ) -> None:
        self.dropped: Counter[str] = Counter()
        self.unknown: set[str] = set()
        self.odd: dict[str, str] = {}
        self.topic = topic
        self.updated_at: float | None = None
        self._limits: CommonLimits = settings.limits
        self._require_limits = settings.require_limits
        self._joint_map = joint_map
        self._logger = logger
        self._lock = lock
        self._on_change = on_change
        self._on_stall = on_stall
        self._find_publishers = find_publishers
        self._motion_timer: RestartableTimer | None = None
        self._is_timer_running = False
        self._refused: dict[str, Refusal] = {}
        self._named_at = -math.inf
        self._release_request: int | None = None
        now = steady_now()
        self._gate = Gate(settings.gate, now, stopped=stopped)
        self._condition_log = ConditionLog(logger, recovered='commands flow again')
        self.set_joint_map(joint_map)

    @property
    def state(self) -> State:
        """The gate's state; any thread."""
        return self._gate.state

    @property
    def cause(self) -> str:
        """Why the robot moves, or does not move; any thread."""
        return present_cause(
            self._gate.state,
            self._gate.cause,
            has_subscriber=self.topic.subscribers > 0,
            topic=self.topic.name,
        )

    def condition(self, now: float) -> Condition:
        """Return whether the robot is commanded, and if not, why; any thread."""
        commanded_at = self.topic.commanded_at
        return commanding(
            self._gate.state,
            self._gate.cause,
            has_subscriber=self.topic.subscribers > 0,
            topic=self.topic.name,
            age_s=None if commanded_at is None else now - commanded_at,
        )

    @property
    def clamped(self) -> int:
        """Number of values that were clamped to a joint's limits; any thread."""
        return self._gate.clamped

    @property
    def limited(self) -> int:
        """Number of commands in which a velocity limit slowed a joint; any thread."""
        return self._gate.limited

    def view(self, now: float) -> View:
        """Return what the room is shown of the robot; any thread."""
        with self._lock:
            return View(
                self._gate.state,
                self.cause,
                self._joint_map.joints,
                self._gate.commanded,
                self._gate.measured(now),
                tuple(self._refused.values()),
            )

    # ----- called by the ROS thread

    def set_motion_timer(self, timer: RestartableTimer) -> None:
        """Set the cancelled timer that calls :meth:`tick`."""
        self._motion_timer = timer

    def set_joint_map(self, joint_map: JointMap) -> None:
        """Use these names, limits and units."""
        with self._lock:
            self._joint_map = joint_map
            joints = [self._limits.gate_joint(joint) for joint in joint_map.joints]
            missing = unready(joint_map, require_limits=self._require_limits)
            self._gate.set_joints(joints, steady_now(), unready=missing)
            self._apply()

    def set_velocity_limit(self, limit: float) -> None:
        """Use a new common limit in rad/s, from the next step on."""
        self._limits = replace(self._limits, velocity=limit)
        self.set_joint_map(self._joint_map)

    def enable(self, enabled: bool) -> None:
        """Let commands through, or block them."""
        with self._lock:
            now = steady_now()
            change = self._gate.enable if enabled else self._gate.disable
            self._gate.on_other_publishers(self.topic.others.check_graph(now), now)
            change(now)
            self._condition_log.restart(now)
            self._apply()

    def check_graph(
        self, *, publishers: Sequence[str] = (), silent_topic: str | None = None
    ) -> None:
        """
        Check the graph for other nodes that command the robot.

        :param publishers: names of the nodes that publish joint_states, if there are several.
        :param silent_topic: the topic of joint_states if it has no publisher; None otherwise.
        """
        with self._lock:
            now = steady_now()
            self._gate.on_ros_callback(now)
            self._gate.on_other_publishers(self.topic.others.check_graph(now), now)
            self._gate.note_publishers(publishers, now, silent_topic=silent_topic)
            self._apply()
            self._condition_log.update(self.condition(now), now)

    def measure(
        self,
        positions: Mapping[str, float],
        *,
        age_s: float = 0.0,
        stamp_s: float | None = None,
    ) -> None:
        """
        Handle measured positions by ROS name.

        :param age_s: their age by the clock of this node.
        :param stamp_s: when they were measured by the clock of their publisher; None = they have
            no stamp.
        """
        with self._lock:
            now = steady_now()
            self._gate.on_ros_callback(now, messages=1)
            unusable = self._gate.measure(positions, now, age_s=age_s, stamp_s=stamp_s)
            if unusable is not None:
                self._note_unusable(unusable)
            if unusable is None or not self._needs_publishers(unusable, now):
                self._apply()
                return
        # Without the lock, because a stop must not wait for this query. The gate holds already.
        names = self._find_publishers()
        with self._lock:
            self._gate.note_publishers(names, steady_now())
            self._apply()

    def refuse_measurement(self, reason: str, text: str) -> None:
        """Count a JointState that cannot be used."""
        unusable = Unusable(reason, text)
        with self._lock:
            now = steady_now()
            self._gate.on_ros_callback(now, messages=1)
            self._gate.refuse_measurement(unusable, now)
            self._note_unusable(unusable)
            self._apply()

    def note_picture(self, camera: str, age_s: float) -> None:
        """
        Note that a viewer of a camera got a new picture.

        :param age_s: its age by the clock of this node.
        """
        with self._lock:
            now = steady_now()
            self._gate.on_ros_callback(now)
            self._gate.note_picture(camera, now, age_s=age_s)
            self._apply()

    def note_camera_nodes(self, camera: str, count: int, names: Sequence[str]) -> None:
        """
        Note how many nodes report pictures of a camera.

        :param names: their full names, if there are several.
        """
        with self._lock:
            self._gate.note_camera_nodes(camera, count, names, steady_now())
            self._apply()

    def note_callbacks_run(self) -> None:
        """Note that the callbacks of the ROS thread run."""
        with self._lock:
            self._gate.on_ros_callback(steady_now())

    @property
    def needs_liveness(self) -> bool:
        """Whether :meth:`note_callbacks_run` has to be called ten times a second; any thread."""
        return self._gate.watches_closely

    def tick(self) -> None:
        """Continue a motion, and check what depends on time."""
        with self._lock:
            now = steady_now()
            self._gate.on_ros_callback(now)
            self._apply(self._gate.tick(now))

    # ----- called by any thread

    def stop(self, cause: str) -> None:
        """Stop until :meth:`reset`; :meth:`log_changes` logs it later."""
        with self._lock:
            self._gate.stop(cause)
            self._update_timer()

    def log_changes(self) -> None:
        """Log the gate's changes; not part of :meth:`stop`, because logging takes too long."""
        with self._lock:
            self._apply()

    def reset(self) -> None:
        """End a stop."""
        with self._lock:
            self._gate.reset(steady_now())
            self._apply()

    def release(self, request: int) -> None:
        """
        Hold until somebody gets control again.

        :param request: the number of the request to the room to release control.
        """
        with self._lock:
            self._release_request = request
            self._gate.release(steady_now())
            self._apply()

    # ----- called by the arena thread

    def on_joined(self) -> None:
        """Begin with this room; nothing counts that was received before."""
        with self._lock:
            self._gate.link_up(steady_now())
            self._apply()

    def on_lost(self, cause: str) -> None:
        """Hold, because the room cannot be received."""
        with self._lock:
            self._gate.link_down(cause or 'connection closed', steady_now())
            self._apply()

    def on_event(self, event: Event) -> bool:
        """Handle an event of the room; return True if its state has to be requested."""
        with self._lock:
            now = steady_now()
            match event:
                case JointUpdate():
                    return self._update(event, now)
                case Presence(has_producer, round_trip_s):
                    self._gate.on_server_message(
                        now, has_producer=has_producer, round_trip_s=round_trip_s
                    )
                    self._apply()
                case Late(waiting_s):
                    self._gate.on_overdue_reply(waiting_s, now)
                    self._apply()
                case ControlState(holder, drivers=drivers, number=number):
                    self._gate.on_control(holder, now, number=number, has_drivers=bool(drivers))
                    self._apply()
                case ControlAnswer(request) if request == self._release_request:
                    self._gate.on_release_answered(now)
                    self._apply()
                case StateSync(joints):
                    self._gate.on_state_sync(self._positions_of(joints), now)
                    self._apply()
                case Malformed(reason, detail):
                    return self._mark_stale(reason, detail)
                case ErrorReply(message):
                    self._logger.warning(
                        f'error reply of the server: {message}', throttle='server'
                    )
        return False

    def on_room_state(self, joints: dict[str, float]) -> None:
        """Use the room's state, because a dropped frame may have contained a change."""
        with self._lock:
            self._gate.refresh(self._positions_of(joints))
            self._apply()

    # ----- inside, under the lock

    def _needs_publishers(self, unusable: Unusable, now: float) -> bool:
        """Return whether to find contradicting publishers before the contradiction is logged."""
        if unusable.reason != 'contradiction' or abs(now - self._named_at) < NAMES_PERIOD_S:
            return False
        self._named_at = now
        return True

    def _note_unusable(self, unusable: Unusable) -> None:
        self.dropped[unusable.reason] += 1
        count = self.dropped[unusable.reason]
        self._logger.warning(f'dropped: {unusable.text} ({count} so far)', throttle='dropped')

    def _update(self, update: JointUpdate, now: float) -> bool:
        values = update.values
        if update.odd:
            bad = self._check_odd_joints(update.odd)
            if bad is not None:
                return self._mark_stale(bad.reason, bad.detail)
        self._note_unknown(values, now)
        if self._joint_map.unknown_range:
            self.dropped['range'] += 1
            return False
        try:
            positions = self._joint_map.from_arena(values)
        except ConversionError as exc:
            self._refuse(values)
            return self._mark_stale(exc.reason, str(exc))
        if self._refused:
            self._refused = {n: r for n, r in self._refused.items() if n not in values}
        if self._joint_map.locked:
            self._refuse_locked(values)
        self._check_other_publishers(now)
        source = update.source
        self._apply(
            self._gate.update(positions, now, from_producer=source != 'api', source=source)
        )
        return False

    def _check_odd_joints(self, joints: Sequence[OddJoint]) -> OddJoint | None:
        """Return a joint of the robot that makes the update unusable; note all other joints."""
        for joint in joints:
            if joint.name is not None and not self._joint_map.unknown([joint.name]):
                return joint
        named = {str(joint.name)[:MAX_NAME]: joint.detail[:MAX_NAME] for joint in joints}
        new = {name: detail for name, detail in named.items() if name not in self.odd}
        if new and len(self.odd) < MAX_NAMES:
            self.odd = {**self.odd, **new}  # A new dict: diagnostics may be reading the old one.
        return None

    def _mark_stale(self, reason: str, detail: str) -> bool:
        self.dropped[reason] += 1
        self._gate.mark_stale()
        self._logger.warning(f'dropped a frame: {detail}', throttle='frame')
        return True

    def _refuse(self, values: Mapping[str, float]) -> None:
        """Keep the values for which a frame was dropped, to report them to the room."""
        for name, value in values.items():
            try:
                self._joint_map.from_arena({name: value})
            except ConversionError as exc:
                self._refused[name] = Refusal(name, value, str(exc))

    def _refuse_locked(self, values: Mapping[str, float]) -> None:
        """Keep the values of joints that are held."""
        for joint in self._joint_map.joints:
            name = joint.arena_name
            if joint.is_locked and name in values:
                reason = f'{joint.name} is held: {LOCKED}'
                self._refused[name] = Refusal(name, values[name], reason)

    def _positions_of(self, joints: Mapping[str, float]) -> dict[str, float]:
        """Convert each joint by itself, because one bad value does not affect the others here."""
        positions: dict[str, float] = {}
        for name, value in joints.items():
            try:
                positions.update(self._joint_map.from_arena({name: value}))
            except ConversionError as exc:
                self.dropped[exc.reason] += 1
        return positions

    def _note_unknown(self, values: Mapping[str, float], now: float) -> None:
        unknown = self._joint_map.unknown(values)
        if len(unknown) < len(values):
            self.updated_at = now
        new = set(unknown) - self.unknown
        if new and len(self.unknown) < MAX_NAMES:
            self.unknown = self.unknown | new  # A new set: diagnostics may be reading the old one.

    def _check_other_publishers(self, now: float) -> None:
        """Notice other nodes that command the robot before a motion begins."""
        if self._gate.state in (State.WAITING, State.HOLDING) and self._gate.is_enabled:
            self._gate.on_other_publishers(self.topic.others.check_graph(now), now)

    def _apply(self, command: Command | None = None) -> None:
        """Publish the gate's command, log its changes, and start or pause the timer."""
        if command is not None:
            self.topic.publish(self._joint_map.names, command.positions)
        stall = self._gate.take_stall()
        if stall is not None:
            self._on_stall(stall)
        changes = self._gate.take_transitions()
        for change in changes:
            self._log_change(change, steady_now())
        if self._gate.state is State.ACTIVE and changes:
            now = steady_now()
            self._condition_log.update(self.condition(now), now)
        if changes:
            self._on_change()
        self._update_timer()

    def _log_change(self, change: Transition, now: float) -> None:
        is_held = change.after is State.HOLDING is self._gate.state
        cause = self._gate.cause if is_held else change.cause  # It may name publishers by now.
        text = f'gate: {change.before.value} -> {change.after.value}: {cause}'
        if change.before is not State.ACTIVE:
            self._logger.info(text)
        else:
            self._logger.warning(text)
            self._condition_log.restart(now)
            self._condition_log.mark_logged(self.condition(now), now)

    def _update_timer(self) -> None:
        """Run the timer only during motion; a reset at each update would keep it from firing."""
        if self._motion_timer is None or self._gate.is_moving is self._is_timer_running:
            return
        self._is_timer_running = not self._is_timer_running
        if self._is_timer_running:
            self._motion_timer.reset()
        else:
            self._motion_timer.cancel()
