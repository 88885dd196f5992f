# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""Who has control of a room: each policy, each request, and what ends control."""

from __future__ import annotations

from typing import Any

import pytest

from lerobot_arena_ros.arena.control_messages import (
    ControlAction,
    ControlAnswer,
    ControlChange,
    ControlPolicy,
    ControlRequest,
    ControlState,
)
from lerobot_arena_ros.arena.errors import ProtocolError, RoleTaken
from lerobot_arena_ros.arena.features import Feature
from lerobot_arena_ros.arena.messages import (
    EmergencyStop,
    Entry,
    ErrorReply,
    Heartbeat,
    HeartbeatAck,
    Join,
    JointUpdate,
    RobotReport,
    Role,
    ShadowUpdate,
)
from lerobot_arena_ros.arena.robot_state import RobotState
from lerobot_arena_ros.server.rooms.base_room import Delivery, Member, Now
from lerobot_arena_ros.server.rooms.control import ASK_S, MAX_REQUESTS, REQUESTS_S
from lerobot_arena_ros.server.rooms.limits import Limits
from lerobot_arena_ros.server.rooms.room import Room

STAMP = '2026-01-31T10:15:30+00:00'
NOW = Now(100.0, STAMP)
OPERATING = frozenset((Feature.CONTROL, Feature.LIVENESS))
TAKE, GIVE, RELEASE, REFUSE = ControlAction
FIRST, ASK, TAKE_AT_ONCE = ControlPolicy


def make_room(policy: ControlPolicy, *, limits: Limits | None = None) -> Room:
    """Return an empty room with a policy."""
    room = Room('lab', 'arm', NOW, limits=limits or Limits())
    room.set_policy(policy)
    return room


def enter(
    room: Room,
    participant_id: str,
    *features: Feature,
    role: Role = Role.CONSUMER,
    may_drive: bool = True,
) -> Member:
    """Join with these features, and those of an operator; deliver what is new."""
    known = OPERATING | frozenset(features)
    member = room.join(Join(participant_id, role, known), NOW, may_drive=may_drive)
    room.take_news(NOW)
    return member


def produce(room: Room, participant_id: str, *features: Feature) -> Member:
    """Join as a producer, without the feature ``control`` unless it is given."""
    member = room.join(Join(participant_id, Role.PRODUCER, frozenset(features)), NOW)
    room.take_news(NOW)
    return member


def request(
    room: Room,
    member: Member,
    action: ControlAction,
    to: str | None = None,
    *,
    number: int | None = None,
    at_s: float = NOW.steady_s,
    **conditions: Any,
) -> dict[str, str | None]:
    """Make a request; return the refusal of each answer by recipient, None if it was done."""
    now = Now(at_s, STAMP)
    room.handle(member, ControlRequest(action, to, number, **conditions), now)
    return answers(room, now)


def answers(room: Room, now: Now = NOW) -> dict[str, str | None]:
    """Return the refusal of each answer by recipient, None if it was done."""
    return {
        each.recipients[0].participant_id: each.message.refusal
        for each in room.take_news(now)
        if isinstance(each.message, ControlAnswer)
    }


def holder(room: Room) -> str | None:
    """Return who has control."""
    return room.control_state(NOW).holder


def send(room: Room, member: Member, **values: float) -> Delivery | None:
    """Send joint values."""
    return room.handle(member, JointUpdate.of(values), NOW)


def test_a_producer_that_joins_gets_control_if_nobody_has_it() -> None:
    """This is the public protocol; the reason tells it apart from a request."""
    room = make_room(FIRST)
    produce(room, 'leader')

    state = room.control_state(NOW)
    assert (state.holder, state.change, state.by) == ('leader', ControlChange.JOINED, 'leader')


def test_a_producer_that_joins_displaces_nobody() -> None:
    """It waits, and gets control only if somebody gives it, not when it becomes free."""
    room = make_room(FIRST)
    person = enter(room, 'person')
    request(room, person, TAKE)
    leader = produce(room, 'leader')

    assert holder(room) == 'person'
    request(room, person, RELEASE)
    assert holder(room) is None
    assert request(room, person, GIVE, 'leader') == {'person': None}
    assert holder(room) == 'leader'
    assert send(room, leader, elbow=1.0) is not None


