"""A demo in a terminal of a given size."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
import fcntl
import os
import pty
import re
import signal
import struct
import subprocess
import sys
import termios

from .examples import HEEDING_CTRL_C, Terminal

__all__ = ['DemoTerminal', 'demo_in_terminal']

TIMEOUT_S = 15.0
"""The longest time that a demo needs to end its children."""

_CODE = re.compile(r'\x1b\[[0-9;?]*[A-Za-z]')
START = 'import sys; from lerobot_arena_ros.executables import {name}; sys.exit({name}())'


class DemoTerminal(Terminal):
    """A terminal that can be resized."""

    @property
    def pictures(self) -> list[list[str]]:
        """The lines of each screen that was drawn from the top, without escape codes."""
        drawn = self.text.split('\x1b[H')[1:]
        return [
            _CODE.sub('', picture).replace('\r', '').rstrip('\n').split('\n') for picture in drawn
        ]

    def resize(self, columns: int, rows: int) -> None:
        """Change the size of the terminal."""
        fcntl.ioctl(self._theirs, termios.TIOCSWINSZ, struct.pack('HHHH', rows, columns, 0, 0))


@contextmanager
def demo_in_terminal(
    name: str,
    arguments: Sequence[str] = (),
    *,
    columns: int = 80,
    rows: int = 24,
    variables: Mapping[str, str] | None = None,
) -> Iterator[DemoTerminal]:
    """
    Run a demo in a terminal.

    :param name: the name of a function in ``executables.py``.
    :param variables: environment variables, in addition to those of this process.
    """
    ours, theirs = pty.openpty()
    given = {'TERM': 'xterm', **(variables or {})}
    unset = [word for variable in ('NO_COLOR', 'COLUMNS', 'LINES') for word in ('-u', variable)]
    command = [sys.executable, '-c', START.format(name=name), *arguments]
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack('HHHH', rows, columns, 0, 0))
    process = subprocess.Popen(
        ['setsid', '--ctty', *HEEDING_CTRL_C, *unset, *(f'{k}={v}' for k, v in given.items())]
        + command,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
    )
    try:
        yield DemoTerminal(ours, theirs, process)
    finally:
        # The children of a killed demo keep running.
        process.send_signal(signal.SIGINT)
        try:
            process.wait(TIMEOUT_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        os.close(ours)
        os.close(theirs)
