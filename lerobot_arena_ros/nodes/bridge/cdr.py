# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""
Reads and writes serialized messages without a Python object for each.

rclpy accepts and returns serialized messages. Making and converting the objects costs a quarter of
what a bridge does per message (``make bench``, before and after).

The places of the numbers are found in one message and checked once against rclpy; messages of the
same layout have them in the same places. If they are not found, whole message objects are used.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
import struct
from typing import Any, NamedTuple

from builtin_interfaces.msg import Time as TimeMsg
from rclpy.serialization import deserialize_message, serialize_message
from sensor_msgs.msg import JointState

from lerobot_arena_ros.control.units import ConversionError

from .conversions import CommandMessage, joint_state_from_ros, stamp_ns

__all__ = ['CommandWriter', 'JointStateReader']

Make = Callable[[Sequence[float], TimeMsg], CommandMessage]
"""Makes a command from positions in radians or metres and a stamp."""

MAX_SHAPES = 8
"""Shapes that are remembered, for example of an arm and of a gripper with its own driver."""

_STAMP = struct.Struct('<iI')
_STAMP_AT = 4
"""Offset of the stamp in each message with a header, after four bytes that name the encoding."""

_ENCODING = b'\0\1'
"""First bytes of little-endian CDR; rclpy reads any other encoding."""

_MARKED_STAMP = (0x12345678, 0x1ABCDEF0)
"""Seconds and nanoseconds that occur nowhere else in a message."""


def _place(data: bytes, numbers: bytes) -> int | None:
    """Return the offset of these bytes; None if they do not occur exactly once."""
    return data.find(numbers) if numbers and data.count(numbers) == 1 else None


class CommandWriter:
    """
    Write commands of one kind for the same joints.

    :param make: makes one of them as a message.
    :param count: number of joints.
    """

    def __init__(self, make: Make, count: int) -> None:
        self._make = make
        self._positions = struct.Struct(f'<{count}d')
        marked = [0.1234567890123 + number for number in range(count)]
        seconds, nanoseconds = _MARKED_STAMP
        message = make(marked, TimeMsg(sec=seconds, nanosec=nanoseconds))
        model = serialize_message(message)
        self._place = _place(model, self._positions.pack(*marked))
        self._stamp_place = _place(model, _STAMP.pack(*_MARKED_STAMP))
        self._bytes = bytearray(model)
        if not self._is_right(type(message), [-number for number in marked]):
            self._place = None

    def _is_right(self, kind: type[CommandMessage], positions: Sequence[float]) -> bool:
        """Write another command, and return whether rclpy reads the right values from it."""
        written = self.write(positions, 1)
        if not isinstance(written, bytes):
            return False
        is_same: bool = deserialize_message(written, kind) == self._make(
            positions, TimeMsg(nanosec=1)
        )
        return is_same

    def write(self, positions: Sequence[float], now_ns: int) -> bytes | CommandMessage:
        """
        Return a command for a publisher, serialized if possible.

        :param positions: in radians or metres, of all joints in order.
        :param now_ns: when it was decided, on the ROS clock.
        """
        seconds, nanoseconds = divmod(now_ns, 1_000_000_000)
        if self._place is None:
            return self._make(positions, TimeMsg(sec=seconds, nanosec=nanoseconds))
        if self._stamp_place is not None:
            _STAMP.pack_into(self._bytes, self._stamp_place, seconds, nanoseconds)
        self._positions.pack_into(self._bytes, self._place, *positions)
        return bytes(self._bytes)


class _Shape(NamedTuple):
    """
    The part of a JointState before its positions.

    :param head: its bytes as a number; only the bits that are set in ``mask`` are compared.
    :param place: offset of the positions.
    """

    head: int
    mask: int
    place: int
    names: list[str]
    positions: struct.Struct

    @staticmethod
    def of(message: JointState, data: bytes) -> _Shape | None:
        """Return the shape of a message; None if these, its bytes, have another layout."""
        positions = struct.Struct(f'<{len(message.name)}d')
        counted = _counted(message)
        place, mask = len(counted), int.from_bytes(counted, 'big')
        shape = _Shape(_head(data, place) & mask, mask, place, list(message.name), positions)
        if data[: len(_ENCODING)] != _ENCODING or not shape.fits(data):
            return None
        is_here = data[place:].startswith(positions.pack(*message.position))
        return shape if is_here else None

    def fits(self, data: bytes) -> bool:
        """Return whether this is a message of this shape, with all of its positions."""
        if len(data) < self.place + self.positions.size:
            return False
        return _head(data, self.place) & self.mask == self.head


def _counted(message: JointState) -> bytes:
    """
    Return a mask of the bytes of a CDR JointState that are the same in the next message.

    Strings begin at a multiple of four bytes, doubles at one of eight, counted from the stamp on.
    Padding bytes may have any value.
    """
    marks = bytearray(b'\xff\xff\0\0' + bytes(_STAMP.size))

    def align(size: int) -> None:
        marks.extend(bytes(-(len(marks) - _STAMP_AT) % size))

    def mark(size: int) -> None:
        align(4)
        marks.extend(b'\xff' * size)

    mark(4 + len(message.header.frame_id.encode()) + 1)
    mark(4)
    for name in message.name:
        mark(4 + len(name.encode()) + 1)
    mark(4)
    align(8)
    return bytes(marks)


def _head(data: bytes, place: int) -> int:
    return int.from_bytes(data[:place], 'big')


class JointStateReader:
    """Read serialized JointStates; fast if an earlier one had the same shape."""

    def __init__(self) -> None:
        self._shapes: list[_Shape] = []

    def read(self, data: bytes) -> tuple[int | None, dict[str, float]]:
        """
        Return the stamp in nanoseconds of the ROS clock, None for zero, and positions by name.

        :raises ConversionError: names and positions differ in number, a name occurs twice, or the
            bytes are no JointState.
        """
        for shape in self._shapes:
            if shape.fits(data):
                seconds, nanoseconds = _STAMP.unpack_from(data, _STAMP_AT)
                positions = shape.positions.unpack_from(data, shape.place)
                stamp = seconds * 1_000_000_000 + nanoseconds
                return stamp or None, dict(zip(shape.names, positions, strict=True))
        return self._learn(data)

    def _learn(self, data: bytes) -> tuple[int | None, dict[str, float]]:
        """Read through a message object, and store its layout for the next ones."""
        try:
            message: Any = deserialize_message(data, JointState)
        except Exception as exc:  # Each RMW implementation raises its own type.
            raise ConversionError(
                f'JointState of {len(data)} bytes cannot be read: {exc}', reason='shape'
            ) from exc
        positions = joint_state_from_ros(message)
        stamp = stamp_ns(message.header.stamp)
        shape = _Shape.of(message, data) if positions else None
        if shape is not None:
            self._shapes = [shape, *self._shapes[: MAX_SHAPES - 1]]
        return stamp, positions