@pytest.mark.parametrize('policy', ControlPolicy)
def test_free_control_is_taken_at_once(policy: ControlPolicy) -> None:
    """The policy matters only while somebody has control."""
    room = make_room(policy)
    person = enter(room, 'person')

    assert request(room, person, TAKE) == {'person': None}
    assert holder(room) == 'person'
    assert request(room, person, TAKE) == {'person': None}
    assert room.control.changes == 1


def test_first_lets_the_holder_keep_control_and_names_it() -> None:
    """With ``first`` nobody is displaced; the refusal says by whom and why."""
    room = make_room(FIRST)
    policy, person = enter(room, 'policy'), enter(room, 'person')
    request(room, policy, TAKE)

    assert request(room, person, TAKE) == {
        'person': 'policy has control, and this room lets it keep it (control: first)'
    }
    assert request(room, person, GIVE, 'person') == {
        'person': 'policy has control, and only it can give it'
    }
    assert holder(room) == 'policy'


def test_take_displaces_the_holder_and_both_know() -> None:
    """The news goes to everybody with the feature, before the answer."""
    room = make_room(TAKE_AT_ONCE)
    policy, person = enter(room, 'policy'), enter(room, 'person')
    viewer = room.join(Join('viewer', Role.CONSUMER, frozenset({Feature.CONTROL})), NOW)
    room.take_news(NOW)
    request(room, policy, TAKE)

    room.handle(person, ControlRequest(TAKE, request=7), NOW)
    state, answer = room.take_news(NOW)

    assert state.recipients == (policy, person, viewer)
    assert isinstance(state.message, ControlState)
    assert (state.message.holder, state.message.change) == ('person', ControlChange.TAKEN)
    assert answer == Delivery((person,), ControlAnswer(7, None, 'person'))


def test_two_that_take_at_the_same_instant_both_know_who_won() -> None:
    """With ``first`` the first one wins; the other one is refused with the name."""
    room = make_room(FIRST)
    one, other = enter(room, 'one'), enter(room, 'other')
    for member in (one, other):
        room.handle(member, ControlRequest(TAKE), NOW)

    refusal = 'one has control, and this room lets it keep it (control: first)'
    assert answers(room) == {'one': None, 'other': refusal}


def test_ask_lets_the_holder_decide() -> None:
    """The request is shown to everybody, and answered when the holder gives or refuses."""
    room = make_room(ASK)
    policy, person = enter(room, 'policy'), enter(room, 'person')
    request(room, policy, TAKE)

    assert request(room, person, TAKE, number=1) == {}
    assert room.control_state(NOW).requests == ('person',)
    assert request(room, person, TAKE) == {'person': 'policy has been asked already'}
    assert request(room, policy, REFUSE, 'person') == {
        'person': 'policy keeps control',
        'policy': None,
    }
    assert request(room, person, TAKE) == {}
    assert request(room, policy, GIVE, 'person') == {'person': None, 'policy': None}
    assert holder(room) == 'person'
    assert room.control_state(NOW).requests == ()


def test_a_request_without_an_answer_is_refused_in_time() -> None:
    """The holder may be away from its screen."""
    room = make_room(ASK)
    policy, person = enter(room, 'policy'), enter(room, 'person')
    request(room, policy, TAKE)
    request(room, person, TAKE)

    room.expire_requests(Now(NOW.steady_s + ASK_S - 0.1, STAMP))
    assert answers(room) == {}
    room.expire_requests(Now(NOW.steady_s + ASK_S, STAMP))

    assert answers(room) == {'person': 'policy did not answer within 10 s'}
    assert holder(room) == 'policy'


