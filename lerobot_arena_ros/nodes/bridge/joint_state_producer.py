# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""
The producer: sends measured positions into the room, only the newest of each joint.

What may be sent at once is written by the thread that received it, because waking the event loop
costs as much as all the rest. What has to wait, for the rate or for the socket, is merged and sent
by the event loop.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
import contextlib
import math
import threading
import time

from lerobot_arena_ros.arena.connection import Connection
from lerobot_arena_ros.arena.control_messages import ControlState
from lerobot_arena_ros.arena.errors import TransportError
from lerobot_arena_ros.arena.features import Feature
from lerobot_arena_ros.arena.fields import optional_stamp
from lerobot_arena_ros.arena.messages import ErrorReply, JointUpdate
from lerobot_arena_ros.arena.session import Event, Late, Malformed, Presence
from lerobot_arena_ros.arena.steady_clock import steady_now
from lerobot_arena_ros.control.causes import late
from lerobot_arena_ros.control.condition import Condition, fine
from lerobot_arena_ros.control.joint_map import JointMap
from lerobot_arena_ros.control.send_watch import SendWatch
from lerobot_arena_ros.control.stamps import StampWatch, Unusable, misdated
from lerobot_arena_ros.control.units import ConversionError

from ..runtime.arena_thread import ArenaThread
from ..runtime.condition_log import ConditionLog
from ..runtime.node_log import NodeLog
from ..settings.bridge_settings import ProduceSettings
from .left_out import LeftOut

__all__ = ['JointStateProducer']


