# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""
Real faults: when each is detected, which commands the robot gets, and that it recovers.

``make faults`` writes the results into docs/reliability.md.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
import os
import signal
import time

import pytest

pytest.importorskip('rclpy', reason='rclpy is not here: it comes with ROS 2, or as wheels')

from support.fault_proxy import FaultProxy
from support.faults import LEADER, ROOM, Stage, fault_stage
from support.peers import RawPeer, enter, robot_state, ws_path
from support.robot import WORKSPACE
from support.waiting import ticks, wait_for

from lerobot_arena_ros import RoboticsConsumer

CONNECTS = int(os.environ.get('LEROBOT_ARENA_FAULTS_CONNECTS', '100'))
"""The number of successive connections; ``make faults`` makes a thousand."""

SILENCE_S = 1.5
"""The value of ``link.timeout_s``."""

SLACK_S = 3.0
"""The time that a busy machine may add to each expected time."""


@pytest.fixture(name='stage')
def fixture_stage() -> Iterator[Stage]:
    """Run a follower that moves."""
    with fault_stage() as stage:
        yield stage


def last(seconds: list[float]) -> str:
    """Return the text for the time of the last command."""
    return f'last command {max(seconds, default=0.0):.2f} s after'


def holds_and_heals(
    stage: Stage,
    fault: str,
    inject: Callable[[], object],
    mend: Callable[[], object],
    *,
    within_s: float,
) -> float:
    """
    Inject a fault, check that the follower holds, remove it, and check that it moves again.

    :returns: the time until it held, in seconds.
    """
    fault_at = time.monotonic()
    inject()
    noticed_s = stage.wait_for_text('safety', 'holding', fault_at) - fault_at
    told = last(stage.commands_after(fault_at))
    mended_at = time.monotonic()
    mend()
    healed_s = stage.wait_for_motion(mended_at) - mended_at

    assert noticed_s < within_s + SLACK_S
    stage.record(fault, noticed_s=noticed_s, told=told, healed_s=healed_s)
    return noticed_s


def test_the_arena_is_killed_and_started_again(stage: Stage) -> None:
    """After SIGKILL, the reset is detected at once, and the room is created again."""
    holds_and_heals(
        stage,
        'arena killed (SIGKILL) and started again',
        lambda: stage.arena.signal(signal.SIGKILL),
        stage.restart_arena,
        within_s=0.0,
    )


def test_the_arena_is_frozen(stage: Stage) -> None:
    """After SIGSTOP, sockets stay open and nothing is sent; the follower holds."""
    noticed_s = holds_and_heals(
        stage,
        'arena frozen (SIGSTOP) for a while',
        lambda: stage.arena.signal(signal.SIGSTOP),
        lambda: stage.arena.signal(signal.SIGCONT),
        within_s=SILENCE_S,
    )

    assert noticed_s > 0.5


def test_the_network_goes_silent(stage: Stage) -> None:
    """The follower holds on half-open sockets, as after a cable is unplugged."""
    noticed_s = holds_and_heals(
        stage,
        'network silent, sockets open (half-open)',
        lambda: stage.proxy.act(FaultProxy.freeze),
        lambda: stage.proxy.act(FaultProxy.thaw),
        within_s=SILENCE_S,
    )

    assert noticed_s > 0.5


def test_the_connection_is_reset(stage: Stage) -> None:
    """The follower holds after a reset, and rejoins over a new connection."""
    holds_and_heals(
        stage,
        'connection reset',
        lambda: stage.proxy.act(FaultProxy.cut),
        lambda: None,
        within_s=0.0,
    )


def test_a_network_that_is_too_slow_is_no_link(stage: Stage) -> None:
    """With everything two seconds late, the follower holds."""
    holds_and_heals(
        stage,
        'everything two seconds late',
        lambda: stage.proxy.act(lambda proxy: setattr(proxy.down, 'delay_s', 2.0)),
        lambda: stage.proxy.act(lambda proxy: setattr(proxy.down, 'delay_s', 0.0)),
        within_s=2 * SILENCE_S,
    )


def test_a_network_that_is_slow_enough_is_a_link(stage: Stage) -> None:
    """With a delay of 0.2 s each way, the arm moves later and does not hold."""
    fault_at = time.monotonic()
    stage.proxy.act(lambda proxy: setattr(proxy.up, 'delay_s', 0.2))
    stage.proxy.act(lambda proxy: setattr(proxy.down, 'delay_s', 0.2))
    wait_for(lambda: len(stage.commands_after(fault_at)) > 200, 'commands')

    texts = [what for at, who, what in stage.probe.changes if at > fault_at and 'safety' in who]
    assert not [text for text in texts if 'holding' in text]
    stage.record(
        'everything a fifth of a second late',
        noticed_s=None,
        told='the same, later',
        healed_s=None,
    )


