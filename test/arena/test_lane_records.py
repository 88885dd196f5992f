# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""Tests that whole records are packed into datagrams, and which ones begin a handshake."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from lerobot_arena_ros.arena.lane.records import (
    client_random,
    is_plain,
    is_sound,
    pack,
)


def record(length: int, *, epoch: int = 1) -> bytes:
    """Return a record whose content has this length in octets."""
    return (
        b'\x17\xfe\xfd'
        + epoch.to_bytes(2, 'big')
        + bytes(6)
        + length.to_bytes(2, 'big')
        + (b'x' * length)
    )


@given(st.lists(st.integers(0, 300), max_size=20))
def test_records_stay_whole_and_in_order(lengths: list[int]) -> None:
    """Datagrams end at the end of a record, are not too long, and hold all of the records."""
    records = [record(length) for length in lengths]

    packed = pack(b''.join(records), limit=400)

    assert b''.join(packed) == b''.join(records)
    assert all(len(datagram) <= 400 for datagram in packed)
    ends = {sum(map(len, records[:count])) for count in range(len(records) + 1)}
    assert {sum(map(len, packed[:count])) for count in range(len(packed) + 1)} <= ends


def test_records_share_a_datagram_where_they_fit() -> None:
    """The records of a handshake take as few datagrams as possible."""
    assert list(map(len, pack(record(100) * 4, limit=350))) == [339, 113]


def test_a_record_that_is_too_long_gets_a_datagram_of_its_own() -> None:
    """The network may fragment it, because half a record is of no use."""
    assert list(map(len, pack(record(10) + record(500) + record(10), limit=200))) == [23, 513, 23]


@given(st.binary(max_size=200))
def test_garbage_loses_nothing(data: bytes) -> None:
    """What is no record is passed on whole."""
    assert b''.join(pack(data)) == data
    is_plain(data)


@given(st.binary(max_size=100))
def test_only_a_client_hello_has_a_random_number(data: bytes) -> None:
    """A datagram that is too short, encrypted or another message is no ClientHello."""
    hello = b'\x16\xfe\xfd' + bytes(10) + b'\x01' + bytes(13) + b'r' * 32

    assert client_random(hello + data) == b'r' * 32
    assert client_random(hello[:-1]) is None
    assert client_random(b'\x17' + hello[1:]) is None
    assert client_random(hello[:4] + b'\1' + hello[5:]) is None
    assert client_random(hello[:13] + b'\2' + hello[14:]) is None
    assert client_random(b'\x17' + data) is None


def test_a_sound_datagram_consists_of_whole_records() -> None:
    """Records may follow each other, and nothing may follow the last."""
    one, plain = record(24), record(1, epoch=0)

    assert is_sound(one)
    assert is_sound(one + plain)
    assert not is_sound(b'')
    assert not is_sound(one[:-1])
    assert not is_sound(one + b'x')
    assert not is_sound(one + plain[:-1])
    assert not is_sound(record(23))
    assert not is_sound(b'\x18' + one[1:])
    assert not is_sound(one[:1] + b'\x03' + one[2:])


@given(st.binary(max_size=100))
def test_any_garbage_may_be_checked(data: bytes) -> None:
    """The check of garbage raises nothing."""
    is_sound(data)
    is_sound(b'\x17\xfe\xfd' + data)
