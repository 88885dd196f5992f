# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""Tests of the demos in terminals of several sizes, and without a terminal."""

from __future__ import annotations

import re

import pytest

pytest.importorskip('rclpy', reason='rclpy is not here: it comes with ROS 2, or as wheels')

from support.demo_terminal import demo_in_terminal
from support.domain import own_domain
from support.processes import running
from support.terminal import Terminal
from support.waiting import wait_for

FOLLOWS = 'behind'
"""A word in the status line with the distance of the follower."""


def follows(terminal: Terminal) -> bool:
    """Return whether the last screen shows that the follower follows."""
    return any(FOLLOWS in line for line in (terminal.pictures or [[]])[-1])


def check_fits(pictures: list[list[str]], columns: int, rows: int) -> None:
    """Fail if a line or a screen does not fit into the terminal."""
    for picture in pictures:
        assert len(picture) <= rows, '\n'.join(picture)
        assert [line for line in picture if len(line) > columns] == []


@pytest.mark.parametrize(('columns', 'rows'), [(80, 24), (60, 20), (40, 12)])
def test_the_demo_fits_its_window(columns: int, rows: int) -> None:
    """Each screen fits into the terminal, with the URL at the top and the keys at the bottom."""
    with own_domain(), demo_in_terminal('arena_demo', columns=columns, rows=rows) as terminal:
        wait_for(lambda: follows(terminal), 'the follower', 30.0)
        terminal.press(b'q')
        assert terminal.wait() == 0
        before, *_ = terminal.text.partition('\x1b')

        assert re.match(r'console: http://127\.0\.0\.1:\d+/#default-workspace/demo\r\n', before)
        check_fits(terminal.pictures, columns, rows)
        assert terminal.pictures[0][-1] == 'e: emergency stop   r: reset   q: quit'[:columns]
        assert terminal.pictures[0][0].startswith('console: http://127.0.0.1:')
        # The leader may be there before the first picture.
        assert re.search('waiting for (the|commands)|behind', '\n'.join(terminal.pictures[0]))
        assert not re.search(r'\binf\b', terminal.text)
        assert terminal.is_restored


def test_the_demo_adapts_to_a_resize() -> None:
    """After a resize, the screen is cleared and drawn in the new size."""
    with own_domain(), demo_in_terminal('arena_demo') as terminal:
        wait_for(lambda: len(terminal.pictures) > 1, 'a picture', 30.0)
        terminal.resize(50, 18)
        wait_for(lambda: terminal.text.count('\x1b[2J') == 2, 'the window to be cleared')
        count = len(terminal.pictures)
        wait_for(lambda: len(terminal.pictures) > count + 2, 'more pictures')
        terminal.press(b'\x03')

        assert terminal.wait() == 0
        check_fits(terminal.pictures[count:], 50, 18)
        assert 'Traceback' not in terminal.text


@pytest.mark.parametrize('variables', [{'TERM': 'dumb'}, {'NO_COLOR': '1'}], ids=['dumb', 'plain'])
def test_a_terminal_without_escape_codes_gets_lines(variables: dict[str, str]) -> None:
    """In a terminal without escape codes, the demo prints status lines of at most 80 columns."""
    with own_domain(), demo_in_terminal('arena_demo', variables=variables) as terminal:
        wait_for(lambda: FOLLOWS in terminal.text, 'the follower', 30.0)
        terminal.press(b'\x03')

        assert terminal.wait() == 0
        check_lines(terminal.text)


def test_without_a_terminal_the_demo_prints_lines() -> None:
    """Without a terminal, the demo prints status lines until a signal ends it."""
    with own_domain(), running('executables:arena_demo', []) as demo:
        wait_for(lambda: FOLLOWS in demo.output, 'the follower', 30.0)

        assert demo.end() == 0, demo.output
        check_lines(demo.output)


@pytest.mark.parametrize('is_terminal', [True, False], ids=['terminal', 'pipe'])
def test_the_simulation_prints_lines(is_terminal: bool) -> None:
    """The simulation prints lines in a terminal as well as in a pipe."""
    pytest.importorskip('mujoco', reason='MuJoCo is not here: requirements/sim.txt')
    with own_domain():
        if is_terminal:
            with demo_in_terminal('sim_demo') as terminal:
                wait_for(lambda: 'Ctrl-C ends all' in terminal.text, 'the arm', 60.0)
                terminal.press(b'\x03')
                assert terminal.wait() == 0
                check_lines(terminal.text, 'waiting for the arm')
            return
        with running('executables:sim_demo', []) as demo:
            wait_for(lambda: 'Ctrl-C ends all' in demo.output, 'the arm', 60.0)
            assert demo.end() == 0, demo.output
            check_lines(demo.output, 'waiting for the arm')


def check_lines(text: str, waiting: str = '') -> None:
    """Fail on escape codes, on lines of more than 80 columns, or if the URL is not first."""
    lines = text.replace('^C', '').splitlines()
    assert '\x1b' not in text
    assert 'Traceback' not in text
    assert [line for line in lines if len(line) > 80] == []
    assert lines[0].startswith('console: http://127.0.0.1:')
    assert waiting in text
    assert not re.search(r'\binf\b', text)
