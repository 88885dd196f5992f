# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""
One encoding per camera, shared by all its viewers.

:class:`CameraEncoder` has a thread of its own, because encoding takes milliseconds. It takes the
newest picture only: a picture that arrives while the previous one is being encoded replaces the
one that waits. Without a viewer nothing is encoded.

A key frame is made

- when a viewer joins, because it can decode nothing before one;
- when a viewer reports lost packets, or its queue overflowed;
- every :attr:`EncoderSettings.key_period_s`, because aiortc documents no event for the picture
  loss indications (RTCP PLI and FIR) that viewers send, and uses them only for its own encoders.

A camera that sends no picture meanwhile gets its last one encoded again, so that a viewer of a
slow camera sees it within :data:`REPEAT_AFTER_S`.

Threads: every method may be called from any thread. The sink of a subscription is called in its
event loop.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace
import logging
import threading
import time
from typing import TypeAlias

import av

from .bitrate import BitrateBounds
from .codec import CLOCK_RATE, Codec, EncodedPicture, PictureEncoder
from .errors import MediaError

__all__ = ['CameraEncoder', 'EncoderCounts', 'EncoderSettings', 'Subscription']

REPEAT_AFTER_S = 0.1
"""The time to wait for a new picture before the last one is encoded again as a key frame."""

MIN_KEY_PERIOD_S = 0.5
"""The minimum time between two key frames that reports of loss cause, in seconds."""

CLOSE_TIMEOUT_S = 5.0
"""The maximum time to wait for the thread at :meth:`CameraEncoder.close`, in seconds."""

_logger = logging.getLogger(__name__)

Sink = Callable[[EncodedPicture], None]
Source: TypeAlias = 'av.VideoFrame | Callable[[], av.VideoFrame]'
"""A picture, or a function that makes one; called only if the picture is encoded."""


@dataclass(frozen=True)
class EncoderSettings:
    """
    How a camera is encoded.

    :param bitrate: the bounds in bits per second; it starts with the highest.
    :param key_period_s: the maximum time between two key frames, in seconds.
    :raises ValueError: ``key_period_s`` is not positive.
    """

    codec: Codec = Codec.VP8
    bitrate: BitrateBounds = BitrateBounds()
    key_period_s: float = 2.0

    def __post_init__(self) -> None:
        if not self.key_period_s > 0:
            raise ValueError(f'key_period_s: expected more than 0, got {self.key_period_s:g}')


@dataclass(frozen=True)
class EncoderCounts:
    """
    What an encoder has done so far.

    :param pictures_in: pictures submitted.
    :param encoded: pictures encoded, including repeated ones.
    :param dropped: pictures that a newer one replaced while the encoder was busy.
    :param failed: pictures that could not be encoded.
    :param key_frames: key frames among the encoded pictures.
    :param bytes_out: bytes of the encoded pictures, once for all viewers.
    :param last_error: why the newest picture could not be encoded; None if it was.
    :param stamp_ns: the stamp of the newest picture that was encoded; None without one.
    """

    pictures_in: int = 0
    encoded: int = 0
    dropped: int = 0
    failed: int = 0
    key_frames: int = 0
    bytes_out: int = 0
    last_error: str | None = None
    stamp_ns: int | None = None


class Subscription:
    """A viewer's share of an encoding; made by :meth:`CameraEncoder.subscribe`."""

    def __init__(
        self, encoder: CameraEncoder, loop: asyncio.AbstractEventLoop, sink: Sink
    ) -> None:
        self._encoder = encoder
        self._loop = loop
        self._sink = sink

    def deliver(self, picture: EncodedPicture) -> None:
        """Pass a picture to the event loop; do nothing after the loop was closed."""
        try:
            self._loop.call_soon_threadsafe(self._sink, picture)
        except RuntimeError:
            self.cancel()

    def cancel(self) -> None:
        """End the subscription; idempotent."""
        self._encoder.unsubscribe(self)


