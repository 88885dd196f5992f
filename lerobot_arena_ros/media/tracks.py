# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""The tracks that aiortc sends: pictures that are already encoded."""

from __future__ import annotations

import asyncio
from collections import deque
from fractions import Fraction

from aiortc import MediaStreamTrack
from aiortc.mediastreams import MediaStreamError
import av

from .codec import CLOCK_RATE, EncodedPicture
from .encoder import CameraEncoder, Subscription

__all__ = ['EncodedTrack']

MAX_QUEUED = 30
"""The maximum number of pictures that wait to be sent; about one second."""


class EncodedTrack(MediaStreamTrack):
    """
    A viewer's track of a shared encoding.

    aiortc sends an ``av.Packet`` as it is, as with ``MediaPlayer(decode=False)``. It begins to
    read when the connection is established, and only then the track subscribes, so that the first
    picture is a new key frame. A viewer that is too slow loses pictures up to the next key frame.
    """

    kind = 'video'

    def __init__(self, encoder: CameraEncoder) -> None:
        super().__init__()
        self._encoder = encoder
        self._subscription: Subscription | None = None
        self._pictures: deque[EncodedPicture] = deque()
        self._arrived = asyncio.Event()
        self._needs_key = True

    async def recv(self) -> av.Packet:
        """
        Return the next encoded picture.

        :raises MediaStreamError: the track has ended.
        """
        if self.readyState != 'live':
            raise MediaStreamError
        if self._subscription is None:
            self._subscription = self._encoder.subscribe(self._put)
        while not self._pictures:
            self._arrived.clear()
            await self._arrived.wait()
            if self.readyState != 'live':
                raise MediaStreamError
        picture = self._pictures.popleft()
        packet = av.Packet(picture.data)
        packet.pts = packet.dts = picture.pts
        packet.time_base = Fraction(1, CLOCK_RATE)
        return packet

    def stop(self) -> None:
        """End the track and its subscription; idempotent."""
        super().stop()
        if self._subscription is not None:
            self._subscription.cancel()
        self._pictures.clear()
        self._arrived.set()

    def _put(self, picture: EncodedPicture) -> None:
        if self.readyState != 'live' or (self._needs_key and not picture.is_key):
            return
        if len(self._pictures) >= MAX_QUEUED:
            self._pictures.clear()
            if not picture.is_key:
                self._needs_key = True
                self._encoder.request_key_frame()
                return
        self._needs_key = False
        self._pictures.append(picture)
        self._arrived.set()
