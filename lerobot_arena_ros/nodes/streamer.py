"""The produce side: measured positions into the room, the newest first and only."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Mapping
import contextlib
import threading
import time

from rclpy.impl.rcutils_logger import RcutilsLogger

from lerobot_arena_ros.arena.connection import Connection
from lerobot_arena_ros.arena.errors import TransportError
from lerobot_arena_ros.arena.messages import ErrorReply, JointUpdate
from lerobot_arena_ros.arena.session import Event, Malformed
from lerobot_arena_ros.control.joint_map import JointMap
from lerobot_arena_ros.control.units import ConversionError

from .arena_thread import ArenaThread, LatestValues
from .settings import ProduceSettings

__all__ = ['Streamer']


class Streamer:
    """
    The way of a JointState into the room.

    Each update carries all joints, in the configured order, beginning when each of the listed ones
    was measured: the server forwards only what changed. ``missing`` names those that were not yet.

    :param joint_map: names, units and order; :meth:`set_joint_map` replaces it.
    """

    def __init__(
        self,
        settings: ProduceSettings,
        joint_map: JointMap,
        thread: ArenaThread,
        logger: RcutilsLogger,
    ) -> None:
        self.dropped: Counter[str] = Counter()
        self.missing: tuple[str, ...] = joint_map.names
        self.sent = 0
        self.sent_at: float | None = None
        self.max_rate_hz = settings.max_rate_hz
        self._settings = settings
        self._joint_map = joint_map
        self._slot = LatestValues(thread)
        self._logger = logger
        self._enabled = False
        self._latest: dict[str, float] = {}
        self._taken: dict[str, float] | None = None
        self._lock = threading.Lock()  # Of the two above: both threads begin anew.

    # ----- called by the ROS thread

    def set_joint_map(self, joint_map: JointMap) -> None:
        """Take limits that were not known before."""
        self._joint_map = joint_map

    def enable(self, enabled: bool) -> None:
        """Let values through, or none; what was measured before does not come after."""
        self._enabled = enabled
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
            # One message may bring an arm and the next its gripper: what is sent is all of it.
            merged = {**self._latest, **positions}
            try:
                values = self._joint_map.to_arena(merged)
            except ConversionError as exc:
                self.drop(exc.reason, str(exc))
                return
            self._latest = merged
            # The first frame of all is whole: some receivers take joints by their place in it.
            self.missing = tuple(name for name in self._joint_map.names if name not in merged)
            if not self.missing and not self._is_still(merged):
                self._taken = merged
                self._slot.put(values)

    def drop(self, reason: str, text: str) -> None:
        """Count an input that is not sent, and say so, at most once a second."""
        self.dropped[reason] += 1
        self._logger.warning(f'dropped: {text}', throttle_duration_sec=1.0)

    def _is_still(self, positions: Mapping[str, float]) -> bool:
        before, deadband = self._taken, self._settings.deadband
        return (
            deadband > 0.0
            and before is not None
            and before.keys() == positions.keys()
            and all(abs(positions[name] - before[name]) <= deadband for name in positions)
        )

    def _begin(self) -> None:
        """Forget what was measured so far, for a follower would go to where a joint was then."""
        with self._lock:
            self._slot.clear()
            self._latest = {}
            self._taken = None

    # ----- called by the loop's thread

    def joined(self) -> None:
        """Begin with what is measured from now on."""
        self._begin()

    def lost(self, cause: str) -> None:
        """Need nothing: nobody takes from the slot, and joining clears it."""

    def event(self, event: Event) -> bool:
        """Hear complaints; a producer is told nothing else."""
        if isinstance(event, ErrorReply):
            self._logger.warning(f'the server says: {event.message}', throttle_duration_sec=1.0)
        elif isinstance(event, Malformed):
            self.dropped[event.reason] += 1
        return False

    def refreshed(self, joints: dict[str, float]) -> None:
        """Need nothing of what the room remembers."""

    async def feed(self, connection: Connection) -> None:
        """Send the newest values, at most at the configured rate."""
        due_at = time.monotonic()
        with contextlib.suppress(TransportError):
            while True:
                await self._slot.filled()
                await asyncio.sleep(due_at - time.monotonic())
                values = self._slot.take()
                if not values:  # Deactivated meanwhile.
                    continue
                await connection.send(JointUpdate.of(values))
                self.sent += 1
                self.sent_at = time.monotonic()
                # From the time it was due, not from now: at an input of the same rate the
                # lateness of one update would otherwise delay all that follow.
                period_s = 1.0 / self.max_rate_hz
                due_at = max(due_at, self.sent_at - period_s) + period_s
