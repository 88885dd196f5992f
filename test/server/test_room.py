# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""One room: its members, its stored state, and the routing of messages."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
import pytest

from lerobot_arena_ros.arena.errors import JoinRefused, ProtocolError, RoleTaken
from lerobot_arena_ros.arena.features import Feature
from lerobot_arena_ros.arena.messages import (
    EmergencyStop,
    Entry,
    ErrorReply,
    Heartbeat,
    HeartbeatAck,
    Join,
    Joined,
    JointUpdate,
    LastStop,
    ResetStop,
    RobotReport,
    Role,
    StateSync,
    Unknown,
)
from lerobot_arena_ros.arena.robot_state import Refusal, RobotJoint, RobotState
from lerobot_arena_ros.server.rooms.base_room import Delivery, Member, Now
from lerobot_arena_ros.server.rooms.limits import Limits
from lerobot_arena_ros.server.rooms.room import Room

NOW = Now(100.0, '2026-01-31T10:15:30+00:00')


def make_room(limits: Limits | None = None, max_consumers: int | None = None) -> Room:
    """Return an empty room."""
    return Room('lab', 'arm', NOW, limits=limits or Limits(), max_consumers=max_consumers)


def produce(room: Room, participant_id: str = 'leader') -> Member:
    """Join as a producer."""
    return room.join(Join(participant_id, Role.PRODUCER), NOW)


def consume(room: Room, participant_id: str = 'ros') -> Member:
    """Join as a consumer."""
    return room.join(Join(participant_id, Role.CONSUMER), NOW)


def at(steady_s: float) -> Now:
    """Return an instant."""
    return Now(steady_s, NOW.stamp)


def entry(name: str, value: float, **more: object) -> Entry:
    """Return one joint entry of an update."""
    return {'name': name, 'value': value, **more}


def test_a_producer_is_welcomed_with_joined_only() -> None:
    """A producer gets only ``joined``, because it does not need the state of the room."""
    room = make_room()

    assert room.welcome(produce(room), NOW) == (Joined('arm', 'lab', Role.PRODUCER, NOW.stamp),)


def test_a_consumer_is_welcomed_with_the_state_and_then_joined() -> None:
    """A consumer gets the state first and ``joined`` second, as the protocol requires."""
    room = make_room()
    room.update((entry('Jaw', 40.0),), 'api', NOW)

    assert room.welcome(consume(room), NOW) == (
        StateSync({'Jaw': 40.0}, NOW.stamp),
        Joined('arm', 'lab', Role.CONSUMER, NOW.stamp),
    )


def test_an_update_goes_to_every_consumer_and_not_back() -> None:
    """An update is delivered to all consumers, and not to the producer that sent it."""
    room = make_room()
    producer, first, second = produce(room), consume(room, 'a'), consume(room, 'b')

    delivery = room.handle(producer, JointUpdate.of({'Jaw': 1.0}), NOW)

    assert delivery is not None
    assert delivery.recipients == (first, second)
    assert delivery.message == JointUpdate((entry('Jaw', 1.0),), NOW.stamp, 'leader')


def test_only_changed_entries_are_forwarded_unmodified() -> None:
    """Changed entries are forwarded in their order, with all other keys."""
    room = make_room()
    producer = produce(room)
    room.handle(producer, JointUpdate.of({'a': 1.0, 'b': 2.0}), NOW)
    changed = entry('c', 0.0, speed=50, index=2), entry('a', 1.5, index=0)

    delivery = room.handle(producer, JointUpdate((changed[0], entry('b', 2), changed[1])), NOW)

    assert delivery is not None
    assert delivery.message == JointUpdate(changed, NOW.stamp, 'leader')


def test_an_update_without_changes_is_not_forwarded() -> None:
    """An update that changes no value is not forwarded, even with another speed."""
    room = make_room()
    producer = produce(room)
    room.handle(producer, JointUpdate.of({'a': 1.0}), NOW)

    assert room.handle(producer, JointUpdate((entry('a', 1, speed=9),)), NOW) is None


