# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""Tests of the diagnostics of a bridge that is unconfigured, inactive or failed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

pytest.importorskip('rclpy', reason='rclpy is not here: it comes with ROS 2, or as wheels')

import rclpy
from rclpy.context import Context
from rclpy.executors import SingleThreadedExecutor
from rclpy.parameter import Parameter
from support.domain import own_domain
from support.waiting import wait_for

from lerobot_arena_ros.control.condition import Condition, Level
from lerobot_arena_ros.nodes.bridge.bridge_node import BridgeNode
from lerobot_arena_ros.nodes.runtime import lifecycle, node_log

GIVEN = {'units': 'radians', 'consume.room_id': 'a', 'joints': ['j1']}
BROKEN = "it cannot configure: RuntimeError('no memory')"


@pytest.fixture(name='node')
def fixture_node() -> Iterator[Any]:
    """Yield an unconfigured bridge in this process, without an arena."""
    context = Context()
    with own_domain():
        rclpy.init(context=context, args=[])
        given = {**GIVEN, 'server_url': 'http://127.0.0.1:9'}
        node: Any = BridgeNode(
            context=context,
            parameter_overrides=[Parameter(name, value=value) for name, value in given.items()],
        )
        yield node
        node.finish()
        node.destroy_node()
        context.shutdown()


def break_configure(node: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Trigger a configure transition that fails."""

    def command_topic(*_: object) -> None:
        raise RuntimeError('no memory')

    monkeypatch.setattr(node, '_command_topic', command_topic)
    node.trigger_configure()


def conditions(node: Any) -> dict[str, Condition]:
    """Return the conditions on /diagnostics by the name of the status."""
    array = node._report()
    return {
        each.name.partition(': ')[2]: Condition(Level(each.level[0]), each.message)
        for each in array.status
    }


def test_a_configure_that_failed_is_an_error_with_its_reason(
    node: Any, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """After a failed configure, diagnostics and, within 3 s, the log have the same error."""
    break_configure(node, monkeypatch)

    found = conditions(node)
    assert set(found) == {'lifecycle', 'safety', 'mapping'}
    assert found['lifecycle'].level is Level.ERROR
    assert found['lifecycle'].text.startswith(f'unconfigured, because {BROKEN}; fix it, then')
    assert found['safety'] == found['lifecycle']
    assert found['mapping'].level is Level.STALE

    executor = SingleThreadedExecutor(context=node.context)
    executor.add_node(node)
    lines: list[str] = []

    def is_logged() -> bool:
        executor.spin_once(timeout_sec=0.1)
        node_log.flush()
        lines.append(capfd.readouterr().err)
        return found['lifecycle'].text in ''.join(lines)

    wait_for(is_logged, 'the line in the log')
    executor.shutdown()


def test_a_configure_that_succeeds_ends_the_error(
    node: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a successful configure, the error ends; an inactive node is a warning."""
    break_configure(node, monkeypatch)
    monkeypatch.undo()

    node.trigger_configure()
    assert conditions(node)['lifecycle'].text.startswith('inactive: activate the node')
    assert conditions(node)['lifecycle'].level is Level.WARN
    node.trigger_activate()
    assert conditions(node)['lifecycle'].is_ok


def test_a_failed_robot_of_a_fleet_reports_its_failure_after_a_reset(node: Any) -> None:
    """A failed robot of a fleet reports its failure after a reset of its emergency stop."""
    node.start()
    sessions = node._sessions
    assert sessions is not None
    sessions.failure = 'the consume room cannot be joined: HTTP 401'

    node.disable()
    assert conditions(node)['safety'].text.startswith('EMERGENCY STOP: ')
    node._panel._reset('the test')

    found = conditions(node)
    assert found['safety'] == found['lifecycle']
    assert found['safety'].level is Level.ERROR
    assert 'because the consume room cannot be joined: HTTP 401; fix it' in found['safety'].text


def test_an_unconfigured_node_is_a_warning() -> None:
    """A node that was never configured is a warning, not an error."""
    found = lifecycle.condition(is_configured=False, is_active=False, failure=None)

    assert found.level is Level.WARN
    assert found.text.startswith('unconfigured: configure and activate the node')


def test_callbacks_that_do_not_run_are_an_error(node: Any) -> None:
    """Callbacks that do not run are an error, because a stop by topic or service has no effect."""
    node.start()
    node._status_at -= 10.0

    found = conditions(node)['safety']

    assert found.level is Level.ERROR
    assert found.text.startswith('the ROS callbacks of this process have not run for 1')
