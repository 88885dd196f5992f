# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""
The encoders of PyAV for live pictures: VP8 and H.264.

A :class:`PictureEncoder` blocks and belongs to one thread. It starts anew, with a key frame, when
the size or the bitrate changes, because PyAV documents no other way to change them.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from fractions import Fraction

import av
from av.video.frame import PictureType

from .errors import CodecError

__all__ = ['CLOCK_RATE', 'Codec', 'EncodedPicture', 'PictureEncoder']

CLOCK_RATE = 90_000
"""The ticks per second of the time stamps of video in RTP."""

MAX_SIDE = 4096
"""The maximum width and height of a picture, in pixels."""

_TIME_BASE = Fraction(1, CLOCK_RATE)
_NOMINAL_RATE = Fraction(30, 1)
"""For the first picture only; then both encoders measure the rate by the time stamps."""

_NEVER = 1_000_000
"""A distance between key frames that is never reached: the caller decides when one is due."""


class Codec(str, Enum):
    """The codecs that browsers and aiortc decode."""

    VP8 = 'vp8'
    H264 = 'h264'

    @property
    def mime_type(self) -> str:
        """The name of the codec in an SDP."""
        return f'video/{self.name}'


@dataclass(frozen=True)
class EncodedPicture:
    """
    One encoded picture, shared by all viewers.

    :param data: the bitstream; of H.264 with start codes.
    :param pts: the time stamp, in ticks of :data:`CLOCK_RATE`.
    :param is_key: whether it can be decoded without the pictures before it.
    """

    data: bytes
    pts: int
    is_key: bool


class PictureEncoder:
    """
    Encode pictures of any size and format, one after another.

    :param bitrate: the wanted bitrate, in bits per second.
    """

    def __init__(self, codec: Codec, bitrate: int) -> None:
        self._codec = codec
        self._bitrate = bitrate
        self._context: av.VideoCodecContext | None = None

    @property
    def bitrate(self) -> int:
        """The wanted bitrate, in bits per second; a change takes effect at the next picture."""
        return self._bitrate

    @bitrate.setter
    def bitrate(self, bitrate: int) -> None:
        if bitrate != self._bitrate:
            self._bitrate, self._context = bitrate, None

    def encode(self, picture: av.VideoFrame, pts: int, *, key: bool) -> list[EncodedPicture]:
        """
        Encode one picture.

        :param picture: in any pixel format; it is not changed.
        :param pts: the time stamp in ticks of :data:`CLOCK_RATE`; later than the one before.
        :param key: make a key frame.
        :returns: usually one; none if the encoder dropped the picture to hold its bitrate.
        :raises CodecError: the size is not supported, or the codec failed.
        """
        width, height = self._size_of(picture)
        try:
            frame = picture.reformat(width=width, height=height, format='yuv420p')
            if frame is picture:  # It already had this format; its owner may still use it.
                frame = av.VideoFrame.from_ndarray(picture.to_ndarray(), format='yuv420p')
            context = self._context
            if context is None or (context.width, context.height) != (width, height):
                context = self._context = self._new_context(width, height)
            frame.pts, frame.time_base = pts, _TIME_BASE
            frame.pict_type = PictureType.I if key else PictureType.NONE
            packets = context.encode(frame)
        except (av.FFmpegError, ValueError) as exc:
            self._context = None
            text = f'cannot encode {picture.width}x{picture.height} {picture.format.name}'
            raise CodecError(f'{text} as {self._codec.name}: {exc}') from exc
        return [
            EncodedPicture(bytes(packet), packet.pts or 0, packet.is_keyframe)
            for packet in packets
        ]

    def _size_of(self, picture: av.VideoFrame) -> tuple[int, int]:
        """Return the encoded size; H.264 has even sides only, so that an odd picture shrinks."""
        width, height = picture.width, picture.height
        if self._codec is Codec.H264:
            width, height = width // 2 * 2, height // 2 * 2
        if not (0 < width <= MAX_SIDE and 0 < height <= MAX_SIDE):
            raise CodecError(
                f'picture of {picture.width}x{picture.height}: expected sides of 2 to {MAX_SIDE}'
            )
        return width, height

    def _new_context(self, width: int, height: int) -> av.VideoCodecContext:
        is_vp8 = self._codec is Codec.VP8
        name = 'libvpx' if is_vp8 else 'libx264'
        try:
            context = av.CodecContext.create(name, 'w')
        except ValueError as exc:
            raise CodecError(f'{self._codec.name}: this av has no encoder {name}') from exc
        context.width, context.height, context.pix_fmt = width, height, 'yuv420p'
        context.time_base, context.framerate = _TIME_BASE, _NOMINAL_RATE
        context.bit_rate, context.gop_size = self._bitrate, _NEVER
        context.options = _vp8_options(self._bitrate) if is_vp8 else _h264_options(self._bitrate)
        # Threads of the codec split a picture, which only pays for large ones.
        context.thread_count = 1 if width * height < 1280 * 720 else 2
        return context


def _vp8_options(bitrate: int) -> dict[str, str]:
    return {
        'deadline': 'realtime',
        'cpu-used': '-6',
        'qmin': '2',
        'qmax': '56',
        'lag-in-frames': '0',
        # Constant bitrate, with a buffer of one second.
        'minrate': str(bitrate),
        'maxrate': str(bitrate),
        'bufsize': str(bitrate),
        'undershoot-pct': '100',
        'overshoot-pct': '15',
        'noise-sensitivity': '4',
        'static-thresh': '1',
    }


def _h264_options(bitrate: int) -> dict[str, str]:
    return {
        'preset': 'superfast',
        'tune': 'zerolatency',
        # Browsers decode it everywhere, and it is what aiortc offers.
        'profile': 'baseline',
        'forced-idr': '1',
        'maxrate': str(bitrate),
        'bufsize': str(bitrate),
    }