def test_a_request_from_before_a_stop_is_refused() -> None:
    """Also if a producer keeps control at the stop: who has asked may be gone afterwards."""
    room = make_room(ASK)
    leader, person = produce(room, 'leader', Feature.CONTROL), enter(room, 'person')
    request(room, person, TAKE)

    room.handle(person, EmergencyStop('hand'), NOW)

    assert answers(room) == {'person': 'there was an emergency stop; request it again'}
    assert room.control.holder is leader


@pytest.mark.parametrize('end', ['release', 'leave', 'stop', 'give'])
def test_a_request_is_never_granted_because_control_became_free(end: str) -> None:
    """Who has asked has to ask again: an arm moves only by a decision."""
    room = make_room(ASK)
    policy, person, third = (enter(room, name) for name in ('policy', 'person', 'third'))
    request(room, policy, TAKE)
    request(room, person, TAKE)

    if end == 'release':
        request(room, policy, RELEASE)
    elif end == 'leave':
        room.leave(policy, NOW)
    elif end == 'stop':
        room.handle(third, EmergencyStop('smoke'), NOW)
    else:
        request(room, policy, GIVE, 'third')

    assert holder(room) == ('third' if end == 'give' else None)
    assert room.control_state(NOW).requests == ()


def test_a_request_can_be_withdrawn() -> None:
    """Who waits for the holder releases its request as it would release control."""
    room = make_room(ASK)
    policy, person = enter(room, 'policy'), enter(room, 'person')
    request(room, policy, TAKE)
    request(room, person, TAKE, number=1)

    room.handle(person, ControlRequest(RELEASE, request=2), NOW)
    found = [each.message for each in room.take_news(NOW)]

    assert ControlAnswer(1, 'the request was withdrawn', 'policy') in found
    assert ControlAnswer(2, None, 'policy') in found
    assert holder(room) == 'policy'


def test_who_leaves_asks_no_more() -> None:
    """The holder must not be asked to give control to somebody who has left."""
    room = make_room(ASK)
    policy, person = enter(room, 'policy'), enter(room, 'person')
    request(room, policy, TAKE)
    request(room, person, TAKE)

    room.leave(person, NOW)

    assert room.control_state(NOW).requests == ()
    room.expire_requests(Now(NOW.steady_s + ASK_S, STAMP))
    assert answers(room) == {}


def test_a_holder_that_does_not_know_the_feature_cannot_be_asked() -> None:
    """The request is refused at once, instead of after ten seconds."""
    room = make_room(ASK)
    produce(room, 'leader')
    person = enter(room, 'person')

    assert request(room, person, TAKE) == {
        'person': 'leader has control, and its program cannot be asked for it'
    }


def test_a_supervisor_routes_control_without_driving() -> None:
    """With ``take`` a driver may give control to another one, and never has it itself."""
    room = make_room(TAKE_AT_ONCE)
    supervisor, policy, person = (enter(room, n) for n in ('supervisor', 'policy', 'person'))
    request(room, policy, TAKE)

    assert request(room, supervisor, GIVE, 'person') == {'supervisor': None}
    assert holder(room) == 'person'
    assert room.control_state(NOW).change is ControlChange.GIVEN
    assert room.control_state(NOW).by == 'supervisor'
    assert send(room, person, elbow=1.0) is not None


@pytest.mark.parametrize('to', [None, 'nobody', 'viewer', 'watcher', 'frozen'])
def test_control_is_given_only_to_a_driver(to: str | None) -> None:
    """Not to a viewer, a token that may only watch, or a program that may freeze unnoticed."""
    room = make_room(FIRST)
    policy = enter(room, 'policy')
    room.join(Join('viewer', Role.CONSUMER), NOW)
    enter(room, 'watcher', may_drive=False)
    room.join(Join('frozen', Role.CONSUMER, frozenset({Feature.CONTROL})), NOW)
    request(room, policy, TAKE)

    refusal = request(room, policy, GIVE, to)['policy']

    assert refusal is not None
    assert 'in this room can have control' in refusal
    assert holder(room) == 'policy'


