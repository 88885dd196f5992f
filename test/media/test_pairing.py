# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""lerobot_arena_ros.media.pairing: frames and joints that belong together, and no others."""

from __future__ import annotations

from itertools import product

from hypothesis import given
from hypothesis import strategies as st
import pytest

from lerobot_arena_ros.media.pairing import Matched, Pairing
from lerobot_arena_ros.media.part_history import (
    MAX_FRAMES,
    MAX_JOINT_STATES,
    UNSTAMPED,
    FrameHistory,
    JointHistory,
)

TOLERANCE_S = 0.0625
MAX_AGE_S = 1.0
NS = 1_000_000_000
BASE_NS = 1_769_854_530_123_456_789
CAMERAS = ('front', 'wrist')
TICK_S = 1 / 64
"""Times are multiples of it, so that their differences are exact."""

Pairs = Pairing[int, int]
Found = Matched[int, int]


def pairing(*cameras: str) -> Pairs:
    """Return a pairing whose frames and joint states are numbers."""
    return Pairing(cameras or CAMERAS, tolerance_s=TOLERANCE_S, max_age_s=MAX_AGE_S)


def ns(seconds: float) -> int:
    """Return a stamp on the clock of a robot."""
    return BASE_NS + round(seconds * NS)


def without_stamps(pairs: Pairs, *cameras: str) -> Pairs:
    """Let these cameras send so many frames without stamps that they count as without stamps."""
    for camera, _ in product(cameras, range(UNSTAMPED)):
        pairs.add_frame(camera, -1, -9.0, None)
    return pairs


def values(found: Found | None) -> tuple[dict[str, int], int] | None:
    """Return the frames and the joint state of a set."""
    if found is None:
        return None
    return {name: part.value for name, part in found.frames.items()}, found.joints.value


def test_the_joints_are_the_nearest_to_the_frame() -> None:
    """Joints arrive before the frame, so that there are newer ones; a frame is used once."""
    pairs = pairing('front')
    for number in range(20):
        pairs.add_joints(number, number * 0.01, ns(number * 0.01))
    pairs.add_frame('front', 7, 0.2, ns(0.093))

    assert values(pairs.take(0.2)) == ({'front': 7}, 9)
    assert pairs.take(0.2) is None


def test_a_slow_reader_gets_the_newest_set() -> None:
    """Of the frames since the last set only the newest is used; the others are never returned."""
    pairs = pairing('front')
    for number in range(10):
        pairs.add_frame('front', number, number / 30, ns(number / 30))
        pairs.add_joints(number, number / 30, ns(number / 30))

    assert values(pairs.take(0.3)) == ({'front': 9}, 9)
    assert pairs.take(0.3) is None


def test_a_set_waits_for_each_camera() -> None:
    """A frame of one camera is not combined with a frame of another that was used before."""
    pairs = pairing()
    for number, camera in enumerate(CAMERAS):
        pairs.add_frame(camera, number, 0.0, ns(0.0))
    pairs.add_joints(0, 0.0, ns(0.0))
    assert values(pairs.take(0.0)) == ({'front': 0, 'wrist': 1}, 0)

    pairs.add_frame('front', 2, 0.01, ns(0.01))
    pairs.add_joints(1, 0.01, ns(0.01))
    assert pairs.take(0.01) is None
    pairs.add_frame('wrist', 3, 0.02, ns(0.02))
    assert values(pairs.take(0.02)) == ({'front': 2, 'wrist': 3}, 1)


def test_a_camera_that_lags_is_combined_with_earlier_frames_of_the_other() -> None:
    """The newest set has the newest frames that have a partner."""
    pairs = pairing()
    for number in range(10):
        at_s = number / 30
        pairs.add_frame('front', number, at_s, ns(at_s))
        pairs.add_joints(number, at_s, ns(at_s))
        if number >= 6:
            pairs.add_frame('wrist', number - 6, at_s, ns((number - 6) / 30))

    found = pairs.take(0.3)

    assert found is not None
    assert found.frames['wrist'].value == 3
    assert found.frames['front'].value in (3, 4)


@pytest.mark.parametrize(('apart_s', 'is_found'), [(TOLERANCE_S, True), (0.063, False)])
def test_the_tolerance_is_kept_to_the_nanosecond(apart_s: float, is_found: bool) -> None:
    """Stamps that are exactly as far apart as the tolerance match."""
    pairs = pairing('front')
    pairs.add_joints(1, 0.0, ns(0.0))
    pairs.add_frame('front', 1, 0.0, ns(apart_s))

    assert (pairs.take(0.0) is not None) is is_found


def test_clocks_that_differ_are_named() -> None:
    """A camera with another clock than the joints is in no set, and the text has both."""
    pairs = pairing('front')
    pairs.add_joints(1, 0.0, ns(3.2))
    pairs.add_frame('front', 1, 0.0, ns(0.0))

    assert pairs.take(0.0) is None
    assert pairs.obstacles(0.0) == [
        'the newest stamp of camera front is 3.200 s older than that of joints, and the tolerance'
        ' is 0.0625 s: do they have the same clock?'
    ]


