# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""What a bridge reports of its robot to the room, in which units, and how often."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import ExitStack, asynccontextmanager
from dataclasses import replace
import itertools
import math
from pathlib import Path
import time
from typing import Any, cast

import pytest

pytest.importorskip('rclpy', reason='rclpy is not here: it comes with ROS 2, or as wheels')

from support.participant import running_participant
from support.robot import WORKSPACE, robot
from support.waiting import ticks, wait_for, wait_until

from lerobot_arena_ros import RoboticsConsumer, RoboticsProducer
from lerobot_arena_ros.arena.connection import Connection
from lerobot_arena_ros.arena.errors import ConnectionLost
from lerobot_arena_ros.arena.features import Feature
from lerobot_arena_ros.arena.messages import Message, RobotReport
from lerobot_arena_ros.arena.robot_state import (
    Refusal,
    RobotJoint,
    RobotLink,
    RobotState,
    StopCause,
)
from lerobot_arena_ros.control.gate import State
from lerobot_arena_ros.control.joint_map import Joint
from lerobot_arena_ros.control.stop import Stop
from lerobot_arena_ros.control.units import Unit
from lerobot_arena_ros.nodes.bridge.command_consumer import CommandConsumer, View
from lerobot_arena_ros.nodes.bridge.robot_reporter import (
    PERIOD_S,
    SHORTEST_S,
    STILL_PERIOD_S,
    Identity,
    RobotReporter,
)
from lerobot_arena_ros.nodes.runtime.arena_thread import ArenaThread

IDENTITY = Identity('/arm1/arena_bridge', 'lab-pc', can_reset=False)
QUARTER = math.pi / 2
LINK = RobotLink('lane', 41.2, 0.03)
PAN = Joint('pan', 'Rotation', Unit.DEGREES, -QUARTER, QUARTER)


class Robot:
    """A consumer with a given view."""

    def __init__(self, *joints: Joint) -> None:
        self.seen = View(State.ACTIVE, 'live', joints, {}, {}, ())

    def view(self, now: float) -> View:
        """Return the view."""
        return self.seen


class Room:
    """A connection that records what is sent and when."""

    def __init__(self, *features: Feature) -> None:
        self.features = frozenset(features)
        self.sent: list[tuple[float, RobotState]] = []
        self.is_lost = False

    async def send(self, message: Message) -> None:
        """Record a message."""
        if self.is_lost:
            raise ConnectionLost('gone')
        assert isinstance(message, RobotReport)
        assert message.state is not None
        self.sent.append((time.monotonic(), message.state))


class Loop:
    """The arena thread, replaced by the test's own event loop."""

    def post(self, callback: Any) -> None:
        """Call it in the next iteration."""
        asyncio.get_running_loop().call_soon(callback)


def reporter_of(
    seen: Robot,
    *,
    identity: Identity = IDENTITY,
    stop: Stop | None = None,
    refusal: str | None = None,
    link: Callable[[], RobotLink] = lambda: LINK,
) -> RobotReporter:
    """Return a reporter of this robot."""
    return RobotReporter(
        identity,
        cast(CommandConsumer, seen),
        cast(ArenaThread, Loop()),
        stop=lambda: (stop, '7'),
        reset_refusal=lambda: refusal,
        link=link,
    )


@asynccontextmanager
async def feeding(reporter: RobotReporter, room: Room) -> AsyncIterator[None]:
    """Send reports within the context."""
    task = asyncio.create_task(reporter.feed(cast(Connection, room)), name='feed')
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait([task])


# ----- contents


