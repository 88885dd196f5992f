# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""The protocol of one participant: frames and times in, events and frames out."""

from __future__ import annotations

from dataclasses import replace
import json

import pytest

from lerobot_arena_ros.arena.errors import ConnectionLost, JoinRefused
from lerobot_arena_ros.arena.features import Feature
from lerobot_arena_ros.arena.messages import (
    EmergencyStop,
    ErrorReply,
    Join,
    Joined,
    JointUpdate,
    LastStop,
    Role,
    RoomInfo,
    StateSync,
)
from lerobot_arena_ros.arena.session import Event, Late, LinkTiming, Malformed, Presence, Session

TIMING = LinkTiming(heartbeat_period_s=0.5, timeout_s=1.5)
STAMP = '2026-01-31T10:15:30.123456+00:00'


def frame(kind: str, **fields: object) -> str:
    """Return a frame from the server."""
    return json.dumps({'type': kind, 'timestamp': STAMP, **fields})


JOINED = frame('joined', room_id='arm-7', workspace_id='lab', role='consumer')
STATE = frame('state_sync', data={'Rotation': 12.5})
UPDATE = frame('joint_update', data=[{'name': 'Jaw', 'value': 40}], source='leader')


def new_session(now: float = 100.0) -> Session:
    """Return a session that has not joined."""
    return Session(Join('ros-1', Role.CONSUMER), TIMING, now)


def joined_session(now: float = 100.0) -> Session:
    """Return a session that joined at the given time."""
    session = new_session(now)
    session.receive(JOINED, now)
    assert session.is_joined
    return session


def test_the_first_frame_asks_to_join() -> None:
    """The first frame contains the participant's id and role."""
    assert json.loads(new_session().first_frame()) == {
        'participant_id': 'ros-1',
        'role': 'consumer',
    }


def test_joined_comes_out_first() -> None:
    """Messages that arrive before ``joined`` are returned after it, in order."""
    session = new_session()

    assert session.receive(STATE, 100.1) == []
    assert session.receive(UPDATE, 100.2) == []
    assert not session.is_joined
    events = session.receive(JOINED, 100.3)

    assert session.is_joined
    assert events == [
        Joined('arm-7', 'lab', Role.CONSUMER, STAMP),
        StateSync({'Rotation': 12.5}, STAMP),
        JointUpdate(({'name': 'Jaw', 'value': 40},), STAMP, 'leader'),
    ]


def test_a_stop_before_joined_is_not_lost() -> None:
    """A stop that arrives before ``joined`` is returned after it."""
    session = new_session()

    session.receive(frame('emergency_stop', reason='smoke', source='leader'), 100.1)
    events = session.receive(JOINED, 100.2)

    assert events[1:] == [EmergencyStop('smoke', 'leader', STAMP)]


def test_an_error_before_joined_is_a_refusal() -> None:
    """JoinRefused has the message of the server."""
    session = new_session()

    with pytest.raises(JoinRefused, match='Cannot join room'):
        session.receive('{"type":"error","message":"Cannot join room"}', 100.1)

    assert not session.is_joined


def test_an_error_after_joined_is_an_event() -> None:
    """An error message does not end the session."""
    session = joined_session()

    events = session.receive(frame('error', message='Unknown message type: x'), 101.0)

    assert events == [ErrorReply('Unknown message type: x', STAMP)]


@pytest.mark.parametrize(
    ('bad', 'reason'),
    [
        pytest.param(b'\x00\x01', 'binary', id='binary'),
        pytest.param('', 'json', id='empty'),
        pytest.param('{"type":', 'json', id='half an object'),
        pytest.param('[]', 'json', id='no object'),
        pytest.param('{"type":"joint_update","data":{"a":1}}', 'shape', id='no list'),
        pytest.param('{"type":"joint_update","data":[{"value":1}]}', 'name', id='no name'),
        pytest.param(
            '{"type":"joint_update","data":[{"name":"a","value":NaN},{"name":"","value":1}]}',
            'value',
            id='NaN',
        ),
        pytest.param('{"type":"joined","role":"king"}', 'shape', id='unknown role'),
        pytest.param('{"type":"state_sync","data":[]}', 'shape', id='no state'),
    ],
)
def test_a_bad_frame_is_dropped_and_reported(bad: str | bytes, reason: str) -> None:
    """An invalid frame is one Malformed event with its reason."""
    session = joined_session()

    (event,) = session.receive(bad, 101.0)

    assert isinstance(event, Malformed)
    assert event.reason == reason
    assert event.detail
    assert session.receive(UPDATE, 101.1) == [
        JointUpdate(({'name': 'Jaw', 'value': 40},), STAMP, 'leader')
    ]


