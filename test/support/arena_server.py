# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""The executable arena_server in a process."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
import os
from pathlib import Path
import re
import signal
import sys
import tempfile
from typing import IO

import httpx

from .processes import Process, running_command
from .waiting import wait_for

__all__ = ['COMMAND', 'ROOT', 'TIMEOUT_S', 'Server', 'arena_server']

ROOT = Path(__file__).resolve().parents[2]
START = 'import sys; from lerobot_arena_ros.executables import arena_server; '
START += 'sys.exit(arena_server())'
COMMAND = (sys.executable, '-c', START)
TIMEOUT_S = 30.0
START_S = 30.0
LINE = re.compile(
    r'arena_server listening on (https?://[\w.]+:(\d+)) with its console at (https?://\S+/)\n'
)


class Server:
    """A running arena_server."""

    def __init__(self, process: Process, errors: IO[str]) -> None:
        match = LINE.match(process.output)
        assert match, process.output
        self.url = match[1]
        self.port = int(match[2])
        self._line = match[0]
        self._process = process
        self._errors = errors

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid

    @property
    def errors(self) -> str:
        """What it has written to stderr so far."""
        # Not read(), because it would move the position at which the process writes.
        return os.pread(self._errors.fileno(), os.fstat(self._errors.fileno()).st_size, 0).decode()

    def make_room(self, room_id: str = 'arm') -> None:
        """Create a room in the workspace ``lab``."""
        httpx.post(f'{self.url}/robotics/workspaces/lab/rooms', json={'room_id': room_id})

    def send(self, number: signal.Signals) -> None:
        """Send a signal and return at once."""
        self._process.signal(number)

    def end(self, number: signal.Signals) -> tuple[int, str, str]:
        """Send a signal; return the exit code and the rest of stdout and stderr."""
        code = self._process.end(number)
        self._errors.seek(0)
        return code, self._process.output.removeprefix(self._line), self._errors.read()


@contextmanager
def arena_server(*args: str, **environment: str) -> Iterator[Server]:
    """Run the executable until a signal ends it or the context is closed."""
    command = (*COMMAND, '--port', '0', *args)
    with (
        tempfile.TemporaryFile('w+') as errors,
        running_command(command, variables=environment, cwd=ROOT, stderr=errors) as process,
    ):
        wait_for(lambda: '\n' in process.output or not process.is_alive, 'its address', START_S)
        yield Server(process, errors)
