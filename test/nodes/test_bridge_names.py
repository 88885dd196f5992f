# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""Each executable runs a node with its own name, and a duplicate name is reported."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from functools import partial
import signal
from typing import Any

import pytest

pytest.importorskip('rclpy', reason='rclpy is not here: it comes with ROS 2, or as wheels')

from diagnostic_msgs.msg import DiagnosticStatus
from std_msgs.msg import Bool
from std_srvs.srv import Trigger
from support.domain import own_domain
from support.probe import LATCHED, Probe, running_probe
from support.processes import Process, ros_arguments, running
from support.robot import DEFAULTS, NAMESPACE, robot
from support.waiting import wait_for

NODES = ('arena_producer', 'arena_consumer')
ROOMS = {'produce.room_id': 'out', 'consume.room_id': 'in', 'joints': ['j1']}
NOWHERE = {**DEFAULTS, **ROOMS, 'server_url': 'http://127.0.0.1:9'}
SAFETY = f'/{NAMESPACE}/arena_bridge: safety'


class Pair:
    """A producer and a consumer in one namespace, and the status that each publishes."""

    def __init__(self, probe: Probe) -> None:
        self.stopped: dict[str, list[bool]] = {node: [] for node in NODES}
        self._probe = probe
        for node in NODES:
            probe.node.create_subscription(
                Bool,
                f'/{NAMESPACE}/{node}/emergency_stop_active',
                partial(self._note, node),
                LATCHED,
            )
            for service in ('trigger_emergency_stop', 'reset_emergency_stop'):
                probe.client(NAMESPACE, service, Trigger, node=node)
        for node in NODES:
            self.wait_for(node, False)

    def _note(self, node: str, message: Bool) -> None:
        self.stopped[node].append(message.data)

    def call(self, node: str, what: str) -> Trigger.Response:
        """Trigger or reset the emergency stop of one of them."""
        service = f'{what}_emergency_stop'
        return self._probe.ask(NAMESPACE, service, Trigger, Trigger.Request(), node=node)

    def wait_for(self, node: str, stopped: bool) -> None:
        """Wait until the status of one of them has this value."""
        wait_for(lambda: self.stopped[node][-1:] == [stopped], f'{node} to publish {stopped}')


@pytest.fixture(name='pair')
def fixture_pair(request: pytest.FixtureRequest) -> Iterator[Pair]:
    """Run both, the producer with additional ROS arguments."""
    more: list[str] = getattr(request, 'param', [])
    with ExitStack() as stack:
        stack.enter_context(own_domain())
        for function, extra in (('main_producer', more), ('main_consumer', [])):
            arguments = ros_arguments(NAMESPACE, NOWHERE, *extra)
            stack.enter_context(running(f'nodes.bridge.main:{function}', arguments))
        yield Pair(stack.enter_context(running_probe()))


@pytest.mark.parametrize(('node', 'other'), [NODES, NODES[::-1]])
def test_a_stop_by_service_is_that_of_the_node_in_its_name(
    pair: Pair, node: str, other: str
) -> None:
    """In a shared namespace, a stop service acts on the node in its name."""
    assert pair.call(node, 'trigger').success
    pair.wait_for(node, True)
    before = len(pair.stopped[other])
    wait_for(lambda: len(pair.stopped[other]) >= before + 2, f'{other} to publish it again')

    assert pair.stopped[other][-1] is False
    assert pair.call(node, 'reset').success
    pair.wait_for(node, False)


@pytest.mark.parametrize(
    'pair',
    [['-r', f'emergency_stop:=/{NAMESPACE}/arena_consumer/emergency_stop_active']],
    indirect=True,
)
def test_a_producer_that_listens_to_a_consumer_is_reset_after_it(pair: Pair) -> None:
    """A producer recognizes the stop status of a consumer by the name of its node."""
    assert pair.call('arena_consumer', 'trigger').success
    pair.wait_for('arena_producer', True)
    assert not pair.call('arena_producer', 'reset').success
    assert pair.call('arena_consumer', 'reset').success
    wait_for(lambda: pair.call('arena_producer', 'reset').success, 'the producer to be reset')


def test_a_second_node_of_one_name_is_an_error_while_it_is_there() -> None:
    """Diagnostics name the duplicate and the remedy while it exists, and the log does once."""

    def level(probe: Probe) -> Any:
        return probe.level(SAFETY)

    def is_doubled(probe: Probe) -> bool:
        return f'2 nodes are called /{NAMESPACE}/arena_bridge' in probe.text(SAFETY)

    def warnings(process: Process) -> int:
        return process.output.count(f'2 nodes are called /{NAMESPACE}/arena_bridge')

    with robot(ROOMS) as bridged:
        bridged.wait_for_status('safety', 'waiting')
        with running('nodes.bridge.main', ros_arguments(NAMESPACE, NOWHERE)) as second:
            wait_for(lambda: is_doubled(bridged.probe), 'the second node to be noticed')
            assert level(bridged.probe) == DiagnosticStatus.ERROR
            assert '__ns' in bridged.probe.text(SAFETY)
            assert '__node' in bridged.probe.text(SAFETY)
            wait_for(lambda: warnings(bridged.bridge) == 1, 'one warning')
            assert second.end(signal.SIGTERM) == 0
        bridged.wait_for_status('safety', 'waiting')
        assert not is_doubled(bridged.probe)
        assert level(bridged.probe) == DiagnosticStatus.WARN
        assert warnings(bridged.bridge) == 1