def test_a_stamp_is_forwarded_and_stored() -> None:
    """Each consumer gets the stamp with the changed joints, and one that joins later too."""
    room = make_room()
    producer, consumer = produce(room), consume(room)

    delivery = room.handle(producer, JointUpdate.of({'a': 1.0}, stamp_ns=7), NOW)

    assert delivery is not None
    assert delivery.recipients == (consumer,)
    assert delivery.message == JointUpdate((entry('a', 1.0),), NOW.stamp, 'leader', stamp_ns=7)
    assert room.welcome(consumer, NOW)[0] == StateSync({'a': 1.0}, NOW.stamp, stamp_ns=7)
    room.clear_memory()
    assert room.welcome(consumer, NOW)[0] == StateSync({}, NOW.stamp)


def test_a_new_stamp_alone_is_sent_to_those_that_requested_stamps() -> None:
    """A robot at rest is still measured; a public consumer gets no update without joints."""
    room = make_room()
    producer = produce(room)
    consume(room, 'public')
    policy = watch(room, 'policy', Feature.STAMPS)
    room.handle(producer, JointUpdate.of({'a': 1.0}, stamp_ns=7), NOW)

    assert room.handle(producer, JointUpdate.of({'a': 1.0}, stamp_ns=7), NOW) is None
    delivery = room.handle(producer, JointUpdate.of({'a': 1.0}, stamp_ns=8), NOW)

    assert delivery is not None
    assert delivery.recipients == (policy,)
    assert delivery.message == JointUpdate((), NOW.stamp, 'leader', stamp_ns=8)
    assert room.welcome(policy, NOW)[0] == StateSync({'a': 1.0}, NOW.stamp, stamp_ns=8)


def test_values_without_a_stamp_replace_the_stamp() -> None:
    """A command over REST, or another producer, must not be stored with an older stamp."""
    room = make_room()
    producer, consumer = produce(room), consume(room)
    room.handle(producer, JointUpdate.of({'a': 1.0}, stamp_ns=7), NOW)

    room.handle(producer, JointUpdate.of({'a': 2.0}), NOW)

    assert room.welcome(consumer, NOW)[0] == StateSync({'a': 2.0}, NOW.stamp)


def test_a_joint_named_twice_is_compared_with_its_first_value() -> None:
    """Two entries of a joint are both forwarded if they differ; the last one is stored."""
    room = make_room()
    twice = entry('a', 1.0), entry('a', 1.0, index=1), entry('a', 0.0)

    delivery = room.update(twice, 'api', NOW)

    assert delivery is not None
    assert delivery.message == JointUpdate((twice[0], twice[2]), NOW.stamp, 'api')
    assert room.joints == {'a': 0.0}


def test_the_state_outlives_the_producer() -> None:
    """A consumer that joins after the producer has left gets the last values."""
    room = make_room()
    producer = produce(room)
    room.handle(producer, JointUpdate.of({'a': 1.0}), NOW)
    room.leave(producer, NOW)

    assert room.joints == {'a': 1.0}
    assert room.producer is None


def test_a_consumers_update_is_ignored() -> None:
    """The room ignores joint updates from consumers."""
    room = make_room()
    consumer = consume(room)

    assert room.handle(consumer, JointUpdate.of({'a': 1.0}), NOW) is None
    assert room.joints == {}


@pytest.mark.parametrize(
    'bad',
    [entry('x' * 51, 1.0), entry('x', 1.0, note=float('inf')), entry('new', 2.0)],
    ids=['name too long', 'infinity in another key', 'one joint too many'],
)
def test_an_invalid_update_changes_nothing(bad: Entry) -> None:
    """No value of an invalid update is stored, so a later valid one is still a change."""
    room = make_room(Limits(joints=2))
    producer = produce(room)
    room.handle(producer, JointUpdate.of({'a': 1.0}), NOW)

    with pytest.raises(ProtocolError):
        room.handle(producer, JointUpdate((entry('a', 5.0), entry('b', 5.0), bad)), NOW)

    assert room.joints == {'a': 1.0}