def test_a_bad_frame_does_not_prevent_the_join() -> None:
    """An invalid frame before ``joined`` is reported after it."""
    session = new_session()

    session.receive('nonsense', 100.1)
    events = session.receive(JOINED, 100.2)

    assert [type(event) for event in events] == [Joined, Malformed]


def test_an_unknown_type_is_skipped() -> None:
    """A message of an unknown type is ignored, because a newer server may send it."""
    session = joined_session()

    assert session.receive(frame('participant_joined', who='x'), 101.0) == []
    assert session.receive('{"no type": true}', 101.1) == []


ACK = frame('heartbeat_ack', has_producer=True)


def test_heartbeats_come_at_their_period() -> None:
    """The first heartbeat is due at once, and each further one a period later."""
    session = joined_session(now=100.0)

    beats = {}
    for now in (100.0, 100.1, 100.49, 100.5, 100.9, 101.0):
        beats[now] = session.heartbeat(now)
        session.receive(ACK, now)

    assert {now for now, beat in beats.items() if beat is not None} == {100.0, 100.5, 101.0}
    assert beats[100.0] == '{"type":"heartbeat"}'


def test_a_late_heartbeat_is_not_made_up_for() -> None:
    """A delayed shell sends one heartbeat, not all that were due meanwhile."""
    session = joined_session(now=100.0)
    session.heartbeat(100.0)
    session.receive(ACK, 100.0)

    assert session.heartbeat(107.3) is not None
    session.receive(ACK, 107.3)
    assert session.heartbeat(107.4) is None
    assert session.heartbeat(107.8) is not None


def test_one_heartbeat_is_unanswered_at_a_time() -> None:
    """Only one unnumbered heartbeat may be unanswered, so that the round trip is correct."""
    session = joined_session(now=100.0)
    session.heartbeat(100.0)

    assert session.heartbeat(100.5) is None
    assert session.heartbeat(101.0) is None
    assert session.receive(ACK, 101.25) == [Presence(True, 1.25)]
    assert session.heartbeat(101.5) is not None


def numbered_session() -> Session:
    """Return a session whose server repeats the numbers of heartbeats."""
    features = frozenset([Feature.HEARTBEAT_SEQ])
    timing = replace(TIMING, max_delay_s=0.75, answer_timeout_s=2.0)
    session = Session(Join('ros-1', Role.CONSUMER, features), timing, 100.0)
    session.receive(json.dumps({**json.loads(JOINED), 'features': ['heartbeat_seq']}), 100.0)
    return session


def test_a_numbered_answer_belongs_to_its_heartbeat() -> None:
    """With a growing delay, each answer gives the round trip of its own heartbeat."""
    session = numbered_session()
    beats = [session.heartbeat(100.0 + 0.5 * number) for number in range(3)]

    assert beats[2] == '{"type":"heartbeat","seq":3}'
    assert session.receive(frame('heartbeat_ack', seq=1), 101.25) == [Presence(None, 1.25)]
    assert session.receive(frame('heartbeat_ack', seq=2), 102.0) == [Presence(None, 1.5)]
    assert session.receive(frame('heartbeat_ack', seq=2), 102.25) == [Presence(None, None)]


def test_heartbeats_and_their_answers_are_counted() -> None:
    """The counts tell when everything that the server sent before an answer has arrived."""
    session = numbered_session()
    for number in range(3):
        session.heartbeat(100.0 + 0.5 * number)

    session.receive(frame('heartbeat_ack', seq=1), 101.25)

    assert (session.unanswered, session.answers) == (2, 1)


@pytest.mark.parametrize(('liveness_s', 'period_s'), [(0.75, 0.25), (60.0, 0.5), (None, 0.5)])
def test_heartbeats_are_as_frequent_as_the_server_needs_them(
    liveness_s: float | None, period_s: float
) -> None:
    """The liveness timeout of the server shortens the heartbeat period."""
    features = frozenset([Feature.HEARTBEAT_SEQ, Feature.LIVENESS])
    session = Session(Join('ros-1', Role.PRODUCER, features), TIMING, 100.0)
    answer = {**json.loads(JOINED), 'features': ['heartbeat_seq', 'liveness']}
    session.receive(json.dumps({**answer, 'liveness_s': liveness_s}), 100.0)

    session.heartbeat(100.0)

    assert session.next_heartbeat == 100.0 + period_s


