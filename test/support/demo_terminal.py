"""A demo in a terminal window of a certain size."""

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
"""How long a demo takes to end its children, at most."""

_CODE = re.compile(r'\x1b\[[0-9;?]*[A-Za-z]')
START = 'import sys; from lerobot_arena_ros.executables import {name}; sys.exit({name}())'


class DemoTerminal(Terminal):
    """The window, which may be resized."""

    @property
    def pictures(self) -> list[list[str]]:
        """The lines of each picture that was drawn from the top, without escape codes."""
        drawn = self.text.split('\x1b[H')[1:]
        return [
            _CODE.sub('', picture).replace('\r', '').rstrip('\n').split('\n') for picture in drawn
        ]

    def resize(self, columns: int, rows: int) -> None:
        """Give the window another size."""
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
    Run a demo in a window.

    :param name: a function of ``executables.py``.
    :param variables: of the environment, beside those of this process.
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
        # A demo that is killed leaves its children behind.
        process.send_signal(signal.SIGINT)
        try:
            process.wait(TIMEOUT_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        os.close(ours)
        os.close(theirs)
