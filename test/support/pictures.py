# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""Pictures for the tests of cameras. Needs av and numpy."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
import contextlib
import os
import threading

import av
import numpy as np

from lerobot_arena_ros.media.encoder import CameraEncoder
from support.waiting import ticks

__all__ = ['feeding', 'no_thread_of', 'open_sockets', 'picture', 'shade_of']


def picture(shade: int, width: int = 320, height: int = 240) -> av.VideoFrame:
    """Return a grey picture; ``shade`` survives encoding, give or take 12."""
    pixels = np.full((height, width, 3), shade, dtype=np.uint8)
    pixels[: height // 8, : width // 8] = 255 - shade  # So that it is not all the same.
    return av.VideoFrame.from_ndarray(pixels, format='rgb24')


def shade_of(frame: av.VideoFrame) -> int:
    """Return the shade of a picture, measured in its middle."""
    pixels = frame.to_ndarray(format='rgb24')
    return int(pixels[pixels.shape[0] // 2, pixels.shape[1] // 2, 1])


@contextlib.asynccontextmanager
async def feeding(encoder: CameraEncoder, rate_hz: float = 30.0) -> AsyncIterator[None]:
    """Submit pictures of changing shades to an encoder meanwhile."""

    async def feed() -> None:
        async for count in ticks(rate_hz):
            encoder.submit(picture(60 + count % 100))

    task = asyncio.create_task(feed())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def no_thread_of(name: str) -> bool:
    """Return whether no thread with this word in its name runs."""
    return not any(name in thread.name for thread in threading.enumerate())


def open_sockets() -> int:
    """Return how many sockets this process has open."""
    links = [f'/proc/self/fd/{name}' for name in os.listdir('/proc/self/fd')]
    return sum(os.path.lexists(link) and 'socket' in os.readlink(link) for link in links)