def test_what_does_not_arrive_is_named() -> None:
    """A source that never sent, one that fell silent, and stamps that are not known yet."""
    pairs = pairing()
    pairs.add_frame('front', 1, 0.0, None)
    pairs.add_joints(1, 0.0, ns(0.0))

    assert pairs.obstacles(0.5) == [
        'camera front: the stamps of its frames are not known yet',
        'camera wrist: nothing arrived yet',
    ]
    assert pairs.obstacles(2.0)[:2] == [
        'joints: nothing arrived for 2.0 s',
        'camera front: nothing arrived for 2.0 s',
    ]


def test_old_parts_are_not_returned() -> None:
    """A reader that comes late gets no set of a camera that has stalled meanwhile."""
    pairs = pairing('front')
    pairs.add_joints(1, 0.0, ns(0.0))
    pairs.add_frame('front', 1, 0.0, ns(0.0))

    assert pairs.take(1.5) is None


def test_joints_without_stamps_are_valid_until_they_change() -> None:
    """A server does not repeat the values of a robot at rest; its frames go on."""
    pairs = pairing('front')
    pairs.add_joints(1, 0.0, None)
    for at_s in (5.0, 60.0):
        pairs.add_frame('front', 1, at_s, ns(at_s))
        found = pairs.take(at_s)
        assert values(found) == ({'front': 1}, 1)
        assert found is not None
        assert found.joints.stamp_ns is None

    pairs.forget_joints()
    pairs.add_frame('front', 1, 61.0, ns(61.0))
    assert pairs.take(61.0) is None


def test_a_camera_without_stamps_is_compared_by_its_arrivals() -> None:
    """Joints with stamps are then chosen by their arrival; the stamps may be of any clock."""
    pairs = without_stamps(pairing('front'), 'front')
    for number in range(10):
        pairs.add_joints(number, number * 0.1, ns(1000 + number * 0.1))
    pairs.add_frame('front', 1, 0.61, None)

    found = pairs.take(0.9)

    assert values(found) == ({'front': 1}, 6)
    assert found is not None
    assert found.frames['front'].stamp_ns is None


def test_a_few_frames_without_stamps_do_not_count() -> None:
    """The first frames of a connection and lost stamps do not change how a camera is compared."""
    pairs = pairing('front')
    pairs.add_joints(1, 0.0, ns(0.0))
    for number in range(UNSTAMPED - 1):
        pairs.add_frame('front', number, 0.0, None)
        assert pairs.take(0.0) is None
    pairs.add_frame('front', 99, 0.0, ns(0.0))
    pairs.add_frame('front', 100, 0.0, None)

    assert values(pairs.take(0.0)) == ({'front': 99}, 1)


def test_a_repeated_frame_is_not_new() -> None:
    """A camera that sends its last picture again, with its stamp, is in no further set."""
    pairs = pairing('front')
    for at_s in (0.0, 0.01):
        pairs.add_joints(1, at_s, ns(at_s))
        pairs.add_frame('front', 1, at_s, ns(0.0))
        assert (pairs.take(at_s) is not None) is (at_s == 0.0)


def test_a_clock_that_is_set_back_begins_anew() -> None:
    """A simulation that is started again has new sets; a stamp that is a little older is late."""
    pairs = pairing('front')
    pairs.add_joints(1, 0.0, ns(100.0))
    pairs.add_frame('front', 1, 0.0, ns(100.0))
    assert pairs.take(0.0) is not None
    pairs.add_frame('front', 2, 0.01, ns(99.9))
    assert pairs.take(0.01) is None

    pairs.add_joints(3, 0.1, ns(0.0))
    pairs.add_frame('front', 3, 0.1, ns(0.01))

    assert values(pairs.take(0.1)) == ({'front': 3}, 3)


def test_joints_of_two_publishers_have_the_newest_stamp() -> None:
    """The arm and its gripper send in turn, with stamps that are not in order."""
    joints: JointHistory[int] = JointHistory()
    for value, stamp in enumerate((0.010, 0.005, 0.020, 0.015)):
        joints.add(value, value * 0.01, ns(stamp))

    assert [(part.value, part.stamp_ns) for part in joints.parts] == [(1, ns(0.01)), (3, ns(0.02))]


def test_a_history_is_bounded_and_has_parts_of_one_kind() -> None:
    """The newest are kept, and none with stamps beside those without."""
    frames: FrameHistory[int] = FrameHistory()
    states: JointHistory[int] = JointHistory()
    for number in range(1000):
        frames.add(number, 0.0, ns(number))
        states.add(number, 0.0, ns(number))
    assert [part.value for part in frames.parts] == list(range(1000 - MAX_FRAMES, 1000))
    assert [part.value for part in states.parts] == list(range(1000 - MAX_JOINT_STATES, 1000))

    for number in range(UNSTAMPED):
        frames.add(number, 0.0, None)
        states.add(number, 0.0, None)
    assert [part.stamp_ns for part in frames.parts] == [None]
    assert [part.value for part in states.parts] == [UNSTAMPED - 1]

    frames.add(7, 0.0, ns(0.0))
    states.add(7, 0.0, ns(0.0))
    assert [part.stamp_ns for part in (*frames.parts, *states.parts)] == [ns(0.0)] * 2


