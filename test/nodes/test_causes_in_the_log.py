# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""A robot that does not move or send names the cause in log, diagnostics and room."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
import re
from typing import Any

import pytest

pytest.importorskip('rclpy', reason='rclpy is not here: it comes with ROS 2, or as wheels')

from support.robot import NAMESPACE, WORKSPACE, Robot, robot
from support.waiting import ticks, wait_for

from lerobot_arena_ros import RoboticsConsumer, RoboticsProducer
from lerobot_arena_ros.arena.robot_state import RobotState

CONSUME = {'consume.room_id': 'in', 'joints': ['j1'], 'consume.require_producer': False}
PRODUCE = {'produce.room_id': 'out', 'joints': ['j1']}
MEASURED = {**CONSUME, 'consume.require_feedback': 'always'}
UNMEASURED = 'nothing publishes joint_states on'


def lines(bridged: Robot, *texts: str) -> list[str]:
    """Return the severities of the log lines that have all these texts."""
    pattern = re.compile(r'\[(\w+)\] \[[\d.]+\] \[.*?\]: (.*)')
    found = (pattern.match(line) for line in bridged.bridge.output.splitlines())
    return [
        match[1]
        for match in found
        if match is not None and all(text in match[2] for text in texts)
    ]


def logs(bridged: Robot, severity: str, *texts: str) -> None:
    """Wait until the log has one line with these texts and this severity."""
    wait_for(lambda: lines(bridged, *texts), f'{texts} in the log')
    assert lines(bridged, *texts) == [severity], bridged.bridge.output


def measured_until(bridged: Robot, joint: str, severity: str, text: str) -> None:
    """Measure a joint until the log has a line with this text and this severity."""

    def is_logged() -> bool:
        bridged.probe.publish_joints(NAMESPACE, [joint], [0.0])
        return bool(lines(bridged, text))

    wait_for(is_logged, f'{text!r} in the log')
    assert lines(bridged, text) == [severity], bridged.bridge.output


def room_receives(bridged: Robot, act: Callable[[], None], cause: str) -> None:
    """Act, and wait until a viewer receives a cause."""
    received: list[str] = []

    def note(_: str, state: RobotState | None) -> None:
        received.append('' if state is None else state.cause)

    def is_received() -> bool:
        return bool(received) and cause in received[-1]

    async def watch() -> None:
        async with RoboticsConsumer(bridged.url) as viewer:
            viewer.on_robot_state(note)
            assert await viewer.connect(WORKSPACE, 'in')
            loop = asyncio.get_running_loop()
            await loop.run_in_executor(None, act)
            await loop.run_in_executor(None, wait_for, is_received, f'{cause!r} in the room')

    asyncio.run(watch())


def test_a_robot_without_measurement_is_reported_until_it_moves() -> None:
    """After three seconds the cause is a warning, with the text of diagnostics and the room."""
    with robot(MEASURED) as bridged:
        logs(bridged, 'WARN', f'commands do not flow: {UNMEASURED}')
        wait_for(lambda: UNMEASURED in bridged.value('safety', 'cause'), 'diagnostics')
        cause = bridged.value('safety', 'cause')
        assert lines(bridged, f'commands do not flow: {cause}') == ['WARN']
        room_receives(bridged, lambda: None, cause)

        async def lead(producer: RoboticsProducer) -> None:
            loop = asyncio.get_running_loop()

            async def moves() -> bool:
                await loop.run_in_executor(
                    None, bridged.probe.publish_joints, NAMESPACE, ['j1'], [0.0]
                )
                await producer.send_joint_update([{'name': 'j1', 'value': len(values)}])
                values.append(0)
                return bool(bridged.commands)

            values: list[int] = []
            async for _ in ticks(50.0):
                if await moves():
                    break
                assert len(values) < 1500

        bridged.lead('in', lead)
        logs(bridged, 'INFO', 'commands flow again')


