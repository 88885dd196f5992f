# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""The scenarios of running bridges, with real processes, without launch."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import ExitStack
import signal
import subprocess
import sys

import pytest

pytest.importorskip('rclpy', reason='rclpy is not here: it comes with ROS 2, or as wheels')

from support.domain import own_domain
from support.probe import running_probe
from support.processes import free_port, ros_arguments, running
from support.scenarios import BRIDGES, SCENARIOS, Stage
from support.server import running_server
from support.waiting import wait_for

from lerobot_arena_ros import RoboticsConsumer


@pytest.fixture(scope='module')
def stage() -> Iterator[Stage]:
    """Run the three bridges of the scenarios."""
    port = free_port()
    with ExitStack() as stack:
        stack.enter_context(own_domain())
        for namespace, parameters in BRIDGES.items():
            url = {'server_url': f'http://127.0.0.1:{port}'}
            arguments = ros_arguments(namespace, {**parameters, **url})
            stack.enter_context(running('nodes.bridge.main', arguments))
        probe = stack.enter_context(running_probe())
        probe.watch(*BRIDGES)
        yield Stage(probe, port)


@pytest.mark.parametrize('scenario', SCENARIOS, ids=lambda scenario: scenario.__name__)
def test_bridges(stage: Stage, scenario: Callable[[Stage], None]) -> None:
    """The scenarios of running bridges hold."""
    scenario(stage)


@pytest.mark.parametrize('number', [signal.SIGINT, signal.SIGTERM], ids=['sigint', 'sigterm'])
def test_a_signal_ends_a_bridge_with_0(number: signal.Signals) -> None:
    """SIGINT and SIGTERM end a bridge with exit code 0 and without a traceback."""
    parameters = {**BRIDGES['follower'], 'server_url': 'http://127.0.0.1:9'}
    with own_domain(), running('nodes.bridge.main', ros_arguments('robot', parameters)) as bridge:
        wait_for(lambda: 'cannot connect' in bridge.output, 'an attempt to connect')
        code = bridge.end(number)

        assert code == 0, bridge.output
        assert 'Traceback' not in bridge.output


def test_a_callback_that_breaks_ends_a_bridge_with_2() -> None:
    """A bridge with a failed callback leaves its room and ends with a traceback and one line."""
    start = (
        'import sys; from lerobot_arena_ros.nodes.bridge import bridge_sessions, main;'
        'check = lambda self, **_: self.links[0].status.joined_as and 1 / 0;'
        'bridge_sessions.BridgeSessions.check_graph = check; sys.exit(main.main())'
    )
    with own_domain(), running_server() as url:
        ended = subprocess.run(
            [
                *(sys.executable, '-c', start),
                *ros_arguments('robot', {**BRIDGES['leader'], 'server_url': url}),
            ],
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )
        info = asyncio.run(RoboticsConsumer(url).get_room_info('default-workspace', 'a'))

    assert ended.returncode == 2
    lines = ended.stderr.splitlines()
    assert lines[-1].startswith('arena_bridge: a callback failed, which is a bug: ZeroDivision')
    assert 'EMERGENCY STOP: a callback failed' in ended.stderr
    assert info['participants']['total'] == 0


def test_a_signal_during_the_start_ends_a_bridge_with_0() -> None:
    """SIGINT during the imports causes no traceback either."""
    start = (
        'import os, signal, sys; import lerobot_arena_ros.nodes.runtime.shutdown_signal as s;'
        'make = s.ShutdownSignal.__init__;'
        's.ShutdownSignal.__init__ = '
        'lambda self: make(self) or os.kill(os.getpid(), signal.SIGINT);'
        'import lerobot_arena_ros.nodes.bridge.main as m; sys.exit(m.main())'
    )
    arguments = [*ros_arguments('robot', BRIDGES['leader'])]
    with own_domain():
        ended = subprocess.run(
            [sys.executable, '-c', start, *arguments],
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )

    assert ended.returncode == 0, ended.stderr
    assert 'Traceback' not in ended.stderr