@pytest.mark.parametrize(
    ('joint', 'expected'),
    [
        pytest.param(
            PAN,
            RobotJoint('Rotation', 'degrees', 45.0, 22.5, -90.0, 90.0),
            id='degrees',
        ),
        pytest.param(
            Joint('pan', 'pan', Unit.RADIANS, -1.0, 2.0),
            RobotJoint('pan', 'radians', 0.785398, 0.392699, -1.0, 2.0),
            id='radians',
        ),
        pytest.param(
            Joint('pan', 'pan', Unit.NORMALIZED, -QUARTER, QUARTER),
            RobotJoint('pan', 'normalized', 50.0, 25.0, -100.0, 100.0),
            id='normalized',
        ),
        pytest.param(
            Joint('pan', 'Jaw', Unit.PERCENT, 0.0, QUARTER),
            RobotJoint('Jaw', 'percent', 50.0, 25.0, 0.0, 100.0),
            id='percent',
        ),
        pytest.param(
            Joint('pan', 'rail', Unit.METRES, 0.0, 2.0, prismatic=True),
            RobotJoint('rail', 'metres', 0.785398, 0.392699, 0.0, 2.0),
            id='metres',
        ),
        pytest.param(
            Joint('pan', 'pan', Unit.DEGREES, 0.0, QUARTER, invert=True),
            RobotJoint('pan', 'degrees', -45.0, -22.5, -90.0, 0.0),
            id='inverted',
        ),
        pytest.param(
            Joint('pan', 'pan', Unit.DEGREES, 0.0, None),
            RobotJoint('pan', 'degrees', 45.0, 22.5),
            id='one limit',
        ),
        pytest.param(
            Joint('pan', 'pan', Unit.NORMALIZED),
            RobotJoint('pan', 'normalized'),
            id='range unknown',
        ),
    ],
)
def test_a_joint_is_reported_in_the_unit_of_the_room(joint: Joint, expected: RobotJoint) -> None:
    """A joint has its room name, and the smaller limit first even if the sign is inverted."""
    seen = Robot(joint)
    measured, commanded = {'pan': QUARTER / 2}, {'pan': QUARTER / 4}
    seen.seen = seen.seen._replace(measured=measured, commanded=commanded)

    assert reporter_of(seen).state(0.0).joints == (expected,)


def test_unknown_values_are_not_reported() -> None:
    """A joint that was neither measured nor commanded has its limits only."""
    assert reporter_of(Robot(PAN)).state(0.0).joints == (
        RobotJoint('Rotation', 'degrees', None, None, -90.0, 90.0),
    )


def test_identity_and_cause_are_reported() -> None:
    """The report has node, machine, gate, cause, stop, refused reset, refused values and link."""
    seen = Robot()
    refused = Refusal('Elbow', 5000.0, 'is the unit right?')
    seen.seen = seen.seen._replace(state=State.STOPPED, cause='smoke', refused=(refused,))
    identity = replace(IDENTITY, can_reset=True)
    stop = Stop('person in the consume room', 'smoke', room='consume')

    state = reporter_of(seen, identity=identity, stop=stop, refusal='asserted').state(0.0)

    assert state == RobotState(
        node='/arm1/arena_bridge',
        host='lab-pc',
        gate='stopped',
        cause='smoke',
        stop=StopCause('smoke', 'person in the consume room', '7'),
        can_reset=True,
        reset_refusal='asserted',
        refused=(refused,),
        link=LINK,
    )


# ----- rate


async def test_a_server_without_the_feature_gets_no_report() -> None:
    """Without the feature nothing is sent, because the public server would return errors."""
    room = Room(Feature.LAST_STOP)

    await asyncio.wait_for(reporter_of(Robot()).feed(cast(Connection, room)), 10.0)

    assert not room.sent


async def test_without_a_change_a_report_comes_five_times_a_second() -> None:
    """The first report is sent at once, so that the room shows the robot from the join on."""
    room = Room(Feature.ROBOT_STATE)
    async with feeding(reporter_of(Robot()), room):
        await wait_until(lambda: room.sent, 'the first report')
        await wait_until(lambda: len(room.sent) >= 5, 'five reports')

    times = [at for at, _ in room.sent]
    assert all(after - before >= 0.9 * PERIOD_S for before, after in itertools.pairwise(times))


async def test_the_figures_of_the_link_do_not_make_reports_more_frequent() -> None:
    """They change all the time, also while the robot stands still."""
    room, counted = Room(Feature.ROBOT_STATE), itertools.count()
    reporter = reporter_of(Robot(), link=lambda: replace(LINK, round_trip_ms=float(next(counted))))
    async with feeding(reporter, room):
        await wait_until(lambda: len(room.sent) >= 4, 'four reports')

    times = [at for at, _ in room.sent[1:]]
    periods = [after - before for before, after in itertools.pairwise(times)]
    assert min(periods) >= 0.9 * STILL_PERIOD_S
    assert len({state.link for _, state in room.sent}) == len(room.sent)


