# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""Control of a room in any order of joins, departures, requests, stops and pauses."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    MultipleResults,
    RuleBasedStateMachine,
    consumes,
    initialize,
    invariant,
    multiple,
    rule,
    run_state_machine_as_test,
)

from lerobot_arena_ros.arena.control_messages import (
    ControlAction,
    ControlAnswer,
    ControlPolicy,
    ControlRequest,
    ControlState,
)
from lerobot_arena_ros.arena.errors import JoinRefused
from lerobot_arena_ros.arena.features import Feature
from lerobot_arena_ros.arena.messages import (
    EmergencyStop,
    Join,
    JointUpdate,
    RobotReport,
    Role,
    ShadowUpdate,
)
from lerobot_arena_ros.arena.robot_state import RobotState
from lerobot_arena_ros.server.participants.control_relay import MARGIN_S
from lerobot_arena_ros.server.rooms.base_room import Delivery, Member, Now
from lerobot_arena_ros.server.rooms.control import ASK_S, MAX_REQUESTS, REQUESTS_S
from lerobot_arena_ros.server.rooms.limits import Limits
from lerobot_arena_ros.server.rooms.room import Room

NAMES = tuple('abcde')
FEATURES = (
    Feature.CONTROL,
    Feature.LIVENESS,
    Feature.SHADOWS,
    Feature.ROBOT_STATE,
    Feature.FAST_LANE,
)


EXPIRY_S = ASK_S + MARGIN_S
"""After this time a request has expired; sums of times are not exact."""


@dataclass(eq=False)
class Known:
    """What one member knows from the messages that it received."""

    member: Member
    is_driver: bool
    is_robot: bool = False
    state: ControlState | None = None
    waiting: list[int] = field(default_factory=list)


