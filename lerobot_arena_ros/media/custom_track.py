# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""Tracks that a program makes: pictures from a function, as the public client has them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from fractions import Fraction
import logging
from typing import Any

from aiortc import VideoStreamTrack
from aiortc.mediastreams import MediaStreamError
import av

from .codec import CLOCK_RATE

__all__ = ['CustomVideoTrack']

_logger = logging.getLogger(__name__)


class CustomVideoTrack(VideoStreamTrack):
    """
    A track whose pictures a coroutine function returns.

    :param frame_source: returns an array of height x width x 3 bytes, RGB; None for no picture at
        this time.
    :param frame_rate: pictures per second.
    :raises ValueError: the rate is not positive.
    """

    def __init__(self, frame_source: Callable[[], Awaitable[Any]], frame_rate: float = 30) -> None:
        super().__init__()
        if not frame_rate > 0:
            raise ValueError(f'frame_rate: expected more than 0, got {frame_rate}')
        self.frame_source = frame_source
        self.frame_rate = frame_rate
        self._began_at: float | None = None
        self._next_at = 0.0
        self._has_failed = False

    async def recv(self) -> av.VideoFrame:
        """
        Return the next picture, at most at the rate of this track.

        An exception of the source is logged, and the source is called again. Unlike the public
        client, a missing picture is not replaced by a black one, because a program that drives by
        the picture could not notice it.

        :raises MediaStreamError: the track has ended.
        """
        while True:
            await self._pace()
            if self.readyState != 'live':
                raise MediaStreamError
            picture = await self._next_picture()
            if picture is not None:
                return picture

    async def _pace(self) -> None:
        loop = asyncio.get_running_loop()
        now = loop.time()
        if self._began_at is None:
            self._began_at = self._next_at = now
        if now < self._next_at:
            await asyncio.sleep(self._next_at - now)
        # A source that was slow for once is not called more often afterwards.
        self._next_at = max(self._next_at + 1 / self.frame_rate, loop.time() - 1 / self.frame_rate)

    async def _next_picture(self) -> av.VideoFrame | None:
        try:
            pixels = await self.frame_source()
            if pixels is None:
                return None
            picture = av.VideoFrame.from_ndarray(pixels, format='rgb24')
        except Exception:
            if not self._has_failed:
                _logger.exception('the source of pictures failed; it is called again')
            self._has_failed = True
            return None
        self._has_failed = False
        assert self._began_at is not None, '_pace() sets it'
        elapsed_s = asyncio.get_running_loop().time() - self._began_at
        picture.pts = round(elapsed_s * CLOCK_RATE)
        picture.time_base = Fraction(1, CLOCK_RATE)
        return picture
