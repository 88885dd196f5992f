# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""Fuzz tests: any frame or reply is decoded completely or refused with an error."""

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
    """Check that each decoder returns a valid message or raises ProtocolError."""
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
    """Check the properties of a message that the rest of the program relies on."""
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
    """Return a value as JSON types, with sets of features and dataclasses converted."""
    if isinstance(value, frozenset):
        return sorted(value)
    assert is_dataclass(value)
    return {field.name: getattr(value, field.name) for field in fields(value)}


def check_round_trip(decode: Callable[[str], Message], message: Message) -> None:
    """Check that a message can be forwarded; extra keys of a joint may not be encodable."""
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
def test_the_corpus_of_frames_is_decoded_or_refused(data: bytes) -> None:
    """Every decoder accepts or refuses each UTF-8 frame of the corpus."""
    check_decoders(data.decode('utf-8', 'surrogateescape'))


@FUZZ
@given(mutated(texts('frames')))
@example('{"type": "emergency_stop", "reason": ' + '9' * 5000 + '}')
def test_mutated_frames_are_decoded_or_refused(text: str) -> None:
    """Decoders raise only ProtocolError for mutated frames."""
    check_decoders(text)


@FUZZ
@given(st.dictionaries(keys, values, max_size=5))
def test_objects_of_any_shape_are_decoded_or_refused(message: dict[str, object]) -> None:
    """Decoders accept or refuse objects with known keys and arbitrary values."""
    check_decoders(json.dumps(message))


@pytest.mark.parametrize('data', cases('rooms'))
def test_the_corpus_of_rooms_is_decoded_or_refused(data: bytes) -> None:
    """Each reply of the corpus is decoded or refused as participants and as state."""
    check_readers(json.loads(data))


@FUZZ
@given(values)
def test_rooms_of_any_shape_are_decoded_or_refused(reply: object) -> None:
    """REST replies of other servers are not trusted: any value is decoded or refused."""
    check_readers(reply)
    check_readers({'participants': reply, 'joints': reply})


def check_readers(reply: object) -> None:
    """Check that a reply is decoded to valid values or raises ProtocolError."""
    for read in READERS:
        try:
            check_message(read(reply))
        except ProtocolError as exc:
            assert exc.reason == 'shape'


@pytest.mark.parametrize('decode', [decode_client, decode_server])
def test_a_stop_with_a_huge_number_is_a_stop(
    decode: Callable[[str], Message],
) -> None:
    """A stop is accepted even if it contains an integer of thousands of digits."""
    for digits in (400, 5000):
        text = '{"type": "emergency_stop", "reason": %s}' % ('9' * digits)

        assert isinstance(decode(text), EmergencyStop)


def test_texts_of_a_server_can_be_logged() -> None:
    """Lone surrogates, which UTF-8 cannot encode, are replaced in all texts."""
    pair = '\ud800'
    info = room_info({'id': pair, 'participants': {'producer': pair, 'consumers': [pair]}})

    assert info == RoomInfo('?', '?', ('?',))
    assert room_state({'joints': {pair: 1}}) == RoomState({}, ('?',))
    for kind in ('error', pair, 'joined'):
        text = json.dumps({'type': kind, 'message': pair, 'room_id': pair, 'role': 'consumer'})
        check_message(decode_server(text))
