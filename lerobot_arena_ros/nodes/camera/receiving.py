# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""One camera whose pictures are published from a room."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
import threading
from typing import Any

from rclpy.publisher import Publisher

from lerobot_arena_ros.arena.messages import Role
from lerobot_arena_ros.arena.steady_clock import steady_now
from lerobot_arena_ros.control.condition import Condition, Level, Severity, fine
from lerobot_arena_ros.media.compressed_pictures import picture_to_jpeg
from lerobot_arena_ros.media.raw_pictures import picture_to_raw
from lerobot_arena_ros.media.video_consumer import VideoConsumer
from lerobot_arena_ros.media.video_types import WebRTCStats

from ..runtime.diagnostic_parts import Rates, seconds_since
from ..settings.camera_settings import CameraNodeSettings, ReceiveSettings
from .camera_room import CameraRoom, access_options, client_options, run_beside
from .messages import header, image_to_ros, jpeg_to_ros

__all__ = ['ReceivingCamera']

LOOK_PERIOD_S = 1.0
"""The period at which the counters of the connection are read, in seconds."""


class ReceivingCamera:
    """
    One camera that is received.

    Threads: :meth:`run` belongs to the arena thread; pictures are converted and published in
    worker threads, one at a time.

    :param raw: publishes sensor_msgs/Image; None: they are not published.
    :param compressed: publishes sensor_msgs/CompressedImage; None: they are not published.
    :param participant: the beginning of the participant ids in the room.
    :param now_ns: returns the time on the clock of the node, in nanoseconds.
    """

    def __init__(
        self,
        settings: ReceiveSettings,
        node: CameraNodeSettings,
        *,
        raw: Publisher | None,
        compressed: Publisher | None,
        participant: str,
        now_ns: Callable[[], int],
    ) -> None:
        self.name = settings.name
        self._settings = settings
        self._raw = raw
        self._compressed = compressed
        self._now_ns = now_ns
        self._consumer = VideoConsumer(
            node.address.base_url,
            client_options(node),
            name=participant,
            create_room=settings.room.create,
            **access_options(node),
        )
        self._consumer.on_picture(self._on_picture)
        self._room = CameraRoom(
            self._consumer, settings.room, Role.CONSUMER, self._on_joined, pauses_s=node.pauses_s
        )
        self._publishing = threading.Lock()
        self._is_active = False
        self._is_closed = False
        self._received = 0
        self._published = 0
        self._received_at: float | None = None
        self._stats: WebRTCStats | None = None

    def enable(self, enabled: bool) -> None:
        """Let pictures through, or block them."""
        self._is_active = enabled

    async def run(self) -> None:
        """
        Keep the camera in its room.

        :raises ArenaError: an error that another attempt cannot cure, such as a refused token.
        """
        await run_beside(self._room.run(), self._look())

    def close(self) -> None:
        """Publish nothing more, so that the publishers can be destroyed; idempotent."""
        with self._publishing:
            self._is_closed = True

    def condition(self, now: float) -> Condition:
        """
        Return whether the camera is received, and why not.

        :param now: in seconds of the steady clock.
        """
        if (unready := self._room.condition(is_active=self._is_active)) is not None:
            return unready
        if self._received_at is None:
            if self._consumer.is_receiving:
                return Condition(Level.WARN, 'connected, but no picture yet: check the camera')
            text = 'no picture yet: start the camera that sends to this room'
            return Condition(Level.WARN, text, Severity.INFO)
        age_s = now - self._received_at
        if age_s > self._settings.max_age_s:
            text = f'no picture for {age_s:.1f} s: check the camera that sends to this room'
            return Condition(Level.WARN, text)
        return fine('published')

    def values(self, rates: Rates) -> dict[str, object]:
        """Return the values of the diagnostics."""
        stats = self._stats
        found: dict[str, object] = {
            'topic': ', '.join(each.topic_name for each in self._publishers),
            'room': self._room.name,
            'participant_id': self._room.participant_id,
            'received': self._received,
            'received_rate_hz': rates.of(f'{self.name} received', self._received),
            'skipped': self._consumer.skipped,
            'published': self._published,
            'published_rate_hz': rates.of(f'{self.name} published', self._published),
            'last_picture_s_ago': seconds_since(self._received_at),
        }
        if stats is not None:
            found |= {
                'size': f'{stats.frame_width}x{stats.frame_height}',
                'bitrate_kbit_s': f'{stats.video_bits_per_second * 1e-3:.0f}',
                'lost_packets': stats.packets_lost,
            }
        return found

    @property
    def _publishers(self) -> list[Publisher]:
        return [each for each in (self._raw, self._compressed) if each is not None]

    async def _on_joined(self) -> None:
        """Do nothing: the client answers offers by itself."""

    async def _on_picture(self, picture: Any, stamp_ns: int | None) -> None:
        self._received += 1
        self._received_at = steady_now()
        if self._is_active:
            stamp = self._now_ns() if stamp_ns is None else stamp_ns
            await asyncio.to_thread(self._publish, picture, stamp)

    def _publish(self, picture: Any, stamp_ns: int) -> None:
        """Publish a picture as each type that has subscribers."""
        with self._publishing:
            if self._is_closed:
                return
            head = header(stamp_ns, self._settings.frame_id)
            encoding, quality = self._settings.encoding, self._settings.jpeg_quality
            raw, compressed = self._raw, self._compressed
            if raw is not None and encoding is not None and raw.get_subscription_count():
                raw.publish(image_to_ros(picture_to_raw(picture, encoding), head))
                self._published += 1
            if compressed is not None and quality and compressed.get_subscription_count():
                compressed.publish(jpeg_to_ros(picture_to_jpeg(picture, quality), head))
                self._published += 1

    async def _look(self) -> None:
        while True:
            self._stats = await self._consumer.get_stats()
            await asyncio.sleep(LOOK_PERIOD_S)
