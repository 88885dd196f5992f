# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""Cameras of video rooms for the tests of the console, and what the console shows of them."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
import math
import time
from typing import NamedTuple

import av
import numpy as np

from lerobot_arena_ros.media.encoder import CameraEncoder
from lerobot_arena_ros.video import VideoProducer

from .browser import Console
from .loop_thread import LoopThread
from .video_rooms import WORKSPACE, video_room
from .waiting import ticks, wait_for

__all__ = [
    'PATIENCE_S',
    'RunningCamera',
    'Shown',
    'running_camera',
    'shown',
    'viewers',
    'wait_live',
]

RATE_HZ = 20.0
SIZE = (320, 240)

PATIENCE_S = 60.0
"""How long a test waits for a picture, which may need several attempts on a busy machine."""

SHOWN = """
const tile = document.querySelector(`[data-camera="${CSS.escape(arguments[0])}"]`);
if (tile === null) return null;
const text = (name) => tile.querySelector('.' + name).innerText;
const video = [...tile.querySelectorAll('video')].at(-1);
const canvas = document.createElement('canvas');
const [width, height] = [video?.videoWidth ?? 0, video?.videoHeight ?? 0];
let [corner, ballX] = [null, null];
if (width > 0) {
  Object.assign(canvas, { width, height });
  const context = canvas.getContext('2d');
  context.drawImage(video, 0, 0);
  const { data } = context.getImageData(0, 0, width, height);
  const at = 4 * (Math.floor(height * 0.95) * width + Math.floor(width * 0.05));
  corner = [...data.slice(at, at + 3)];
  let [sum, xs] = [0, 0];
  for (let each = 0; each < data.length; each += 4) {
    if (data[each] > 200 && data[each + 1] > 200 && data[each + 2] > 200) {
      sum += 1;
      xs += (each / 4) % width;
    }
  }
  ballX = sum === 0 ? null : xs / sum;
}
return {
  name: text('camera-name'), mark: text('camera-mark'), reason: text('camera-reason'),
  rate: text('camera-rate'), latency: text('camera-latency'), size: text('camera-size'),
  filter: video ? getComputedStyle(video).filter : '', corner, ball_x: ballX,
};
"""


class Shown(NamedTuple):
    """
    What the console shows of a camera.

    :param corner: the colour near the lower left corner; None without a picture.
    :param ball_x: where the white ball is, in pixels; None without a picture.
    """

    name: str
    mark: str
    reason: str
    rate: str
    latency: str
    size: str
    filter: str
    corner: list[int] | None
    ball_x: float | None

    @property
    def is_clear(self) -> bool:
        """Whether a picture is shown in colour, with its rate and without a mark."""
        is_marked = self.mark != '' or self.reason != '' or self.filter != 'none'
        return self.rate != '' and not is_marked

    @property
    def is_live(self) -> bool:
        """Whether a picture of :class:`RunningCamera`, which has a ball, is shown clearly."""
        return self.ball_x is not None and self.is_clear

    def has_colour(self, colour: tuple[int, int, int]) -> bool:
        """Return whether the picture has a colour near its lower left corner, as it was sent."""
        pairs = zip(self.corner or (-99, -99, -99), colour, strict=True)
        return all(abs(seen - sent) < 20 for seen, sent in pairs)


NOTHING = Shown('', '', '', '', '', '', '', None, None)


def shown(console: Console, room: str) -> Shown:
    """Return what the console shows of a camera; all is empty if it has no tile."""
    found = console.run(SHOWN, room)
    return NOTHING if found is None else Shown(**found)


def wait_live(console: Console, room: str) -> Shown:
    """Wait until a camera is live in the console; return what is shown."""
    seen = NOTHING

    def is_live() -> bool:
        nonlocal seen
        seen = shown(console, room)
        return seen.is_live

    try:
        wait_for(is_live, f'{room} to be live', PATIENCE_S)
    except AssertionError:
        raise AssertionError(f'{room} is not live within {PATIENCE_S:g} s: {seen}') from None
    return seen


def viewers(url: str, room: str) -> list[str]:
    """Return the viewers of a video room."""
    return list(video_room(url, room)['participants']['consumers'])


class RunningCamera:
    """
    A producer that sends a white ball that moves over a coloured table.

    :param colour: red, green and blue of the table, 0 to 160.
    :ivar age_s: how old the pictures are, in seconds; None = without a stamp.
    :ivar is_frozen: whether no more pictures are sent.
    """

    def __init__(self, url: str, colour: tuple[int, int, int], token: str = '') -> None:
        self.age_s: float | None = 0.0
        self.is_frozen = False
        self._colour = colour
        self._thread = LoopThread('camera')
        self._encoder = CameraEncoder(name='camera of a test')
        self._producer = VideoProducer(url, token=token or None)

    def start(self, room: str, participant_id: str) -> None:
        """Join the room and send."""
        self._thread.run(self._start(room, participant_id))

    def stop_stream(self) -> None:
        """End the stream, but stay in the room."""
        self._thread.run(self._producer.stop_streaming())

    def close(self) -> None:
        """Leave the room and end the thread."""
        self.is_frozen = True
        self._thread.run(self._close())
        self._thread.close()

    async def _start(self, room: str, participant_id: str) -> None:
        assert await self._producer.connect(WORKSPACE, room, participant_id)
        await self._producer.start_encoder(self._encoder)
        self._feeding = asyncio.create_task(self._feed())

    async def _close(self) -> None:
        self._feeding.cancel()
        await asyncio.gather(self._feeding, return_exceptions=True)
        await self._producer.disconnect()
        await asyncio.to_thread(self._encoder.close)

    async def _feed(self) -> None:
        async for count in ticks(RATE_HZ):
            if not self.is_frozen:
                age_s = self.age_s
                stamp_ns = None if age_s is None else time.time_ns() - round(age_s * 1e9)
                self._encoder.submit(_picture(self._colour, count / RATE_HZ), stamp_ns=stamp_ns)


@contextmanager
def running_camera(
    url: str,
    room: str,
    colour: tuple[int, int, int] = (30, 90, 140),
    participant_id: str = 'cam-1',
    token: str = '',
) -> Iterator[RunningCamera]:
    """Send a camera to a room meanwhile."""
    camera = RunningCamera(url, colour, token)
    try:
        camera.start(room, participant_id)
        yield camera
    finally:
        camera.close()


def _picture(colour: tuple[int, int, int], time_s: float) -> av.VideoFrame:
    width, height = SIZE
    y, x = np.mgrid[0:height, 0:width]
    pixels = np.empty((height, width, 3), dtype=np.uint8)
    pixels[:] = colour
    pixels[: height // 2] = [each // 2 + 40 for each in colour]
    # The ball moves over most of the width in two seconds, and comes back.
    ball_x = width * (0.5 + 0.35 * math.sin(math.pi * time_s))
    pixels[(x - ball_x) ** 2 + (y - height * 0.55) ** 2 < 28**2] = 250
    return av.VideoFrame.from_ndarray(pixels, format='rgb24')
