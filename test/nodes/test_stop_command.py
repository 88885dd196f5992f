# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""Tests of arena_stop with bridges in separate processes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
import os
from pathlib import Path
import signal
import sys
import time
from typing import Any

import pytest

pytest.importorskip('rclpy', reason='rclpy is not here: it comes with ROS 2, or as wheels')

from std_msgs.msg import Bool
from support.domain import own_domain
from support.fleets import fleet_file, follower
from support.pages import blocks_of
from support.probe import Probe, running_probe
from support.processes import Process, ros_arguments, running, running_command
from support.signals import handles_sigterm
from support.waiting import wait_for

COMMAND = 'nodes.stop.main'
ROBOTS = ('left', 'middle', 'right')
NOWHERE = 'http://127.0.0.1:9'
PARAMETERS: dict[str, Any] = {
    'units': 'degrees',
    'consume.room_id': 'a',
    'server_url': NOWHERE,
}
BY_SERVICE = 'stopped (stop triggered by service (from the trigger service))'

FREEZE = 'os.kill(os.getpid(), signal.SIGSTOP)'
STOP_AND_HANG = "self.trip(m.Stop('a test', 'a test stops it')), threading.Event().wait()"


@contextmanager
def stage(*robots: str) -> Iterator[Probe]:
    """Open a ROS domain, and yield a probe that records whether these robots are stopped."""
    with own_domain(), running_probe() as probe:
        probe.watch(*robots)
        yield probe


@pytest.fixture(name='fleet', scope='module')
def fixture_fleet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Probe]:
    """Run three bridges in three namespaces, and yield a probe of them."""
    robots = {name: follower('a') for name in ROBOTS}
    path = fleet_file(tmp_path_factory.mktemp('fleet'), NOWHERE, robots)
    with stage(*ROBOTS) as probe, running('nodes.fleet.main', [str(path)]):
        wait_for_stops(probe, *ROBOTS, stopped=False)
        yield probe


@contextmanager
def bridge(namespace: str, *more: str, on_trigger: str = '') -> Iterator[Process]:
    """
    Run a bridge process.

    :param on_trigger: Python code that replaces the callback of its stop service.
    """
    arguments = ros_arguments(namespace, PARAMETERS, *more)
    if not on_trigger:
        with running('nodes.bridge.main', arguments) as process:
            yield process
        return
    start = (
        'import os, signal, sys, threading;'
        'import lerobot_arena_ros.nodes.bridge.emergency_stop as m;'
        f'm.EmergencyStopPanel._on_trigger = lambda self, *_: ({on_trigger});'
        'from lerobot_arena_ros.nodes.bridge.main import main; sys.exit(main())'
    )
    with running_command([sys.executable, '-c', start, *arguments]) as process:
        yield process


def wait_for_stops(probe: Probe, *robots: str, stopped: bool = True) -> None:
    """Wait until each of these robots publishes this state of its emergency stop."""
    wait_for(
        lambda: all(probe.stop_active[name][-1:] == [stopped] for name in robots),
        f'emergency_stop_active to be {stopped}',
    )


def end_of(*arguments: str) -> tuple[int, list[str]]:
    """Run the command to its end; return its exit code and the lines that it printed."""
    with running(COMMAND, arguments) as command:
        return command.wait(), command.output.splitlines()


def test_every_bridge_is_stopped_and_named(fleet: Probe) -> None:
    """Every bridge is stopped and listed once by its full name, without --expect."""
    code, (*lines, last) = end_of()

    assert sorted(lines) == [f'/{name}/arena_bridge: {BY_SERVICE}' for name in ROBOTS]
    assert (code, last) == (0, '3 of 3 bridges confirmed')
    wait_for_stops(fleet, *ROBOTS)


def test_reset_resets_every_bridge(fleet: Probe) -> None:
    """--reset resets every bridge, and arguments of launch are ignored."""
    assert end_of('--expect', '3')[0] == 0
    wait_for_stops(fleet, *ROBOTS)
    code, lines = end_of('--reset', '--expect', '3', '--ros-args', '-r', '__node:=other')

    assert sorted(lines[:-1]) == [f'/{name}/arena_bridge: reset' for name in ROBOTS]
    assert (code, lines[-1]) == (0, '3 of 3 bridges confirmed')
    wait_for_stops(fleet, *ROBOTS, stopped=False)


