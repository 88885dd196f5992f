# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""
The send buffer of one peer: stops first, then replies in order, and the newest value per joint.

Sans I/O. Its size is bounded: one stop per source, one pending update with at most as many joints
as the room has, one state per robot, and a few other messages. :mod:`.video_outbox` buffers the
messages of video rooms.
"""

from __future__ import annotations

from collections import deque
from dataclasses import replace

from .control_messages import ControlState
from .messages import (
    EmergencyStop,
    Entry,
    JointUpdate,
    Message,
    ResetStop,
    RobotReport,
    ShadowUpdate,
    encode,
)
from .video_messages import VideoFrame
from .video_outbox import VideoOutbox

__all__ = ['Outbox', 'text_of']


class Outbox:
    """
    The messages that are queued for one peer.

    Not thread-safe: call put and take in one thread.
    """

    def __init__(self) -> None:
        self._stops: deque[EmergencyStop] = deque()
        self._reset: ResetStop | None = None
        self._others: deque[Message] = deque()
        self._update: JointUpdate | None = None
        self._reports: dict[str | None, RobotReport] = {}
        self._shadows: dict[str | None, ShadowUpdate] = {}
        self._video = VideoOutbox()

    def __bool__(self) -> bool:
        """Return whether any message is queued."""
        joints = self._update or self._reports or self._shadows
        return bool(self._stops or self._reset or self._others or joints or self._video)

    def put(self, message: Message | VideoFrame) -> bool:
        """
        Add a message.

        A stop is sent before everything else. A second stop of the same source replaces the first
        one in the queue. Joint updates of one source are merged: the newest entry of each joint is
        kept. Updates before and after a change of control stay apart, so that a value never
        appears under the name of another source. A reset request is sent after all updates: one
        from before it must not move a robot that was just reset. Only the newest shadow update of
        each source, the newest state of each robot and the newest reset request are kept.

        :returns: whether it replaced, or was merged with, a queued message.
        """
        match message:
            case EmergencyStop():
                # Sent before an older reset request, which must not reset this stop.
                self._reset = None
                for index, stop in enumerate(self._stops):
                    if stop.source == message.source:
                        # Keep the newer one, because the room stores that one.
                        self._stops[index] = message
                        return True
                self._stops.append(message)
            case ResetStop():
                is_newer = self._reset is not None
                self._reset = message
                return is_newer
            case JointUpdate(source=source):
                if self._update is not None and self._update.source == source:
                    self._update = _merge(self._update, message)
                    return True
                self._close_update()
                self._update = message
            case ControlState():
                self._close_update()
                self._others.append(message)
            case ShadowUpdate(source=source):
                is_newer = source in self._shadows
                self._shadows[source] = message
                return is_newer
            case RobotReport(source=source):
                is_newer = source in self._reports
                self._reports[source] = message
                return is_newer
            case VideoFrame():
                return self._video.put(message)
            case _:
                self._others.append(message)
        return False

    def take(self) -> Message | VideoFrame | None:
        """Remove and return the next message to send; None if the queue is empty."""
        if self._stops:
            return self._stops.popleft()
        if self._others:
            return self._others.popleft()
        if self._update is not None:
            update, self._update = self._update, None
            return update
        if self._reset is not None:
            reset, self._reset = self._reset, None
            return reset
        if self._reports:
            return self._reports.pop(next(iter(self._reports)))
        if self._shadows:
            return self._shadows.pop(next(iter(self._shadows)))
        return self._video.take()

    def _close_update(self) -> None:
        """Put the queued update among the messages that keep their order."""
        if self._update is not None:
            self._others.append(self._update)
            self._update = None

    @property
    def pending_others(self) -> int:
        """The number of queued messages that cannot merge; it grows if the peer does not read."""
        return len(self._others)


def text_of(message: Message | VideoFrame) -> str:
    """Encode a message; one that may be large is encoded once for all recipients."""
    if isinstance(message, JointUpdate | ShadowUpdate | RobotReport | VideoFrame):
        return message.text
    return encode(message)


def _merge(older: JointUpdate, newer: JointUpdate) -> JointUpdate:
    entries: dict[str, Entry] = {entry['name']: entry for entry in older.entries}
    for entry in newer.entries:
        entries[entry['name']] = entry
    return replace(newer, entries=tuple(entries.values()))
