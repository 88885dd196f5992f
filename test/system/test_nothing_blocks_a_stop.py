# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""A stop arrives although a log is not read, or a subscriber hangs."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from functools import partial
from pathlib import Path
import re
import signal
import sys
import time
from typing import Any

import pytest

pytest.importorskip('rclpy', reason='rclpy is not here: it comes with ROS 2, or as wheels')

from std_msgs.msg import Bool
from std_srvs.srv import Trigger
from support.arena_server import COMMAND
from support.held_pipe import held_pipe
from support.processes import Process, running_command
from support.robot import NAMESPACE, WORKSPACE, Robot, robot
from support.stopping import reset, stop_publisher, wait_for_stop
from support.waiting import ticks, wait_for, wait_until

from lerobot_arena_ros import RoboticsConsumer, RoboticsProducer
from lerobot_arena_ros.arena.messages import EmergencyStop

pytestmark = pytest.mark.skipif(not Path('/proc/self/fd').is_dir(), reason='needs /proc')

BOTH = {'consume.room_id': 'in', 'produce.room_id': 'out', 'joints': ['j1']}
PROMPT_S = 10.0
"""The longest time until a stop is everywhere, on a busy machine. What is blocked stays so."""

END_S = 30.0
"""The longest time until a process ends after SIGTERM, on a busy machine."""

FULL = 1_000
"""The capacity of the log queue, in lines."""

AT_ONCE = 8
"""The number of requests in transit to a service, whose queue has ten."""

LISTENER = f"""
import rclpy
from rclpy.qos import DurabilityPolicy, QoSProfile
from sensor_msgs.msg import JointState
from std_msgs.msg import Bool
from std_srvs.srv import Trigger

rclpy.init()
node = rclpy.create_node('listener')
latched = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)
received = set()

def on_message(what, _):
    if what not in received:
        received.add(what)
        print(what, flush=True)

for kind, name, qos in (
    (JointState, 'joint_commands', 10),
    (Bool, 'arena_bridge/emergency_stop_active', latched),
):
    node.create_subscription(
        kind, f'/{NAMESPACE}/{{name}}', lambda message, name=name: on_message(name, message), qos
    )
rclpy.spin(node)
"""


class Held:
    """Something to block; ``hold`` returns when it is blocked."""

    def __init__(self, hold: Callable[[Robot], None], server: Process | None = None) -> None:
        self.hold = hold
        self.server = server


@contextmanager
def held_bridge(stream: str) -> Iterator[tuple[Robot, Held]]:
    """Run a bridge that logs to a stream; when it is held, the stream is not read."""
    with held_pipe() as pipe:
        variables = {'RCUTILS_LOGGING_USE_STDOUT': str(int(stream == 'stdout'))}
        streams: dict[str, Any] = {stream: pipe.writer}
        with robot(BOTH, variables=variables, **streams) as bridged:

            def hold(bridged: Robot) -> None:
                pipe.hold()
                for _ in range(3):  # Each writes a line to the log.
                    assert reset(bridged) == 'ok: not stopped'

            yield bridged, Held(hold)


@contextmanager
def held_server() -> Iterator[tuple[Robot, Held]]:
    """Run an arena; when it is held, its log is not read."""
    with ExitStack() as stack:
        pipe = stack.enter_context(held_pipe())
        server = stack.enter_context(
            running_command([*COMMAND, '--port', '0', '--log-level', 'info'], stderr=pipe.writer)
        )

        @contextmanager
        def arena() -> Iterator[str]:
            wait_for(lambda: 'listening on ' in server.output, 'the arena to listen')
            yield re.findall(r'listening on (\S+)', server.output)[0]

        def hold(bridged: Robot) -> None:
            pipe.hold()

            async def leave_again(_: RoboticsConsumer) -> None:
                """Leave; joining and leaving write a line each to the log."""

            for _ in range(3):
                bridged.listen('in', leave_again)

        with robot(BOTH, arena=arena) as bridged:
            yield bridged, Held(hold, server)


@contextmanager
def frozen_listener() -> Iterator[tuple[Robot, Held]]:
    """Run a subscriber of the commands and of the status; when it is held, it is frozen."""
    with robot(BOTH) as bridged, running_command([sys.executable, '-c', LISTENER]) as listener:

        def hold(_: Robot) -> None:
            for name in ('emergency_stop_active', 'joint_commands'):
                wait_for(lambda: name in listener.output, f'{name} at the subscriber')  # noqa: B023
            listener.signal(signal.SIGSTOP)

        yield bridged, Held(hold)


