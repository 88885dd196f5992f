"""
The command gate: the one place that decides whether a value moves the robot, and how far.

Rules of this file:

- It is pure. ``now`` is an argument, in seconds of the steady clock; what should be published
  comes back as a return value, a :class:`Command` or None.
- A command leaves only as the answer to an update or a tick, and only in ``ACTIVE`` or while a
  motion brakes: after its link, its producer or its updates were lost, or after a stop with
  ``on_stop`` = ``brake``. Otherwise nothing leaves, and each controller stays at the last command.
- ``ACTIVE`` begins only in answer to a live update: at the last command where the joint is still
  near it, and at the measured position otherwise.
- Limits of velocity, acceleration and lead are those of :mod:`.motion`.
- A time in the future counts like one equally far in the past. So nothing counts as recent after
  the clock went back by much.

=========== =================================================== ==================================
state       why                                                 leaves when
=========== =================================================== ==================================
``WAITING`` something is missing, or no live update came yet    nothing is, and a live update comes
``ACTIVE``  commands flow                                       something goes missing; a stop
``HOLDING`` something went missing; the controller holds        nothing is, and a live update comes
``STOPPED`` emergency stop                                      :meth:`Gate.reset`, to ``WAITING``
=========== =================================================== ==================================
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
import math

from .causes import INACTIVE, LIVE, LOOKING_FOR_FEEDBACK, NO_JOINTS, NO_UPDATE, paused
from .gate_output import Command, State, Transition
from .gate_settings import Feedback, GateJoint, GateSettings, Halt, StateSyncUse
from .link_watch import LinkWatch
from .measurements import Measurements
from .motion import Motion, reach
from .pauses import PauseWatch
from .slew import clamp
from .stamps import Unusable

__all__ = ['Command', 'Gate', 'State', 'Transition']

RETREAT_S = 1.0
"""How long a joint may take to come back to its leash after a held motion has braked."""

NEAR = 1.5
"""
In leashes: an arm this near to its last command has not been moved by anything else.

