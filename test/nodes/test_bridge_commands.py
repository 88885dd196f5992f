# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""Which commands a bridge publishes for the updates of a room, and which it does not."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
import math
from typing import Any

import pytest

pytest.importorskip('rclpy', reason='rclpy is not here: it comes with ROS 2, or as wheels')

from sensor_msgs.msg import JointState
from std_msgs.msg import Float64MultiArray, String
from support.controllers import refused_by_forward_command, refused_by_joint_trajectory
from support.leading import in_thread, leading, send, until
from support.probe import LATCHED, stamp_s
from support.robot import NAMESPACE, WORKSPACE, robot
from support.waiting import ticks, wait_for
from trajectory_msgs.msg import JointTrajectory

from lerobot_arena_ros import RoboticsConsumer, RoboticsProducer

CONSUME = {'consume.room_id': 'a'}
PAIR = {**CONSUME, 'joints': ['j1', 'j2']}
NO_LEASH = {'consume.max_lead': 0.0}
"""For robots whose measured position does not follow their commands."""

FAST = {'consume.max_velocity': 100.0, 'consume.start_velocity': 100.0}

URDF = """
<robot name="r">
  <joint name="j1" type="revolute"><limit lower="-1" upper="1" velocity="50" effort="1"/></joint>
  <joint name="grip" type="prismatic">
    <limit lower="0" upper="0.1" velocity="9" effort="1"/>
  </joint>
  <joint name="tip" type="prismatic">
    <mimic joint="grip"/><limit lower="0" upper="0.1" velocity="9" effort="1"/>
  </joint>
</robot>
"""


def test_partial_updates_merge_into_whole_frames_in_order() -> None:
    """Each command has all joints in the configured order, for any order in an update."""
    with robot({**PAIR, **FAST}) as bridged:

        async def act(producer: RoboticsProducer) -> None:
            await send(producer, j2=20.0, j1=10.0)
            await until(bridged, [math.radians(10.0), math.radians(20.0)])
            await send(producer, j2=-5.0)
            await until(bridged, [math.radians(10.0), math.radians(-5.0)])

        leading(bridged, act)

        assert {tuple(command.name) for command in bridged.commands} == {('j1', 'j2')}


def test_nothing_is_commanded_before_every_joint_has_a_position() -> None:
    """Without measurement, a joint that was never sent keeps the gate waiting, and is named."""
    with robot({**PAIR, **FAST}) as bridged:

        async def act(producer: RoboticsProducer) -> None:
            await send(producer, j1=10.0)
            await in_thread(lambda: bridged.wait_for_status('safety', 'position of j2 is unknown'))
            assert not bridged.commands
            await send(producer, j2=0.0)
            await until(bridged, [math.radians(10.0), 0.0])

        leading(bridged, act)


def test_motion_begins_at_the_measured_pose_and_ramps() -> None:
    """A distant setpoint moves the robot from its measured pose, within the velocity limit."""
    slow = {'consume.start_velocity': 0.5, 'consume.max_velocity': 1.0}
    fed = {'consume.require_feedback': 'always'}
    with robot({**PAIR, **slow, **fed, **NO_LEASH}) as bridged:
        measured = [0.2, -0.3]

        async def measure() -> None:
            async for _ in ticks(50.0):
                await in_thread(
                    lambda: bridged.probe.publish_joints(NAMESPACE, ['j1', 'j2'], measured)
                )

        async def act(producer: RoboticsProducer) -> None:
            measuring = asyncio.create_task(measure())

            async def send_forever() -> None:
                async for count in ticks(20.0):
                    await send(producer, j1=45.0 + count * 1e-6)

            sending = asyncio.create_task(send_forever())
            await in_thread(
                lambda: wait_for(
                    lambda: bridged.commands and bridged.commands[-1].position[0] > 0.7,
                    'j1 to have moved',
                )
            )
            for task in (sending, measuring):
                task.cancel()

        leading(bridged, act)

        frames = [tuple(command.position) for command in bridged.commands]
        assert frames[0] == tuple(measured)
        steps = [abs(b[0] - a[0]) for a, b in zip(frames, frames[1:], strict=False)]
        assert max(steps) <= 1.0 * 0.01 + 1e-9
        begun_s, *times = map(stamp_s, bridged.commands)
        first_steps = [step for at, step in zip(times, steps, strict=False) if at < begun_s + 0.1]
        assert max(first_steps, default=0.0) <= 0.6 * 0.01 + 1e-9
        assert {frame[1] for frame in frames} == {measured[1]}


def test_one_update_is_enough_to_get_there() -> None:
    """After one update the motion continues to its end, in steps within the velocity limit."""
    with robot({**PAIR, 'consume.start_seconds': 0.0}) as bridged:

        async def act(producer: RoboticsProducer) -> None:
            await send(producer, j1=0.0, j2=0.0)
            await until(bridged, [0.0, 0.0])
            await send(producer, j1=60.0)
            await until(bridged, [math.radians(60.0), 0.0])

        leading(bridged, act)

        frames = [command.position[0] for command in bridged.commands]
        steps = [b - a for a, b in zip(frames, frames[1:], strict=False)]
        assert len(steps) > 50
        assert max(steps) <= 2.0 * 0.01 + 1e-9


