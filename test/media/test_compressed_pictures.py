# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""lerobot_arena_ros.media.compressed_pictures: JPEG and PNG, whole, damaged, truncated, huge."""

from __future__ import annotations

import pytest

pytest.importorskip('av')

import av  # noqa: E402
from support.compressed import png_of  # noqa: E402

from lerobot_arena_ros.media.compressed_pictures import (  # noqa: E402
    picture_from_compressed,
    picture_to_jpeg,
)
from lerobot_arena_ros.media.errors import PictureError  # noqa: E402
from lerobot_arena_ros.media.raw_pictures import (  # noqa: E402
    RawPicture,
    picture_from_raw,
    picture_to_raw,
)

COLOUR = (200, 120, 40)
TOLERANCE = 10


def picture(width: int = 64, height: int = 48) -> av.VideoFrame:
    """Return a picture of one colour."""
    data = bytes(COLOUR) * width * height
    return picture_from_raw(RawPicture('rgb8', width, height, 3 * width, False, data))


def check_colour(shown: av.VideoFrame) -> None:
    """Check that all pixels have the colour of the tests; of an odd width, most of them."""
    data = bytes(picture_to_raw(shown, 'rgb8').data)
    for channel, value in enumerate(COLOUR):
        found = sorted(data[channel::3])
        # FFmpeg 5.1 gives the last column of an odd width another shade, and JPEG spreads it.
        unsure = len(found) // 2 if shown.width % 2 else 0
        assert found[unsure] >= value - TOLERANCE
        assert found[-1 - unsure] <= value + TOLERANCE


@pytest.mark.parametrize('size', [(64, 48), (65, 49), (3, 2)])
@pytest.mark.parametrize('quality', [1, 80, 100])
def test_a_jpeg_is_read_as_it_was_written(size: tuple[int, int], quality: int) -> None:
    """A picture that is written and read has its size and, except at worst, its colour."""
    read = picture_from_compressed(picture_to_jpeg(picture(*size), quality), 'jpeg')

    assert (read.width, read.height) == size
    if quality > 1:
        check_colour(read)


def test_a_better_quality_has_more_bytes() -> None:
    """The quality goes from 1, the worst, to 100."""
    noise = bytes(range(251)) * 500
    source = picture_from_raw(RawPicture('rgb8', 160, 120, 480, False, noise))

    sizes = [len(picture_to_jpeg(source, quality)) for quality in (1, 50, 100)]

    assert sizes == sorted(sizes)
    assert sizes[0] < sizes[2]


def test_a_written_picture_does_not_change() -> None:
    """The picture may still be used by others."""
    decoded = picture_from_compressed(picture_to_jpeg(picture(), 90), 'jpeg')
    decoded.pts = 7

    picture_to_jpeg(decoded, 90)

    assert decoded.pts == 7


@pytest.mark.parametrize('form', ['png', 'rgb8; png compressed bgr8', 'jpeg', ''])
def test_a_png_is_read_whatever_its_format_is_called(form: str) -> None:
    """The type is read from the data, because the field for it is written in several ways."""
    read = picture_from_compressed(png_of(picture()), form)

    assert (read.width, read.height) == (64, 48)
    check_colour(read)


@pytest.mark.parametrize(
    ('data', 'form', 'error'),
    [
        (b'', 'jpeg', 'the picture is empty'),
        (b'\x00\x01\x02', 'h264', "format 'h264' is not supported"),
        (bytes(12) + b'\x89PNG\r\n\x1a\n', '16UC1; compressedDepth png', 'compressedDepth'),
        (b'\xff\xd8\xff', 'jpeg', 'truncated'),
        (b'\x89PNG\r\n\x1a\n', 'png', 'truncated'),
    ],
)
def test_other_data_are_refused(data: bytes, form: str, error: str) -> None:
    """The error names the format that is not supported, or that the picture is truncated."""
    with pytest.raises(PictureError, match=error):
        picture_from_compressed(data, form)


@pytest.mark.parametrize('share', [0.1, 0.5, 0.9])
@pytest.mark.parametrize('form', ['jpeg', 'png'])
def test_a_truncated_picture_is_refused(form: str, share: float) -> None:
    """No part of a truncated picture is shown."""
    whole = picture_to_jpeg(picture(), 90) if form == 'jpeg' else png_of(picture())

    with pytest.raises(PictureError, match='truncated'):
        picture_from_compressed(whole[: int(share * len(whole))], form)


def test_a_small_file_with_a_huge_picture_is_refused() -> None:
    """A JPEG header that claims 65535x65535 pixels allocates no memory for them."""
    data = picture_to_jpeg(picture(), 90)
    size = data.index(b'\xff\xc0') + 5

    with pytest.raises(PictureError, match='larger than 4096x4096'):
        picture_from_compressed(data[:size] + b'\xff' * 4 + data[size + 4 :], 'jpeg')