@pytest.mark.parametrize('action', [TAKE, GIVE, REFUSE])
def test_a_token_that_only_watches_decides_nothing(action: ControlAction) -> None:
    """The refusal says what is necessary."""
    room = make_room(TAKE_AT_ONCE)
    watcher, policy = enter(room, 'watcher', may_drive=False), enter(room, 'policy')
    request(room, policy, TAKE)

    refusal = request(room, watcher, action, 'watcher')['watcher']

    assert refusal is not None
    assert refusal.startswith('this participant cannot have control')
    assert holder(room) == 'policy'


def test_only_the_holder_and_a_robot_release_control() -> None:
    """A robot may, with any token: it only ends a motion. Nobody has control then."""
    room = make_room(TAKE_AT_ONCE)
    policy, person = enter(room, 'policy'), enter(room, 'person')
    robot = enter(room, 'robot', Feature.ROBOT_STATE, may_drive=False)
    request(room, policy, TAKE)

    assert request(room, person, RELEASE) == {
        'person': 'policy has control; only it and a robot can release it'
    }
    assert request(room, robot, RELEASE)['robot'] is not None
    room.handle(robot, RobotReport(RobotState('/arm', 'pc', 'active', 'live')), NOW)
    assert request(room, robot, RELEASE) == {'robot': None}
    state = room.control_state(NOW)
    assert (state.holder, state.change, state.by) == (None, ControlChange.REVOKED, 'robot')
    assert request(room, robot, RELEASE) == {'robot': None}


@pytest.mark.parametrize('to', [None, 'policy', 'nobody'])
def test_only_a_request_that_waits_can_be_refused(to: str | None) -> None:
    """Only by the holder."""
    room = make_room(ASK)
    policy, person = enter(room, 'policy'), enter(room, 'person')
    request(room, policy, TAKE)

    refusal = request(room, policy, REFUSE, to)['policy']
    assert refusal is not None
    assert refusal.startswith('no request of')
    assert request(room, person, REFUSE, 'policy') == {
        'person': 'policy has control, so only it can refuse a request'
    }


def test_a_stop_releases_an_operator_and_leaves_a_producer() -> None:
    """A public producer cannot take control again, and each robot stays stopped anyway."""
    for is_operator in (True, False):
        room = make_room(FIRST)
        person = enter(room, 'person')
        if is_operator:
            request(room, person, TAKE)
        else:
            produce(room, 'leader')

        room.handle(person, EmergencyStop('smoke'), NOW)

        assert holder(room) == (None if is_operator else 'leader')


def test_a_holder_that_leaves_is_followed_by_nobody() -> None:
    """Neither a waiting producer nor another operator is promoted by accident."""
    room = make_room(TAKE_AT_ONCE)
    produce(room, 'leader')
    policy, person = enter(room, 'policy'), enter(room, 'person')
    request(room, policy, TAKE)
    request(room, person, TAKE)

    room.leave(person, NOW)

    state = room.control_state(NOW)
    assert (state.holder, state.change, state.by) == (None, ControlChange.LEFT, 'person')
    assert request(room, person, TAKE) == {}  # It has left.


def test_control_that_was_given_before_a_change_is_refused() -> None:
    """The sender decided before the stop, so the other one would drive after the reset."""
    room = make_room(TAKE_AT_ONCE)
    policy, person = enter(room, 'policy'), enter(room, 'person')
    request(room, policy, TAKE)
    decided = room.control_state(NOW).number
    room.handle(person, EmergencyStop('hand in the way'), NOW)

    refusal = request(room, policy, GIVE, 'person', control=decided)['policy']

    assert refusal == 'control has changed meanwhile: nobody has it'
    assert holder(room) is None
    assert request(room, policy, GIVE, 'person', control=decided + 1) == {'policy': None}
    assert holder(room) == 'person'


