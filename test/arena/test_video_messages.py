# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""Messages and signals of video rooms: round trips, and what is refused."""

from __future__ import annotations

import json
from typing import Any

import pytest
from support.corpus import texts

from lerobot_arena_ros.arena.errors import ProtocolError
from lerobot_arena_ros.arena.messages import (
    EmergencyStop,
    ErrorReply,
    Heartbeat,
    HeartbeatAck,
    Joined,
    Role,
    Unknown,
)
from lerobot_arena_ros.arena.stream_config import (
    DEFAULT_CONFIG,
    Resolution,
    StreamConfig,
    VideoEncoding,
    read_config,
    write_config,
)
from lerobot_arena_ros.arena.video_messages import (
    MAX_CANDIDATE_CHARS,
    Answer,
    ConfigUpdate,
    IceCandidate,
    Offer,
    ParticipantJoined,
    ParticipantLeft,
    RecoveryTriggered,
    StatusUpdate,
    StreamStarted,
    StreamStats,
    StreamStopped,
    VideoFrame,
    WebrtcAnswer,
    WebrtcIce,
    WebrtcOffer,
    decode_signal,
    decode_video_client,
    decode_video_server,
    encode,
    encode_signal,
)

STAMP = '2026-01-31T10:15:30.123456+00:00'
CANDIDATE = {'candidate': 'candidate:1 1 udp 1 10.0.0.1 9 typ host', 'sdpMid': '0'}


@pytest.mark.parametrize(
    'message',
    [
        Joined('front', '', Role.CONSUMER, STAMP),
        ErrorReply('Cannot join room', STAMP, 'join_refused'),
        EmergencyStop('smoke', 'cam', STAMP),
        HeartbeatAck(STAMP),
        ParticipantJoined('front', 'viewer', Role.CONSUMER, STAMP),
        ParticipantLeft('front', 'cam', Role.PRODUCER, STAMP),
        StreamStarted({'framerate': 30}, 'cam', STAMP),
        StreamStopped('cam', 'unplugged', STAMP),
        ConfigUpdate({'encoding': 'h264'}, 'cam', STAMP),
        StatusUpdate('live', {'a': 1}, STAMP),
        StreamStats({'average_fps': 29.5}, STAMP),
        RecoveryTriggered('black_screen', 'lost', STAMP),
        WebrtcOffer('v=0', 'cam', STAMP),
        WebrtcAnswer('v=0', 'viewer', STAMP),
        WebrtcIce(CANDIDATE, 'cam', None, STAMP),
        WebrtcIce(None, None, 'viewer', STAMP),
    ],
)
def test_a_message_of_the_server_survives_a_round_trip(message: Any) -> None:
    """A message that is encoded and decoded again is the same message."""
    assert decode_video_server(encode(message)) == message


@pytest.mark.parametrize(
    'message',
    [
        Heartbeat(7),
        EmergencyStop('smoke'),
        StreamStarted({'framerate': 30}),
        StreamStopped(),
        ConfigUpdate({'bitrate': 200_000}),
        StatusUpdate('live', [1]),
        StreamStats({}),
        RecoveryTriggered(),
    ],
)
def test_a_message_of_a_client_survives_a_round_trip(message: Any) -> None:
    """A message that is encoded and decoded again is the same message."""
    assert decode_video_client(encode(message)) == message


@pytest.mark.parametrize(
    ('frame', 'wanted'),
    [
        (
            WebrtcOffer('v=0', 'cam', STAMP),
            {'offer': {'type': 'offer', 'sdp': 'v=0'}, 'from_producer': 'cam'},
        ),
        (
            WebrtcAnswer('v=0', 'me', STAMP),
            {'answer': {'type': 'answer', 'sdp': 'v=0'}, 'from_consumer': 'me'},
        ),
        (
            WebrtcIce(CANDIDATE, 'cam', None, STAMP),
            {'candidate': CANDIDATE, 'from_producer': 'cam', 'from_consumer': None},
        ),
        (StreamStopped('cam', None, STAMP), {'participant_id': 'cam', 'reason': None}),
        (StatusUpdate(timestamp=STAMP), {'status': 'unknown', 'data': None}),
        (StreamStats(timestamp=STAMP), {'stats': {}}),
        (
            RecoveryTriggered(timestamp=STAMP),
            {'policy': None, 'reason': 'Recovery triggered'},
        ),
        (
            ParticipantLeft('front', 'me', Role.CONSUMER, STAMP),
            {'room_id': 'front', 'participant_id': 'me', 'role': 'consumer'},
        ),
    ],
)
def test_a_frame_has_the_keys_of_the_public_server(
    frame: VideoFrame, wanted: dict[str, Any]
) -> None:
    """A key without a value is null, because a public client may read it without a check."""
    sent = json.loads(encode(frame))

    assert isinstance(sent.pop('type'), str)
    assert sent == {**wanted, 'timestamp': STAMP}


def test_joined_of_a_video_room_has_the_keys_of_the_public_server() -> None:
    """A video room does not send its workspace."""
    joined = json.loads(encode(Joined('front', '', Role.PRODUCER, STAMP)))

    wanted = {'type': 'joined', 'room_id': 'front', 'role': 'producer', 'timestamp': STAMP}
    assert joined == wanted


