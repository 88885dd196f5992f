# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""The lifecycle of the bridge, as a launch file or ``ros2 lifecycle`` uses it."""

from __future__ import annotations

import asyncio

import pytest

pytest.importorskip('rclpy', reason='rclpy is not here: it comes with ROS 2, or as wheels')

from lifecycle_msgs.msg import Transition
from support.robot import NAMESPACE, WORKSPACE, Robot, robot
from support.stopping import wait_for_stop
from support.waiting import ticks, wait_for

from lerobot_arena_ros import RoboticsConsumer, RoboticsProducer

PARAMETERS = {'consume.room_id': 'a', 'joints': ['j1']}


def participants(bridged: Robot, room: str) -> int:
    """Return the number of participants in a room."""
    info = asyncio.run(RoboticsConsumer(bridged.url).get_room_info(WORKSPACE, room))
    return int(info['participants']['total'])


async def wave(producer: RoboticsProducer) -> None:
    """Send different degrees until cancelled."""
    async for count in ticks(100.0):
        await producer.send_joint_update([{'name': 'j1', 'value': float(count % 45)}])


def test_without_autostart_it_waits_to_be_asked() -> None:
    """An unconfigured bridge is in no room; an inactive one is in it and commands nothing."""
    with robot({**PARAMETERS, 'autostart': False}) as bridged:
        assert bridged.state == 'unconfigured'
        assert bridged.status('consume link') == ''

        assert bridged.change_state(Transition.TRANSITION_CONFIGURE)
        bridged.wait_for_status('consume link', 'joined')
        bridged.wait_for_status('safety', 'waiting: inactive')

        assert bridged.change_state(Transition.TRANSITION_ACTIVATE)
        bridged.wait_for_status('safety', 'waiting: the room has no producer')


def test_deactivate_ends_commanding_and_keeps_the_link() -> None:
    """Deactivate ends commands although updates continue; activate permits them again."""
    with robot(PARAMETERS) as bridged:
        bridged.wait_for_status('consume link', 'joined')

        async def led(producer: RoboticsProducer) -> None:
            waving = asyncio.create_task(wave(producer))
            await asyncio.get_running_loop().run_in_executor(None, toggled)
            waving.cancel()

        def toggled() -> None:
            wait_for(lambda: bridged.commands, 'commands')
            assert bridged.change_state(Transition.TRANSITION_DEACTIVATE)
            bridged.wait_for_status('safety', 'waiting: inactive')
            before = bridged.value('consuming', 'commands')
            frames = bridged.value('consume link', 'heard_frames')
            wait_for(
                lambda: bridged.count('consume link', 'heard_frames') > int(frames) + 20,
                'more frames of the room',
            )
            assert bridged.value('consuming', 'commands') == before
            assert participants(bridged, 'a') == 2

            count = len(bridged.commands)
            assert bridged.change_state(Transition.TRANSITION_ACTIVATE)
            wait_for(lambda: len(bridged.commands) > count, 'commands again')

        bridged.lead('a', led)


def test_cleanup_leaves_the_room_and_configure_comes_back() -> None:
    """Cleanup leaves the room at once, and configure joins it again."""
    with robot(PARAMETERS) as bridged:
        bridged.wait_for_status('consume link', 'joined')

        assert bridged.change_state(Transition.TRANSITION_DEACTIVATE)
        assert bridged.change_state(Transition.TRANSITION_CLEANUP)
        wait_for(lambda: participants(bridged, 'a') == 0, 'the room to be left')
        assert bridged.change_state(Transition.TRANSITION_CONFIGURE)
        wait_for(lambda: participants(bridged, 'a') == 1, 'the room to be joined again')


def test_an_invalid_transition_is_refused_and_the_node_lives() -> None:
    """An invalid transition returns an error, and the node continues to run."""
    with robot(PARAMETERS) as bridged:
        bridged.wait_for_status('consume link', 'joined')

        assert not bridged.change_state(Transition.TRANSITION_CONFIGURE)
        assert not bridged.change_state(99)
        assert bridged.state == 'active'


def test_an_exception_in_a_transition_ends_in_a_safe_state() -> None:
    """The log has the traceback, the node runs on, and an emergency stop still works."""
    # The topic has another type already, so DDS raises an error during configure.
    bad = ('-r', 'joint_commands:=/parameter_events')
    with robot(PARAMETERS, *bad) as bridged:
        bridged.wait_for_log('cannot configure')
        bridged.wait_for_log('Traceback')
        assert bridged.state == 'unconfigured'
        assert not bridged.change_state(Transition.TRANSITION_CONFIGURE)
        assert bridged.state == 'unconfigured'
        assert not bridged.commands
        assert bridged.probe.call(NAMESPACE, 'trigger_emergency_stop').success
        wait_for(lambda: bridged.probe.stop_active[NAMESPACE][-1:] == [True], 'the stop')


def test_a_stop_survives_the_lifecycle() -> None:
    """Deactivate, cleanup and configure do not clear an emergency stop; only a reset does."""
    with robot(PARAMETERS) as bridged:
        bridged.wait_for_status('consume link', 'joined')
        assert bridged.probe.call(NAMESPACE, 'trigger_emergency_stop').success

        for transition in (
            Transition.TRANSITION_DEACTIVATE,
            Transition.TRANSITION_CLEANUP,
            Transition.TRANSITION_CONFIGURE,
            Transition.TRANSITION_ACTIVATE,
        ):
            assert bridged.change_state(transition)
        bridged.wait_for_status('safety', 'EMERGENCY STOP')
        wait_for_stop(bridged)

        assert bridged.probe.call(NAMESPACE, 'reset_emergency_stop').message == 'reset'
        bridged.wait_for_status('safety', 'waiting')
