# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""
The messages of a video room, and the signals of WebRTC, as frozen dataclasses.

Media never passes the server. A producer and a consumer exchange SDP and ICE candidates: one posts
a *signal* over HTTP (:class:`Offer`, :class:`Answer`, :class:`IceCandidate`), and the server sends
it to the other over its WebSocket (:class:`WebrtcOffer`, :class:`WebrtcAnswer`,
:class:`WebrtcIce`).

Rules of this file:

- ``joined``, ``error``, heartbeats and emergency stops are those of :mod:`.messages`.
- Other messages have null for a key without a value, as those of the public server have, because
  a public client may read the key without a check.
- SDP and candidates are never interpreted, only checked for their type and size.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from functools import cached_property
from typing import Any

from .errors import ProtocolError
from .features import Feature
from .fields import as_object, as_text, is_text, optional_text, shown
from .messages import (
    MAX_REASON_LENGTH,
    ClientMessage,
    Message,
    Role,
    ServerMessage,
    Unknown,
    client_message,
    load_object,
    server_message,
    to_json,
)
from .messages import (
    encode as encode_shared,
)

__all__ = [
    'MAX_CANDIDATE_CHARS',
    'VIDEO_FEATURES',
    'Answer',
    'ConfigUpdate',
    'IceCandidate',
    'Offer',
    'ParticipantJoined',
    'ParticipantLeft',
    'RecoveryTriggered',
    'Signal',
    'StatusUpdate',
    'StreamStarted',
    'StreamStats',
    'StreamStopped',
    'VideoClientMessage',
    'VideoFrame',
    'VideoServerMessage',
    'WebrtcAnswer',
    'WebrtcIce',
    'WebrtcOffer',
    'decode_signal',
    'decode_video_client',
    'decode_video_server',
    'encode',
    'encode_signal',
]

VIDEO_FEATURES = frozenset((Feature.HEARTBEAT_SEQ, Feature.LAST_STOP, Feature.LIVENESS))
"""The protocol extensions that exist in video rooms."""

MAX_CANDIDATE_CHARS = 2000
"""Characters of an ICE candidate as JSON; those of browsers have about 250."""


@dataclass(frozen=True)
class VideoFrame:
    """The base class of the WebSocket messages that exist only in video rooms."""

    @cached_property
    def text(self) -> str:
        """
        The encoded message; encoded once for all recipients.

        :raises ProtocolError: it contains a value that JSON cannot represent.
        """
        return to_json(_frame_fields(self), type(self).__name__)


@dataclass(frozen=True)
class ParticipantJoined(VideoFrame):
    """A participant has joined; sent to all others."""

    room_id: str
    participant_id: str
    role: Role
    timestamp: str | None = None


@dataclass(frozen=True)
class ParticipantLeft(VideoFrame):
    """A participant has left; sent to all others."""

    room_id: str
    participant_id: str
    role: Role
    timestamp: str | None = None


@dataclass(frozen=True)
class StreamStarted(VideoFrame):
    """
    The producer sends pictures now.

    :param config: as the producer sent it.
    :param participant_id: the producer, set by the server.
    """

    config: Mapping[str, Any] = field(default_factory=dict)
    participant_id: str | None = None
    timestamp: str | None = None


@dataclass(frozen=True)
class StreamStopped(VideoFrame):
    """
    The producer sends no more pictures.

    :param participant_id: the producer, set by the server.
    """

    participant_id: str | None = None
    reason: str | None = None
    timestamp: str | None = None


@dataclass(frozen=True)
class ConfigUpdate(VideoFrame):
    """
    The configuration of the stream has changed.

    :param config: the changed keys, as the producer sent them.
    :param source: the producer, set by the server.
    """

    config: Mapping[str, Any]
    source: str | None = None
    timestamp: str | None = None


@dataclass(frozen=True)
class StatusUpdate(VideoFrame):
    """A status of the producer; ``data`` is any JSON value."""

    status: str = 'unknown'
    data: object = None
    timestamp: str | None = None


@dataclass(frozen=True)
class StreamStats(VideoFrame):
    """Statistics of the producer; ``stats`` is any JSON value."""

    stats: object = field(default_factory=dict)
    timestamp: str | None = None


@dataclass(frozen=True)
class RecoveryTriggered(VideoFrame):
    """The producer shows a substitute for its pictures."""

    policy: str | None = None
    reason: str = 'Recovery triggered'
    timestamp: str | None = None


@dataclass(frozen=True)
class WebrtcOffer(VideoFrame):
    """An offer of the producer; sent to one consumer."""

    sdp: str
    from_producer: str
    timestamp: str | None = None


