# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""
Reports whether measured positions are sent to a room, and if not, why.

Rules of this file: it is pure, and ``now`` is in seconds of the steady clock. The condition is OK
only if something was sent within :data:`SILENT_S` plus one period of the highest rate, or if no
joint moves further than the deadband.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
import math

from .causes import CONNECTING, INACTIVE, NORMAL_CAUSES, no_publisher, not_measured
from .condition import Condition, Level, Severity, ago, fine
from .joint_map import JointMap
from .readiness import named, reasons, unsendable

__all__ = ['SILENT_S', 'SendWatch']

SILENT_S = 1.5
"""A joint that was not measured for longer counts as silent."""


class SendWatch:
    """
    The state of the path from ``joint_states`` to a room.

    :param joint_map: the joints that are sent.
    :param has_deadband: whether nothing is sent while no joint moves.
    :ivar is_enabled: whether the node is active.
    :ivar link: why the room is not joined, or that the link is too slow; None if neither.
    :ivar without_control: why what is sent has no effect; None if it has one.
    :ivar left_out: joints that cannot be sent while the others are sent, and why.
    :ivar is_empty: whether all measured joints are left out.
    :ivar missing: joints that were not measured since the room was joined.
    :ivar sent_at: when something was sent last; None before.
    """

    def __init__(self, joint_map: JointMap, *, has_deadband: bool) -> None:
        self._has_deadband = has_deadband
        self.is_enabled = False
        self.link: str | None = CONNECTING
        self.without_control: str | None = None
        self.set_joint_map(joint_map)
        self.left_out: Mapping[str, str] = {}
        self.is_empty = False
        self.missing = joint_map.names
        self.sent_at: float | None = None
        self._measured_at: dict[str, float] = {}
        self._earlier_measured_at: float | None = None  # Before the room was joined.
        self._unsent_since: float | None = None
        self._dropped, self._dropped_at = '', -math.inf
        self._refused, self._refused_at = '', -math.inf
        self._publishers, self._topic = 0, ''
        self._publisher_names: tuple[str, ...] = ()

    def set_joint_map(self, joint_map: JointMap) -> None:
        """Replace the joints that are sent; if none is listed, all measured joints are sent."""
        self._names = joint_map.names
        self._unsendable = unsendable(joint_map)

    def note_publishers(self, count: int, names: Sequence[str], topic: str) -> None:
        """
        Record which nodes publish ``joint_states``.

        :param names: the node names of the publishers, if there are several.
        :param topic: the expected topic.
        """
        self._publishers, self._publisher_names, self._topic = count, tuple(names), topic

    def take(self, names: Iterable[str], now: float) -> None:
        """Record joints that were measured and can be sent."""
        self._measured_at.update(dict.fromkeys(names, now))

    def drop(self, text: str, now: float) -> None:
        """Record a message that cannot be sent, and why."""
        self._dropped, self._dropped_at = text, now

    def refuse(self, message: str, code: str | None, now: float) -> None:
        """
        Record that the server rejected a message.

        :param message: the error message of the server.
        :param code: the error code; None if the server sends none, as the public one.
        """
        is_rate = code == 'rate_limited'
        remedy = 'lower produce.max_rate_hz' if is_rate else 'check the names of the joints'
        self._refused, self._refused_at = f'{message}; {remedy}', now

    def offer(self, now: float) -> None:
        """Record that positions are waiting to be sent."""
        if self._unsent_since is None:
            self._unsent_since = now

    def send(self, now: float) -> None:
        """Record that all waiting positions were sent."""
        self.sent_at, self._unsent_since = now, None

    def withdraw(self) -> None:
        """Record that the waiting positions will not be sent."""
        self._unsent_since = None

    def begin(self) -> None:
        """Record that none of the positions measured so far will be sent."""
        self.withdraw()
        self._earlier_measured_at = self.measured_at()
        self._measured_at = {}

    def measured_at(self) -> float | None:
        """Return when a sent joint was last measured; None if none was."""
        return max(self._times().values(), default=self._earlier_measured_at)

    def condition(self, now: float, *, period_s: float) -> Condition:
        """
        Return whether measured positions are sent, and if not, why.

        :param period_s: between two updates at the highest rate.
        """
        found = self.obstacle(now, period_s=period_s) or self.advice(now)
        if found is not None:
            return found
        age_s = self._age_s(now)
        if age_s is not None and age_s <= SILENT_S + period_s:
            return fine('sending')
        if age_s is not None and self._has_deadband:
            return fine(f'no joint moves further than produce.deadband{ago("last sent", age_s)}')
        # The room was just joined: the next measurement will be sent.
        return Condition(Level.STALE, f'nothing new yet{ago("last sent", age_s)}', Severity.NONE)

    def obstacle(self, now: float, *, period_s: float) -> Condition | None:
        """Return why nothing can be sent; None if nothing prevents it."""
        cause = self._obstacle(now, period_s)
        if cause is None:
            return None
        age_s = self._age_s(now)
        return Condition(
            Level.STALE if age_s is None else Level.WARN,
            f'nothing is sent: {cause}{ago("last sent", age_s)}',
            Severity.INFO if cause in NORMAL_CAUSES else Severity.WARN,
        )

    def advice(self, now: float) -> Condition | None:
        """Return what is wrong although something is sent; None if nothing is wrong."""
        if self.without_control is not None:
            return Condition(Level.WARN, self.without_control, Severity.INFO)
        if now - self._refused_at < SILENT_S:
            return Condition(Level.WARN, f'the server refuses what is sent: {self._refused}')
        if self.left_out:
            text = f'left out of what is sent: {reasons(self.left_out)}'
            return Condition(Level.WARN, f'{text}; check the driver and the names of the joints')
        silence = self._silence(now)
        if silence is not None:
            return silence
        if self._publishers > 1:
            names = named(self._publisher_names)
            text = f'{self._publishers} publishers of joint_states: {names}; end all but one'
            return Condition(Level.WARN, f'{text}, if they have joints in common', Severity.INFO)
        return None

    def _age_s(self, now: float) -> float | None:
        return None if self.sent_at is None else now - self.sent_at

    def _obstacle(self, now: float, period_s: float) -> str | None:
        if not self.is_enabled:
            return INACTIVE
        if self.link is not None:
            return self.link
        if self._unsendable is not None:
            return self._unsendable
        measured_at = self.measured_at()
        if self._dropped_at > (measured_at or -math.inf) and now - self._dropped_at < SILENT_S:
            return self._dropped
        if measured_at is None or now - measured_at > SILENT_S:
            return self._driver_fault(measured_at, now)
        odd = {name: self.left_out[name] for name in self.missing if name in self.left_out}
        if odd or self.is_empty:
            return f'no usable position of {reasons(odd or self.left_out)}: check the driver'
        if self.missing:
            return not_measured(self.missing)
        if self._unsent_since is not None and now - self._unsent_since > SILENT_S + period_s:
            return 'the connection to the server accepts no data: check the network'
        return None

    def _driver_fault(self, measured_at: float | None, now: float) -> str:
        if not self._publishers:
            return no_publisher(self._topic)
        if measured_at is None:
            return not_measured(self.missing or ('any joint',))
        return f'no joint_states for {now - measured_at:.1f} s: check the driver'

    def _silence(self, now: float) -> Condition | None:
        """Return which joints are silent while others are measured; None if no joint is silent."""
        silent = {name: at for name, at in self._times().items() if now - at > SILENT_S}
        if not silent:
            return None
        text = (
            f'no joint_states of {named(list(silent))} for {now - max(silent.values()):.1f} s, so '
            'that the last position is sent: check the driver'
        )
        return Condition(Level.WARN, text)

    def _times(self) -> dict[str, float]:
        """Return when each sent joint was last measured."""
        measured_at = self._measured_at.copy()  # The other thread may add to it.
        if not self._names:
            return measured_at
        return {name: measured_at[name] for name in self._names if name in measured_at}