@pytest.mark.parametrize('is_producer', [False, True])
@pytest.mark.parametrize('way', ['stop', 'withdrawal'])
def test_who_does_not_ask_any_more_gets_no_control(way: str, is_producer: bool) -> None:
    """A producer keeps control at a stop, and its answer may be on the way."""
    room = make_room(ASK)
    if is_producer:
        leader = produce(room, 'leader', Feature.CONTROL)
    else:
        leader = enter(room, 'leader')
        request(room, leader, TAKE)
    person = enter(room, 'person')
    request(room, person, TAKE)
    if way == 'stop':
        room.handle(person, EmergencyStop('hand in the way'), NOW)
    else:
        request(room, person, RELEASE)

    request(room, leader, GIVE, 'person', asked=True)

    assert holder(room) != 'person'
    request(room, person, TAKE)
    request(room, leader, GIVE, 'person', asked=True)
    assert holder(room) == 'person'


@pytest.mark.parametrize('policy', ControlPolicy)
def test_control_that_is_taken_if_it_is_free_displaces_nobody(policy: ControlPolicy) -> None:
    """Nobody is asked for it either."""
    room = make_room(policy)
    program, person = enter(room, 'program'), enter(room, 'person')
    request(room, person, TAKE)

    assert request(room, program, TAKE, if_free=True) == {'program': 'person has control'}
    request(room, person, RELEASE)
    assert request(room, program, TAKE, if_free=True) == {'program': None}
    assert request(room, program, TAKE, if_free=True) == {'program': None}


def test_too_many_requests_are_refused_and_disturb_nobody() -> None:
    """Each driver has its own limit; a release is never limited."""
    room = make_room(TAKE_AT_ONCE)
    mad, calm = enter(room, 'mad'), enter(room, 'calm')
    for _ in range(MAX_REQUESTS):
        assert request(room, mad, TAKE) == {'mad': None}
        assert request(room, mad, RELEASE) == {'mad': None}

    refusal = request(room, mad, TAKE)['mad']
    assert refusal == 'at most 5 requests about control each 1 s are accepted'
    assert holder(room) is None
    assert request(room, calm, TAKE) == {'calm': None}
    assert request(room, mad, TAKE, at_s=NOW.steady_s + REQUESTS_S) == {'mad': None}


# ----- joint values


def test_only_updates_of_the_holder_count() -> None:
    """Those of others change nothing, and reach only who asked for shadow updates."""
    room = make_room(TAKE_AT_ONCE)
    policy, person = enter(room, 'policy'), enter(room, 'person')
    recorder = room.join(Join('recorder', Role.CONSUMER, frozenset({Feature.SHADOWS})), NOW)
    robot = room.join(Join('robot', Role.CONSUMER), NOW)
    request(room, policy, TAKE)

    done, shadow = send(room, policy, elbow=1.0), send(room, person, elbow=2.0)

    assert done is not None
    assert done.recipients == (person, recorder, robot)
    entry: Entry = {'name': 'elbow', 'value': 2.0}
    assert shadow == Delivery((recorder,), ShadowUpdate((entry,), STAMP, 'person'))
    assert room.joints == {'elbow': 1.0}


def test_an_update_from_before_its_sender_knew_of_its_control_has_no_effect() -> None:
    """It was computed for another pose of the robot, so it is a shadow update."""
    room = make_room(TAKE_AT_ONCE)
    policy, person = enter(room, 'policy'), enter(room, 'person')
    request(room, person, TAKE)
    known = room.control_state(NOW).number
    request(room, person, GIVE, 'policy')
    early, late = (
        JointUpdate(({'name': 'elbow', 'value': value},), control=number)
        for value, number in ((1.0, known), (2.0, known + 1))
    )

    room.handle(policy, early, NOW)
    assert room.joints == {}
    room.handle(policy, late, NOW)
    assert room.joints == {'elbow': 2.0}


def test_a_shadow_is_not_sent_back_to_its_sender() -> None:
    """It knows what it has sent."""
    room = make_room(TAKE_AT_ONCE)
    policy = enter(room, 'policy', Feature.SHADOWS)

    assert send(room, policy, elbow=1.0) is None


def test_updates_of_a_viewer_are_ignored() -> None:
    """Only drivers have shadow updates."""
    room = make_room(FIRST)
    viewer = room.join(Join('viewer', Role.CONSUMER, frozenset({Feature.CONTROL})), NOW)
    room.join(Join('recorder', Role.CONSUMER, frozenset({Feature.SHADOWS})), NOW)

    assert send(room, viewer, elbow=1.0) is None
    error = ProtocolError('smoke', reason='value')
    assert room.refusal_of(viewer, error) is None
    assert room.refusal_of(enter(room, 'person'), error) == 'Failed to process joint update'