@dataclass(frozen=True)
class WebrtcAnswer(VideoFrame):
    """The answer of a consumer; sent to the producer."""

    sdp: str
    from_consumer: str
    timestamp: str | None = None


@dataclass(frozen=True)
class WebrtcIce(VideoFrame):
    """
    An ICE candidate; sent to one participant.

    :param candidate: as in :class:`IceCandidate`.
    :param from_producer: the sender, if it is the producer.
    :param from_consumer: the sender, if it is a consumer.
    """

    candidate: Mapping[str, Any] | None
    from_producer: str | None = None
    from_consumer: str | None = None
    timestamp: str | None = None


@dataclass(frozen=True)
class Offer:
    """
    The producer offers a connection.

    :param target_consumer: None if the sender named no consumer; the server then drops the offer.
    """

    sdp: str
    target_consumer: str | None = None


@dataclass(frozen=True)
class Answer:
    """A consumer answers the offer of the producer; the target is as in :class:`Offer`."""

    sdp: str
    target_producer: str | None = None


@dataclass(frozen=True)
class IceCandidate:
    """
    An ICE candidate, of the producer for a consumer or the reverse.

    :param candidate: as browsers write it, with ``candidate``, ``sdpMid``, ``sdpMLineIndex`` and
        ``usernameFragment``; None = there are no more.
    """

    candidate: Mapping[str, Any] | None
    target_consumer: str | None = None
    target_producer: str | None = None


Signal = Offer | Answer | IceCandidate | Unknown
VideoClientMessage = ClientMessage | VideoFrame
VideoServerMessage = ServerMessage | VideoFrame

_TYPES: dict[type[VideoFrame], str] = {
    ParticipantJoined: 'participant_joined',
    ParticipantLeft: 'participant_left',
    StreamStarted: 'stream_started',
    StreamStopped: 'stream_stopped',
    ConfigUpdate: 'video_config_update',
    StatusUpdate: 'status_update',
    StreamStats: 'stream_stats',
    RecoveryTriggered: 'recovery_triggered',
    WebrtcOffer: 'webrtc_offer',
    WebrtcAnswer: 'webrtc_answer',
    WebrtcIce: 'webrtc_ice',
}


def decode_video_client(
    text: str, features: frozenset[Feature] = VIDEO_FEATURES
) -> VideoClientMessage:
    """
    Decode a message that a participant of a video room sends after the join.

    :param features: as in :func:`.decode_client`.
    :raises ProtocolError: it is not a JSON object, or its configuration is not an object.
    """
    message = load_object(text)
    if message.get('type') in ('heartbeat', 'emergency_stop'):
        return client_message(message, features)
    if message.get('type') == 'video_config_update' and message.get('config') is None:
        return Unknown('video_config_update')  # The public server ignores it.
    return _stream_message(message) or Unknown(as_text(message.get('type')))


def decode_video_server(text: str) -> VideoServerMessage:
    """
    Decode a message from the server of a video room.

    :raises ProtocolError: it is not a JSON object, or lacks a field that its type needs.
    """
    message = load_object(text)
    timestamp = optional_text(message.get('timestamp'))
    match message.get('type'):
        case 'joined' | 'error' | 'emergency_stop' | 'heartbeat_ack':
            return server_message(message)
        case 'participant_joined':
            return ParticipantJoined(*_participant(message), timestamp)
        case 'participant_left':
            return ParticipantLeft(*_participant(message), timestamp)
        case 'webrtc_offer':
            return WebrtcOffer(*_description(message, 'offer', 'from_producer'), timestamp)
        case 'webrtc_answer':
            return WebrtcAnswer(*_description(message, 'answer', 'from_consumer'), timestamp)
        case 'webrtc_ice':
            producer = optional_text(message.get('from_producer'))
            consumer = optional_text(message.get('from_consumer'))
            return WebrtcIce(_candidate(message), producer, consumer, timestamp)
        case other:
            return _stream_message(message) or Unknown(as_text(other))


def decode_signal(message: Mapping[str, Any]) -> Signal:
    """
    Decode the ``message`` of a signal that a participant posts.

    :returns: Unknown for an unknown type, which the public server ignores.
    :raises ProtocolError: a field is missing, or has a wrong type or size.
    """
    try:
        return _signal(message)
    except ProtocolError as exc:
        raise ProtocolError(str(exc), reason='signal') from exc


def encode(message: Message | VideoFrame) -> str:
    """
    Encode a message of a video room as the text of one frame.

    :raises ProtocolError: as :func:`.messages.encode`.
    """
    return message.text if isinstance(message, VideoFrame) else encode_shared(message)


