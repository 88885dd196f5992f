# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""Tests of arena_fleet as a real process: robots share it, but do not affect each other."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
import math
from pathlib import Path
import signal
import time
from typing import Any

import pytest

pytest.importorskip('rclpy', reason='rclpy is not here: it comes with ROS 2, or as wheels')

from lifecycle_msgs.msg import Transition
from lifecycle_msgs.srv import ChangeState
from rcl_interfaces.srv import GetParameters
from support.domain import own_domain
from support.fleets import FLEET, fleet_file, follower
from support.leaks import check_leaks
from support.probe import Probe, running_probe
from support.processes import Process, running
from support.server import running_server
from support.waiting import wait_for, within

from lerobot_arena_ros import RoboticsConsumer, RoboticsProducer

WORKSPACE = 'default-workspace'
CYCLE = (
    Transition.TRANSITION_DEACTIVATE,
    Transition.TRANSITION_CLEANUP,
    Transition.TRANSITION_CONFIGURE,
    Transition.TRANSITION_ACTIVATE,
)


@dataclass
class Stage:
    """A running fleet, its arena, and a probe that records its messages."""

    url: str
    process: Process
    probe: Probe

    def status(self, robot: str, part: str) -> str:
        """Return the diagnostics text of a part of a robot's bridge."""
        return self.probe.text(f'/{robot}/arena_bridge: {part}')

    def wait_for_status(self, robot: str, part: str, text: str) -> None:
        """Wait until the diagnostics of a part contain this text."""
        wait_for(lambda: text in self.status(robot, part), f'{robot} {part}: {text!r}')

    def stopped(self, robot: str) -> bool:
        """Return whether the latest status of a robot is a stop."""
        return self.probe.stop_active[robot][-1:] == [True]

    def lead(self, room: str, robot: str, degrees: float) -> None:
        """Send updates to a room until the robot is commanded to this position."""

        async def led() -> None:
            async with RoboticsProducer(self.url) as producer:
                assert await producer.connect(WORKSPACE, room)

                begun_at = time.monotonic()

                def arrived() -> bool:
                    commands = self.probe.commands_after(robot, begun_at)
                    at = [message.position[0] for message in commands[-1:]]
                    return (
                        math.isclose(at[0], math.radians(degrees), abs_tol=1e-6) if at else False
                    )

                loop = asyncio.get_running_loop()
                # Updates that arrive before the bridge knows its producer move nothing.
                for attempt in range(200):
                    jitter = 1e-7 * (attempt % 2)
                    await producer.send_joint_update([{'name': 'j1', 'value': degrees + jitter}])
                    if await loop.run_in_executor(None, within, arrived, 0.1):
                        return
                raise AssertionError(f'{robot} was not commanded to {degrees} degrees')

        asyncio.run(led())

    def participants(self, room: str) -> int:
        """Return the number of participants in a room."""
        info = asyncio.run(RoboticsConsumer(self.url).get_room_info(WORKSPACE, room))
        return int(info['participants']['total'])


@contextmanager
def running_fleet(folder: Path, robots: dict[str, Any] = FLEET) -> Iterator[Stage]:
    """Run a fleet in its own arena and ROS domain."""
    with (
        own_domain(),
        running_server() as url,
        running_probe() as probe,
    ):
        probe.watch(*robots)
        # Before the fleet starts: otherwise it may answer before it has found the reader.
        probe.client('left', 'change_state', ChangeState)
        with running('nodes.fleet.main', [str(fleet_file(folder, url, robots))]) as process:
            stage = Stage(url, process, probe)
            for robot in ('left', 'right', *(['twin'] if 'twin' in robots else [])):
                stage.wait_for_status(robot, 'consume link', 'joined')
            yield stage


@pytest.fixture(scope='module', name='stage')
def fixture_stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """Yield one fleet for the tests that leave it unchanged."""
    with running_fleet(tmp_path_factory.mktemp('fleet')) as stage:
        yield stage


def test_each_robot_follows_its_own_room(stage: Stage) -> None:
    """Updates in a room move only the robot of that room."""
    stage.lead('b', 'right', -1.0)
    since = {robot: len(commands) for robot, commands in stage.probe.commands.items()}
    stage.lead('a', 'left', 5.0)
    stage.lead('b', 'right', -5.0)

    # The tests share the fleet, in any order.
    left, right = (
        stage.probe.commands[robot][since.get(robot, 0) :] for robot in ('left', 'right')
    )
    assert min(message.position[0] for message in left) > 0.0
    assert max(message.position[0] for message in right) < 0.0


def test_a_link_failure_affects_only_its_robot(stage: Stage) -> None:
    """Only the affected robot reports a missing room or an unreachable arena."""
    stage.wait_for_status('lost', 'consume link', 'there is no such room')
    stage.wait_for_status('alone', 'consume link', 'cannot connect')

    stage.lead('a', 'left', 6.0)


