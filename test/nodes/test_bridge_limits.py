# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""The limits that a bridge must know before a joint moves, and their sources."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
import math
from typing import Any

import pytest

pytest.importorskip('rclpy', reason='rclpy is not here: it comes with ROS 2, or as wheels')

from std_msgs.msg import String
from support.leading import in_thread, leading, send, until
from support.probe import LATCHED
from support.robot import NAMESPACE, WORKSPACE, Robot, robot
from support.waiting import ticks, wait_for

from lerobot_arena_ros import RoboticsConsumer, RoboticsProducer

CONSUME = {'consume.room_id': 'a', 'consume.require_limits': 'always'}
FAST = {'consume.max_velocity': 100.0, 'consume.start_velocity': 100.0}
OK, WARN = b'\x00', b'\x01'

PAN = (
    '<joint name="j1" type="revolute"><limit lower="-1" upper="1" velocity="50" effort="1"/>'
    '</joint>'
)
SLIDE = (
    '<joint name="lift" type="prismatic"><limit lower="0" upper="0.5" velocity="50" effort="1"/>'
    '</joint>'
)
FINGER = (
    '<joint name="finger" type="prismatic"><limit lower="0" upper="0.1" velocity="1" effort="1"/>'
    '<mimic joint="lift"/></joint>'
)
ROLL = '<joint name="roll" type="continuous"/>'
LOCKED = (
    '<joint name="brace" type="revolute"><limit lower="0" upper="0" velocity="0" effort="0"/>'
    '</joint>'
)
SWAPPED = (
    '<joint name="odd" type="revolute"><limit lower="1" upper="-1" velocity="1" effort="1"/>'
    '</joint>'
)


def describer(bridged: Robot) -> Callable[..., None]:
    """Return a function that publishes a robot_description with these joints."""
    publisher = bridged.probe.node.create_publisher(
        String, f'/{NAMESPACE}/robot_description', LATCHED
    )

    def describe(*joints: str) -> None:
        publisher.publish(String(data=f'<robot name="r">{"".join(joints)}</robot>'))

    return describe


def level(bridged: Robot, part: str) -> bytes | None:
    """Return the level of a status."""
    return bridged.probe.level(f'/{NAMESPACE}/arena_bridge: {part}')


async def measuring(bridged: Robot, names: list[str], positions: list[float]) -> None:
    """Measure these joints until the test ends."""
    async for _ in ticks(50.0):
        await in_thread(lambda: bridged.probe.publish_joints(NAMESPACE, names, positions))


@pytest.mark.parametrize('units', ['radians', 'degrees'])
def test_nothing_moves_before_limits_are_known(units: str) -> None:
    """An update before the description has no effect; one after it is clamped."""
    with robot({**CONSUME, **FAST, 'units': units, 'joints': ['j1']}) as bridged:
        bridged.wait_for_status('safety', 'limits of j1 are unknown')
        for way_out in ('robot_description', '.min and .max', '.unlimited', 'require_limits'):
            assert way_out in bridged.status('safety')
        describe = describer(bridged)

        async def act(producer: RoboticsProducer) -> None:
            await send(producer, j1=1.5)
            await send(producer, j1=90.0, elsewhere=0.0)
            seen = 'elsewhere (room)'  # With this value the bridge has received both.
            await in_thread(
                lambda: wait_for(lambda: bridged.value('mapping', seen), 'both updates')
            )
            assert not bridged.commands
            await in_thread(lambda: describe(PAN))
            await in_thread(lambda: bridged.wait_for_status('safety', 'position of j1 is unknown'))
            assert not bridged.commands
            await send(producer, j1=math.degrees(1.5) if units == 'degrees' else 1.5)
            await until(bridged, [1.0])

        bridged.wait_for_status('consume link', 'joined')
        bridged.lead('a', act)


