"""
Whatever is not sent or not commanded says why in one sentence, within three seconds.

The log, /diagnostics and the room have the same one, which comes from one place.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
import math
import re
import threading
import time
from typing import Any

import pytest

pytest.importorskip('rclpy', reason='rclpy is not here: it comes with ROS 2, or as wheels')

from builtin_interfaces.msg import Time as TimeMsg
from lifecycle_msgs.msg import Transition
from sensor_msgs.msg import JointState
from support.driver import Driver, driver
from support.robot import NAMESPACE, WORKSPACE, Robot, robot
from support.waiting import wait_for

from lerobot_arena_ros import RoboticsConsumer
from lerobot_arena_ros.arena.robot_state import RobotState

TWO = ['j1', 'j2']
BOTH = {
    'consume.room_id': 'a',
    'produce.room_id': 'b',
    'joints': TWO,
    'consume.require_feedback': 'always',
}
WITHIN_S = 3.0
SLACK_S = 1.5
"""What a busy machine may add to three seconds."""


@dataclass
class Fault:
    """
    Something that goes wrong with a bridge that has both sides and a driver.

    :param happen: makes it go wrong, after all has gone well for a moment.
    :param sends: what is said of what is not sent; None = that goes on.
    :param commands: the same of commands.
    :param severity: how the log has it.
    :param is_in_room: whether the room can be told.
    """

    happen: Callable[[Robot, Driver], object]
    sends: str | None = None
    commands: str | None = None
    severity: str = 'WARN'
    is_in_room: bool = True
    parameters: dict[str, Any] = field(default_factory=dict)


def publishes(**attributes: Any) -> Callable[[Robot, Driver], None]:
    """Have the driver go on otherwise."""

    def happen(_: Robot, arm: Driver) -> None:
        for name, value in attributes.items():
            setattr(arm, name, value)

    return happen


def freeze_stamps(bridged: Robot, arm: Driver) -> None:
    """Repeat the present stamp."""
    arm.stamp = bridged.probe.node.get_clock().now().to_msg()


def command_too(bridged: Robot, _: Driver) -> None:
    """Have another node on the command topic."""
    bridged.probe.node.create_publisher(JointState, f'/{NAMESPACE}/joint_commands', 1)


def deactivate(bridged: Robot, _: Driver) -> None:
    """Let nothing through."""
    assert bridged.change_state(Transition.TRANSITION_DEACTIVATE)


UNPUBLISHED = 'nothing publishes joint_states on /robot/joint_states: start the driver'
AHEAD = 'joint_states are # s ahead: is the clock of the driver set?'
OLD = 'joint_states are # s old: is the clock of the driver set?'

FAULTS = {
    'driver silent': Fault(
        publishes(is_silent=True),
        sends='no joint_states for # s: check the driver',
        commands='no fresh joint_states of j1, j2: check the driver',
    ),
    'driver gone': Fault(lambda _, arm: arm.end(), sends=UNPUBLISHED, commands=UNPUBLISHED),
    'NaN only': Fault(
        publishes(fields={'name': TWO, 'position': [math.nan, math.nan]}),
        sends='j1 is measured at nan: check',
        commands='no usable joint_states: j2 is measured at nan: check',
    ),
    'NaN of one joint': Fault(
        publishes(fields={'name': TWO, 'position': [0.0, math.nan]}),
        sends='j2 is measured at nan: check',
        commands='no usable joint_states: j2 is measured at nan: check',
    ),
    'one joint silent': Fault(
        publishes(fields={}),
        sends='no joint_states of j2 for # s, so that the last position is sent: check',
        commands='no fresh joint_states of j2: check the driver',
    ),
    'stamps ahead': Fault(
        publishes(age_s=-3600.0), sends=AHEAD, commands=f'no usable joint_states: {AHEAD}'
    ),
    'stamps of an earlier simulation': Fault(
        publishes(stamp=TimeMsg(sec=100)), sends=OLD, commands=f'no usable joint_states: {OLD}'
    ),
    'a stamp that is repeated': Fault(
        freeze_stamps, sends=OLD, commands=f'no usable joint_states: {OLD}'
    ),
    'server gone': Fault(
        lambda bridged, _: bridged.proxy.cut(),
        sends='not in the room: ',
        commands='not in the room: ',
        is_in_room=False,
    ),
    'no producer': Fault(
        lambda *_: None,
        commands='the room has no producer: start the leader',
        severity='INFO',
        parameters={'consume.require_producer': True},
    ),
    'another publisher': Fault(
        command_too,
        commands='another node publishes on /robot/joint_commands: /probe; end it',
        parameters={'consume.allow_other_publishers': False},
    ),
    'no robot_description': Fault(
        lambda *_: None,
        commands='limits of j1, j2 are unknown: publish a robot_description',
        parameters={'consume.require_limits': 'always'},
    ),
    'inactive': Fault(
        deactivate,
        sends='inactive: activate the node',
        commands='inactive: activate the node',
        severity='INFO',
    ),
}


def plain(text: str) -> str:
    """Leave out numbers, which change all the time, but not those of names."""
    return re.sub(r'(?<![\w/])\d+(\.\d+)?(?!\w)', '#', text)


def without_age(text: str) -> str:
    """Leave out when the last command was."""
    return text.removesuffix(' (last command # s ago)')


def logged(bridged: Robot, start: str) -> list[tuple[str, float, str]]:
    """List severity, time and text of the log lines that begin so."""
    pattern = re.compile(r'\[(\w+)\] \[([\d.]+)\] \[.*?\]: (.*)')
    found = (pattern.match(line) for line in bridged.bridge.output.splitlines())
    lines = [(each[1], float(each[2]), plain(each[3])) for each in found if each is not None]
    return [line for line in lines if line[2].startswith(start)]


@contextmanager
def viewing(bridged: Robot) -> Iterator[Callable[[], str]]:
    """Watch the consumed room; gives what it was told last about why the robot stands still."""
    causes = ['']
    is_over = threading.Event()

    def note(_: str, state: RobotState | None) -> None:
        causes[0] = '' if state is None else plain(state.cause)

    async def watch() -> None:
        async with RoboticsConsumer(bridged.url) as viewer:
            viewer.on_robot_state(note)
            assert await viewer.connect(WORKSPACE, 'a')
            await asyncio.get_running_loop().run_in_executor(None, is_over.wait)

    thread = threading.Thread(target=lambda: asyncio.run(watch()))
    thread.start()
    try:
        yield lambda: causes[0]
    finally:
        is_over.set()
        thread.join()


def says_so(bridged: Robot, status: str, text: str, fault: Fault, since: float) -> str:
    """Wait until the log and a status have the same sentence, and return it."""
    wait_for(lambda: logged(bridged, text), f'{text!r} in the log', 10.0)
    severity, logged_at, line = logged(bridged, text)[0]
    assert severity == fault.severity
    assert logged_at - since <= WITHIN_S + SLACK_S
    wait_for(
        lambda: plain(bridged.status(status)) == line,
        f'{status} to say {line!r}, not {plain(bridged.status(status))!r}',
    )
    return line


@pytest.mark.parametrize('name', FAULTS)
def test_log_diagnostics_and_room_have_the_same_sentence(name: str) -> None:
    """Within three seconds of the fault, and with what to do about it."""
    fault = FAULTS[name]
    given = {**BOTH, 'consume.require_producer': False, **fault.parameters}
    with robot(given) as bridged, driver(bridged, 0.0) as arm:
        arm.fields = {'name': TWO, 'position': [0.0, 0.0]}
        arm.start()
        bridged.wait_for_status('producing', 'sending')
        bridged.wait_for_status('consume link', 'joined')
        with viewing(bridged) as seen:
            wait_for(seen, 'the room to hear of the robot')
            since = time.time()
            fault.happen(bridged, arm)
            if fault.sends is not None:
                prefix = '' if name == 'one joint silent' else 'nothing is sent: '
                says_so(bridged, 'producing', f'{prefix}{fault.sends}', fault, since)
            if fault.commands is not None:
                said = f'commands do not flow: {fault.commands}'
                line = says_so(bridged, 'consuming', said, fault, since)
                if fault.is_in_room:
                    wait_for(
                        lambda: seen() == without_age(line).removeprefix('commands do not flow: '),
                        f'the room to say {line!r}',
                    )
