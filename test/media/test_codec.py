# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""lerobot_arena_ros.media.codec: the encoders of PyAV for live pictures."""

from __future__ import annotations

import pytest

pytest.importorskip('av')

import av  # noqa: E402
from support.pictures import picture, shade_of  # noqa: E402

from lerobot_arena_ros.media.codec import Codec, EncodedPicture, PictureEncoder  # noqa: E402
from lerobot_arena_ros.media.errors import CodecError  # noqa: E402

DECODERS = {Codec.VP8: 'libvpx', Codec.H264: 'h264'}
STEP = 3000


def decode(codec: Codec, pictures: list[EncodedPicture]) -> list[av.VideoFrame]:
    """Decode as a viewer does."""
    context = av.CodecContext.create(DECODERS[codec], 'r')
    frames = [frame for each in pictures for frame in context.decode(av.Packet(each.data))]
    return [*frames, *context.decode(None)]


@pytest.mark.parametrize('codec', Codec)
def test_a_picture_survives(codec: Codec) -> None:
    """Its shade, size and time stamp arrive; the first is a key frame, the next is not."""
    encoder = PictureEncoder(codec, 500_000)
    encoded = [
        each
        for index, shade in enumerate((90, 90, 92))
        for each in encoder.encode(picture(shade), index * STEP, key=index == 0)
    ]

    assert [each.pts for each in encoded] == [0, STEP, 2 * STEP]
    assert [each.is_key for each in encoded] == [True, False, False]
    frames = decode(codec, encoded)
    assert (frames[0].width, frames[0].height) == (320, 240)
    assert abs(shade_of(frames[-1]) - 92) < 12


@pytest.mark.parametrize('codec', Codec)
@pytest.mark.parametrize('change', ['size', 'bitrate', 'key'])
def test_a_change_makes_a_key_frame(codec: Codec, change: str) -> None:
    """The decoder of a viewer needs one to go on."""
    encoder = PictureEncoder(codec, 500_000)
    for index in range(3):
        encoder.encode(picture(90), index * STEP, key=index == 0)
    if change == 'bitrate':
        encoder.bitrate = 300_000
    width = 200 if change == 'size' else 320

    (encoded,) = encoder.encode(picture(90, width), 3 * STEP, key=change == 'key')

    assert encoded.is_key


@pytest.mark.parametrize('codec', Codec)
def test_odd_sizes_are_encoded(codec: Codec) -> None:
    """H.264 has even sizes only, so that it loses a row or a column."""
    (encoded,) = PictureEncoder(codec, 500_000).encode(picture(90, 321, 241), 0, key=True)

    (frame,) = decode(codec, [encoded])
    expected = (321, 241) if codec is Codec.VP8 else (320, 240)
    assert (frame.width, frame.height) == expected


@pytest.mark.parametrize('form', ['gray', 'bgr24', 'yuyv422', 'nv12', 'rgba', 'yuv420p'])
def test_each_format_is_converted(form: str) -> None:
    """A picture that has the format of the encoder already is not changed."""
    original = picture(90).reformat(format=form)

    (encoded,) = PictureEncoder(Codec.VP8, 500_000).encode(original, 7, key=True)

    (frame,) = decode(Codec.VP8, [encoded])
    assert abs(shade_of(frame) - 90) < 12
    assert original.pts is None


def test_the_type_of_a_decoded_picture_is_not_kept() -> None:
    """A picture out of a JPEG is marked as a key frame, and would make each picture one."""
    encoder = PictureEncoder(Codec.VP8, 500_000)
    (first,) = encoder.encode(picture(90), 0, key=True)
    (decoded,) = decode(Codec.VP8, [first])

    (second,) = encoder.encode(decoded, STEP, key=False)

    assert not second.is_key


def test_a_picture_that_is_too_large_is_refused() -> None:
    """The error names the size."""
    frame = av.VideoFrame(5000, 2, 'yuv420p')

    with pytest.raises(CodecError, match='5000x2'):
        PictureEncoder(Codec.VP8, 500_000).encode(frame, 0, key=True)
