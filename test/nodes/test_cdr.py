# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""Serialized messages are read and written with the same result as message objects."""

from __future__ import annotations

from collections.abc import Iterator
import math
import struct
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
import pytest

pytest.importorskip('rclpy', reason='rclpy is not here: it comes with ROS 2, or as wheels')

from builtin_interfaces.msg import Time
from rclpy.serialization import deserialize_message, serialize_message
from sensor_msgs.msg import JointState

from lerobot_arena_ros.control.units import ConversionError
from lerobot_arena_ros.nodes.bridge import cdr
from lerobot_arena_ros.nodes.bridge.cdr import MAX_SHAPES, CommandWriter, JointStateReader
from lerobot_arena_ros.nodes.bridge.conversions import (
    COMMAND_TYPES,
    command_to_ros,
    joint_state_from_ros,
    stamp_ns,
)
from lerobot_arena_ros.nodes.settings.parameter_table import SPECS

NAMES = st.lists(st.text(st.characters(codec='utf-8', exclude_characters='\0')), unique=True)
NUMBERS = st.floats(allow_nan=False)


@st.composite
def joint_states(draw: st.DrawFn) -> JointState:
    """Return a strategy for JointStates with a position for each name."""
    names = draw(NAMES)
    some = st.lists(NUMBERS, min_size=len(names), max_size=len(names))
    message = JointState(
        name=names,
        position=draw(some),
        velocity=draw(st.one_of(st.just([]), some)),
        effort=draw(st.one_of(st.just([]), some)),
    )
    message.header.frame_id = draw(st.text(st.characters(codec='utf-8', exclude_characters='\0')))
    message.header.stamp = Time(
        sec=draw(st.integers(0, 2**31 - 1)), nanosec=draw(st.integers(0, 999_999_999))
    )
    return message


def arm(*positions: float, names: str = 'abcdef') -> JointState:
    """Return the JointState of an arm."""
    return JointState(name=list(names[: len(positions)]), position=list(positions))


