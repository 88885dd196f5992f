# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""A bridge does not command its robot while another node publishes on the command topic."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
import time
from types import SimpleNamespace
from typing import Any, cast

import pytest

pytest.importorskip('rclpy', reason='rclpy is not here: it comes with ROS 2, or as wheels')

from diagnostic_msgs.msg import DiagnosticStatus
import rclpy
from rclpy.context import Context
from sensor_msgs.msg import JointState
from std_msgs.msg import Float64MultiArray
from support.processes import ros_arguments, running
from support.robot import DEFAULTS, NAMESPACE, Robot, robot
from support.waiting import ticks, wait_for

from lerobot_arena_ros import RoboticsProducer
from lerobot_arena_ros.control.causes import LOOKING
from lerobot_arena_ros.nodes.bridge.other_publishers import OtherPublishers

CONSUME = {'consume.room_id': 'in', 'joints': ['j1'], 'consume.allow_other_publishers': False}
TOPIC = f'/{NAMESPACE}/joint_commands'
SAFETY = f'/{NAMESPACE}/arena_bridge: safety'
OTHERS = f'another node publishes on {TOPIC}: /gui/sliders; end it'


@contextmanager
def sliders(kind: Any = JointState) -> Iterator[None]:
    """Have another DDS participant that could command the robot."""
    context = Context()
    rclpy.init(context=context)
    node = rclpy.create_node('sliders', namespace='gui', context=context)
    node.create_publisher(kind, TOPIC, 1)
    try:
        yield
    finally:
        node.destroy_node()
        rclpy.shutdown(context=context)


class Leader:
    """A producer that moves the joint, at 50 Hz."""

    def __init__(self) -> None:
        self.sent = 0

    def goes_on(self) -> None:
        """Wait until another fifty updates were sent."""
        enough = self.sent + 50
        wait_for(lambda: self.sent >= enough, 'updates')

    async def lead(self, producer: RoboticsProducer) -> None:
        """Move the joint until cancelled."""
        async for count in ticks(50.0):
            await producer.send_joint_update([{'name': 'j1', 'value': 30.0 + count % 20}])
            self.sent = count


def led(bridged: Robot, act: Callable[[Leader], object]) -> None:
    """Act while a producer moves the joint."""

    async def lead(producer: RoboticsProducer) -> None:
        leader = Leader()
        leading = asyncio.create_task(leader.lead(producer))
        await asyncio.get_running_loop().run_in_executor(None, act, leader)
        leading.cancel()

    bridged.wait_for_status('consume link', 'joined')
    bridged.lead('in', lead)


def wait_for_refusal(bridged: Robot, text: str = OTHERS) -> None:
    """Wait until the bridge names the other nodes as an error."""
    bridged.wait_for_status('safety', text)
    assert bridged.probe.level(SAFETY) == DiagnosticStatus.ERROR
    assert 'consume.allow_other_publishers' in bridged.status('safety')


@pytest.mark.parametrize('kind', [JointState, Float64MultiArray])
def test_nothing_moves_before_the_other_node_is_gone(kind: Any) -> None:
    """A publisher of any message type blocks commands; when it is gone the next update moves."""
    with robot({**CONSUME, 'autostart': False}) as bridged:
        with sliders(kind):
            assert bridged.change_state(1)
            assert bridged.change_state(3)
            wait_for_refusal(bridged)

            def wait(leader: Leader) -> None:
                leader.goes_on()
                assert not bridged.commands
                assert bridged.value('consuming', 'other_publishers') == '/gui/sliders'

            led(bridged, wait)
        led(bridged, lambda _: wait_for(lambda: bridged.commands, 'a command'))


def test_a_node_that_appears_in_motion_freezes_the_robot() -> None:
    """Diagnostics and a warning in the log name the node, and motion resumes without it."""
    with robot(CONSUME) as bridged:

        def interfere(leader: Leader) -> None:
            bridged.wait_for_status('safety', 'active')
            with sliders():
                wait_for_refusal(bridged)
                refused_at = time.monotonic()
                leader.goes_on()
                assert not bridged.commands_after(refused_at)
                assert bridged.value('safety', 'gate') == 'holding'
            bridged.wait_for_status('safety', 'active')
            wait_for(lambda: bridged.commands_after(refused_at), 'commands')

        led(bridged, interfere)
        (line,) = bridged.wait_for_log('another node publishes')
        assert '[WARN]' in line


