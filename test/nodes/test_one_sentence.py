# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""
A robot that is not commanded, or a producer that sends nothing, has one cause within 3 s.

The log, /diagnostics and the room show the same sentence, which one place produces.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
import math
import re
import threading
import time
from typing import Any

import pytest

pytest.importorskip('rclpy', reason='rclpy is not here: it comes with ROS 2, or as wheels')

from builtin_interfaces.msg import Time as TimeMsg
from lifecycle_msgs.msg import Transition
from rclpy.time import Time
from rosgraph_msgs.msg import Clock
from sensor_msgs.msg import JointState
from support.driver import Driver, driver
from support.leading import in_thread, leading, send, until
from support.robot import NAMESPACE, WORKSPACE, Robot, robot
from support.waiting import wait_for

from lerobot_arena_ros import RoboticsConsumer, RoboticsProducer
from lerobot_arena_ros.arena.robot_state import RobotState

TWO = ['j1', 'j2']
BOTH = {
    'consume.room_id': 'a',
    'produce.room_id': 'b',
    'joints': TWO,
    'consume.require_feedback': 'always',
}
WITHIN_S = 3.0
SLACK_S = 5.0
"""Additional time for a busy machine."""


@dataclass
class Fault:
    """
    A fault of a bridge that has a producer, a consumer and a driver.

    :param happen: causes the fault, after a moment of normal operation.
    :param sends: the cause for the producer; None = it continues to send.
    :param commands: the same for commands.
    :param severity: of the line in the log.
    :param is_in_room: whether the room can receive the cause.
    """

    happen: Callable[[Robot, Driver], object]
    sends: str | None = None
    commands: str | None = None
    severity: str = 'WARN'
    is_in_room: bool = True
    parameters: dict[str, Any] = field(default_factory=dict)


def publishes(**attributes: Any) -> Callable[[Robot, Driver], None]:
    """Return a fault after which the driver publishes differently."""

    def happen(_: Robot, arm: Driver) -> None:
        for name, value in attributes.items():
            setattr(arm, name, value)

    return happen


def freeze_stamps(bridged: Robot, arm: Driver) -> None:
    """Make the driver repeat the current stamp."""
    arm.stamp = bridged.probe.node.get_clock().now().to_msg()


def command_too(bridged: Robot, _: Driver) -> None:
    """Create another node on the command topic."""
    bridged.probe.node.create_publisher(JointState, f'/{NAMESPACE}/joint_commands', 1)


