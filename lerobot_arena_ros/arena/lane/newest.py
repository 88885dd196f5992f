# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.


"""
What is new of the updates and stops that arrive in two ways, the lane and the WebSocket. Pure.

Each update has a number, the same in both ways, and all joints of its sender. Datagrams are lost,
reordered and repeated, so an update may arrive late, or twice. Numbers are compared for each joint
separately, because two updates need not have the same joints.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import replace

from ..messages import JointUpdate

__all__ = ['Changes', 'LaneOrder', 'Newest', 'SeenStops']

MAX_JOINTS = 10_000
"""The maximum number of joints; further ones are dropped. A room usually has fewer than 100."""

MAX_STOPS = 64
"""The maximum number of stops that are recognized when they arrive again."""


class Newest:
    """The number of the newest update of each joint."""

    def __init__(self) -> None:
        self._seqs: dict[str, int] = {}
        self._again: set[str] = set()  # Joints of which a copy of the newest update counts.
        self._stamped_seq = -1
        self._source: str | None = None  # Of the newest update.
        self._first_seq = 0

    def newer(self, update: JointUpdate) -> JointUpdate | None:
        """
        Return an update with those of its joints that are newer than all before.

        An update without a number is newer, because its sender does not use a lane.

        :returns: None if nothing is newer, or if another driver has sent a newer update.
        """
        seq = update.seq
        if seq is None:
            return update
        is_newest = seq > self._stamped_seq
        # An update of another driver can overtake the message that control has changed.
        is_former = not is_newest and update.source != self._source
        if seq < self._first_seq or is_former:
            return None
        entries = tuple(each for each in update.entries if self._is_newer(each['name'], seq))
        if not entries and not is_newest:
            return None
        if len(entries) == len(update.entries) and is_newest:
            return update
        # The stamp belongs to the newest update, and the invalid joints to a complete one.
        return replace(update, entries=entries, odd=(), stamp_ns=None)

    def note(self, update: JointUpdate) -> None:
        """Note that an update was used, so that older ones are outdated."""
        seq = update.seq
        if seq is None:
            return
        if seq > self._stamped_seq:
            self._stamped_seq, self._source = seq, update.source
        for entry in update.entries:
            name = entry['name']
            self._seqs[name] = max(seq, self._seqs.get(name, -1))
            self._again.discard(name)

    def outdate(self, seq: int) -> None:
        """
        Drop all updates with a lower number from now on: another driver has control.

        A robot discards what it has received before the message about control. So a second copy
        of an update counts if the first copy has overtaken that message.
        """
        self._first_seq = max(seq, self._first_seq)
        self._again = {name for name, known in self._seqs.items() if known >= seq}

    def _is_newer(self, name: str, seq: int) -> bool:
        known = self._seqs.get(name)
        if known is None:
            return len(self._seqs) < MAX_JOINTS
        return known < seq or (known == seq and name in self._again)


class Changes:
    """
    The values that were passed on, to pass on only what differs from them.

    A server sends to a participant without a lane only the joints that change. With a lane it
    sends all joints each time; this makes both look the same.

    :param has_stamps: whether an update in which only the stamp is new is passed on, too.
    """

    def __init__(self, *, has_stamps: bool) -> None:
        self._has_stamps = has_stamps
        self._values: dict[str, float] = {}
        self._source: str | None = None
        self._stamp_ns: int | None = None

    def start(self, joints: Mapping[str, float]) -> None:
        """Start with the stored values of the room."""
        self._values = dict(joints)

    def forget(self) -> None:
        """Pass on the next value of each joint in any case."""
        self._values = {}

    def changed(self, update: JointUpdate) -> JointUpdate | None:
        """Return an update with the joints whose value is new; None if nothing is new."""
        if None not in (self._source, update.source) and update.source != self._source:
            # The server sends the first value of each joint of a new driver, even if it is equal.
            self.forget()
        self._source = update.source
        values = self._values
        moved: dict[str, float] = {}
        entries = []
        for entry in update.entries:
            name, value = entry['name'], entry['value']
            if moved.get(name, values.get(name)) != value:
                moved[name] = value
                entries.append(entry)
        is_stamped = update.stamp_ns not in (None, self._stamp_ns)
        values.update(moved)
        if is_stamped:
            self._stamp_ns = update.stamp_ns
        if not (entries or update.odd or (is_stamped and self._has_stamps)):
            return None
        return replace(update, entries=tuple(entries))


class LaneOrder:
    """
    Whether the updates that arrive by the lane are in order.

    :ivar late: the number of updates that arrived by the lane after a newer one had.
    """

    def __init__(self) -> None:
        self.late = 0
        self._newest_seq = -1

    def note(self, seq: int) -> None:
        """Note the number of an update that arrived by the lane."""
        self.late += seq < self._newest_seq
        self._newest_seq = max(seq, self._newest_seq)


class SeenStops:
    """The last stops, because each arrives several times."""

    def __init__(self) -> None:
        self._seen: deque[object] = deque(maxlen=MAX_STOPS)

    def is_new(self, key: object | None) -> bool:
        """
        Return whether a stop has not arrived before, and note it.

        :param key: the same for each copy; None = unknown, so the stop is new.
        """
        if key is None:
            return True
        if key in self._seen:
            return False
        self._seen.append(key)
        return True
