# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""Fuzz tests: any frame or signal of a video room is decoded completely or refused."""

from __future__ import annotations

from collections.abc import Callable
import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from support.corpus import FUZZ

from lerobot_arena_ros.arena.errors import ProtocolError
from lerobot_arena_ros.arena.messages import Unknown
from lerobot_arena_ros.arena.stream_config import read_config, write_config
from lerobot_arena_ros.arena.video_messages import (
    Answer,
    IceCandidate,
    Offer,
    VideoFrame,
    decode_signal,
    decode_video_client,
    decode_video_server,
    encode,
    encode_signal,
)

DECODERS: tuple[Callable[[str], Any], ...] = (decode_video_client, decode_video_server)
TYPES = (
    *('stream_started', 'stream_stopped', 'video_config_update', 'status_update'),
    *('stream_stats', 'recovery_triggered', 'webrtc_offer', 'webrtc_answer', 'webrtc_ice'),
    *('participant_joined', 'participant_left', 'joined', 'offer', 'answer', 'ice'),
)
KEYS = (
    *('config', 'reason', 'status', 'data', 'stats', 'policy', 'offer', 'answer', 'candidate'),
    *('sdp', 'from_producer', 'from_consumer', 'participant_id', 'role', 'source'),
    *('target_consumer', 'target_producer', 'encoding', 'resolution', 'width', 'framerate'),
)

leaves = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.sampled_from(('producer', 'consumer', 'vp8', '\ud800', 'v=0', 10**400))
    | st.text(max_size=5)
)
values = st.recursive(
    leaves,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=4)
    ),
    max_leaves=8,
)
objects = st.fixed_dictionaries(
    {'type': st.sampled_from(TYPES) | values},
    optional=dict.fromkeys(KEYS, values),
)


@FUZZ
@given(objects)
def test_frames_are_decoded_completely_or_refused(frame: dict[str, Any]) -> None:
    """What is decoded is encoded to the same message, or refused because JSON cannot have it."""
    text = json.dumps(frame)
    for decode in DECODERS:
        try:
            message = decode(text)
            again = encode(message)
        except ProtocolError as exc:
            assert exc.reason in ('json', 'shape', 'value')
            str(exc).encode()
        else:
            if isinstance(message, VideoFrame):
                assert decode(again) == message
                json.loads(again, parse_constant=_refuse)


@FUZZ
@given(objects)
def test_signals_are_decoded_completely_or_refused(message: dict[str, Any]) -> None:
    """There is one reason for all refusals; a signal can be encoded to the same one."""
    try:
        signal = decode_signal(message)
    except ProtocolError as exc:
        assert exc.reason == 'signal'
        str(exc).encode()
    else:
        assert isinstance(signal, Offer | Answer | IceCandidate | Unknown)
        if not isinstance(signal, Unknown):
            assert decode_signal(encode_signal(signal)) == signal


@FUZZ
@given(values)
def test_configurations_are_read_completely_or_refused(config: object) -> None:
    """What is read can be written and read again."""
    try:
        read = read_config(config)
    except ProtocolError as exc:
        assert exc.reason == 'config'
        str(exc).encode()
    else:
        assert read_config(write_config(read)) == read


def _refuse(constant: str) -> None:
    raise AssertionError(f'{constant} is not JSON')
