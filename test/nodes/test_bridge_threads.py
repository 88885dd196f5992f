# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""Two threads use the bridge at the same time: a stop in the middle of something else."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
import threading
from typing import Any

import pytest

pytest.importorskip('rclpy', reason='rclpy is not here: it comes with ROS 2, or as wheels')

import rclpy
from rclpy.serialization import deserialize_message
from std_msgs.msg import Bool
from std_srvs.srv import Trigger
from support.domain import own_domain
from support.processes import ros_arguments
from support.robot import DEFAULTS, NAMESPACE
from support.waiting import wait_for

from lerobot_arena_ros.arena.messages import EmergencyStop
from lerobot_arena_ros.control.gate import State
from lerobot_arena_ros.control.stop import Stop
from lerobot_arena_ros.nodes.bridge import bridge_node
from lerobot_arena_ros.nodes.bridge.bridge_node import BridgeNode
from lerobot_arena_ros.nodes.bridge.bridge_sessions import BridgeSessions
from lerobot_arena_ros.nodes.bridge.emergency_stop import EmergencyStopPanel
from lerobot_arena_ros.nodes.runtime.arena_thread import ArenaThread

PARAMETERS = {
    **DEFAULTS,
    'produce.room_id': 'a',
    'consume.room_id': 'b',
    'joints': ['j1'],
    'server_url': 'http://127.0.0.1:9',  # A port without a listener.
}
STOP = EmergencyStop('ouch', 'person')
PATIENCE_S = 0.3
"""Time after which a blocked thread counts as blocked."""


@pytest.fixture(name='node')
def fixture_node() -> Iterator[BridgeNode]:
    """Have an unconfigured bridge in this process."""
    with own_domain():
        rclpy.init(args=ros_arguments(NAMESPACE, PARAMETERS))
        node = BridgeNode()
        try:
            yield node
        finally:
            node.finish()
            node.destroy_node()  # type: ignore[no-untyped-call]
            rclpy.try_shutdown()


def in_thread(act: Callable[[], object]) -> threading.Thread:
    """Run a function in a thread like the arena's, and give it time to finish."""
    thread = threading.Thread(target=act, daemon=True)
    thread.start()
    thread.join(PATIENCE_S)
    return thread


def test_no_status_contradicts_the_latch(node: BridgeNode) -> None:
    """A repeated status waits while a stop is being latched, so no false follows its true."""
    calls: list[bool] = []

    class Status:
        topic_name = 'status'

        def publish(self, message: bytes) -> None:
            calls.append(deserialize_message(message, Bool).data)

    node._panel._status = Status()  # type: ignore[assignment]
    with node._lock:
        repeating = in_thread(node._panel.publish)
        node._panel.on_room_stop('consume', STOP)
    repeating.join()

    assert calls == [True, True]


