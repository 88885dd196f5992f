# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""The clock of the command consumer, and changes of its joint map in motion."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
import threading
import time

import pytest

pytest.importorskip('rclpy', reason='rclpy is not here: it comes with ROS 2, or as wheels')

from rclpy.logging import get_logger

from lerobot_arena_ros.arena.messages import JointUpdate
from lerobot_arena_ros.arena.session import Presence
from lerobot_arena_ros.control.gate import State
from lerobot_arena_ros.control.joint_map import Joint, JointMap
from lerobot_arena_ros.control.units import Unit
from lerobot_arena_ros.control.urdf import UrdfJoint
from lerobot_arena_ros.nodes.bridge.command_consumer import CommandConsumer
from lerobot_arena_ros.nodes.bridge.command_topic import CommandTopic
from lerobot_arena_ros.nodes.bridge.conversions import CommandMessage
from lerobot_arena_ros.nodes.runtime.node_log import NodeLog
from lerobot_arena_ros.nodes.settings.bridge_settings import BridgeSettings
from lerobot_arena_ros.nodes.settings.parameter_table import SPECS

PAN = Joint('pan', 'pan', Unit.RADIANS, -1.0, 1.0)


class Topic:
    """A command topic with one subscriber."""

    topic_name = '/joint_commands'

    def __init__(self) -> None:
        self.commands: list[CommandMessage | bytes] = []

    def publish(self, message: CommandMessage | bytes) -> None:
        """Record a command."""
        self.commands.append(message)

    def get_subscription_count(self) -> int:
        """Return the one subscriber."""
        return 1


class Alone:
    """No other node on the command topic."""

    names: tuple[str, ...] = ()
    conflict: str | None = None

    def check_graph(self, now: float) -> str | None:
        """Return no conflict."""
        return None


def moving_consumer(
    topic: Topic, pan: Joint = PAN, find_publishers: Callable[[], Sequence[str]] = tuple
) -> CommandConsumer:
    """Return a consumer in motion."""
    values = {spec.name: spec.initial for spec in SPECS}
    settings = BridgeSettings.of({**values, 'units': 'radians', 'consume.room_id': 'a'}, {})
    assert settings.consume is not None
    consumer = CommandConsumer(
        settings.consume,
        JointMap([pan]),
        topic=CommandTopic(topic, interface='joint_state', now_ns=lambda: 0, others=Alone()),
        logger=NodeLog(get_logger('test')),
        lock=threading.RLock(),
        on_change=lambda: None,
        on_stall=lambda _: None,
        stopped=None,
        find_publishers=find_publishers,
    )
    consumer.enable(True)
    consumer.on_joined()
    consumer.on_event(Presence(True, 0.001))
    consumer.measure({'pan': 0.25})
    consumer.on_event(JointUpdate.of({'pan': 0.5}))
    assert consumer.state is State.ACTIVE
    return consumer


@pytest.mark.skipif(
    not hasattr(time, 'CLOCK_BOOTTIME'), reason='only Linux has a clock that includes suspends'
)
def test_motion_begins_again_after_a_suspend(monkeypatch: pytest.MonkeyPatch) -> None:
    """After a suspend motion begins again, although time.monotonic() has not advanced."""
    topic = Topic()
    consumer = moving_consumer(topic)
    clock_gettime, before = time.clock_gettime, len(topic.commands)

    def after_a_night(clock: int) -> float:
        return clock_gettime(clock) + (8 * 3600.0 if clock == time.CLOCK_BOOTTIME else 0.0)

    monkeypatch.setattr(time, 'clock_gettime', after_a_night)
    consumer.on_event(JointUpdate.of({'pan': 0.75}))
    consumer.tick()

    assert consumer.state is State.HOLDING
    assert len(topic.commands) == before


@pytest.mark.parametrize('stamp_ns', [1, 2**31 * 10**9 - 1], ids=['old', 'future'])
def test_the_stamp_of_an_update_decides_nothing(stamp_ns: int) -> None:
    """Any producer may send any stamp, so a command is as fresh as its arrival."""
    topic = Topic()
    consumer = moving_consumer(topic)
    before = len(topic.commands)

    consumer.on_event(JointUpdate((), stamp_ns=stamp_ns))
    consumer.on_event(JointUpdate.of({'pan': 0.75}, stamp_ns=stamp_ns))
    consumer.tick()

    assert consumer.state is State.ACTIVE
    assert len(topic.commands) > before


@pytest.mark.parametrize(
    'described',
    [
        pytest.param(UrdfJoint(0.0, 0.0, None, False, False), id='no range'),
        pytest.param(UrdfJoint(None, None, None, False, False, True), id='continuous'),
    ],
)
def test_another_range_of_a_joint_ends_its_motion(described: UrdfJoint) -> None:
    """A description that arrives in motion ends the motion, even if it adds no limits."""
    topic = Topic()
    free = replace(PAN, lower=None, upper=None)
    consumer = moving_consumer(topic, replace(free, unlimited=True))
    before = len(topic.commands)

    consumer.set_joint_map(JointMap([free.described_by(described)]))
    consumer.tick()

    assert consumer.state is State.WAITING
    assert len(topic.commands) == before


def test_a_stop_does_not_wait_for_the_names_of_publishers() -> None:
    """While the publishers of a contradiction are searched, the arm is held and can be stopped."""
    states: list[State] = []

    def find() -> Sequence[str]:
        states.append(consumer.state)
        stopping = threading.Thread(target=consumer.stop, args=('a test',), daemon=True)
        stopping.start()
        stopping.join(10.0)
        states.append(consumer.state)
        return ['/driver', '/simulation']

    topic = Topic()
    consumer = moving_consumer(topic, find_publishers=find)
    before = len(topic.commands)
    consumer.measure({'pan': 0.25}, stamp_s=100.0)
    consumer.measure({'pan': -0.75}, stamp_s=100.001)

    assert states == [State.HOLDING, State.STOPPED]
    assert len(topic.commands) == before
