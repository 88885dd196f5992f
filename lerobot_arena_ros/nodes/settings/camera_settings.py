# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""Frozen dataclasses with the settings of arena_camera, built from checked parameters."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from lerobot_arena_ros.arena.access import Access
from lerobot_arena_ros.arena.address import Address
from lerobot_arena_ros.arena.session import LinkTiming
from lerobot_arena_ros.media.bitrate import BitrateBounds
from lerobot_arena_ros.media.errors import InvalidIceServer
from lerobot_arena_ros.media.ice import IceServers

from .server_settings import read_access, read_address, read_pauses, read_timing
from .specs import ParameterError
from .topics import check_camera_names

__all__ = ['CameraNodeSettings', 'ReceiveSettings', 'Room', 'SendSettings']


@dataclass(frozen=True)
class Room:
    """
    The room of a camera.

    :param create: create it if it is missing.
    """

    workspace_id: str
    room_id: str
    create: bool


@dataclass(frozen=True)
class SendSettings:
    """
    A camera whose pictures are sent to a room; see the parameters ``camera_map.*``.

    :param topic: without the ending of a compressed topic.
    :param max_rate_hz: 0 = unlimited.
    :param required_viewer: beginning of a participant id; empty = any viewer.
    """

    name: str
    room: Room
    topic: str
    is_compressed: bool
    max_rate_hz: float
    codec: str
    bitrate: BitrateBounds
    key_period_s: float
    max_age_s: float
    required_viewer: str


@dataclass(frozen=True)
class ReceiveSettings:
    """
    A camera that is published from a room; see the parameters ``camera_map.*``.

    :param topic: without the ending of a compressed topic.
    :param encoding: of the raw pictures; None: none are published.
    :param jpeg_quality: of the compressed pictures; None: none are published.
    """

    name: str
    room: Room
    topic: str
    encoding: str | None
    jpeg_quality: float | None
    frame_id: str
    max_age_s: float


@dataclass(frozen=True)
class CameraNodeSettings:
    """
    All settings of a camera node.

    :param access: the token from the environment, and the trusted certificate authorities.
    :param ice_urls: the STUN and TURN servers.
    :param ice_transport_policy: ``all`` or ``relay``.
    :param timing: the timeouts of the links to the rooms.
    :param pauses_s: the shortest and the longest pause between two attempts to join.
    """

    address: Address
    access: Access
    senders: tuple[SendSettings, ...]
    receivers: tuple[ReceiveSettings, ...]
    ice_urls: tuple[str, ...]
    ice_transport_policy: str
    timing: LinkTiming
    pauses_s: tuple[float, float]
    autostart: bool

    @classmethod
    def of(
        cls, values: Mapping[str, Any], cameras: Mapping[str, Mapping[str, Any]]
    ) -> CameraNodeSettings:
        """
        Build the settings from checked values.

        :param values: values by parameter name.
        :param cameras: for each camera, its values by the name after ``camera_map.<camera>.``.
        :raises ParameterError: two values contradict each other.
        """
        _check_names(cameras)
        if not values['workspace_id']:
            raise ParameterError("parameter workspace_id = '': expected the name of a workspace")
        address = read_address(values['server_url'])
        _check_ice(values)
        senders = [_sender(name, values, own) for name, own in cameras.items() if _is_sent(own)]
        receivers = [
            _receiver(name, values, own) for name, own in cameras.items() if not _is_sent(own)
        ]
        _check_rooms(senders)
        return cls(
            address=address,
            access=read_access(address, values['ca_file']),
            senders=tuple(senders),
            receivers=tuple(receivers),
            ice_urls=tuple(values['ice_servers']),
            ice_transport_policy=values['ice_transport_policy'],
            timing=read_timing(values),
            pauses_s=read_pauses(values),
            autostart=values['autostart'],
        )


def _check_names(cameras: Iterable[str]) -> None:
    names = list(cameras)
    if not names:
        raise ParameterError(
            'no camera is named: set cameras, for example cameras:=[front], and camera_map.front.*'
            '; see --help'
        )
    check_camera_names('cameras', names)


def _check_ice(values: Mapping[str, Any]) -> None:
    """Raise the errors that would otherwise come with the first connection."""
    try:
        IceServers.of_urls(
            values['ice_servers'], relay_only=values['ice_transport_policy'] == 'relay'
        )
    except InvalidIceServer as exc:
        raise ParameterError(f'parameters ice_servers and ice_transport_policy: {exc}') from exc


def _check_rooms(senders: Iterable[SendSettings]) -> None:
    taken: dict[str, str] = {}
    for sender in senders:
        other = taken.setdefault(sender.room.room_id, sender.name)
        if other != sender.name:
            raise ParameterError(
                f'cameras {other} and {sender.name} are both sent to the room '
                f'{sender.room.room_id!r}: expected two rooms, because a room has one producer'
            )


def _is_sent(camera: Mapping[str, Any]) -> bool:
    return bool(camera['mode'] == 'send')


def _room(name: str, values: Mapping[str, Any], camera: Mapping[str, Any]) -> Room:
    create = values['create_missing_rooms']
    return Room(
        values['workspace_id'],
        camera['room_id'] or name,
        create == 'both' or (create == 'send' and _is_sent(camera)),
    )


def _sender(name: str, values: Mapping[str, Any], camera: Mapping[str, Any]) -> SendSettings:
    if camera['transport'] == 'both':
        raise ParameterError(
            f"parameters camera_map.{name}.mode = 'send' and .transport = 'both': expected raw or "
            'compressed, the type of the topic'
        )
    try:
        bitrate = BitrateBounds(int(camera['max_bitrate']), int(camera['min_bitrate']))
    except ValueError as exc:
        raise ParameterError(
            f'parameters camera_map.{name}.min_bitrate = {camera["min_bitrate"]:g} and '
            f'.max_bitrate = {camera["max_bitrate"]:g}: expected min_bitrate <= max_bitrate'
        ) from exc
    return SendSettings(
        name=name,
        room=_room(name, values, camera),
        topic=camera['topic'] or f'{name}/image_raw',
        is_compressed=camera['transport'] == 'compressed',
        max_rate_hz=camera['max_rate_hz'],
        codec=camera['codec'],
        bitrate=bitrate,
        key_period_s=camera['key_frame_period_s'],
        max_age_s=camera['max_picture_age_s'],
        required_viewer=camera['required_viewer'],
    )


def _receiver(name: str, values: Mapping[str, Any], camera: Mapping[str, Any]) -> ReceiveSettings:
    transport = camera['transport']
    return ReceiveSettings(
        name=name,
        room=_room(name, values, camera),
        topic=camera['topic'] or f'{name}/image_raw',
        encoding=camera['encoding'] if transport != 'compressed' else None,
        jpeg_quality=camera['jpeg_quality'] if transport != 'raw' else None,
        frame_id=camera['frame_id'] or name,
        max_age_s=camera['max_picture_age_s'],
    )
