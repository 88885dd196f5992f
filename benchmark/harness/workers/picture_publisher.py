# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""Publish serialized Images at a rate, and reply with the time of each, which is its stamp."""

from __future__ import annotations

import struct
import sys
import time

import rclpy
from rclpy.serialization import serialize_message
from sensor_msgs.msg import Image

from ..numbered_pictures import HEIGHT, WIDTH, NumberedPictures
from .protocol import Pace, reply, requests

__all__ = ['ImageBytes']

_STAMP = struct.Struct('<iI')
_STAMP_OFFSET = 4
"""The stamp is the first field, after the head of a serialized message."""


class ImageBytes:
    """A serialized Image in which only the stamp and the pixels change."""

    def __init__(self) -> None:
        self._pictures = NumberedPictures()
        data = b'\xff' * (3 * WIDTH * HEIGHT)  # Unlike the bytes before it.
        message = Image(encoding='rgb8', width=WIDTH, height=HEIGHT, step=3 * WIDTH, data=data)
        self._data = bytearray(serialize_message(message))
        self._offset = self._data.index(data)

    def draw(self, number: int) -> None:
        """Put the picture with this number into the message."""
        pixels = self._pictures.of(number).tobytes()
        self._data[self._offset : self._offset + len(pixels)] = pixels

    def stamped(self, now_ns: int) -> bytes:
        """Return the message with this stamp, in nanoseconds."""
        _STAMP.pack_into(self._data, _STAMP_OFFSET, *divmod(now_ns, 1_000_000_000))
        return bytes(self._data)


def main() -> None:
    """Publish as many pictures at the rate as each request asks for; numbers continue."""
    topics = sys.argv[1].split(',')
    rclpy.init(args=['--ros-args', *sys.argv[2:]])
    node = rclpy.create_node('picture_publisher')
    publishers = [node.create_publisher(Image, topic, 1) for topic in topics]
    message = ImageBytes()
    number = 0
    reply(ready=True)
    for request in requests():
        sent: list[tuple[int, float]] = []
        pace = Pace(request['rate_hz'])
        for _ in range(request['count']):
            number += 1
            message.draw(number)
            time.sleep(pace.wait_s())
            # Of the monotonic clock, as all times of the benchmark.
            now_ns = time.monotonic_ns()
            for publisher in publishers:
                publisher.publish(message.stamped(now_ns))
            sent.append((number, now_ns * 1e-9))
        reply(sent=sent)
    node.destroy_node()
    rclpy.try_shutdown()


if __name__ == '__main__':
    main()