def test_a_lost_answer_is_made_up_for_by_the_next_one() -> None:
    """If an answer is lost, the link is late until the next heartbeat is answered."""
    session = numbered_session()
    session.heartbeat(100.0)
    session.heartbeat(100.5)

    assert session.check(100.75) == Late(0.75)
    assert session.receive(frame('heartbeat_ack', seq=2), 100.75) == [Presence(None, 0.25)]
    assert session.check(101.0) is None
    assert session.next_check == 101.75


def test_a_delay_is_reported_once_for_each_heartbeat() -> None:
    """The next check is when the maximum delay expires; it reports the delay once."""
    timing = replace(TIMING, max_delay_s=0.3)
    session = Session(Join('ros-1', Role.CONSUMER), timing, 0.0)
    session.receive(JOINED, 0.0)
    assert session.next_check == pytest.approx(0.3)
    session.heartbeat(0.0)

    assert session.check(0.25) is None
    assert session.check(0.3125) == Late(0.3125)
    assert session.check(0.375) is None
    assert session.next_check == pytest.approx(1.5)
    session.receive(ACK, 0.5)
    session.heartbeat(0.5)
    assert session.check(0.875) == Late(0.375)


def test_each_late_heartbeat_is_reported_in_time() -> None:
    """A heartbeat after a late answer is reported when its own maximum delay expires."""
    timing = replace(TIMING, timeout_s=6.0, answer_timeout_s=6.0, max_delay_s=0.5)
    features = frozenset([Feature.HEARTBEAT_SEQ])
    session = Session(Join('ros-1', Role.CONSUMER, features), timing, 0.0)
    session.receive(json.dumps({**json.loads(JOINED), 'features': ['heartbeat_seq']}), 0.0)
    session.heartbeat(0.0)
    session.heartbeat(0.5)
    assert session.check(0.5) == Late(0.5)
    session.receive(frame('heartbeat_ack', seq=2), 0.75)

    session.heartbeat(1.0)
    assert session.next_check == 1.5
    assert session.check(1.5) == Late(0.5)


def test_a_heartbeat_that_the_server_dropped_is_not_waited_for_forever() -> None:
    """A heartbeat that a rate limiter dropped is given up, so that a new one is sent."""
    session = joined_session(now=100.0)
    session.heartbeat(100.0)

    assert session.heartbeat(101.0) is None
    session.receive(UPDATE, 101.25)
    assert session.heartbeat(101.5) is not None


def test_the_next_check_never_moves_to_earlier() -> None:
    """Sending a heartbeat does not move the next check to an earlier time."""
    timing = replace(TIMING, max_delay_s=0.3, answer_timeout_s=1.0)
    session = Session(Join('ros-1', Role.CONSUMER), timing, 0.0)
    session.receive(JOINED, 0.0)
    checks = [session.next_check]
    for tick in range(1, 40):
        now = tick * 0.05
        session.heartbeat(now)
        checks.append(session.next_check)
        if tick % 3 == 0:
            session.receive(ACK, now)
            checks.append(session.next_check)

    assert checks == sorted(checks)


def test_after_a_silence_only_a_stop_comes_out() -> None:
    """Frames that were queued while a process was frozen are dropped, except for stops."""
    session = joined_session(now=100.0)
    stop = frame('emergency_stop', source='somebody')

    assert session.receive(UPDATE, 103.0) == []
    assert [type(event) for event in session.receive(stop, 103.0)] == [EmergencyStop]
    assert session.receive(UPDATE, 103.0) == []
    session.restart_timeout(103.0)
    with pytest.raises(ConnectionLost, match='no answer from the server for 3.1 s'):
        session.check(103.1)


def test_a_pause_of_this_process_is_named() -> None:
    """The error of a late check contains how long this process was suspended."""
    session = joined_session(now=100.0)

    with pytest.raises(ConnectionLost, match='no answer .* for 5.5 s, while this process was'):
        session.check(105.5, paused_s=4.0)