def test_an_error_names_the_refused_joints() -> None:
    """The error names the refused joints, so that the sender can send the others."""
    room = make_room(Limits(joints=3))
    producer = produce(room)

    with pytest.raises(ProtocolError) as long:
        room.handle(producer, JointUpdate.of({'a': 1.0, 'x' * 54: 1.0, 'y' * 51: 1.0}), NOW)
    assert long.value.joints == {
        'x' * 54: 'a name has at most 50 characters, got 54',
        'y' * 51: 'a name has at most 50 characters, got 51',
    }
    room.handle(producer, JointUpdate.of({'a': 1.0}), NOW)
    with pytest.raises(ProtocolError) as many:
        room.handle(producer, JointUpdate.of({'e': 1.0, 'd': 1.0, 'a': 2.0, 'c': 1.0}), NOW)
    assert many.value.joints == {'c': 'the room remembers at most 3 joints'}

    room.handle(producer, JointUpdate.of({'e': 1.0, 'd': 1.0, 'a': 2.0}), NOW)
    assert room.joints == {'a': 2.0, 'e': 1.0, 'd': 1.0}


def test_the_size_of_one_entry_is_limited() -> None:
    """One large entry is refused; an update of many small entries is accepted."""
    room = make_room()
    producer = produce(room)
    many = tuple(entry(f'{number:0>50}', 1.0, index=number) for number in range(900))

    assert room.handle(producer, JointUpdate(many), NOW) is not None
    with pytest.raises(ProtocolError, match="joint 'a': .* at most 2000 characters, got 2"):
        room.handle(producer, JointUpdate((entry('a', 1.0, note='x' * 2000),)), NOW)
    assert 'a' not in room.joints


def test_an_emergency_stop_goes_to_all_members_and_its_sender() -> None:
    """A stop is delivered to consumers first, with the id of its actual sender."""
    room = make_room()
    producer, consumer = produce(room), consume(room)

    delivery = room.handle(consumer, EmergencyStop('smoke', source='leader'), NOW)

    assert delivery is not None
    assert delivery.recipients == (consumer, producer)
    assert delivery.message == EmergencyStop('smoke', 'ros', NOW.stamp)


def test_an_emergency_stop_without_a_reason_gets_one() -> None:
    """A stop without a reason gets a reason that names its sender."""
    room = make_room()

    delivery = room.handle(produce(room), EmergencyStop(), NOW)

    assert delivery is not None
    assert delivery.message == EmergencyStop('Emergency stop from leader', 'leader', NOW.stamp)


def test_a_heartbeat_is_answered_with_the_producers_presence() -> None:
    """The answer reports to a consumer whether the room still has a producer."""
    room = make_room()
    producer, consumer = produce(room), consume(room)

    before = room.handle(consumer, Heartbeat(), NOW)
    room.leave(producer, NOW)
    after = room.handle(consumer, Heartbeat(), NOW)

    assert before == Delivery((consumer,), HeartbeatAck(NOW.stamp, has_producer=True))
    assert after == Delivery((consumer,), HeartbeatAck(NOW.stamp, has_producer=False))


def test_an_unknown_type_is_an_error_to_its_sender_only() -> None:
    """Only the sender of an unknown message gets an error."""
    room = make_room()
    producer = produce(room)
    consume(room)

    delivery = room.handle(producer, Unknown('dance'), NOW)

    expected = ErrorReply('Unknown message type: dance', NOW.stamp, 'unknown_type')
    assert delivery == Delivery((producer,), expected)


def test_a_message_type_of_servers_is_ignored() -> None:
    """The room ignores message types that only servers send."""
    room = make_room()
    producer = produce(room)

    for kind in ('joined', 'error', 'state_sync', 'heartbeat_ack', 'status_update'):
        assert room.handle(producer, Unknown(kind), NOW) is None


def test_a_second_producer_is_refused_with_the_name_of_the_first() -> None:
    """A second producer is refused, and the first one stays."""
    room = make_room()
    first = produce(room)

    with pytest.raises(RoleTaken) as caught:
        produce(room, 'other')

    assert caught.value.holder == 'leader'
    assert room.producer is first


