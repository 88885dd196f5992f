# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""The ways from a camera to its viewers, while they run: ours, and a loop of bare aiortc."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
import time
from typing import Any, NamedTuple

from lerobot_arena_ros.arena.address import Address
from lerobot_arena_ros.arena.video_rest import VideoRooms

from .domains import ros_environment
from .programs import camera, server
from .worker import Worker, worker

__all__ = [
    'BITRATE',
    'RATE_HZ',
    'CameraPath',
    'RunningCamera',
    'bare_aiortc',
    'camera_of',
    'our_camera',
    'running_camera',
]

BITRATE = 1_000_000
"""The bitrate of both encoders, in bits per second; it is the default of arena_camera."""

RATE_HZ = 30.0

_PROFILE = Path(__file__).resolve().parents[2] / 'config' / 'fastdds_pictures.xml'
_LARGE_MESSAGES = {
    'FASTDDS_DEFAULT_PROFILES_FILE': str(_PROFILE),
    'FASTRTPS_DEFAULT_PROFILES_FILE': str(_PROFILE),
}
"""Without these Fast DDS loses up to half of the pictures while others use all cores."""

WORKSPACE, ROOM = 'default-workspace', 'front'
CONNECT_TIMEOUT_S = 120.0
WARM_UP_S = 1.0


@dataclass
class CameraPath:
    """
    A camera with viewers.

    :param sender: sends ``count`` pictures at ``rate_hz``, and replies with the time of each.
    :param pid: the process that encodes, whose CPU is measured.
    :param is_in_room: whether the viewers join a room; else the parent exchanges the offers.
    """

    name: str
    sender: Worker
    viewers: Worker
    pid: int
    is_in_room: bool
    count: int = 0

    def add_viewers(self, count: int) -> None:
        """
        Add viewers, and send pictures until all are connected and receive them.

        :raises TimeoutError: they are not in time.
        """
        self.count += count
        if self.is_in_room:
            self.viewers.request(join=count)
        else:
            for _ in range(count):
                offer = self.sender.request()['offer']
                self.sender.request(answer=self.viewers.request(offer=offer)['answer'])
        deadline = time.monotonic() + CONNECT_TIMEOUT_S
        while time.monotonic() < deadline:
            received = len(self.send(WARM_UP_S)[1])
            if self.viewers.request()['connected'] == self.count and received >= 5 * self.count:
                return
        raise TimeoutError(f'{self.name}: no {self.count} viewers in {CONNECT_TIMEOUT_S:g} s')

    def send(self, seconds: float) -> tuple[dict[int, float], list[Any]]:
        """
        Send pictures.

        :returns: the time of each number that was sent, and all that viewers received: the
            number, the stamp and the time of each.
        """
        count = max(5, round(RATE_HZ * seconds))
        sent = dict(self.sender.request(rate_hz=RATE_HZ, count=count)['sent'])
        received = self.viewers.request(take=True)['received']
        return sent, received


class RunningCamera(NamedTuple):
    """
    An arena_camera that sends the pictures of each topic to a room.

    :param sender: publishes the pictures; see :class:`CameraPath`.
    """

    url: str
    pid: int
    sender: Worker

    @contextmanager
    def viewed(self, room: str = ROOM, *, decode: bool = False) -> Iterator[CameraPath]:
        """
        Start a process for viewers of one camera; it has none at first.

        :param decode: whether the viewers decode the pictures.
        """
        options = [self.url, room, *(['--decode'] if decode else [])]
        with worker('picture_viewers', options) as viewers:
            yield CameraPath('ours', self.sender, viewers, self.pid, is_in_room=True)


@contextmanager
def running_camera() -> Iterator[RunningCamera]:
    """Run an arena, and arena_camera with one camera."""
    with server() as (url, _), camera_of(url, ros_environment(), ROOM) as running:
        yield running


@contextmanager
def camera_of(url: str, environment: Mapping[str, str], *rooms: str) -> Iterator[RunningCamera]:
    """Run arena_camera with a camera for each room, and a publisher of the topics."""
    for room in rooms:
        asyncio.run(VideoRooms(Address.parse(url, 'video')).create(WORKSPACE, room))
    parameters: dict[str, Any] = {'server_url': url, 'cameras': list(rooms)}
    for room in rooms:
        # The pace of the publisher is not exact, and all pictures are to be sent.
        parameters[f'camera_map.{room}.max_rate_hz'] = 0.0
        parameters[f'camera_map.{room}.max_bitrate'] = float(BITRATE)
    environment = {**environment, **_LARGE_MESSAGES}
    topics = ','.join(f'{room}/image_raw' for room in rooms)
    with (
        camera(parameters, environment) as pid,
        worker('picture_publisher', [topics], environment) as sender,
    ):
        yield RunningCamera(url, pid, sender)


@contextmanager
def our_camera(*, decode: bool) -> Iterator[CameraPath]:
    """
    Run arena_camera, a publisher of its topic, and our clients as viewers.

    :param decode: whether the viewers decode the pictures.
    """
    with running_camera() as running, running.viewed(decode=decode) as path:
        yield path


@contextmanager
def bare_aiortc(*, decode: bool) -> Iterator[CameraPath]:
    """
    Run a camera on bare aiortc, which encodes for each viewer, and bare connections as viewers.

    :param decode: whether the viewers decode the pictures.
    """
    options = ['--decode'] if decode else []
    with (
        worker('public_camera', [str(BITRATE)]) as sender,
        worker('picture_viewers', options) as viewers,
    ):
        yield CameraPath('bare aiortc', sender, viewers, sender.pid, is_in_room=False)
