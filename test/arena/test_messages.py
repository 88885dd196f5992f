"""Wire messages: each survives a round trip, and what breaks the contract is refused whole."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
import pytest

from lerobot_arena_ros.arena.errors import ProtocolError
from lerobot_arena_ros.arena.features import Feature
from lerobot_arena_ros.arena.fields import is_text
from lerobot_arena_ros.arena.messages import (
    MAX_ODD,
    MAX_REASON_LENGTH,
    ClientMessage,
    EmergencyStop,
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
    RoomInfo,
    RoomState,
    ServerMessage,
    StateSync,
    Unknown,
    decode_client,
    decode_join,
    decode_server,
    encode,
    room_info,
    room_state,
)
from lerobot_arena_ros.arena.robot_state import Refusal, RobotJoint, RobotState, StopCause

STAMP = '2026-01-31T10:15:30.123456+00:00'
LAST_STOP = LastStop('smoke', 'leader', STAMP, 3.2)
STATE = RobotState(
    '/arm1/arena_bridge',
    'lab-pc',
    'stopped',
    'emergency stop',
    StopCause('smoke', 'leader'),
    can_reset=True,
    reset_refusal='the topic is true',
    joints=(RobotJoint('Jaw', 'percent', 12.0, 13.0, 0.0, 100.0), RobotJoint('b', 'radians')),
    refused=(Refusal('Jaw', 5000.0, 'too far'),),
)
ENTRIES = ({'name': 'Jaw', 'value': 40, 'speed': None, 'index': 5}, {'name': 'b', 'value': -0.5})


@pytest.mark.parametrize(
    'message',
    [
        JointUpdate(ENTRIES),
        JointUpdate(()),
        Heartbeat(),
        EmergencyStop(),
        EmergencyStop('smoke', 'ros', STAMP),
        RobotReport(STATE),
        ResetStop('ros'),
        ResetStop(),
        Unknown('dance'),
    ],
    ids=repr,
)
def test_what_a_client_sends_survives_the_wire(message: ClientMessage) -> None:
    """Decoding undoes encoding."""
    assert decode_client(encode(message)) == message


@pytest.mark.parametrize(
    'message',
    [
        Joined('arm', 'lab', Role.PRODUCER, STAMP),
        StateSync({}, STAMP),
        StateSync({'Jaw': 40.0, 'b': -0.5}, STAMP),
        JointUpdate(ENTRIES, STAMP, 'leader'),
        EmergencyStop('smoke', 'ros', STAMP),
        HeartbeatAck(),
        HeartbeatAck(STAMP, has_producer=False),
        Joined('arm', 'lab', Role.CONSUMER, STAMP, frozenset(Feature)),
        Joined('arm', 'lab', Role.CONSUMER, STAMP, frozenset(Feature), LAST_STOP),
        RobotReport(STATE, 'ros', STAMP),
        RobotReport(None, 'ros', STAMP),
        ResetStop(source='console', timestamp=STAMP),
        ErrorReply('Cannot join room', STAMP, 'role_taken'),
        Unknown('participant_joined'),
    ],
    ids=encode,
)
def test_what_a_server_sends_survives_the_wire(message: ServerMessage) -> None:
    """Decoding undoes encoding."""
    assert decode_server(encode(message)) == message


@pytest.mark.parametrize('role', list(Role))
def test_a_join_survives_the_wire(role: Role) -> None:
    """Decoding undoes encoding."""
    for features in (frozenset[Feature](), frozenset(Feature)):
        join = Join('Ärmchen', role, features)

        assert decode_join(encode(join)) == join


def test_messages_of_features_that_are_not_served_are_unknown() -> None:
    """Even where they are malformed, as on a server that has never heard of them."""
    for text in ('{"type": "robot_state"}', '{"type": "robot_state", "data": {"gate": "ajar"}}'):
        assert decode_client(text, frozenset()) == Unknown('robot_state')
        with pytest.raises(ProtocolError):
            decode_client(text)
    assert decode_client('{"type": "reset_stop"}', frozenset()) == Unknown('reset_stop')


@pytest.mark.parametrize('to', ['null', '7', '["ros"]', '""', '"\\ud800"'])
def test_a_reset_of_something_that_is_no_id_names_no_robot(to: str) -> None:
    """A reset is for the robot that was meant, never for one whose id looks like it."""
    assert decode_client(f'{{"type": "reset_stop", "to": {to}}}') == ResetStop(None)


def test_the_text_of_a_robots_state_is_its_message() -> None:
    """Made of parts, it says what encoding the whole says, with a state and without one."""
    for report in (RobotReport(STATE, 'ros', STAMP), RobotReport(STATE), RobotReport(None, 'ros')):
        assert json.loads(report.text) == json.loads(encode(report))
        assert report.text is report.text


def test_how_an_update_looks_on_the_wire() -> None:
    """Compact, ASCII, the type first, absent fields left out, entries word for word."""
    update = JointUpdate(({'name': 'é', 'value': 1, 'speed': None},), source='leader')

    assert encode(update) == (
        '{"type":"joint_update","data":[{"name":"\\u00e9","value":1,"speed":null}],'
        '"source":"leader"}'
    )


def test_an_update_of_values_names_each_joint() -> None:
    """In the order given, and back."""
    update = JointUpdate.of({'b': 1.0, 'a': 2.0})

    assert [entry['name'] for entry in update.entries] == ['b', 'a']
    assert update.values == {'b': 1.0, 'a': 2.0}


def test_of_a_joint_that_stands_twice_the_last_counts() -> None:
    """On the wire both stay."""
    update = JointUpdate(({'name': 'a', 'value': 1}, {'name': 'a', 'value': 2}))

    assert update.values == {'a': 2.0}


def test_an_update_is_encoded_once() -> None:
    """However many receive it."""
    update = JointUpdate.of({'a': 1.0})

    assert update.text is update.text
    assert update.text == encode(update)


@pytest.mark.parametrize(
    'value', [float('nan'), float('inf'), object()], ids=['nan', 'infinity', 'object']
)
def test_what_no_json_can_say_is_not_sent(value: object) -> None:
    """Wherever it hides."""
    with pytest.raises(ProtocolError):
        encode(JointUpdate(({'name': 'a', 'value': 1, 'note': [value]},)))


@pytest.mark.parametrize(
    ('entry', 'reason'),
    [
        ('1', 'shape'),
        ('[]', 'shape'),
        ('{"value": 1}', 'name'),
        ('{"name": "", "value": 1}', 'name'),
        ('{"name": null, "value": 1}', 'name'),
        ('{"name": 5, "value": 1}', 'name'),
        ('{"name": "\\ud800", "value": 1}', 'name'),
        ('{"name": "b"}', 'value'),
        ('{"name": "b", "value": null}', 'value'),
        ('{"name": "b", "value": true}', 'value'),
        ('{"name": "b", "value": "1"}', 'value'),
        ('{"name": "b", "value": [1]}', 'value'),
        ('{"name": "b", "value": NaN}', 'value'),
        ('{"name": "b", "value": -Infinity}', 'value'),
        ('{"name": "b", "value": 1e999}', 'value'),
        ('{"name": "b", "value": 1%s}' % ('0' * 400), 'value'),
        ('{"name": "b", "value": 1, "speed": "fast"}', 'value'),
        ('{"name": "b", "value": 1, "speed": false}', 'value'),
        ('{"name": "b", "value": 1, "speed": NaN}', 'value'),
    ],
)
def test_one_bad_entry_spoils_the_update(entry: str, reason: str) -> None:
    """To a server, whatever stands beside it; a client takes the others and tells of it."""
    good = '{"name": "a", "value": 1}'
    text = f'{{"type": "joint_update", "data": [{good}, {entry}]}}'

    with pytest.raises(ProtocolError) as caught:
        decode_client(text)
    assert caught.value.reason == reason

    update = decode_server(text)
    assert isinstance(update, JointUpdate)
    assert update.entries == ({'name': 'a', 'value': 1},)
    (odd,) = update.odd
    assert (odd.name, odd.reason, odd.detail) == (
        'b' if '"b"' in entry else None,
        reason,
        str(caught.value),
    )
    with pytest.raises(ProtocolError) as alone:
        decode_server(f'{{"type": "joint_update", "data": [{entry}]}}')
    assert alone.value.reason == reason


def test_of_a_joint_that_stands_twice_one_odd_value_spoils_both() -> None:
    """Which of them was meant is not known; nothing of the other joints is lost."""
    entries = '{"name":"a","value":1},{"name":"b","value":2},{"name":"a","value":NaN}'

    update = decode_server(f'{{"type":"joint_update","data":[{entries}]}}')

    assert isinstance(update, JointUpdate)
    assert update.values == {'b': 2.0}
    assert [odd.name for odd in update.odd] == ['a']


@pytest.mark.parametrize('odd', ['{}', '0', '{"name": "x", "value": "oops"}'])
def test_an_update_with_too_many_odd_entries_is_dropped_whole(odd: str) -> None:
    """No more are looked at, because a stop behind the frame waits, and none is hidden."""
    good = '{"name": "a", "value": 1}'
    for count, is_taken in ((MAX_ODD, True), (MAX_ODD + 1, False)):
        text = f'{{"type": "joint_update", "data": [{", ".join([odd] * count)}, {good}]}}'
        if is_taken:
            update = decode_server(text)
            assert isinstance(update, JointUpdate)
            assert (update.values, len(update.odd)) == ({'a': 1.0}, MAX_ODD)
        else:
            with pytest.raises(ProtocolError):
                decode_server(text)


@pytest.mark.parametrize('data', ['{"a": 1}', '"text"', '7', 'true', '0', '""'])
def test_an_update_must_be_a_list(data: str) -> None:
    """A mapping of names to values, above all, is none."""
    with pytest.raises(ProtocolError, match='data must be a list'):
        decode_client(f'{{"type": "joint_update", "data": {data}}}')


@pytest.mark.parametrize('data', ['', ', "data": null', ', "data": []', ', "data": {}'])
def test_an_update_of_nothing_is_one(data: str) -> None:
    """It says nothing, which is no error."""
    assert decode_client(f'{{"type": "joint_update"{data}}}') == JointUpdate(())


@pytest.mark.parametrize('text', ['', 'x', '[]', '"x"', '7', 'null', '{', '[' * 100_000])
def test_a_frame_is_a_json_object(text: str) -> None:
    """Whoever sent it, and whatever it was to be."""
    for decode in (decode_client, decode_server, decode_join):
        with pytest.raises(ProtocolError, match='expected a JSON object') as caught:
            decode(text)
        assert caught.value.reason == 'json'


@pytest.mark.parametrize(
    'text',
    [
        '{}',
        '{"participant_id": "a"}',
        '{"role": "producer"}',
        '{"participant_id": "", "role": "producer"}',
        '{"participant_id": null, "role": "producer"}',
        '{"participant_id": ["a"], "role": "producer"}',
        '{"participant_id": "\\udfff", "role": "producer"}',
        '{"participant_id": "a", "role": "Producer"}',
        '{"participant_id": "a", "role": ["producer"]}',
        '{"participant_id": "a", "role": null}',
    ],
)
def test_a_join_names_an_id_and_a_role(text: str) -> None:
    """Anything else is refused."""
    with pytest.raises(ProtocolError) as caught:
        decode_join(text)
    assert caught.value.reason == 'join'


@pytest.mark.parametrize(
    ('fields', 'reason'),
    [
        ({}, None),
        ({'reason': None}, None),
        ({'reason': ''}, ''),
        ({'reason': 7, 'enabled': False}, '7'),
        ({'reason': {'a': [1]}}, "{'a': [1]}"),
        ({'reason': 'x' * 1000}, 'x' * MAX_REASON_LENGTH),
        ({'reason': 'a\ud800b'}, 'a?b'),
        ({'source': [1], 'timestamp': {}}, None),
    ],
    ids=repr,
)
def test_a_stop_is_a_stop_whatever_it_says(fields: dict[str, Any], reason: str | None) -> None:
    """Bad manners never cost one, on either side, and the reason is short and printable."""
    text = json.dumps({'type': 'emergency_stop', **fields})

    for decode in (decode_client, decode_server):
        stop = decode(text)
        assert isinstance(stop, EmergencyStop)
        assert stop.reason == reason
        assert decode(encode(stop)) == stop


def test_a_complaint_can_be_printed() -> None:
    """A log line that cannot be written would end whoever writes it."""
    reply = decode_server('{"type": "error", "message": "a\\ud800b"}')

    assert isinstance(reply, ErrorReply)
    assert reply.message == 'a?b'


@pytest.mark.parametrize(
    ('kind', 'named'), [('"dance"', 'dance'), ('null', 'None'), ('7', '7'), ('[1]', '[1]')]
)
def test_an_unknown_type_is_named(kind: str, named: str) -> None:
    """It is no error here: a later version may know it."""
    for decode in (decode_client, decode_server):
        assert decode(f'{{"type": {kind}}}') == Unknown(named)


def test_a_state_leaves_out_what_is_no_number() -> None:
    """Other servers store whatever they are sent; the names of what was left out are kept."""
    text = '{"type": "state_sync", "data": {"a": 1, "b": "x", "c": NaN, "d": true, "": 1}}'

    assert decode_server(text) == StateSync({'a': 1.0}, None, ('b', 'c', 'd', ''))


@pytest.mark.parametrize('data', ['', ', "data": null'])
def test_a_state_may_be_missing(data: str) -> None:
    """Then nothing is remembered."""
    assert decode_server(f'{{"type": "state_sync"{data}}}') == StateSync({})


@pytest.mark.parametrize(
    'text', ['{"type": "state_sync", "data": [1]}', '{"type": "joined", "role": "king"}']
)
def test_a_welcome_of_another_shape_is_refused(text: str) -> None:
    """A client would not know what it joined."""
    with pytest.raises(ProtocolError) as caught:
        decode_server(text)
    assert caught.value.reason == 'shape'


def test_a_heartbeat_may_leave_the_producer_open() -> None:
    """Not every server says whether there is one, and only true or false counts."""
    assert decode_server('{"type": "heartbeat_ack"}') == HeartbeatAck()
    assert decode_server('{"type": "heartbeat_ack", "has_producer": 1}') == HeartbeatAck()


def test_a_room_tells_who_is_in_it() -> None:
    """Ids that are no text are shown as one."""
    people = {'producer': 7, 'consumers': ['ros', None], 'total': 3}

    info = room_info({'id': 'arm', 'participants': people})

    assert info == RoomInfo('arm', '7', ('ros', 'None'))
    assert info.has('ros')
    assert info.has('7')
    assert not info.has('leader')


@pytest.mark.parametrize(
    'fields',
    [None, [], {}, {'participants': []}, {'participants': {}}],
    ids=repr,
)
def test_a_room_of_another_shape_is_refused(fields: object) -> None:
    """What stands in a reply is not trusted."""
    with pytest.raises(ProtocolError):
        room_info(fields)


def test_a_state_over_rest_is_read_like_one_on_the_wire() -> None:
    """What is no number is left out and named."""
    assert room_state({'joints': {'a': 1, 'b': None}}) == RoomState({'a': 1.0}, ('b',))
    with pytest.raises(ProtocolError):
        room_state({'joints': [1]})


@pytest.mark.parametrize(
    ('value', 'expected'),
    [('a', True), ('é😀', True), ('', False), (None, False), (7, False), ('\ud800', False)],
)
def test_what_counts_as_text(value: object, expected: bool) -> None:
    """Something that UTF-8 can say."""
    assert is_text(value) is expected


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.sampled_from(['', 'a', '\ud800']),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(['type', 'data', 'name', 'value', 'role']), inner)
    ),
    max_leaves=8,
)
types = ['joint_update', 'emergency_stop', 'heartbeat', 'state_sync', 'joined', 'error', None]


@given(st.sampled_from(types), st.dictionaries(st.sampled_from(['data', 'role']), json_values))
def test_whatever_comes_is_a_message_or_a_protocol_error(
    kind: str | None, fields: dict[str, Any]
) -> None:
    """Nothing else escapes, and of a joint update every value is a finite number."""
    text = json.dumps({'type': kind, **fields})

    for decode in (decode_client, decode_server):
        try:
            message = decode(text)
        except ProtocolError:
            continue
        if isinstance(message, JointUpdate):
            assert all(abs(value) < float('inf') for value in message.values.values())
