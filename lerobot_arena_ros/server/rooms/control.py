# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""
Who has control of one room of joints: takes, gives, releases, and what ends control.

No I/O. Rules of this module:

- A *driver* is a member that may have control: a producer, or an operator, which is a consumer
  with the features ``control`` and ``liveness``. Its token has the role drive.
- At most one driver has control. Nobody gets it without a request of its own, or of a driver that
  names it. One exception is the public protocol: a producer that joins a room gets control if
  nobody has it.
- Control ends when its holder releases it, leaves or is disconnected, when a robot revokes it, and
  at an emergency stop. After a stop a producer keeps it, because a public client cannot take it
  again; each robot stays stopped until it is reset.
"""

from __future__ import annotations

from collections import deque
from typing import NamedTuple

from ...arena.control_messages import (
    ControlAction,
    ControlAnswer,
    ControlChange,
    ControlPolicy,
    ControlRequest,
    ControlState,
)
from ...arena.features import Feature
from ...arena.fields import shown
from ...arena.messages import Role
from .base_room import Member, Now

__all__ = ['ASK_S', 'MAX_REQUESTS', 'REQUESTS_S', 'Control']

ASK_S = 10.0
"""How long a request waits for the driver that was asked, in seconds."""

MAX_REQUESTS = 5
"""
Requests of one driver that are handled within :data:`REQUESTS_S`.

