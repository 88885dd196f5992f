"""
What waits to be sent to one peer: a stop first, then order, and of each joint only the newest.

Sans I/O. The bounds: one pending update with at most as many joints as the room has, one state
of each robot, and a handful of other messages.
"""

from __future__ import annotations

from collections import deque
from dataclasses import replace

from .messages import (
    EmergencyStop,
    Entry,
    JointUpdate,
    Message,
    ResetStop,
    RobotReport,
    encode,
)

__all__ = ['Outbox', 'text_of']


class Outbox:
    """
    The messages that one peer has not been sent yet.

    Not thread-safe: put and take belong to one thread.
    """

    def __init__(self) -> None:
        self._stops: deque[EmergencyStop] = deque()
        self._reset: ResetStop | None = None
        self._others: deque[Message] = deque()
        self._update: JointUpdate | None = None
        self._reports: dict[str | None, RobotReport] = {}

    def __bool__(self) -> bool:
        """Say whether anything waits."""
        return bool(self._stops or self._reset or self._others or self._update or self._reports)

    def put(self, message: Message) -> bool:
        """
        Add a message.

        A stop overtakes everything, and a second one of the same source replaces the first while
        that still waits. Joint updates merge: the newest entry of each joint stays. Of each robot
        only the newest state stays, and of several requests for a reset the newest.

        :returns: whether it became one with a message that waits already.
        """
        match message:
            case EmergencyStop():
                # The stop overtakes a request that is older, which must not reset it.
                self._reset = None
                for index, stop in enumerate(self._stops):
                    if stop.source == message.source:
                        # The newer one, because the room remembers that one.
                        self._stops[index] = message
                        return True
                self._stops.append(message)
            case ResetStop():
                is_newer = self._reset is not None
                self._reset = message
                return is_newer
            case JointUpdate() if self._update is not None:
                self._update = _merge(self._update, message)
                return True
            case JointUpdate():
                self._update = message
            case RobotReport(source=source):
                is_newer = source in self._reports
                self._reports[source] = message
                return is_newer
            case _:
                self._others.append(message)
        return False

    def take(self) -> Message | None:
        """Remove what is to be sent next, None when nothing waits."""
        if self._stops:
            return self._stops.popleft()
        if self._reset is not None:
            reset, self._reset = self._reset, None
            return reset
        if self._others:
            return self._others.popleft()
        if self._update is not None:
            update, self._update = self._update, None
            return update
        return self._reports.pop(next(iter(self._reports))) if self._reports else None

    @property
    def pending_others(self) -> int:
        """Messages that neither merge nor stop; a peer with many of them does not read."""
        return len(self._others)


def text_of(message: Message) -> str:
    """Encode a message; an update or a robot's state only once for all who receive it."""
    return message.text if isinstance(message, JointUpdate | RobotReport) else encode(message)


def _merge(older: JointUpdate, newer: JointUpdate) -> JointUpdate:
    entries: dict[str, Entry] = {entry['name']: entry for entry in older.entries}
    for entry in newer.entries:
        entries[entry['name']] = entry
    return replace(newer, entries=tuple(entries.values()))
