# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""Messages of the protocol: each survives a round trip, and invalid ones are refused."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
import pytest

from lerobot_arena_ros.arena.errors import ProtocolError
from lerobot_arena_ros.arena.features import Feature
from lerobot_arena_ros.arena.fields import as_text, is_text
from lerobot_arena_ros.arena.messages import (
    MAX_ODD,
    MAX_REASON_LENGTH,
    MAX_STOP_ID_LENGTH,
    ClientMessage,
    EmergencyStop,
    ErrorReply,
    Heartbeat,
    HeartbeatAck,
    Join,
    Joined,
    JointUpdate,
    LaneAnswer,
    LaneRequest,
    LastStop,
    ResetStop,
    RobotReport,
    Role,
    RoomInfo,
    RoomState,
    ServerMessage,
    StateSync,
    Unknown,
    checked_update,
    decode_client,
    decode_join,
    decode_server,
    encode,
    room_info,
    room_state,
)
from lerobot_arena_ros.arena.robot_state import (
    Refusal,
    RobotJoint,
    RobotLink,
    RobotState,
    StopCause,
    read_state,
    write_state,
)

STAMP = '2026-01-31T10:15:30.123456+00:00'
STAMP_NS = 1_769_854_530_123_456_789
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
    link=RobotLink('lane', 41.2, 0.03),
)
ENTRIES = ({'name': 'Jaw', 'value': 40, 'speed': None, 'index': 5}, {'name': 'b', 'value': -0.5})