def test_a_refused_reset_is_listed_with_its_reason(fleet: Probe) -> None:
    """A rejected reset is listed with its reason, and the other bridges are reset."""
    fleet.publish_stop('left', True)
    wait_for_stops(fleet, 'left')
    code, lines = end_of('--reset')
    fleet.publish_stop('left', False)

    assert code == 1
    assert lines[-2].startswith('/left/arena_bridge: NOT confirmed (not reset: the emergency_stop')
    assert lines[-1] == '2 of 3 bridges confirmed'
    assert fleet.stop_active['left'][-1]
    # Its button was released less than a second ago: the first reset is refused.
    assert end_of('--reset', '--expect', '3')[0] == 0


def test_fewer_bridges_than_expected_is_a_failure(fleet: Probe) -> None:
    """Fewer bridges than expected are a failure, because the missing robot may be moving."""
    code, lines = end_of('--expect', '4', '--timeout', '3')

    assert code == 1
    assert lines[-2:] == [
        "1 of 4 expected bridges not found: use the robot's own stop",
        '3 of 4 bridges confirmed',
    ]


def test_a_closed_stdout_does_not_prevent_the_stops(fleet: Probe) -> None:
    """A closed stdout, as with ``arena_stop | head -1``, does not prevent the stops."""
    assert end_of('--reset', '--expect', '3')[0] == 0
    wait_for_stops(fleet, *ROBOTS, stopped=False)
    reader, writer = os.pipe()
    os.close(reader)
    with running(COMMAND, ['--expect', '3'], stdout=writer) as command:
        os.close(writer)
        code = command.wait()

        assert (code, command.output) == (0, '')
    wait_for_stops(fleet, *ROBOTS)


def test_ctrl_c_prints_the_confirmed_bridges(fleet: Probe) -> None:
    """Ctrl-C ends the command with 130 after a summary of the confirmed bridges."""
    with running(COMMAND, ['--expect', '9', '--timeout', '60']) as command:
        wait_for(lambda: command.output.count(': stopped') == 3, 'three stops')
        code = command.end(signal.SIGINT)
        lines = command.output.splitlines()

    assert code == 130
    assert lines[-1] == '3 of 9 bridges confirmed'
    assert len(lines) == 5


def test_ctrl_c_at_the_start_prints_nothing() -> None:
    """Ctrl-C during the start, for example during an import, prints nothing."""
    with own_domain(), running(COMMAND, [], is_measured=False) as command:
        wait_for(lambda: handles_sigterm(command), 'its signal handlers')
        code = command.end(signal.SIGINT)

        assert (code, command.output) == (130, '')


def test_no_bridge_is_a_failure_with_a_hint() -> None:
    """Without any bridge, the command fails with one line that contains the ROS settings."""
    with own_domain() as domain:
        code, lines = end_of('--timeout', '1')

    assert (code, len(lines)) == (1, 1)
    assert lines[0].startswith('arena_stop: no bridge found, nothing was stopped: ')
    assert f'ROS_DOMAIN_ID ({domain})' in lines[0]
    assert 'RMW_IMPLEMENTATION (rmw_' in lines[0]


