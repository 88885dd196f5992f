# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""One camera whose pictures go from a topic into a room."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
import functools

from sensor_msgs.msg import CompressedImage, Image

from lerobot_arena_ros.arena.messages import Role
from lerobot_arena_ros.arena.steady_clock import steady_now
from lerobot_arena_ros.control.condition import Condition, Level, fine
from lerobot_arena_ros.media.codec import Codec
from lerobot_arena_ros.media.compressed_pictures import picture_from_compressed
from lerobot_arena_ros.media.encoder import CameraEncoder, EncoderCounts, EncoderSettings
from lerobot_arena_ros.media.errors import PictureError
from lerobot_arena_ros.media.raw_pictures import check_raw, picture_from_raw
from lerobot_arena_ros.media.video_producer import VideoProducer
from lerobot_arena_ros.media.viewers import ViewerStatus

from ..bridge.conversions import stamp_ns
from ..runtime.diagnostic_parts import Rates, seconds_since
from ..settings.camera_settings import CameraNodeSettings, SendSettings
from .camera_room import CameraRoom, access_options, client_options, run_beside
from .messages import image_from_ros
from .rate_limit import RateLimit

__all__ = ['SendingCamera', 'newest_delivered']

LOOK_PERIOD_S = 0.05
"""The period at which the state of the viewers is copied for other threads, in seconds."""