def test_features_are_agreed_on() -> None:
    """The first frame has the features of the client, and the answer those that are enabled."""
    join = Join('ros-1', Role.CONSUMER, frozenset([Feature.LAST_STOP, Feature.ROBOT_STATE]))
    session = Session(join, TIMING, 0.0)
    assert json.loads(session.first_frame())['features'] == ['last_stop', 'robot_state']
    assert session.features == frozenset()

    stop = {'reason': 'x', 'source': 'y', 'timestamp': STAMP, 'age_s': 2.5}
    answer = {**json.loads(JOINED), 'features': ['last_stop', 'new'], 'last_stop': stop}
    session.receive(json.dumps(answer), 0.1)

    assert session.features == {Feature.LAST_STOP}
    assert session.last_stop == LastStop('x', 'y', STAMP, 2.5)


def test_silence_is_a_loss_at_the_deadline() -> None:
    """Silence is accepted until the timeout, and is a loss from then on."""
    session = joined_session(now=100.0)

    session.check(101.49)
    with pytest.raises(ConnectionLost, match=r'no answer .* for 1\.5 s'):
        session.check(101.5)


@pytest.mark.parametrize(
    'sign_of_life',
    [frame('heartbeat_ack'), UPDATE, 'nonsense', b'binary', frame('unheard of')],
    ids=['answer', 'update', 'no JSON', 'binary', 'unknown type'],
)
def test_any_frame_restarts_the_timeout(sign_of_life: str | bytes) -> None:
    """A frame of any content restarts the silence timeout."""
    session = joined_session(now=100.0)

    session.receive(sign_of_life, 101.4)

    session.check(102.8)
    with pytest.raises(ConnectionLost):
        session.check(102.9)


def test_reading_again_restarts_the_timeout() -> None:
    """The time in which the program handled an event does not count as silence."""
    session = joined_session(now=100.0)

    session.restart_timeout(105.0)

    session.check(106.4)
    with pytest.raises(ConnectionLost):
        session.check(106.5)


def test_reading_again_never_shortens_the_deadline() -> None:
    """An older time does not replace the time of a later frame."""
    session = joined_session(now=100.0)
    session.receive(UPDATE, 101.0)

    session.restart_timeout(100.2)

    session.check(102.4)


def test_the_next_heartbeat_and_the_next_check() -> None:
    """The shell can sleep until the earlier of the next heartbeat and the next check."""
    session = joined_session(now=100.0)
    assert (session.next_heartbeat, session.next_check) == (100.0, 101.5)

    session.heartbeat(100.0)
    session.receive(UPDATE, 100.3)

    assert (session.next_heartbeat, session.next_check) == (100.5, 101.8)


def test_presence_has_the_producer_and_the_round_trip() -> None:
    """The answer to a heartbeat reports the producer and the round trip."""
    session = joined_session(now=100.0)
    session.heartbeat(100.0)

    (event,) = session.receive(frame('heartbeat_ack', has_producer=True), 100.2)

    assert isinstance(event, Presence)
    assert event.has_producer is True
    assert event.round_trip_s == pytest.approx(0.2)
    assert not session.needs_polling


def test_the_round_trip_counts_from_the_oldest_unanswered_heartbeat() -> None:
    """Later heartbeats do not shorten the round trip of a slow answer."""
    session = joined_session(now=100.0)
    session.heartbeat(100.0)
    session.heartbeat(100.5)

    events = [session.receive(frame('heartbeat_ack'), now)[0] for now in (100.7, 100.71)]

    assert all(isinstance(event, Presence) for event in events)
    assert [round(e.round_trip_s or -1, 3) for e in events if isinstance(e, Presence)] == [0.7, -1]


@pytest.mark.parametrize('fields', [{}, {'has_producer': None}, {'has_producer': 'yes'}])
def test_a_server_that_does_not_report_the_producer_is_polled(fields: dict[str, object]) -> None:
    """The room is polled if the answer does not contain true or false."""
    session = joined_session(now=100.0)
    session.heartbeat(100.0)
    assert not session.needs_polling

    (event,) = session.receive(frame('heartbeat_ack', **fields), 100.1)

    assert isinstance(event, Presence)
    assert event.has_producer is None
    assert session.needs_polling


def polls(session: Session, *rooms: RoomInfo) -> list[bool | None]:
    """Pass the results of several polls to a session."""
    return [session.on_room_info(room, 100.0).has_producer for room in rooms]


PRESENT = RoomInfo('arm-7', 'leader', ('ros-1',))
ABSENT = RoomInfo('arm-7', None, ('ros-1',))
WITHOUT_US = RoomInfo('arm-7', 'leader', ('viz',))