def encode_signal(signal: Offer | Answer | IceCandidate) -> dict[str, Any]:
    """Return the ``message`` of a signal to post."""
    match signal:
        case Offer(sdp, target):
            return {'type': 'offer', 'sdp': sdp, 'target_consumer': target}
        case Answer(sdp, target):
            return {'type': 'answer', 'sdp': sdp, 'target_producer': target}
        # The type has no other member.
        case IceCandidate(candidate, consumer, producer):  # pragma: no branch
            targets = {'target_consumer': consumer, 'target_producer': producer}
            named = {key: value for key, value in targets.items() if value is not None}
            return {'type': 'ice', 'candidate': candidate, **named}


def _frame_fields(frame: VideoFrame) -> dict[str, Any]:
    kind = _TYPES[type(frame)]
    match frame:
        case WebrtcOffer(sdp, sender, timestamp):
            offer = {'type': 'offer', 'sdp': sdp}
            return {'type': kind, 'offer': offer, 'from_producer': sender, 'timestamp': timestamp}
        case WebrtcAnswer(sdp, sender, timestamp):
            answer = {'type': 'answer', 'sdp': sdp}
            return {
                'type': kind,
                'answer': answer,
                'from_consumer': sender,
                'timestamp': timestamp,
            }
    names = [each.name for each in fields(frame)]
    values = {name: getattr(frame, name) for name in names}
    if 'role' in values:
        values['role'] = values['role'].value
    return {'type': kind, **values}


def _stream_message(message: Mapping[str, Any]) -> VideoFrame | None:
    """Return a message that the producer sends and the server passes on; None for another."""
    timestamp = optional_text(message.get('timestamp'))
    sender = optional_text(message.get('participant_id'))
    match message.get('type'):
        case 'stream_started':
            return StreamStarted(_config(message), sender, timestamp)
        case 'stream_stopped':
            return StreamStopped(sender, _reason(message), timestamp)
        case 'video_config_update':
            source = optional_text(message.get('source'))
            return ConfigUpdate(_config(message), source, timestamp)
        case 'status_update':
            status = as_text(message.get('status') or 'unknown')
            return StatusUpdate(status, message.get('data'), timestamp)
        case 'stream_stats':
            return StreamStats(message.get('stats', {}), timestamp)
        case 'recovery_triggered':
            policy = optional_text(message.get('policy'))
            reason = _reason(message) or 'Recovery triggered'
            return RecoveryTriggered(policy, reason, timestamp)
    return None


def _config(message: Mapping[str, Any]) -> dict[str, Any]:
    config = message.get('config')
    return {} if config is None else as_object(config, 'config')


def _reason(message: Mapping[str, Any]) -> str | None:
    reason = optional_text(message.get('reason'))
    return None if reason is None else reason[:MAX_REASON_LENGTH]


def _participant(message: Mapping[str, Any]) -> tuple[str, str, Role]:
    role = message.get('role')
    if role not in ('producer', 'consumer'):
        raise ProtocolError(f'role must be known, got {shown(role)}', reason='shape')
    return as_text(message.get('room_id')), _text(message, 'participant_id'), Role(role)


def _description(message: Mapping[str, Any], key: str, sender: str) -> tuple[str, str]:
    return _text(as_object(message.get(key), key), 'sdp'), _text(message, sender)


def _signal(message: Mapping[str, Any]) -> Signal:
    match message.get('type'):
        case 'offer':
            return Offer(_text(message, 'sdp'), _target(message, 'target_consumer'))
        case 'answer':
            return Answer(_text(message, 'sdp'), _target(message, 'target_producer'))
        case 'ice':
            consumer = _target(message, 'target_consumer')
            producer = _target(message, 'target_producer')
            return IceCandidate(_candidate(message), consumer, producer)
        case str() as other:
            return Unknown(as_text(other))
        case other:
            raise ProtocolError(f'type must be a text, got {shown(other)}', reason='shape')


def _candidate(message: Mapping[str, Any]) -> dict[str, Any] | None:
    if 'candidate' not in message:
        raise ProtocolError('candidate is missing', reason='shape')
    candidate = message['candidate']
    if candidate is None:
        return None
    length = len(to_json(as_object(candidate, 'candidate'), 'candidate'))
    if length > MAX_CANDIDATE_CHARS:
        raise ProtocolError(
            f'a candidate has at most {MAX_CANDIDATE_CHARS} characters, got {length}',
            reason='shape',
        )
    return dict(candidate)


def _target(message: Mapping[str, Any], key: str) -> str | None:
    target = message.get(key)
    if target is None or isinstance(target, str):
        return target or None
    raise ProtocolError(f'{key} must be a participant id, got {shown(target)}', reason='shape')


def _text(message: Mapping[str, Any], key: str) -> str:
    value = message.get(key)
    if not is_text(value):
        raise ProtocolError(f'{key} must be a non-empty text, got {shown(value)}', reason='shape')
    return value