async def test_a_change_is_reported_at_once() -> None:
    """A change is reported before the next regular report is due."""
    seen, room = Robot(), Room(Feature.ROBOT_STATE)
    reporter = reporter_of(seen)
    async with feeding(reporter, room):
        await wait_until(lambda: len(room.sent) >= 2, 'two reports')
        changed_at = time.monotonic()
        seen.seen = seen.seen._replace(state=State.HOLDING)
        reporter.wake()
        await wait_until(lambda: room.sent[-1][1].gate == 'holding', 'the change')

    assert room.sent[-1][0] - changed_at < 0.75 * STILL_PERIOD_S


async def test_many_changes_are_reported_at_a_bounded_rate_and_the_last_one_always() -> None:
    """A gate that changes all the time does not flood the room, and the last change is sent."""
    seen, room = Robot(), Room(Feature.ROBOT_STATE)
    reporter = reporter_of(seen)
    async with feeding(reporter, room):
        begun_at = time.monotonic()
        async for number in ticks(1000.0):
            seen.seen = seen.seen._replace(cause=f'change {number}')
            reporter.wake()
            if time.monotonic() - begun_at > 0.5:
                break
        last = seen.seen.cause
        await wait_until(lambda: room.sent[-1][1].cause == last, 'the last change')

    times = [at for at, _ in room.sent]
    assert number > 2 * len(times)
    assert len(times) > 5
    assert len(times) <= (times[-1] - begun_at) / SHORTEST_S + 2


async def test_a_connection_that_is_lost_ends_the_reports() -> None:
    """A lost connection ends the reports without an error."""
    room = Room(Feature.ROBOT_STATE)
    room.is_lost = True

    await asyncio.wait_for(reporter_of(Robot()).feed(cast(Connection, room)), 10.0)


# ----- a real bridge

CONSUME = {'consume.room_id': 'a', 'joints': ['j1'], 'joint_map.j1.min': -1.0}
RUN_S = 12.0


def resident_kb(pid: int) -> int:
    """Return the resident memory of a process."""
    status = Path(f'/proc/{pid}/status').read_text(encoding='utf-8')
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith('VmRSS'))


def test_the_state_of_a_running_bridge_does_not_grow() -> None:
    """The report stays small while values are sent, refused, and named differently each time."""
    with ExitStack() as stack:
        bridged = stack.enter_context(robot({**CONSUME, 'joint_map.j1.max': 1.0}))
        bridged.wait_for_status('consume link', 'joined')
        consumer, producer = RoboticsConsumer(bridged.url), RoboticsProducer(bridged.url)
        viewer = stack.enter_context(
            running_participant(consumer, WORKSPACE, 'a', 'viewer', sees_robots=True)
        )
        leader = stack.enter_context(running_participant(producer, WORKSPACE, 'a', 'leader'))
        count = itertools.count()

        def lead(until: float) -> bool:
            number = next(count)
            leader.send_update(j1=float(number % 40))
            leader.send_update(**{'j1': 5000.0 + number, f'stranger_{number}': 1.0})
            return time.monotonic() > until

        begun_at = time.monotonic()
        wait_for(lambda: lead(begun_at + RUN_S / 3), 'the bridge to be warm', RUN_S)
        before_kb = resident_kb(bridged.bridge.pid)
        wait_for(lambda: lead(begun_at + RUN_S), 'the time', 2 * RUN_S)
        grown_kb = resident_kb(bridged.bridge.pid) - before_kb

        states = [state for _, state in viewer.states if state is not None]
        refused = [refusal for state in states for refusal in state.refused]
        assert len(states) > RUN_S / PERIOD_S / 2
        assert {len(state.joints) for state in states} == {1}
        assert max(len(state.refused) for state in states) == 1
        assert {refusal.name for refusal in refused} == {'j1'}
        assert 'is the unit right?' in refused[-1].reason
        assert grown_kb < 2048