def test_joints_are_never_older_than_those_before() -> None:
    """Also after a camera has got stamps, and the joints are chosen in another way."""
    pairs = without_stamps(pairing(), 'wrist')
    for stamp in (0.0, 0.01, 0.06):
        pairs.add_joints(round(stamp * 100), 0.0, ns(stamp))
    pairs.add_frame('front', 1, 0.0, ns(0.0))
    pairs.add_frame('wrist', 1, 0.0, None)
    assert values(pairs.take(0.0)) == ({'front': 1, 'wrist': 1}, 6)

    for camera in CAMERAS:
        pairs.add_frame(camera, 2, 0.0, ns(0.01))

    assert values(pairs.take(0.0)) == ({'front': 2, 'wrist': 2}, 6)


SOURCES = st.sampled_from([*CAMERAS, 'joints', 'take'])
KINDS = st.sampled_from(['near', 'none', 'any'])


@given(
    st.tuples(KINDS, KINDS, KINDS),
    st.lists(
        st.tuples(SOURCES, st.integers(0, 3), st.integers(-6, 6), st.integers(0, 2**31 - 1)),
        max_size=200,
    ),
)
def test_no_set_breaks_a_rule(
    kinds: tuple[str, str, str], events: list[tuple[str, int, int, int]]
) -> None:
    """In any order and with any stamps, parts are near, fresh and new, and memory is bounded."""
    kind_of = dict(zip((*CAMERAS, 'joints'), kinds, strict=True))
    pairs = without_stamps(pairing(), *(name for name in CAMERAS if kind_of[name] == 'none'))
    last: dict[str, int] = {}
    now = 0.0
    for number, (source, ticks, offset, any_s) in enumerate(events):
        now += ticks * TICK_S
        stamps = {'near': ns(now + offset * TICK_S), 'none': None, 'any': any_s * NS}
        stamp_ns = stamps[kind_of.get(source, 'none')]
        if source == 'joints':
            pairs.add_joints(number, now, stamp_ns)
        elif source != 'take':
            pairs.add_frame(source, number, now, stamp_ns)
        elif (found := pairs.take(now)) is not None:
            last = checked(found, now, last)
        for history in pairs._sources.values():
            capacity = MAX_FRAMES if isinstance(history, FrameHistory) else MAX_JOINT_STATES
            assert len(history.parts) <= capacity


def checked(found: Found, now: float, last: dict[str, int]) -> dict[str, int]:
    """Check a set, and return the number of each of its parts."""
    parts = [*found.frames.values(), found.joints]
    stamps = [part.stamp_ns for part in parts if part.stamp_ns is not None]
    assert not stamps or max(stamps) - min(stamps) <= TOLERANCE_S * NS
    timed = parts if found.joints.stamp_ns is not None else parts[:-1]
    arrivals = [part.arrived_at for part in timed]
    assert min(arrivals) >= now - MAX_AGE_S
    if any(part.stamp_ns is None for part in parts[:-1]):
        assert max(arrivals) - min(arrivals) <= TOLERANCE_S
    numbers = {name: part.value for name, part in found.frames.items()}
    assert all(numbers[name] > last.get(name, -1) for name in numbers)
    assert found.joints.value >= last.get('joints', -1)
    return {**numbers, 'joints': found.joints.value}


@given(st.lists(st.tuples(SOURCES, st.integers(1, 3)), max_size=60))
def test_the_newest_set_is_found_whenever_there_is_one(events: list[tuple[str, int]]) -> None:
    """No other set of the frames that arrived since the last one has a newer frame."""
    pairs = pairing()
    kept: dict[str, list[int]] = {name: [] for name in (*CAMERAS, 'joints')}
    newest = dict.fromkeys(kept, 0)
    for source, ticks in events:
        if source != 'take':
            newest[source] += ticks
            stamp_ns = newest[source] * NS // 64
            kept[source].append(newest[source])
            if source == 'joints':
                pairs.add_joints(newest[source], 0.0, stamp_ns)
            else:
                pairs.add_frame(source, newest[source], 0.0, stamp_ns)
                kept[source] = kept[source][-MAX_FRAMES:]
            continue
        possible = [each for each in product(*kept.values()) if max(each) - min(each) <= 4]
        found = values(pairs.take(0.0))
        assert (found is None) is (not possible)
        if found is not None:
            best = tuple(max(each[i] for each in possible) for i in range(len(CAMERAS)))
            assert tuple(found[0][name] for name in CAMERAS) == best
            for name, number in found[0].items():
                kept[name] = [each for each in kept[name] if each > number]
            kept['joints'] = [each for each in kept['joints'] if each >= found[1]]
