# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""
Scenarios for running bridges, independent of how they were started.

Plain pytest and launch_testing start the same: three bridges and, at first, no arena.

- ``leader`` produces its joint_states into the room ``a``;
- ``follower`` consumes the room ``a``, with the joints of :data:`JOINTS`;
- ``bystander`` produces into the room ``c``.

All use degrees and short pauses between attempts to join. Every scenario starts the arena that it
needs, and ends as it began.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
import itertools
import math
import time
from typing import Any

from lerobot_arena_ros import RoboticsConsumer

from .probe import Probe
from .server import running_server
from .waiting import wait_for

__all__ = ['BRIDGES', 'JOINTS', 'SCENARIOS', 'Stage']

WORKSPACE = 'default-workspace'
JOINTS = ('shoulder', 'elbow')
COMMON = {
    'units': 'degrees',
    'link.reconnect_min_s': 0.1,
    'link.reconnect_max_s': 0.2,
    # A busy machine stalls for more than the default of 1.5 s; that is no lost link.
    'link.timeout_s': 10.0,
    'create_missing_rooms': 'both',
}
BRIDGES: dict[str, dict[str, Any]] = {
    'leader': {**COMMON, 'produce.room_id': 'a', 'joints': list(JOINTS)},
    'follower': {
        **COMMON,
        'consume.room_id': 'a',
        'consume.require_feedback': 'never',
        'consume.require_limits': 'never',
        'joints': list(JOINTS),
    },
    'bystander': {**COMMON, 'produce.room_id': 'c', 'joints': ['elsewhere']},
}
"""The parameters of each bridge except ``server_url``, by namespace."""

OK, WARN, ERROR = b'\x00', b'\x01', b'\x02'


@dataclass
class Stage:
    """
    The running bridges.

    :param port: the port of their arena on 127.0.0.1.
    """

    probe: Probe
    port: int

    @contextmanager
    def arena(self) -> Iterator[str]:
        """Run an arena, wait until all three have joined, and yield its URL."""
        with running_server(port=self.port) as url:
            self.wait_for_links(OK, 'joined')
            yield url
        self.wait_for_links(WARN, '')

    def wait_for_links(self, level: bytes, text: str) -> None:
        """Wait until the diagnostic status of every link has this level and text."""
        self.wait_for_link('/leader/arena_bridge: produce link', level, text)
        self.wait_for_link('/follower/arena_bridge: consume link', level, text)

    def wait_for_link(self, name: str, level: bytes, text: str) -> None:
        """Wait until the diagnostic status of a link has this level and text."""
        probe = self.probe
        wait_for(
            lambda: probe.level(name) == level and text in probe.text(name),
            f'{name} to be {text!r}',
            30.0,
        )

    def follow(self, degrees: float) -> None:
        """Move the leader's joints and wait until the follower is commanded to the same place."""
        radians = math.radians(degrees)
        # The arena repeats nothing, and an update to a follower that is not ready moves nothing.
        tremor = itertools.cycle((0.0, 1e-11))

        def arrived() -> bool:
            position = radians + next(tremor)
            self.probe.publish_joints('leader', JOINTS, [position, -position])
            commands = self.probe.commands['follower']
            reached = list(commands[-1].position) if commands else [math.nan, math.nan]
            wanted = (radians, -radians)
            return all(
                math.isclose(a, b, abs_tol=1e-9) for a, b in zip(reached, wanted, strict=True)
            )

        wait_for(arrived, f'the follower to be commanded to {degrees} degrees')

    def release(self, *namespaces: str) -> None:
        """Reset the stop of these robots as soon as the reset is accepted."""
        for namespace in namespaces:
            reset = partial(self.probe.call, namespace, 'reset_emergency_stop')
            wait_for(_succeeds(reset), f'the stop of {namespace} to be reset')

    def wait_for_stop(self, *namespaces: str) -> None:
        """Wait until these robots report that they are stopped."""
        for namespace in namespaces:
            seen = self.probe.stop_active[namespace]
            wait_for(partial(_ends_with_true, seen), f'{namespace} to report its stop')


def starts_without_a_server(stage: Stage) -> None:
    """Check that the bridges report why there is no connection while there is no arena."""
    stage.wait_for_links(WARN, 'cannot connect')

    # Without a stop, because the bridge would deliver it to the room of the next scenario.
    assert stage.probe.call('leader', 'reset_emergency_stop').success


def connects_when_the_server_comes(stage: Stage) -> None:
    """Check that the bridges join an arena that starts later."""
    stage.wait_for_links(WARN, '')

    with stage.arena() as url:
        asyncio.run(_expect_participants(url))


def joints_cross_the_room(stage: Stage) -> None:
    """Check that a JointState in degrees arrives in radians on another robot's topic."""
    with stage.arena() as url:
        stage.follow(30.0)
        stage.follow(31.5)
        state = asyncio.run(_joints_in_room(url, 'a'))

        command = stage.probe.commands['follower'][-1]
        assert tuple(command.name) == JOINTS
        assert [round(math.degrees(p), 6) for p in command.position] == [31.5, -31.5]
        assert {name: round(value, 6) for name, value in state.items()} == {
            'shoulder': 31.5,
            'elbow': -31.5,
        }


