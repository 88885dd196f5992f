# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""lerobot_arena_ros.media.encoder: one encoding per camera, shared by all viewers."""

from __future__ import annotations

from collections.abc import AsyncIterator
import functools
import threading

import pytest
import pytest_asyncio

pytest.importorskip('av')

import av  # noqa: E402
from support.pictures import feeding, no_thread_of, picture  # noqa: E402
from support.waiting import wait_until  # noqa: E402

from lerobot_arena_ros.media.bitrate import BitrateBounds  # noqa: E402
from lerobot_arena_ros.media.codec import EncodedPicture  # noqa: E402
from lerobot_arena_ros.media.encoder import CameraEncoder, EncoderSettings  # noqa: E402
from lerobot_arena_ros.media.errors import MediaError, PictureError  # noqa: E402

NEVER = EncoderSettings(key_period_s=1000.0)


@pytest_asyncio.fixture(name='encoder')
async def fixture_encoder() -> AsyncIterator[CameraEncoder]:
    """Give an encoder that makes no periodic key frames."""
    encoder = CameraEncoder(NEVER, name='cam')
    yield encoder
    encoder.close()
    assert no_thread_of('encode cam')


async def more_than(count: int, seen: list[EncodedPicture]) -> None:
    """Wait for another picture."""
    await wait_until(lambda: len(seen) > count, 'another picture')


async def test_without_viewers_nothing_is_encoded(encoder: CameraEncoder) -> None:
    """A camera that no participant watches costs nothing."""
    for _ in range(5):
        encoder.submit(picture(90))

    assert (encoder.counts.pictures_in, encoder.counts.encoded) == (5, 0)
    assert no_thread_of('encode cam')


async def test_all_viewers_share_one_encoding(encoder: CameraEncoder) -> None:
    """Two viewers get the same objects, and each picture is encoded once."""
    first: list[EncodedPicture] = []
    second: list[EncodedPicture] = []
    encoder.subscribe(first.append)
    encoder.subscribe(second.append)
    async with feeding(encoder):
        await wait_until(lambda: len(second) >= 10, 'ten pictures')

    assert encoder.counts.encoded <= encoder.counts.pictures_in
    shared = {id(each) for each in first} & {id(each) for each in second}
    assert len(shared) >= 9


async def test_a_late_viewer_gets_a_key_frame(encoder: CameraEncoder) -> None:
    """It can decode nothing before one; without viewers that join there are no others."""
    first: list[EncodedPicture] = []
    late: list[EncodedPicture] = []
    encoder.subscribe(first.append)
    async with feeding(encoder):
        await wait_until(lambda: len(first) >= 10, 'ten pictures')
        assert sum(each.is_key for each in first) == 1
        encoder.subscribe(late.append)
        await wait_until(lambda: any(each.is_key for each in late), 'a key frame')


async def test_a_late_viewer_of_a_still_camera_sees_its_last_picture(
    encoder: CameraEncoder,
) -> None:
    """The last picture is encoded again, with a later time stamp."""
    first: list[EncodedPicture] = []
    late: list[EncodedPicture] = []
    encoder.subscribe(first.append)
    encoder.submit(picture(90))
    await wait_until(lambda: first, 'the first picture')

    encoder.subscribe(late.append)

    await wait_until(lambda: late, 'the picture again')
    assert late[0].is_key
    assert late[0].pts > first[0].pts


async def test_a_picture_from_before_the_first_viewer_is_shown(encoder: CameraEncoder) -> None:
    """A camera that sends one picture a minute is visible at once."""
    seen: list[EncodedPicture] = []
    encoder.submit(picture(90))
    encoder.subscribe(seen.append)

    await wait_until(lambda: seen, 'the picture')


async def test_key_frames_are_periodic() -> None:
    """A viewer whose decoder lost its state sees a picture again after one period."""
    encoder = CameraEncoder(EncoderSettings(key_period_s=0.3))
    seen: list[EncodedPicture] = []
    encoder.subscribe(seen.append)
    try:
        async with feeding(encoder):
            await wait_until(lambda: sum(each.is_key for each in seen) >= 3, 'three key frames')
    finally:
        encoder.close()


async def test_many_reports_of_loss_make_few_key_frames(encoder: CameraEncoder) -> None:
    """A viewer that asks with each picture gets two key frames a second at most."""
    seen: list[EncodedPicture] = []
    encoder.subscribe(seen.append)
    async with feeding(encoder):
        while len(seen) < 40:
            encoder.request_key_frame()
            await more_than(len(seen), seen)

    keys = [each.pts for each in seen if each.is_key]
    assert len(keys) >= 2
    assert all(later - earlier > 30_000 for earlier, later in zip(keys, keys[1:], strict=False))


