"""What two threads may do to the bridge at one moment: a stop in the middle of something else."""

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
    'server_url': 'http://127.0.0.1:9',  # Where nobody listens.
}
STOP = EmergencyStop('ouch', 'somebody')
PATIENCE_S = 0.3
"""How long something that must wait is given to show that it does not."""


@pytest.fixture(name='node')
def fixture_node() -> Iterator[BridgeNode]:
    """Have a bridge that is not configured, in this process."""
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
    """Do something as the arena's thread would, and give it time to do so."""
    thread = threading.Thread(target=act, daemon=True)
    thread.start()
    thread.join(PATIENCE_S)
    return thread


def test_the_status_never_says_less_than_the_latch(node: BridgeNode) -> None:
    """Its repetition waits while a stop is being latched, or it would unsay it."""
    said: list[bool] = []

    class Status:
        topic_name = 'status'

        def publish(self, message: bytes) -> None:
            said.append(deserialize_message(message, Bool).data)

    node._panel._status = Status()  # type: ignore[assignment]
    with node._lock:
        repeating = in_thread(node._panel.publish)
        node._panel.heard('consume', STOP)
    repeating.join()

    assert said == [True, True]


def test_a_stop_while_it_is_configured_is_not_missed(
    node: BridgeNode, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A link that was not left in time may still hear one, and the new gate learns of it."""

    class Slow(BridgeSessions):
        def __init__(self, *args: Any, **options: Any) -> None:
            super().__init__(*args, **options)
            in_thread(lambda: node._panel.heard('consume', STOP))

    monkeypatch.setattr(bridge_node, 'BridgeSessions', Slow)

    node._configure()

    assert node._sides is not None
    commander = node._sides.commander
    assert commander is not None
    wait_for(lambda: node._panel.stop is not None, 'the stop')
    wait_for(lambda: commander.state is State.STOPPED, 'the gate to be stopped')


def test_every_room_is_known_before_the_first_is_joined(
    node: BridgeNode, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else a stop out of the first would not be told to the second."""
    served: list[str] = []
    known_at_start: list[list[str]] = []
    serve, start = EmergencyStopPanel.serve, node._thread.start

    def noting_serve(panel: EmergencyStopPanel, room: str, wake: Callable[[], None]) -> None:
        served.append(room)
        serve(panel, room, wake)

    def noting_start(work: Any) -> Any:
        known_at_start.append(list(served))
        return start(work)

    monkeypatch.setattr(EmergencyStopPanel, 'serve', noting_serve)
    monkeypatch.setattr(node._thread, 'start', noting_start)

    node._configure()

    assert known_at_start == [['produce', 'consume']] * 2


def test_a_room_that_goes_while_a_stop_is_told_harms_nobody(node: BridgeNode) -> None:
    """The stop reaches the others."""
    woken: list[str] = []

    def first() -> None:
        woken.append('first')
        node._panel.forget('first')

    node._panel.serve('first', first)
    node._panel.serve('second', lambda: woken.append('second'))

    node._panel.trip(Stop('a test', 'ouch'))

    assert woken == ['first', 'second']


def test_a_room_is_not_woken_for_its_own_stop(node: BridgeNode) -> None:
    """It is owed nothing."""
    woken: list[str] = []
    for room in ('produce', 'consume'):
        node._panel.serve(room, lambda room=room: woken.append(room))  # type: ignore[misc]

    node._panel.heard('consume', STOP)

    assert woken == ['produce']


def test_a_stop_is_told_before_it_is_put_into_words(node: BridgeNode) -> None:
    """Words take longer than a stop may; they come all the same, and once."""
    said: list[str] = []

    class Status:
        topic_name = 'status'

        def publish(self, _: Any) -> None:
            said.append('status')

    node._panel._status = Status()  # type: ignore[assignment]
    node._panel._on_stopped = lambda: said.append('words')
    with node._lock:  # So they cannot come before it was looked.
        node._panel.heard('consume', STOP)
        told = list(said)
    wait_for(lambda: 'words' in said, 'the words')
    node._panel.announce()

    assert told == ['status']
    assert said == ['status', 'words']


def test_a_stop_is_put_into_words_before_its_reset(node: BridgeNode) -> None:
    """However soon somebody resets it."""
    said: list[str] = []
    node._panel._on_stopped = lambda: said.append('stopped')
    node._panel._on_reset = lambda: said.append('reset')

    node._panel.heard('consume', STOP)
    node._panel._on_reset_request(Trigger.Request(), Trigger.Response())

    assert said == ['stopped', 'reset']


def test_a_stop_is_put_into_words_though_the_node_ends(node: BridgeNode) -> None:
    """Whoever looks for why it ended finds it."""
    said: list[str] = []
    node._panel._on_stopped = lambda: said.append('stopped')
    assert node._thread.close(10.0)
    node._panel.heard('consume', STOP)

    node.finish()

    assert said == ['stopped']


def test_what_is_posted_for_later_is_done_whoever_posts_it() -> None:
    """The loop's own thread, too."""
    thread = ArenaThread()
    from_here, from_there = threading.Event(), threading.Event()

    thread.post_later(from_here.set, 0.001)
    thread.post(lambda: thread.post_later(from_there.set, 0.001))

    assert from_here.wait(10.0)
    assert from_there.wait(10.0)
    assert thread.close(10.0)


def test_a_link_that_breaks_for_a_reason_of_ours_ends_the_node(node: BridgeNode) -> None:
    """It would hear no stop any more, and nobody would miss it."""
    node._configure()
    assert node._sides is not None
    node._sides.stop(2.0)
    link = node._sides.links[0]

    async def broken() -> None:
        raise RuntimeError('a bug')

    link.run = broken  # type: ignore[method-assign]
    node._sides.start()

    wait_for(lambda: node.failure, 'the failure to be told')
    assert 'a bug' in (node.failure or '')


def test_a_loop_that_is_busy_does_not_keep_its_tasks() -> None:
    """Waiting for them ends in time and without an error, and they end as soon as may be."""
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