def test_a_slide_never_moves_at_the_speed_of_an_angle() -> None:
    """Its first command follows the description, and is as slow as the others."""
    parameters = {'units': 'radians', 'joints': ['lift'], 'consume.start_seconds': 0.0}
    with robot({**CONSUME, **parameters}) as bridged:
        bridged.wait_for_status('safety', 'limits of lift are unknown')
        describe = describer(bridged)

        async def act(producer: RoboticsProducer) -> None:
            async def send_forever() -> None:
                async for count in ticks(50.0):
                    await send(producer, lift=0.3 + count % 2 * 1e-9)

            measures = asyncio.create_task(measuring(bridged, ['lift'], [0.0]))
            sending = asyncio.create_task(send_forever())
            await in_thread(lambda: describe(SLIDE))
            await in_thread(lambda: wait_for(lambda: len(bridged.commands) > 30, '30 commands'))
            sending.cancel()
            measures.cancel()

        bridged.wait_for_status('consume link', 'joined')
        bridged.lead('a', act)

        frames = [command.position[0] for command in bridged.commands]
        steps = [abs(b - a) for a, b in zip(frames, frames[1:], strict=False)]
        assert 0.0 < max(steps) <= 0.2 * 0.01 + 1e-9


@pytest.mark.parametrize(
    'more',
    [
        pytest.param({'joint_map.j1.unlimited': True}, id='unlimited'),
        pytest.param({'joint_map.j1.min': -2.0, 'joint_map.j1.max': 2.0}, id='min and max'),
        pytest.param({'consume.require_limits': 'never'}, id='never'),
    ],
)
def test_each_way_out_lets_the_joint_move(more: dict[str, Any]) -> None:
    """A joint moves if the user sets limits, declares that there are none, or requires none."""
    with robot({**CONSUME, **FAST, 'units': 'radians', 'joints': ['j1'], **more}) as bridged:

        async def act(producer: RoboticsProducer) -> None:
            await send(producer, j1=1.5)
            await until(bridged, [1.5])

        leading(bridged, act)


def test_a_fault_of_an_unlisted_joint_takes_no_limit_away() -> None:
    """The log and diagnostics, which stay OK, name the joint; the others have limits."""
    with robot({**CONSUME, **FAST, 'joints': ['j1']}) as bridged:
        describer(bridged)(SWAPPED, PAN)
        bridged.wait_for_log('joints with a fault: odd: lower=1 is above upper=-1')

        async def act(producer: RoboticsProducer) -> None:
            await send(producer, j1=100.0)
            await until(bridged, [1.0])

        leading(bridged, act)

        # Diagnostics come once a second.
        wait_for(lambda: level(bridged, 'mapping') == OK, 'the mapping to be OK')
        assert 'lower=1' in bridged.value('mapping', 'odd (robot_description)')


def test_a_fault_of_a_commanded_joint_is_named_with_the_ways_out() -> None:
    """The gate waits, diagnostics warn, and both name the joint, its fault and the remedies."""
    with robot({**CONSUME, **FAST, 'joints': ['j1', 'odd']}) as bridged:
        describer(bridged)(PAN, SWAPPED)

        cause = 'limits of odd (robot_description: lower=1 is above upper=-1) are unknown'
        bridged.wait_for_status('safety', cause)
        bridged.wait_for_status('mapping', 'odd: lower=1 is above upper=-1')
        wait_for(lambda: level(bridged, 'mapping') == WARN, 'the mapping to be a warning')
        assert 'joint_map.<joint>.min and .max' in bridged.status('safety')


def test_a_joint_without_a_range_is_held_where_it_is_while_others_move() -> None:
    """Each command has its first position; values for it are refused, not the whole frame."""
    fed = {'consume.require_feedback': 'always', 'joints': ['j1', 'brace']}
    with robot({**CONSUME, **FAST, **fed}) as bridged:
        describer(bridged)(PAN, LOCKED)
        bridged.wait_for_log('held where they are: brace')

        async def act(producer: RoboticsProducer) -> None:
            measures = asyncio.create_task(measuring(bridged, ['j1', 'brace'], [0.2, 0.3]))
            await in_thread(lambda: bridged.wait_for_status('safety', 'waiting for a live update'))
            await send(producer, j1=math.degrees(0.25), brace=5000.0)
            await until(bridged, [0.25, 0.3])
            await send(producer, brace=1.0)
            await send(producer, j1=math.degrees(0.26))
            await until(bridged, [0.26, 0.3])
            measures.cancel()

        bridged.wait_for_status('consume link', 'joined')
        bridged.lead('a', act)

        assert {command.position[1] for command in bridged.commands} == {0.3}
        assert not bridged.value('consuming', 'dropped_gross')
        bridged.wait_for_status('mapping', 'held where they are: brace')
        wait_for(lambda: level(bridged, 'mapping') == WARN, 'the mapping to be a warning')
        bridged.wait_for_log('held where they are')