@pytest.mark.parametrize(
    'entries',
    [
        [{'name': 'x' * 51, 'value': 1.0}],
        [{'name': f'j{number}', 'value': 1.0} for number in range(4)],
        [{'name': 'elbow', 'value': 1.0, 'note': 'x' * 2000}],
    ],
    ids=['long name', 'too many joints', 'long entry'],
)
def test_a_shadow_has_the_limits_of_an_update(entries: list[Entry]) -> None:
    """Otherwise it could fill the memory of the server and of who asked for it."""
    room = make_room(FIRST, limits=Limits(joints=3))
    person = enter(room, 'person')
    room.join(Join('recorder', Role.CONSUMER, frozenset({Feature.SHADOWS})), NOW)

    with pytest.raises(ProtocolError):
        room.handle(person, JointUpdate(tuple(entries)), NOW)


def test_a_public_producer_is_told_once_that_it_has_no_effect() -> None:
    """It cannot know otherwise. It is told again after the next change."""
    room = make_room(TAKE_AT_ONCE)
    leader = produce(room, 'leader')
    person = enter(room, 'person')
    for number in range(2):
        request(room, person, TAKE, at_s=NOW.steady_s + number)
        told = send(room, leader, elbow=1.0)
        assert told is not None
        assert isinstance(told.message, ErrorReply)
        assert told.message.code == 'not_in_control'
        assert told.message.message.startswith('person has control of this room')
        assert send(room, leader, elbow=2.0) is None
        request(room, person, GIVE, 'leader', at_s=NOW.steady_s + number)
        assert send(room, leader, elbow=3.0 + number) is not None

    request(room, person, TAKE, at_s=NOW.steady_s + 9)
    request(room, person, RELEASE)
    told = send(room, leader, elbow=1.0)
    assert told is not None
    assert isinstance(told.message, ErrorReply)
    assert told.message.message.startswith('Nobody has control')


def test_the_first_value_of_each_joint_of_a_new_driver_is_passed_on() -> None:
    """
    Also if the room has the same value.

    A robot that lags behind follows only what the new driver has sent, so it would stay where it
    is.
    """
    room = make_room(TAKE_AT_ONCE)
    policy, person = enter(room, 'policy'), enter(room, 'person')
    request(room, policy, TAKE)
    send(room, policy, elbow=1.0, wrist=0.5)
    request(room, person, TAKE)

    first = send(room, person, elbow=1.0)
    assert first is not None
    assert first.message == JointUpdate(({'name': 'elbow', 'value': 1.0},), STAMP, 'person')
    assert send(room, person, elbow=1.0) is None
    assert send(room, person, elbow=1.0, wrist=0.5) is not None


def test_a_producer_that_joins_is_a_new_driver() -> None:
    """The arm may have stopped on its way to the stored value."""
    room = make_room(TAKE_AT_ONCE)
    person = enter(room, 'person')
    request(room, person, TAKE)
    send(room, person, elbow=1.0)
    room.leave(person, NOW)
    leader = produce(room, 'leader')

    assert send(room, leader, elbow=1.0) is not None
    assert send(room, leader, elbow=1.0) is None


def test_a_numbered_update_has_only_joints_of_the_present_driver() -> None:
    """The values of the driver before must not appear under the name of the new one."""
    room = make_room(TAKE_AT_ONCE)
    policy, person = enter(room, 'policy'), enter(room, 'person')
    room.join(Join('robot', Role.CONSUMER, frozenset({Feature.FAST_LANE})), NOW)
    request(room, policy, TAKE)
    send(room, policy, elbow=1.0, wrist=0.5)
    request(room, person, TAKE)

    delivery = send(room, person, elbow=2.0)

    assert delivery is not None
    assert delivery.numbered is not None
    assert delivery.numbered.values == {'elbow': 2.0}
    assert delivery.numbered.seq == 1 == room.control_state(NOW).number - 1