def test_each_change_of_the_cause_is_logged_and_sent_to_the_room() -> None:
    """A change of the cause alone is logged and sent to the room."""
    with robot(MEASURED) as bridged:
        logs(bridged, 'WARN', f'commands do not flow: {UNMEASURED}')

        def is_measured() -> bool:
            bridged.probe.publish_joints(NAMESPACE, ['j1'], [0.0])
            return UNMEASURED not in bridged.value('safety', 'cause')

        def measure() -> None:
            wait_for(is_measured, 'the measurement to count')

        room_receives(bridged, measure, 'no fresh joint_states of j1')
        logs(bridged, 'WARN', 'commands do not flow: no fresh joint_states of j1')
        bridged.proxy.cut()
        logs(bridged, 'WARN', 'commands do not flow', 'cannot connect')
        assert lines(bridged, f'commands do not flow: {UNMEASURED}') == ['WARN']


def test_a_range_that_is_unknown_is_logged() -> None:
    """A unit that needs a range moves nothing without it, and the log names it."""
    with robot({**CONSUME, 'units': 'normalized'}) as bridged:
        logs(bridged, 'WARN', 'commands do not flow: range of j1 is unknown')


@pytest.mark.parametrize(
    ('parameters', 'transitions', 'cause'),
    [
        ({'consume.require_producer': True}, (), 'the room has no producer'),
        ({'autostart': False}, (1,), 'inactive'),
    ],
)
def test_a_robot_that_waits_for_a_person_is_no_warning(
    parameters: dict[str, Any], transitions: tuple[int, ...], cause: str
) -> None:
    """Waiting for a producer is logged in one line that is no warning."""
    with robot({**CONSUME, **parameters}) as bridged:
        for transition in transitions:
            assert bridged.change_state(transition)
        logs(bridged, 'INFO', f'commands do not flow: {cause}')
        warnings = [line for line in bridged.bridge.output.splitlines() if '[WARN]' in line]
        # DDS may list a node of an earlier test for a while.
        assert [line for line in warnings if 'nodes are called' not in line] == []


def test_a_robot_that_waits_for_an_update_is_no_warning() -> None:
    """A measured robot in a room without updates causes no warning."""
    with robot(MEASURED) as bridged:

        def is_logged() -> bool:
            bridged.probe.publish_joints(NAMESPACE, ['j1'], [0.0])
            return bool(lines(bridged, 'commands do not flow: waiting for a live update'))

        wait_for(is_logged, 'the line')
        assert lines(bridged, 'commands do not flow: waiting for a live update') == ['INFO']


def test_a_leader_that_sends_nothing_reports_the_cause() -> None:
    """The log names the cause: no measurement, then a driver without messages."""
    with robot(PRODUCE) as bridged:
        logs(bridged, 'WARN', f'nothing is sent: {UNMEASURED}')
        bridged.wait_for_status('produce link', 'joined')
        measured_until(bridged, 'other', 'WARN', 'nothing is sent: no joint_states of j1 yet')
        measured_until(bridged, 'j1', 'INFO', 'joint_states are sent again')
        logs(bridged, 'WARN', 'nothing is sent: no joint_states for ')
        bridged.wait_for_status('producing', 'nothing is sent: no joint_states for ')


def test_a_leader_without_room_or_range_reports_the_cause() -> None:
    """The log has the causes of the link and of the conversion."""
    with robot({**PRODUCE, 'create_missing_rooms': 'none'}) as bridged:
        logs(bridged, 'WARN', 'nothing is sent: not in the room', 'there is no such room')
    with robot({**PRODUCE, 'units': 'normalized'}) as bridged:
        bridged.wait_for_status('produce link', 'joined')

        def is_logged() -> bool:
            bridged.probe.publish_joints(NAMESPACE, ['j1'], [0.0])
            return lines(bridged, 'nothing is sent', 'range', 'j1') == ['WARN']

        wait_for(is_logged, 'the reason')
