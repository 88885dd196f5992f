# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""What a producer sends: after a join, without odd joints, and while the link is late."""

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

from lerobot_arena_ros.arena.control_messages import ControlPolicy, ControlState
from lerobot_arena_ros.arena.features import Feature
from lerobot_arena_ros.arena.messages import ErrorReply, JointUpdate
from lerobot_arena_ros.arena.session import Late, Presence
from lerobot_arena_ros.control.joint_map import Joint, JointMap
from lerobot_arena_ros.control.units import Unit
from lerobot_arena_ros.nodes.bridge.joint_state_producer import JointStateProducer
from lerobot_arena_ros.nodes.runtime.arena_thread import ArenaThread
from lerobot_arena_ros.nodes.runtime.node_log import NodeLog
from lerobot_arena_ros.nodes.settings.bridge_settings import ProduceSettings

REST = {'arm': 1.0, 'gripper': 0.5}
JOINTS = JointMap([Joint(name, name, Unit.RADIANS) for name in ('arm', 'gripper')])
SETTINGS = ProduceSettings('a', 50.0, 0.0, 0.5, create_room=False, is_operator=False)


@pytest.fixture(name='producer')
def fixture_producer() -> Iterator[JointStateProducer]:
    """Have an arm and a gripper that were both measured, each by its own message."""
    thread = ArenaThread()
    producer = JointStateProducer(SETTINGS, JOINTS, thread, NodeLog(get_logger('test')))
    producer.enable(True)
    producer.on_joined()
    producer.put({'arm': 1.0}, None)
    producer.put({'gripper': 0.5}, None)
    assert take(producer) == {'arm': 1.0, 'gripper': 0.5}
    yield producer
    assert thread.close(10.0)


def take(producer: JointStateProducer) -> dict[str, float]:
    """Return and clear the values that wait; there is no connection."""
    values, producer._waiting = producer._waiting, {}
    return values


def join_again(producer: JointStateProducer) -> None:
    """Lose the room and join it."""
    producer.on_lost('closed')
    producer.on_joined()


def activate_again(producer: JointStateProducer) -> None:
    """Deactivate the node and activate it."""
    producer.enable(False)
    producer.enable(True)


@pytest.mark.parametrize('begin', [join_again, activate_again])
def test_what_was_measured_before_is_not_sent_again(
    producer: JointStateProducer, begin: object
) -> None:
    """After a join or an activation nothing is sent until all joints were measured again."""
    assert callable(begin)
    begin(producer)

    producer.put({'arm': 2.0}, None)
    assert not take(producer)
    assert producer.missing == ('gripper',)

    producer.put({'gripper': 0.0}, None)
    assert take(producer) == {'arm': 2.0, 'gripper': 0.0}


def test_a_joint_at_nan_does_not_block_the_others(
    producer: JointStateProducer,
) -> None:
    """A joint at NaN is left out and named while that lasts; its last value is not sent again."""
    producer.put({'arm': 2.0, 'gripper': math.nan}, None)
    assert take(producer) == {'arm': 2.0}
    producer.put({'arm': 2.5}, None)
    assert take(producer) == {'arm': 2.5}
    assert producer.left_out.joints == {'gripper': 'measured at nan'}
    assert producer.dropped['nonfinite'] == 1

    producer.put({'arm': 3.0, 'gripper': 0.6}, None)
    assert take(producer) == {'arm': 3.0, 'gripper': 0.6}
    assert producer.left_out.joints == {}


def test_a_joint_that_the_room_refuses_is_left_out_until_the_next_room(
    producer: JointStateProducer,
) -> None:
    """A refused joint is left out until the next join, because limits differ between rooms."""
    producer.put({'arm': 2.0, 'gripper': 0.6}, None)
    producer.on_event(ErrorReply('Failed', joints={'gripper': 'a name has at most 5 characters'}))
    assert take(producer) == {'arm': 2.0}

    producer.put({'arm': 3.0, 'gripper': 0.7}, None)
    assert take(producer) == {'arm': 3.0}
    assert producer.left_out.joints == {'gripper': 'a name has at most 5 characters'}

    join_again(producer)
    producer.put({'arm': 3.0, 'gripper': 0.7}, None)
    assert take(producer) == {'arm': 3.0, 'gripper': 0.7}


@pytest.fixture(name='resting')
def fixture_resting(producer: JointStateProducer) -> JointStateProducer:
    """Return a joined producer with a deadband, which has sent where the robot is."""
    settings = replace(SETTINGS, deadband=0.1)
    made = JointStateProducer(
        settings, JOINTS, producer._thread, NodeLog(get_logger('test')), max_delay_s=0.5
    )
    made.enable(True)
    made.on_joined()
    made.put(REST, None)
    assert take(made) == REST
    made.put(REST, None)
    assert not take(made)
    return made