def test_frames_that_are_lost_or_out_of_order_do_not_make_the_arm_jump(stage: Stage) -> None:
    """With dropped and swapped frames, the arm follows the rest at its velocity limit."""
    kept: list[bytes] = []
    count = 0

    def mangle(frame: bytes) -> list[bytes]:
        nonlocal count
        count += 1
        if count % 3 == 0:
            return []
        if count % 3 == 1:
            kept.append(frame)
            return []
        return [frame, *kept[-1:]]

    fault_at = time.monotonic()
    stage.proxy.act(lambda proxy: setattr(proxy.down, 'change', mangle))
    wait_for(lambda: len(stage.commands_after(fault_at)) > 200, 'commands')
    mended_at = time.monotonic()
    stage.proxy.act(lambda proxy: setattr(proxy.down, 'change', None))
    stage.wait_for_motion(mended_at)

    stage.record(
        'frames dropped and out of order (a broken proxy)',
        noticed_s=None,
        told='what arrives, at the velocity limit',
        healed_s=None,
    )


def test_a_consumer_that_reads_slowly_gets_the_newest_values(stage: Stage) -> None:
    """On a slow connection, updates are merged on the way, and no old one is delivered."""
    fault_at = time.monotonic()
    stage.proxy.act(lambda proxy: setattr(proxy.down, 'bytes_per_s', 20_000.0))
    wait_for(lambda: len(stage.commands_after(fault_at)) > 100, 'commands')
    stage.proxy.act(lambda proxy: setattr(proxy.down, 'bytes_per_s', 1e12))
    stage.wait_for_motion()

    stage.record(
        'a thin line to the bridge (20 kB/s)',
        noticed_s=None,
        told='the newest values, merged',
        healed_s=None,
    )


def test_late_updates_of_a_slow_producer_are_not_followed(stage: Stage) -> None:
    """Heartbeats grow old in its socket too, so that the producer reconnects."""
    fault_at = time.monotonic()
    stage.leader_proxy.act(lambda proxy: setattr(proxy.up, 'bytes_per_s', 500.0))
    noticed_at = stage.wait_for_text('produce link', 'answer', fault_at, namespace=LEADER)
    mended_at = time.monotonic()
    stage.leader_proxy.act(lambda proxy: setattr(proxy.up, 'bytes_per_s', 1e12))
    stage.leader_proxy.act(FaultProxy.cut)
    healed_at = stage.wait_for_motion(mended_at)

    assert noticed_at - fault_at < 2 * SILENCE_S + SLACK_S
    stage.record(
        'a thin line from the producer (0.5 kB/s)',
        noticed_s=noticed_at - fault_at,
        told='what came, at most 1.5 s late',
        healed_s=healed_at - mended_at,
    )


async def test_another_consumer_stops_reading(stage: Stage) -> None:
    """The arena merges its updates and disconnects it; the follower is not affected."""
    loop = asyncio.get_running_loop()
    fault_at = time.monotonic()
    peer = await loop.run_in_executor(
        None,
        RawPeer.enter,
        stage.arena_url,
        ws_path(WORKSPACE, ROOM),
        'lazy',
        'consumer',
        'robot_state',
    )
    try:
        async with (
            RoboticsConsumer(stage.arena_url) as other,
            enter(stage.arena_url, WORKSPACE, ROOM, 'filler', 'consumer', 'robot_state') as filler,
        ):

            async def flood() -> None:
                # Like a robot with many joints, so that buffers fill soon.
                async for count in ticks(20.0):
                    joints = [
                        {
                            'name': f'filler_{i:02}{"x" * 30}',
                            'unit': 'degrees',
                            'commanded': count,
                        }
                        for i in range(20)
                    ]
                    await filler.send(robot_state(joints=joints))
                    info = await other.get_room_info(WORKSPACE, ROOM)
                    if 'lazy' not in info['participants']['consumers']:
                        return

            await asyncio.wait_for(flood(), 120.0)
        put_out_at = time.monotonic()
    finally:
        peer.close()
    gaps = _gaps(stage, fault_at)

    assert max(gaps) < SLACK_S
    stage.record(
        'another consumer stops reading',
        noticed_s=put_out_at - fault_at,
        told=f'the same (longest pause {max(gaps):.2f} s)',
        healed_s=None,
    )


def _gaps(stage: Stage, since: float) -> list[float]:
    times = [since, *(step.at for step in stage.arm.steps if step.at > since)]
    return [after - before for before, after in zip(times, times[1:], strict=False)]