@pytest.mark.parametrize('role', list(Role))
def test_an_id_can_be_used_by_one_member_of_any_role(role: Role) -> None:
    """A join with an id in use is refused, and the holder stays."""
    room = make_room()
    holder = consume(room, 'ros')

    with pytest.raises(JoinRefused):
        room.join(Join('ros', role), NOW)

    assert room.members == (holder,)


def test_an_id_may_be_in_two_rooms() -> None:
    """Ids are unique only within one room, so leaving one room does not affect another."""
    here, there = make_room(), make_room()
    produce(here, 'ros')
    other = produce(there, 'ros')

    there.leave(other, NOW)

    assert here.producer is not None


def test_a_participant_id_has_at_most_100_characters() -> None:
    """A join with an id of 101 characters is refused."""
    room = make_room()
    consume(room, 'x' * 100)

    with pytest.raises(ProtocolError, match='at most 100'):
        consume(room, 'x' * 101)


def test_no_participant_has_the_name_of_commands_over_rest() -> None:
    """The id "api" is refused, because it marks joint updates from REST."""
    with pytest.raises(ProtocolError, match="participant_id 'api' stands for commands over REST"):
        consume(make_room(), 'api')


def test_a_full_room_refuses_all_joins() -> None:
    """A full room refuses joins of each role."""
    room = make_room(Limits(members=2))
    consume(room, 'a')
    consume(room, 'b')

    for role in Role:
        with pytest.raises(JoinRefused, match='at most 2 participants'):
            room.join(Join('c', role), NOW)


def test_half_of_a_small_room_is_reserved_for_drivers() -> None:
    """Half of a small room is reserved, but a room of one place accepts any participant."""
    room = make_room(Limits(members=4))

    for name, may_drive in (('a', False), ('b', False), ('c', True), ('d', True)):
        if may_drive:
            with pytest.raises(JoinRefused, match='reserves its last 2 places for tokens'):
                room.join(Join('late', Role.CONSUMER), NOW, may_drive=False)
        room.join(Join(name, Role.CONSUMER), NOW, may_drive=may_drive)
    only = make_room(Limits(members=1)).join(Join('a', Role.CONSUMER), NOW, may_drive=False)
    assert only.participant_id == 'a'


def test_the_limit_of_consumers_of_the_creator_is_enforced() -> None:
    """The limit of consumers does not count the producer."""
    room = make_room(max_consumers=1)
    produce(room)
    consume(room, 'a')

    with pytest.raises(JoinRefused, match='at most 1 consumers'):
        consume(room, 'b')


def test_rivals_of_a_join() -> None:
    """The rivals are the holder of the role and the holder of the id."""
    room = make_room()
    producer, consumer = produce(room), consume(room)

    assert room.rivals(Join('new', Role.PRODUCER)) == (producer,)
    assert room.rivals(Join('ros', Role.PRODUCER)) == (producer, consumer)
    assert room.rivals(Join('ros', Role.CONSUMER)) == (consumer,)
    assert room.rivals(Join('new', Role.CONSUMER)) == ()


def test_leaving_twice_removes_no_other_member() -> None:
    """A second leave of a former producer does not remove the current one."""
    room = make_room()
    former = produce(room)
    room.leave(former, NOW)
    present = produce(room)

    room.leave(former, NOW)

    assert room.producer is present


def test_messages_of_a_former_member_are_ignored() -> None:
    """No message of a former member has an effect, not even an emergency stop."""
    room = make_room()
    former = produce(room)
    consume(room)
    room.leave(former, NOW)

    for message in (JointUpdate.of({'a': 1.0}), EmergencyStop(), Heartbeat(), report()):
        assert room.handle(former, message, NOW) is None
    assert (room.joints, room.last_stop, room.robots) == ({}, None, ())


def test_a_dissolved_room_notifies_its_members_and_ignores_them() -> None:
    """All members get an error, and their later messages have no effect."""
    room = make_room()
    producer, consumer = produce(room), consume(room)

    delivery = room.dissolve(NOW)

    assert delivery.recipients == (producer, consumer)
    assert delivery.message == ErrorReply('Room deleted', NOW.stamp, 'room_deleted')
    assert room.handle(producer, JointUpdate.of({'a': 1.0}), NOW) is None


