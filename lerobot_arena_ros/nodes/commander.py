"""
The consume side: what comes out of the room, through the gate, onto the command topic.

Deciding and publishing happen under one lock, which the emergency stop shares: after a stop
nothing leaves any more. Both threads call in; neither waits for the other while it holds the lock.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
import threading
from typing import NamedTuple, Protocol

from lerobot_arena_ros.arena.messages import ErrorReply, JointUpdate, OddJoint, StateSync
from lerobot_arena_ros.arena.robot_state import Refusal
from lerobot_arena_ros.arena.session import Event, Late, Malformed, Presence
from lerobot_arena_ros.arena.steady_clock import steady_now
from lerobot_arena_ros.control.cause_watch import CauseWatch, Line
from lerobot_arena_ros.control.gate import Command, Gate, State, Transition
from lerobot_arena_ros.control.gate_output import NORMAL_CAUSES
from lerobot_arena_ros.control.joint_map import Joint, JointMap
from lerobot_arena_ros.control.measurements import Unusable
from lerobot_arena_ros.control.readiness import LOCKED, unready
from lerobot_arena_ros.control.units import ConversionError

from .command_topic import CommandTopic
from .left_out import shown
from .node_log import NodeLog
from .settings import CommonLimits, ConsumeSettings

__all__ = ['Commander', 'Ramp', 'View']


class Ramp(Protocol):
    """The timer that continues a motion: reset wakes it, cancel puts it to sleep."""

    def reset(self) -> None:
        """Fire again, one period from now."""

    def cancel(self) -> None:
        """Do not fire any more."""


class View(NamedTuple):
    """
    What the commander looks like at one moment; positions in radians or metres by ROS name.

    :param commanded: the last command; empty before the first.
    :param measured: joints that were measured lately.
    :param refused: values that were not taken, by arena name.
    """

    state: State
    cause: str
    joints: tuple[Joint, ...]
    commanded: Mapping[str, float]
    measured: Mapping[str, float]
    refused: tuple[Refusal, ...]


class Commander:
    """
    The gate with its map, its topic and its timer.

    :param topic: where commands go; under the lock.
    :param lock: held while deciding and publishing; reentrant, shared with the emergency stop.
    :param on_change: called after each change of state, under the lock.
    :param on_stall: called with the cause when the gate has stopped by itself, under the lock.
    :param stopped: why it begins stopped, None where no stop is latched.
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
    ) -> None:
        self.dropped: Counter[str] = Counter()
        self.unknown: set[str] = set()
        self.odd: dict[str, str] = {}
        self.topic = topic
        self._limits: CommonLimits = settings.limits
        self._require_limits = settings.require_limits
        self._joint_map = joint_map
        self._logger = logger
        self._lock = lock
        self._on_change = on_change
        self._on_stall = on_stall
        self._ramp: Ramp | None = None
        self._is_ramping = False
        self._refused: dict[str, Refusal] = {}
        now = steady_now()
        self._gate = Gate(settings.gate, now, stopped=stopped)
        self._watch = CauseWatch(
            blocked='commands do not flow', flowing='commands flow again', now=now
        )
        self.set_joint_map(joint_map)

    @property
    def state(self) -> State:
        """The gate's state; any thread."""
        return self._gate.state

    @property
    def cause(self) -> str:
        """Why the gate is in its state; any thread."""
        return self._gate.cause

    @property
    def clamped(self) -> int:
        """Values so far that were brought inside a joint's limits; any thread."""
        return self._gate.clamped

    @property
    def limited(self) -> int:
        """Commands so far in which a velocity limit held a joint back; any thread."""
        return self._gate.limited

    def view(self, now: float) -> View:
        """Return what to tell of the robot; any thread."""
        with self._lock:
            return View(
                self._gate.state,
                self._gate.cause,
                self._joint_map.joints,
                self._gate.commanded,
                self._gate.measured(now),
                tuple(self._refused.values()),
            )

    # ----- called by the ROS thread

    def set_ramp(self, ramp: Ramp) -> None:
        """Take the timer that calls :meth:`tick`, asleep."""
        self._ramp = ramp

    def set_joint_map(self, joint_map: JointMap) -> None:
        """Take names, limits and units."""
        with self._lock:
            self._joint_map = joint_map
            joints = [self._limits.gate_joint(joint) for joint in joint_map.joints]
            missing = unready(joint_map, require_limits=self._require_limits)
            self._gate.set_joints(joints, steady_now(), unready=missing)
            self._act()

    def set_velocity_limit(self, limit: float) -> None:
        """Take a new common limit in rad/s; it counts from the next step on."""
        self._limits = replace(self._limits, velocity=limit)
        self.set_joint_map(self._joint_map)

    def enable(self, enabled: bool) -> None:
        """Let commands flow, or none."""
        with self._lock:
            now = steady_now()
            change = self._gate.enable if enabled else self._gate.disable
            self._gate.rivals(self.topic.others.look(now), now)
            change(now)
            self._watch.begin(now)
            self._act()

    def look(self, *, feedback: bool, publishers: Sequence[str] = (), topic: str = '') -> None:
        """
        Look at the graph for other nodes that command the robot.

        :param feedback: whether any node publishes joint_states.
        :param publishers: names of these nodes, where there are several.
        :param topic: where joint_states are expected.
        """
        with self._lock:
            now = steady_now()
            self._gate.graph_seen(now)
            self._gate.rivals(self.topic.others.look(now), now)
            self._gate.expect_feedback(feedback, now, publishers=publishers, topic=topic)
            self._act()
            self._tell_cause(now)

    def measure(
        self,
        positions: Mapping[str, float],
        *,
        age_s: float = 0.0,
        stamp_s: float | None = None,
    ) -> None:
        """
        Take measured positions by ROS name.

        :param age_s: how old they are by the clock of this node.
        :param stamp_s: when they were measured by the clock of their publisher, None = they do
            not say.
        """
        with self._lock:
            now = steady_now()
            self._gate.graph_seen(now, messages=1)
            unusable = self._gate.measure(positions, now, age_s=age_s, stamp_s=stamp_s)
            if unusable is not None:
                self._note_unusable(unusable)
            self._act()

    def refuse_measurement(self, reason: str, text: str) -> None:
        """Count a JointState that cannot be used."""
        unusable = Unusable(reason, text)
        with self._lock:
            now = steady_now()
            self._gate.graph_seen(now, messages=1)
            self._gate.refuse_measurement(unusable, now)
            self._note_unusable(unusable)
            self._act()

    def pulse(self) -> None:
        """Note that the callbacks of the ROS thread run."""
        with self._lock:
            self._gate.graph_seen(steady_now())

    @property
    def needs_pulse(self) -> bool:
        """Whether :meth:`pulse` has to be called ten times a second; any thread."""
        return self._gate.watches_closely

    def tick(self) -> None:
        """Continue a motion, or notice that time has passed."""
        with self._lock:
            now = steady_now()
            self._gate.graph_seen(now)
            self._look_for_listeners(now)
            self._act(self._gate.tick(now))

    # ----- called by any thread

    def stop(self, cause: str) -> None:
        """Stop until :meth:`reset`, and say so only when :meth:`announce` is called."""
        with self._lock:
            self._gate.stop(cause)
            self._wake_or_rest()

    def announce(self) -> None:
        """Log what has become of the gate, because logging takes longer than a stop may."""
        with self._lock:
            self._act()

    def reset(self) -> None:
        """End a stop."""
        with self._lock:
            self._gate.reset(steady_now())
            self._act()

    # ----- called by the loop's thread

    def joined(self) -> None:
        """Begin anew with this room."""
        with self._lock:
            self._gate.link_up(steady_now())
            self._act()

    def lost(self, cause: str) -> None:
        """Hold: the room cannot be heard."""
        with self._lock:
            self._gate.link_down(cause or 'connection closed', steady_now())
            self._act()

    def event(self, event: Event) -> bool:
        """Take what the room says; True where it has to be asked what it remembers."""
        with self._lock:
            now = steady_now()
            match event:
                case JointUpdate():
                    return self._update(event, now)
                case Presence(has_producer, round_trip_s):
                    self._gate.heard(now, has_producer=has_producer, round_trip_s=round_trip_s)
                    self._act()
                case Late(waiting_s):
                    self._gate.late(waiting_s, now)
                    self._act()
                case StateSync(joints):
                    self._act(self._gate.remember(self._remembered(joints), now))
                case Malformed(reason, detail):
                    return self._spoil(reason, detail)
                case ErrorReply(message):
                    self._logger.warning(f'the server says: {message}', throttle='server')
        return False

    def refreshed(self, joints: dict[str, float]) -> None:
        """Take what the room remembers, for what a dropped frame may have said."""
        with self._lock:
            self._gate.refresh(self._remembered(joints))
            self._act()

    # ----- inside, under the lock

    def _note_unusable(self, unusable: Unusable) -> None:
        self.dropped[unusable.reason] += 1
        self._logger.warning(f'dropped: {unusable.text}', throttle='dropped')

    def _update(self, update: JointUpdate, now: float) -> bool:
        values = update.values
        if update.odd:
            spoilt = self._look_at_odd(update.odd)
            if spoilt is not None:
                return self._spoil(spoilt.reason, spoilt.detail)
        self._note_unknown(values)
        if self._joint_map.unknown_range:
            self.dropped['range'] += 1
            return False
        try:
            positions = self._joint_map.from_arena(values)
        except ConversionError as exc:
            self._refuse(values)
            return self._spoil(exc.reason, str(exc))
        if self._refused:
            self._refused = {n: r for n, r in self._refused.items() if n not in values}
        if self._joint_map.locked:
            self._refuse_locked(values)
        self._look_for_listeners(now)
        self._look_for_rivals(now)
        source = update.source
        self._act(self._gate.update(positions, now, from_producer=source != 'api', source=source))
        return False

    def _look_at_odd(self, joints: Sequence[OddJoint]) -> OddJoint | None:
        """Return a joint of ours that spoils its update; name those that concern nobody here."""
        for joint in joints:
            if joint.name is not None and not self._joint_map.unknown([joint.name]):
                return joint
        named = {str(joint.name): joint.detail for joint in joints}
        new = {name: detail for name, detail in named.items() if name not in self.odd}
        if new and len(self.odd) < 100:
            self.odd = {**self.odd, **new}  # Another one: diagnostics may be reading the old.
            self._logger.warning(f'left out of what the room says: {shown(new)}')
        return None

    def _spoil(self, reason: str, detail: str) -> bool:
        self.dropped[reason] += 1
        self._gate.spoil()
        self._logger.warning(f'dropped a frame: {detail}', throttle='frame')
        return True

    def _refuse(self, values: Mapping[str, float]) -> None:
        """Keep the values for which a frame was dropped, to be told to the room."""
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

    def _remembered(self, joints: Mapping[str, float]) -> dict[str, float]:
        """Convert joint by joint: here one bad value says nothing about the others."""
        positions: dict[str, float] = {}
        for name, value in joints.items():
            try:
                positions.update(self._joint_map.from_arena({name: value}))
            except ConversionError as exc:
                self.dropped[exc.reason] += 1
        return positions

    def _note_unknown(self, values: Mapping[str, float]) -> None:
        new = set(self._joint_map.unknown(values)) - self.unknown
        if new and len(self.unknown) < 100:
            self.unknown = self.unknown | new  # Another one: diagnostics may be reading the old.
            self._logger.warning(
                f'the room has joints that are not among the joints: {", ".join(sorted(new))}'
            )

    def _look_for_listeners(self, now: float) -> None:
        """Notice a new listener before it is told anything, where nobody measures the robot."""
        if not self._gate.is_fed and self.topic.has_new_listener():
            self._gate.look_again(now)

    def _look_for_rivals(self, now: float) -> None:
        """Notice other nodes that command the robot before a motion begins."""
        if self._gate.state in (State.WAITING, State.HOLDING) and self._gate.is_enabled:
            self._gate.rivals(self.topic.others.look(now), now)

    def _act(self, command: Command | None = None) -> None:
        """Publish what the gate decided, log what it became, and wake or rest the timer."""
        if command is not None:
            self.topic.publish(self._joint_map.names, command.positions)
        stall = self._gate.take_stall()
        if stall is not None:
            self._on_stall(stall)
        changes = self._gate.take_transitions()
        for change in changes:
            self._tell_change(change, steady_now())
        if changes:
            self._on_change()
        self._wake_or_rest()

    def _tell_change(self, change: Transition, now: float) -> None:
        text = f'gate: {change.before.value} -> {change.after.value}: {change.cause}'
        if change.before is not State.ACTIVE:
            self._logger.info(text)
        else:
            self._logger.warning(text)
            self._watch.begin(now)
            self._watch.told(change.cause, now)
        if change.after is State.ACTIVE:
            self._log(self._watch.flows(now))

    def _tell_cause(self, now: float) -> None:
        """Log what keeps the robot still; a stop is logged by the emergency stop."""
        state, cause = self._gate.state, self._gate.cause
        if state in (State.ACTIVE, State.STOPPED):
            self._watch.begin(now)
        else:
            self._log(self._watch.blocks(cause, now, is_fault=cause not in NORMAL_CAUSES))

    def _log(self, line: Line | None) -> None:
        if line is not None:
            log = self._logger.warning if line.is_fault else self._logger.info
            log(line.text)

    def _wake_or_rest(self) -> None:
        """Let the timer run while there is motion; a reset on each input would starve it."""
        if self._ramp is None or self._gate.is_moving is self._is_ramping:
            return
        self._is_ramping = not self._is_ramping
        if self._is_ramping:
            self._ramp.reset()
        else:
            self._ramp.cancel()
