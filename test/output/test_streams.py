# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""Tests that stdout and stderr never block, in separate processes."""

from __future__ import annotations

import os
from pathlib import Path
import pty
import socket
import sys
from typing import Any

import pytest
from support.held_pipe import held_pipe
from support.processes import running_command
from support.waiting import wait_for

pytestmark = pytest.mark.skipif(not Path('/proc/self/fd').is_dir(), reason='needs /proc')

START = 'import sys; from lerobot_arena_ros.output.streams import never_block; never_block();'


def test_the_last_output_of_a_process_is_written() -> None:
    """A process writes all of its output to a pipe that is read, including a traceback."""
    start = f'{START} print("x" * 50_000); 1 / 0'
    with held_pipe() as pipe:
        streams: dict[str, Any] = {'stdout': pipe.writer, 'stderr': pipe.writer}
        with running_command([sys.executable, '-c', start], **streams) as broken:
            assert broken.wait() == 1
            wait_for(lambda: 'ZeroDivisionError: division by zero' in pipe.text, 'the traceback')
            assert 'x' * 50_000 in pipe.text


@pytest.mark.parametrize('stream', ['stdout', 'stderr'])
def test_output_that_is_not_read_is_no_failure(stream: str) -> None:
    """Output to a pipe that is not read causes neither a traceback nor an exit code."""
    start = f'{START} print("x" * 100_000, file=sys.{stream}, flush=True)'
    with held_pipe() as pipe:
        pipe.hold()
        streams: dict[str, Any] = {stream: pipe.writer}
        with running_command([sys.executable, '-c', start], **streams) as printing:
            assert printing.wait() == 0
            assert printing.output == ''


def test_a_pipe_stays_blocking_for_other_processes() -> None:
    """A pipe remains in blocking mode for other processes that share it."""
    with held_pipe() as pipe:
        streams: dict[str, Any] = {'stdout': pipe.writer, 'stderr': pipe.writer}
        with running_command([sys.executable, '-c', START], **streams) as process:
            assert process.wait() == 0

        assert os.get_blocking(pipe.writer)


def test_a_terminal_is_written_to_and_stays_blocking() -> None:
    """A terminal remains in blocking mode, and isatty() is still true."""
    ours, theirs = pty.openpty()
    try:
        start = f'{START} print("hello", sys.stdout.isatty())'
        with running_command([sys.executable, '-c', start], stdout=theirs) as process:
            assert process.wait() == 0, process.output
        assert os.read(ours, 100) == b'hello True\r\n'
        assert os.get_blocking(theirs)
    finally:
        os.close(ours)
        os.close(theirs)


def test_a_socket_that_is_not_read_does_not_block() -> None:
    """Output to a socket that is not read, such as that of a service manager, does not block."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        start = f'{START} print("x" * 10_000_000)'
        with running_command([sys.executable, '-c', start], stdout=theirs.fileno()) as process:
            assert process.wait() == 0, process.output


def test_a_file_gets_everything(tmp_path: Path) -> None:
    """A file receives all of the output, because a write to a file needs no reader."""
    with (tmp_path / 'log').open('wb') as log:
        start = f'{START} print("x" * 10_000_000)'
        with running_command([sys.executable, '-c', start], stdout=log) as process:
            assert process.wait() == 0, process.output
    wait_for(lambda: (tmp_path / 'log').stat().st_size == 10_000_001, 'all of it')
