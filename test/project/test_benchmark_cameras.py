# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""The cameras of the benchmark: pictures that carry a number, and their ways to viewers."""

from __future__ import annotations

import pytest

pytest.importorskip('aiortc')
pytest.importorskip('rclpy', reason='rclpy is not here: it comes with ROS 2, or as wheels')

import av  # noqa: E402
from rclpy.serialization import deserialize_message  # noqa: E402
from sensor_msgs.msg import Image  # noqa: E402
from support.waiting import wait_for  # noqa: E402

from benchmark.harness.camera_paths import bare_aiortc, our_camera  # noqa: E402
from benchmark.harness.numbered_pictures import NumberedPictures, number_in  # noqa: E402
from benchmark.harness.workers.picture_publisher import ImageBytes  # noqa: E402
from benchmark.measure.cameras import cameras  # noqa: E402
from benchmark.measure.plan import SHORT  # noqa: E402
from lerobot_arena_ros.media.codec import Codec, PictureEncoder  # noqa: E402

TIMEOUT_S = 60.0


def test_a_number_survives_an_encoding_with_losses() -> None:
    """A decoded picture has the number of the one that was encoded, at a low bitrate."""
    pictures, encoder = NumberedPictures(), PictureEncoder(Codec.VP8, 150_000)
    decoder = av.CodecContext.create('vp8', 'r')
    decoded = []
    for count, number in enumerate((1, 2, 0x55555, 0xFFFFF, 7)):
        picture = av.VideoFrame.from_ndarray(pictures.of(number), format='rgb24')
        for encoded in encoder.encode(picture, 3000 * count, key=count == 0):
            decoded += [number_in(each) for each in decoder.decode(av.Packet(encoded.data))]

    assert decoded == [1, 2, 0x55555, 0xFFFFF, 7]


def test_a_serialized_image_has_its_picture_and_its_stamp() -> None:
    """The bytes that are published are a whole message."""
    image = ImageBytes()
    image.draw(5)
    message = deserialize_message(image.stamped(7_000_000_009), Image)

    assert (message.header.stamp.sec, message.header.stamp.nanosec) == (7, 9)
    assert (message.width, message.height, message.step) == (640, 480, 1920)
    assert bytes(message.data) == NumberedPictures().of(5).tobytes()


@pytest.mark.parametrize('way', [our_camera, bare_aiortc])
def test_a_viewer_receives_the_pictures_that_were_sent(way: object) -> None:
    """Each picture at the viewer has a number that was sent before, and both cameras take CPU."""
    assert callable(way)
    sent: dict[int, float] = {}
    late_s: list[float] = []

    def arrived() -> int:
        more, received = path.send(0.5)
        sent.update(more)
        late_s.extend(at - sent[number] for number, _, at in received if number in sent)
        return len(late_s)

    with way(decode=True) as path:
        path.add_viewers(1)
        wait_for(lambda: arrived() >= 5, 'five pictures', TIMEOUT_S)

    assert min(late_s) > 0.0


def test_without_aiortc_the_section_is_left_out(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The benchmark prints one line and has no rows."""
    monkeypatch.setattr('benchmark.measure.cameras.find_spec', lambda name: None)

    assert cameras(SHORT) == {}
    assert capsys.readouterr().out.count('\n') == 1
