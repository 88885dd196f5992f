"""Whatever stands in a frame or a reply, it is read whole or refused by name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, is_dataclass, replace
import json
import math

from hypothesis import example, given
from hypothesis import strategies as st
import pytest
from support.corpus import FUZZ, cases, mutated, texts

from lerobot_arena_ros.arena.errors import ProtocolError
from lerobot_arena_ros.arena.messages import (
    MAX_REASON_LENGTH,
    EmergencyStop,
    Join,
    JointUpdate,
    Message,
    RoomInfo,
    RoomState,
    StateSync,
    decode_client,
    decode_join,
    decode_server,
    encode,
    room_info,
    room_state,
)

DECODERS: tuple[Callable[[str], Message], ...] = (decode_client, decode_server, decode_join)
READERS: tuple[Callable[[object], RoomInfo | RoomState], ...] = (room_info, room_state)

keys = st.sampled_from(
    (
        *('type', 'data', 'name', 'value', 'speed', 'role', 'reason', 'joints', 'id', 'to'),
        *('participants', 'features', 'last_stop', 'gate', 'stop', 'refused', 'measured'),
    )
)
values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.sampled_from(('joint_update', 'emergency_stop', 'state_sync', 'joined', 'producer'))
    | st.sampled_from(('robot_state', 'reset_stop', 'last_stop', 'remote_reset', 'active'))
    | st.text(alphabet=st.characters(), max_size=5)
    | st.sampled_from(('\ud800', 'a\udfff')),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=5),
    max_leaves=12,
)


def check_decoders(text: str) -> None:
    """See that each decoder gives a sound message or a ProtocolError."""
    for decode in DECODERS:
        try:
            message = decode(text)
        except ProtocolError as exc:
            assert exc.reason in ('json', 'shape', 'name', 'value', 'join', 'robot_state')
            assert len(str(exc)) < 1000
            str(exc).encode()
        else:
            check_message(message)
            check_round_trip(decode, message)


def check_message(message: Message | RoomInfo | RoomState) -> None:
    """See that the rest of the program can rely on what it is given."""
    assert is_dataclass(message)
    for field in fields(message):
        value = getattr(message, field.name)
        if field.name != 'entries':
            json.dumps(value, ensure_ascii=False, allow_nan=False, default=plain).encode()
    match message:
        case JointUpdate():
            assert all(math.isfinite(value) and name for name, value in message.values.items())
        case StateSync(joints) | RoomState(joints):
            assert all(math.isfinite(value) and name for name, value in joints.items())
        case EmergencyStop(reason):
            assert reason is None or len(reason) <= MAX_REASON_LENGTH
        case Join(participant_id):
            assert participant_id


def plain(value: object) -> object:
    """Return what a message may hold beside JSON, a set of features or a dataclass, as JSON."""
    if isinstance(value, frozenset):
        return sorted(value)
    assert is_dataclass(value)
    return {field.name: getattr(value, field.name) for field in fields(value)}


def check_round_trip(decode: Callable[[str], Message], message: Message) -> None:
    """See that a message can be passed on; other keys of a joint may hold what JSON cannot say."""
    try:
        text = encode(message)
    except ProtocolError:
        assert isinstance(message, JointUpdate)
        return
    text.encode()
    again = decode(text)
    if isinstance(message, StateSync):
        assert isinstance(again, StateSync)
        assert again.joints == message.joints
    else:
        passed_on = replace(message, odd=()) if isinstance(message, JointUpdate) else message
        assert again == passed_on


@pytest.mark.parametrize('data', cases('frames'))
def test_the_corpus_of_frames_is_read_or_refused(data: bytes) -> None:
    """By every decoder; what is no UTF-8 never reaches one."""
    check_decoders(data.decode('utf-8', 'surrogateescape'))


@FUZZ
@given(mutated(texts('frames')))
@example('{"type": "emergency_stop", "reason": ' + '9' * 5000 + '}')
def test_spoilt_frames_are_read_or_refused(text: str) -> None:
    """Nothing but a ProtocolError comes out of a decoder."""
    check_decoders(text)


@FUZZ
@given(st.dictionaries(keys, values, max_size=5))
def test_objects_of_any_shape_are_read_or_refused(message: dict[str, object]) -> None:
    """The keys are known, and what stands behind them is anything."""
    check_decoders(json.dumps(message))


@pytest.mark.parametrize('data', cases('rooms'))
def test_the_corpus_of_rooms_is_read_or_refused(data: bytes) -> None:
    """As a room's participants and as its state."""
    check_readers(json.loads(data))


@FUZZ
@given(values)
def test_rooms_of_any_shape_are_read_or_refused(reply: object) -> None:
    """What another server answers over REST is trusted in nothing."""
    check_readers(reply)
    check_readers({'participants': reply, 'joints': reply})


def check_readers(reply: object) -> None:
    """See that a reply gives something sound or a ProtocolError."""
    for read in READERS:
        try:
            check_message(read(reply))
        except ProtocolError as exc:
            assert exc.reason == 'shape'


@pytest.mark.parametrize('decode', [decode_client, decode_server])
def test_a_stop_with_a_number_that_python_does_not_read_is_a_stop(
    decode: Callable[[str], Message],
) -> None:
    """A number of thousands of digits is JSON, and bad manners cost no stop."""
    for digits in (400, 5000):
        text = '{"type": "emergency_stop", "reason": %s}' % ('9' * digits)

        assert isinstance(decode(text), EmergencyStop)


def test_what_a_server_says_can_be_logged() -> None:
    """Lone surrogates, which no UTF-8 log takes, are replaced wherever a text is kept."""
    pair = '\ud800'
    info = room_info({'id': pair, 'participants': {'producer': pair, 'consumers': [pair]}})

    assert info == RoomInfo('?', '?', ('?',))
    assert room_state({'joints': {pair: 1}}) == RoomState({}, ('?',))
    for kind in ('error', pair, 'joined'):
        text = json.dumps({'type': kind, 'message': pair, 'room_id': pair, 'role': 'consumer'})
        check_message(decode_server(text))
