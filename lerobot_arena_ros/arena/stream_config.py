# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""
The configuration of a video stream, which its producer describes for people. Nothing enforces it.

It is data of a room, and part of some of its messages.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import Enum
from typing import Any

from .errors import ProtocolError
from .fields import as_object, is_finite, shown

__all__ = [
    'DEFAULT_CONFIG',
    'Resolution',
    'StreamConfig',
    'VideoEncoding',
    'read_config',
    'write_config',
]

MAX_SIDE = 65535
"""The largest width or height of a picture, in pixels."""

_BOUNDS = {'framerate': (1, 120), 'bitrate': (100_000, 10**12), 'quality': (1, 100)}


class VideoEncoding(str, Enum):
    """The video codecs that a room can name."""

    JPEG = 'jpeg'
    H264 = 'h264'
    VP8 = 'vp8'
    VP9 = 'vp9'


@dataclass(frozen=True)
class Resolution:
    """The size of a picture in pixels."""

    width: int
    height: int


@dataclass(frozen=True)
class StreamConfig:
    """
    The description of a stream by its producer; it is for people, because nothing enforces it.

    :param framerate: frames per second, 1 to 120.
    :param bitrate: bits per second, 100000 or more.
    :param quality: 1 to 100.
    """

    encoding: VideoEncoding | None = None
    resolution: Resolution | None = None
    framerate: int | None = None
    bitrate: int | None = None
    quality: int | None = None


DEFAULT_CONFIG = StreamConfig(VideoEncoding.VP8, Resolution(640, 480), 30, 1_000_000, 80)
"""The configuration of a room that was created without one."""


def read_config(config: object, base: StreamConfig = DEFAULT_CONFIG) -> StreamConfig:
    """
    Decode a configuration; a key that is absent has the value of ``base``, null is unknown.

    :raises ProtocolError: it is not an object, or a value is outside its range.
    """
    try:
        return replace(base, **_changes(as_object(config, 'config')))
    except ProtocolError as exc:
        raise ProtocolError(str(exc), reason='config') from exc


def write_config(config: StreamConfig) -> dict[str, Any]:
    """Return a configuration as JSON, with null for what is unknown."""
    size = config.resolution
    return {
        'encoding': None if config.encoding is None else config.encoding.value,
        'resolution': None if size is None else {'width': size.width, 'height': size.height},
        'framerate': config.framerate,
        'bitrate': config.bitrate,
        'quality': config.quality,
    }


def _changes(config: Mapping[str, Any]) -> dict[str, Any]:
    """Return the valid keys of a configuration."""
    changes: dict[str, Any] = {}
    for key, (least, most) in _BOUNDS.items():
        if key in config:
            changes[key] = _number(config[key], key, least, most)
    if 'encoding' in config:
        changes['encoding'] = _encoding(config['encoding'])
    if 'resolution' in config:
        changes['resolution'] = _resolution(config['resolution'])
    return changes


def _number(value: object, key: str, least: int, most: int) -> int | None:
    if value is None:
        return None
    if not is_finite(value) or value != int(value) or not least <= value <= most:
        raise ProtocolError(
            f'{key} must be a whole number from {least} to {most}, got {shown(value)}',
            reason='value',
        )
    return int(value)


def _encoding(value: object) -> VideoEncoding | None:
    known = [each.value for each in VideoEncoding]
    if value is not None and value not in known:
        text = f'encoding must be one of {", ".join(known)}, got {shown(value)}'
        raise ProtocolError(text, reason='value')
    return None if value is None else VideoEncoding(value)


def _resolution(value: object) -> Resolution | None:
    if value is None:
        return None
    size = as_object(value, 'resolution')
    width, height = (_number(size.get(key), key, 1, MAX_SIDE) for key in ('width', 'height'))
    if width is None or height is None:
        raise ProtocolError('resolution needs width and height', reason='value')
    return Resolution(width, height)
