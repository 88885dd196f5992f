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
    Role,
    RoomInfo,
    StateSync,
)
from lerobot_arena_ros.arena.session import Event, LinkTiming, Malformed, Presence, Session

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


def test_the_features_are_those_that_the_server_answers() -> None:
    """A public server answers none, whatever was asked for."""
    asked = frozenset(Feature)
    session = Session(Join('ros-1', Role.CONSUMER, asked), TIMING, 100.0)
    assert sorted(json.loads(session.first_frame())['features']) == sorted(asked)
    assert session.features == frozenset()

    session.receive(frame('joined', role='consumer', features=['last_stop', 'new']), 100.1)

    assert session.features == {Feature.LAST_STOP}
    assert joined_session().features == frozenset()


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
            '{"type":"joint_update","data":[{"name":"a","value":1},{"name":"b","value":NaN}]}',
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


def test_heartbeats_come_at_their_period() -> None:
    """The first is due at once, each further one a period later."""
    session = joined_session(now=100.0)

    beats = {now: session.heartbeat(now) for now in (100.0, 100.1, 100.49, 100.5, 100.9, 101.0)}

    assert {now for now, beat in beats.items() if beat is not None} == {100.0, 100.5, 101.0}
    assert beats[100.0] == '{"type":"heartbeat"}'


def test_a_late_heartbeat_is_not_made_up_for() -> None:
    """A shell that was held up sends one heartbeat, not all that were due."""
    session = joined_session(now=100.0)
    session.heartbeat(100.0)

    assert session.heartbeat(107.3) is not None
    assert session.heartbeat(107.4) is None
    assert session.heartbeat(107.8) is not None


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

    session.listening(105.0)

    session.check(106.4)
    with pytest.raises(ConnectionLost):
        session.check(106.5)


def test_listening_never_shortens_the_deadline() -> None:
    """A time that was taken before a frame came does not undo that frame."""
    session = joined_session(now=100.0)
    session.receive(UPDATE, 101.0)

    session.listening(100.2)

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
    return [session.polled(room, 100.0).has_producer for room in rooms]


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
    with pytest.raises(ConnectionLost, match='the room was made anew'):
        session.polled(WITHOUT_US, 100.0)


def test_not_being_listed_nor_answered_is_an_eviction() -> None:
    """Who was evicted is told nothing and gets no answer to its heartbeats."""
    session = joined_session()
    session.heartbeat(100.0)

    assert polls(session, WITHOUT_US) == [True]
    with pytest.raises(ConnectionLost, match='evicted.*: no answer from the server for 1.5 s'):
        session.check(101.5)
    with pytest.raises(ConnectionLost, match='evicted'):
        session.polled(WITHOUT_US, 101.0)


def test_what_an_answer_on_its_way_will_show_is_waited_for() -> None:
    """Evicted or forgotten: a heartbeat that was just sent does not tell yet."""
    session = joined_session()
    session.heartbeat(100.0)

    assert polls(session, WITHOUT_US, WITHOUT_US) == [True, True]
    session.receive(frame('heartbeat_ack'), 100.1)
    with pytest.raises(ConnectionLost, match='the room was made anew'):
        session.polled(WITHOUT_US, 100.2)


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
    with pytest.raises(ConnectionLost, match='has not answered for 1.5 s'):
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