@pytest.mark.parametrize(
    'message',
    [
        JointUpdate(ENTRIES),
        JointUpdate(()),
        JointUpdate(ENTRIES, stamp_ns=STAMP_NS),
        JointUpdate(ENTRIES, control=7),
        JointUpdate((), stamp_ns=STAMP_NS),
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
def test_client_messages_survive_a_round_trip(message: ClientMessage) -> None:
    """Decoding an encoded client message returns the same message."""
    assert decode_client(encode(message)) == message


@pytest.mark.parametrize(
    'message',
    [
        Joined('arm', 'lab', Role.PRODUCER, STAMP),
        StateSync({}, STAMP),
        StateSync({'Jaw': 40.0, 'b': -0.5}, STAMP),
        JointUpdate(ENTRIES, STAMP, 'leader'),
        JointUpdate(ENTRIES, STAMP, 'leader', stamp_ns=STAMP_NS),
        StateSync({'b': -0.5}, STAMP, stamp_ns=STAMP_NS),
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
def test_server_messages_survive_a_round_trip(message: ServerMessage) -> None:
    """Decoding an encoded server message returns the same message."""
    assert decode_server(encode(message)) == message


@pytest.mark.parametrize('role', list(Role))
def test_a_join_survives_a_round_trip(role: Role) -> None:
    """Decoding an encoded join returns the same join."""
    for features in (frozenset[Feature](), frozenset(Feature)):
        join = Join('Ärmchen', role, features)

        assert decode_join(encode(join)) == join


@pytest.mark.parametrize(
    'stamp',
    [
        *(
            '0',
            '-1',
            'true',
            '1.5',
            '1e400',
            '1e18',
            '"1769854530"',
            'null',
            '[1]',
            '{}',
            '{"a":1}',
        ),
        *(f'{2**31 * 10**9}', f'{2**63}', '9' * 400, '9' * 5000),
    ],
    ids=lambda text: text[:20],
)
def test_an_invalid_stamp_is_dropped_and_the_joints_are_kept(stamp: str) -> None:
    """A stamp of a hostile sender costs only itself, in each message that can have one."""
    data = '[{"name": "Jaw", "value": 40}]'
    text = f'{{"type": "joint_update", "data": {data}, "stamp_ns": {stamp}}}'
    stored = f'{{"type": "state_sync", "data": {{"Jaw": 40}}, "stamp_ns": {stamp}}}'

    assert decode_client(text) == JointUpdate.of({'Jaw': 40})
    assert decode_server(text) == JointUpdate.of({'Jaw': 40})
    assert decode_server(stored) == StateSync({'Jaw': 40.0})


def test_a_stamp_keeps_its_nanoseconds() -> None:
    """A number of JSON has as many digits as a stamp needs, unlike a double."""
    update = JointUpdate.of({'Jaw': 40}, stamp_ns=STAMP_NS)

    assert f'"stamp_ns":{STAMP_NS}' in update.text
    assert decode_server(update.text) == update


@pytest.mark.parametrize('stamp', [-1, 2**63, 1.5, True, 'now'], ids=repr)
def test_a_caller_cannot_send_an_invalid_stamp(stamp: Any) -> None:
    """The error names the value and the range."""
    with pytest.raises(ProtocolError, match=r'stamp_ns must be an integer .*, got '):
        checked_update([{'name': 'Jaw', 'value': 40}], stamp)
    assert checked_update([{'name': 'Jaw', 'value': 40}], 0).stamp_ns is None


def test_messages_of_disabled_features_are_unknown() -> None:
    """A message of a disabled feature is unknown, even if it is invalid."""
    for text in ('{"type": "robot_state"}', '{"type": "robot_state", "data": {"gate": "ajar"}}'):
        assert decode_client(text, frozenset()) == Unknown('robot_state')
        with pytest.raises(ProtocolError):
            decode_client(text)
    assert decode_client('{"type": "reset_stop"}', frozenset()) == Unknown('reset_stop')


@pytest.mark.parametrize('to', ['null', '7', '["ros"]', '""', '"\\ud800"'])
def test_a_reset_with_an_invalid_id_addresses_no_robot(to: str) -> None:
    """An invalid robot id is not converted, so that no robot with a similar text is reset."""
    assert decode_client(f'{{"type": "reset_stop", "to": {to}}}') == ResetStop(None)


def test_the_text_of_a_robots_state_is_its_message() -> None:
    """The text assembled from parts equals the encoded message, with a state and without one."""
    for report in (RobotReport(STATE, 'ros', STAMP), RobotReport(STATE), RobotReport(None, 'ros')):
        assert json.loads(report.text) == json.loads(encode(report))
        assert report.text is report.text


def test_the_encoding_of_an_update() -> None:
    """An update is compact ASCII, the type first, without absent fields, entries unchanged."""
    update = JointUpdate(({'name': 'é', 'value': 1, 'speed': None},), source='leader')

    assert encode(update) == (
        '{"type":"joint_update","data":[{"name":"\\u00e9","value":1,"speed":null}],'
        '"source":"leader"}'
    )


def test_an_update_of_values_names_each_joint() -> None:
    """``JointUpdate.of`` keeps the order of the values, and ``values`` returns them."""
    update = JointUpdate.of({'b': 1.0, 'a': 2.0})

    assert [entry['name'] for entry in update.entries] == ['b', 'a']
    assert update.values == {'b': 1.0, 'a': 2.0}


def test_the_last_value_of_a_repeated_joint_applies() -> None:
    """Both entries are sent, and the last value applies."""
    update = JointUpdate(({'name': 'a', 'value': 1}, {'name': 'a', 'value': 2}))

    assert update.values == {'a': 2.0}


def test_an_update_is_encoded_once() -> None:
    """The encoded text is cached for all recipients."""
    update = JointUpdate.of({'a': 1.0})

    assert update.text is update.text
    assert update.text == encode(update)


@pytest.mark.parametrize(
    'value', [float('nan'), float('inf'), object()], ids=['nan', 'infinity', 'object']
)
def test_what_json_cannot_represent_is_not_sent(value: object) -> None:
    """A value that JSON cannot represent is refused at any depth."""
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
def test_an_invalid_entry_of_an_update(entry: str, reason: str) -> None:
    """A server refuses the update; a client accepts the valid entries and reports the others."""
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


def test_a_repeated_joint_with_an_invalid_value_is_dropped() -> None:
    """Both entries are dropped because the right value is unknown; other joints are kept."""
    entries = '{"name":"a","value":1},{"name":"b","value":2},{"name":"a","value":NaN}'

    update = decode_server(f'{{"type":"joint_update","data":[{entries}]}}')

    assert isinstance(update, JointUpdate)
    assert update.values == {'b': 2.0}
    assert [odd.name for odd in update.odd] == ['a']


@pytest.mark.parametrize('odd', ['{}', '0', '{"name": "x", "value": "oops"}'])
def test_an_update_with_too_many_invalid_entries_is_dropped(odd: str) -> None:
    """The number of described entries is limited, because a stop behind the frame waits."""
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
    """An update that is not a list, for example an object of names and values, is refused."""
    with pytest.raises(ProtocolError, match='data must be a list'):
        decode_client(f'{{"type": "joint_update", "data": {data}}}')


@pytest.mark.parametrize('data', ['', ', "data": null', ', "data": []', ', "data": {}'])
def test_an_empty_update_is_valid(data: str) -> None:
    """An update without joints is not an error."""
    assert decode_client(f'{{"type": "joint_update"{data}}}') == JointUpdate(())


@pytest.mark.parametrize('text', ['', 'x', '[]', '"x"', '7', 'null', '{', '[' * 100_000])
def test_a_frame_is_a_json_object(text: str) -> None:
    """Every decoder refuses a frame that is not a JSON object."""
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
def test_a_join_needs_an_id_and_a_role(text: str) -> None:
    """A join with an invalid id or role is refused."""
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
def test_a_stop_with_any_fields_is_a_stop(fields: dict[str, Any], reason: str | None) -> None:
    """Client and server accept a stop with invalid fields; its reason is short and printable."""
    text = json.dumps({'type': 'emergency_stop', **fields})

    for decode in (decode_client, decode_server):
        stop = decode(text)
        assert isinstance(stop, EmergencyStop)
        assert stop.reason == reason
        assert decode(encode(stop)) == stop


def test_an_error_can_be_printed() -> None:
    """The text of an error can be encoded as UTF-8, so that logging it does not fail."""
    reply = decode_server('{"type": "error", "message": "a\\ud800b"}')

    assert isinstance(reply, ErrorReply)
    assert reply.message == 'a?b'


@pytest.mark.parametrize(
    ('kind', 'named'), [('"dance"', 'dance'), ('null', 'None'), ('7', '7'), ('[1]', '[1]')]
)
def test_an_unknown_type_is_returned_as_unknown(kind: str, named: str) -> None:
    """An unknown type is not an error, because a later version may define it."""
    for decode in (decode_client, decode_server):
        assert decode(f'{{"type": {kind}}}') == Unknown(named)


def test_a_state_omits_values_that_are_no_numbers() -> None:
    """Other servers store any value; the names of the omitted joints are returned."""
    text = '{"type": "state_sync", "data": {"a": 1, "b": "x", "c": NaN, "d": true, "": 1}}'

    assert decode_server(text) == StateSync({'a': 1.0}, None, ('b', 'c', 'd', ''))


@pytest.mark.parametrize('data', ['', ', "data": null'])
def test_a_state_may_be_missing(data: str) -> None:
    """A missing state is an empty one."""
    assert decode_server(f'{{"type": "state_sync"{data}}}') == StateSync({})


@pytest.mark.parametrize(
    'text', ['{"type": "state_sync", "data": [1]}', '{"type": "joined", "role": "king"}']
)
def test_an_invalid_join_answer_is_refused(text: str) -> None:
    """A ``joined`` with invalid fields is refused, because the client would not know its role."""
    with pytest.raises(ProtocolError) as caught:
        decode_server(text)
    assert caught.value.reason == 'shape'


def test_the_link_of_a_robot_is_optional() -> None:
    """Other robots do not report it, and one of a later version may know another way."""
    waiting = {'gate': 'waiting'}
    assert read_state(waiting).link is None
    assert 'link' not in write_state(read_state(waiting))
    for link in ({'way': 'websocket'}, {'way': 'radio', 'loss': 0.5}):
        assert write_state(read_state({**waiting, 'link': link}))['link'] == link
    broken: tuple[object, ...] = ([], 7, {'loss': 'x'}, {'round_trip_ms': float('nan')})
    for invalid in broken:
        with pytest.raises(ProtocolError, match=r'robot_state: (link|the)') as caught:
            read_state({**waiting, 'link': invalid})
        assert caught.value.reason == 'robot_state'


def test_a_heartbeat_answer_may_omit_the_producer() -> None:
    """Only true or false reports a producer; other servers send neither."""
    assert decode_server('{"type": "heartbeat_ack"}') == HeartbeatAck()
    assert decode_server('{"type": "heartbeat_ack", "has_producer": 1}') == HeartbeatAck()


def test_a_room_lists_its_participants() -> None:
    """Participant ids that are not text are converted to text."""
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
def test_an_invalid_room_is_refused(fields: object) -> None:
    """A reply with an invalid structure raises ProtocolError."""
    with pytest.raises(ProtocolError):
        room_info(fields)


def test_a_state_over_rest_is_decoded_like_one_over_the_websocket() -> None:
    """Values that are not numbers are omitted, and their names are returned."""
    assert room_state({'joints': {'a': 1, 'b': None}}) == RoomState({'a': 1.0}, ('b',))
    with pytest.raises(ProtocolError):
        room_state({'joints': [1]})


@pytest.mark.parametrize(
    ('value', 'expected'),
    [('a', True), ('é😀', True), ('', False), (None, False), (7, False), ('\ud800', False)],
)
def test_what_counts_as_text(value: object, expected: bool) -> None:
    """Only a non-empty string that can be encoded as UTF-8 is a text."""
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
def test_any_frame_is_a_message_or_a_protocol_error(
    kind: str | None, fields: dict[str, Any]
) -> None:
    """Decoders raise nothing else, and every value of a joint update is a finite number."""
    text = json.dumps({'type': kind, **fields})

    for decode in (decode_client, decode_server):
        try:
            message = decode(text)
        except ProtocolError:
            continue
        if isinstance(message, JointUpdate):
            assert all(abs(value) < float('inf') for value in message.values.values())


def test_a_value_that_is_nested_too_deeply_is_named_by_its_type() -> None:
    """JSON may be nested more deeply than ``str()`` allows, and logging it must not fail."""
    nested: list[object] = []
    for _ in range(100_000):
        nested = [nested]

    assert as_text(nested) == 'list'


def test_numbers_of_updates_count_only_with_the_feature() -> None:
    """Another client may send a key of this name with another meaning."""
    text = '{"type": "joint_update", "data": [{"name": "a", "value": 1}], "seq": 7}'

    assert decode_client(text) == JointUpdate(({'name': 'a', 'value': 1},), seq=7)
    assert decode_client(text, frozenset()) == JointUpdate(({'name': 'a', 'value': 1},))


FINGERPRINT = '0123456789abcdef' * 4


@pytest.mark.parametrize(
    'message',
    [
        LaneAnswer(8000, None, FINGERPRINT),
        LaneAnswer(8000, 'lanes.example.org', FINGERPRINT),
        LaneAnswer(reason='too many lanes'),
        JointUpdate(({'name': 'a', 'value': 1.0},), STAMP, 'leader', seq=2**53),
        EmergencyStop('smoke', 'leader', STAMP, 'a1b2'),
    ],
)
def test_messages_of_a_lane_survive_the_wire(message: ServerMessage) -> None:
    """What a server sends to a participant with a lane is decoded as it was."""
    assert decode_server(encode(message)) == message


def test_a_request_for_a_lane_needs_the_feature_and_a_fingerprint() -> None:
    """Without the feature it is unknown; without a fingerprint it is refused."""
    request = LaneRequest(FINGERPRINT)
    assert decode_client(encode(request)) == request
    assert decode_client(encode(request), frozenset()) == Unknown('lane_request')
    for fingerprint in (
        'null',
        '7',
        '""',
        '"ab"',
        f'"{FINGERPRINT.upper()}"',
        f'"{FINGERPRINT}0"',
    ):
        with pytest.raises(ProtocolError, match='fingerprint'):
            decode_client(f'{{"type": "lane_request", "fingerprint": {fingerprint}}}')


@pytest.mark.parametrize('fields', ['"port": 0', '"port": 65536', '"port": true', '"port": 8000'])
def test_an_answer_without_a_place_is_refused(fields: str) -> None:
    """A lane without a reason why there is none needs a valid port and a fingerprint."""
    with pytest.raises(ProtocolError, match='port|fingerprint'):
        decode_server(f'{{"type": "lane_answer", {fields}}}')


def test_a_long_id_of_a_stop_is_truncated_and_the_stop_is_kept() -> None:
    """No id makes a stop invalid."""
    stop = decode_client(f'{{"type": "emergency_stop", "id": "{"x" * 1000}"}}')

    assert stop == EmergencyStop(stop_id='x' * MAX_STOP_ID_LENGTH)