def test_the_state_tells_which_updates_are_from_before() -> None:
    """A lane may deliver an update of the driver before after the hand-over."""
    room = make_room(TAKE_AT_ONCE)
    policy, person = enter(room, 'policy'), enter(room, 'person')
    room.join(Join('robot', Role.CONSUMER, frozenset({Feature.FAST_LANE})), NOW)
    request(room, policy, TAKE)
    before = send(room, policy, elbow=1.0)
    request(room, person, TAKE)
    seq = room.control_state(NOW).seq
    after = send(room, person, elbow=2.0)

    assert before is not None and before.numbered is not None and before.numbered.seq is not None
    assert after is not None and after.numbered is not None
    assert before.numbered.seq < (seq or 0) == after.numbered.seq


def test_each_driver_has_numbers_of_its_own() -> None:
    """A copy of an update that arrived as a shadow counts neither twice nor later."""
    room = make_room(TAKE_AT_ONCE)
    policy = enter(room, 'policy', Feature.FAST_LANE)
    person = enter(room, 'person', Feature.FAST_LANE)
    request(room, policy, TAKE)

    def numbered(value: float, seq: int) -> JointUpdate:
        return JointUpdate(({'name': 'elbow', 'value': value},), seq=seq)

    assert room.handle(policy, numbered(1.0, 50), NOW) is not None
    assert room.handle(person, numbered(2.0, 3), NOW) is None
    request(room, person, TAKE)
    assert room.handle(person, numbered(2.0, 3), NOW) is None
    assert room.handle(person, numbered(2.5, 4), NOW) is not None
    assert room.joints == {'elbow': 2.5}


def test_a_command_over_rest_is_refused_with_the_name_of_the_holder() -> None:
    """It is accepted again when nobody has control."""
    room = make_room(FIRST)
    person = enter(room, 'person')
    request(room, person, TAKE)
    entry: Entry = {'name': 'elbow', 'value': 1.0}

    with pytest.raises(RoleTaken, match="is controlled by 'person'") as refused:
        room.command((entry,), NOW)
    request(room, person, RELEASE)

    assert refused.value.holder == 'person'
    assert room.command((entry,), NOW) is not None


def test_a_heartbeat_is_answered_with_whether_somebody_has_control() -> None:
    """A robot without the feature holds while nobody drives, as without a producer."""
    room = make_room(FIRST)
    person = enter(room, 'person')
    viewer = room.join(Join('viewer', Role.CONSUMER), NOW)

    def has_producer() -> bool | None:
        answer = room.handle(viewer, Heartbeat(), NOW)
        assert answer is not None
        assert isinstance(answer.message, HeartbeatAck)
        return answer.message.has_producer

    assert has_producer() is False
    request(room, person, TAKE)
    assert has_producer() is True
    request(room, person, RELEASE)
    assert has_producer() is False


def test_a_member_that_joins_is_told_once_who_has_control() -> None:
    """After ``joined``; the others are told that there is another driver."""
    room = make_room(FIRST)
    policy = enter(room, 'policy')
    request(room, policy, TAKE)

    person = room.join(Join('person', Role.CONSUMER, OPERATING), NOW)
    told = [each for each in room.welcome(person, NOW) if isinstance(each, ControlState)]
    (news,) = room.take_news(NOW)

    assert [state.holder for state in told] == ['policy']
    assert news.recipients == (policy,)
    assert isinstance(news.message, ControlState)
    assert news.message.drivers == ('policy', 'person')


def test_the_log_is_told_of_each_change_once() -> None:
    """The audit log has who got control, and why."""
    room = make_room(FIRST)
    person = enter(room, 'person')
    assert room.take_change(NOW) is None
    request(room, person, TAKE)

    assert room.take_change(NOW) == {'holder': 'person', 'change': 'taken'}
    assert room.take_change(NOW) is None
    request(room, person, RELEASE)
    assert room.take_change(NOW) == {'holder': '', 'change': 'released'}