Each change of control makes the robots brake, and is sent to everybody, so it must be rare.
"""

REQUESTS_S = 1.0
"""The period of :data:`MAX_REQUESTS`, in seconds."""


_NEED = (
    'this participant cannot have control: a driver has a token with the role drive, and as a'
    ' consumer the features control and liveness'
)
_TOO_MANY = f'at most {MAX_REQUESTS} requests about control each {REQUESTS_S:g} s are accepted'


class _Asked(NamedTuple):
    """A request that waits for the holder."""

    request: int | None
    at_s: float


class Control:
    """
    The control of one room.

    :ivar policy: how a driver gets control while another one has it.
    :ivar holder: the member that has control; None = nobody.
    :ivar changes: how many times control has changed.
    """

    def __init__(self, policy: ControlPolicy) -> None:
        self.policy = policy
        self.holder: Member | None = None
        self.changes = 0
        self._change: ControlChange | None = None
        self._by: str | None = None
        # The drivers, each with the times of its last requests.
        self._drivers: dict[Member, deque[float]] = {}
        self._asked: dict[Member, _Asked] = {}
        self._answers: list[tuple[Member, ControlAnswer]] = []
        self._is_new = False

    @property
    def drivers(self) -> tuple[Member, ...]:
        """The members that may have control, in the order of their joins."""
        return tuple(self._drivers)

    def has_effect(self, member: Member, known: int | None) -> bool:
        """
        Return whether an update of a member has an effect: it has control, and knew that.

        A driver may send without control. What it computed before it was told that it got control
        belongs to another pose of the robot.

        :param known: the number of the state that the member had received; None = not told.
        """
        return member is self.holder and (known is None or known >= self.changes)

    def state(self, now: Now, seq: int) -> ControlState:
        """
        Return the state for the members.

        :param seq: the number of the next joint update.
        """
        return ControlState(
            None if self.holder is None else self.holder.participant_id,
            self.policy,
            tuple(driver.participant_id for driver in self._drivers),
            tuple(driver.participant_id for driver in self._asked),
            self.changes,
            self._change,
            self._by,
            now.stamp,
            seq,
        )

    def take_news(self) -> bool:
        """Return whether the state has changed since the last call."""
        is_new, self._is_new = self._is_new, False
        return is_new

    def take_answers(self) -> list[tuple[Member, ControlAnswer]]:
        """Return the answers since the last call, each with its recipient."""
        answers, self._answers = self._answers, []
        return answers

    # ----- events

    def join(self, member: Member, *, may_drive: bool) -> None:
        """
        Add a member that has joined the room.

        :param may_drive: whether its token has the role drive.
        """
        needed = {Feature.CONTROL, Feature.LIVENESS}
        if not may_drive or (member.role is Role.CONSUMER and not needed <= member.features):
            return
        self._drivers[member] = deque(maxlen=MAX_REQUESTS)
        self._is_new = True
        if member.role is Role.PRODUCER and self.holder is None:
            self._pass_to(member, ControlChange.JOINED, member)

    def leave(self, member: Member) -> None:
        """Remove a member; do nothing if it is no driver."""
        if self._drivers.pop(member, None) is None:
            return
        self._is_new = True
        self._asked.pop(member, None)
        if self.holder is member:
            self._pass_to(None, ControlChange.LEFT, member)

    def stop(self, member: Member) -> None:
        """
        Release the control of an operator, because a member has sent an emergency stop.

        A producer keeps it, but nobody gets control by a request from before the stop.
        """
        if self.holder is not None and self.holder.role is not Role.PRODUCER:
            self._pass_to(None, ControlChange.STOPPED, member)
        for asker in tuple(self._asked):
            self._refuse_asked(asker, 'there was an emergency stop; request it again')

    def expire(self, now_s: float) -> None:
        """Refuse the requests that the holder has not answered in time."""
        for member, asked in tuple(self._asked.items()):
            if now_s - asked.at_s >= ASK_S:
                self._refuse_asked(member, f'{self._name} did not answer within {ASK_S:g} s')

    def handle(
        self, member: Member, request: ControlRequest, now_s: float, *, is_robot: bool
    ) -> None:
        """
        Handle a request of a member; :meth:`take_answers` returns the answer.

        :param is_robot: whether the member is a robot: it may revoke control.
        """
        if request.action is ControlAction.RELEASE:
            refusal = self._release(member, is_robot=is_robot)
        elif member not in self._drivers:
            refusal = _NEED
        elif not self._admit(member, now_s):
            refusal = _TOO_MANY
        elif request.action is ControlAction.TAKE:
            if request.if_free and self.holder not in (None, member):
                refusal = f'{self._name} has control'
            elif self.policy is ControlPolicy.ASK and not self._may_displace(member):
                refusal = self._ask(member, request.request, now_s)
                if refusal is None:
                    return  # The holder decides; the answer comes later.
            else:
                refusal = self._take(member)
        elif request.action is ControlAction.GIVE:
            refusal = self._give(member, request)
        else:
            refusal = self._refuse(member, request.to)
        self._answer(member, request.request, refusal)

    # ----- decisions

    @property
    def _name(self) -> str:
        return 'nobody' if self.holder is None else self.holder.participant_id

    def _may_displace(self, member: Member) -> bool:
        """Return whether a member may decide who has control."""
        return self.holder in (None, member) or self.policy is ControlPolicy.TAKE

    def _take(self, member: Member) -> str | None:
        if not self._may_displace(member):
            return f'{self._name} has control, and this room lets it keep it (control: first)'
        self._pass_to(member, ControlChange.TAKEN, member)
        return None

    def _ask(self, member: Member, request: int | None, now_s: float) -> str | None:
        holder = self.holder
        if member in self._asked:
            return f'{self._name} has been asked already'
        if holder is None or Feature.CONTROL not in holder.features:
            return f'{self._name} has control, and its program cannot be asked for it'
        self._asked[member] = _Asked(request, now_s)
        self._is_new = True
        return None

    def _give(self, member: Member, request: ControlRequest) -> str | None:
        to = request.to
        if request.control not in (None, self.changes):
            return f'control has changed meanwhile: {self._name} has it'
        if not self._may_displace(member):
            return f'{self._name} has control, and only it can give it'
        found = [driver for driver in self._drivers if driver.participant_id == to]
        if not found:
            return f'no participant {shown(to)} in this room can have control'
        if request.asked and found[0] not in self._asked:
            return f'{shown(to)} does not ask for control any more'
        answered = self._asked.pop(found[0], None)
        self._pass_to(found[0], ControlChange.GIVEN, member)
        if answered is not None:
            self._answer(found[0], answered.request, None)
        return None

    def _release(self, member: Member, *, is_robot: bool) -> str | None:
        if member in self._asked:
            self._refuse_asked(member, 'the request was withdrawn')
        elif self.holder is member:
            self._pass_to(None, ControlChange.RELEASED, member)
        elif self.holder is not None:
            if not is_robot:
                return f'{self._name} has control; only it and a robot can release it'
            self._pass_to(None, ControlChange.REVOKED, member)
        return None

    def _refuse(self, member: Member, to: str | None) -> str | None:
        if self.holder is None:
            return 'nobody has control, so there is no request to refuse'
        if self.holder is not member:
            return f'{self._name} has control, so only it can refuse a request'
        found = [driver for driver in self._asked if driver.participant_id == to]
        if not found:
            return f'no request of {shown(to)} waits for an answer'
        self._refuse_asked(found[0], f'{self._name} keeps control')
        return None

    def _admit(self, member: Member, now_s: float) -> bool:
        """Return whether a driver may make a request now, and count it."""
        times = self._drivers[member]
        if len(times) == MAX_REQUESTS and now_s - times[0] < REQUESTS_S:
            return False
        times.append(now_s)
        return True

    def _pass_to(self, member: Member | None, change: ControlChange, by: Member) -> None:
        if member is self.holder:
            return
        self.holder = member
        self.changes += 1
        self._change, self._by = change, by.participant_id
        self._is_new = True
        now_has = 'nobody has control now' if member is None else f'{self._name} has control now'
        for asker in tuple(self._asked):
            # Not even the only one that has asked gets it: robots move only by a decision.
            self._refuse_asked(asker, f'{now_has}; request it again')

    def _refuse_asked(self, member: Member, refusal: str) -> None:
        asked = self._asked.pop(member)
        self._is_new = True
        self._answer(member, asked.request, refusal)

    def _answer(self, member: Member, request: int | None, refusal: str | None) -> None:
        holder = None if self.holder is None else self.holder.participant_id
        self._answers.append((member, ControlAnswer(request, refusal, holder)))
