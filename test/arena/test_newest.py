# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.


"""Tests of what is new of the updates that arrive by the lane and by the WebSocket."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, replace
import heapq
import itertools

from hypothesis import example, given
from hypothesis import strategies as st

from lerobot_arena_ros.arena.lane.decisions import Repeats
from lerobot_arena_ros.arena.lane.newest import MAX_JOINTS, Changes, LaneOrder, Newest, SeenStops
from lerobot_arena_ros.arena.messages import JointUpdate, OddJoint

NAMES = ('a', 'b', 'c')


def numbered(seq: int | None, /, **values: float) -> JointUpdate:
    """Return an update with a number."""
    return replace(JointUpdate.of(values), seq=seq)


def stamped(seq: int, stamp_ns: int, /, **values: float) -> JointUpdate:
    """Return an update with a number and a stamp."""
    return replace(numbered(seq, **values), stamp_ns=stamp_ns)


def take(newest: Newest, update: JointUpdate) -> dict[str, float] | None:
    """Use an update; return what was new of it."""
    newer = newest.newer(update)
    if newer is None:
        return None
    newest.note(newer)
    return newer.values


def test_an_older_update_is_dropped() -> None:
    """Whichever way it came."""
    newest = Newest()

    assert take(newest, numbered(2, a=2.0)) == {'a': 2.0}
    assert take(newest, numbered(2, a=2.0)) is None
    assert take(newest, numbered(1, a=1.0)) is None
    assert take(newest, numbered(3, a=3.0)) == {'a': 3.0}


def test_numbers_count_for_each_joint() -> None:
    """A late update is still new for a joint that no later one had."""
    newest = Newest()
    assert take(newest, numbered(5, a=5.0)) == {'a': 5.0}

    late = newest.newer(stamped(4, 4, a=4.0, b=4.0))

    # Its stamp would be older than that of the update before.
    assert late == numbered(4, b=4.0)


def test_an_update_without_a_number_is_new() -> None:
    """Its sender uses no lane."""
    newest = Newest()

    assert [take(newest, numbered(None, a=1.0)) for _ in range(2)] == [{'a': 1.0}] * 2
    assert take(newest, numbered(0, a=0.0)) == {'a': 0.0}


def test_an_update_from_before_a_hand_over_is_not_new() -> None:
    """It may have been delayed on a lane, and the driver that sent it has no control now."""
    newest = Newest()
    take(newest, numbered(4, a=1.0))

    newest.outdate(7)

    assert take(newest, numbered(6, a=2.0, b=2.0)) is None
    assert take(newest, numbered(7, a=3.0)) == {'a': 3.0}
    assert take(newest, numbered(None, a=4.0)) == {'a': 4.0}


def test_joints_without_end_do_not_fill_the_memory() -> None:
    """Further joints are dropped, because an older value of them could not be recognized."""
    newest = Newest()
    for number in range(MAX_JOINTS):
        take(newest, numbered(number, **{f'j{number}': 0.0}))

    assert take(newest, numbered(MAX_JOINTS, more=1.0, j0=1.0)) == {'j0': 1.0}


def test_only_changes_are_passed_on() -> None:
    """A complete update looks like one without a lane, which has the changed joints only."""
    changes = Changes(has_stamps=False)
    changes.start({'a': 1.0, 'b': 2.0})

    assert changes.changed(numbered(0, a=1.0, b=2.0)) is None
    assert changes.changed(numbered(1, a=1.0, b=3.0)) == numbered(1, b=3.0)
    assert changes.changed(stamped(2, 7, a=1.0, b=3.0)) is None
    odd = replace(numbered(3, a=1.0), odd=(OddJoint('b', 'value', 'not a number'),))
    assert changes.changed(odd) == replace(odd, entries=())


def test_a_new_stamp_is_a_change_for_those_who_want_stamps() -> None:
    """A robot at rest is still measured."""
    changes = Changes(has_stamps=True)

    assert changes.changed(stamped(0, 1, a=1.0)) == stamped(0, 1, a=1.0)
    assert changes.changed(stamped(1, 1, a=1.0)) is None
    assert changes.changed(stamped(2, 2, a=1.0)) == stamped(2, 2)
    assert changes.changed(numbered(3, a=1.0)) is None


def test_a_joint_that_occurs_twice_has_its_last_value() -> None:
    """As in the room itself."""
    changes = Changes(has_stamps=False)
    entries = tuple({'name': 'a', 'value': value} for value in (1.0, 2.0, 1.0))

    changed = changes.changed(JointUpdate(entries))

    assert changed is not None
    assert changed.values == {'a': 1.0}
    assert changes.changed(JointUpdate(entries[:1])) is None


def test_a_stop_is_new_once() -> None:
    """Its copies are recognized; one without a name is new each time, so that none is lost."""
    stops = SeenStops()

    assert [stops.is_new(key) for key in ('x', 'x', 'y', 'x', None, None)] == [
        True,
        False,
        True,
        False,
        True,
        True,
    ]


@dataclass(frozen=True)
class Step:
    """One update of a sender, and what the network does to it."""

    after_ms: int
    values: tuple[int | None, ...]
    datagrams_ms: tuple[int, ...]
    is_up: bool
    socket_ms: int


STEPS = st.lists(
    st.builds(
        Step,
        after_ms=st.integers(0, 150),
        values=st.tuples(*[st.none() | st.integers(0, 3)] * len(NAMES)),
        datagrams_ms=st.lists(st.integers(0, 400), max_size=3).map(tuple),
        is_up=st.booleans(),
        socket_ms=st.integers(0, 300),
    ),
    min_size=1,
    max_size=30,
)


def arrivals(steps: list[Step]) -> list[JointUpdate]:
    """Return the updates in the order of their arrival by both ways, as a lane sends them."""
    queue: list[tuple[int, int, JointUpdate]] = []
    order, repeats, now, socket_free_at = itertools.count(), Repeats(), 0, 0
    frame: dict[str, float] = {}

    def write(update: JointUpdate | None, at: int, delay: int) -> None:
        """Write to the WebSocket, which delays but keeps the order."""
        nonlocal socket_free_at
        if update is not None:
            socket_free_at = max(socket_free_at, at + delay)
            heapq.heappush(queue, (socket_free_at, next(order), update))

    for seq, step in enumerate(steps):
        if repeats.due_at is not None:
            due_ms = max(now, round(repeats.due_at * 1e3))
            if due_ms < now + step.after_ms:
                write(repeats.take(due_ms * 1e-3), due_ms, step.socket_ms)
        now += step.after_ms
        # A joint may be left out, as when it is not measured any more.
        for name, value in zip(NAMES, step.values, strict=True):
            frame.pop(name, None)
            if value is not None:
                frame[name] = value
        update = numbered(seq, **frame)
        for delay in step.datagrams_ms:
            heapq.heappush(queue, (now + delay, next(order), update))
        if step.is_up:
            write(repeats.sent_by_lane(update), now, step.socket_ms)
        else:
            write(repeats.take(now * 1e-3), now, step.socket_ms)
            write(update, now, step.socket_ms)
    write(repeats.take(now * 1e-3), now + 100, 0)
    return [heapq.heappop(queue)[2] for _ in range(len(queue))]


# The last value of a joint is lost on the lane, and the next update does not have that joint.
LOST = [
    Step(50, (1, None, None), (0,), is_up=True, socket_ms=0),
    Step(60, (2, None, None), (), is_up=True, socket_ms=0),
    Step(10, (3, None, None), (), is_up=True, socket_ms=0),
    Step(10, (None, 1, None), (0,), is_up=True, socket_ms=0),
]


@example(LOST)
@given(STEPS)
def test_no_order_of_arrival_brings_an_older_value_back(steps: list[Step]) -> None:
    """Datagrams are lost, delayed, repeated and reordered; each joint only becomes newer."""
    newest, changes = Newest(), Changes(has_stamps=False)
    seqs: dict[str, deque[int]] = {name: deque([-1]) for name in NAMES}
    values: dict[str, float] = {}
    for update in arrivals(steps):
        newer = newest.newer(update)
        if newer is None:
            continue
        newest.note(newer)
        assert newer.seq is not None
        for name in newer.values:
            assert newer.seq > seqs[name][-1]
            seqs[name].append(newer.seq)
        changed = changes.changed(newer)
        if changed is not None:
            values |= changed.values

    sent: dict[str, float] = {}
    for step in steps:
        named = zip(NAMES, step.values, strict=True)
        sent |= {name: value for name, value in named if value is not None}
    # The settled values have arrived, even if all datagrams were lost.
    assert values == sent


def test_only_an_update_behind_a_newer_one_is_out_of_order() -> None:
    """A lost update and a repeated one leave the order as it is."""
    order = LaneOrder()
    for seq in (0, 1, 3, 3, 2, 4, 1):
        order.note(seq)

    assert order.late == 2
