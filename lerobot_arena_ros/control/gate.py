# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""
The command gate: the only place that decides whether a value moves the robot, and how far.

Rules of this file:

- The gate is pure. ``now`` is an argument, in seconds of the steady clock. Methods return what the
  caller has to publish: a :class:`Command` or None.
- Only :meth:`Gate.update` and :meth:`Gate.tick` return commands, and only in ``ACTIVE`` or while
  a motion brakes. A motion brakes after the link, the producer, its control or the updates were
  lost, while a new source does not match, or after a stop with ``on_stop`` = ``brake``. Otherwise
  no command leaves, and each controller holds the last command.
- Only a live update starts ``ACTIVE``. A joint starts from its last command if the joint is still
  near it, and from its measured position otherwise.
- :mod:`.motion` applies the limits of velocity, acceleration and lead.
- Ages are absolute differences: after a large backward clock jump, nothing counts as recent.

=========== ================================================ ======================================
state       meaning                                          ends when
=========== ================================================ ======================================
``WAITING`` a condition is unmet, or no live update came yet all are met and a live update arrives
``ACTIVE``  commands flow                                    a condition is no longer met; a stop
``HOLDING`` a condition was lost; the controller holds       all are met and a live update arrives
``STOPPED`` emergency stop                                   :meth:`Gate.reset`, to ``WAITING``
=========== ================================================ ======================================
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
import math

from .camera_watch import CameraWatch
from .causes import INACTIVE, LIVE, NO_JOINTS, NO_UPDATE, paused
from .clutch import Clutch
from .control_watch import ControlWatch
from .gate_output import Command, State, Transition
from .gate_settings import GateJoint, GateSettings, Halt
from .link_watch import LinkWatch
from .measurements import Measurements
from .motion import Motion, reach
from .pauses import PauseWatch
from .slew import clamp
from .stamps import Unusable

__all__ = ['Command', 'Gate', 'State', 'Transition']

RETREAT_S = 1.0
"""How long a joint may take to return inside its leash after the motion has braked for a hold."""

NEAR = 1.5
"""
How near to its last command a joint counts as not moved by anything else, in leash lengths.

It is more than one, because a joint with the largest allowed lead is at the end of its leash, and
its measurement has noise.
"""