def a_stop_on_the_topic_reaches_the_arena(stage: Stage) -> None:
    """Check that a stop on a robot's topic stops all robots of the room until their reset."""
    probe = stage.probe
    with stage.arena() as url:
        stage.follow(10.0)
        heard = asyncio.run(
            _stop_heard_in_room(url, 'a', lambda: probe.publish_stop('leader', True))
        )
        stage.wait_for_stop('leader', 'follower')

        assert 'emergency_stop' in heard
        _expect_no_command(stage, url, 12.0)
        assert not probe.call('leader', 'reset_emergency_stop').success
        probe.publish_stop('leader', False)
        stage.release('leader', 'follower')
        stage.follow(14.0)


def a_stop_from_the_arena_latches(stage: Stage) -> None:
    """Check that a stop of any participant latches on every robot of the room."""
    with stage.arena() as url:
        stage.follow(20.0)
        asyncio.run(_stop_room(url, 'a', 'pressed in the browser'))
        stage.wait_for_stop('leader', 'follower')

        safety = '/follower/arena_bridge: safety'
        wait_for(lambda: stage.probe.level(safety) == ERROR, 'the level ERROR in diagnostics')
        assert 'pressed in the browser' in stage.probe.text(safety)
        _expect_no_command(stage, url, 22.0)
        stage.release('leader', 'follower')
        stage.follow(24.0)


def namespaces_do_not_hear_each_other(stage: Stage) -> None:
    """Check that joints and stops do not reach a robot of another namespace and room."""
    probe = stage.probe
    with stage.arena() as url:
        stage.follow(5.0)

        def arrived() -> bool:
            probe.publish_joints('bystander', ['elsewhere'], [1.0])
            return set(asyncio.run(_joints_in_room(url, 'c'))) == {'elsewhere'}

        wait_for(arrived, "the bystander's joint in its room")
        assert set(asyncio.run(_joints_in_room(url, 'a'))) == set(JOINTS)

        probe.publish_stop('leader', True)
        stage.wait_for_stop('leader', 'follower')
        probe.next_statuses('bystander')
        assert not any(probe.stop_active['bystander'])

        probe.publish_stop('leader', False)
        stage.release('leader', 'follower')


SCENARIOS: tuple[Callable[[Stage], None], ...] = (
    starts_without_a_server,
    connects_when_the_server_comes,
    joints_cross_the_room,
    a_stop_on_the_topic_reaches_the_arena,
    a_stop_from_the_arena_latches,
    namespaces_do_not_hear_each_other,
)


def _succeeds(call: Callable[[], Any]) -> Callable[[], bool]:
    return lambda: bool(call().success)


def _ends_with_true(seen: list[bool]) -> bool:
    return seen[-1:] == [True]


def _expect_no_command(stage: Stage, url: str, degrees: float) -> None:
    """Check that the follower is not commanded to an update of its room."""
    begun_at = time.monotonic()
    radians = math.radians(degrees)

    def arrived() -> bool:
        stage.probe.publish_joints('leader', JOINTS, [radians, -radians])
        joints = asyncio.run(_joints_in_room(url, 'a'))
        return math.isclose(joints.get('shoulder', 0.0), degrees, abs_tol=1e-6)

    wait_for(arrived, f'{degrees} degrees in the room')
    # The follower's answer arrives on the same connection after the update to ignore.
    stage.probe.next_statuses('follower')
    assert not stage.probe.commands_after('follower', begun_at)


async def _expect_participants(url: str) -> None:
    info = await RoboticsConsumer(url).get_room_info(WORKSPACE, 'a')
    assert info['participants']['producer'].startswith('leader-bridge-')
    assert len(info['participants']['consumers']) == 1


async def _joints_in_room(url: str, room: str) -> dict[str, float]:
    state = await RoboticsConsumer(url).get_room_state(WORKSPACE, room)
    joints: dict[str, float] = state['joints']
    return joints


async def _stop_heard_in_room(url: str, room: str, act: Callable[[], None]) -> str:
    """Call ``act``, and return the reason of the stop that a consumer of the room receives."""
    heard: asyncio.Queue[str] = asyncio.Queue()
    async with RoboticsConsumer(url) as client:
        client.on_emergency_stop(lambda stop: heard.put_nowait(stop.reason or ''))
        assert await client.connect(WORKSPACE, room)
        await asyncio.get_running_loop().run_in_executor(None, act)
        return await asyncio.wait_for(heard.get(), 10.0)


async def _stop_room(url: str, room: str, reason: str) -> None:
    async with RoboticsConsumer(url) as client:
        assert await client.connect(WORKSPACE, room)
        await client.send_emergency_stop(reason)