def test_a_producer_is_gone_after_two_polls() -> None:
    """One poll without a producer has no effect, because the producer may be rejoining."""
    session = joined_session()

    assert polls(session, PRESENT, ABSENT, ABSENT, PRESENT) == [True, True, False, True]
    assert polls(session, ABSENT, PRESENT, ABSENT) == [True, True, True]


def test_not_being_listed_twice_is_a_loss() -> None:
    """A room that was created again answers, but does not list the participant."""
    session = joined_session()

    assert polls(session, WITHOUT_US, PRESENT, WITHOUT_US) == [True, True, True]
    with pytest.raises(ConnectionLost, match='the room was created again'):
        session.on_room_info(WITHOUT_US, 100.0)


def test_not_being_listed_nor_answered_is_an_eviction() -> None:
    """An evicted participant is not listed and gets no answers."""
    session = joined_session()
    session.heartbeat(100.0)

    assert polls(session, WITHOUT_US) == [True]
    with pytest.raises(ConnectionLost, match='evicted.*: no answer from the server for 1.5 s'):
        session.check(101.5)
    with pytest.raises(ConnectionLost, match='evicted'):
        session.on_room_info(WITHOUT_US, 101.0)


def test_a_pending_answer_delays_the_decision() -> None:
    """A heartbeat that was just sent cannot distinguish an eviction from a new room yet."""
    session = joined_session()
    session.heartbeat(100.0)

    assert polls(session, WITHOUT_US, WITHOUT_US) == [True, True]
    session.receive(frame('heartbeat_ack'), 100.1)
    with pytest.raises(ConnectionLost, match='the room was created again'):
        session.on_room_info(WITHOUT_US, 100.2)


def test_a_producer_is_listed_as_one() -> None:
    """A producer finds its own id as the producer of the room."""
    session = Session(Join('leader', Role.PRODUCER), TIMING, 0.0)

    assert polls(session, PRESENT, PRESENT) == [True, True]


def test_a_late_answer_is_a_loss_despite_other_frames() -> None:
    """On a slow network all frames are as old as the missing answer."""
    timing = replace(TIMING, answer_timeout_s=1.5)
    session = Session(Join('ros-1', Role.CONSUMER), timing, 0.0)
    session.receive(JOINED, 0.0)
    session.heartbeat(0.0)
    session.receive(UPDATE, 1.0)

    assert session.next_check == 1.5
    session.check(1.4)
    with pytest.raises(ConnectionLost, match='has not answered a heartbeat for 1.5 s'):
        session.check(1.5)


def test_an_answer_in_time_is_no_loss() -> None:
    """Each heartbeat has its own deadline."""
    timing = replace(TIMING, answer_timeout_s=1.5)
    session = Session(Join('ros-1', Role.CONSUMER), timing, 0.0)
    session.receive(JOINED, 0.0)
    for now in range(10):
        session.heartbeat(float(now))
        session.receive(frame('heartbeat_ack', has_producer=True), now + 0.9)
        session.check(now + 0.9)


def test_a_session_needs_no_particular_clock() -> None:
    """Times are differences, so that any origin of the clock gives the same results."""
    for origin in (0.0, -5.0, 1.8e9):
        session = joined_session(now=origin)
        assert session.heartbeat(origin) is not None
        session.check(origin + 1.4)
        with pytest.raises(ConnectionLost):
            session.check(origin + 1.6)


def test_the_lane_counts_the_updates_that_arrive_out_of_order() -> None:
    """Only datagrams count: an update repeated on the WebSocket is later than the newest one."""
    session = joined_session()
    texts = [frame('joint_update', data=[{'name': 'Jaw', 'value': n}], seq=n) for n in range(4)]
    for seq in (0, 2, 1, 3):
        session.receive_datagram(texts[seq])
    session.receive(texts[2], 100.1)
    for text in ('{', UPDATE, frame('emergency_stop', reason='smoke')):
        session.receive_datagram(text)

    assert session.out_of_order == 1


def test_events_have_no_hidden_kind() -> None:
    """Every event of a session is of one of the types in ``Event``."""
    session = joined_session()
    frames = [STATE, UPDATE, JOINED, frame('error', message='x'), frame('emergency_stop'), 'x']

    events: list[Event] = [event for text in frames for event in session.receive(text, 101.0)]

    assert [type(event) for event in events] == [
        StateSync,
        JointUpdate,
        Joined,
        ErrorReply,
        EmergencyStop,
        Malformed,
    ]