class Gate:
    """
    The state machine. It is not thread-safe: the owner holds a lock around each call.

    The gate begins without joints; :meth:`set_joints` sets them.

    :param settings: the user's settings.
    :param now: the present time.
    :param stopped: why the gate begins ``STOPPED``; None if no stop is latched.
    :ivar clamped: how many values were outside a joint's limits so far and were clamped.
    """

    def __init__(self, settings: GateSettings, now: float, *, stopped: str | None = None) -> None:
        self._joints: tuple[GateJoint, ...] = ()
        self._unready: str | None = NO_JOINTS
        self._settings = settings
        self._reviewed_at = now
        self._state = State.WAITING if stopped is None else State.STOPPED
        self._cause = stopped or INACTIVE
        self._transitions: list[Transition] = []
        self.clamped = 0

        self._enabled = False
        self._conflict: str | None = None
        self._link = LinkWatch(settings, now)
        self._control = ControlWatch()
        self._clutch = Clutch(settings.on_handover)
        self._graph = PauseWatch(settings.pause_s, now)
        self._measured = Measurements(settings.max_feedback_age_s)
        self._cameras = CameraWatch(settings.require_cameras, settings.max_picture_age_s)

        self._initial: dict[str, float] = {}
        self._live: dict[str, float] = {}
        self._stale: set[str] = set()

        self._motion = Motion(settings.ramp_period_s, now)
        self._goals: dict[str, float] | None = None  # None: must be computed again.
        self._source: str | None = None
        self._is_rest = False  # Whether the source is REST.
        self._has_source = False
        self._is_braking = False
        self._brakes_until = now
        self._is_commanding = False  # Whether a command was sent since the activation.
        self._stall: str | None = None

    @property
    def state(self) -> State:
        """The current state."""
        return self._state

    @property
    def cause(self) -> str:
        """Why the gate is in its state, as a text for the user."""
        return self._cause

    @property
    def is_enabled(self) -> bool:
        """Whether the user has enabled the commands."""
        return self._enabled

    @property
    def is_moving(self) -> bool:
        """Whether a motion is in progress that :meth:`tick` has to continue."""
        return self._is_braking or self._state is State.ACTIVE and not self._is_done

    @property
    def limited(self) -> int:
        """How many commands so far were reduced by a limit."""
        return self._motion.limited

    @property
    def commanded(self) -> Mapping[str, float]:
        """The last command of each joint, in radians or metres; empty before the first command."""
        return self._motion.setpoint.copy()

    def measured(self, now: float) -> dict[str, float]:
        """Return the measured positions that are not older than ``max_feedback_age_s``."""
        poses = ((joint.name, self._measured.fresh(joint.name, now)) for joint in self._joints)
        return {name: pose for name, pose in poses if pose is not None}

    def take_stall(self) -> str | None:
        """Return the cause of a stop by the gate itself, and clear it; None if there is none."""
        taken, self._stall = self._stall, None
        return taken

    def take_transitions(self) -> list[Transition]:
        """Return the state changes since the last call."""
        taken, self._transitions = self._transitions, []
        return taken

    # ----- events

    def enable(self, now: float) -> None:
        """Enable commands. Targets that were received before do not move the robot."""
        if not self._enabled:
            # Another node may have moved the arm in the meantime.
            self._discard_targets()
            self._is_commanding = False
            self._measured.accept_next()
        self._enabled = True
        self._review(now)

    def disable(self, now: float) -> None:
        """Disable commands, and end the current motion."""
        self._enabled = False
        self._end_motion()
        if self._state is State.HOLDING:
            self._move_to(State.WAITING, INACTIVE)
        self._review(now)

    def set_joints(
        self, joints: Sequence[GateJoint], now: float, *, unready: str | None = None
    ) -> None:
        """
        Replace the joints, in command order. Discard live targets if names or limits changed.

        With new limits, the arm would move without an update: a target that was outside the old
        limits may be inside the new ones. With a unit relative to the range, the same value also
        means another position.

        :param unready: which information about the joints is missing; nothing moves until then.
        """
        if unready is not None or not joints:
            unready = unready or NO_JOINTS
        self._unready = unready
        changed = [j.reach for j in joints] != [j.reach for j in self._joints]
        self._joints = tuple(joints)
        self._measured.set_joints(joints)
        self._goals = None
        if changed:
            self._discard_targets()
            self._end_motion()
        if changed and self._state is State.ACTIVE:
            self._move_to(State.WAITING, 'the joints changed')
        self._review(now)

    def on_other_publishers(self, cause: str | None, now: float) -> None:
        """Record why other nodes forbid commanding the robot; None if they do not."""
        self._conflict = cause
        self._review(now)

    def link_up(self, now: float) -> None:
        """Record that the room was joined, and discard the live targets of the last session."""
        self._link.join(now)
        self._control.join()
        self._has_source = self._is_rest = False
        self._initial.clear()
        if self._state is State.ACTIVE:
            self._hold('the room was joined again', now)
        self._discard_targets()
        self._review(now)

    def link_down(self, cause: str, now: float) -> None:
        """Record that the room is not connected, and why."""
        self._link.fault = cause or 'connection closed'
        self._review(now)

    def on_server_message(
        self,
        now: float,
        *,
        has_producer: bool | None = None,
        round_trip_s: float | None = None,
    ) -> None:
        """
        Record that a message of the server arrived.

        :param has_producer: whether the room has a producer; None = unknown.
        :param round_trip_s: the measured round-trip time; None if the message is no reply.
        """
        self._review(now)  # First, so that a timeout that already expired takes effect.
        self._link.on_message(now, has_producer=has_producer, round_trip_s=round_trip_s)
        self._review(now)
        if has_producer is False and self._state is not State.ACTIVE:
            # Targets of this producer must not move joints for the next one.
            self._discard_targets()

    def on_control(
        self, holder: str | None, now: float, *, number: int, has_drivers: bool = True
    ) -> None:
        """
        Record who has control of the room. A new holder is a new source of updates.

        It may be one already: updates can overtake this message.

        :param holder: None: nobody; then no participant moves the robot.
        :param number: how many times control has changed.
        :param has_drivers: whether the room has participants that may have control.
        """
        self._review(now)  # First, so that a timeout that already expired takes effect.
        is_again = holder == self._control.holder
        is_new = self._control.note(holder, number, has_drivers=has_drivers)
        self._link.note_producer(holder is not None)
        is_source = self._has_source and holder == self._source and not is_again
        if is_new and holder is not None and not is_source:
            self._change_source(holder, now, is_rest=False)
        self._block(now)

    def release(self, now: float) -> None:
        """Hold because a person at the robot releases control, until somebody gets it again."""
        self._review(now)
        self._control.release()
        self._block(now)

    def on_release_answered(self, now: float) -> None:
        """Record that the room has answered the request to release control."""
        self._control.on_release_answered()
        self._review(now)

    def _block(self, now: float) -> None:
        """Leave ``ACTIVE`` if nobody may move the robot; then the targets do not count either."""
        self._review(now)
        if self._control_obstacle() is not None and self._state is not State.ACTIVE:
            self._discard_targets()

    def on_overdue_reply(self, waiting_s: float, now: float) -> None:
        """Record for how long a reply of the server has been overdue."""
        self._link.on_overdue_reply(waiting_s)
        self._review(now)

    def on_ros_callback(self, now: float, *, messages: int = 0) -> None:
        """
        Record that the thread of the ROS callbacks runs, which receives stops from the ROS graph.

        Call it before the data of a callback is passed on, so that the pause is detected first.

        :param messages: how many messages the callback handles.
        """
        self._graph.seen(now, messages=messages)

    @property
    def watches_closely(self) -> bool:
        """Whether :meth:`on_ros_callback` has to be called more often than every 0.25 s."""
        return self._graph.is_strict

    def note_publishers(
        self, names: Sequence[str], now: float, *, silent_topic: str | None = None
    ) -> None:
        """
        Record which nodes publish measured positions, because the causes name them.

        :param names: the node names, if there are several.
        :param silent_topic: the topic if it has no publisher; None otherwise.
        """
        self._measured.note_publishers(names, silent_topic=silent_topic)
        self._review(now)

    def measure(
        self,
        positions: Mapping[str, float],
        now: float,
        *,
        age_s: float = 0.0,
        stamp_s: float | None = None,
    ) -> Unusable | None:
        """
        Record measured positions; return why some were rejected, None if all were accepted.

        :param positions: by joint name; joints may be missing.
        :param age_s: their age by the clock of this node; negative: ahead of the clock.
        :param stamp_s: their stamp by the clock of the publisher; None without a stamp.
        """
        self._review(now)  # First, so that a gap that was too long takes effect.
        unusable = self._measured.take(positions, now, age_s=age_s, stamp_s=stamp_s)
        self._review(now)
        return unusable

    def refuse_measurement(self, unusable: Unusable, now: float) -> None:
        """Record that a message with measured positions was rejected, and why."""
        self._measured.refuse(unusable, now)
        self._review(now)

    def note_picture(self, camera: str, now: float, *, age_s: float) -> None:
        """
        Record that a viewer of a camera got a new picture.

        :param age_s: its age by the clock of this node.
        """
        self._review(now)  # First, so that a picture that was too old takes effect.
        self._cameras.note(camera, now, age_s=age_s)
        self._review(now)

    def note_camera_nodes(self, camera: str, count: int, names: Sequence[str], now: float) -> None:
        """
        Record how many nodes report pictures of a camera.

        :param names: their names, if there are several.
        """
        self._cameras.note_nodes(camera, count, names)
        self._review(now)

    def stop(self, cause: str) -> None:
        """Enter ``STOPPED`` from any state, until :meth:`reset`."""
        if self._state is not State.STOPPED:
            self._move_to(State.STOPPED, cause)
        self._slow_down(self._settings.on_stop is Halt.BRAKE)

    def reset(self, now: float) -> None:
        """Leave ``STOPPED``. A joint moves only after a new live update for it."""
        if self._state is State.STOPPED:
            self._discard_targets()
            self._move_to(State.WAITING, 'reset')
        self._review(now)

    # ----- values from the room

    def on_state_sync(self, positions: Mapping[str, float], now: float) -> None:
        """Handle the state that the room sends at a join. It starts no motion."""
        if self._settings.align_to_room and not self._settings.require_feedback:
            self._initial = _finite(positions)
        self._review(now)

    def update(
        self,
        positions: Mapping[str, float],
        now: float,
        *,
        from_producer: bool = True,
        source: str | None = None,
    ) -> Command | None:
        """
        Handle live positions by joint name; drop all of them if one is not finite.

        :param from_producer: False for updates over REST, which do not prove that the room has a
            producer.
        :param source: the id of the sender; None if it is not known. After a change of the source
            joints start slowly, and only joints that the new source has sent move.
        """
        has_left = self._review(now)  # First, so that a timeout that already expired takes effect.
        if len(_finite(positions)) < len(positions):
            self.mark_stale()
            return None
        if from_producer:
            self._link.note_producer()
        if not self._has_source or source != self._source:
            self._change_source(source, now, is_rest=not from_producer)
            has_left |= self._review(now)
        return self._take(positions, now, has_left=has_left)

    def _take(
        self, positions: Mapping[str, float], now: float, *, has_left: bool
    ) -> Command | None:
        """
        Follow finite positions.

        :param has_left: whether the gate has just left ``ACTIVE``; then no command is returned.
        """
        is_ours = any(joint.name in positions for joint in self._joints)
        self._link.update(now, is_ours=is_ours)
        self.clamped += sum(not joint.allows(positions.get(joint.name)) for joint in self._joints)
        arrived = positions.keys() - self._live.keys()
        self._live.update(positions)
        self._goals = None
        self._stale.difference_update(positions)
        unmatched = self._unmatched(now)
        if unmatched is not None:
            self._clutch.open()
        if has_left or self._state is State.STOPPED:
            return None
        if self._state is State.ACTIVE:
            if unmatched is not None:
                self._hold(unmatched, now)
                return None
            self._clutch.close(self._live)
            self._motion.begin_slowly(arrived, now)
            return self._advance(now)
        if not is_ours or self._obstacle(now) is not None:
            self._review(now)
            return None
        return self._activate(now)

    def mark_stale(self) -> None:
        """Mark the live targets as stale, because a frame was dropped."""
        self._stale.update(self._live)

    def refresh(self, positions: Mapping[str, float]) -> None:
        """Take the state of the room for joints that are still stale after :meth:`mark_stale`."""
        self._live.update({n: p for n, p in _finite(positions).items() if n in self._stale})
        self._stale.clear()
        self._goals = None

    def tick(self, now: float) -> Command | None:
        """Check the timeouts, and continue a motion that is in progress."""
        self._review(now)
        if self._is_braking:
            return self._brake(now)
        return self._advance(now) if self.is_moving else None

    def _discard_targets(self) -> None:
        """Discard the live targets. Not while ``ACTIVE``, or the joints would move back."""
        self._clutch.open()
        self._live.clear()
        self._stale.clear()
        self._goals = None

    def _change_source(self, source: str | None, now: float, *, is_rest: bool) -> None:
        """Record a new source of updates. Discard the targets of the one before."""
        is_other = self._has_source
        self._source, self._is_rest = source, is_rest
        self._has_source = True
        if not is_other:
            return
        self._discard_targets()
        if self._state is State.ACTIVE:
            self._motion.settle(self._joints)
            self._motion.begin_slowly(self._motion.setpoint, now)

    # ----- decisions

    def _review(self, now: float) -> bool:
        """Leave ``ACTIVE`` if commands may not flow; return whether this call has left it."""
        self._reviewed_at = now
        if self._is_braking and self._brake_obstacle(now) is not None:
            self._end_motion()
        if self._state is State.STOPPED:
            return False
        obstacle = self._obstacle(now)
        if self._state is State.ACTIVE and obstacle is not None:
            self._hold(obstacle, now)
            return True
        if self._state is not State.ACTIVE:
            self._cause = obstacle or NO_UPDATE
        return False

    def _hold(self, cause: str, now: float) -> None:
        """Leave ``ACTIVE``; brake if the measured positions are still reliable."""
        may_brake = self._settings.on_hold is Halt.BRAKE and self._brake_obstacle(now) is None
        self._move_to(State.HOLDING if self._enabled else State.WAITING, cause)
        self._slow_down(may_brake)

    def _slow_down(self, may_brake: bool) -> None:
        """End the motion: brake if it is allowed and a joint moves, otherwise end at once."""
        self._is_braking = may_brake and not self._motion.is_at_rest
        if self._is_braking:
            braking_s = self._motion.settle(self._joints)
            self._brakes_until = self._reviewed_at + RETREAT_S + braking_s
        else:
            self._end_motion()

    def _end_motion(self) -> None:
        """End the motion at once; the controllers hold the last command."""
        self._is_braking = False
        self._motion.freeze()

    def _obstacle(self, now: float) -> str | None:
        """Return why commands may not flow, the root cause first; None if they may."""
        if not self._enabled:
            return INACTIVE
        return (
            self._conflict
            or self._unready
            or self._link.fault
            or self._pause_obstacle(now)
            or self._link.obstacle(now)
            or self._control_obstacle()
            or self._link.absence(now)
            or self._cameras.obstacle(now)
            or self._measured.implausible(now)
            or self._feedback_obstacle(now)
            or self._position_obstacle(now)
            or self._unmatched(now)
        )

    def _brake_obstacle(self, now: float) -> str | None:
        """
        Return why not even braking commands may be sent; None if they may.

        The robot may be at another position, or another node may command it.
        """
        if not self._enabled:
            return INACTIVE
        return (
            self._conflict
            or self._unready
            or self._pause_obstacle(now)
            or self._measured.implausible(now)
            or self._feedback_obstacle(now)
        )

    def _control_obstacle(self) -> str | None:
        """Return why nobody may move the robot; None if somebody may."""
        is_rest = self._is_rest or not self._has_source
        return self._control.obstacle(
            may_be_nobody=is_rest and not self._settings.require_producer
        )

    def _unmatched(self, now: float) -> str | None:
        """Return which joint the present source has to bring nearer; None if it may move all."""
        return self._clutch.obstacle(
            self._joints, self._live, lambda joint: self._beginning(joint, now)
        )

    def _pause_obstacle(self, now: float) -> str | None:
        """Return which pause of the ROS callbacks blocks commands; None without a pause."""
        pausing_s = self._graph.pausing_s(now)
        if pausing_s is not None:
            return paused(pausing_s)
        settle_s = self._settings.settle_s
        paused_s = self._graph.paused_s(now, settle_s)
        if paused_s is None:
            return None
        return (
            f'this process did not run for {paused_s:.1f} s: waiting {settle_s:g} s for stops'
            ' that were published meanwhile'
        )

    def _feedback_obstacle(self, now: float) -> str | None:
        return self._measured.missing(now) if self._settings.require_feedback else None

    def _position_obstacle(self, now: float) -> str | None:
        """Return a text with the joints that have no position to begin at; None without any."""
        if self._state is State.ACTIVE:
            return None  # Each joint has its last command.
        unplaced = [j.name for j in self._joints if self._beginning(j, now) is None]
        if not unplaced:
            return None
        names = ', '.join(unplaced)
        return f'position of {names} is unknown: neither measured nor sent; start its driver'

    # ----- motion

    def _activate(self, now: float) -> Command:
        if self._is_braking:
            self._brake(now)
        beginnings = {joint.name: self._beginning(joint, now) for joint in self._joints}
        self._motion.begin({name: p for name, p in beginnings.items() if p is not None}, now)
        self._motion.settle(self._joints)
        self._goals = None
        self._clutch.close(self._live)
        self._is_braking = False
        self._is_commanding = True
        self._move_to(State.ACTIVE, LIVE)
        return self._frame()

    def _beginning(self, joint: GateJoint, now: float) -> float | None:
        """
        Return the first command of a joint; None if no position is known.

        The first of these that exists is used:

        1. The last command, if the joint is near it by a fresh measurement. A joint that carries
           a load or grips an object is never exactly at its command.
        2. A fresh measurement.
        3. The later one of the last measurement and the last command, which the controller holds.
        4. The target of the joint.
        """
        name = joint.name
        commanded = self._motion.setpoint.get(name)
        pose = self._measured.fresh(name, now)
        if pose is not None:
            if commanded is None or not self._is_commanding:
                return pose
            if self._is_braking:
                return commanded
            is_near = joint.allows(commanded) and self._is_near(joint, commanded, pose)
            return commanded if is_near else pose
        measured, measured_at = self._measured.last(name)
        if measured_at <= self._motion.stepped_at and commanded is not None:
            return commanded
        if measured is not None:
            return measured
        wanted = self._live.get(name, self._initial.get(name))
        return None if wanted is None else clamp(wanted, joint.lower, joint.upper)

    def _is_near(self, joint: GateJoint, commanded: float, pose: float) -> bool:
        # A joint that moves away from its command is moved by something else, so its velocity
        # adds nothing to the leash.
        towards = math.copysign(1.0, commanded - pose)
        lead = reach(joint, max(0.0, towards * self._measured.velocity(joint.name)))
        return lead < math.inf and abs(commanded - pose) <= NEAR * lead

    def _goal(self) -> dict[str, float]:
        """Return the goal of each joint: its origin until a live update of the joint arrived."""
        if self._goals is None:
            self._goals = {
                joint.name: self._target(joint, self._live[joint.name])
                if joint.name in self._live
                else self._motion.origin[joint.name]
                for joint in self._joints
            }
        return self._goals

    def _target(self, joint: GateJoint, wanted: float) -> float:
        """Return the nearest position within the limits that is equivalent to the wanted one."""
        if joint.is_continuous:
            at = self._motion.setpoint[joint.name]
            return at + math.remainder(wanted - at, math.tau)
        return clamp(wanted, joint.lower, joint.upper)

    @property
    def _is_done(self) -> bool:
        return self._motion.is_done(self._joints, self._goal(), self._measured, self._reviewed_at)

    def _advance(self, now: float) -> Command | None:
        stalled = self._motion.advance(self._joints, self._goal(), self._measured, now)
        if stalled is not None:
            self._stall = f'{stalled} does not follow its commands: free it, then reset'
            self.stop(self._stall)
            return None
        return self._frame()

    def _brake(self, now: float) -> Command | None:
        """Continue to brake. In a hold, a joint also returns to the end of its leash."""
        if self._motion.has_rested(now):
            self._end_motion()
            return None
        is_stopped = self._state is State.STOPPED
        if is_stopped:
            self._motion.brake(self._joints, now)
        else:
            self._motion.advance(self._joints, self._motion.origin, self._measured, now)
        # The end of a leash moves with the noise of the measurements.
        is_late = not is_stopped and now > self._brakes_until
        if is_late or self._motion.is_at_rest:
            self._end_motion()
        return self._frame()

    def _frame(self) -> Command:
        return Command(tuple(self._motion.setpoint[joint.name] for joint in self._joints))

    def _move_to(self, state: State, cause: str) -> None:
        self._transitions.append(Transition(self._state, state, cause))
        self._state, self._cause = state, cause


def _finite(positions: Mapping[str, float]) -> dict[str, float]:
    """Return only the finite positions, because a joint would move towards NaN for ever."""
    return {name: position for name, position in positions.items() if math.isfinite(position)}
