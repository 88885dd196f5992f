# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""The text and the level of each status on /diagnostics."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

pytest.importorskip('rclpy', reason='rclpy is not here: it comes with ROS 2, or as wheels')

from sensor_msgs.msg import JointState
from support.robot import NAMESPACE, Robot, robot
from support.waiting import ticks, wait_for

from lerobot_arena_ros import RoboticsProducer

OK, WARN, ERROR, STALE = (bytes([level]) for level in range(4))

BOTH = {'consume.room_id': 'in', 'produce.room_id': 'out', 'joints': ['j1']}

UNCONFIGURED = {'lifecycle', 'safety', 'mapping'}
STATUSES = {'produce link', 'consume link', 'producing', 'consuming', *UNCONFIGURED}


def expect(bridged: Robot, part: str, level: bytes, text: str) -> dict[str, str]:
    """Wait until a status has this text, and return its values."""
    name = f'/{NAMESPACE}/arena_bridge: {part}'
    probe = bridged.probe
    wait_for(
        lambda: probe.level(name) == level and text in probe.text(name),
        f'{part} to be {text!r} with level {level!r}, not {probe.text(name)!r}',
    )
    return {pair.key: pair.value for pair in probe.diagnostics[name].values}


def is_busy(bridged: Robot, part: str) -> bool:
    """Return whether a stream is active, by its rate."""
    return float(bridged.value(part, 'rate_hz')) > 1.0


def leading(bridged: Robot, act: Callable[[], Any], *names: str) -> None:
    """Act while a producer moves these joints, and the arm's one joint is measured."""

    async def lead(producer: RoboticsProducer) -> None:
        async def wave() -> None:
            loop = asyncio.get_running_loop()
            async for count in ticks(50.0):
                await producer.send_joint_update(
                    [{'name': name, 'value': 30.0 + count % 20} for name in names]
                )
                await loop.run_in_executor(
                    None, bridged.probe.publish_joints, NAMESPACE, ['j1'], [count % 20 * 1e-3]
                )

        waving = asyncio.create_task(wave())
        await asyncio.get_running_loop().run_in_executor(None, act)
        waving.cancel()

    bridged.lead('in', lead)


def test_a_waiting_bridge_reports_the_cause() -> None:
    """Before any data, the statuses show the participants, their names and what is missing."""
    with robot(BOTH) as bridged:
        link = expect(bridged, 'consume link', OK, 'joined')
        assert link['room'] == 'default-workspace/in'
        assert link['participant_id'].startswith('robot-bridge-')
        assert (link['joins'], link['failed_attempts'], link['last_loss']) == ('1', '0', 'none')
        wait_for(
            lambda: bridged.value('consume link', 'round_trip_ms') not in ('', 'unknown'),
            'a round trip',
        )
        assert float(bridged.value('consume link', 'round_trip_ms')) > 0.0
        assert expect(bridged, 'produce link', OK, 'joined')['room'] == 'default-workspace/out'
        expect(bridged, 'producing', STALE, 'nothing is sent: nothing publishes joint_states on')
        expect(bridged, 'consuming', STALE, 'commands do not flow: the room has no producer')
        safety = expect(bridged, 'safety', WARN, 'waiting: the room has no producer')
        assert (safety['gate'], safety['emergency_stop']) == ('waiting', 'False')
        assert expect(bridged, 'mapping', STALE, '1 joints; none was received yet') == {
            'j1': 'j1 [degrees]'
        }
        expect(bridged, 'lifecycle', OK, 'active')

        names = {name.partition(': ')[2] for name in bridged.probe.diagnostics}
        assert names == STATUSES
        hardware = {status.hardware_id for status in bridged.probe.diagnostics.values()}
        assert hardware == {bridged.proxy.url}


def test_a_working_bridge_reports_rates() -> None:
    """During operation, the statuses show rates, ages and dropped values."""
    limits = {'joint_map.j1.min': -0.5, 'joint_map.j1.max': 0.6}
    with robot({**BOTH, **limits}) as bridged:
        expect(bridged, 'consume link', OK, 'joined')

        def flow() -> None:
            expect(bridged, 'producing', OK, 'sending')
            wait_for(
                lambda: bridged.value('producing', 'joint_states_publishers') == '1',
                'the publisher to be seen',
            )
            expect(bridged, 'safety', OK, 'active: live')
            consuming = expect(bridged, 'consuming', OK, 'commanding')
            assert consuming['joint_commands_subscriptions'] == '1'
            for part, count in (('producing', 'sent'), ('consuming', 'commands')):
                wait_for(partial(is_busy, bridged, part), f'the rate of {part}')
                assert bridged.count(part, count) > 0
            wait_for(lambda: bridged.count('safety', 'clamped_values') > 0, 'clamped values')
            assert bridged.count('safety', 'slowed_commands') > 0

        leading(bridged, flow, 'j1')


