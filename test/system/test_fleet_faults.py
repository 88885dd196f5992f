# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""A fault in one bridge of a fleet stops its robot and does not affect the others."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
import sys
import threading
from typing import Any
from unittest.mock import Mock

import pytest

pytest.importorskip('rclpy', reason='rclpy is not here: it comes with ROS 2, or as wheels')

import rclpy
from rclpy.executors import Executor
from rclpy.task import Future
from sensor_msgs.msg import JointState
from std_srvs.srv import Trigger
from support.domain import own_domain
from support.fleets import COMMON, follower
from support.waiting import wait_for

from lerobot_arena_ros.nodes.bridge.bridge_node import BridgeNode
from lerobot_arena_ros.nodes.fleet.fleet_bridges import FleetBridges
from lerobot_arena_ros.nodes.runtime.run_node import make_executor
from lerobot_arena_ros.nodes.settings.fleet_file import Robot

DOWN = {**COMMON, 'server_url': 'http://127.0.0.1:9'}  # There is no server.


@dataclass
class Stage:
    """Two robots in this process, spun by the test."""

    fleet: FleetBridges
    executor: Executor
    node: Any

    @property
    def left(self) -> BridgeNode:
        """The bridge with the fault."""
        return self.fleet.nodes[0]

    @property
    def right(self) -> BridgeNode:
        """The other bridge."""
        return self.fleet.nodes[1]

    def spin_until(self, condition: Callable[[], object], what: str) -> None:
        """Spin all nodes until a condition holds."""

        def spun() -> bool:
            self.executor.spin_until_future_complete(Future(), timeout_sec=0.02)
            return bool(condition())

        wait_for(spun, what)


@contextmanager
def running_stage() -> Iterator[Stage]:
    """Run two configured robots, and a node that publishes to them."""
    with own_domain():
        rclpy.init()
        robots = [Robot(f'/{name}', {**DOWN, **follower('a')}) for name in ('left', 'right')]
        fleet = FleetBridges(robots)
        executor = make_executor()
        node = rclpy.create_node('tester')
        for each in (*fleet.nodes, node):
            executor.add_node(each)
        fleet.start()
        try:
            yield Stage(fleet, executor, node)
        finally:
            fleet.finish()
            for each in (*fleet.nodes, node):
                executor.remove_node(each)
                each.destroy_node()
            rclpy.try_shutdown()
    assert [thread.name for thread in threading.enumerate() if thread.name == 'arena'] == []


@pytest.fixture(name='stage', params=['events', 'single'])
def fixture_stage(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Stage]:
    """Run the stage on each kind of executor."""
    if request.param == 'events':
        pytest.importorskip('rclpy.experimental', reason='this rclpy has no events executor')
    else:
        monkeypatch.setitem(sys.modules, 'rclpy.experimental', None)  # As in Humble.
    with running_stage() as stage:
        yield stage


def breaks(*_: Any, **__: Any) -> None:
    """Raise the exception of a bug."""
    raise RuntimeError('broken')


def measured(node: BridgeNode) -> Mock:
    """Record the measurements that a bridge receives."""
    assert node._sessions is not None
    node._sessions.measure = Mock(wraps=node._sessions.measure)  # type: ignore[method-assign]
    return node._sessions.measure


def test_a_callback_that_breaks_stops_its_own_robot(stage: Stage) -> None:
    """The robot latches a stop and leaves; the other one receives every message."""
    heard = measured(stage.right)
    assert stage.left._sessions is not None
    stage.left._sessions.measure = breaks  # type: ignore[method-assign]
    publishers = {
        name: stage.node.create_publisher(JointState, f'/{name}/joint_states', 10)
        for name in ('left', 'right')
    }
    stage.spin_until(
        lambda: all(each.get_subscription_count() for each in publishers.values()), 'listeners'
    )

    count = 5
    for each in publishers.values():
        for _ in range(count):
            each.publish(JointState(name=['j1'], position=[0.0]))
    stage.spin_until(lambda: heard.call_count == count, 'the right robot to receive everything')

    stage.spin_until(lambda: stage.left._panel.stop is not None, 'the left robot to stop')
    assert 'broken' in str(stage.left._panel.stop)
    assert stage.fleet.failure() is None
    assert not stage.left.is_configured
    assert stage.left._panel.stop is not None
    assert (stage.right.is_configured, stage.right._panel.stop) == (True, None)


def test_a_broken_timer_is_reported_and_its_robot_can_be_activated(stage: Stage) -> None:
    """After a fault in a timer, the services answer and the robot can be activated again."""
    stage.left._sessions.check_graph = breaks  # type: ignore[method-assign,union-attr]
    stage.spin_until(lambda: stage.left.failure, 'the beat')
    assert stage.fleet.failure() is None
    client = stage.node.create_client(Trigger, '/left/arena_bridge/reset_emergency_stop')
    stage.spin_until(client.service_is_ready, 'the service')

    answer = client.call_async(Trigger.Request())
    stage.spin_until(answer.done, 'the answer')
    assert answer.result().success
    stage.left.start()

    assert stage.left.is_configured
    assert stage.left.failure is None


def test_a_service_that_breaks_answers(stage: Stage) -> None:
    """A faulty service reports a failure, and the robot stops, because its state is unknown."""
    stage.left._panel._publishers = breaks  # type: ignore[method-assign,assignment]
    client = stage.node.create_client(Trigger, '/left/arena_bridge/reset_emergency_stop')
    stage.spin_until(client.service_is_ready, 'the service')

    answer = client.call_async(Trigger.Request())
    stage.spin_until(answer.done, 'the answer')

    assert not answer.result().success
    assert stage.left._panel.stop is not None


def test_it_ends_when_none_is_left(stage: Stage) -> None:
    """When no robot is left, the process ends with each reason, such as a refused token."""
    for node, failure in ((stage.left, 'refused'), (stage.right, 'refused, too')):
        assert stage.fleet.failure() is None
        assert node._sessions is not None
        node._sessions.failure = failure

    assert stage.fleet.failure() == (
        '/left/arena_bridge: refused; /right/arena_bridge: refused, too'
    )


def test_a_robot_that_fails_to_deactivate_does_not_keep_the_others(stage: Stage) -> None:
    """At shutdown, an error of one robot does not keep the others in their rooms."""
    stage.left._deactivate = breaks  # type: ignore[method-assign]

    stage.fleet.finish()

    assert (stage.left.is_configured, stage.right.is_configured) == (False, False)