class SendingCamera:
    """
    One camera that is sent. Close it, or the thread of its encoder remains.

    Threads: :meth:`on_message` belongs to the ROS thread, and :meth:`run` to the arena thread.

    :param topic: the full name of its topic, for messages.
    :param participant: the beginning of the participant ids in the room.
    :param now_ns: returns the time on the clock of the node, in nanoseconds.
    """

    def __init__(
        self,
        settings: SendSettings,
        node: CameraNodeSettings,
        *,
        topic: str,
        participant: str,
        now_ns: Callable[[], int],
    ) -> None:
        self.name = settings.name
        self._settings = settings
        self._topic = topic
        self._now_ns = now_ns
        self._limit = RateLimit(settings.max_rate_hz)
        self._encoder = CameraEncoder(
            EncoderSettings(Codec(settings.codec), settings.bitrate, settings.key_period_s),
            name=settings.name,
        )
        self._producer = VideoProducer(
            node.address.base_url,
            client_options(node),
            name=participant,
            create_room=settings.room.create,
            **access_options(node),
        )
        self._room = CameraRoom(
            self._producer, settings.room, Role.PRODUCER, self._on_joined, pauses_s=node.pauses_s
        )
        self._viewers: tuple[ViewerStatus, ...] = ()
        self._delivered_ns: int | None = None
        self._is_active = False
        self._received = 0
        self._limited = 0
        self._refused = 0
        self._refusal: str | None = None
        self._received_at: float | None = None

    @property
    def counts(self) -> EncoderCounts:
        """What the encoder of this camera has done so far."""
        return self._encoder.counts

    @property
    def delivered_ns(self) -> int | None:
        """
        The stamp of the newest picture that was sent to a viewer that counts, and receives.

        None while none does. The arena thread writes it. If that thread hangs, it stands still.
        """
        return self._delivered_ns

    def enable(self, enabled: bool) -> None:
        """Let pictures through, or block them and forget the last one."""
        self._is_active = enabled
        if not enabled:
            self._encoder.forget()

    def on_message(self, message: Image | CompressedImage) -> None:
        """Encode the picture of a message, if it is the newest when the encoder is ready."""
        now = steady_now()
        self._received += 1
        self._received_at = now
        if not self._is_active:
            return
        if not self._limit.accepts(now):
            self._limited += 1
            return
        stamp = stamp_ns(message.header.stamp)
        try:
            if isinstance(message, Image):
                raw = image_from_ros(message)
                # Here, because an error is reported even if there is no viewer.
                check_raw(raw)
                source = functools.partial(picture_from_raw, raw)
            else:
                data = memoryview(message.data)
                source = functools.partial(picture_from_compressed, data, message.format)
        except PictureError as exc:
            self._refused += 1
            self._refusal = str(exc)
            return
        self._refusal = None
        self._encoder.submit(source, stamp_ns=self._now_ns() if stamp is None else stamp)

    async def run(self) -> None:
        """
        Keep the camera in its room.

        :raises ArenaError: an error that another attempt cannot cure, such as a refused token.
        """
        try:
            await run_beside(self._room.run(), self._look())
        finally:
            self._viewers, self._delivered_ns = (), None

    def close(self) -> None:
        """End the thread of the encoder, after :meth:`run` has ended; idempotent."""
        self._encoder.close()

    def condition(self, now: float, publishers: int) -> Condition:
        """
        Return whether the camera is sent, and why not.

        :param now: in seconds of the steady clock.
        :param publishers: how many nodes publish on its topic.
        """
        if (unready := self._room.condition(is_active=self._is_active)) is not None:
            return unready
        if self._received_at is None:
            if not publishers:
                text = f'nothing publishes on {self._topic}: start the driver, or set its topic'
            else:
                text = f'no message on {self._topic} yet: check its type and its driver'
            return Condition(Level.WARN, text)
        if (refusal := self._refusal or self.counts.last_error) is not None:
            return Condition(Level.ERROR, refusal)
        age_s = now - self._received_at
        if age_s > self._settings.max_age_s:
            text = f'no picture for {age_s:.1f} s on {self._topic}: check its driver'
            return Condition(Level.WARN, text)
        count = sum(viewer.is_connected for viewer in self._viewers)
        errors = [viewer.error for viewer in self._viewers if viewer.error is not None]
        if errors and not count:
            return Condition(Level.WARN, f'no viewer is connected: {errors[0]}')
        return fine(f'sent to {count} viewers' if count != 1 else 'sent to 1 viewer')

    def values(self, rates: Rates) -> dict[str, object]:
        """Return the values of the diagnostics."""
        counts, viewers = self.counts, self._viewers
        trips = [v.round_trip_s for v in viewers if v.round_trip_s is not None]
        losses = [viewer.loss for viewer in viewers if viewer.loss is not None]
        octets_per_s = float(rates.of(f'{self.name} bytes', counts.bytes_out))
        return {
            'topic': self._topic,
            'room': self._room.name,
            'participant_id': self._room.participant_id,
            'received': self._received,
            'received_rate_hz': rates.of(f'{self.name} received', self._received),
            'encoded': counts.encoded,
            'encoded_rate_hz': rates.of(f'{self.name} encoded', counts.encoded),
            'dropped_over_max_rate': self._limited,
            'dropped_by_encoder': counts.dropped,
            'refused': self._refused + counts.failed,
            'viewers': sum(viewer.is_connected for viewer in viewers),
            'bitrate_kbit_s': f'{octets_per_s * 8e-3:.0f}',
            'bitrate_limit_kbit_s': f'{self._encoder.bitrate * 1e-3:.0f}',
            'round_trip_ms': f'{max(trips) * 1e3:.1f}' if trips else 'unknown',
            'lost_percent': f'{max(losses) * 1e2:.1f}' if losses else 'unknown',
            'last_picture_s_ago': seconds_since(self._received_at),
        }

    async def _on_joined(self) -> None:
        await self._producer.start_encoder(self._encoder)

    async def _look(self) -> None:
        while True:
            self._viewers = viewers = tuple(self._producer.viewers)
            self._delivered_ns = newest_delivered(viewers, self._settings.required_viewer)
            await asyncio.sleep(LOOK_PERIOD_S)


def newest_delivered(viewers: Iterable[ViewerStatus], required: str) -> int | None:
    """
    Return the stamp of the newest picture that was sent to a viewer that receives.

    :param required: only viewers count whose participant id begins with this.
    :returns: None if no viewer that counts receives.
    """
    stamps = (
        viewer.stamp_ns
        for viewer in viewers
        if viewer.is_receiving and viewer.participant_id.startswith(required)
    )
    return max((stamp for stamp in stamps if stamp is not None), default=None)
