# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""lerobot_arena_ros.nodes.camera.messages: ROS messages from and to pictures."""

from __future__ import annotations

from array import array

import pytest

pytest.importorskip('av')

from builtin_interfaces.msg import Time  # noqa: E402
from rclpy.serialization import deserialize_message, serialize_message  # noqa: E402
from sensor_msgs.msg import CompressedImage, Image  # noqa: E402

from lerobot_arena_ros.media.raw_pictures import RawPicture  # noqa: E402
from lerobot_arena_ros.nodes.bridge.conversions import stamp_ns  # noqa: E402
from lerobot_arena_ros.nodes.camera.messages import (  # noqa: E402
    header,
    image_from_ros,
    image_to_ros,
    jpeg_to_ros,
)

STAMP_NS = 1_700_000_000_123_456_789


@pytest.mark.parametrize('encoding', ['rgb8', 'mono16'])
def test_an_image_comes_back_as_it_was(encoding: str) -> None:
    """A picture that is written into a message, sent and read is the same."""
    data = bytes(range(24))
    picture = RawPicture(encoding, 2, 4, 6, encoding == 'mono16', data)

    sent = serialize_message(image_to_ros(picture, header(STAMP_NS, 'lens')))
    message = deserialize_message(sent, Image)
    read = image_from_ros(message)

    assert bytes(read.data) == data
    assert read == RawPicture(encoding, 2, 4, 6, encoding == 'mono16', read.data)
    assert (message.header.frame_id, stamp_ns(message.header.stamp)) == ('lens', STAMP_NS)


def test_a_jpeg_has_its_format() -> None:
    """Subscribers of CompressedImage read the type from the format."""
    sent = serialize_message(jpeg_to_ros(b'\xff\xd8\xff', header(STAMP_NS, 'lens')))
    message = deserialize_message(sent, CompressedImage)

    assert message.format == 'jpeg'
    assert message.data == array('B', b'\xff\xd8\xff')


@pytest.mark.parametrize('stamp', [0, 1, 999_999_999, 1_000_000_000, STAMP_NS])
def test_a_stamp_comes_back_as_it_was(stamp: int) -> None:
    """A stamp in nanoseconds is exact; 0 stands for no stamp."""
    head = header(stamp, '')

    assert isinstance(head.stamp, Time)
    assert stamp_ns(head.stamp) == (stamp or None)
