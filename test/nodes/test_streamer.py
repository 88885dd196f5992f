"""What the produce side sends when motion of a joint is not measured any more."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
import math
import threading
from typing import Any, cast

import pytest

pytest.importorskip('rclpy', reason='rclpy is not here: it comes with ROS 2, or as wheels')

from rclpy.logging import get_logger
from support.waiting import wait_for

from lerobot_arena_ros.arena.messages import ErrorReply, JointUpdate
from lerobot_arena_ros.arena.session import Late, Presence
from lerobot_arena_ros.control.joint_map import Joint, JointMap
from lerobot_arena_ros.control.units import Unit
from lerobot_arena_ros.nodes.bridge.joint_state_producer import JointStateProducer
from lerobot_arena_ros.nodes.runtime.arena_thread import ArenaThread
from lerobot_arena_ros.nodes.runtime.node_log import NodeLog
from lerobot_arena_ros.nodes.settings.bridge_settings import ProduceSettings

JOINTS = JointMap([Joint(name, name, Unit.RADIANS) for name in ('arm', 'gripper')])
SETTINGS = ProduceSettings('a', 50.0, 0.0, 0.5, create_room=False)


@pytest.fixture(name='streamer')
def fixture_streamer() -> Iterator[JointStateProducer]:
    """Have an arm and a gripper that were both measured, each by a message of its own."""
    thread = ArenaThread()
    streamer = JointStateProducer(SETTINGS, JOINTS, thread, NodeLog(get_logger('test')))
    streamer.enable(True)
    streamer.joined()
    streamer.put({'arm': 1.0}, None)
    streamer.put({'gripper': 0.5}, None)
    assert take(streamer) == {'arm': 1.0, 'gripper': 0.5}
    yield streamer
    assert thread.close(10.0)


def take(streamer: JointStateProducer) -> dict[str, float]:
    """Take what waits to be sent; nobody is connected."""
    values, streamer._waiting = streamer._waiting, {}
    return values


def join_again(streamer: JointStateProducer) -> None:
    """Lose the room and join it."""
    streamer.lost('closed')
    streamer.joined()


def activate_again(streamer: JointStateProducer) -> None:
    """Deactivate the node and activate it."""
    streamer.enable(False)
    streamer.enable(True)


@pytest.mark.parametrize('begin', [join_again, activate_again])
def test_what_was_measured_before_is_not_sent_again(
    streamer: JointStateProducer, begin: object
) -> None:
    """A follower would go to where the joint was then; all are measured first."""
    assert callable(begin)
    begin(streamer)

    streamer.put({'arm': 2.0}, None)
    assert not take(streamer)
    assert streamer.missing == ('gripper',)

    streamer.put({'gripper': 0.0}, None)
    assert take(streamer) == {'arm': 2.0, 'gripper': 0.0}


def test_a_joint_that_is_measured_at_no_number_silences_no_other(
    streamer: JointStateProducer,
) -> None:
    """It is left out and named as long as that lasts; the last value of it is not sent anew."""
    streamer.put({'arm': 2.0, 'gripper': math.nan}, None)
    assert take(streamer) == {'arm': 2.0}
    streamer.put({'arm': 2.5}, None)
    assert take(streamer) == {'arm': 2.5}
    assert streamer.left_out.joints == {'gripper': 'measured at nan'}
    assert streamer.dropped['nonfinite'] == 1

    streamer.put({'arm': 3.0, 'gripper': 0.6}, None)
    assert take(streamer) == {'arm': 3.0, 'gripper': 0.6}
    assert streamer.left_out.joints == {}


def test_a_joint_that_the_room_refuses_is_left_out_until_the_next_room(
    streamer: JointStateProducer,
) -> None:
    """What waits to be sent, and what comes after; another room may have other limits."""
    streamer.put({'arm': 2.0, 'gripper': 0.6}, None)
    streamer.event(ErrorReply('Failed', joints={'gripper': 'a name has at most 5 characters'}))
    assert take(streamer) == {'arm': 2.0}

    streamer.put({'arm': 3.0, 'gripper': 0.7}, None)
    assert take(streamer) == {'arm': 3.0}
    assert streamer.left_out.joints == {'gripper': 'a name has at most 5 characters'}

    join_again(streamer)
    streamer.put({'arm': 3.0, 'gripper': 0.7}, None)
    assert take(streamer) == {'arm': 3.0, 'gripper': 0.7}


def test_what_was_refused_with_an_odd_joint_is_sent_again_by_a_robot_that_stands_still() -> None:
    """The deadband does not count what the room did not take."""
    thread = ArenaThread()
    settings = replace(SETTINGS, deadband=0.1)
    streamer = JointStateProducer(settings, JOINTS, thread, NodeLog(get_logger('test')))
    streamer.enable(True)
    streamer.joined()
    positions = {'arm': 1.0, 'gripper': 0.5}
    streamer.put(positions, None)
    assert take(streamer) == positions
    streamer.put(positions, None)
    assert not take(streamer)

    streamer.event(ErrorReply('Failed', joints={'gripper': 'too long'}))
    streamer.put(positions, None)
    assert take(streamer) == {'arm': 1.0}
    assert thread.close(10.0)


def test_a_robot_that_stands_still_is_sent_again_after_a_late_link() -> None:
    """What was dropped is not taken for what the room knows, whatever the deadband."""
    thread = ArenaThread()
    try:
        settings = replace(SETTINGS, deadband=0.1)
        late = JointStateProducer(
            settings, JOINTS, thread, NodeLog(get_logger('test')), max_delay_s=0.5
        )
        late.enable(True)
        late.joined()
        late.put({'arm': 1.0, 'gripper': 0.5}, None)
        late.event(Late(0.6))
        late.event(Presence(True, 0.01))

        late.put({'arm': 1.0, 'gripper': 0.5}, None)

        assert take(late)
    finally:
        assert thread.close(10.0)


def test_what_is_measured_while_the_link_is_late_is_not_sent(streamer: JointStateProducer) -> None:
    """Nor is what waits; afterwards the next measurement is, and no old one."""
    late = JointStateProducer(
        SETTINGS, JOINTS, streamer._thread, NodeLog(get_logger('test')), max_delay_s=0.5
    )
    late.enable(True)
    late.joined()
    late.put({'arm': 1.0, 'gripper': 0.5}, None)

    late.event(Late(0.6))
    assert not take(late)
    late.put({'arm': 2.0}, None)
    late.event(Presence(None, 0.7))
    late.put({'arm': 3.0}, None)
    late.event(Presence(True))
    late.put({'arm': 4.0}, None)
    assert not take(late)
    assert late.dropped['late_link'] == 3

    late.event(Presence(None, 0.1))
    assert not take(late)
    late.put({'arm': 5.0}, None)
    assert take(late) == {'arm': 5.0, 'gripper': 0.5}


class Network:
    """
    A connection whose socket may be full, for a loop or for both threads.

    :ivar sent: what it took, and in which thread.
    """

    def __init__(self) -> None:
        self.sent: list[tuple[dict[str, float], str]] = []
        self.is_full = False
        self.flows = threading.Event()
        self.flows.set()

    def send_now(self, update: JointUpdate) -> bool:
        """Take it, or do not."""
        if not self.is_full:
            self._take(update)
        return not self.is_full

    async def send(self, update: JointUpdate) -> None:
        """Take it once it flows."""
        self._take(update)
        await asyncio.get_running_loop().run_in_executor(None, self.flows.wait)

    def _take(self, update: JointUpdate) -> None:
        self.sent.append((update.values, threading.current_thread().name))


@contextmanager
def fed(streamer: JointStateProducer, network: Network, max_rate_hz: float) -> Iterator[None]:
    """Have a streamer whose room is joined, with all joints measured."""
    streamer.max_rate_hz = max_rate_hz
    feeding = streamer._thread.start(streamer.feed(cast('Any', network)))
    try:
        wait_for(lambda: streamer._connection is not None, 'a connection')
        yield
    finally:
        network.flows.set()
        assert streamer._thread.cancel(feeding, 10.0)


HERE = threading.current_thread().name


def test_what_is_due_is_written_by_the_thread_that_has_it(streamer: JointStateProducer) -> None:
    """The loop sleeps on."""
    network = Network()
    with fed(streamer, network, 0.0):
        for number in range(3):
            streamer.put({'arm': float(number)}, None)
        assert network.sent == [
            ({'arm': float(number), 'gripper': 0.5}, HERE) for number in range(3)
        ]
        assert streamer.sent == 3


def test_what_comes_too_early_merges_and_is_sent_by_the_loop(streamer: JointStateProducer) -> None:
    """One update, with the newest of each joint, as soon as the rate allows it."""
    network = Network()
    with fed(streamer, network, 1.0):
        streamer.put({'arm': 1.0}, None)
        for number in range(2, 6):
            streamer.put({'arm': float(number)}, None)
        streamer.put({'gripper': 0.25}, None)
        wait_for(lambda: len(network.sent) == 2, 'the second update')
        assert network.sent == [
            ({'arm': 1.0, 'gripper': 0.5}, HERE),
            ({'arm': 5.0, 'gripper': 0.25}, 'arena'),
        ]


def test_what_the_socket_does_not_take_is_sent_by_the_loop(streamer: JointStateProducer) -> None:
    """Which can wait."""
    network = Network()
    with fed(streamer, network, 0.0):
        network.is_full = True
        streamer.put({'arm': 1.0}, None)
        wait_for(lambda: network.sent, 'the update')
        assert network.sent == [({'arm': 1.0, 'gripper': 0.5}, 'arena')]


def test_nothing_overtakes_what_the_loop_is_sending(streamer: JointStateProducer) -> None:
    """What comes meanwhile merges, and follows."""
    network = Network()
    with fed(streamer, network, 0.0):
        network.is_full = True
        network.flows.clear()
        streamer.put({'arm': 1.0}, None)
        wait_for(lambda: len(network.sent) == 1, 'the first update')
        network.is_full = False
        streamer.put({'arm': 2.0}, None)
        streamer.put({'arm': 3.0}, None)
        assert len(network.sent) == 1
        network.flows.set()
        wait_for(lambda: len(network.sent) == 2, 'the rest')
        assert network.sent[1] == ({'arm': 3.0, 'gripper': 0.5}, 'arena')


class Lines(NodeLog):
    """Keeps what is logged."""

    def __init__(self) -> None:
        super().__init__(get_logger('test'))
        self.texts: list[str] = []

    def warning(self, text: str, **_: Any) -> None:
        """Keep a warning."""
        self.texts.append(text)

    def info(self, text: str) -> None:
        """Keep a line without a fault."""
        self.texts.append(text)


def test_a_lost_room_is_no_recovery_of_a_joint_that_is_left_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """That all joints are sent again is logged when they are, and not while none is."""
    seconds = [100.0]
    for module in ('streamer', 'condition_log'):
        name = f'lerobot_arena_ros.nodes.{module}.steady_now'
        monkeypatch.setattr(name, lambda: seconds[0])
    log, thread = Lines(), ArenaThread()
    streamer = JointStateProducer(SETTINGS, JOINTS, thread, log)
    streamer.enable(True)
    streamer.joined()

    def live(until_s: float, gripper: float) -> None:
        while seconds[0] < until_s:
            streamer.put({'arm': seconds[0], 'gripper': gripper}, None)
            if take(streamer):
                streamer._watch.send(seconds[0])
            streamer.look(publishers=1, names=('driver',), topic='/joint_states')
            seconds[0] += 0.5

    live(101.0, 0.0)
    live(105.0, math.nan)
    assert [text for text in log.texts if text.startswith('left out of what is sent')]
    streamer.lost('not in the room: closed')
    live(110.0, math.nan)
    assert 'all joints are sent again' not in log.texts
    streamer.joined()
    live(115.0, 0.0)
    assert log.texts.count('all joints are sent again') == 1
    assert thread.close(10.0)