def test_a_stop_while_it_is_configured_is_not_missed(
    node: BridgeNode, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A stop that a link receives during configure reaches the new gate."""

    class Slow(BridgeSessions):
        def __init__(self, *args: Any, **options: Any) -> None:
            super().__init__(*args, **options)
            in_thread(lambda: node._panel.on_room_stop('consume', STOP))

    monkeypatch.setattr(bridge_node, 'BridgeSessions', Slow)

    node._configure()

    assert node._sessions is not None
    consumer = node._sessions.consumer
    assert consumer is not None
    wait_for(lambda: node._panel.stop is not None, 'the stop')
    wait_for(lambda: consumer.state is State.STOPPED, 'the gate to be stopped')


def test_every_room_is_known_before_the_first_is_joined(
    node: BridgeNode, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All rooms are added before the first join, so that no stop of the first is lost."""
    served: list[str] = []
    known_at_start: list[list[str]] = []
    serve, start = EmergencyStopPanel.add_room, node._thread.start

    def noting_serve(panel: EmergencyStopPanel, room: str, wake: Callable[[], None]) -> None:
        served.append(room)
        serve(panel, room, wake)

    def noting_start(work: Any) -> Any:
        known_at_start.append(list(served))
        return start(work)

    monkeypatch.setattr(EmergencyStopPanel, 'add_room', noting_serve)
    monkeypatch.setattr(node._thread, 'start', noting_start)

    node._configure()

    assert known_at_start == [['produce', 'consume']] * 2


def test_removing_a_room_during_a_stop_affects_no_other_room(node: BridgeNode) -> None:
    """If a room is removed while a stop is sent, the stop reaches the other rooms."""
    woken: list[str] = []

    def first() -> None:
        woken.append('first')
        node._panel.remove_room('first')

    node._panel.add_room('first', first)
    node._panel.add_room('second', lambda: woken.append('second'))

    node._panel.trip(Stop('a test', 'ouch'))

    assert woken == ['first', 'second']


def test_a_room_is_not_woken_for_its_own_stop(node: BridgeNode) -> None:
    """No stop is pending for the room that sent it."""
    woken: list[str] = []
    for room in ('produce', 'consume'):
        node._panel.add_room(room, lambda room=room: woken.append(room))  # type: ignore[misc]

    node._panel.on_room_stop('consume', STOP)

    assert woken == ['produce']


def test_a_stop_is_published_before_it_is_logged(node: BridgeNode) -> None:
    """A stop is published before it is logged, because logging takes long; it is logged once."""
    calls: list[str] = []

    class Status:
        topic_name = 'status'

        def publish(self, _: Any) -> None:
            calls.append('status')

    node._panel._status = Status()  # type: ignore[assignment]
    node._panel._on_stopped = lambda: calls.append('log')
    with node._lock:  # Logging cannot begin before the check below.
        node._panel.on_room_stop('consume', STOP)
        before = list(calls)
    wait_for(lambda: 'log' in calls, 'the log line')
    node._panel.log_stops()

    assert before == ['status']
    assert calls == ['status', 'log']


def test_a_stop_is_logged_before_its_reset(node: BridgeNode) -> None:
    """A stop is logged before its reset, even if the reset follows at once."""
    calls: list[str] = []
    node._panel._on_stopped = lambda: calls.append('stopped')
    node._panel._on_reset = lambda: calls.append('reset')

    node._panel.on_room_stop('consume', STOP)
    node._panel._on_reset_request(Trigger.Request(), Trigger.Response())

    assert calls == ['stopped', 'reset']


def test_a_stop_is_logged_although_the_node_ends(node: BridgeNode) -> None:
    """A stop is logged before the node ends."""
    calls: list[str] = []
    node._panel._on_stopped = lambda: calls.append('stopped')
    assert node._thread.close(10.0)
    node._panel.on_room_stop('consume', STOP)

    node.finish()

    assert calls == ['stopped']


def test_a_delayed_callback_runs_for_every_calling_thread() -> None:
    """A delayed callback runs when it was posted by another thread or by the loop's own."""
    thread = ArenaThread()
    from_here, from_there = threading.Event(), threading.Event()

    thread.post_later(from_here.set, 0.001)
    thread.post(lambda: thread.post_later(from_there.set, 0.001))

    assert from_here.wait(10.0)
    assert from_there.wait(10.0)
    assert thread.close(10.0)


def test_a_bug_in_a_link_ends_the_node(node: BridgeNode) -> None:
    """A bug in a link ends the node, because stops would not be received any more."""
    node._configure()
    assert node._sessions is not None
    node._sessions.close(2.0)
    link = node._sessions.links[0]

    async def broken() -> None:
        raise RuntimeError('a bug')

    link.run = broken  # type: ignore[method-assign]
    node._sessions.start()

    wait_for(lambda: node.failure, 'the failure')
    assert 'a bug' in (node.failure or '')


def test_a_loop_that_is_busy_does_not_keep_its_tasks() -> None:
    """Waiting for a task of a busy loop ends in time, and the task ends as soon as it can."""
    thread = ArenaThread()
    is_free, has_ended = threading.Event(), threading.Event()

    async def work() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            has_ended.set()

    thread.post(is_free.wait)
    task = thread.start(work())

    assert not thread.cancel(task, 0.1)

    is_free.set()
    assert has_ended.wait(10.0)
    assert thread.close(10.0)
