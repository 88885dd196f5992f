# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""
JPEG and PNG pictures from and to PyAV. Pure; it imports no ROS.

The type is read from the data, because the field ``format`` of ``sensor_msgs/CompressedImage`` is
written in several ways.
"""

from __future__ import annotations

from fractions import Fraction

import av

from .codec import MAX_SIDE
from .errors import CodecError, PictureError

__all__ = ['picture_from_compressed', 'picture_to_jpeg']

_CODECS = {b'\xff\xd8\xff': 'mjpeg', b'\x89PNG\r\n\x1a\n': 'png'}

_BEST, _WORST = 2, 31
"""The quantizers of the best and the worst JPEG."""


def picture_from_compressed(data: bytes | memoryview, form: str) -> av.VideoFrame:
    """
    Decode a JPEG or PNG picture.

    :param form: what the sender calls the format, for the message of an error.
    :raises PictureError: it is neither JPEG nor PNG, is truncated or damaged, or is too large.
    """
    octets = bytes(data)
    codec = next((name for start, name in _CODECS.items() if octets.startswith(start)), None)
    if codec is None:
        what = 'the picture is empty' if not octets else f'format {form!r:.60} is not supported'
        raise PictureError(f'{what}: expected the data of a JPEG or PNG picture')
    context = av.CodecContext.create(codec, 'r')
    context.thread_count = 1  # Several threads return a picture only after others.
    # A small file may contain a huge picture, and a damaged one would be shown in part.
    context.options = {'max_pixels': str(MAX_SIDE * MAX_SIDE), 'err_detect': 'explode'}
    try:
        pictures = context.decode(av.Packet(octets))
    except (av.FFmpegError, ValueError) as exc:
        raise PictureError(
            f'a picture of {len(octets)} bytes ({form:.60}) is truncated, damaged or larger than'
            f' {MAX_SIDE}x{MAX_SIDE}'
        ) from exc
    if not pictures:
        raise PictureError(f'a picture of {len(octets)} bytes ({form:.60}) is truncated')
    picture = pictures[0]
    assert isinstance(picture, av.VideoFrame), 'the codecs are those of pictures'
    return picture


def picture_to_jpeg(picture: av.VideoFrame, quality: float) -> bytes:
    """
    Encode a picture as JPEG.

    :param quality: from 1 to 100.
    :raises CodecError: the codec failed.
    """
    quantizer = str(round(_WORST - (quality - 1) * (_WORST - _BEST) / 99))
    try:
        context = av.CodecContext.create('mjpeg', 'w')
        context.width, context.height = picture.width, picture.height
        context.pix_fmt, context.time_base = 'yuvj420p', Fraction(1, 30)
        context.options = {'qmin': quantizer, 'qmax': quantizer}
        context.thread_count = 1
        frame = picture.reformat(format='yuvj420p')
        if frame is picture:  # Its owner may still use it, and its time stamp is set below.
            frame = picture.reformat(format='rgb24').reformat(format='yuvj420p')
        frame.pts, frame.time_base = 0, Fraction(1, 30)
        packets = [*context.encode(frame), *context.encode(None)]
    except (av.FFmpegError, ValueError) as exc:
        text = f'cannot encode {picture.width}x{picture.height} {picture.format.name}'
        raise CodecError(f'{text} as JPEG: {exc}') from exc
    return b''.join(bytes(packet) for packet in packets)