def test_a_stopped_bridge_reports_the_source() -> None:
    """An emergency stop is an error with its source and reason."""
    with robot(BOTH) as bridged:
        expect(bridged, 'consume link', OK, 'joined')
        assert bridged.probe.call(NAMESPACE, 'trigger_emergency_stop').success

        safety = expect(bridged, 'safety', ERROR, 'EMERGENCY STOP: stop triggered by service')
        assert safety['emergency_stop'] == 'True'
        assert safety['stop_source'] == 'the trigger service'
        assert safety['gate'] == 'stopped'


def test_a_link_that_is_down_warns_and_one_that_is_refused_is_an_error() -> None:
    """An unreachable server is a warning; a room that does not exist is an error."""
    with robot({**BOTH, 'create_missing_rooms': 'produce'}) as bridged:
        expect(bridged, 'consume link', ERROR, 'there is no such room')
        expect(bridged, 'produce link', OK, 'joined')
        bridged.proxy.cut()
        expect(bridged, 'consume link', WARN, 'cannot connect')
        lost = expect(bridged, 'produce link', WARN, 'cannot connect')
        assert 'connection lost' in lost['last_loss']
        assert int(lost['failed_attempts']) > 0
        bridged.proxy.open()
        back = expect(bridged, 'produce link', OK, 'joined')
        assert 'connection lost' in back['last_loss']


def test_what_is_not_understood_is_named_and_counted() -> None:
    """Dropped frames are counted by reason, and joints of only ROS or only the room are named."""
    limits = {'joint_map.j1.min': -0.5, 'joint_map.j1.max': 0.6}
    with robot({**BOTH, **limits}) as bridged:
        expect(bridged, 'consume link', OK, 'joined')

        def flow() -> None:
            mapping = expect(bridged, 'mapping', WARN, 'not mapped: tail')
            assert mapping['tail (room)'] == 'not mapped'

            # Repeated, because a busy bridge drops the oldest messages.
            def is_named() -> bool:
                bridged.probe.publish_joints(NAMESPACE, ['j1', 'gripper'], [0.0, 0.1])
                return bridged.value('mapping', 'gripper (joint_states)') == 'not mapped'

            wait_for(is_named, 'the joint that only ROS knows')

            def is_counted() -> bool:
                bridged.probe.publish_joints(NAMESPACE, ['j1'], [float('nan')])
                return bridged.count('producing', 'dropped_nonfinite') > 0

            wait_for(is_counted, 'the NaN counted')

        leading(bridged, flow, 'j1', 'tail')

        async def mix_up(producer: RoboticsProducer) -> None:
            await producer.send_joint_update([{'name': 'j1', 'value': 4000.0}])
            await asyncio.get_running_loop().run_in_executor(
                None,
                wait_for,
                lambda: bridged.count('consuming', 'dropped_gross') >= 1,
                'the mix-up counted',
            )

        bridged.lead('in', mix_up)


def test_two_publishers_of_joint_states_are_a_warning() -> None:
    """Two publishers are a warning, because they overwrite each other in the room."""
    with robot({'produce.room_id': 'out', 'joints': ['j1']}) as bridged:
        expect(bridged, 'produce link', OK, 'joined')
        name = f'/{NAMESPACE}/arena_bridge: producing'

        def is_sending() -> bool:
            bridged.probe.publish_joints(NAMESPACE, ['j1'], [0.0])
            return bridged.probe.level(name) == OK

        wait_for(is_sending, 'the joints to be sent')
        another = bridged.probe.node.create_publisher(JointState, f'/{NAMESPACE}/joint_states', 10)
        assert another is not None
        expect(bridged, 'producing', WARN, '2 publishers of joint_states')


def test_a_range_that_is_not_known_is_a_warning() -> None:
    """Normalized values need a range, and the gate names the remedy if there is none."""
    with robot({**BOTH, 'units': 'normalized'}) as bridged:
        expect(bridged, 'mapping', WARN, 'range of j1 is unknown: set joint_map.')
        expect(bridged, 'safety', WARN, 'waiting: range of j1 is unknown: set joint_map.')


def test_an_unconfigured_bridge_has_diagnostics_too() -> None:
    """Before configure there are no links, but an emergency stop can be latched."""
    with robot({**BOTH, 'autostart': False}) as bridged:
        expect(bridged, 'safety', WARN, 'unconfigured: configure and activate the node')
        expect(bridged, 'lifecycle', WARN, 'unconfigured: configure and activate the node')
        names = {name.partition(': ')[2] for name in bridged.probe.diagnostics}
        assert names == UNCONFIGURED
