# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""The console in a real browser: the layout of each state, on a desktop and a phone."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
import signal

import pytest
from support.arena_server import arena_server
from support.browser import CONTRASTS, DESKTOP, PHONE, TOO_SMALL, TOO_WIDE, Console
from support.console_rooms import WORKSPACE, make_room, open_room, set_joints, take_control
from support.participant import running_participant
from support.processes import free_port
from support.stand_in import FOLLOWING, running_stand_in
from support.waiting import wait_for

from lerobot_arena_ros import RoboticsProducer
from lerobot_arena_ros.arena.robot_state import RobotJoint, StopCause

ARM = 'arm1-bridge-3f2a91'
LONG = 'a_joint_whose_name_is_as_long_as_any_may_be_xxxxxx'
MANY = tuple(
    RobotJoint(f'joint_{number}', 'degrees', float(number), None, -90.0, 90.0)
    for number in range(30)
)
STOPPED = replace(
    FOLLOWING,
    gate='stopped',
    cause='emergency stop',
    stop=StopCause('Stop pressed in the console', 'console-1a2b', '7'),
    can_reset=True,
)

HEADER_HEIGHT = "return document.querySelector('.top').getBoundingClientRect().height"

NEGATIVE_ZERO = r"""
const texts = [...document.querySelectorAll('body *')]
  .filter((each) => each.children.length === 0)
  .flatMap((each) => [each.textContent, each.value ?? '', each.ariaLabel ?? '',
    each.getAttribute('aria-valuetext') ?? '']);
return texts.filter((text) => /(^|\s)-0(\.0*)?(?![.\d])/.test(text));
"""


@contextmanager
def empty(console: Console) -> Iterator[None]:
    """Show a server without rooms."""
    with arena_server() as server:
        console.open(server.url)
        console.wait_text('welcome', 'This workspace has no room.')
        yield


@contextmanager
def in_room(
    console: Console, prepare: Callable[[ExitStack, str, str], None], room: str = 'arm'
) -> Iterator[str]:
    """Show a room of a separate server."""
    with arena_server() as server, ExitStack() as stack:
        make_room(server.url, room)
        prepare(stack, server.url, room)
        open_room(console, server.url, room)
        yield server.url


@contextmanager
def no_robot(console: Console) -> Iterator[None]:
    """Show a room without a robot."""
    with in_room(console, lambda stack, url, room: None):
        console.wait_text('no-robots', 'No robot in this room reports its state.')
        console.driver.find_element('css selector', '#no-robots summary').click()
        yield


@contextmanager
def moving(console: Console) -> Iterator[None]:
    """Show a robot that follows this page."""

    def prepare(stack: ExitStack, url: str, room: str) -> None:
        set_joints(url, room, elbow=12)
        stack.enter_context(running_stand_in(url, WORKSPACE, room, ARM))

    with in_room(console, prepare):
        wait_for(lambda: 'Follows the room' in console.gate(ARM), 'the robot')
        take_control(console)
        yield


@contextmanager
def stopped(console: Console) -> Iterator[None]:
    """Show a robot that was stopped from this page."""
    with moving(console):
        console.click('stop')
        console.wait_text('alert-title', '1 of 1 robot stopped')
        yield


@contextmanager
def refused(console: Console) -> Iterator[None]:
    """Show a room that another participant drives."""

    def prepare(stack: ExitStack, url: str, room: str) -> None:
        set_joints(url, room, elbow=12)
        leader = RoboticsProducer(url)
        stack.enter_context(running_participant(leader, WORKSPACE, room, 'leader-1'))

    with in_room(console, prepare):
        console.wait_text('drive-note', 'leader-1 drives this room.')
        yield


@contextmanager
def lost(console: Console) -> Iterator[None]:
    """Show a room whose server was killed."""
    with arena_server('--port', str(free_port())) as server:
        make_room(server.url, 'arm')
        set_joints(server.url, 'arm', elbow=12)
        with running_stand_in(server.url, WORKSPACE, 'arm', ARM):
            open_room(console, server.url, 'arm')
            wait_for(lambda: 'Follows the room' in console.gate(ARM), 'the robot')
            server.end(signal.SIGKILL)
    console.wait_text('link', 'Lost: ')
    yield


@contextmanager
def nonsense(console: Console) -> Iterator[None]:
    """Show the notes for a text that is not a number, and for a joint that exists."""
    with moving(console):
        console.fill('new-joint', 'elbow')
        console.type_value('elbow', 'fast')
        wait_for(lambda: console.joint('elbow', 'joint-note').text != '', 'the note')
        yield


@contextmanager
def four_robots(console: Console) -> Iterator[None]:
    """Show four robots in different states, with marks close to each other."""
    others = {
        'arm2': replace(FOLLOWING, gate='holding', cause='no fresh joint_states of elbow'),
        'arm3': replace(FOLLOWING, gate='waiting', cause='inactive'),
        'arm4': FOLLOWING,
    }

    def prepare(stack: ExitStack, url: str, room: str) -> None:
        set_joints(url, room, elbow=12)
        for robot, state in {ARM: STOPPED, **others}.items():
            stack.enter_context(running_stand_in(url, WORKSPACE, room, robot, state))

    with in_room(console, prepare):
        wait_for(lambda: all(console.gate(each) for each in (ARM, *others)), 'the robots')
        yield


@contextmanager
def long_names(console: Console) -> Iterator[None]:
    """Show names of the maximum length."""
    state = replace(FOLLOWING, joints=(RobotJoint(LONG, 'degrees', 10.0, 11.0, -90.0, 90.0),))

    def prepare(stack: ExitStack, url: str, room: str) -> None:
        set_joints(url, room, **{LONG: 12})
        stack.enter_context(running_stand_in(url, WORKSPACE, room, 'r' * 100, state))

    with in_room(console, prepare, 'room-' * 25):
        wait_for(lambda: 'Follows the room' in console.gate('r' * 100), 'the robot')
        yield


@contextmanager
def many_joints(console: Console) -> Iterator[None]:
    """Show a robot with thirty joints."""
    state = replace(FOLLOWING, joints=MANY)

    def prepare(stack: ExitStack, url: str, room: str) -> None:
        stack.enter_context(running_stand_in(url, WORKSPACE, room, ARM, state))

    with in_room(console, prepare):
        wait_for(lambda: console.joint('joint_29', 'typed') is not None, 'the last joint')
        yield


@pytest.mark.parametrize(
    'state',
    [
        *(empty, no_robot, moving, stopped, refused, lost, nonsense, four_robots),
        *(long_names, many_joints),
    ],
    ids=lambda state: str(state.__name__),
)
def test_each_state_can_be_read_and_touched(
    console: Console, state: Callable[[Console], Iterator[None]]
) -> None:
    """Each state fits the page, has enough contrast, and on a phone large enough controls."""
    with state(console):  # type: ignore[attr-defined]
        for width, height in (DESKTOP, PHONE):
            console.resize(width, height, is_phone=width == PHONE[0])
            for scheme in ('light', 'dark'):
                console.prefer(scheme)
                console.take_picture(f'state-{state.__name__}-{scheme}-{width}')
                assert console.run(TOO_WIDE) == []
                assert [each for each in console.run(CONTRASTS) if each[0] < 4.5] == []
                assert console.run(NEGATIVE_ZERO) == []
                assert console.run(HEADER_HEIGHT) <= 112
        assert console.run(TOO_SMALL) == []
        assert console.logged_errors() == []
    console.prefer('light')