async def test_time_stamps_rise_even_if_the_clock_of_the_camera_does_not(
    encoder: CameraEncoder,
) -> None:
    """Two pictures with one stamp, or an older one, would be refused by the codec."""
    seen: list[EncodedPicture] = []
    encoder.subscribe(seen.append)
    for at in (10.0, 10.0, 9.0):
        known = len(seen)
        encoder.submit(picture(90), at)
        await more_than(known, seen)

    stamps = [each.pts for each in seen]
    assert stamps == sorted(set(stamps))


async def test_a_bad_picture_ends_nothing(
    encoder: CameraEncoder, caplog: pytest.LogCaptureFixture
) -> None:
    """It is counted and logged once, and the next one is encoded."""
    seen: list[EncodedPicture] = []
    encoder.subscribe(seen.append)
    encoder.submit(av.VideoFrame(5000, 2, 'yuv420p'))
    await wait_until(lambda: encoder.counts.failed == 1, 'the failure')
    encoder.submit(av.VideoFrame(5000, 2, 'yuv420p'))
    await wait_until(lambda: encoder.counts.failed == 2, 'the second failure')
    assert '5000x2' in (encoder.counts.last_error or '')
    assert len(caplog.records) == 1

    encoder.submit(picture(90))

    await wait_until(lambda: seen, 'a picture')
    assert encoder.counts.last_error is None


async def test_the_bitrate_stays_within_its_bounds() -> None:
    """Whatever a control asks for."""
    bounds = BitrateBounds(highest=800_000, lowest=300_000)
    encoder = CameraEncoder(EncoderSettings(bitrate=bounds))
    encoder.bitrate = 1
    assert encoder.bitrate == 300_000
    encoder.bitrate = 10**9
    assert encoder.bitrate == 800_000


async def test_a_closed_encoder_refuses_pictures_and_viewers() -> None:
    """Closing it twice is allowed."""
    encoder = CameraEncoder()
    encoder.close()
    encoder.close()

    with pytest.raises(MediaError, match='closed'):
        encoder.submit(picture(90))
    with pytest.raises(MediaError, match='closed'):
        encoder.subscribe(print)


async def test_a_picture_is_made_only_if_it_is_encoded(encoder: CameraEncoder) -> None:
    """A function is called in the encoder's thread, for the newest picture, for all viewers."""
    made: list[tuple[int, str]] = []
    seen: list[EncodedPicture] = []

    def make(shade: int) -> av.VideoFrame:
        made.append((shade, threading.current_thread().name))
        return picture(shade)

    for shade in (90, 120, 150):
        encoder.submit(functools.partial(make, shade))
    assert made == []
    encoder.subscribe(seen.append)
    await more_than(0, seen)

    assert made == [(150, 'encode cam')]


async def test_a_picture_that_cannot_be_made_is_counted(encoder: CameraEncoder) -> None:
    """The reason is kept until a picture can be made, and viewers see the next one."""
    seen: list[EncodedPicture] = []

    def fail() -> av.VideoFrame:
        raise PictureError('no pixels')

    encoder.subscribe(seen.append)
    encoder.submit(fail)
    await wait_until(lambda: encoder.counts.failed, 'the failure')
    assert encoder.counts.last_error == 'no pixels'

    encoder.submit(picture(90))
    await more_than(0, seen)
    assert seen[0].is_key
    assert encoder.counts.last_error is None


async def test_a_stamp_goes_with_its_picture(encoder: CameraEncoder) -> None:
    """Also when the picture is encoded again for a late viewer."""
    first: list[EncodedPicture] = []
    late: list[EncodedPicture] = []
    encoder.subscribe(first.append)
    encoder.submit(picture(90), stamp_ns=7)
    await more_than(0, first)
    assert encoder.counts.stamp_ns == 7

    encoder.subscribe(late.append)
    await more_than(0, late)

    assert [first[0].stamp_ns, late[0].stamp_ns] == [7, 7]


async def test_a_forgotten_picture_is_not_shown(encoder: CameraEncoder) -> None:
    """A camera that was switched off shows a late viewer nothing until it is on again."""
    first: list[EncodedPicture] = []
    late: list[EncodedPicture] = []
    encoder.subscribe(first.append)
    encoder.submit(picture(90), stamp_ns=1)
    await more_than(0, first)
    encoder.submit(picture(90), stamp_ns=2)
    encoder.forget()
    encoder.subscribe(late.append)
    encoder.submit(picture(120), stamp_ns=3)
    await more_than(0, late)

    assert late[0].stamp_ns == 3
