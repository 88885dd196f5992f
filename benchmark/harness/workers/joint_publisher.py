# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""Publish serialized JointStates at a rate, and reply with the time of each."""

from __future__ import annotations

import struct
import sys
import time

import rclpy
from rclpy.serialization import serialize_message
from sensor_msgs.msg import JointState

from .protocol import Pace, positions_of, reply, requests

__all__ = ['JointStateBytes']


class JointStateBytes:
    """A serialized JointState in which only the positions change."""

    def __init__(self, joints: int) -> None:
        names = [f'j{joint}' for joint in range(1, joints + 1)]
        positions = positions_of(1, joints)
        self._joints = joints
        self._data = bytearray(serialize_message(JointState(name=names, position=positions)))
        self._packed = struct.Struct(f'<{joints}d')
        self._offset = self._data.index(self._packed.pack(*positions))

    def of(self, number: int) -> bytes:
        """Return the message with the positions of this number."""
        self._packed.pack_into(self._data, self._offset, *positions_of(number, self._joints))
        return bytes(self._data)


def main() -> None:
    """Publish as many messages at the rate as each request asks for; numbers continue."""
    message = JointStateBytes(int(sys.argv[1]))
    rclpy.init(args=['--ros-args', *sys.argv[2:]])
    node = rclpy.create_node('joint_publisher')
    publisher = node.create_publisher(JointState, 'joint_states', 10)
    number = 0
    reply(ready=True)
    for request in requests():
        sent: dict[int, float] = {}
        pace = Pace(request['rate_hz'])
        for _ in range(request['count']):
            number += 1
            data = message.of(number)
            time.sleep(pace.wait_s())
            sent[number] = time.monotonic()
            publisher.publish(data)
        reply(sent=list(sent.items()))
    node.destroy_node()
    rclpy.try_shutdown()


if __name__ == '__main__':
    main()
