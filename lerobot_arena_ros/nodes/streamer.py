"""
The produce side: measured positions into the room, the newest first and only.

What may be sent at once is written by the thread that brought it, for waking the loop costs as
much as all the rest. What has to wait, for its time or for the socket, merges, and is sent by the
loop.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Mapping
import contextlib
import math
import threading
import time

from lerobot_arena_ros.arena.connection import Connection
from lerobot_arena_ros.arena.errors import TransportError
from lerobot_arena_ros.arena.messages import ErrorReply, JointUpdate
from lerobot_arena_ros.arena.session import Event, Late, Malformed, Presence
from lerobot_arena_ros.control.cause_watch import CauseWatch
from lerobot_arena_ros.control.gate_output import INACTIVE, unpublished
from lerobot_arena_ros.control.joint_map import JointMap
from lerobot_arena_ros.control.units import ConversionError

from .arena_thread import ArenaThread
from .left_out import LeftOut, shown
from .node_log import NodeLog
from .settings import ProduceSettings

__all__ = ['Streamer']

SILENT_S = 3.0
"""A driver that is silent for longer is one that measures nothing."""


class Streamer:
    """
    The way of a JointState into the room.

    Each update carries all joints, in the configured order, beginning when each of the listed ones
    was measured: the server forwards only what changed. ``missing`` names those that were not yet.

    :param joint_map: names, units and order; :meth:`set_joint_map` replaces it.
    :ivar cause: why nothing is sent; None while nothing is in the way.
    :ivar left_out: joints that cannot be sent, while the others are.
    :param max_delay_s: nothing is sent while a round trip to the server takes longer, because a
        follower cannot know how old it is when it arrives.
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
        self.missing: tuple[str, ...] = joint_map.names
        self.sent = 0
        self.sent_at: float | None = None
        self.cause: str | None = None
        self.max_rate_hz = settings.max_rate_hz
        self._settings = settings
        self._joint_map = joint_map
        self._thread = thread
        self._logger = logger
        self._enabled = False
        self._accepted_at: float | None = None
        self._dropped_at = -math.inf
        self._dropped = ''
        self._watch = CauseWatch(
            blocked='nothing is sent', flowing='joint_states are sent again', now=time.monotonic()
        )
        self._latest: dict[str, float] = {}
        self._taken: dict[str, float] | None = None
        self._waiting: dict[str, float] = {}
        self._filled = asyncio.Event()
        self._connection: Connection | None = None
        self._due_at = 0.0
        self._is_sending = False
        self._is_late = False
        self._max_delay_s = max_delay_s
        self._lock = threading.Lock()  # Of all from _latest on: two threads send.

    # ----- called by the ROS thread

    def set_joint_map(self, joint_map: JointMap) -> None:
        """Take limits that were not known before."""
        self._joint_map = joint_map

    def enable(self, enabled: bool) -> None:
        """Let values through, or none; what was measured before does not come after."""
        self._enabled = enabled
        self._watch.begin(time.monotonic())
        self._begin()

    def put(self, positions: Mapping[str, float], age_s: float | None) -> None:
        """
        Take positions in radians or metres by ROS name.

        :param age_s: how long ago they were measured; None where the message does not say.
        """
        if not self._enabled:
            return
        oldest_s = self._settings.max_input_age_s
        if oldest_s and age_s is not None and age_s > oldest_s:
            self.drop(
                'age', f'JointState is {age_s:.2f} s old, produce.max_input_age_s is {oldest_s:g}'
            )
            return
        with self._lock:
            finite = self.left_out.measured(positions)
            if not finite and positions:
                self.drop('nonfinite', shown(self.left_out.joints))
                return
            if len(finite) < len(positions):
                self.dropped['nonfinite'] += 1
            # One message may bring an arm and the next its gripper: what is sent is all of it.
            merged = {**self._latest, **finite}
            try:
                known = self.left_out.known(merged)
                values = self.left_out.sendable(self._joint_map.to_arena(known))
            except ConversionError as exc:
                self.drop(exc.reason, str(exc))
                return
            self._tell_left_out()
            self._latest = merged
            self._accepted_at = time.monotonic()
            # The first frame of all is whole: some receivers take joints by their place in it.
            self.missing = tuple(name for name in self._joint_map.names if name not in merged)
            if self._is_late:
                self.dropped['late_link'] += 1
            elif values and not self.missing and not self._is_still(merged):
                self._taken = merged
                self._offer(values)

    def drop(self, reason: str, text: str) -> None:
        """Count an input that is not sent, and say so, at most once a second."""
        self.dropped[reason] += 1
        self._dropped_at, self._dropped = time.monotonic(), text
        self._logger.warning(f'dropped: {text}', throttle='dropped')

    def look(self, *, publishers: int, topic: str, link_trouble: str | None) -> None:
        """
        Find why nothing is sent, and log it where it lasts.

        :param publishers: of joint_states.
        :param topic: where joint_states are expected.
        :param link_trouble: why the room is not joined; None while it is.
        """
        now = time.monotonic()
        self.cause = cause = self._obstacle(publishers, topic, link_trouble, now)
        if cause is None:
            line = self._watch.flows(now)
        else:
            line = self._watch.blocks(cause, now, is_fault=cause != INACTIVE)
        if line is not None:
            log = self._logger.warning if line.is_fault else self._logger.info
            log(line.text)

    def _obstacle(
        self, publishers: int, topic: str, link_trouble: str | None, now: float
    ) -> str | None:
        """Return why nothing is sent; None if only an arm that stands still keeps it from that."""
        if not self._enabled:
            return INACTIVE
        if link_trouble is not None:
            return f'the room is not joined: {link_trouble}'
        if self._is_late:
            return 'the link is late'
        if now - self._dropped_at < SILENT_S and (self._accepted_at or 0.0) < self._dropped_at:
            return self._dropped
        if self._accepted_at is None or now - self._accepted_at > SILENT_S:
            if not publishers:
                return unpublished(topic)
            return f'no joint_states for {SILENT_S:g} s'
        if self.missing:
            return f'no joint_states of {", ".join(self.missing)} yet'
        return None

    def _is_still(self, positions: Mapping[str, float]) -> bool:
        before, deadband = self._taken, self._settings.deadband
        return (
            deadband > 0.0
            and before is not None
            and before.keys() == positions.keys()
            and all(abs(positions[name] - before[name]) <= deadband for name in positions)
        )

    def _offer(self, values: dict[str, float]) -> None:
        """Send these values now, or leave them to the loop; under the lock."""
        is_first = not self._waiting
        if is_first and self._send_now(values):
            return
        self._waiting.update(values)
        if is_first:
            self._thread.post(self._filled.set)

    def _send_now(self, values: dict[str, float]) -> bool:
        connection, now = self._connection, time.monotonic()
        if connection is None or self._is_sending or now < self._due_at:
            return False
        if not connection.send_now(JointUpdate.of(values)):
            return False
        self._count(now)
        return True

    def _count(self, now: float) -> None:
        self.sent += 1
        self.sent_at = now
        # From the time it was due, not from now: at an input of the same rate the lateness of one
        # update would otherwise delay all that follow.
        period_s = 1.0 / self.max_rate_hz if self.max_rate_hz else 0.0
        self._due_at = max(self._due_at, now - period_s) + period_s

    def _begin(self) -> None:
        """Forget what was measured so far, for a follower would go to where a joint was then."""
        with self._lock:
            self._waiting = {}
            self._latest = {}
            self._taken = None

    # ----- called by the loop's thread

    def joined(self) -> None:
        """Begin with what is measured from now on."""
        self._is_late = False
        with self._lock:
            self.left_out.joined()
        self._begin()

    def lost(self, cause: str) -> None:
        """Need nothing: nobody takes from the slot, and joining clears it."""

    def event(self, event: Event) -> bool:
        """Take complaints, and what is known of the link's delay."""
        if isinstance(event, Late):
            self._set_late(True)
        elif isinstance(event, Presence):
            delay_s = event.round_trip_s
            if delay_s is not None:
                self._set_late(delay_s > self._max_delay_s)
        elif isinstance(event, ErrorReply) and event.joints:
            self._leave_out(event.joints)
        elif isinstance(event, ErrorReply):
            self._logger.warning(f'the server says: {event.message}', throttle='server')
        elif isinstance(event, Malformed):
            self.dropped[event.reason] += 1
        return False

    def _leave_out(self, joints: Mapping[str, str]) -> None:
        with self._lock:
            self.left_out.refused(joints)
            self._waiting = self.left_out.sendable(self._waiting)
            self._taken = None  # The room took none of them, so all the others are sent again.
            self._tell_left_out()

    def _tell_left_out(self) -> None:
        news = self.left_out.news()
        if news is not None:
            self._logger.warning(news)

    def _set_late(self, is_late: bool) -> None:
        with self._lock:
            self._is_late = is_late
            if is_late:
                self._waiting = {}
                self._taken = None  # What was dropped has to be sent once the link is in time.

    def refreshed(self, joints: dict[str, float]) -> None:
        """Need nothing of what the room remembers."""

    async def feed(self, connection: Connection) -> None:
        """Send what could not be sent at once, at most at the configured rate."""
        with self._lock:
            self._connection = connection
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
            if not values:  # Deactivated meanwhile.
                return
            self._is_sending = True  # What the other thread has comes after this.
        try:
            await connection.send(JointUpdate.of(values))
            self._count(time.monotonic())
        finally:
            with self._lock:
                self._is_sending = False
