"""The executable arena_server in a process."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
import os
from pathlib import Path
import re
import signal
import subprocess
import sys

import httpx

__all__ = ['COMMAND', 'ROOT', 'TIMEOUT_S', 'Server', 'arena_server']

ROOT = Path(__file__).resolve().parents[2]
START = 'import sys; from lerobot_arena_ros.executables import arena_server; '
START += 'sys.exit(arena_server())'
COMMAND = (sys.executable, '-c', START)
TIMEOUT_S = 10.0
LINE = re.compile(
    r'arena_server listening on (https?://[\w.]+:(\d+)) with its console at (https?://\S+/)\n'
)


class Server:
    """A running arena_server."""

    def __init__(self, process: subprocess.Popen[str], line: str) -> None:
        match = LINE.fullmatch(line)
        assert match, line
        self.url = match[1]
        self.port = int(match[2])
        self.console_url = match[3]
        self._process = process

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid

    def make_room(self, room_id: str = 'arm') -> None:
        """Create a room in the workspace ``lab``."""
        httpx.post(f'{self.url}/robotics/workspaces/lab/rooms', json={'room_id': room_id})

    def send(self, number: signal.Signals) -> None:
        """Send a signal and return at once."""
        self._process.send_signal(number)

    def end(self, number: signal.Signals) -> tuple[int, str, str]:
        """Send a signal; return the exit code and the rest of stdout and stderr."""
        self._process.send_signal(number)
        out, err = self._process.communicate(timeout=TIMEOUT_S)
        return self._process.returncode, out, err


@contextmanager
def arena_server(*args: str, **environment: str) -> Iterator[Server]:
    """Run the executable until a signal ends it or the context is closed."""
    command = (*COMMAND, '--port', '0', *args)
    pipe = subprocess.PIPE
    with subprocess.Popen(
        command,
        cwd=ROOT,
        stdout=pipe,
        stderr=pipe,
        text=True,
        env={**os.environ, **environment},
    ) as process:
        try:
            assert process.stdout is not None
            yield Server(process, process.stdout.readline())
        finally:
            process.kill()