def test_what_was_refused_with_an_odd_joint_is_sent_again_by_a_robot_that_stands_still(
    resting: JointStateProducer,
) -> None:
    """The deadband ignores an update that the room refused."""
    resting.on_event(ErrorReply('Failed', joints={'gripper': 'too long'}))
    resting.put(REST, None)

    assert take(resting) == {'arm': 1.0}


def test_a_robot_that_stands_still_is_sent_again_after_a_late_link(
    resting: JointStateProducer,
) -> None:
    """The deadband ignores an update that was dropped because the link was late."""
    resting.on_event(Late(0.6))
    resting.on_event(Presence(True, 0.01))
    resting.put(REST, None)

    assert take(resting) == REST


def test_a_robot_that_stands_still_is_sent_again_after_a_change_of_control(
    resting: JointStateProducer,
) -> None:
    """The deadband ignores what was sent without control, because it had no effect."""
    resting.on_event(ControlState('leader', ControlPolicy.TAKE, number=1))
    resting.put(REST, None)

    assert take(resting) == REST


def test_what_is_measured_while_the_link_is_late_is_not_sent(producer: JointStateProducer) -> None:
    """While the link is late nothing is sent or kept; afterwards the next measurement is sent."""
    late = JointStateProducer(
        SETTINGS, JOINTS, producer._thread, NodeLog(get_logger('test')), max_delay_s=0.5
    )
    late.enable(True)
    late.on_joined()
    late.put({'arm': 1.0, 'gripper': 0.5}, None)

    late.on_event(Late(0.6))
    assert not take(late)
    late.put({'arm': 2.0}, None)
    late.on_event(Presence(None, 0.7))
    late.put({'arm': 3.0}, None)
    late.on_event(Presence(True))
    late.put({'arm': 4.0}, None)
    assert not take(late)
    assert late.dropped['late_link'] == 3

    late.on_event(Presence(None, 0.1))
    assert not take(late)
    late.put({'arm': 5.0}, None)
    assert take(late) == {'arm': 5.0, 'gripper': 0.5}


class Network:
    """
    A connection whose socket may be full, for the event loop or for both threads.

    :ivar sent: the sent values, and the thread of each.
    :ivar stamps_ns: the stamp of each update.
    """

    def __init__(self, *features: Feature) -> None:
        self.features = frozenset(features)
        self.sent: list[tuple[dict[str, float], str]] = []
        self.stamps_ns: list[int | None] = []
        self.is_full = False
        self.flows = threading.Event()
        self.flows.set()

    def send_now(self, update: JointUpdate) -> bool:
        """Send an update unless the socket is full."""
        if not self.is_full:
            self._take(update)
        return not self.is_full

    async def send(self, update: JointUpdate) -> None:
        """Send an update, and wait until the socket is free."""
        self._take(update)
        await asyncio.get_running_loop().run_in_executor(None, self.flows.wait)

    def _take(self, update: JointUpdate) -> None:
        self.stamps_ns.append(update.stamp_ns)
        self.sent.append((update.values, threading.current_thread().name))


@contextmanager
def fed(producer: JointStateProducer, network: Network, max_rate_hz: float) -> Iterator[None]:
    """Have a producer with a joined room and all joints measured."""
    producer.max_rate_hz = max_rate_hz
    feeding = producer._thread.start(producer.feed(cast('Any', network)))
    try:
        wait_for(lambda: producer._connection is not None, 'a connection')
        yield
    finally:
        network.flows.set()
        assert producer._thread.cancel(feeding, 10.0)


HERE = threading.current_thread().name


def test_a_due_update_is_sent_by_the_calling_thread(producer: JointStateProducer) -> None:
    """An update that is due is sent without waking the event loop."""
    network = Network()
    with fed(producer, network, 0.0):
        for number in range(3):
            producer.put({'arm': float(number)}, None)
        assert network.sent == [
            ({'arm': float(number), 'gripper': 0.5}, HERE) for number in range(3)
        ]
        assert producer.sent == 3


def test_early_values_merge_and_are_sent_by_the_loop(producer: JointStateProducer) -> None:
    """Early values merge into one update, which the event loop sends when the rate permits it."""
    network = Network()
    with fed(producer, network, 1.0):
        producer.put({'arm': 1.0}, None)
        for number in range(2, 6):
            producer.put({'arm': float(number)}, None)
        producer.put({'gripper': 0.25}, None)
        wait_for(lambda: len(network.sent) == 2, 'the second update')
        assert network.sent == [
            ({'arm': 1.0, 'gripper': 0.5}, HERE),
            ({'arm': 5.0, 'gripper': 0.25}, 'arena'),
        ]