def test_the_producer_vanishes_without_a_word(stage: Stage) -> None:
    """Without a FIN, the arena pings and disconnects the producer; the follower holds."""
    holds_and_heals(
        stage,
        'producer vanishes without FIN',
        lambda: stage.leader_proxy.act(FaultProxy.freeze),
        lambda: stage.leader_proxy.act(FaultProxy.thaw),
        within_s=30.0,
    )


async def test_the_room_is_deleted_and_made_again(stage: Stage) -> None:
    """All participants are notified, leave, and join the new room."""
    loop = asyncio.get_running_loop()
    person = RoboticsConsumer(stage.arena_url)
    fault_at = time.monotonic()
    assert await person.delete_room(WORKSPACE, ROOM)
    await person.create_room(WORKSPACE, ROOM)
    noticed_at = await loop.run_in_executor(
        None, stage.wait_for_text, 'safety', 'holding', fault_at
    )
    healed_at = await loop.run_in_executor(None, stage.wait_for_motion, noticed_at)

    link = '/follower/arena_bridge: consume link'
    assert (
        'the room was deleted'
        in {pair.key: pair.value for pair in stage.probe.diagnostics[link].values}['last_loss']
    )
    stage.record(
        'room deleted and made again',
        noticed_s=noticed_at - fault_at,
        told=last([s for s in stage.commands_after(fault_at) if s < healed_at - fault_at]),
        healed_s=healed_at - fault_at,
    )


async def test_a_thousand_come_and_go(stage: Stage) -> None:
    """Many successive connections leak nothing and do not disturb the follower."""
    pid = stage.arena.pid
    before = _open_files(pid)
    fault_at = time.monotonic()
    for number in range(CONNECTS):
        async with enter(stage.arena_url, WORKSPACE, ROOM, f'guest-{number}', 'consumer'):
            pass
    ended_at = time.monotonic()
    took_s = ended_at - fault_at
    loop = asyncio.get_running_loop()
    await loop.run_in_executor(
        None, wait_for, lambda: stage.commands_after(ended_at), 'a command after it'
    )
    gaps = _gaps(stage, fault_at)
    await loop.run_in_executor(
        None, wait_for, lambda: _open_files(pid) <= before, 'the sockets to be closed'
    )
    info = await RoboticsConsumer(stage.arena_url).get_room_info(WORKSPACE, ROOM)
    assert info['participants']['total'] == 2
    assert max(gaps) < SLACK_S
    stage.record(
        f'{CONNECTS} connects and disconnects in a row',
        noticed_s=None,
        told=f'the same (longest pause {max(gaps):.2f} s in {took_s:.0f} s)',
        healed_s=None,
    )


def _open_files(pid: int) -> int:
    return len(os.listdir(f'/proc/{pid}/fd'))


def test_the_bridge_is_killed_while_commanding_and_respawned(stage: Stage) -> None:
    """A respawned bridge is stopped; after the reset, motion begins at the arm's position."""
    fault_at = time.monotonic()
    stage.bridge.signal(signal.SIGKILL)
    stage.bridge.wait()
    told = last(stage.commands_after(fault_at))
    mended_at = time.monotonic()
    stage.respawn_bridge()
    stage.wait_for_text('safety', 'EMERGENCY STOP: stopped at start', mended_at)
    stage.arm.begin()
    wait_for(lambda: stage.call('reset_emergency_stop').success, 'the reset')
    healed_at = stage.wait_for_motion()

    first = stage.arm.beginnings[-1]
    assert stage.arm.was_near(first)
    stage.record(
        'bridge killed (SIGKILL) while commanding, and respawned',
        noticed_s=None,
        told=f'{told}; after the respawn nothing before the reset',
        healed_s=healed_at - mended_at,
    )


async def test_a_stop_raised_while_the_link_is_down_is_not_lost(stage: Stage) -> None:
    """A stop without a link is delivered to the room after the link has recovered."""
    loop = asyncio.get_running_loop()
    stops: list[float] = []
    async with RoboticsConsumer(stage.arena_url) as person:
        person.on_emergency_stop(lambda _: stops.append(time.monotonic()))
        assert await person.connect(WORKSPACE, ROOM)
        fault_at = time.monotonic()
        stage.proxy.cut()
        await loop.run_in_executor(None, stage.wait_for_text, 'safety', 'holding', fault_at)
        answer = await loop.run_in_executor(None, stage.call, 'trigger_emergency_stop')
        assert answer.success
        assert not stops
        mended_at = time.monotonic()
        stage.proxy.open()
        await loop.run_in_executor(None, wait_for, lambda: stops, 'the stop in the room')

    stage.record(
        'stop raised while the link is down',
        noticed_s=None,
        told='nothing after the stop',
        healed_s=stops[0] - mended_at,
    )