def test_a_bridge_that_is_configured_again_does_not_take_itself_for_another() -> None:
    """The bridge's own publisher, created again by configure, is no conflict."""
    with robot(CONSUME) as bridged:
        led(bridged, lambda _: wait_for(lambda: bridged.commands, 'a command'))
        for transition in (4, 2, 1, 3):
            assert bridged.change_state(transition)
        bridged.wait_for_status('safety', 'waiting')
        configured_at = time.monotonic()
        led(bridged, lambda _: wait_for(lambda: bridged.commands_after(configured_at), 'more'))
        assert 'another node' not in bridged.bridge.output


def test_other_nodes_may_be_allowed() -> None:
    """Other publishers may be allowed, for example by an arbiter; diagnostics list them."""
    with robot({**CONSUME, 'consume.allow_other_publishers': True}) as bridged, sliders():
        led(bridged, lambda _: bridged.wait_for_status('safety', 'active'))
        wait_for(
            lambda: bridged.value('consuming', 'other_publishers') == '/gui/sliders', 'its name'
        )
        wait_for(lambda: bridged.commands, 'a command')


@pytest.mark.parametrize('name', ['second_bridge', 'arena_bridge'])
def test_of_two_bridges_on_one_topic_none_moves_the_robot(name: str) -> None:
    """Both report the conflict, even with the same name; the remaining one continues."""
    others = f'another node publishes on {TOPIC}: /{NAMESPACE}/'
    arguments = {**DEFAULTS, **CONSUME}
    with robot(CONSUME) as bridged:

        def double(leader: Leader) -> None:
            bridged.wait_for_status('safety', 'active')
            second = ros_arguments(
                NAMESPACE,
                {**arguments, 'server_url': bridged.url},
                '-r',
                f'__node:={name}',
            )
            with running('nodes.bridge.main', second) as late:
                first = bridged.bridge
                # DDS may discover the publisher before the name of its node.
                holding = 'active -> holding: another node publishes'
                wait_for(lambda: holding in first.output, 'the first')
                wait_for(lambda: f'{others}{name}' in first.output, 'its name')
                wait_for(lambda: f'{others}arena_bridge' in late.output, 'the second')
                held_at = time.monotonic()
                leader.goes_on()
                assert not bridged.commands_after(held_at)
                assert '-> active' not in late.output
                # DDS would list the publisher of a killed process for 20 s.
                late.end()
            ended_at = time.monotonic()
            wait_for(lambda: bridged.commands_after(ended_at), 'the first to continue')

        led(bridged, double)


class Graph:
    """A graph with these publishers, as DDS may show it for a moment."""

    def __init__(self, *publishers: tuple[str, str]) -> None:
        self._publishers = publishers

    def count_publishers(self, topic: str) -> int:
        """Count the publishers, including the bridge's."""
        return len(self._publishers) + 1

    def get_publishers_info_by_topic(self, topic: str) -> list[SimpleNamespace]:
        """List the publishers, including the bridge's."""
        return [
            SimpleNamespace(node_namespace=namespace, node_name=name)
            for namespace, name in (*self._publishers, ('/arm', 'bridge'))
        ]

    def get_fully_qualified_name(self) -> str:
        """Return the name of the bridge."""
        return '/arm/bridge'


@pytest.mark.parametrize(
    ('publishers', 'expected'),
    [
        ([('/', 'gui')], 'another node publishes on /c: /gui; end it'),
        ([('/arm', 'bridge')], '/arm/bridge (of the same name; DDS lists a killed node for some'),
        (
            [('_NODE_NAMESPACE_UNKNOWN_', '_NODE_NAME_UNKNOWN_')],
            'another node publishes on /c: a node whose name is not known yet; end it',
        ),
        ([('/', f'n{i}') for i in range(7)], 'other nodes publish on /c: /n0, /n1, /n2, /n3, /n4'),
        ([('/', f'n{i}') for i in range(7)], '/n4 and 2 more; end it'),
    ],
)
def test_the_other_nodes_are_named(publishers: list[tuple[str, str]], expected: str) -> None:
    """The text has the names that are known, up to a maximum."""
    others = OtherPublishers(cast('Any', Graph(*publishers)), '/c', allowed=False, now=0.0)
    assert expected in (others.check_graph(1.0) or '')


def test_others_are_looked_for_before_the_first_command() -> None:
    """Commands wait some seconds for discovery, unless other publishers are allowed."""
    alone, allowed = (
        OtherPublishers(cast('Any', Graph()), '/c', allowed=each, now=0.0)
        for each in (False, True)
    )
    assert [alone.check_graph(now) for now in (0.0, 3.4, 3.6)] == [LOOKING, LOOKING, None]
    assert allowed.check_graph(0.0) is None