def deactivate(bridged: Robot, _: Driver) -> None:
    """Deactivate the bridge."""
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
        sends="no usable position of 'j1' (measured at nan), 'j2' (measured at nan): check",
        commands='no usable joint_states: j2 is measured at nan: check',
    ),
    'NaN of one joint': Fault(
        publishes(fields={'name': TWO, 'position': [0.0, math.nan]}),
        sends="left out of what is sent: 'j2' (measured at nan)",
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
    """Remove the numbers, which change all the time, but not those of names."""
    return re.sub(r'(?<![\w/])\d+(\.\d+)?(?!\w)', '#', text)


def without_age(text: str) -> str:
    """Remove the time since the last command."""
    return text.removesuffix(' (last command # s ago)')


def logged(bridged: Robot, start: str) -> list[tuple[str, float, str]]:
    """Return severity, time and text of the log lines with this prefix."""
    pattern = re.compile(r'\[(\w+)\] \[([\d.]+)\] \[.*?\]: (.*)')
    found = (pattern.match(line) for line in bridged.bridge.output.splitlines())
    lines = [(each[1], float(each[2]), plain(each[3])) for each in found if each is not None]
    return [line for line in lines if line[2].startswith(start)]


class SimulatedClock:
    """
    A simulation's publisher of /clock.

    :ivar time_s: the published time.
    """

    def __init__(self, bridged: Robot) -> None:
        self.time_s = 100.0
        self._publisher = bridged.probe.node.create_publisher(Clock, '/clock', 10)
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def _run(self) -> None:
        while not self._is_over.wait(0.01):
            self.time_s += 0.01
            self._publisher.publish(Clock(clock=Time(nanoseconds=int(self.time_s * 1e9)).to_msg()))

    def __enter__(self) -> SimulatedClock:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._is_over.set()
        self._thread.join()


@contextmanager
def viewing(bridged: Robot) -> Iterator[Callable[[], str]]:
    """
    Watch the consumed room; yields the cause that the room received last.

    The bridge creates the room, so that a client can join only after the bridge has joined.
    """
    bridged.wait_for_status('consume link', 'joined')
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


def same_sentence(bridged: Robot, status: str, text: str, fault: Fault, since: float) -> str:
    """Wait until the log and a status have the same sentence, and return it."""

    def both() -> list[tuple[str, float, str]]:
        return [line for line in logged(bridged, text) if line[2] == plain(bridged.status(status))]

    wait_for(both, f'{text!r} in the log and in {status}')
    severity, logged_at, line = both()[0]
    assert severity == fault.severity
    assert logged_at - since <= WITHIN_S + SLACK_S
    return line


@pytest.mark.parametrize('name', FAULTS)
def test_log_diagnostics_and_room_have_the_same_sentence(name: str) -> None:
    """Within three seconds of a fault, all three show the cause and the remedy."""
    fault = FAULTS[name]
    given = {**BOTH, 'consume.require_producer': False, **fault.parameters}
    with robot(given) as bridged, driver(bridged, 0.0) as arm:
        arm.fields = {'name': TWO, 'position': [0.0, 0.0]}
        arm.start()
        bridged.wait_for_status('producing', 'sending')
        bridged.wait_for_status('consume link', 'joined')
        with viewing(bridged) as seen:
            wait_for(seen, 'the report in the room')
            since = time.time()
            fault.happen(bridged, arm)
            if fault.sends is not None:
                goes_on = name in ('one joint silent', 'NaN of one joint')
                prefix = '' if goes_on else 'nothing is sent: '
                same_sentence(bridged, 'producing', f'{prefix}{fault.sends}', fault, since)
            if fault.commands is not None:
                text = f'commands do not flow: {fault.commands}'
                line = same_sentence(bridged, 'consuming', text, fault, since)
                if fault.is_in_room:
                    wait_for(
                        lambda: seen() == without_age(line).removeprefix('commands do not flow: '),
                        f'the room to have {line!r}',
                    )


def test_a_robot_without_a_command_subscriber_is_reported() -> None:
    """The gate is active, but without a subscriber the robot does not move."""
    given = {'consume.room_id': 'a', 'joints': ['j1'], 'units': 'radians'}
    with robot(given) as bridged, viewing(bridged) as seen:

        async def act(producer: RoboticsProducer) -> None:
            await send(producer, j1=0.1)
            await until(bridged, [0.1])
            await in_thread(unsubscribe)

        def unsubscribe() -> None:
            (commands,) = (
                s for s in bridged.probe.node.subscriptions if 'joint_commands' in s.topic
            )
            since = time.time()
            bridged.probe.destroy(commands)
            cause = 'nothing subscribes to /robot/joint_commands: start the controller of the'
            fault = Fault(lambda *_: None)
            line = same_sentence(
                bridged, 'consuming', f'commands do not flow: {cause}', fault, since
            )
            wait_for(lambda: seen().startswith(cause), 'the cause in the room')
            assert without_age(line).endswith(seen())
            assert bridged.status('safety') == f'active: {seen()}'

        leading(bridged, act)


def is_logged(bridged: Robot, text: str) -> bool:
    """Return whether the log has this text."""
    return text in bridged.bridge.output


def test_a_link_has_the_same_text_in_log_and_diagnostics() -> None:
    """The producer and the consumer of that link repeat the cause."""
    with robot({**BOTH, 'create_missing_rooms': 'none'}) as bridged:
        for role, does in (
            ('produce', 'nothing is sent'),
            ('consume', 'commands do not flow'),
        ):
            bridged.wait_for_status(f'{role} link', 'there is no such room; create it in the')
            text = bridged.status(f'{role} link')
            assert text.endswith('; trying until it works')
            wait_for(partial(is_logged, bridged, f'{role}: {text}'), 'the line of the link')
            status = 'producing' if role == 'produce' else 'consuming'
            bridged.wait_for_status(status, f'{does}: {text}')
            wait_for(
                partial(is_logged, bridged, f'{does}: {text}'),
                'the line of the producer or consumer',
            )


def test_a_clock_that_nothing_publishes_is_named_for_both_rooms() -> None:
    """With use_sim_time and no /clock, no age is known, so stamped messages are unusable."""
    given = {**BOTH, 'use_sim_time': True, 'consume.require_producer': False}
    with robot(given) as bridged, driver(bridged, 0.0) as arm:
        arm.fields = {'name': TWO, 'position': [0.0, 0.0]}
        arm.start()
        for status in ('producing', 'consuming'):
            bridged.wait_for_status(status, 'the clock of this node is at 0')
        assert bridged.value('producing', 'sent') == '0'
        assert bridged.count('producing', 'dropped_age') > 0


def test_old_stamps_after_a_reset_of_a_simulation_are_dropped_until_clocks_agree() -> None:
    """The driver repeats stamps from before the reset, which producer and consumer drop."""
    given = {**BOTH, 'use_sim_time': True, 'consume.require_producer': False}
    with (
        robot(given) as bridged,
        driver(bridged, 0.0) as arm,
        SimulatedClock(bridged) as clock,
    ):
        arm.fields = {'name': TWO, 'position': [0.0, 0.0]}
        arm.clock = lambda: clock.time_s
        arm.start()
        bridged.wait_for_status('producing', 'sending')
        bridged.wait_for_status('consuming', 'waiting for a live update')

        arm.clock = lambda: 100.0
        clock.time_s = 1.0
        for status in ('producing', 'consuming'):
            bridged.wait_for_status(status, 's ahead: is the clock of the driver set?')
        sent = bridged.value('producing', 'sent')
        dropped = bridged.count('producing', 'dropped_age')
        wait_for(lambda: bridged.count('producing', 'dropped_age') > dropped + 50, 'more of them')
        assert bridged.value('producing', 'sent') == sent

        arm.clock = lambda: clock.time_s
        bridged.wait_for_status('producing', 'sending')
        bridged.wait_for_status('consuming', 'waiting for a live update')


def test_publishers_that_contradict_each_other_are_named_at_once() -> None:
    """The line with the end of the motion names the publishers."""
    given = {
        'consume.room_id': 'a',
        'joints': ['j1'],
        'units': 'radians',
        'consume.require_feedback': 'always',
    }
    with robot(given) as bridged, driver(bridged, 0.0) as arm:
        arm.start()

        async def act(producer: RoboticsProducer) -> None:
            await in_thread(lambda: bridged.wait_for_status('safety', 'waiting for a live'))
            await send(producer, j1=0.0)
            await in_thread(lambda: bridged.wait_for_status('safety', 'active'))
            await in_thread(contradict)

        def contradict() -> None:
            with driver(bridged, 1.5, name='gui') as gui:
                gui.start()
                line = 'gate: active -> holding: joint_states contradict themselves: '
                wait_for(lambda: line in bridged.bridge.output, 'the line')
                _, _, rest = bridged.bridge.output.partition(line)
                assert 'published by /robot/driver, /robot/gui: end one' in rest.splitlines()[0]

        leading(bridged, act)
