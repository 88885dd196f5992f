# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""Tests of the log queue: it never blocks the caller, and counts lost lines."""

from __future__ import annotations

from functools import partial
import os

from support.held_pipe import held_pipe
from support.waiting import wait_for

from lerobot_arena_ros.output.log_queue import LogQueue
from lerobot_arena_ros.output.waiting_lines import LINES


def write(descriptor: int, text: str, _: float = 0.0) -> None:
    """Write a line as a logger does."""
    os.write(descriptor, f'{text}\n'.encode())


def test_lines_wait_for_a_reader_and_lost_ones_are_counted() -> None:
    """put() does not block; when lines are read again, the number of lost lines comes first."""
    with held_pipe() as pipe:
        lines = LogQueue(pipe.writer, lambda lost: write(pipe.writer, f'{lost} are lost'))
        pipe.hold()
        lines.put(partial(write, pipe.writer, 'an error'), is_error=True)
        for count in range(LINES + 9):
            lines.put(partial(write, pipe.writer, f'line {count}'))
        assert lines.lost == 10
        assert not lines.flush(0.05)

        pipe.release()

        assert lines.flush(10.0)
        wait_for(lambda: f'line {LINES + 8}\n' in pipe.text, 'the last line')
        read = pipe.text.lstrip('.').splitlines()
        assert read[:3] == ['10 are lost', 'an error', 'line 10']
        assert len(read) == LINES + 1


def test_a_line_that_cannot_be_written_does_not_end_the_log() -> None:
    """A line that raises an exception is skipped, and the next one is written."""
    with held_pipe() as pipe:
        lines = LogQueue(pipe.writer, lambda _: None)
        lines.put(lambda _: 1 / 0)
        lines.put(partial(write, pipe.writer, 'the next'))

        assert lines.flush(10.0)
        wait_for(lambda: pipe.text == 'the next\n', 'the next line')
