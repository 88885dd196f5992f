# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""Unusable measurements: the publisher and the cause are named, and the robot does not move."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
import math
import time
from typing import Any

import pytest

pytest.importorskip('rclpy', reason='rclpy is not here: it comes with ROS 2, or as wheels')

from support.driver import RATE_HZ, driver
from support.robot import NAMESPACE, Robot, robot
from support.waiting import ticks, wait_for

from lerobot_arena_ros import RoboticsProducer

FED = {
    'consume.room_id': 'a',
    'consume.require_feedback': 'always',
    'joints': ['j1'],
    'joint_map.j1.min': -2.0,
    'joint_map.j1.max': 2.0,
}
ALONE = {**FED, 'consume.require_producer': False}
"""Settings with which no other cause precedes the measurements in the gate."""


def wait_for_cause(bridged: Robot, *texts: str) -> None:
    """Wait until the gate's cause has all of these texts."""
    wait_for(
        lambda: all(text in bridged.status('safety') for text in texts),
        f'the cause to have {texts}',
    )


def sending(bridged: Robot, act: Callable[[], None], *, degrees: float = 10.0) -> None:
    """Act while a producer sends j1 to one position at 50 Hz."""
    bridged.wait_for_status('consume link', 'joined')

    async def lead(producer: RoboticsProducer) -> None:
        async def send() -> None:
            async for count in ticks(RATE_HZ):
                value = degrees + count % 2 * 1e-6
                await producer.send_joint_update([{'name': 'j1', 'value': value}])

        task = asyncio.create_task(send())
        acting: Awaitable[None] = asyncio.get_running_loop().run_in_executor(None, act)
        await acting
        task.cancel()

    bridged.lead('a', lead)


def test_two_publishers_that_contradict_each_other_freeze_the_arm() -> None:
    """A GUI that publishes zero beside the driver is named; without it the arm moves again."""
    with robot(FED) as bridged, driver(bridged, 1.52) as arm:

        def act() -> None:
            arm.start()
            wait_for_cause(bridged, 'active')
            with driver(bridged, 0.0, name='gui') as gui:
                gui.start()
                wait_for_cause(
                    bridged,
                    'joint_states contradict themselves: j1 jumped by 1.5',
                    f'; published by /{NAMESPACE}/driver, /{NAMESPACE}/gui',
                )
                frozen_at = time.monotonic()
                before = bridged.count('consume link', 'heard_frames')
                wait_for(
                    lambda: bridged.count('consume link', 'heard_frames') > before + 50,
                    'more frames of the room',
                )
                assert not bridged.commands_after(frozen_at)
            wait_for_cause(bridged, 'active')

        sending(bridged, act, degrees=80.0)

        assert all(command.position[0] > 1.0 for command in bridged.commands)
        assert bridged.count('consuming', 'dropped_contradiction') > 0


def test_a_joint_that_comes_back_far_away_freezes_the_arm() -> None:
    """A frozen encoder jumps; motion begins again at the new position, after half a second."""
    with robot(FED) as bridged, driver(bridged, 0.0) as arm:

        def act() -> None:
            arm.start()
            wait_for_cause(bridged, 'active')
            arm.position = 1.5
            wait_for_cause(bridged, 'active')
            wait_for(
                lambda: 'j1 jumped by 1.5 rad' in bridged.bridge.output, 'the jump in the log'
            )
            wait_for(
                lambda: bridged.commands and bridged.commands[-1].position[0] > 1.3,
                'motion from there',
            )

        sending(bridged, act)


@pytest.mark.parametrize(
    ('age_s', 'text'),
    [
        pytest.param(3.2, 'are 3.2 s old: is the clock of the driver set?', id='late'),
        pytest.param(3600.0, '3600.0 s old', id='an hour old'),
        pytest.param(-3600.0, 's ahead: is the clock of the driver set?', id='an hour ahead'),
    ],
)
def test_a_stamp_that_is_far_from_the_clock_moves_nothing(age_s: float, text: str) -> None:
    """A wrong stamp makes a message unusable, and the cause and the log name it."""
    with robot(FED) as bridged, driver(bridged, 0.0) as arm:

        def act() -> None:
            arm.age_s = age_s
            arm.start()
            wait_for_cause(bridged, text)

        sending(bridged, act)

        assert not bridged.commands
        assert bridged.count('consuming', 'dropped_age') > 0
        wait_for(lambda: 'dropped: joint_states are' in bridged.bridge.output, 'the log')


