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
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
import time
from typing import Any

from ..harness.domains import ros_environment
from ..harness.numbered_pictures import RATE_HZ
from ..harness.programs import camera, server
from ..harness.worker import Worker, worker

__all__ = ['BITRATE', 'CameraPath', 'bare_aiortc', 'create_video_room', 'our_camera']

BITRATE = 1_000_000
"""The bitrate of both encoders, in bits per second; it is the default of arena_camera."""

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


def create_video_room(url: str, room: str) -> None:
    """Create a video room in the default workspace."""
    from lerobot_arena_ros.video import VideoProducer

    asyncio.run(VideoProducer(url).create_room(WORKSPACE, room))


@contextmanager
def our_camera(*, decode: bool) -> Iterator[CameraPath]:
    """
    Run arena_camera, a publisher of its topic, and our clients as viewers.

    :param decode: whether the viewers decode the pictures.
    """
    environment = ros_environment()
    with server() as (url, _):
        create_video_room(url, ROOM)
        parameters = {
            'server_url': url,
            'cameras': [ROOM],
            # The pace of the publisher is not exact, and all pictures are to be sent.
            f'camera_map.{ROOM}.max_rate_hz': 0.0,
            f'camera_map.{ROOM}.max_bitrate': float(BITRATE),
        }
        options = [url, ROOM, *(['--decode'] if decode else [])]
        with (
            camera(parameters, environment) as pid,
            worker('picture_publisher', [f'{ROOM}/image_raw'], environment) as sender,
            worker('picture_viewers', options) as viewers,
        ):
            yield CameraPath('ours', sender, viewers, pid, is_in_room=True)


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