@dataclass(frozen=True)
class _Waiting:
    """A submitted picture, when it was taken on the clock of the encoder, and its stamp."""

    picture: Source
    at: float
    stamp_ns: int | None


class CameraEncoder:
    """
    The encoding of one camera. Close it, or its thread remains.

    :param name: the camera's name in log lines and of the thread.
    """

    def __init__(self, settings: EncoderSettings | None = None, *, name: str = 'camera') -> None:
        self.settings = settings or EncoderSettings()
        self._name = name
        self._codec = PictureEncoder(self.settings.codec, self.settings.bitrate.highest)
        self._bitrate = self.settings.bitrate.highest
        self._condition = threading.Condition()
        self._subscriptions: tuple[Subscription, ...] = ()
        self._waiting: _Waiting | None = None
        self._last: _Waiting | None = None
        self._keeps_current = True
        self._last_pts = -1
        self._origin = time.monotonic()
        self._key_at = 0.0
        self._key_wanted_at: float | None = None
        self._is_closed = False
        self._counts = EncoderCounts()
        self._thread: threading.Thread | None = None

    @property
    def counts(self) -> EncoderCounts:
        """What the encoder has done so far."""
        return self._counts

    @property
    def bitrate(self) -> int:
        """The wanted bitrate, in bits per second; settable within the bounds of the settings."""
        return self._bitrate

    @bitrate.setter
    def bitrate(self, bitrate: int) -> None:
        bounds = self.settings.bitrate
        self._bitrate = min(bounds.highest, max(bounds.lowest, bitrate))

    @property
    def viewers(self) -> int:
        """The number of subscriptions."""
        return len(self._subscriptions)

    def submit(
        self, picture: Source, at: float | None = None, *, stamp_ns: int | None = None
    ) -> None:
        """
        Encode a picture if it is still the newest when the encoder is ready for it.

        :param picture: in any format that PyAV converts; must not be changed afterwards. A
            function is called in the thread of the encoder; its :class:`MediaError` counts as a
            picture that could not be encoded.
        :param at: when it was taken, in seconds of ``time.monotonic``; None means now.
        :param stamp_ns: when it was taken, on the clock of its source; it goes with the picture.
        :raises MediaError: the encoder is closed.
        """
        taken_at = time.monotonic() if at is None else at
        with self._condition:
            if self._is_closed:
                raise MediaError(f'{self._name}: the encoder is closed')
            dropped = self._waiting is not None and bool(self._subscriptions)
            self._counts = replace(
                self._counts,
                pictures_in=self._counts.pictures_in + 1,
                dropped=self._counts.dropped + dropped,
            )
            self._waiting = _Waiting(picture, taken_at, stamp_ns)
            if self._subscriptions:
                self._condition.notify()

    def subscribe(self, sink: Sink) -> Subscription:
        """
        Call a function for each encoded picture, beginning with a key frame.

        :param sink: called in the running event loop; must not block.
        :raises MediaError: the encoder is closed.
        """
        subscription = Subscription(self, asyncio.get_running_loop(), sink)
        with self._condition:
            if self._is_closed:
                raise MediaError(f'{self._name}: the encoder is closed')
            if self._thread is None:
                self._thread = threading.Thread(
                    target=self._run, name=f'encode {self._name}', daemon=True
                )
                self._thread.start()
            self._subscriptions += (subscription,)
            self._want_key(0.0)
        return subscription

    def unsubscribe(self, subscription: Subscription) -> None:
        """End a subscription; idempotent."""
        with self._condition:
            self._subscriptions = tuple(s for s in self._subscriptions if s is not subscription)

    def request_key_frame(self) -> None:
        """Make a key frame soon, because a viewer has lost data."""
        with self._condition:
            self._want_key(MIN_KEY_PERIOD_S)

    def forget(self) -> None:
        """Forget all pictures, so that a viewer that joins does not see an old one."""
        with self._condition:
            self._waiting = self._last = None
            self._keeps_current = False

    def close(self) -> None:
        """End the thread and all subscriptions; idempotent."""
        with self._condition:
            self._is_closed = True
            self._subscriptions = ()
            self._waiting = self._last = None
            self._condition.notify()
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join(CLOSE_TIMEOUT_S)

    def _want_key(self, period_s: float) -> None:
        """Note that a key frame is due, at least a period after the last one."""
        if self._key_wanted_at is None:
            self._key_wanted_at = max(time.monotonic(), self._key_at + period_s)
        self._condition.notify()

    def _run(self) -> None:
        while (job := self._next()) is not None:
            self._encode(*job)

    def _next(self) -> tuple[_Waiting, bool] | None:
        """Wait for the next picture; return it and whether to make a key frame."""
        with self._condition:
            while not self._is_closed:
                now = time.monotonic()
                repeat_at = None
                if self._subscriptions:
                    if self._waiting is not None:
                        waiting, self._waiting = self._waiting, None
                        self._keeps_current = True
                        return waiting, self._take_key(now)
                    repeat_at = self._repeat_at()
                    if repeat_at is not None and now >= repeat_at and self._last is not None:
                        return replace(self._last, at=now), self._take_key(now)
                self._condition.wait(None if repeat_at is None else max(0.0, repeat_at - now))
        return None

    def _repeat_at(self) -> float | None:
        """Return when to encode the last picture again; None if no key frame is wanted."""
        if self._key_wanted_at is None or self._last is None:
            return None
        return self._key_wanted_at + REPEAT_AFTER_S

    def _take_key(self, now: float) -> bool:
        wanted = self._key_wanted_at is not None and now >= self._key_wanted_at
        if not wanted and now - self._key_at < self.settings.key_period_s:
            return False
        self._key_at, self._key_wanted_at = now, None
        return True

    def _encode(self, waiting: _Waiting, key: bool) -> None:
        # At least one millisecond after the one before, because equal time stamps are invalid.
        ticks = round((waiting.at - self._origin) * CLOCK_RATE)
        self._last_pts = pts = max(self._last_pts + CLOCK_RATE // 1000, ticks)
        self._codec.bitrate = self._bitrate
        try:
            source = waiting.picture
            picture = source() if callable(source) else source
            encoded = self._codec.encode(picture, pts, key=key)
        except Exception as exc:  # The thread must survive, because the next picture may work.
            self._fail(exc, key)
            return
        pictures = [replace(each, stamp_ns=waiting.stamp_ns) for each in encoded]
        with self._condition:
            is_kept = self._keeps_current and not self._is_closed
            self._last = replace(waiting, picture=picture) if is_kept else None
            subscriptions = self._subscriptions
            counts = self._counts
            self._counts = replace(
                counts,
                encoded=counts.encoded + 1,
                key_frames=counts.key_frames + sum(picture.is_key for picture in pictures),
                bytes_out=counts.bytes_out + sum(len(picture.data) for picture in pictures),
                last_error=None,
                stamp_ns=waiting.stamp_ns if pictures else counts.stamp_ns,
            )
            if key and not any(picture.is_key for picture in pictures):
                self._want_key(0.0)  # The encoder dropped the picture to hold its bitrate.
        for picture in pictures:
            for subscription in subscriptions:
                subscription.deliver(picture)

    def _fail(self, exc: Exception, key: bool) -> None:
        is_bug = not isinstance(exc, MediaError)
        error = repr(exc) if is_bug else str(exc)
        if error != self._counts.last_error:
            _logger.warning('%s: %s', self._name, error, exc_info=exc if is_bug else None)
        with self._condition:
            self._last = None
            self._counts = replace(self._counts, failed=self._counts.failed + 1, last_error=error)
            if key:
                self._want_key(0.0)