STAGES: dict[str, Callable[[], AbstractContextManager[tuple[Robot, Held]]]] = {
    'stdout': partial(held_bridge, 'stdout'),
    'stderr': partial(held_bridge, 'stderr'),
    'journal': held_server,
    'subscriber': frozen_listener,
}


@pytest.fixture(name='stage', params=STAGES)
def fixture_stage(request: pytest.FixtureRequest) -> Iterator[tuple[Robot, Held]]:
    """Run a robot that has joined, and something that can be blocked."""
    with STAGES[request.param]() as (bridged, held):
        for role in ('produce', 'consume'):
            bridged.wait_for_status(f'{role} link', 'joined')
        yield bridged, held


@pytest.mark.parametrize('way', ['service', 'topic', 'room'])
def test_a_stop_arrives_while_something_is_held_up(stage: tuple[Robot, Held], way: str) -> None:
    """The stop is latched and sent at once, no command follows, and SIGTERM ends the process."""
    bridged, held = stage
    publisher = stop_publisher(bridged, 'reliable') if way == 'topic' else None
    heard: list[str] = []
    seen = bridged.probe.stop_active[NAMESPACE]

    def note(room: str, _: EmergencyStop) -> None:
        heard.append(room)

    def press() -> None:
        if publisher is not None:
            publisher.publish(Bool(data=True))
        else:
            assert bridged.probe.call(NAMESPACE, 'trigger_emergency_stop').success

    async def act(leader: RoboticsProducer) -> None:
        loop = asyncio.get_running_loop()
        leading = asyncio.create_task(_wave(leader))
        async with RoboticsConsumer(bridged.url) as one, RoboticsConsumer(bridged.url) as two:
            for client, room in ((one, 'in'), (two, 'out')):
                client.on_emergency_stop(partial(note, room))
                assert await client.connect(WORKSPACE, room)
            await wait_until(lambda: bridged.commands, 'commands')
            await loop.run_in_executor(None, held.hold, bridged)
            since = len(bridged.commands)
            await wait_until(
                lambda: len(bridged.commands) > since + 100, 'commands during the block'
            )

            pressed_at = time.monotonic()
            if way == 'room':
                await one.send_emergency_stop('the cat')
            else:
                await loop.run_in_executor(None, press)
            await wait_until(lambda: seen[-1:] == [True], 'the status of the stop')
            await wait_until(lambda: len(set(heard)) == 2, 'the stop in both rooms')
            assert time.monotonic() - pressed_at < PROMPT_S

            stopped_at = time.monotonic()
            assert all(await loop.run_in_executor(None, bridged.next_statuses))
            assert not bridged.commands_after(stopped_at)
        leading.cancel()

    bridged.lead('in', act)

    processes = [bridged.bridge, *([held.server] if held.server else [])]
    for process in processes:
        asked_at = time.monotonic()
        assert process.end(signal.SIGTERM) == 0
        assert time.monotonic() - asked_at < END_S


def test_lost_lines_are_reported_and_no_error_is_lost() -> None:
    """The newest lines, every error and the number of lost lines are kept."""
    with held_pipe() as pipe, robot(BOTH, stderr=pipe.writer) as bridged:
        pipe.hold()
        assert bridged.probe.call(NAMESPACE, 'trigger_emergency_stop').success
        wait_for_stop(bridged)
        for _ in range(0, FULL + 200, AT_ONCE):  # Each writes a line to the log.
            _reset_often(bridged)
        wait_for(lambda: _lost(bridged) >= 100, 'the lines to be lost')
        pipe.release()
        wait_for(lambda: 'log lines were lost because stderr was not read' in pipe.text, 'that')
        wait_for(lambda: pipe.text.count('emergency stop: ') >= FULL - 10, 'the newest lines')

        assert 'EMERGENCY STOP: stop triggered by service' in pipe.text
        assert bridged.bridge.end(signal.SIGTERM) == 0


def _reset_often(bridged: Robot) -> None:
    client = bridged.probe.client(NAMESPACE, 'reset_emergency_stop', Trigger)
    futures = [client.call_async(Trigger.Request()) for _ in range(AT_ONCE)]
    wait_for(lambda: all(future.done() for future in futures), 'the answers')


async def _wave(leader: RoboticsProducer) -> None:
    async for count in ticks(50.0):
        await leader.send_joint_update([{'name': 'j1', 'value': 10.0 * (count % 2)}])


def _lost(bridged: Robot) -> int:
    return bridged.count('safety', 'lost_log_lines')
