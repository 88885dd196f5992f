# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""
A late link: it is detected, reported, makes the gate hold, and recovers without help.

``make faults`` writes the results into docs/reliability.md.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
import random
import time

import pytest

pytest.importorskip('rclpy', reason='rclpy is not here: it comes with ROS 2, or as wheels')

from support.fault_proxy import FaultProxy
from support.fault_proxy_thread import FaultProxyThread
from support.faults import LEADER, ROOM, Stage, fault_stage
from support.participant import running_participant
from support.robot import WORKSPACE
from support.waiting import wait_for

from lerobot_arena_ros import RoboticsConsumer

MAX_DELAY_S = 0.5
"""The value of ``link.max_delay_s``."""

HEARTBEAT_S = 0.5
"""The value of ``link.heartbeat_period_s``."""

SLACK_S = 1.5
"""The time that a busy machine may add to each expected time."""

IN_FLIGHT_S = 0.3
"""The time in which a busy machine delivers a command that was decided before."""

STEP_S = 0.9
GROWTH = 0.5
LONGEST_JITTER_S = 1.2

Delays = tuple[float, float]
"""The delays of both directions, up and down, in seconds."""


@pytest.fixture(name='stage', scope='module')
def fixture_stage() -> Iterator[Stage]:
    """Run a follower that moves."""
    with fault_stage() as stage:
        yield stage


def set_delays(proxy: FaultProxyThread, up_s: float, down_s: float) -> None:
    """Delay everything from now on."""

    def delay(proxy: FaultProxy) -> None:
        proxy.up.delay_s, proxy.down.delay_s = up_s, down_s

    proxy.act(delay)


def keep_delaying(
    proxy: FaultProxyThread, delays: Callable[[float], Delays]
) -> Callable[[], None]:
    """Return a function that sets the delays for the time since now; call it repeatedly."""
    begun_at = time.monotonic()
    return lambda: set_delays(proxy, *delays(time.monotonic() - begun_at))


FAULTS: dict[str, tuple[Callable[[float], Delays], float]] = {
    # name: the delays after so many seconds, and when a round trip first takes too long
    'delay that grows by 0.5 s a second': (
        lambda s: (0.0, GROWTH * s),
        MAX_DELAY_S / GROWTH,
    ),
    'delay from the bridge that grows by 0.5 s a second': (
        lambda s: (GROWTH * s, 0.0),
        MAX_DELAY_S / GROWTH,
    ),
    'everything to the bridge 0.9 s late': (lambda s: (0.0, STEP_S), 0.0),
    'everything from the bridge 0.9 s late': (lambda s: (STEP_S, 0.0), 0.0),
    'jitter of up to 1.2 s': (
        # As in TCP, later bytes wait for earlier ones.
        lambda s: (0.0, random.uniform(0.0, LONGEST_JITTER_S)),
        0.0,
    ),
}


@pytest.mark.parametrize('fault', FAULTS)
def test_a_late_link_is_held_and_named_and_recovers(stage: Stage, fault: str) -> None:
    """No command follows the detection, although updates still arrive."""
    delays, late_from_s = FAULTS[fault]
    written = len(stage.bridge.output)
    fault_at = time.monotonic()
    delay = keep_delaying(stage.proxy, delays)
    frames = heard_frames(stage)

    def is_noticed() -> bool:
        delay()
        return stage.text_after('safety', 'holding: the link is late: ', fault_at) is not None

    wait_for(is_noticed, 'the gate to hold')
    noticed_at = stage.text_after('safety', 'holding: the link is late: ', fault_at)
    assert noticed_at is not None

    def keep_late() -> bool:
        delay()
        return heard_frames(stage) > frames + 50 and time.monotonic() > noticed_at + 1.5

    wait_for(keep_late, 'more frames')
    after_notice = [s for s in stage.commands_after(noticed_at) if s > IN_FLIGHT_S]
    told = max(stage.commands_after(fault_at), default=0.0)
    named_at = stage.text_after('consume link', 'the link is late: a round trip takes ', fault_at)
    mended_at = time.monotonic()
    set_delays(stage.proxy, 0.0, 0.0)
    healed_s = stage.wait_for_motion(mended_at) - mended_at

    noticed_s = noticed_at - fault_at
    assert noticed_s < late_from_s + MAX_DELAY_S + HEARTBEAT_S + SLACK_S
    assert not after_notice
    assert named_at is not None
    assert named_at - fault_at < late_from_s + MAX_DELAY_S + HEARTBEAT_S + SLACK_S
    lines = (
        'consume: the link is late: a round trip takes ',
        'gate: active -> holding: the link is late: ',
    )
    wait_for(lambda: all(line in stage.bridge.output[written:] for line in lines), 'the log')
    stage.record(
        fault, noticed_s=noticed_s, told=f'last command {told:.2f} s after', healed_s=healed_s
    )