def test_what_was_queued_does_not_count() -> None:
    """Messages that arrive together and are at least 0.6 s old are not used as the position."""
    with robot(ALONE) as bridged, driver(bridged, 0.0) as arm:

        def is_refused() -> bool:
            # All at once; the queue decides which of them the bridge receives first.
            for place in range(5):
                arm.age_s = 1.0 - 0.1 * place
                arm.publish()
            status = bridged.status('safety')
            return 'no usable joint_states: joint_states are ' in status and 's old' in status

        wait_for(is_refused, 'the cause to name the age')
        assert '-> active' not in bridged.bridge.output


@pytest.mark.parametrize(
    ('position', 'texts'),
    [
        pytest.param(
            3.0, ('j1 is outside its limits: measured 3.000 rad', 'limits [-2, 2]'), id='outside'
        ),
        pytest.param(
            0.03 + math.tau,
            ('j1 is one turn off: measured 6.313', 'limits [-2, 2]', 'joint_map.j1.offset'),
            id='one turn off',
        ),
    ],
)
def test_a_joint_outside_its_limits_is_not_moved(position: float, texts: tuple[str, ...]) -> None:
    """A joint outside its limits is not moved, at rest or in motion; the cause names it."""
    with robot(FED) as bridged, driver(bridged, position) as arm:

        def act() -> None:
            arm.start()
            wait_for_cause(bridged, 'waiting', *texts)
            assert not bridged.commands
            arm.position = 0.0
            wait_for_cause(bridged, 'active')
            arm.position = position
            wait_for_cause(bridged, 'holding', *texts)

        sending(bridged, act)

        assert all(abs(command.position[0]) <= 2.0 for command in bridged.commands)


@pytest.mark.parametrize(
    ('fields', 'reason', 'text'),
    [
        pytest.param(
            {'name': ['j1', 'j1'], 'position': [0.0, 0.0]},
            'duplicate',
            'JointState names a joint twice',
            id='a name twice',
        ),
        pytest.param(
            {'name': ['j1'], 'position': [0.0, 0.0]},
            'length',
            'JointState has 1 names and 2 positions',
            id='too many positions',
        ),
        pytest.param(
            {'position': [math.nan]}, 'nonfinite', 'j1 is measured at nan', id='no number'
        ),
        pytest.param(
            {'position': [], 'velocity': [0.0]},
            'empty',
            'JointState has no positions',
            id='velocities only',
        ),
    ],
)
@pytest.mark.parametrize('both', [False, True], ids=['one room', 'both rooms'])
def test_joint_states_that_cannot_be_used_are_named(
    fields: dict[str, Any], reason: str, text: str, both: bool
) -> None:
    """Unusable joint_states are counted, logged and shown as the cause, with a safe remedy."""
    more = {'produce.room_id': 'b'} if both else {}
    with robot({**ALONE, **more}) as bridged, driver(bridged, 0.0) as arm:

        def counts() -> bool:
            arm.publish(**fields)
            status = bridged.status('safety')
            return f'no usable joint_states: {text}' in status and 'require_feedback' not in status

        wait_for(counts, f'the cause to name {text!r}')
        wait_for(lambda: bridged.value('consuming', f'dropped_{reason}') not in ('', '0'), reason)
        wait_for(lambda: 'dropped: ' in bridged.bridge.output, 'the log')


def test_a_topic_that_nothing_publishes_on_is_named() -> None:
    """The cause has the topic's full name, and no remedy that would make the arm jump."""
    with robot(ALONE) as bridged:
        wait_for_cause(bridged, f'nothing publishes joint_states on /{NAMESPACE}/joint_states')

        assert 'require_feedback' not in bridged.status('safety')


def test_without_a_clock_nothing_that_is_stamped_counts() -> None:
    """With use_sim_time and no publisher of /clock, the age of a message is unknown."""
    with robot({**ALONE, 'use_sim_time': True}) as bridged, driver(bridged, 0.0) as arm:
        arm.start()
        wait_for_cause(bridged, 'the clock of this node is at 0', '/clock')
        arm.age_s = None
        wait_for_cause(bridged, 'waiting for a live update')