@pytest.mark.parametrize('text', ['{"type": "video_config_update", "config": null}', '{}'])
def test_what_the_public_server_ignores_is_unknown(text: str) -> None:
    """A message without a type or a configuration is not an error of its sender."""
    assert isinstance(decode_video_client(text), Unknown)


@pytest.mark.parametrize(
    'text',
    [
        '[]',
        'nonsense',
        '{"type": "stream_started", "config": 7}',
        '{"type": "video_config_update", "config": [1]}',
    ],
)
def test_a_malformed_message_of_a_client_is_refused(text: str) -> None:
    """A configuration is an object, and so is a message."""
    with pytest.raises(ProtocolError):
        decode_video_client(text)


@pytest.mark.parametrize(
    'text',
    [
        '{"type": "webrtc_offer", "from_producer": "cam"}',
        '{"type": "webrtc_offer", "offer": {"sdp": ""}, "from_producer": "cam"}',
        '{"type": "webrtc_offer", "offer": {"sdp": "v=0"}}',
        '{"type": "webrtc_answer", "answer": [], "from_consumer": "me"}',
        '{"type": "webrtc_ice", "from_producer": "cam"}',
        '{"type": "participant_joined", "role": "consumer"}',
        '{"type": "participant_left", "participant_id": "me", "role": "driver"}',
    ],
)
def test_a_malformed_message_of_a_server_is_refused(text: str) -> None:
    """A client need not check what it was sent."""
    with pytest.raises(ProtocolError):
        decode_video_server(text)


@pytest.mark.parametrize('text', texts('frames'))
def test_hostile_frames_are_refused_or_read(text: str) -> None:
    """No frame raises any other error, and what can be read can be encoded again."""
    for decode in (decode_video_client, decode_video_server):
        try:
            message = decode(text)
        except ProtocolError:
            continue
        if isinstance(message, VideoFrame):
            try:
                assert message.text.isascii()
            except ProtocolError as exc:
                assert exc.reason == 'value'


@pytest.mark.parametrize(
    'signal',
    [
        Offer('v=0', 'viewer'),
        Answer('v=0', 'cam'),
        IceCandidate(CANDIDATE, target_consumer='viewer'),
        IceCandidate(None, target_producer='cam'),
    ],
)
def test_a_signal_survives_a_round_trip(signal: Offer | Answer | IceCandidate) -> None:
    """A signal that is encoded and decoded again is the same signal."""
    assert decode_signal(encode_signal(signal)) == signal


def test_a_signal_of_an_unknown_type_is_unknown() -> None:
    """The public server ignores it."""
    assert decode_signal({'type': 'dance', 'sdp': 7}) == Unknown('dance')


@pytest.mark.parametrize(
    'message',
    [
        {},
        {'type': ['offer']},
        {'type': 'offer'},
        {'type': 'offer', 'sdp': ''},
        {'type': 'offer', 'sdp': {'a': 1}, 'target_consumer': 'viewer'},
        {'type': 'offer', 'sdp': '\ud800', 'target_consumer': 'viewer'},
        {'type': 'offer', 'sdp': 'v=0', 'target_consumer': ['viewer']},
        {'type': 'answer', 'sdp': None, 'target_producer': 'cam'},
        {'type': 'ice', 'target_producer': 'cam'},
        {'type': 'ice', 'candidate': 'candidate:1', 'target_producer': 'cam'},
        {'type': 'ice', 'candidate': {'candidate': float('nan')}, 'target_producer': 'cam'},
        {'type': 'ice', 'candidate': {'candidate': 'x' * MAX_CANDIDATE_CHARS}},
    ],
)
def test_a_malformed_signal_is_refused(message: dict[str, Any]) -> None:
    """Each field has its type, and a candidate has a limit; the reason is always the same."""
    with pytest.raises(ProtocolError) as caught:
        decode_signal(message)
    assert caught.value.reason == 'signal'


def test_a_configuration_survives_a_round_trip() -> None:
    """All values are kept, also those that are unknown."""
    for config in (DEFAULT_CONFIG, StreamConfig(), StreamConfig(VideoEncoding.H264)):
        assert read_config(write_config(config)) == config


def test_a_configuration_keeps_what_it_does_not_name() -> None:
    """An absent key has the value of the base, null has none, and unknown keys are ignored."""
    config = read_config(
        {'framerate': 15.0, 'bitrate': None, 'resolution': {'width': 1, 'height': 2}, 'foo': 7}
    )

    assert config == StreamConfig(VideoEncoding.VP8, Resolution(1, 2), 15, None, 80)


@pytest.mark.parametrize(
    'config',
    [
        7,
        {'encoding': 'VP8'},
        {'encoding': ['vp8']},
        {'framerate': 0},
        {'framerate': 121},
        {'framerate': 29.97},
        {'framerate': True},
        {'framerate': float('inf')},
        {'bitrate': 99_999},
        {'quality': '80'},
        {'resolution': {'width': -1, 'foo': 7}},
        {'resolution': {'width': 640}},
        {'resolution': 640},
    ],
)
def test_a_value_outside_its_range_is_refused(config: object) -> None:
    """A configuration is refused as a whole; the reason is always the same."""
    with pytest.raises(ProtocolError) as caught:
        read_config(config)
    assert caught.value.reason == 'config'
