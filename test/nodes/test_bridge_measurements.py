"""Measurements that must not be believed: who sends them, what the bridge says, what it does."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
import math
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
"""So that nothing comes before the measurements in the gate's cause."""


def says(bridged: Robot, *texts: str) -> None:
    """Wait until the gate's cause has all of these."""
    wait_for(
        lambda: all(text in bridged.status('safety') for text in texts),
        f'the cause to say {texts}',
        20.0,
    )


def pressing(bridged: Robot, act: Callable[[], None], *, degrees: float = 10.0) -> None:
    """Act while a producer sends j1 somewhere at 50 Hz."""
    bridged.wait_for_status('consume link', 'joined')

    async def lead(producer: RoboticsProducer) -> None:
        async def press() -> None:
            async for count in ticks(RATE_HZ):
                value = degrees + count % 2 * 1e-6
                await producer.send_joint_update([{'name': 'j1', 'value': value}])

        task = asyncio.create_task(press())
        acting: Awaitable[None] = asyncio.get_running_loop().run_in_executor(None, act)
        await acting
        task.cancel()

    bridged.lead('a', lead)


def test_two_publishers_that_contradict_each_other_freeze_the_arm() -> None:
    """A GUI at zero beside the driver: both are named, and alone the driver is believed again."""
    with robot(FED) as bridged, driver(bridged, 1.52) as arm:

        def act() -> None:
            arm.start()
            says(bridged, 'active')
            with driver(bridged, 0.0, name='gui') as gui:
                gui.start()
                says(
                    bridged,
                    'joint_states contradict themselves: j1 jumped by 1.5',
                    f'; published by /{NAMESPACE}/driver, /{NAMESPACE}/gui',
                )
                count = len(bridged.commands)
                heard = int(bridged.value('consume link', 'heard_frames'))
                wait_for(
                    lambda: int(bridged.value('consume link', 'heard_frames')) > heard + 50,
                    'the room to be heard further',
                )
                assert len(bridged.commands) == count
            says(bridged, 'active')

        pressing(bridged, act, degrees=80.0)

        assert all(command.position[0] > 1.0 for command in bridged.commands)
        assert int(bridged.value('consuming', 'dropped_contradiction')) > 0


def test_a_joint_that_comes_back_far_away_freezes_the_arm() -> None:
    """An encoder that was frozen jumps; motion begins anew where it is, after half a second."""
    with robot(FED) as bridged, driver(bridged, 0.0) as arm:

        def act() -> None:
            arm.start()
            says(bridged, 'active')
            arm.position = 1.5
            says(bridged, 'active')
            wait_for(
                lambda: 'j1 jumped by 1.5 rad' in bridged.bridge.output, 'the jump in the log'
            )
            wait_for(lambda: bridged.commands[-1].position[0] > 1.3, 'motion from there')

        pressing(bridged, act)


@pytest.mark.parametrize(
    ('age_s', 'text'),
    [
        pytest.param(3.2, 'are 3.2 s old: is the clock of the driver set?', id='late'),
        pytest.param(3600.0, '3600.0 s old', id='an hour old'),
        pytest.param(-3600.0, 's ahead: is the clock of the driver set?', id='an hour ahead'),
    ],
)
def test_a_stamp_that_is_far_from_the_clock_moves_nothing(age_s: float, text: str) -> None:
    """Whatever the age of the arrival; the cause and the log name it."""
    with robot(FED) as bridged, driver(bridged, 0.0) as arm:

        def act() -> None:
            arm.age_s = age_s
            arm.start()
            says(bridged, text)

        pressing(bridged, act)

        assert not bridged.commands
        assert int(bridged.value('consuming', 'dropped_age')) > 0
        wait_for(lambda: 'dropped: joint_states are' in bridged.bridge.output, 'the log')


def test_what_was_queued_does_not_count() -> None:
    """Messages that come at once, the newest of them 0.6 s old, do not say where the arm is."""
    with robot(ALONE) as bridged, driver(bridged, 0.0) as arm:

        def is_refused() -> bool:
            # All at once; which of them the bridge gets first is a matter of its queue.
            for place in range(5):
                arm.age_s = 1.0 - 0.1 * place
                arm.publish()
            said = bridged.status('safety')
            return 'no usable joint_states: joint_states are ' in said and 's old' in said

        wait_for(is_refused, 'the cause to name the age', 20.0)
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
    """Neither at the beginning nor in motion, and the cause says where it is measured."""
    with robot(FED) as bridged, driver(bridged, position) as arm:

        def act() -> None:
            arm.start()
            says(bridged, 'waiting', *texts)
            assert not bridged.commands
            arm.position = 0.0
            says(bridged, 'active')
            arm.position = position
            says(bridged, 'holding', *texts)

        pressing(bridged, act)

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
@pytest.mark.parametrize('both', [False, True], ids=['one side', 'both sides'])
def test_joint_states_that_cannot_be_used_are_named(
    fields: dict[str, Any], reason: str, text: str, both: bool
) -> None:
    """Counted, logged, and the cause of the gate; it never advises to do without."""
    more = {'produce.room_id': 'b'} if both else {}
    with robot({**ALONE, **more}) as bridged, driver(bridged, 0.0) as arm:

        def counts() -> bool:
            arm.publish(**fields)
            said = bridged.status('safety')
            return f'no usable joint_states: {text}' in said and 'require_feedback' not in said

        wait_for(counts, f'the cause to name {text!r}', 20.0)
        wait_for(lambda: bridged.value('consuming', f'dropped_{reason}') not in ('', '0'), reason)
        wait_for(lambda: 'dropped: ' in bridged.bridge.output, 'the log')


def test_a_topic_that_nothing_publishes_on_is_named() -> None:
    """The cause gives its full name and no advice that would make the arm jump."""
    with robot(ALONE) as bridged:
        says(bridged, f'nothing publishes joint_states on /{NAMESPACE}/joint_states')

        assert 'require_feedback' not in bridged.status('safety')


def test_without_a_clock_nothing_that_is_stamped_counts() -> None:
    """With use_sim_time and nothing on /clock no age is known."""
    with robot({**ALONE, 'use_sim_time': True}) as bridged, driver(bridged, 0.0) as arm:
        arm.start()
        says(bridged, 'the clock of this node is at 0', '/clock')
        arm.age_s = None
        says(bridged, 'waiting for a live update')
