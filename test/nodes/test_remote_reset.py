"""A participant of the room asks a real bridge for a reset: what is done, and what is told."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

pytest.importorskip('rclpy', reason='rclpy is not here: it comes with ROS 2, or as wheels')

from support.participant import Participant, running_participant
from support.robot import WORKSPACE, Robot, robot
from support.stopping import press_until_heard, stop_publisher, wait_for_stop
from support.waiting import wait_for

from lerobot_arena_ros import RoboticsConsumer
from lerobot_arena_ros.arena.robot_state import RobotState

CONSUME = {'consume.room_id': 'a', 'joints': ['j1']}


@contextmanager
def viewer_of(*, is_allowed: bool) -> Iterator[tuple[Robot, Participant]]:
    """Have a bridge, and a viewer in its room that sees robots."""
    allowed = {'emergency_stop.allow_remote_reset': is_allowed}
    with robot({**CONSUME, **allowed}) as bridged:
        bridged.wait_for_status('consume link', 'joined')
        client = RoboticsConsumer(bridged.url)
        with running_participant(client, WORKSPACE, 'a', 'viewer', sees_robots=True) as viewer:
            wait_for(lambda: viewer.states, 'the state of the robot')
            yield bridged, viewer


def latest(viewer: Participant) -> RobotState:
    """Return the newest state that the viewer was told."""
    _, state = viewer.states[-1]
    assert state is not None
    return state


def robot_id(bridged: Robot) -> str:
    """Return under which id the bridge is in the room."""
    return bridged.value('consume link', 'participant_id')


def stop_id(viewer: Participant) -> str:
    """Return which stop the robot says that it has latched; empty where it has none."""
    stop = latest(viewer).stop
    return '' if stop is None else stop.id


def test_a_reset_from_the_room_is_done_where_it_is_allowed() -> None:
    """The state tells that it is allowed, and then that the stop is gone."""
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
        asked = '(asked by viewer in the consume room)'
        wait_for(lambda: asked in bridged.bridge.output, 'the log line')


def test_a_reset_from_the_room_does_nothing_where_it_is_not_allowed() -> None:
    """The default: the server knows no robot that could be reset, and the bridge stays stopped."""
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
    """A request that was held up on its way must not reset a stop that came after it."""
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


def test_a_second_press_voids_a_reset_that_was_asked_for_before_it() -> None:
    """Of two people one asks for a reset, and the other presses again before it is done."""
    with viewer_of(is_allowed=True) as (bridged, viewer):
        viewer.stop('smoke')
        wait_for_stop(bridged)
        wait_for(lambda: latest(viewer).stop is not None, 'the state with a stop')
        earlier = stop_id(viewer)

        viewer.request_reset(robot_id(bridged), earlier)
        viewer.stop('more smoke')
        wait_for(lambda: latest(viewer).reset_refusal is not None, 'the refusal')

        assert latest(viewer).gate == 'stopped'
        assert stop_id(viewer) != earlier


def test_a_reset_from_the_room_is_refused_while_the_topic_asserts_a_stop() -> None:
    """The state tells why; after the button is released the same request succeeds."""
    with viewer_of(is_allowed=True) as (bridged, viewer):
        button = stop_publisher(bridged, 'reliable')
        press_until_heard(bridged, button)
        wait_for(lambda: latest(viewer).gate == 'stopped', 'the state "stopped"')

        viewer.request_reset(robot_id(bridged), stop_id(viewer))
        wait_for(lambda: latest(viewer).reset_refusal is not None, 'the refusal')
        assert 'is still true' in str(latest(viewer).reset_refusal)
        assert latest(viewer).gate == 'stopped'

        bridged.probe.node.destroy_publisher(button)
        wait_for(lambda: ask_again(bridged, viewer), 'the reset', 20.0)
        assert latest(viewer).reset_refusal is None


def ask_again(bridged: Robot, viewer: Participant) -> bool:
    """Ask for a reset, see what the next states tell, and say whether it was done."""
    count = len(viewer.states)
    viewer.request_reset(robot_id(bridged), stop_id(viewer))
    wait_for(lambda: len(viewer.states) > count + 6, 'more states')
    return latest(viewer).stop is None
