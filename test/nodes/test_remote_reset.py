# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""A participant of the room requests a reset from a real bridge."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

pytest.importorskip('rclpy', reason='rclpy is not here: it comes with ROS 2, or as wheels')

from support.participant import Participant, running_participant
from support.robot import WORKSPACE, Robot, robot
from support.stopping import press_until_received, stop_publisher, wait_for_stop
from support.waiting import wait_for, within

from lerobot_arena_ros import RoboticsConsumer
from lerobot_arena_ros.arena.robot_state import RobotState

CONSUME = {'consume.room_id': 'a', 'joints': ['j1']}


@contextmanager
def viewer_of(*, is_allowed: bool) -> Iterator[tuple[Robot, Participant]]:
    """Have a bridge, and a viewer in its room that receives reports."""
    allowed = {'emergency_stop.allow_remote_reset': is_allowed}
    with robot({**CONSUME, **allowed}) as bridged:
        bridged.wait_for_status('consume link', 'joined')
        client = RoboticsConsumer(bridged.url)
        with running_participant(client, WORKSPACE, 'a', 'viewer', sees_robots=True) as viewer:
            wait_for(lambda: viewer.states, 'the state of the robot')
            yield bridged, viewer


def latest(viewer: Participant) -> RobotState:
    """Return the newest state that the viewer received."""
    _, state = viewer.states[-1]
    assert state is not None
    return state


def robot_id(bridged: Robot) -> str:
    """Return the bridge's participant id in the room."""
    return bridged.value('consume link', 'participant_id')


def stop_id(viewer: Participant) -> str:
    """Return the id of the latched stop in the report; empty where there is none."""
    stop = latest(viewer).stop
    return '' if stop is None else stop.id


def test_a_reset_from_the_room_is_done_where_it_is_allowed() -> None:
    """The report shows that a reset is allowed, and after it that there is no stop."""
    with viewer_of(is_allowed=True) as (bridged, viewer):
        viewer.stop('smoke')
        wait_for_stop(bridged)
        wait_for(lambda: latest(viewer).gate == 'stopped', 'the state "stopped"')
        stopped = latest(viewer)

        viewer.request_reset(robot_id(bridged), stop_id(viewer))
        wait_for_stop(bridged, False)
        wait_for(lambda: latest(viewer).stop is None, 'the state without a stop')

        assert stopped.can_reset
        assert stopped.stop is not None
        assert stopped.stop.reason == 'smoke'
        assert stopped.stop.source == 'viewer in the consume room'
        assert latest(viewer).gate != 'stopped'
        assert latest(viewer).reset_refusal is None
        asked = '(requested by viewer in the consume room)'
        wait_for(lambda: asked in bridged.bridge.output, 'the log line')


def test_a_reset_from_the_room_does_nothing_where_it_is_not_allowed() -> None:
    """By default the server lists no robot with remote reset, and the bridge stays stopped."""
    with viewer_of(is_allowed=False) as (bridged, viewer):
        viewer.stop('smoke')
        wait_for_stop(bridged)
        wait_for(lambda: latest(viewer).gate == 'stopped', 'the state "stopped"')
        count = len(viewer.states)

        viewer.request_reset(robot_id(bridged), stop_id(viewer))
        wait_for(lambda: any('robot' in text.lower() for text in viewer.errors), 'the refusal')
        wait_for(lambda: len(viewer.states) > count + 3, 'more states')

        assert not latest(viewer).can_reset
        assert latest(viewer).gate == 'stopped'
        assert latest(viewer).reset_refusal is None
        assert bridged.value('safety', 'emergency_stop') == 'True'


def test_a_reset_that_names_another_stop_is_refused() -> None:
    """A delayed request must not reset a later stop."""
    with viewer_of(is_allowed=True) as (bridged, viewer):
        viewer.stop('smoke')
        wait_for_stop(bridged)
        wait_for(lambda: latest(viewer).stop is not None, 'the state with a stop')
        earlier = stop_id(viewer)
        viewer.request_reset(robot_id(bridged), earlier)
        wait_for_stop(bridged, False)
        viewer.stop('more smoke')
        wait_for_stop(bridged)

        viewer.request_reset(robot_id(bridged), earlier)
        wait_for(lambda: latest(viewer).reset_refusal is not None, 'the refusal')

        assert 'names another stop' in str(latest(viewer).reset_refusal)
        assert latest(viewer).gate == 'stopped'
        assert stop_id(viewer) != earlier


def test_a_second_stop_cancels_a_requested_reset() -> None:
    """A second stop cancels a reset that was requested before it and not performed yet."""
    with viewer_of(is_allowed=True) as (bridged, viewer):

        def is_cancelled() -> bool:
            """Return False if the reset was performed before the second stop arrived."""
            before = latest(viewer).stop
            viewer.stop('smoke')
            wait_for(lambda: latest(viewer).stop not in (None, before), 'the first stop')
            earlier = stop_id(viewer)
            viewer.request_reset(robot_id(bridged), earlier)
            viewer.stop('more smoke')
            wait_for(
                lambda: latest(viewer).gate == 'stopped' and stop_id(viewer) != earlier,
                'the second stop',
            )
            is_refused = within(lambda: latest(viewer).reset_refusal is not None, 3.0)
            assert latest(viewer).gate == 'stopped'
            return is_refused

        wait_for(is_cancelled, 'a reset that was cancelled')


def test_a_reset_from_the_room_is_refused_while_the_topic_asserts_a_stop() -> None:
    """The report has the reason; after the topic is false the same request succeeds."""
    with viewer_of(is_allowed=True) as (bridged, viewer):
        button = stop_publisher(bridged, 'reliable')
        press_until_received(bridged, button)
        wait_for(lambda: latest(viewer).gate == 'stopped', 'the state "stopped"')

        viewer.request_reset(robot_id(bridged), stop_id(viewer))
        wait_for(lambda: latest(viewer).reset_refusal is not None, 'the refusal')
        assert 'is still true' in str(latest(viewer).reset_refusal)
        assert latest(viewer).gate == 'stopped'

        bridged.probe.destroy(button)
        wait_for(lambda: ask_again(bridged, viewer), 'the reset')
        assert latest(viewer).reset_refusal is None


def ask_again(bridged: Robot, viewer: Participant) -> bool:
    """Request a reset, check the next reports, and return whether it was done."""
    count = len(viewer.states)
    viewer.request_reset(robot_id(bridged), stop_id(viewer))
    wait_for(lambda: len(viewer.states) > count + 6, 'more states')
    return latest(viewer).stop is None