def heard_frames(stage: Stage) -> int:
    """Return how many frames the follower's link has received."""
    return int(stage.value('consume link', 'heard_frames') or 0)


def test_the_round_trip_in_diagnostics_is_true() -> None:
    """The measured round trip is right, also if it is longer than the heartbeat period."""
    with fault_stage(parameters={'link.max_delay_s': 1.2}) as stage:
        seen = []
        for each_way_s in (0.1, 0.4):
            set_delays(stage.proxy, each_way_s, each_way_s)
            expected_ms = 2 * each_way_s * 1e3
            readings = round_trips(stage, settled_after=expected_ms / 2)
            # A busy machine adds to a round trip, and takes nothing from it.
            seen.append(min(readings))
            assert 0.98 * expected_ms <= seen[-1] <= 1.2 * expected_ms, readings

        wait_for(lambda: stage.value('safety', 'gate') == 'active', 'the gate')
        stage.record(
            'everything 0.1 s late, and 0.4 s late, each way',
            noticed_s=None,
            told=f'the same, later; diagnostics have {seen[0]:.0f} and {seen[1]:.0f} ms',
            healed_s=None,
        )


def round_trips(stage: Stage, *, settled_after: float) -> list[float]:
    """Collect values of the round trip, starting with the first that is this long."""
    readings: list[float] = []

    def collect() -> bool:
        text = stage.value('consume link', 'round_trip_ms')
        value = float(text) if text not in ('', 'unknown') else 0.0
        if (readings or value > settled_after) and value not in readings[-1:]:
            readings.append(value)
        return len(readings) >= 6

    wait_for(collect, 'six round trips', 30.0)
    return readings[1:]


def test_a_leader_sends_nothing_while_its_link_is_late(stage: Stage) -> None:
    """Nothing is sent on a late link, because a follower cannot know the age; then it resumes."""
    with running_participant(
        RoboticsConsumer(stage.arena_url), WORKSPACE, ROOM, 'viewer'
    ) as viewer:
        fault_at = time.monotonic()
        set_delays(stage.leader_proxy, STEP_S, 0.0)
        noticed_at = stage.wait_for_text(
            'produce link', 'the link is late: a round trip takes ', fault_at, namespace=LEADER
        )
        # What was sent before the notice is still in transit.
        wait_for(
            lambda: time.monotonic() > noticed_at + STEP_S + IN_FLIGHT_S,
            'all in transit to arrive',
        )
        received, dropped = len(viewer.updates), late_drops(stage)
        wait_for(lambda: late_drops(stage) > dropped + 30, 'more measurements')
        assert len(viewer.updates) == received
        told = max(stage.commands_after(fault_at), default=0.0)
        mended_at = time.monotonic()
        set_delays(stage.leader_proxy, 0.0, 0.0)
        wait_for(lambda: len(viewer.updates) > received, 'updates')
        healed_s = stage.wait_for_motion(mended_at) - mended_at

    assert noticed_at - fault_at < MAX_DELAY_S + HEARTBEAT_S + SLACK_S
    stage.record(
        'everything from the producer 0.9 s late',
        noticed_s=noticed_at - fault_at,
        told=f'last command {told:.2f} s after',
        healed_s=healed_s,
    )


def late_drops(stage: Stage) -> int:
    """Return how many measurements the leader has not sent because its link is late."""
    return int(stage.value('producing', 'dropped_late_link', namespace=LEADER) or 0)