def test_feedback_does_not_starve_a_motion() -> None:
    """A motion continues at any rate of joint_states."""
    with robot({**PAIR, 'consume.start_seconds': 0.0, **NO_LEASH}) as bridged:
        pose = [0.0, 0.0]

        async def measure() -> None:
            async for _ in ticks(300.0):
                bridged.probe.publish_joints(NAMESPACE, ['j1', 'j2'], pose)

        async def act(producer: RoboticsProducer) -> None:
            await in_thread(lambda: bridged.probe.publish_joints(NAMESPACE, ['j1', 'j2'], pose))
            measuring = asyncio.create_task(measure())
            await in_thread(lambda: bridged.wait_for_status('safety', 'waiting for a live update'))
            await send(producer, j1=60.0)
            await until(bridged, [math.radians(60.0), 0.0])
            measuring.cancel()

        leading(bridged, act)


def test_a_bad_value_drops_its_frame_and_nothing_else() -> None:
    """A frame with a gross unit error is dropped and counted; the room's state is requested."""
    limits = {'joint_map.j1.min': -1.0, 'joint_map.j1.max': 1.0}
    with robot({**PAIR, **FAST, **limits}) as bridged:

        async def act(producer: RoboticsProducer) -> None:
            await send(producer, j1=10.0, j2=0.0)
            await until(bridged, [math.radians(10.0), 0.0])
            await send(producer, j1=4000.0, j2=30.0)
            await in_thread(
                lambda: wait_for(
                    lambda: bridged.value('consuming', 'dropped_gross'), 'the drop to be counted'
                )
            )
            await send(producer, j1=11.0)
            await until(bridged, [math.radians(11.0), math.radians(30.0)])
            await send(producer, j1=80.0)
            await until(bridged, [1.0, math.radians(30.0)], what='j1 at its limit')

        leading(bridged, act)


def test_an_unmapped_joint_is_named_once() -> None:
    """An unmapped joint has no effect, and is named in diagnostics and once in the log."""
    with robot({**PAIR, **FAST}) as bridged:

        async def act(producer: RoboticsProducer) -> None:
            for degrees in (1.0, 2.0, 3.0):
                await send(producer, j1=degrees, j2=0.0, elsewhere=degrees)
                await until(bridged, [math.radians(degrees), 0.0])
            await in_thread(lambda: bridged.wait_for_status('mapping', 'not mapped: elsewhere'))

        leading(bridged, act)

        bridged.wait_for_log('elsewhere')


def test_the_state_of_the_room_moves_nothing() -> None:
    """After a late join only live updates are commanded; measured joints stay where they are."""
    fed = {'consume.require_feedback': 'always', **NO_LEASH}
    with robot({**PAIR, 'autostart': False, **FAST, **fed}) as bridged:

        async def remember(producer: RoboticsProducer) -> None:
            await send(producer, j1=40.0, j2=40.0)

        asyncio.run(RoboticsConsumer(bridged.url).create_room(WORKSPACE, 'a'))
        bridged.lead('a', remember)
        assert bridged.change_state(1)
        assert bridged.change_state(3)

        async def act(producer: RoboticsProducer) -> None:
            async def measure() -> None:
                async for _ in ticks(50.0):
                    await in_thread(
                        lambda: bridged.probe.publish_joints(NAMESPACE, ['j1', 'j2'], [0.1, 0.2])
                    )

            measuring = asyncio.create_task(measure())
            await in_thread(lambda: bridged.wait_for_status('safety', 'waiting for a live update'))
            await send(producer, j1=20.0)
            await until(bridged, [math.radians(20.0), 0.2])
            measuring.cancel()

        leading(bridged, act)


@pytest.mark.parametrize(
    ('unit', 'value', 'position'),
    [('degrees', 90.0, math.pi / 2), ('radians', 0.5, 0.5), ('normalized', 50.0, 0.25)],
)
def test_each_unit_is_converted(unit: str, value: float, position: float) -> None:
    """Degrees, radians and -100..100 over the range from -2 to 1 are converted correctly."""
    parameters = {
        **CONSUME,
        **FAST,
        'units': unit,
        'joints': ['j1'],
        'joint_map.j1.arena_name': 'One',
        'joint_map.j1.min': -2.0,
        'joint_map.j1.max': 1.0 if unit == 'normalized' else 2.0,
    }
    with robot(parameters) as bridged:

        async def act(producer: RoboticsProducer) -> None:
            await send(producer, One=value)
            await until(bridged, [position])

        leading(bridged, act)


def test_joints_and_limits_come_from_the_robot_description() -> None:
    """Without listed joints, those of the description are used, except mimic joints."""
    with robot({**CONSUME, **FAST, 'units': 'normalized'}) as bridged:
        bridged.wait_for_status('safety', 'no joints are known')
        description = bridged.probe.node.create_publisher(
            String, f'/{NAMESPACE}/robot_description', LATCHED
        )
        description.publish(String(data=URDF))
        bridged.wait_for_status('mapping', '2 joints')

        async def act(producer: RoboticsProducer) -> None:
            await send(producer, j1=50.0, grip=0.0)
            await until(bridged, [0.5, 0.05])

        leading(bridged, act)

        assert tuple(bridged.commands[-1].name) == ('j1', 'grip')