def test_recipients_are_a_snapshot() -> None:
    """A member that leaves during a delivery does not change the list of recipients."""
    room = make_room()
    producer, first, second = produce(room), consume(room, 'a'), consume(room, 'b')
    delivery = room.handle(producer, JointUpdate.of({'a': 1.0}), NOW)

    room.leave(first, NOW)

    assert delivery is not None
    assert delivery.recipients == (first, second)


def test_a_room_is_idle_an_hour_after_the_last_message() -> None:
    """A room is idle an hour after the last message or join."""
    room = make_room()
    consumer = consume(room)
    room.handle(consumer, Heartbeat(), at(1000.0))

    assert not room.is_idle(at(9999.0))
    room.leave(consumer, NOW)
    assert not room.is_idle(at(4600.0))
    assert room.is_idle(at(4600.1))


def watch(room: Room, participant_id: str, *features: Feature) -> Member:
    """Join as a consumer with these features; with all features if none are given."""
    known = frozenset(features or Feature)
    return room.join(Join(participant_id, Role.CONSUMER, known), NOW)


def report(gate: str = 'active', joints: int = 1, cause: str = 'live') -> RobotReport:
    """Return a robot state as a robot sends it."""
    arm = tuple(RobotJoint(f'joint {number}', 'degrees') for number in range(joints))
    return RobotReport(RobotState('/arm', 'pc', gate, cause, joints=arm))


def delivered(source: str, message: RobotReport) -> RobotReport:
    """Return the robot state as the room delivers it."""
    return RobotReport(message.state, source, NOW.stamp)


def test_a_member_gets_its_features() -> None:
    """``joined`` lists the features that the member named, because the server supports all."""
    room = make_room()

    member = watch(room, 'ros', Feature.LAST_STOP)
    *_, joined = room.welcome(member, NOW)

    assert member.features == {Feature.LAST_STOP}
    assert joined == Joined('arm', 'lab', Role.CONSUMER, NOW.stamp, member.features)


def test_a_member_that_joins_gets_the_last_stop() -> None:
    """``joined`` has the last stop with its age, even if its sender has left."""
    room = make_room()
    former, late = produce(room), at(NOW.steady_s + 3.5)
    room.handle(former, EmergencyStop('first'), NOW)
    room.handle(former, EmergencyStop('smoke'), NOW)
    room.leave(former, NOW)
    room.clear_memory()

    *_, joined = room.welcome(watch(room, 'ros', Feature.LAST_STOP), late)
    *_, public = room.welcome(watch(room, 'other', Feature.ROBOT_STATE), late)

    assert isinstance(joined, Joined)
    assert joined.last_stop == LastStop('smoke', 'leader', NOW.stamp, 3.5)
    assert isinstance(public, Joined)
    assert public.last_stop is None


def test_a_robot_state_goes_to_all_other_members_with_the_feature() -> None:
    """A robot state is delivered to all members with the feature, except its sender."""
    room = make_room()
    leader = room.join(Join('leader', Role.PRODUCER, frozenset(Feature)), NOW)
    robot, viewer = watch(room, 'ros'), watch(room, 'viewer', Feature.ROBOT_STATE)
    consume(room, 'public')
    watch(room, 'other', Feature.LAST_STOP)

    delivery = room.handle(robot, report(), NOW)

    assert delivery == Delivery((leader, viewer), delivered('ros', report()))


def test_a_member_that_joins_gets_the_newest_state_of_each_robot() -> None:
    """A member with the feature gets the robot states right after ``joined``."""
    room = make_room()
    for name in ('a', 'b'):
        room.handle(watch(room, name), report(), NOW)
    room.handle(room.consumers[0], report('stopped'), NOW)

    news = delivered('a', report('stopped')), delivered('b', report())
    features = frozenset(Feature) - {Feature.CONTROL}
    member = room.join(Join('leader', Role.PRODUCER, features), NOW)
    joined = Joined('arm', 'lab', Role.PRODUCER, NOW.stamp, features)
    assert room.welcome(member, NOW) == (joined, *news)
    viewer = watch(room, 'viewer', Feature.ROBOT_STATE)
    assert room.welcome(viewer, NOW)[2:] == news
    assert len(room.welcome(consume(room, 'public'), NOW)) == 2
    assert [robot.message for robot in room.robots] == list(news)


