# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""lerobot_arena_ros.media.raw_pictures: each encoding, padded rows, odd sizes, bad messages."""

from __future__ import annotations

from collections.abc import Callable

import pytest

pytest.importorskip('av')

import av  # noqa: E402

from lerobot_arena_ros.media.errors import PictureError  # noqa: E402
from lerobot_arena_ros.media.raw_pictures import (  # noqa: E402
    ENCODINGS,
    RAW_OUTPUTS,
    RawPicture,
    picture_from_raw,
    picture_to_raw,
)

RGB = (200, 120, 40)
"""The colour of the test pictures; grey encodings have :data:`GREY` instead."""

GREY = 128
TOLERANCE = 8
"""The largest difference of a channel after the conversions, which round."""

WIDTH, HEIGHT = 16, 12


def luma_and_chroma(rgb: tuple[int, int, int]) -> tuple[int, int, int]:
    """Return a colour as Y, U and V of BT.601, limited range, which PyAV assumes."""
    red, green, blue = rgb
    return (
        round(16 + (65.738 * red + 129.057 * green + 25.064 * blue) / 256),
        round(128 + (-37.945 * red - 74.494 * green + 112.439 * blue) / 256),
        round(128 + (112.439 * red - 94.154 * green - 18.285 * blue) / 256),
    )


Y, U, V = luma_and_chroma(RGB)

PIXELS: dict[str, bytes] = {
    'rgb8': bytes(RGB),
    'bgr8': bytes(RGB[::-1]),
    'rgba8': bytes((*RGB, 255)),
    'bgra8': bytes((*RGB[::-1], 255)),
    'mono8': bytes([GREY]),
    'mono16': bytes([0, GREY]),
    'yuv422': bytes([U, Y, V, Y]),
    'uyvy': bytes([U, Y, V, Y]),
    'yuv422_yuy2': bytes([Y, U, Y, V]),
    'yuyv': bytes([Y, U, Y, V]),
}
"""The bytes of one pixel of the colour, or of two pixels where they share their colour."""

BAYER = {'r': RGB[0], 'g': RGB[1], 'b': RGB[2]}


