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
    """Write what a server sends."""
    return json.dumps({'type': kind, 'timestamp': STAMP, **fields})


JOINED = frame('joined', room_id='arm-7', workspace_id='lab', role='consumer')
STATE = frame('state_sync', data={'Rotation': 12.5})
UPDATE = frame('joint_update', data=[{'name': 'Jaw', 'value': 40}], source='leader')


def new_session(now: float = 100.0) -> Session:
    """Give a session that has not joined."""
    return Session(Join('ros-1', Role.CONSUMER), TIMING, now)


def joined_session(now: float = 100.0) -> Session:
    """Give a session that has joined at a time."""
    session = new_session(now)
    session.receive(JOINED, now)
    assert session.is_joined
    return session


def test_the_first_frame_asks_to_join() -> None:
    """A participant says who it is and as what it joins."""
    assert json.loads(new_session().first_frame()) == {
        'participant_id': 'ros-1',
        'role': 'consumer',
    }


def test_joined_comes_out_first() -> None:
    """What the server sent before its welcome is kept and follows it, in order."""
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


def test_a_stop_before_the_welcome_is_not_lost() -> None:
    """A stop that slips in before ``joined`` comes out after it."""
    session = new_session()

    session.receive(frame('emergency_stop', reason='smoke', source='leader'), 100.1)
    events = session.receive(JOINED, 100.2)

    assert events[1:] == [EmergencyStop('smoke', 'leader', STAMP)]


def test_an_error_before_the_welcome_is_a_refusal() -> None:
    """The server's sentence is that of the exception."""
    session = new_session()

    with pytest.raises(JoinRefused, match='Cannot join room'):
        session.receive('{"type":"error","message":"Cannot join room"}', 100.1)

    assert not session.is_joined


def test_an_error_after_the_welcome_is_an_event() -> None:
    """A complaint does not end the session."""
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
def test_a_bad_frame_is_dropped_whole_and_told(bad: str | bytes, reason: str) -> None:
    """A frame that breaks the contract is one event that says why, and nothing of it counts."""
    session = joined_session()

    (event,) = session.receive(bad, 101.0)

    assert isinstance(event, Malformed)
    assert event.reason == reason
    assert event.detail
    assert session.receive(UPDATE, 101.1) == [
        JointUpdate(({'name': 'Jaw', 'value': 40},), STAMP, 'leader')
    ]


def test_a_bad_frame_does_not_spoil_the_join() -> None:
    """What cannot be read before the welcome is told after it."""
    session = new_session()

    session.receive('nonsense', 100.1)
    events = session.receive(JOINED, 100.2)

    assert [type(event) for event in events] == [Joined, Malformed]


def test_an_unknown_type_is_skipped() -> None:
    """A newer server may say what this version does not know."""
    session = joined_session()

    assert session.receive(frame('participant_joined', who='x'), 101.0) == []
    assert session.receive('{"no type": true}', 101.1) == []


ACK = frame('heartbeat_ack', has_producer=True)


def test_heartbeats_come_at_their_period() -> None:
    """The first is due at once, each further one a period later."""
    session = joined_session(now=100.0)

    beats = {}
    for now in (100.0, 100.1, 100.49, 100.5, 100.9, 101.0):
        beats[now] = session.heartbeat(now)
        session.receive(ACK, now)

    assert {now for now, beat in beats.items() if beat is not None} == {100.0, 100.5, 101.0}
    assert beats[100.0] == '{"type":"heartbeat"}'


def test_a_late_heartbeat_is_not_made_up_for() -> None:
    """A shell that was held up sends one heartbeat, not all that were due."""
    session = joined_session(now=100.0)
    session.heartbeat(100.0)
    session.receive(ACK, 100.0)

    assert session.heartbeat(107.3) is not None
    session.receive(ACK, 107.3)
    assert session.heartbeat(107.4) is None
    assert session.heartbeat(107.8) is not None


def test_one_heartbeat_is_unanswered_at_a_time() -> None:
    """An answer belongs to the only open question, so that the round trip is true."""
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
    """On a link whose delay grows each answer tells how old it is."""
    session = numbered_session()
    beats = [session.heartbeat(100.0 + 0.5 * number) for number in range(3)]

    assert beats[2] == '{"type":"heartbeat","seq":3}'
    assert session.receive(frame('heartbeat_ack', seq=1), 101.25) == [Presence(None, 1.25)]
    assert session.receive(frame('heartbeat_ack', seq=2), 102.0) == [Presence(None, 1.5)]
    assert session.receive(frame('heartbeat_ack', seq=2), 102.25) == [Presence(None, None)]


