"""What a bridge leaves behind when it is configured and cleaned up again and again: nothing."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

pytest.importorskip('rclpy', reason='rclpy is not here: it comes with ROS 2, or as wheels')

from lifecycle_msgs.msg import Transition
from support.robot import NAMESPACE, Robot, robot
from support.waiting import wait_for

CYCLE = (
    Transition.TRANSITION_CONFIGURE,
    Transition.TRANSITION_ACTIVATE,
    Transition.TRANSITION_DEACTIVATE,
    Transition.TRANSITION_CLEANUP,
)
CYCLES = 15


def entities(bridged: Robot) -> list[str]:
    """List the topics and services of the bridge as the graph knows them."""
    node = bridged.probe.node
    name = ('arena_bridge', f'/{NAMESPACE}')
    return sorted(
        f'{kind} {topic}'
        for kind, found in (
            ('publisher', node.get_publisher_names_and_types_by_node(*name)),
            ('subscription', node.get_subscriber_names_and_types_by_node(*name)),
            ('service', node.get_service_names_and_types_by_node(*name)),
        )
        for topic, _ in found
    )


def held(bridged: Robot) -> tuple[int, int]:
    """Count the threads and open files of the bridge's process."""
    process = Path('/proc') / str(bridged.bridge.pid)
    return len(os.listdir(process / 'task')), len(os.listdir(process / 'fd'))


def cycle(bridged: Robot) -> None:
    """Go through all states, joined in between."""
    for transition in CYCLE:
        if transition == Transition.TRANSITION_DEACTIVATE:
            for side in ('produce', 'consume'):
                bridged.wait_for_status(f'{side} link', 'joined')
        assert bridged.change_state(transition)


def test_configuring_again_and_again_leaves_nothing_behind() -> None:
    """Threads, files and DDS entities are as many after many cycles as after two."""
    parameters = {
        'produce.room_id': 'out',
        'consume.room_id': 'in',
        'joints': ['j1'],
        'autostart': False,
    }
    with robot(parameters) as bridged:
        bridged.wait_for_status('mapping', '1 joints')
        for _ in range(2):
            cycle(bridged)
        known, (threads, files) = entities(bridged), held(bridged)

        for _ in range(CYCLES):
            cycle(bridged)

        wait_for(lambda: entities(bridged) == known, 'the entities to be gone')
        wait_for(
            lambda: held(bridged)[0] <= threads and held(bridged)[1] <= files,
            f'{threads} threads and {files} files, not more',
        )
