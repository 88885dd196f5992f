# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""
Pictures as rows of pixels, as ROS has them, from and to PyAV. Pure; it imports no ROS.

The encodings have their names in ``sensor_msgs/Image``. Their channels are copied row by row, and
PyAV converts them later, where the picture is needed. A picture with an odd side loses its last
column or row where the encoding has no half pixels: yuv422, nv12 and the Bayer patterns.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import av

from .errors import PictureError

__all__ = [
    'ENCODINGS',
    'RAW_OUTPUTS',
    'RawPicture',
    'check_raw',
    'picture_from_raw',
    'picture_to_raw',
]


class _Format(NamedTuple):
    """
    How an encoding lies in memory.

    :param pixels: the pixel format of PyAV.
    :param size: bytes per pixel; of nv12, of its first plane.
    :param across: the width is a multiple of this.
    :param down: the height is a multiple of this.
    """

    pixels: str
    size: int
    across: int = 1
    down: int = 1


_FORMATS = {
    'rgb8': _Format('rgb24', 3),
    'bgr8': _Format('bgr24', 3),
    'rgba8': _Format('rgba', 4),
    'bgra8': _Format('bgra', 4),
    'mono8': _Format('gray', 1),
    'mono16': _Format('gray16le', 2),
    # Two names for each order: of ROS 2 Humble and older, and of later releases.
    'yuv422': _Format('uyvy422', 2, across=2),
    'uyvy': _Format('uyvy422', 2, across=2),
    'yuv422_yuy2': _Format('yuyv422', 2, across=2),
    'yuyv': _Format('yuyv422', 2, across=2),
    'nv12': _Format('nv12', 1, across=2, down=2),
    'bayer_rggb8': _Format('bayer_rggb8', 1, across=2, down=2),
    'bayer_bggr8': _Format('bayer_bggr8', 1, across=2, down=2),
    'bayer_gbrg8': _Format('bayer_gbrg8', 1, across=2, down=2),
    'bayer_grbg8': _Format('bayer_grbg8', 1, across=2, down=2),
}

ENCODINGS = tuple(_FORMATS)
"""The encodings that are read."""

RAW_OUTPUTS = ('rgb8', 'bgr8', 'mono8')
"""The encodings that are written."""


@dataclass(frozen=True)
class RawPicture:
    """
    A picture as rows of pixels.

    :param step: the length of a row in bytes, including its padding.
    :param is_bigendian: the byte order of ``mono16``.
    :param data: the rows; of nv12, the rows of the second plane follow those of the first.
    """

    encoding: str
    width: int
    height: int
    step: int
    is_bigendian: bool
    data: bytes | memoryview


def picture_from_raw(raw: RawPicture) -> av.VideoFrame:
    """
    Return a picture with a copy of the pixels.

    :raises PictureError: the encoding is not supported, or size and data contradict each other.
    """
    check_raw(raw)
    form, data = _FORMATS[raw.encoding], memoryview(raw.data).cast('B')
    width = raw.width // form.across * form.across
    height = raw.height // form.down * form.down
    pixels = 'gray16be' if raw.encoding == 'mono16' and raw.is_bigendian else form.pixels
    picture = av.VideoFrame(width, height, pixels)
    _fill(picture.planes[0], data, raw.step, width * form.size, height)
    if raw.encoding == 'nv12':
        chroma = data[raw.step * raw.height :]
        _fill(picture.planes[1], chroma, raw.step, width, height // 2)
    return picture


def picture_to_raw(picture: av.VideoFrame, encoding: str) -> RawPicture:
    """
    Return a picture as rows of pixels without padding.

    :param encoding: one of :data:`RAW_OUTPUTS`.
    """
    form = _FORMATS[encoding]
    plane = picture.reformat(format=form.pixels).planes[0]
    step = picture.width * form.size
    rows, line = memoryview(plane).cast('B'), plane.line_size
    if line == step:
        data = bytes(rows[: step * picture.height])
    else:
        starts = range(0, line * picture.height, line)
        data = b''.join(rows[start : start + step] for start in starts)
    return RawPicture(encoding, picture.width, picture.height, step, False, data)


def check_raw(raw: RawPicture) -> None:
    """
    Check a picture without converting it.

    :raises PictureError: the encoding is not supported, or size and data contradict each other.
    """
    form = _FORMATS.get(raw.encoding)
    if form is None:
        raise PictureError(
            f'encoding {raw.encoding!r:.60} is not supported: expected one of '
            f'{", ".join(ENCODINGS)}'
        )
    length = memoryview(raw.data).nbytes
    size = f'{raw.width}x{raw.height} {raw.encoding}'
    if raw.width < form.across or raw.height < form.down:
        raise PictureError(f'picture of {size}: it has no pixels')
    row = raw.width // form.across * form.across * form.size
    if raw.step < row:
        raise PictureError(f'picture of {size}: step is {raw.step}, expected at least {row}')
    rows = raw.height
    if raw.encoding == 'nv12':
        rows += raw.height // 2
    expected = raw.step * (rows - 1) + row  # The last row may have no padding.
    if length < expected:
        raise PictureError(
            f'picture of {size}: it has {length} bytes of data, expected at least {expected}'
        )


def _fill(
    plane: av.video.plane.VideoPlane, data: memoryview, step: int, row: int, rows: int
) -> None:
    target, line = memoryview(plane).cast('B'), plane.line_size
    if step == line and len(data) >= step * rows:
        target[: step * rows] = data[: step * rows]
        return
    for index in range(rows):
        start, source = index * line, index * step
        target[start : start + row] = data[source : source + row]