@pytest.fixture(name='quickly')
def fixture_quickly(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Return a function that reads, and fails if a message object is made."""

    def quickly(reader: JointStateReader, data: bytes) -> tuple[int | None, dict[str, float]]:
        with monkeypatch.context() as patch:
            patch.delattr(cdr, 'deserialize_message')
            return reader.read(data)

    return quickly


@given(st.lists(joint_states(), min_size=1, max_size=4), st.randoms())
@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
def test_reading_equals_deserializing(messages: list[JointState], random: Any) -> None:
    """A JointState of any shape, after any other, is read like its message object."""
    reader = JointStateReader()
    for _ in range(12):
        message = random.choice(messages)
        data = serialize_message(message)
        stamp, positions = reader.read(data)
        assert (stamp, positions) == (
            stamp_ns(message.header.stamp),
            joint_state_from_ros(message),
        )


def test_the_second_message_of_a_shape_is_read_fast(quickly: Any) -> None:
    """The second message of a shape is read fast, even if arm and gripper alternate."""
    reader = JointStateReader()
    reader.read(serialize_message(arm(0.0, 0.0)))
    reader.read(serialize_message(arm(1.0, names='g')))
    second = arm(-1.5, math.inf)
    second.velocity = [0.1, 0.2]
    second.header.stamp = Time(sec=12, nanosec=34)

    read = quickly(reader, serialize_message(second))
    assert read == (12_000_000_034, {'a': -1.5, 'b': math.inf})
    assert quickly(reader, serialize_message(arm(2.0, names='g'))) == (None, {'g': 2.0})


def test_other_names_are_other_joints() -> None:
    """As many names of the same length in the same order are other joints."""
    reader = JointStateReader()
    reader.read(serialize_message(arm(1.0, 2.0)))
    assert reader.read(serialize_message(arm(1.0, 2.0, names='ba')))[1] == {'b': 1.0, 'a': 2.0}


def test_the_number_of_remembered_shapes_is_bounded() -> None:
    """The number of remembered shapes is bounded, for example if frame ids are counted up."""
    reader = JointStateReader()
    for number in range(10 * MAX_SHAPES):
        message = arm(float(number))
        message.header.frame_id = f'frame {number}'
        assert reader.read(serialize_message(message))[1] == {'a': float(number)}
    assert len(reader._shapes) == MAX_SHAPES


def cut(data: bytes) -> Iterator[bytes]:
    """Return every prefix of some bytes."""
    return (data[:length] for length in range(len(data)))


def test_bytes_that_are_no_joint_state_are_refused() -> None:
    """Truncated bytes are refused, even if their beginning matches a known shape."""
    whole = serialize_message(arm(1.0, 2.0))
    end_of_positions = whole.index(struct.pack('<2d', 1.0, 2.0)) + 16
    reader = JointStateReader()
    reader.read(whole)
    for data in (b'', b'\x00', b'nonsense', *cut(whole[:end_of_positions])):
        with pytest.raises(ConversionError) as refused:
            reader.read(data)
        assert refused.value.reason == 'shape'
    assert reader.read(whole) == (None, {'a': 1.0, 'b': 2.0})


def test_the_other_byte_order_is_read() -> None:
    """A big-endian message is read."""
    names = struct.pack('>I', 1) + struct.pack('>I2s', 2, b'a\0') + b'\0\0'
    head = struct.pack('>iI', 7, 5) + struct.pack('>I1s', 1, b'\0') + b'\0\0\0' + names
    count = struct.pack('>I', 1)
    padding = b'\0' * (-(len(head) + len(count)) % 8)
    body = head + count + padding + struct.pack('>d', 1.25) + struct.pack('>II', 0, 0)
    data = b'\x00\x00\x00\x00' + body
    assert joint_state_from_ros(deserialize_message(data, JointState)) == {'a': 1.25}

    reader = JointStateReader()
    assert [reader.read(data) for _ in range(2)] == [(7_000_000_005, {'a': 1.25})] * 2


@pytest.mark.parametrize(
    ('message', 'reason'),
    [
        pytest.param(JointState(name=['a'], position=[1.0, 2.0]), 'length', id='too few names'),
        pytest.param(JointState(name=['a', 'a'], position=[1.0, 2.0]), 'duplicate', id='twice'),
    ],
)
def test_an_invalid_joint_state_is_refused_each_time(message: JointState, reason: str) -> None:
    """An invalid JointState is refused each time, and its shape is not remembered."""
    reader = JointStateReader()
    for _ in range(2):
        with pytest.raises(ConversionError) as refused:
            reader.read(serialize_message(message))
        assert refused.value.reason == reason


def test_velocities_alone_give_no_position() -> None:
    """A JointState with velocities only has no positions, as from some drivers of wheels."""
    message = JointState(name=['wheel'], velocity=[1.0])
    assert JointStateReader().read(serialize_message(message)) == (None, {})


@pytest.mark.parametrize('interface', sorted(COMMAND_TYPES))
@given(
    names=st.lists(st.text('abcdefgh_', min_size=1), unique=True, max_size=8),
    data=st.data(),
    now_ns=st.integers(0, (2**31 - 1) * 1_000_000_000),
)
@settings(deadline=None)
def test_writing_equals_serializing(
    interface: str, names: list[str], data: st.DataObject, now_ns: int
) -> None:
    """A command of each kind is written like its message object, after any other."""

    def make(positions: Any, stamp: Time) -> Any:
        return command_to_ros(interface, names, positions, stamp=stamp)

    writer = CommandWriter(make, len(names))
    numbers = st.lists(NUMBERS, min_size=len(names), max_size=len(names))
    for positions in data.draw(st.lists(numbers, min_size=1, max_size=3)):
        seconds, nanoseconds = divmod(now_ns, 1_000_000_000)
        written: Any = writer.write(positions, now_ns)
        if isinstance(written, bytes):
            written = deserialize_message(written, COMMAND_TYPES[interface])
        assert written == make(positions, Time(sec=seconds, nanosec=nanoseconds))


@pytest.mark.parametrize('interface', sorted(COMMAND_TYPES))
def test_commands_are_written_as_bytes(interface: str) -> None:
    """Commands are written as bytes, which is what saves the time."""

    def make(positions: Any, stamp: Time) -> Any:
        return command_to_ros(interface, ['a', 'b'], positions, stamp=stamp)

    assert isinstance(CommandWriter(make, 2).write([1.0, 2.0], 1), bytes)


def test_each_kind_of_command_may_be_chosen() -> None:
    """The parameter of the bridge has all kinds of command, and no other."""
    (spec,) = (spec for spec in SPECS if spec.name == 'consume.command_interface')

    assert set(spec.choices) == set(COMMAND_TYPES)
