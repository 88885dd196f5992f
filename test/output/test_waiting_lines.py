# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""Tests of the buffer of log lines: their order, and which line is dropped if it is full."""

from __future__ import annotations

import pytest

from lerobot_arena_ros.output.waiting_lines import WaitingLines, Write


def line(text: str, written: list[str]) -> Write:
    """Return a function that appends a line to a list."""
    return lambda _: written.append(text)


def written_by(lines: WaitingLines) -> list[str]:
    """Write all lines of the buffer, and return them."""
    while lines:
        write, _ = lines.take()
        write(0.0)
    return WRITTEN


WRITTEN: list[str] = []


@pytest.fixture(name='lines')
def fixture_lines() -> WaitingLines:
    """Return a buffer for three lines."""
    WRITTEN.clear()
    return WaitingLines(3)


def put(lines: WaitingLines, *texts: str) -> None:
    """Put lines into the buffer; lines in capitals are errors."""
    for text in texts:
        lines.put(line(text, WRITTEN), 0.0, is_error=text.isupper())


def test_lines_come_in_their_order(lines: WaitingLines) -> None:
    """Lines keep their order, and errors are not moved to the front."""
    put(lines, 'a', 'B', 'c')

    assert written_by(lines) == ['a', 'B', 'c']
    assert lines.lost == 0


def test_the_oldest_line_is_lost(lines: WaitingLines) -> None:
    """A full buffer drops the oldest line, because the newest ones describe the current state."""
    put(lines, 'a', 'b', 'c', 'd')

    assert written_by(lines) == ['b', 'c', 'd']
    assert lines.lost == 1


def test_errors_are_dropped_last(lines: WaitingLines) -> None:
    """A full buffer drops all other lines before an error."""
    put(lines, 'a', 'B', 'c', 'd', 'E', 'f', 'G', 'h')

    assert written_by(lines) == ['B', 'E', 'G']
    assert lines.lost == 5


def test_the_oldest_error_is_lost_if_there_are_only_errors(lines: WaitingLines) -> None:
    """A buffer full of errors drops the oldest one."""
    put(lines, 'A', 'B', 'C', 'D')

    assert written_by(lines) == ['B', 'C', 'D']
    assert lines.lost == 1


def test_a_line_has_the_time_at_which_it_was_put(lines: WaitingLines) -> None:
    """A line is returned with the time at which it was put."""
    lines.put(line('a', WRITTEN), 7.5)

    assert lines.take()[1] == 7.5
