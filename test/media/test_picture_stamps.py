# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""lerobot_arena_ros.media.picture_stamps: pictures get the stamps that their sender announced."""

from __future__ import annotations

from collections.abc import Iterator
import random

import pytest

pytest.importorskip('av')

from lerobot_arena_ros.media.errors import InvalidSignal  # noqa: E402
from lerobot_arena_ros.media.picture_stamps import (  # noqa: E402
    COMPARED,
    MAX_MISSES,
    StampMatcher,
    decode_stamp,
    encode_stamp,
)

ORIGIN = 123_456_789
"""The ticks of the sender at the first picture of the receiver."""


def pictures(count: int, rate_hz: float = 30.0, seed: int = 1) -> Iterator[tuple[int, int]]:
    """Yield ticks of the sender and stamps of a camera, which jitters by 0.2 ms."""
    source = random.Random(seed)
    for index in range(count):
        seconds = index / rate_hz + source.uniform(0, 0.0002)
        yield ORIGIN + round(seconds * 90_000), 10**18 + round(seconds * 1e9)


def found(
    lost: frozenset[int] = frozenset(), *, count: int = 60, late: int = 0, first: int = 0
) -> list[bool]:
    """
    Receive pictures, and return for each whether its stamp was found; none may be wrong.

    :param lost: the announcements that are lost.
    :param late: after how many more pictures an announcement arrives.
    :param first: the first picture that is received.
    """
    matcher, sent = StampMatcher(), list(pictures(count))
    known = []
    for index, (ticks, stamp_ns) in enumerate(sent):
        if index >= late and index - late not in lost:
            matcher.announce(*decode_stamp(encode_stamp(*sent[index - late])))
        if index >= first:
            seen = matcher.stamp_ns(ticks - sent[first][0])
            assert seen in (None, stamp_ns)
            known.append(seen is not None)
    return known


def test_a_message_comes_back_as_it_was() -> None:
    """Ticks count modulo 2**32."""
    assert decode_stamp(encode_stamp(2**32 + 5, 10**18)) == (5, 10**18)
    assert decode_stamp(encode_stamp(0, 0)) == (0, 0)


@pytest.mark.parametrize('message', ['text', b'', b'1234567', bytes(13), None])
def test_other_messages_are_refused(message: object) -> None:
    """A message of another peer must not become a stamp."""
    with pytest.raises(InvalidSignal, match='expected 12 bytes'):
        decode_stamp(message)


@pytest.mark.parametrize('stamp_ns', [-1, 2**31 * 10**9, 2**63 - 1])
def test_a_stamp_that_ros_cannot_have_is_refused(stamp_ns: int) -> None:
    """The seconds of a stamp of ROS have 31 bits and no sign."""
    with pytest.raises(InvalidSignal, match='expected 0 to'):
        decode_stamp(encode_stamp(0, stamp_ns))


def test_stamps_are_found_after_a_few_pictures() -> None:
    """The difference of the ticks is found within eight pictures."""
    known = found()

    assert all(known[COMPARED:])


def test_a_viewer_that_lost_the_first_pictures_finds_them_too() -> None:
    """The first received picture need not be the first that was announced."""
    assert all(found(first=7)[COMPARED:])


def test_a_lost_message_costs_one_stamp() -> None:
    """The other pictures have their stamps."""
    lost = frozenset({3, 20, 21, 40})

    known = found(lost)

    assert not any(known[index] for index in lost)
    assert all(known[index] for index in range(2 * COMPARED, 60) if index not in lost)


def test_a_message_that_is_always_late_is_worth_nothing_but_harms_nothing() -> None:
    """A picture is not held back for its stamp, and never gets that of another one."""
    assert not any(found(late=1))


def test_exactly_periodic_pictures_get_no_wrong_stamp() -> None:
    """Where several differences explain all pictures, none is used."""
    matcher = StampMatcher()
    for index in range(60):
        matcher.announce(ORIGIN + 3000 * index, index)
        assert matcher.stamp_ns(3000 * index) in (None, index)


def test_the_difference_is_found_across_a_wrap() -> None:
    """The ticks wrap after 13 hours."""
    matcher, start = StampMatcher(), 2**32 - 20_000
    known = []
    for ticks, stamp_ns in pictures(40):
        matcher.announce(*decode_stamp(encode_stamp(start + ticks - ORIGIN, stamp_ns)))
        known.append(matcher.stamp_ns(ticks - ORIGIN) == stamp_ns)

    assert all(known[COMPARED:])


def test_a_sender_that_begins_anew_is_followed() -> None:
    """After pictures that were not announced, the difference is sought again."""
    matcher = StampMatcher()
    for ticks, stamp_ns in pictures(20):
        matcher.announce(ticks, stamp_ns)
        matcher.stamp_ns(ticks - ORIGIN)
    known = []
    for ticks, stamp_ns in pictures(100, seed=2):
        matcher.announce(ticks + 10**6 + 17, stamp_ns)
        known.append(matcher.stamp_ns(ticks) == stamp_ns)

    assert all(known[MAX_MISSES + COMPARED :])


def test_without_messages_there_are_no_stamps() -> None:
    """A public producer announces nothing."""
    matcher = StampMatcher()

    assert [matcher.stamp_ns(ticks) for ticks in range(0, 90_000, 3000)] == [None] * 30