@pytest.mark.parametrize(('liveness_s', 'period_s'), [(0.75, 0.25), (60.0, 0.5), (None, 0.5)])
def test_heartbeats_are_as_frequent_as_the_server_needs_them(
    liveness_s: float | None, period_s: float
) -> None:
    """The server says after how long it disconnects a participant that sends nothing."""
    features = frozenset([Feature.HEARTBEAT_SEQ, Feature.LIVENESS])
    session = Session(Join('ros-1', Role.PRODUCER, features), TIMING, 100.0)
    answer = {**json.loads(JOINED), 'features': ['heartbeat_seq', 'liveness']}
    session.receive(json.dumps({**answer, 'liveness_s': liveness_s}), 100.0)

    session.heartbeat(100.0)

    assert session.next_heartbeat == 100.0 + period_s


def test_a_lost_answer_is_made_up_for_by_the_next_one() -> None:
    """A proxy that drops a frame makes the link late, until the next heartbeat is answered."""
    session = numbered_session()
    session.heartbeat(100.0)
    session.heartbeat(100.5)

    assert session.check(100.75) == Late(0.75)
    assert session.receive(frame('heartbeat_ack', seq=2), 100.75) == [Presence(None, 0.25)]
    assert session.check(101.0) is None
    assert session.next_check == 101.75


def test_a_delay_is_reported_once_for_each_heartbeat() -> None:
    """The shell wakes up when the longest allowed delay has passed without an answer."""
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


def test_each_heartbeat_that_is_late_is_noticed_in_time() -> None:
    """Also the next one after a late answer, where the link counts as lost much later."""
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
    """A server that limits the rate of a program drops its heartbeats as well."""
    session = joined_session(now=100.0)
    session.heartbeat(100.0)

    assert session.heartbeat(101.0) is None
    session.receive(UPDATE, 101.25)
    assert session.heartbeat(101.5) is not None


def test_the_next_check_never_moves_towards_the_present() -> None:
    """A shell sleeps until the next check, also over the heartbeat that it sends meanwhile."""
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
    """What was queued while the peer or this process was frozen is old, except for a stop."""
    session = joined_session(now=100.0)
    stop = frame('emergency_stop', source='somebody')

    assert session.receive(UPDATE, 103.0) == []
    assert [type(event) for event in session.receive(stop, 103.0)] == [EmergencyStop]
    assert session.receive(UPDATE, 103.0) == []
    session.restart_timeout(103.0)
    with pytest.raises(ConnectionLost, match='no answer from the server for 3.1 s'):
        session.check(103.1)


def test_a_pause_of_this_process_is_named() -> None:
    """A shell that woke up late was frozen itself."""
    session = joined_session(now=100.0)

    with pytest.raises(ConnectionLost, match='no answer .* for 5.5 s, while this process was'):
        session.check(105.5, paused_s=4.0)


def test_features_are_agreed_on() -> None:
    """What the client knows is in its first frame, what the server serves in its answer."""
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
    """Up to the timeout silence means nothing; from then on the link is lost."""
    session = joined_session(now=100.0)

    session.check(101.49)
    with pytest.raises(ConnectionLost, match=r'no answer .* for 1\.5 s'):
        session.check(101.5)


@pytest.mark.parametrize(
    'sign_of_life',
    [frame('heartbeat_ack'), UPDATE, 'nonsense', b'binary', frame('unheard of')],
    ids=['answer', 'update', 'no JSON', 'binary', 'unknown type'],
)
def test_any_frame_is_a_sign_of_life(sign_of_life: str | bytes) -> None:
    """Whatever the server says, it lives."""
    session = joined_session(now=100.0)

    session.receive(sign_of_life, 101.4)

    session.check(102.8)
    with pytest.raises(ConnectionLost):
        session.check(102.9)


def test_silence_counts_from_when_we_listen() -> None:
    """A shell that was busy with an event has not heard anything because it did not listen."""
    session = joined_session(now=100.0)

    session.restart_timeout(105.0)

    session.check(106.4)
    with pytest.raises(ConnectionLost):
        session.check(106.5)


def test_listening_never_shortens_the_deadline() -> None:
    """A time that was taken before a frame came does not undo that frame."""
    session = joined_session(now=100.0)
    session.receive(UPDATE, 101.0)

    session.restart_timeout(100.2)

    session.check(102.4)


def test_the_shell_is_told_when_to_come_back() -> None:
    """It may sleep until a heartbeat is due, or until patience ends, and misses nothing."""
    session = joined_session(now=100.0)
    assert (session.next_heartbeat, session.next_check) == (100.0, 101.5)

    session.heartbeat(100.0)
    session.receive(UPDATE, 100.3)

    assert (session.next_heartbeat, session.next_check) == (100.5, 101.8)