More than one, because a joint that is led as far as it may be is at the end of its leash, and its
measurement has noise.
"""


class Gate:
    """
    The state machine. Not thread-safe: its owner holds a lock around each call.

    It begins without joints; :meth:`set_joints` gives them.

    :param settings: the user's decisions.
    :param now: the present time.
    :param stopped: why it begins ``STOPPED``; None where no stop is latched.
    :ivar clamped: values so far that lay beyond a joint's limit and were brought inside.
    """

    def __init__(self, settings: GateSettings, now: float, *, stopped: str | None = None) -> None:
        self._joints: tuple[GateJoint, ...] = ()
        self._unready: str | None = NO_JOINTS
        self._settings = settings
        self._looking = (now, settings.discovery_s)
        self._reviewed_at = now
        self._state = State.WAITING if stopped is None else State.STOPPED
        self._cause = stopped or INACTIVE
        self._transitions: list[Transition] = []
        self.clamped = 0

        self._enabled = False
        self._rivals: str | None = None
        self._link = LinkWatch(settings, now)
        self._graph = PauseWatch(settings.pause_s, now)
        self._feedback_expected = False
        self._measured = Measurements(settings.max_feedback_age_s)

        self._remembered: dict[str, float] = {}
        self._live: dict[str, float] = {}
        self._stale: set[str] = set()

        self._motion = Motion(settings.ramp_period_s, now)
        self._goals: dict[str, float] | None = None  # None where they have to be found anew.
        self._source: str | None = None
        self._has_source = False
        self._placed = False  # Whether motion began at measured positions.
        self._is_braking = False
        self._brakes_until = now
        self._is_commanding = False  # Whether the last command was sent since the activation.
        self._stall: str | None = None

    @property
    def state(self) -> State:
        """The present state."""
        return self._state

    @property
    def cause(self) -> str:
        """Why the gate is in its state, as a person would say it."""
        return self._cause

    @property
    def is_enabled(self) -> bool:
        """Whether commands may flow as far as the user is concerned."""
        return self._enabled

    @property
    def is_moving(self) -> bool:
        """Whether a motion is under way that :meth:`tick` has to continue."""
        return self._is_braking or self._state is State.ACTIVE and not self._is_done

    @property
    def limited(self) -> int:
        """Commands so far in which a limit held a joint back."""
        return self._motion.limited

    @property
    def is_fed(self) -> bool:
        """Whether measured positions are required."""
        if self._settings.feedback is Feedback.AUTO:
            return self._feedback_expected or bool(self._measured)
        return self._settings.feedback is Feedback.ALWAYS

    @property
    def commanded(self) -> Mapping[str, float]:
        """The last command of each joint, in radians or metres; empty before the first."""
        return self._motion.setpoint.copy()

    def measured(self, now: float) -> dict[str, float]:
        """Return the measured position of each joint that was measured lately."""
        poses = ((joint.name, self._measured.fresh(joint.name, now)) for joint in self._joints)
        return {name: pose for name, pose in poses if pose is not None}

    def take_stall(self) -> str | None:
        """Give the cause of a stop that the gate has made by itself; once, None without any."""
        taken, self._stall = self._stall, None
        return taken

    def take_transitions(self) -> list[Transition]:
        """Give the changes of state since the last call."""
        taken, self._transitions = self._transitions, []
        return taken

    # ----- what happens around the gate

    def enable(self, now: float) -> None:
        """Let commands flow as soon as all else allows it; what was sent before moves nothing."""
        if not self._enabled:
            # Meanwhile another node may have led the arm elsewhere.
            self._forget()
            self._is_commanding = False
            self._measured.forgive()
        self._enabled = True
        self._review(now)

    def disable(self, now: float) -> None:
        """Let nothing flow, whatever comes."""
        self._enabled = False
        self._end_motion()
        if self._state is State.HOLDING:
            self._move_to(State.WAITING, INACTIVE)
        self._review(now)

    def set_joints(
        self, joints: Sequence[GateJoint], now: float, *, unready: str | None = None
    ) -> None:
        """
        Replace the joints, in command order; a change of names or limits starts anew.

        With other limits the arm would move by itself, to what was out of reach or is now; and
        where values count by the range, those that were live meant another place.

        :param unready: what is still to be known of them before anything may move.
        """
        if unready is not None or not joints:
            unready = unready or NO_JOINTS
        self._unready = unready
        changed = [j.reach for j in joints] != [j.reach for j in self._joints]
        self._joints = tuple(joints)
        self._measured.set_joints(joints)
        self._goals = None
        if changed:
            self._forget()
            self._end_motion()
        if changed and self._state is State.ACTIVE:
            self._move_to(State.WAITING, 'the joints changed')
        self._review(now)

    def rivals(self, cause: str | None, now: float) -> None:
        """Note why the robot must not be commanded because of other nodes; None = it may be."""
        self._rivals = cause
        self._review(now)

    def link_up(self, now: float) -> None:
        """Note a new join: what was live in the last one is not any more."""
        self._link.join(now)
        self._has_source = False
        self._remembered.clear()
        if self._state is State.ACTIVE:
            self._hold('joined anew', now)
        self._forget()
        self._review(now)

    def link_down(self, cause: str, now: float) -> None:
        """Note that the room cannot be heard."""
        self._link.fault = cause or 'connection closed'
        self._review(now)

    def heard(
        self,
        now: float,
        *,
        has_producer: bool | None = None,
        round_trip_s: float | None = None,
    ) -> None:
        """
        Note a sign of life.

        :param has_producer: None says nothing of the producer.
        :param round_trip_s: how long the answer took; None where nothing was asked.
        """
        self._review(now)  # Before the silence that it ends is forgotten.
        self._link.hear(now, has_producer=has_producer, round_trip_s=round_trip_s)
        self._review(now)
        if has_producer is False and self._state is not State.ACTIVE:
            self._forget()  # The next producer is asked for nothing that this one wanted.

    def late(self, waiting_s: float, now: float) -> None:
        """Note that an answer of the server has been missing for so long."""
        self._link.wait(waiting_s)
        self._review(now)

    def graph_seen(self, now: float, *, messages: int = 0) -> None:
        """
        Note that the thread runs that receives a stop from the ROS graph.

        Call it before what that thread brings, which then meets the pause.

        :param messages: how many messages it brings.
        """
        self._graph.seen(now, messages=messages)

    @property
    def watches_closely(self) -> bool:
        """Whether :meth:`graph_seen` has to be called more often than each 0.25 s."""
        return self._graph.is_strict

    def expect_feedback(
        self, expected: bool, now: float, *, publishers: Sequence[str] = (), topic: str = ''
    ) -> None:
        """
        Note whether anything publishes measured positions.

        :param publishers: names of their nodes, where there are several.
        :param topic: where they are expected, for the cause.
        """
        self._feedback_expected = expected
        silent_topic = None if expected else topic or None
        self._measured.note_publishers(publishers, silent_topic=silent_topic)
        self._review(now)

    def name_publishers(self, names: Sequence[str], now: float) -> None:
        """
        Note who publishes measured positions, because they contradict each other.

        :param names: of their nodes, where there are several.
        """
        self._measured.note_publishers(names, silent_topic=None)
        self._review(now)

    def look_again(self, now: float) -> None:
        """
        Note a new listener to the commands.

        It may be a driver that has yet to say where its robot is: where nobody measures, nothing
        moves until there was time to hear from it.
        """
        since, for_s = self._looking
        if for_s - abs(now - since) < self._settings.listener_s:
            self._looking = (now, self._settings.listener_s)
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
        Note measured positions, and return why some do not count; None if all do.

        :param positions: by joint name; they need not be all.
        :param age_s: how old they are by the clock of this node; negative = ahead of it.
        :param stamp_s: when they were measured by the clock of their publisher, None = they do
            not say.
        """
        self._review(now)  # Before the gap that it ends is forgotten.
        unusable = self._measured.take(positions, now, age_s=age_s, stamp_s=stamp_s)
        self._review(now)
        return unusable

    def refuse_measurement(self, unusable: Unusable, now: float) -> None:
        """Note that a message with measured positions could not be used, and why."""
        self._measured.refuse(unusable, now)
        self._review(now)

    def stop(self, cause: str) -> None:
        """Stop, whatever the state, until :meth:`reset`."""
        if self._state is not State.STOPPED:
            self._move_to(State.STOPPED, cause)
        self._slow_down(self._settings.on_stop is Halt.BRAKE)

    def reset(self, now: float) -> None:
        """Leave ``STOPPED``; no joint moves before it is sent live again."""
        if self._state is State.STOPPED:
            self._forget()
            self._move_to(State.WAITING, 'reset')
        self._review(now)

    # ----- what the room says

    def remember(self, positions: Mapping[str, float], now: float) -> Command | None:
        """Take the pose that the room remembered when we joined."""
        self._remembered = _finite(positions)
        has_left = self._review(now)
        if self._settings.on_state_sync is not StateSyncUse.COMMAND:
            return None
        return self._take(self._remembered, now, has_left=has_left)

    def update(
        self,
        positions: Mapping[str, float],
        now: float,
        *,
        from_producer: bool = True,
        source: str | None = None,
    ) -> Command | None:
        """
        Take positions that were just sent, by joint name; one bad number spoils all.

        :param from_producer: False where they came in over REST, which proves no producer.
        :param source: who sent them; None = not known. A new source is followed slowly, and only
            for joints that it has sent itself.
        """
        has_left = self._review(now)  # Before the silence that it ends is forgotten.
        if len(_finite(positions)) < len(positions):
            self.spoil()
            return None
        if from_producer:
            self._link.find_producer()
        if not self._has_source or source != self._source:
            self._change_source(source, now)
        return self._take(positions, now, has_left=has_left)

    def _take(
        self, positions: Mapping[str, float], now: float, *, has_left: bool
    ) -> Command | None:
        """Follow finite positions, unless the gate has just left ``ACTIVE``."""
        is_ours = any(joint.name in positions for joint in self._joints)
        self._link.update(now, is_ours=is_ours)
        self.clamped += sum(not joint.allows(positions.get(joint.name)) for joint in self._joints)
        arrived = positions.keys() - self._live.keys()
        self._live.update(positions)
        self._goals = None
        self._stale.difference_update(positions)
        if has_left or self._state is State.STOPPED:
            return None
        if self._state is State.ACTIVE:
            self._motion.begin_slowly(arrived, now)
            return self._advance(now)
        if not is_ours or self._obstacle(now) is not None:
            self._review(now)
            return None
        return self._enter(now)

    def spoil(self) -> None:
        """Note that a frame was dropped: what we know of the live joints may be out of date."""
        self._stale.update(self._live)

    def refresh(self, positions: Mapping[str, float]) -> None:
        """Take what the room remembers after :meth:`spoil`, for joints not updated since."""
        self._live.update({n: p for n, p in _finite(positions).items() if n in self._stale})
        self._stale.clear()
        self._goals = None

    def tick(self, now: float) -> Command | None:
        """Look at the clock, and continue a motion that is under way."""
        self._review(now)
        if self._is_braking:
            return self._brake(now)
        return self._advance(now) if self.is_moving else None

    def _forget(self) -> None:
        """Let no joint have been sent anywhere; not while moving, or it would go back."""
        self._live.clear()
        self._stale.clear()
        self._goals = None

    def _change_source(self, source: str | None, now: float) -> None:
        """Note who sends; a new source has not asked for anything yet."""
        is_other = self._has_source
        self._source = source
        self._has_source = True
        if not is_other:
            return
        self._forget()
        if self._state is State.ACTIVE:
            self._motion.settle(self._joints)
            self._motion.begin_slowly(self._motion.setpoint, now)

    # ----- deciding

    def _review(self, now: float) -> bool:
        """Leave ``ACTIVE`` where something is missing; say whether that was so just now."""
        self._reviewed_at = now
        if self._is_braking and self._distrust(now) is not None:
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
        """Leave ``ACTIVE``, braking where the robot can still be trusted."""
        may_brake = self._settings.on_hold is Halt.BRAKE and self._distrust(now) is None
        self._move_to(State.HOLDING if self._enabled else State.WAITING, cause)
        self._slow_down(may_brake)

    def _slow_down(self, may_brake: bool) -> None:
        """End the motion, by braking where that is allowed and something moves."""
        self._is_braking = may_brake and not self._motion.is_at_rest
        if self._is_braking:
            braking_s = self._motion.settle(self._joints)
            self._brakes_until = self._reviewed_at + RETREAT_S + braking_s
        else:
            self._end_motion()

    def _end_motion(self) -> None:
        """Let no command leave any more; the last one holds."""
        self._is_braking = False
        self._motion.freeze()

    def _obstacle(self, now: float) -> str | None:
        """Return what keeps commands from flowing, the root of it first."""
        if not self._enabled:
            return INACTIVE
        return (
            self._rivals
            or self._unready
            or self._link.fault
            or self._pause(now)
            or self._link.lack(now)
            or self._measured.distrust(now)
            or self._feedback_obstacle(now)
            or self._unplaced(now)
        )

    def _distrust(self, now: float) -> str | None:
        """Return why the robot must not even be braked: it may be elsewhere, or is not ours."""
        if not self._enabled:
            return INACTIVE
        return (
            self._rivals
            or self._unready
            or self._pause(now)
            or self._measured.distrust(now)
            or self._feedback_obstacle(now)
        )

    def _pause(self, now: float) -> str | None:
        """Return which pause of the ROS callbacks keeps the robot still."""
        pausing_s = self._graph.pausing_s(now)
        if pausing_s is not None:
            return paused(pausing_s)
        settle_s = self._settings.settle_s
        paused_s = self._graph.paused_s(now, settle_s)
        if paused_s is None:
            return None
        return (
            f'this process stood still for {paused_s:.1f} s: waiting {settle_s:g} s for stops'
            ' that were published meanwhile'
        )

    def _feedback_obstacle(self, now: float) -> str | None:
        settings = self._settings
        if settings.feedback is Feedback.NEVER:
            return None
        if not self.is_fed:
            since, for_s = self._looking
            looking = abs(now - since) < for_s
            return LOOKING_FOR_FEEDBACK if looking else None
        lack = self._measured.lack(now)
        if lack is not None or self._state is not State.ACTIVE:
            return lack
        return None if self._placed else 'joint_states have begun'

    def _unplaced(self, now: float) -> str | None:
        """Name the joints for which no whole frame can be made."""
        if self._state is State.ACTIVE:
            return None  # Each joint has its last command.
        unplaced = [j.name for j in self._joints if self._beginning(j, now) is None]
        if not unplaced:
            return None
        names = ', '.join(unplaced)
        return f'position of {names} is unknown: neither measured nor sent; start its driver'

    def _fallback(self) -> Mapping[str, float]:
        is_blind = self._settings.feedback is Feedback.NEVER
        accepted = is_blind and self._settings.on_state_sync is StateSyncUse.ALIGN
        return self._remembered if accepted else {}

    # ----- moving

    def _enter(self, now: float) -> Command:
        if self._is_braking:
            self._brake(now)
        beginnings = {joint.name: self._beginning(joint, now) for joint in self._joints}
        self._motion.begin({name: p for name, p in beginnings.items() if p is not None}, now)
        self._motion.settle(self._joints)
        self._goals = None
        self._is_braking = False
        self._is_commanding = True
        self._placed = self.is_fed
        self._move_to(State.ACTIVE, LIVE)
        return self._frame()

    def _beginning(self, joint: GateJoint, now: float) -> float | None:
        """
        Return the first command of a joint: where it is, as far as this is known.

        The last command counts while the joint is about within its leash of it, because a joint
        that carries a load or squeezes a thing is never where it is commanded. Otherwise a fresh
        measurement counts; else the later of measurement and last command, which its controller
        still holds; else where it is wanted. None where nothing is known.
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
        wanted = self._live.get(name, self._fallback().get(name))
        return None if wanted is None else clamp(wanted, joint.lower, joint.upper)

    def _is_near(self, joint: GateJoint, commanded: float, pose: float) -> bool:
        # A joint that moves away from its command is moved by something else.
        towards = math.copysign(1.0, commanded - pose)
        lead = reach(joint, max(0.0, towards * self._measured.velocity(joint.name)))
        return lead < math.inf and abs(commanded - pose) <= NEAR * lead

    def _goal(self) -> dict[str, float]:
        """Return where each joint is going: nowhere, until it has arrived live in this join."""
        if self._goals is None:
            self._goals = {
                joint.name: self._target(joint, self._live[joint.name])
                if joint.name in self._live
                else self._motion.origin[joint.name]
                for joint in self._joints
            }
        return self._goals

    def _target(self, joint: GateJoint, wanted: float) -> float:
        """Return the nearest place where a joint is as wanted, within its limits."""
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
        """Slow down. After the loss of a link, a joint comes back to the end of its leash, too."""
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
    """Leave out NaN, towards which a joint would run for ever, and infinity."""
    return {name: position for name, position in positions.items() if math.isfinite(position)}