def test_a_robot_that_leaves_is_reported_once() -> None:
    """The others are notified of a robot that leaves, and not of other members."""
    room = make_room()
    robot, viewer = watch(room, 'ros'), watch(room, 'viewer')
    room.handle(robot, report(), NOW)

    assert room.leave(robot, NOW) == Delivery((viewer,), RobotReport(None, 'ros', NOW.stamp))
    assert room.leave(robot, NOW) is None
    assert room.robots == ()
    assert room.leave(viewer, NOW) is None


def test_a_dissolved_room_has_no_robots() -> None:
    """After a room is dissolved, its members leave without notifications."""
    room = make_room()
    robot = watch(room, 'ros')
    room.handle(robot, report(), NOW)

    room.dissolve(NOW)

    assert room.robots == ()
    assert room.leave(robot, NOW) is None


@pytest.mark.parametrize(
    'bad',
    [
        report(joints=5),
        report(cause='x' * 65_536),
        RobotReport(
            RobotState('', '', 'active', '', refused=(Refusal('a', 1.0, 'no'),) * 5),
        ),
    ],
    ids=['joints', 'characters', 'refusals'],
)
def test_a_state_that_is_too_large_is_refused(bad: RobotReport) -> None:
    """A robot state above the limit is refused, and the previous one stays stored."""
    room = make_room(Limits(joints=4))
    robot = watch(room, 'ros')
    room.handle(robot, report(joints=4), NOW)

    with pytest.raises(ProtocolError, match='at most') as caught:
        room.handle(robot, bad, NOW)

    assert caught.value.reason == 'robot_state'
    assert [known.message for known in room.robots] == [delivered('ros', report(joints=4))]


def test_a_reset_goes_to_the_robot_that_it_names() -> None:
    """Only the named robot gets the request, with the id of its sender."""
    room = make_room()
    robot, viewer = watch(room, 'ros'), watch(room, 'viewer', Feature.REMOTE_RESET)
    watch(room, 'other')

    delivery = room.handle(viewer, ResetStop('ros', source='leader'), NOW)

    assert delivery == Delivery((robot,), ResetStop(None, 'viewer', NOW.stamp))


@pytest.mark.parametrize('to', ['nobody', 'public', 'elsewhere', 'former', None])
def test_a_reset_without_a_robot_that_allows_it_is_an_error(to: str | None) -> None:
    """A robot that is absent, in another room or without the feature causes an error."""
    room = make_room()
    viewer = watch(room, 'viewer')
    watch(make_room(), 'elsewhere')
    watch(room, 'public', Feature.ROBOT_STATE)
    room.leave(watch(room, 'former'), NOW)

    delivery = room.handle(viewer, ResetStop(to), NOW)

    text = f'No robot {to!r} in this room allows a reset from the room'
    assert delivery == Delivery((viewer,), ErrorReply(text, NOW.stamp, 'no_such_robot'))


updates = st.lists(
    st.tuples(st.sampled_from('abc'), st.integers(-2, 2) | st.floats(-2, 2)), max_size=6
)


@given(st.lists(updates, max_size=8))
def test_a_consumer_that_merges_has_the_state_of_the_room(
    sent: list[list[tuple[str, float]]],
) -> None:
    """Forwarding only changes loses no state."""
    room = make_room()
    producer = produce(room)
    consume(room)
    known: dict[str, float] = {}

    for pairs in sent:
        message = JointUpdate(tuple(entry(name, value) for name, value in pairs))
        delivery = room.handle(producer, message, NOW)
        if delivery is not None:
            assert isinstance(delivery.message, JointUpdate)
            known.update(delivery.message.values)

    assert known == room.joints