def test_where_no_joint_has_a_range_nothing_moves() -> None:
    """If no joint has a range, the gate names that cause and the remedy."""
    with robot({**CONSUME, **FAST, 'joints': ['brace']}) as bridged:
        describer(bridged)(PAN, LOCKED)

        bridged.wait_for_status('safety', 'robot_description gives brace no range')


def test_a_continuous_joint_is_commanded_without_limits_and_through_full_turns() -> None:
    """A value beyond one turn is a valid position of a continuous joint."""
    with robot({**CONSUME, **FAST, 'joints': ['roll']}) as bridged:
        describer(bridged)(ROLL)
        bridged.wait_for_log('roll -> roll, degrees: continuous')

        async def act(producer: RoboticsProducer) -> None:
            await send(producer, roll=0.0)
            await until(bridged, [0.0])
            await send(producer, roll=3700.0)

            def is_there() -> bool:
                turned = bridged.commands[-1].position[0] - math.radians(3700.0)
                return abs(math.remainder(turned, math.tau)) < 1e-9

            await in_thread(lambda: wait_for(is_there, 'the roll at 100 degrees'))

        leading(bridged, act)


def test_unlisted_joints_are_sent_in_the_unit_of_their_kind() -> None:
    """A prismatic joint is sent in metres, once it is known; its mimic joint is not sent."""
    with robot({'produce.room_id': 'out', 'units': 'degrees'}) as bridged:
        bridged.wait_for_status('produce link', 'joined')
        bridged.wait_for_status('mapping', 'no joints are known')
        names, positions = ['j1', 'lift', 'finger'], [0.5, 0.04, 0.04]

        def joints() -> dict[str, float]:
            bridged.probe.publish_joints(NAMESPACE, names, positions)
            state = asyncio.run(RoboticsConsumer(bridged.url).get_room_state(WORKSPACE, 'out'))
            found: dict[str, float] = state['joints']
            return found

        def is_dropped() -> bool:
            assert joints() == {}
            return bool(bridged.value('producing', 'dropped_kind'))

        wait_for(is_dropped, 'the first joint_states to be counted')
        describer(bridged)(PAN, SLIDE, FINGER)
        wait_for(lambda: bool(joints()), 'joints in the room')

        assert joints() == pytest.approx({'j1': math.degrees(0.5), 'lift': 0.04})


@pytest.mark.parametrize('interface', ['joint_state', 'joint_trajectory'])
def test_the_description_of_another_robot_names_no_joint_to_command(interface: str) -> None:
    """After the first description, one with other joint names is ignored."""
    command: dict[str, Any] = {'consume.command_interface': interface}
    with robot({**CONSUME, **FAST, **command, 'units': 'radians'}) as bridged:
        describe = describer(bridged)
        describe(PAN, SLIDE)
        bridged.wait_for_status('mapping', '2 joints')
        wide = PAN.replace('"1"', '"2"')
        describe(SWAPPED, ROLL, wide)
        bridged.wait_for_log('robot_description of odd, roll, j1 is ignored')
        assert bridged.value('mapping', 'roll') == ''
        assert bridged.value('mapping', 'lift') == 'lift [metres]'

        describe(SLIDE.replace('0.5', '0.4'), PAN)
        bridged.wait_for_log('0.400 m = 0.4')
        bridged.wait_for_log('robot_description read', 2)


def test_another_configuration_takes_another_description() -> None:
    """Cleanup discards the description, so that another one is used afterwards."""
    with robot({**CONSUME, **FAST, 'units': 'radians'}) as bridged:
        describe = describer(bridged)
        describe(PAN, SLIDE)
        bridged.wait_for_status('mapping', '2 joints')
        describe(ROLL)
        bridged.wait_for_log('robot_description of roll is ignored')

        for transition in (4, 2, 1):  # Deactivate, clean up, configure.
            assert bridged.change_state(transition)

        bridged.wait_for_status('mapping', '1 joints')
        assert bridged.value('mapping', 'roll') == 'roll [radians]'