def test_a_graph_that_cannot_be_joined_is_a_failure_in_one_line(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A graph that cannot be joined is a failure with one line that contains the reason."""
    monkeypatch.setenv('ROS_DOMAIN_ID', 'home')
    code, lines = end_of()

    assert (code, len(lines)) == (2, 1)
    assert lines[0].startswith('arena_stop: cannot join the ROS graph: ')
    assert 'ROS_DOMAIN_ID' in lines[0]


def test_a_bridge_that_freezes_is_not_confirmed_and_delays_no_other() -> None:
    """A frozen bridge is not confirmed, and does not delay the stops of the others."""
    with (
        stage('left', 'right') as probe,
        bridge('left'),
        bridge('right'),
        bridge('frozen', on_trigger=FREEZE) as frozen,
    ):
        wait_for(lambda: 'cannot connect' in frozen.output, 'the third bridge')
        wait_for_stops(probe, 'left', 'right', stopped=False)
        begun = time.monotonic()
        with running(COMMAND, ['--timeout', '8']) as command:
            wait_for(lambda: command.output.count(BY_SERVICE) == 2, 'two stops', 7.0)
            code = command.wait()
            took_s = time.monotonic() - begun
            lines = command.output.splitlines()
        again = end_of('--expect', '3', '--timeout', '4')

    assert code == 1
    assert lines[-2:] == [
        "/frozen/arena_bridge: NOT confirmed (no answer): use the robot's own stop",
        '2 of 3 bridges confirmed',
    ]
    assert 8.0 <= took_s < 16.0
    # A frozen process does not announce itself to a new process, so it is not found.
    assert (again[0], again[1][-1]) == (1, '2 of 3 bridges confirmed')
    assert again[1][-2].startswith('1 of 3 expected bridges not found')


def test_a_status_confirms_without_an_answer() -> None:
    """The status confirms a stop if the service does not answer."""
    with stage('arm') as probe, bridge('arm', on_trigger=STOP_AND_HANG):
        wait_for_stops(probe, 'arm', stopped=False)
        code, lines = end_of('--expect', '1')

    assert code == 0
    assert lines[0] == '/arm/arena_bridge: stopped (its emergency_stop_active is true)'


def test_a_bridge_that_starts_later_is_found() -> None:
    """The command finds bridges that start while it runs."""
    with stage('arm') as probe, running(COMMAND, ['--expect', '1', '--timeout', '60']) as command:
        wait_for(lambda: 'arena_stop' in probe.node.get_node_names(), 'the command')
        with bridge('arm'):
            code = command.wait()
            wait_for_stops(probe, 'arm')

    assert code == 0


def test_two_bridges_with_one_name_are_stopped_and_not_confirmed() -> None:
    """Two bridges with one name are both stopped, but not confirmed, because only one answers."""
    with stage('arm'), bridge('arm') as one, bridge('arm') as other:
        wait_for(
            lambda: all('cannot connect' in process.output for process in (one, other)),
            'both bridges',
        )
        code, lines = end_of()
        wait_for(
            lambda: all(process.output.count('EMERGENCY STOP') == 1 for process in (one, other)),
            'both stops in the log',
        )

    assert code == 1
    assert lines[-2].startswith('/arm/arena_bridge: NOT confirmed (2 bridges have this name, ')
    assert lines[-1] == '0 of 2 bridges confirmed'


def test_one_button_stops_two_robots_and_both_are_reset(tmp_path: Path) -> None:
    """One button stops both robots of docs/howto/several_robots.md, and --reset resets both."""
    for block in blocks_of('docs/howto/several_robots.md', 'yaml'):
        text = block.text.replace('http://localhost:8000', NOWHERE)
        (tmp_path / block.file).write_text(text)
    fleet = ['--expect', '2', '--reset']
    with (
        stage('left', 'right') as probe,
        running('nodes.fleet.main', [str(tmp_path / 'one_button.yaml')]),
    ):
        wait_for_stops(probe, 'left', 'right', stopped=False)
        button = probe.node.create_publisher(Bool, '/emergency_stop', 10)
        wait_for(lambda: button.get_subscription_count() == 4, 'the listeners of both')
        button.publish(Bool(data=True))
        wait_for_stops(probe, 'left', 'right')
        assert end_of(*fleet, '--timeout', '1')[0] == 1
        button.publish(Bool(data=False))

        assert end_of(*fleet)[0] == 0
        wait_for_stops(probe, 'left', 'right', stopped=False)


def test_bridges_that_subscribe_to_each_other_are_reset_in_order() -> None:
    """In a chain of three bridges, each one is reset after the one before it."""
    chain = [f'emergency_stop:=/{name}/arena_bridge/emergency_stop_active' for name in 'ab']
    with (
        stage('a', 'b', 'c') as probe,
        bridge('a'),
        bridge('b', '-r', chain[0]),
        bridge('c', '-r', chain[1]),
    ):
        wait_for_stops(probe, 'a', 'b', 'c', stopped=False)
        assert end_of('--expect', '3')[0] == 0
        wait_for_stops(probe, 'a', 'b', 'c')
        code, lines = end_of('--reset', '--expect', '3', '--timeout', '10')

        assert (code, lines[-1]) == (0, '3 of 3 bridges confirmed')
        wait_for_stops(probe, 'a', 'b', 'c', stopped=False)