def rows_of(encoding: str, width: int, height: int) -> list[bytes]:
    """Return the rows of a picture in the colour of the tests."""
    if encoding == 'nv12':
        chroma = (bytes([U, V]) * width)[:width]
        return [bytes([Y]) * width] * height + [chroma] * (height // 2)
    if encoding.startswith('bayer_'):
        pattern = encoding.removeprefix('bayer_').removesuffix('8')
        lines = [bytes(BAYER[each] for each in pattern[at : at + 2]) for at in (0, 2)]
        return [(lines[row % 2] * width)[:width] for row in range(height)]
    pixel = PIXELS[encoding]
    size = len(pixel) // 2 if encoding.startswith(('yuv', 'uyvy', 'yuyv')) else len(pixel)
    return [(pixel * width)[: width * size]] * height


def raw(
    encoding: str,
    width: int = WIDTH,
    height: int = HEIGHT,
    *,
    padding: int = 0,
    is_bigendian: bool = False,
) -> RawPicture:
    """Return a picture in the colour of the tests."""
    rows = rows_of(encoding, width, height)
    data = b''.join(row + b'\xee' * padding for row in rows)
    return RawPicture(encoding, width, height, len(rows[0]) + padding, is_bigendian, data)


def check_colour(picture: av.VideoFrame, encoding: str) -> None:
    """Check that all pixels of a picture have the colour of the tests."""
    shown = picture_to_raw(picture.reformat(format='yuv444p'), 'rgb8')
    expected = (GREY,) * 3 if encoding.startswith('mono') else RGB
    pixels = bytes(shown.data)
    for channel, value in enumerate(expected):
        values = pixels[channel::3]
        assert min(values) >= value - TOLERANCE, encoding
        assert max(values) <= value + TOLERANCE, encoding


@pytest.mark.parametrize('padding', [0, 5, 64])
@pytest.mark.parametrize('encoding', ENCODINGS)
def test_each_encoding_is_read(encoding: str, padding: int) -> None:
    """A picture of each encoding has its colour, also if its rows are padded."""
    picture = picture_from_raw(raw(encoding, padding=padding))

    assert (picture.width, picture.height) == (WIDTH, HEIGHT)
    check_colour(picture, encoding)


@pytest.mark.parametrize('encoding', ENCODINGS)
def test_an_odd_picture_is_read(encoding: str) -> None:
    """An odd side is kept, or loses its last column or row where there are no half pixels."""
    picture = picture_from_raw(raw(encoding, 17, 13, padding=3))

    assert 16 <= picture.width <= 17
    assert 12 <= picture.height <= 13
    check_colour(picture, encoding)


def test_the_byte_order_of_mono16_counts() -> None:
    """A 16-bit picture may have its most significant byte first."""
    little = raw('mono16')
    big = RawPicture('mono16', WIDTH, HEIGHT, little.step, True, bytes([GREY, 0]) * WIDTH * HEIGHT)

    check_colour(picture_from_raw(big), 'mono16')
    check_colour(picture_from_raw(little), 'mono16')


def test_the_byte_order_of_other_encodings_does_not_count() -> None:
    """A picture of single bytes is the same in both byte orders."""
    check_colour(picture_from_raw(raw('bgr8', is_bigendian=True)), 'bgr8')


def test_the_last_row_may_lack_its_padding() -> None:
    """Some publishers leave out the padding after the last pixel."""
    whole = raw('rgb8', padding=8)
    data = bytes(whole.data)[:-8]

    picture = picture_from_raw(RawPicture('rgb8', WIDTH, HEIGHT, whole.step, False, data))

    check_colour(picture, 'rgb8')


def test_the_pixels_are_copied() -> None:
    """A message whose memory is used again does not change the picture."""
    data = bytearray(raw('rgb8').data)
    picture = picture_from_raw(
        RawPicture('rgb8', WIDTH, HEIGHT, 3 * WIDTH, False, memoryview(data))
    )
    data[:] = bytes(len(data))

    check_colour(picture, 'rgb8')


def cut(change: Callable[[RawPicture], RawPicture], encoding: str = 'rgb8') -> str:
    """Return why a changed picture is refused."""
    with pytest.raises(PictureError) as caught:
        picture_from_raw(change(raw(encoding)))
    return str(caught.value)


@pytest.mark.parametrize('encoding', ['16UC1', '32FC1', 'bayer_rggb16', 'rgb16', '', 'x' * 999])
def test_other_encodings_are_refused_by_name(encoding: str) -> None:
    """The error names the encoding, in short, and those that are supported."""
    error = cut(lambda r: RawPicture(encoding, r.width, r.height, r.step, False, r.data))

    assert encoding[:40] in error
    assert 'bayer_rggb8' in error
    assert len(error) < 400


@pytest.mark.parametrize('encoding', ['rgb8', 'yuyv', 'nv12', 'bayer_rggb8'])
@pytest.mark.parametrize(('width', 'height'), [(0, 0), (0, 12), (16, 0)])
def test_an_empty_picture_is_refused(encoding: str, width: int, height: int) -> None:
    """A picture without pixels is refused."""
    error = cut(lambda r: RawPicture(r.encoding, width, height, r.step, False, b''), encoding)

    assert 'no pixels' in error


@pytest.mark.parametrize('encoding', ['rgb8', 'nv12', 'yuyv'])
def test_a_truncated_picture_is_refused(encoding: str) -> None:
    """The error names the number of bytes that are there, and that are expected."""
    error = cut(
        lambda r: RawPicture(r.encoding, r.width, r.height, r.step, False, r.data[:-1]), encoding
    )

    length = len(raw(encoding).data)
    assert f'has {length - 1} bytes' in error
    assert f'at least {length}' in error


@pytest.mark.parametrize('step', [0, 3 * WIDTH - 1])
def test_rows_that_are_too_short_are_refused(step: int) -> None:
    """A step that is shorter than the pixels of a row is refused."""
    assert f'step is {step}, expected at least 48' in cut(
        lambda r: RawPicture(r.encoding, r.width, r.height, step, False, r.data)
    )


def test_a_huge_size_without_data_is_refused() -> None:
    """The claimed size of a picture allocates no memory."""
    huge = 2**32 - 1

    error = cut(lambda r: RawPicture('rgb8', huge, huge, huge, False, r.data))

    assert 'expected at least' in error


@pytest.mark.parametrize('encoding', RAW_OUTPUTS)
@pytest.mark.parametrize('width', [16, 17])
def test_pictures_are_written(encoding: str, width: int) -> None:
    """A written picture has no padding, and reading it gives the same picture."""
    source = raw('mono8' if encoding == 'mono8' else 'rgb8', width, 13)

    written = picture_to_raw(picture_from_raw(source), encoding)

    assert written.encoding == encoding
    assert (written.width, written.height) == (width, 13)
    assert len(written.data) == written.step * 13
    check_colour(picture_from_raw(written), encoding)
    if encoding == 'rgb8':
        assert written == source