def test_a_qos_override_affects_only_one_robot(tmp_path: Path) -> None:
    """A QoS override of one robot does not change the topics of another robot."""
    depths = [
        f'qos_overrides./{name}/joint_commands.publisher.depth' for name in ('left', 'right')
    ]
    robots = {'left': follower('a', **{depths[0]: 7}), 'right': follower('b')}
    with running_fleet(tmp_path, robots) as stage:
        request = GetParameters.Request(names=depths[1:])
        answer = stage.probe.query('right', 'get_parameters', GetParameters, request)

    assert [value.integer_value for value in answer.values] == [1]


@pytest.mark.parametrize('by', ['room', 'service', 'topic'])
def test_a_stop_affects_only_one_robot(stage: Stage, by: str) -> None:
    """A stop of one robot does not affect the others, and the robot's own service resets it."""

    async def press_in_room() -> None:
        async with RoboticsConsumer(stage.url) as client:
            assert await client.connect(WORKSPACE, 'a')
            await client.send_emergency_stop('ouch')

    since = len(stage.probe.stop_active['right'])
    if by == 'room':
        asyncio.run(press_in_room())
    elif by == 'service':
        assert stage.probe.call('left', 'trigger_emergency_stop').success
    else:
        stage.probe.publish_stop('left', True)
    wait_for(lambda: stage.stopped('left'), 'the left robot to stop')

    stage.lead('b', 'right', 7.0)
    assert not any(stage.probe.stop_active['right'][since:])

    stage.probe.publish_stop('left', False)
    wait_for(lambda: stage.probe.call('left', 'reset_emergency_stop').success, 'the reset')
    wait_for(lambda: not stage.stopped('left'), 'the left robot to be released')
    stage.lead('a', 'left', 8.0)


def test_robots_that_share_a_room_share_its_stop(stage: Stage) -> None:
    """Robots in one room share its emergency stop; robots in other rooms continue."""
    assert stage.probe.call('right', 'trigger_emergency_stop').success
    for robot in ('right', 'twin'):
        wait_for(lambda robot=robot: stage.stopped(robot), f'{robot} to stop')  # type: ignore[misc]

    stage.lead('a', 'left', 9.0)
    assert not stage.stopped('left')

    for robot in ('right', 'twin'):
        assert stage.probe.call(robot, 'reset_emergency_stop').success
        wait_for(lambda robot=robot: not stage.stopped(robot), f'{robot} to go on')  # type: ignore[misc]


def test_reconfiguring_one_robot_does_not_affect_the_others(stage: Stage) -> None:
    """Reconfiguring one robot leaks no threads or files, and the others do not rejoin."""

    def cycles() -> None:
        for transition in 5 * CYCLE:
            request = ChangeState.Request()
            request.transition.id = transition
            assert stage.probe.ask('left', 'change_state', ChangeState, request).success
            if transition == Transition.TRANSITION_ACTIVATE:
                stage.wait_for_status('left', 'consume link', 'joined')

    def joins() -> str:
        status = stage.probe.diagnostics['/right/arena_bridge: consume link']
        return str({pair.key: pair.value for pair in status.values}['joins'])

    before = joins()
    check_leaks(stage.process.pid, cycles)
    wait_for(lambda: stage.participants('a') == 1, 'the left robot to be in its room once')
    assert joins() == before


@pytest.mark.parametrize('number', [signal.SIGINT, signal.SIGTERM], ids=['sigint', 'sigterm'])
def test_a_signal_ends_all_bridges(tmp_path: Path, number: signal.Signals) -> None:
    """A signal ends the fleet with 0, and each robot leaves its room."""
    robots = {'left': follower('a'), 'right': follower('b'), 'alone': FLEET['alone']}
    with running_fleet(tmp_path, robots) as stage:
        code = stage.process.end(number)

        assert code == 0, stage.process.output
        assert 'Traceback' not in stage.process.output
        assert 'not every room was left' not in stage.process.output
        assert [stage.participants(room) for room in ('a', 'b')] == [0, 0]


@pytest.mark.parametrize(
    ('robots', 'more', 'line'),
    [
        (
            {'left': follower('a'), 'right': follower('b', units='degree')},
            [],
            "robot /right: parameter units = 'degree': expected one of 'degrees', ",
        ),
        ({'left': follower('a')}, ['--ros-args', '-r', '__ns:=/x'], '-r: expected in '),
        ({'left': follower('a')}, ['--ros-args', '--log-level', 'loud'], 'the ROS arguments'),
    ],
    ids=['a value', 'an argument that joins them', 'an unknown log level'],
)
def test_invalid_input_ends_the_fleet_with_one_line(
    tmp_path: Path, robots: dict[str, Any], more: list[str], line: str
) -> None:
    """Invalid robots or arguments end the fleet with one line before any robot joins a room."""
    with own_domain(), running_server() as url:
        file = str(fleet_file(tmp_path, url, robots))
        with running('nodes.fleet.main', [file, *more]) as process:
            assert process.wait() == 2
            lines = [
                text for text in process.output.splitlines() if text.startswith('arena_fleet')
            ]
            assert len(lines) == 1
            assert line in lines[0]
            assert 'Traceback' not in process.output
        assert asyncio.run(RoboticsConsumer(url).list_rooms(WORKSPACE)) == []
