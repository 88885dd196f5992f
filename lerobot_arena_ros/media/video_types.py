# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""
The data classes of the public video client, with its names, fields and defaults.

They hold what a program passes to the client and gets from it. All are mutable, as those of the
public client. The roles and encodings are those of the protocol.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from ..arena.messages import Role
from ..arena.stream_config import Resolution, VideoEncoding

__all__ = [
    'DEFAULT_CLIENT_OPTIONS',
    'DEFAULT_RESOLUTION',
    'DEFAULT_VIDEO_CONFIG',
    'ClientOptions',
    'ConnectedCallback',
    'ConnectionInfo',
    'DisconnectedCallback',
    'ErrorCallback',
    'FrameData',
    'FrameUpdateCallback',
    'ParticipantInfo',
    'ParticipantRole',
    'RecoveryConfig',
    'RecoveryPolicy',
    'RecoveryTriggeredCallback',
    'Resolution',
    'RoomInfo',
    'RoomState',
    'StatusUpdateCallback',
    'StreamStartedCallback',
    'StreamStats',
    'StreamStatsCallback',
    'StreamStoppedCallback',
    'VideoConfig',
    'VideoConfigUpdateCallback',
    'VideoEncoding',
    'WebRTCConfig',
    'WebRTCSignalResponse',
    'WebRTCStats',
    'config_from_json',
    'config_to_json',
    'recovery_to_json',
    'room_info_from_json',
    'room_state_from_json',
]

ParticipantRole = Role
"""The roles, under their name in the public video client."""


class RecoveryPolicy(Enum):
    """What a viewer shows when pictures are missing; the server stores it, no client uses it."""

    FREEZE_LAST_FRAME = 'freeze_last_frame'
    CONNECTION_INFO = 'connection_info'
    BLACK_SCREEN = 'black_screen'
    FADE_TO_BLACK = 'fade_to_black'
    OVERLAY_STATUS = 'overlay_status'


@dataclass
class VideoConfig:
    """
    What a stream is, as information for people; None is unknown.

    :param framerate: frames per second, 1 to 120.
    :param bitrate: bits per second, 100000 or more.
    :param quality: 1 to 100.
    """

    encoding: VideoEncoding | None = None
    resolution: Resolution | None = None
    framerate: int | None = None
    bitrate: int | None = None
    quality: int | None = None


@dataclass
class RecoveryConfig:
    """What a viewer shows when pictures are missing; the server stores it, no client uses it."""

    frame_timeout_ms: int | None = None
    max_frame_reuse_count: int | None = None
    recovery_policy: RecoveryPolicy | None = None
    fallback_policy: RecoveryPolicy | None = None
    show_hold_indicators: bool | None = None
    info_frame_bg_color: list[int] | None = None
    info_frame_text_color: list[int] | None = None
    fade_intensity: float | None = None
    overlay_opacity: float | None = None


@dataclass
class FrameData:
    """
    One picture.

    :param data: rgb24, row by row without padding: width x height x 3 bytes.
    :param metadata: ``width``, ``height``, ``format`` ('rgb24'), ``pts`` and ``time_base`` of the
        picture, ``frame_count``, which counts the pictures that were passed on, and, if the
        producer sends it, ``stamp_ns``: when it was taken, in nanoseconds since 1970.
    """

    data: bytes
    metadata: dict[str, Any] | None = None


@dataclass
class StreamStats:
    """The statistics that a producer sends."""

    stream_id: str
    duration_seconds: float
    frame_count: int
    total_bytes: int
    average_fps: float
    average_bitrate: float


@dataclass
class ParticipantInfo:
    """Who is in a room."""

    producer: str | None
    consumers: list[str]
    total: int


@dataclass
class RoomInfo:
    """A room, as a list of rooms has it."""

    id: str
    workspace_id: str
    participants: ParticipantInfo
    frame_count: int
    config: VideoConfig
    has_producer: bool
    active_consumers: int


@dataclass
class RoomState:
    """The state of a room; media do not pass the server, so that it counts no frames."""

    room_id: str
    workspace_id: str
    participants: ParticipantInfo
    frame_count: int
    last_frame_time: str | None
    current_config: VideoConfig
    timestamp: str


@dataclass
class ConnectionInfo:
    """The current room of a client; each field is None if it is not connected."""

    connected: bool
    workspace_id: str | None
    room_id: str | None
    role: ParticipantRole | None
    participant_id: str | None
    base_url: str


@dataclass
class WebRTCSignalResponse:
    """The reply to a signal; ``response`` is None if the server did not pass it on."""

    success: bool
    workspace_id: str
    response: dict[str, Any] | None = None
    message: str | None = None


@dataclass
class WebRTCConfig:
    """
    How media are sent.

    :param ice_servers: ``{'urls': 'stun:host'}``, for TURN with ``username`` and ``credential``,
        which are read from the environment where they are absent. None: no server.
    :param constraints: the camera, as a browser has it; read by ``start_camera`` only.
    :param bitrate: the highest bitrate, in bits per second.
    :param framerate: pictures per second of ``start_custom_stream``.
    :param resolution: information for people.
    :param codec_preferences: the first of ``VP8`` and ``H264`` is the codec of a producer.
    :param ice_transport_policy: ``relay`` sends media through a TURN server only; None or
        ``all`` does not. The public client does not have this field.
    """

    ice_servers: list[dict[str, Any]] | None = None
    constraints: dict[str, Any] | None = None
    bitrate: int | None = None
    framerate: int | None = None
    resolution: Resolution | Mapping[str, int] | None = None
    codec_preferences: list[str] | None = None
    ice_transport_policy: str | None = None