def test_an_update_has_the_stamp_of_the_newest_message(producer: JointStateProducer) -> None:
    """Sent at once or merged, with all nanoseconds; a message without a stamp leaves none."""
    network, base = Network(Feature.STAMPS), 1_769_854_530_123_456_789
    with fed(producer, network, 1.0):
        producer.put({'arm': 1.0}, 0.0, base)
        producer.put({'arm': 2.0}, 0.0, base + 1)
        producer.put({'gripper': 0.25}, 0.0, base + 2)
        wait_for(lambda: len(network.sent) == 2, 'the second update')
        producer.put({'gripper': 0.75}, None)
        wait_for(lambda: len(network.sent) == 3, 'the third update')

    assert network.stamps_ns == [base, base + 2, None]


@pytest.mark.parametrize(
    ('features', 'stamp_ns'),
    [((), 10**18), ((Feature.STAMPS,), -5), ((Feature.STAMPS,), 2**63)],
    ids=['a public server', 'negative', 'too large'],
)
def test_no_stamp_is_sent_that_cannot_be_used(
    producer: JointStateProducer, features: tuple[Feature, ...], stamp_ns: int
) -> None:
    """The joints are sent without it."""
    network = Network(*features)
    with fed(producer, network, 0.0):
        producer.put({'arm': 1.0}, None, stamp_ns)

    assert network.sent == [({'arm': 1.0, 'gripper': 0.5}, HERE)]
    assert network.stamps_ns == [None]


def test_what_a_full_socket_refuses_is_sent_by_the_loop(producer: JointStateProducer) -> None:
    """The event loop sends what a full socket did not accept, because only it can wait."""
    network = Network()
    with fed(producer, network, 0.0):
        network.is_full = True
        producer.put({'arm': 1.0}, None)
        wait_for(lambda: network.sent, 'the update')
        assert network.sent == [({'arm': 1.0, 'gripper': 0.5}, 'arena')]


def test_nothing_overtakes_what_the_loop_is_sending(producer: JointStateProducer) -> None:
    """Values that arrive while the event loop sends are merged and sent afterwards."""
    network = Network()
    with fed(producer, network, 0.0):
        network.is_full = True
        network.flows.clear()
        producer.put({'arm': 1.0}, None)
        wait_for(lambda: len(network.sent) == 1, 'the first update')
        network.is_full = False
        producer.put({'arm': 2.0}, None)
        producer.put({'arm': 3.0}, None)
        assert len(network.sent) == 1
        network.flows.set()
        wait_for(lambda: len(network.sent) == 2, 'the rest')
        assert network.sent[1] == ({'arm': 3.0, 'gripper': 0.5}, 'arena')


class Lines(NodeLog):
    """Keep what is logged."""

    def __init__(self) -> None:
        super().__init__(get_logger('test'))
        self.texts: list[str] = []

    def warning(self, text: str, **_: Any) -> None:
        """Keep a warning."""
        self.texts.append(text)

    def info(self, text: str) -> None:
        """Keep an info line."""
        self.texts.append(text)


def test_a_lost_room_is_no_recovery_of_a_joint_that_is_left_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The end of the fault is logged when all joints are sent again, not when the room is lost."""
    seconds = [100.0]
    for module in ('bridge.joint_state_producer', 'runtime.condition_log'):
        name = f'lerobot_arena_ros.nodes.{module}.steady_now'
        monkeypatch.setattr(name, lambda: seconds[0])
    log, thread = Lines(), ArenaThread()
    producer = JointStateProducer(SETTINGS, JOINTS, thread, log)
    producer.enable(True)
    producer.on_joined()

    def live(until_s: float, gripper: float) -> None:
        while seconds[0] < until_s:
            producer.put({'arm': seconds[0], 'gripper': gripper}, None)
            if take(producer):
                producer._watch.send(seconds[0])
            producer.check_graph(publishers=1, names=('driver',), topic='/joint_states')
            seconds[0] += 0.5

    live(101.0, 0.0)
    live(105.0, math.nan)
    assert [text for text in log.texts if text.startswith('left out of what is sent')]
    producer.on_lost('not in the room: closed')
    live(110.0, math.nan)
    assert 'all joints are sent again' not in log.texts
    producer.on_joined()
    live(115.0, 0.0)
    assert log.texts.count('all joints are sent again') == 1
    assert thread.close(10.0)