class JointStateProducer:
    """
    Send JointStates into the room.

    Each update has all joints, in the configured order, and the first one is sent when all listed
    joints were measured: the server forwards only what changed.

    :param joint_map: names, units and order; :meth:`set_joint_map` replaces it.
    :param max_delay_s: nothing is sent while a round trip to the server takes longer, because a
        follower cannot know how old an update is on arrival.
    :ivar why_without_control: returns why what is sent has no effect; None if it has one.
    :ivar left_out: joints that cannot be sent, while the others are.
    """

    def __init__(
        self,
        settings: ProduceSettings,
        joint_map: JointMap,
        thread: ArenaThread,
        logger: NodeLog,
        *,
        max_delay_s: float = math.inf,
    ) -> None:
        self.dropped: Counter[str] = Counter()
        self.left_out = LeftOut()
        self.why_without_control: Callable[[], str | None] = lambda: None
        self.sent = 0
        self.max_rate_hz = settings.max_rate_hz
        self._settings = settings
        self._joint_map = joint_map
        self._thread = thread
        self._logger = logger
        self._watch = SendWatch(joint_map, has_deadband=settings.deadband > 0.0)
        self._condition_log = ConditionLog(logger, recovered='joint_states are sent again')
        self._advice_log = ConditionLog(logger, recovered='all joints are sent again')
        self._stamps = StampWatch()
        self._latest: dict[str, float] = {}
        self._last_offered: dict[str, float] | None = None
        self._waiting: dict[str, float] = {}
        self._waiting_stamp_ns: int | None = None
        self._sends_stamps = False
        self._filled = asyncio.Event()
        self._connection: Connection | None = None
        self._due_at = 0.0
        self._is_sending = False
        self._is_late = False
        self._max_delay_s = max_delay_s
        self._lock = threading.Lock()  # Guards all from _latest on, because two threads send.

    @property
    def missing(self) -> tuple[str, ...]:
        """Joints that were not measured since the room was joined; any thread."""
        return self._watch.missing

    @property
    def sent_at(self) -> float | None:
        """When an update was sent last, in seconds of the steady clock; None before."""
        return self._watch.sent_at

    # ----- called by the ROS thread

    def set_joint_map(self, joint_map: JointMap) -> None:
        """Use another joint map, for example with limits that were not known before."""
        with self._lock:
            self._joint_map = joint_map
            self._watch.set_joint_map(joint_map)
            self._watch.missing = tuple(n for n in joint_map.names if n not in self._latest)

    def _note_left_out(self) -> None:
        """Put the joints that are left out into the condition; under the lock."""
        if self.left_out or self._watch.left_out:
            self._watch.left_out = self.left_out.joints

    def enable(self, enabled: bool) -> None:
        """Let values through, or block them; earlier measurements are discarded."""
        self._watch.is_enabled = enabled
        self._condition_log.restart(steady_now())
        self._advice_log.restart(steady_now())
        self._discard()

    def put(
        self, positions: Mapping[str, float], age_s: float | None, stamp_ns: int | None = None
    ) -> None:
        """
        Send positions in radians or metres by ROS name.

        :param age_s: how long ago they were measured; None = the message has no stamp.
        :param stamp_ns: when they were measured, in nanoseconds of the clock of their publisher.
            The update is sent with the stamp of the newest message.
        """
        if not self._watch.is_enabled:
            return
        now = steady_now()
        stamp_s = None if stamp_ns is None else stamp_ns * 1e-9
        unusable = self._check_stamp(next(iter(positions)), age_s, stamp_s, now)
        if unusable is not None:
            self.drop(unusable.reason, unusable.text)
            return
        with self._lock:
            finite = self.left_out.measured(positions, self._joint_map.names)
            # One message may have the arm and the next its gripper; an update has all joints.
            merged = {**self._latest, **finite}
            try:
                known = self.left_out.known(merged)
                values = self.left_out.sendable(self._joint_map.to_arena(known))
            except ConversionError as exc:
                self.drop(exc.reason, str(exc))
                return
            self._note_left_out()
            if len(finite) < len(positions) and self.left_out.has_unmeasured:
                self.dropped['nonfinite'] += 1
            self._watch.is_empty = bool(self.left_out) and not values
            self._latest = merged
            self._watch.take(positions, now)
            # The first frame has all joints, because some receivers identify them by position.
            missing = self._watch.missing
            if missing:
                missing = tuple(name for name in missing if name not in merged)
                self._watch.missing = missing
            if self._is_late:
                self.dropped['late_link'] += 1
            elif values and not missing and not self._is_still(merged):
                self._last_offered = merged
                self._watch.offer(now)
                self._offer(values, optional_stamp(stamp_ns))

    def _check_stamp(
        self, key: str, age_s: float | None, stamp_s: float | None, now: float
    ) -> Unusable | None:
        """Return why a message is unusable because of its stamp; None if it is usable."""
        oldest_s = self._settings.max_input_age_s
        if not oldest_s or age_s is None:
            return None
        unusable = misdated(age_s, stamp_s, oldest_s=oldest_s, ahead_s=oldest_s)
        if unusable is None and stamp_s is not None:
            unusable = self._stamps.judge(key, stamp_s, now, oldest_s=oldest_s)
        return unusable

    def drop(self, reason: str, text: str) -> None:
        """Count an input that is not sent, and log it at most once a second."""
        self.dropped[reason] += 1
        self._watch.drop(text, steady_now())
        self._logger.warning(
            f'dropped: {text} ({self.dropped[reason]} so far)', throttle='dropped'
        )

    def check_graph(self, *, publishers: int, names: Sequence[str], topic: str) -> None:
        """
        Note the publishers of joint_states, and log why nothing is sent for a while.

        :param publishers: number of publishers of joint_states.
        :param names: of their nodes, if there are several.
        :param topic: where joint_states are expected.
        """
        now = steady_now()
        self._watch.note_publishers(publishers, names, topic)
        self._watch.without_control = self.why_without_control()
        obstacle = self._watch.obstacle(now, period_s=self._period_s)
        self._condition_log.update(
            obstacle or fine('sending'), now, worked_at=self._watch.measured_at()
        )
        if obstacle is None:
            self._advice_log.update(self._watch.advice(now) or fine('all joints are sent'), now)

    def condition(self, now: float) -> Condition:
        """Return whether measured positions are sent, and if not, why; any thread."""
        self._watch.without_control = self.why_without_control()
        return self._watch.condition(now, period_s=self._period_s)

    def _is_still(self, positions: Mapping[str, float]) -> bool:
        before, deadband = self._last_offered, self._settings.deadband
        return (
            deadband > 0.0
            and before is not None
            and before.keys() == positions.keys()
            and all(abs(positions[name] - before[name]) <= deadband for name in positions)
        )

    def _offer(self, values: dict[str, float], stamp_ns: int | None) -> None:
        """Send these values now, or leave them to the event loop; under the lock."""
        is_first = not self._waiting
        if is_first and self._send_now(values, stamp_ns):
            return
        self._waiting.update(values)
        self._waiting_stamp_ns = stamp_ns
        if is_first:
            self._thread.post(self._filled.set)

    def _send_now(self, values: dict[str, float], stamp_ns: int | None) -> bool:
        connection, now = self._connection, time.monotonic()
        if connection is None or self._is_sending or now < self._due_at:
            return False
        if not connection.send_now(self._update(values, stamp_ns)):
            return False
        self._count(now)
        return True

    def _update(self, values: dict[str, float], stamp_ns: int | None) -> JointUpdate:
        return JointUpdate.of(values, stamp_ns=stamp_ns if self._sends_stamps else None)

    def _count(self, now: float) -> None:
        self.sent += 1
        self._watch.send(steady_now())
        # Counted from the time it was due, not from now. Otherwise, with an input of the same
        # rate, one late update would delay all that follow.
        self._due_at = max(self._due_at, now - self._period_s) + self._period_s

    @property
    def _period_s(self) -> float:
        return 1.0 / self.max_rate_hz if self.max_rate_hz else 0.0

    def _discard(self) -> None:
        """Discard what was measured so far, because a follower would move to that old position."""
        with self._lock:
            self._waiting = {}
            self._latest = {}
            self._last_offered = None
            self._watch.missing = self._joint_map.names
            self._watch.begin()

    # ----- called by the arena thread

    def on_joined(self) -> None:
        """Begin with the next measurement."""
        self._is_late = False
        self._watch.link = None
        with self._lock:
            self.left_out.joined()
            self._note_left_out()
        self._discard()

    def on_lost(self, cause: str) -> None:
        """Note why nothing can be sent; the next join discards what waits."""
        self._watch.link = cause

    def on_event(self, event: Event) -> bool:
        """Handle error replies, changes of control and delays of the link."""
        if isinstance(event, Late):
            self._set_delay(event.waiting_s)
        elif isinstance(event, Presence):
            delay_s = event.round_trip_s
            if delay_s is not None:
                self._set_delay(delay_s)
        elif isinstance(event, ErrorReply) and event.joints:
            self._leave_out(event.joints)
        elif isinstance(event, ErrorReply):
            self._watch.refuse(event.message, event.code, steady_now())
            self._logger.warning(f'error reply of the server: {event.message}', throttle='server')
        elif isinstance(event, ControlState):
            self._send_again()  # A robot follows only what was sent after it was told.
        elif isinstance(event, Malformed):
            self.dropped[event.reason] += 1
        return False

    def _send_again(self) -> None:
        """Send the next measurement even if no joint has left the deadband."""
        with self._lock:
            self._last_offered = None

    def _leave_out(self, joints: Mapping[str, str]) -> None:
        with self._lock:
            self.left_out.refused(joints)
            self._note_left_out()
            self._waiting = self.left_out.sendable(self._waiting)
            self._last_offered = None  # The room dropped the whole update: send the rest again.

    def _set_delay(self, delay_s: float) -> None:
        lateness = late(delay_s, self._max_delay_s)
        with self._lock:
            self._is_late = lateness is not None
            self._watch.link = lateness
            if self._is_late:
                self._watch.withdraw()
                self._waiting = {}
                self._last_offered = None  # Send what was dropped once the link is in time.

    def on_room_state(self, joints: dict[str, float]) -> None:
        """Do nothing: a producer does not need the room's state."""

    async def feed(self, connection: Connection) -> None:
        """Send what could not be sent at once, at most at the configured rate."""
        with self._lock:
            self._connection = connection
            self._sends_stamps = Feature.STAMPS in connection.features
            self._due_at = time.monotonic()
        try:
            with contextlib.suppress(TransportError):
                while True:
                    await self._until_due()
                    await self._send_waiting(connection)
        finally:
            with self._lock:
                self._connection = None

    async def _until_due(self) -> None:
        while not self._waiting:
            self._filled.clear()
            await self._filled.wait()
        await asyncio.sleep(self._due_at - time.monotonic())

    async def _send_waiting(self, connection: Connection) -> None:
        with self._lock:
            values, self._waiting = self._waiting, {}
            update = self._update(values, self._waiting_stamp_ns)
            if not values:  # The node was deactivated meanwhile.
                return
            self._is_sending = True  # Values of the other thread have to follow these.
        try:
            await connection.send(update)
            self._count(time.monotonic())
        finally:
            with self._lock:
                self._is_sending = False