class Rooms(RuleBasedStateMachine):
    """A room with a few members, which do anything at any time."""

    members: Bundle[Known] = Bundle('members')

    def __init__(self) -> None:
        super().__init__()
        self.now_s = 0.0
        self.number = 0
        self.known: dict[Member, Known] = {}

    @property
    def now(self) -> Now:
        """The present time."""
        return Now(self.now_s, f't{self.now_s}')

    @initialize(policy=st.sampled_from(ControlPolicy))
    def begin(self, policy: ControlPolicy) -> None:
        """Create the room."""
        self.room = Room('lab', 'arm', self.now, limits=Limits())
        self.room.set_policy(policy)

    @rule(
        target=members,
        name=st.sampled_from(NAMES),
        role=st.sampled_from(Role),
        features=st.just(set(FEATURES)) | st.sets(st.sampled_from(FEATURES)),
        may_drive=st.sampled_from((True, True, False)),
    )
    def join(
        self, name: str, role: Role, features: set[Feature], may_drive: bool
    ) -> Known | MultipleResults[Known]:
        """Join; a producer has a token that may drive, because the server checks that before."""
        before = self.room.control.holder
        may_drive = may_drive or role is Role.PRODUCER
        try:
            member = self.room.join(
                Join(name, role, frozenset(features)), self.now, may_drive=may_drive
            )
        except JoinRefused:
            return multiple()
        is_operator = {Feature.CONTROL, Feature.LIVENESS} <= features
        known = Known(member, may_drive and (role is Role.PRODUCER or is_operator))
        self.known[member] = known
        for message in self.room.welcome(member, self.now):
            if isinstance(message, ControlState):
                known.state = message
        self.hear()
        gets_it = role is Role.PRODUCER and before is None
        assert self.room.control.holder is (member if gets_it else before)
        return known

    @rule(known=consumes(members))
    def leave(self, known: Known) -> None:
        """Leave, or lose the connection."""
        had_control = self.room.control.holder is known.member
        before = self.room.control.holder
        self.room.leave(known.member, self.now)
        del self.known[known.member]
        self.hear()
        assert self.room.control.holder is (None if had_control else before)

    @rule(
        known=members,
        action=st.sampled_from(ControlAction),
        to=st.sampled_from((None, *NAMES)),
        age=st.sampled_from((None, 0, 0, 1)),
        is_careful=st.booleans(),
    )
    def request(
        self,
        known: Known,
        action: ControlAction,
        to: str | None,
        age: int | None,
        is_careful: bool,
    ) -> None:
        """
        Request anything; each request is answered once.

        :param age: how many changes of control before the present one it was decided; None: that
            is not told.
        :param is_careful: whether it is given only to who asks, and taken only from nobody.
        """
        decided = None if age is None else max(0, self.room.control.changes - age)
        is_late = decided not in (None, self.room.control.changes)
        asks = to in self.room.control_state(self.now).requests
        before = self.room.control.holder
        self.number += 1
        known.waiting.append(self.number)
        refused = self.act(
            lambda: self.room.handle(
                known.member,
                ControlRequest(
                    action,
                    to,
                    self.number,
                    decided,
                    asked=is_careful,
                    if_free=is_careful,
                ),
                self.now,
            )
        ).get(self.number, 'waits')
        after = self.room.control.holder
        if after is before:
            return
        assert refused is None
        policy = self.room.control.policy
        may_displace = before in (None, known.member) or policy is ControlPolicy.TAKE
        match action:
            case ControlAction.TAKE:
                assert known.is_driver and may_displace and after is known.member
                assert before is None or not is_careful
            case ControlAction.GIVE:
                assert known.is_driver and may_displace and not is_late
                assert asks or not is_careful
                assert after is not None and after.participant_id == to
            case ControlAction.RELEASE:
                assert after is None and (before is known.member or known.is_robot)
            case _:
                raise AssertionError('to refuse a request changes no control')

    @rule(known=members, value=st.sampled_from((0.0, 1.0, 2.0)))
    def update(self, known: Known, value: float) -> None:
        """Only the holder moves joints; updates of other drivers reach who asked for them."""
        before = dict(self.room.joints)
        has_control = self.room.control.holder is known.member
        delivery = self.room.handle(known.member, JointUpdate.of({'elbow': value}), self.now)
        if has_control:
            assert self.room.joints['elbow'] == value
        else:
            assert self.room.joints == before
        match delivery:
            case Delivery(recipients, JointUpdate(source=source)):
                assert has_control
                assert source == known.member.participant_id
                assert known.member not in recipients
            case Delivery(recipients, ShadowUpdate(source=source)):
                assert known.is_driver and not has_control
                assert source == known.member.participant_id
                assert all(Feature.SHADOWS in each.features for each in recipients)
                assert known.member not in recipients

    @rule(known=members)
    def stop(self, known: Known) -> None:
        """Stop: nobody has control afterwards, except a producer."""
        before = self.room.control.holder
        self.act(lambda: self.room.handle(known.member, EmergencyStop('smoke'), self.now))
        keeps_it = before is not None and before.role is Role.PRODUCER
        assert self.room.control.holder is (before if keeps_it else None)

    @rule(known=members)
    def report(self, known: Known) -> None:
        """Report a state, as a robot does."""
        if Feature.ROBOT_STATE in known.member.features:
            state = RobotState('/arm', 'pc', 'active', 'live')
            self.room.handle(known.member, RobotReport(state), self.now)
            known.is_robot = True

    @rule(passed_s=st.sampled_from((0.01, REQUESTS_S / MAX_REQUESTS, REQUESTS_S, EXPIRY_S)))
    def wait(self, passed_s: float) -> None:
        """Time alone changes no holder; after ten seconds no request waits."""
        before = self.room.control.holder
        self.now_s += passed_s
        self.act(lambda: self.room.expire_requests(self.now))
        assert self.room.control.holder is before
        if passed_s == EXPIRY_S:
            assert not any(known.waiting for known in self.known.values())

    @invariant()
    def the_holder_is_a_driver_in_the_room(self) -> None:
        """At most one member has control, and it may have it."""
        holder = self.room.control.holder if hasattr(self, 'room') else None
        if holder is not None:
            assert holder in self.room.members
            assert self.known[holder].is_driver

    @invariant()
    def everybody_who_asked_knows_who_has_control(self) -> None:
        """Each member with the feature has heard of the last change, and of each driver."""
        if not hasattr(self, 'room'):
            return
        state = self.room.control_state(self.now)
        assert state.drivers == tuple(
            known.member.participant_id for known in self.known.values() if known.is_driver
        )
        for known in self.known.values():
            if Feature.CONTROL in known.member.features:
                heard = known.state
                assert heard is not None
                assert (heard.holder, heard.number) == (state.holder, state.number)
                assert (heard.drivers, heard.requests) == (state.drivers, state.requests)

    @invariant()
    def only_requests_of_others_wait(self) -> None:
        """Each request is answered at once, except one that waits for a holder who was asked."""
        if not hasattr(self, 'room'):
            return
        state = self.room.control_state(self.now)
        asked = state.requests
        assert set(asked) <= set(state.drivers)
        for known in self.known.values():
            assert len(known.waiting) == (known.member.participant_id in asked)
        holder = self.room.control.holder
        assert not asked or holder is not None
        assert holder is None or holder.participant_id not in asked

    def act(self, event: Callable[[], object]) -> dict[int, str | None]:
        """Let something happen; return the refusals by the number of the request."""
        event()
        return self.hear()

    def hear(self) -> dict[int, str | None]:
        """Deliver what is new; return the refusals by the number of the request."""
        found: dict[int, str | None] = {}
        for recipients, message, _ in self.room.take_news(self.now):
            for member in recipients:
                if isinstance(message, ControlState):
                    assert Feature.CONTROL in member.features
                    self.known[member].state = message
                elif isinstance(message, ControlAnswer):
                    assert message.request is not None
                    self.known[member].waiting.remove(message.request)
                    found[message.request] = message.refusal
        return found


def test_control_is_right_in_any_order_of_events() -> None:
    """At most one driver has it, and everybody who asked knows who."""
    run_state_machine_as_test(
        Rooms, settings=settings(max_examples=300, stateful_step_count=60, deadline=None)
    )