@pytest.mark.parametrize(
    ('interface', 'kind', 'refusal'),
    [
        pytest.param(
            'forward_command', Float64MultiArray, refused_by_forward_command, id='forward_command'
        ),
        pytest.param(
            'joint_trajectory', JointTrajectory, refused_by_joint_trajectory, id='joint_trajectory'
        ),
    ],
)
def test_commands_have_the_type_of_the_controller(
    interface: str, kind: type, refusal: Callable[[Any, Sequence[str]], str | None]
) -> None:
    """Commands have the controller's type: values in its order, or one point to reach at once."""
    received: list[Any] = []
    parameters = {**PAIR, **FAST, 'consume.command_interface': interface}
    with robot(parameters, '-r', 'joint_commands:=controller') as bridged:
        node = bridged.probe.node
        node.create_subscription(kind, f'/{NAMESPACE}/controller', received.append, 100)

        async def act(producer: RoboticsProducer) -> None:
            async for count in ticks(50.0):
                await send(producer, j1=float(count % 40), j2=5.0)
                if len(received) > 5:
                    break
            stop = bridged.probe.call
            assert (await in_thread(lambda: stop(NAMESPACE, 'trigger_emergency_stop'))).success
            await send(producer, j1=41.0)

        leading(bridged, act)
        bridged.wait_for_status('safety', 'EMERGENCY STOP')
        wait_for(
            lambda: bridged.value('consuming', 'commands') == str(len(received)), 'every command'
        )

        assert [refusal(message, PAIR['joints']) for message in received] == [None] * len(received)
        assert positions_of(received[-1])[1] == pytest.approx(math.radians(5.0))
        # Without commands both controllers stop: one holds its last value, the other the end of
        # its trajectory, which is reached at once. So nothing is sent at a stop.
        if interface == 'joint_trajectory':
            assert {message.points[0].time_from_start.nanosec for message in received} == {0}


def positions_of(message: Any) -> list[float]:
    """Return the positions of a command to a controller."""
    points = getattr(message, 'points', None)
    return list(message.data if points is None else points[-1].positions)


def test_an_empty_trajectory_would_stop_nothing() -> None:
    """No empty trajectory is sent, because joint_trajectory_controller refuses it."""
    assert refused_by_joint_trajectory(JointTrajectory(), ['j1']) is not None
    named = JointTrajectory(joint_names=['j1'])
    assert refused_by_joint_trajectory(named, ['j1']) == 'no points'


def test_a_listed_joint_that_mimics_another_is_not_commanded() -> None:
    """A joint that mimics another is not commanded, even if the user lists it."""
    with robot({**CONSUME, **FAST, 'joints': ['j1', 'tip']}) as bridged:
        description = bridged.probe.node.create_publisher(
            String, f'/{NAMESPACE}/robot_description', LATCHED
        )
        description.publish(String(data=URDF))

        bridged.wait_for_status('safety', 'tip must not be commanded')


def test_the_description_of_another_robot_takes_no_limit_away() -> None:
    """A description without a listed joint does not change the limits of that joint."""
    with robot({**CONSUME, **FAST, 'joints': ['j1']}) as bridged:
        description = bridged.probe.node.create_publisher(
            String, f'/{NAMESPACE}/robot_description', LATCHED
        )
        description.publish(String(data=URDF))
        wait_for(lambda: '1.000 rad = 57.3' in bridged.bridge.output, 'the limits')
        description.publish(String(data=URDF.replace('"j1"', '"another"')))
        wait_for(
            lambda: 'robot_description of another, grip, tip is ignored' in bridged.bridge.output,
            'the other description',
        )

        async def act(producer: RoboticsProducer) -> None:
            await send(producer, j1=100.0)
            await until(bridged, [1.0])

        leading(bridged, act)


def test_a_publisher_of_remapped_joint_states_is_waited_for() -> None:
    """A publisher without a measurement yet is waited for, also on a remapped topic."""
    fed = {'consume.require_producer': False, 'consume.require_feedback': 'always'}
    with robot({**PAIR, **fed}, '-r', 'joint_states:=measured') as bridged:
        bridged.probe.node.create_publisher(JointState, f'/{NAMESPACE}/measured', 10)

        bridged.wait_for_status('safety', 'no joint_states of j1, j2 yet')


def test_a_command_topic_without_subscriber_is_reported() -> None:
    """A command topic without a subscriber is reported on /diagnostics."""
    with robot({**PAIR, **FAST}, '-r', 'joint_commands:=nowhere') as bridged:

        async def act(producer: RoboticsProducer) -> None:
            await send(producer, j1=1.0, j2=2.0)
            await in_thread(lambda: bridged.wait_for_status('consuming', 'nothing subscribes to'))

        leading(bridged, act, listeners=0)
