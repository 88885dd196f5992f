# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""Conversions between ROS messages and pictures of :mod:`lerobot_arena_ros.media`."""

from __future__ import annotations

from array import array

from builtin_interfaces.msg import Time as TimeMsg
from sensor_msgs.msg import CompressedImage, Image
from std_msgs.msg import Header

from lerobot_arena_ros.media.raw_pictures import RawPicture

__all__ = ['header', 'image_from_ros', 'image_to_ros', 'jpeg_to_ros']

_NS_PER_S = 1_000_000_000


def image_from_ros(message: Image) -> RawPicture:
    """Return the picture of a message; it shares the memory of the message."""
    return RawPicture(
        message.encoding,
        message.width,
        message.height,
        message.step,
        bool(message.is_bigendian),
        memoryview(message.data),
    )


def image_to_ros(picture: RawPicture, head: Header) -> Image:
    """Return a message with a copy of the pixels."""
    return Image(
        header=head,
        encoding=picture.encoding,
        width=picture.width,
        height=picture.height,
        step=picture.step,
        is_bigendian=picture.is_bigendian,
        data=_octets(picture.data),
    )


def jpeg_to_ros(data: bytes, head: Header) -> CompressedImage:
    """Return a message with a JPEG picture."""
    return CompressedImage(header=head, format='jpeg', data=_octets(data))


def header(stamp_ns: int, frame_id: str) -> Header:
    """Return a header with a stamp in nanoseconds."""
    seconds, nanoseconds = divmod(stamp_ns, _NS_PER_S)
    return Header(stamp=TimeMsg(sec=seconds, nanosec=nanoseconds), frame_id=frame_id)


def _octets(data: bytes | memoryview) -> array[int]:
    # rclpy takes an array as it is, and checks every byte of anything else.
    octets = array('B')
    octets.frombytes(data)
    return octets