def test_presence_tells_the_producer_and_the_round_trip() -> None:
    """The answer to a heartbeat says whether there is a producer and how long it took."""
    session = joined_session(now=100.0)
    session.heartbeat(100.0)

    (event,) = session.receive(frame('heartbeat_ack', has_producer=True), 100.2)

    assert isinstance(event, Presence)
    assert event.has_producer is True
    assert event.round_trip_s == pytest.approx(0.2)
    assert not session.needs_polling


def test_the_round_trip_counts_from_the_oldest_unanswered_heartbeat() -> None:
    """A slow answer is not made to look fast by the heartbeats that were sent meanwhile."""
    session = joined_session(now=100.0)
    session.heartbeat(100.0)
    session.heartbeat(100.5)

    events = [session.receive(frame('heartbeat_ack'), now)[0] for now in (100.7, 100.71)]

    assert all(isinstance(event, Presence) for event in events)
    assert [round(e.round_trip_s or -1, 3) for e in events if isinstance(e, Presence)] == [0.7, -1]


@pytest.mark.parametrize('said', [{}, {'has_producer': None}, {'has_producer': 'yes'}])
def test_a_server_that_does_not_tell_must_be_polled(said: dict[str, object]) -> None:
    """Without a plain yes or no in the answer, the room has to be looked at."""
    session = joined_session(now=100.0)
    session.heartbeat(100.0)
    assert not session.needs_polling

    (event,) = session.receive(frame('heartbeat_ack', **said), 100.1)

    assert isinstance(event, Presence)
    assert event.has_producer is None
    assert session.needs_polling


def polls(session: Session, *rooms: RoomInfo) -> list[bool | None]:
    """Tell a session of several looks at the room."""
    return [session.on_room_info(room, 100.0).has_producer for room in rooms]


PRESENT = RoomInfo('arm-7', 'leader', ('ros-1',))
ABSENT = RoomInfo('arm-7', None, ('ros-1',))
WITHOUT_US = RoomInfo('arm-7', 'leader', ('viz',))


def test_a_producer_is_gone_after_two_looks() -> None:
    """One look may meet a producer that is just changing places."""
    session = joined_session()

    assert polls(session, PRESENT, ABSENT, ABSENT, PRESENT) == [True, True, False, True]
    assert polls(session, ABSENT, PRESENT, ABSENT) == [True, True, True]


def test_not_being_listed_twice_is_a_loss() -> None:
    """A room that is made anew forgets who is in it; its list shows it, though it answers."""
    session = joined_session()

    assert polls(session, WITHOUT_US, PRESENT, WITHOUT_US) == [True, True, True]
    with pytest.raises(ConnectionLost, match='the room was created again'):
        session.on_room_info(WITHOUT_US, 100.0)


def test_not_being_listed_nor_answered_is_an_eviction() -> None:
    """Who was evicted is told nothing and gets no answer to its heartbeats."""
    session = joined_session()
    session.heartbeat(100.0)

    assert polls(session, WITHOUT_US) == [True]
    with pytest.raises(ConnectionLost, match='evicted.*: no answer from the server for 1.5 s'):
        session.check(101.5)
    with pytest.raises(ConnectionLost, match='evicted'):
        session.on_room_info(WITHOUT_US, 101.0)


def test_what_an_answer_on_its_way_will_show_is_waited_for() -> None:
    """Evicted or forgotten: a heartbeat that was just sent does not tell yet."""
    session = joined_session()
    session.heartbeat(100.0)

    assert polls(session, WITHOUT_US, WITHOUT_US) == [True, True]
    session.receive(frame('heartbeat_ack'), 100.1)
    with pytest.raises(ConnectionLost, match='the room was created again'):
        session.on_room_info(WITHOUT_US, 100.2)


def test_a_producer_is_listed_as_one() -> None:
    """A producer that looks for itself finds itself."""
    session = Session(Join('leader', Role.PRODUCER), TIMING, 0.0)

    assert polls(session, PRESENT, PRESENT) == [True, True]


def test_an_answer_that_is_late_is_a_loss_whatever_else_is_heard() -> None:
    """On a slow network everything flows, and all of it is as old as the missing answer."""
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
    """Times are differences: an epoch and the start of a process give the same answers."""
    for origin in (0.0, -5.0, 1.8e9):
        session = joined_session(now=origin)
        assert session.heartbeat(origin) is not None
        session.check(origin + 1.4)
        with pytest.raises(ConnectionLost):
            session.check(origin + 1.6)


def test_events_have_no_hidden_kind() -> None:
    """Whatever comes out of a session is one of the listed events."""
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