@dataclass
class WebRTCStats:
    """What a consumer receives."""

    video_bits_per_second: float
    frames_per_second: float
    frame_width: int
    frame_height: int
    packets_lost: int
    total_packets: int


@dataclass
class ClientOptions:
    """
    The options of a client.

    :param base_url: ignored, as by the public client.
    :param timeout: of a REST request, in seconds.
    :param reconnect_attempts: 0 for no reconnection; any other number for no limit.
    :param heartbeat_interval: ignored, because the client sends heartbeats as the server needs.
    """

    base_url: str | None = None
    timeout: float | None = None
    reconnect_attempts: int | None = None
    heartbeat_interval: float | None = None
    webrtc_config: WebRTCConfig | None = field(default=None)


FrameUpdateCallback = Callable[[FrameData], Any]
VideoConfigUpdateCallback = Callable[[VideoConfig], Any]
StreamStartedCallback = Callable[[VideoConfig, str], Any]
StreamStoppedCallback = Callable[[str, str | None], Any]
RecoveryTriggeredCallback = Callable[[RecoveryPolicy, str], Any]
StatusUpdateCallback = Callable[[str, dict[str, Any] | None], Any]
StreamStatsCallback = Callable[[StreamStats], Any]
ErrorCallback = Callable[[str], Any]
ConnectedCallback = Callable[[], Any]
DisconnectedCallback = Callable[[], Any]

DEFAULT_RESOLUTION = Resolution(width=640, height=480)
DEFAULT_VIDEO_CONFIG = VideoConfig(VideoEncoding.VP8, DEFAULT_RESOLUTION, 30, 1_000_000)
DEFAULT_CLIENT_OPTIONS = ClientOptions(timeout=5.0, reconnect_attempts=3, heartbeat_interval=30.0)


def config_to_json(config: VideoConfig) -> dict[str, Any]:
    """Return a configuration as it is sent; what is None is left out."""
    size = config.resolution
    fields = {
        'encoding': None if config.encoding is None else config.encoding.value,
        'resolution': None if size is None else {'width': size.width, 'height': size.height},
        'framerate': config.framerate,
        'bitrate': config.bitrate,
        'quality': config.quality,
    }
    return {key: value for key, value in fields.items() if value is not None}


def config_from_json(fields: object) -> VideoConfig:
    """Return a received configuration; what is invalid or unknown is None."""
    values: Mapping[str, Any] = fields if isinstance(fields, Mapping) else {}
    encoding, size = values.get('encoding'), values.get('resolution')
    known = {each.value: each for each in VideoEncoding}
    width, height = (_number(size, key) for key in ('width', 'height'))
    return VideoConfig(
        encoding=known.get(encoding) if isinstance(encoding, str) else None,
        resolution=None if width is None or height is None else Resolution(width, height),
        framerate=_number(values, 'framerate'),
        bitrate=_number(values, 'bitrate'),
        quality=_number(values, 'quality'),
    )


def recovery_to_json(config: RecoveryConfig) -> dict[str, Any]:
    """Return a recovery configuration as it is sent; what is None is left out."""
    return {
        key: value.value if isinstance(value, Enum) else value
        for key, value in vars(config).items()
        if value is not None
    }


def room_info_from_json(fields: Mapping[str, Any]) -> RoomInfo:
    """Return a room of a REST reply."""
    return RoomInfo(
        id=_text(fields, 'id'),
        workspace_id=_text(fields, 'workspace_id'),
        participants=_participants(fields),
        frame_count=_number(fields, 'frame_count') or 0,
        config=config_from_json(fields.get('config')),
        has_producer=fields.get('has_producer') is True,
        active_consumers=_number(fields, 'active_consumers') or 0,
    )


def room_state_from_json(fields: Mapping[str, Any]) -> RoomState:
    """Return the state of a room of a REST reply."""
    last_frame_time = fields.get('last_frame_time')
    return RoomState(
        room_id=_text(fields, 'room_id'),
        workspace_id=_text(fields, 'workspace_id'),
        participants=_participants(fields),
        frame_count=_number(fields, 'frame_count') or 0,
        last_frame_time=None if last_frame_time is None else str(last_frame_time),
        current_config=config_from_json(fields.get('current_config')),
        timestamp=_text(fields, 'timestamp'),
    )


def _participants(fields: Mapping[str, Any]) -> ParticipantInfo:
    found = fields.get('participants')
    values: Mapping[str, Any] = found if isinstance(found, Mapping) else {}
    producer, consumers = values.get('producer'), values.get('consumers')
    named = [each for each in consumers if isinstance(each, str)] if consumers else []
    return ParticipantInfo(
        producer=producer if isinstance(producer, str) else None,
        consumers=named,
        total=_number(values, 'total') or 0,
    )


def _text(fields: Mapping[str, Any], key: str) -> str:
    value = fields.get(key)
    return value if isinstance(value, str) else ''


def _number(fields: object, key: str) -> int | None:
    value = fields.get(key) if isinstance(fields, Mapping) else None
    is_number = isinstance(value, int) and not isinstance(value, bool)
    return value if is_number else None
