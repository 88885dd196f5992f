# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""Programs in a terminal of their own, and what a user sees and does there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import termios

from .waiting import wait_for

__all__ = ['HEEDING_CTRL_C', 'Terminal', 'in_terminal']

END_TIMEOUT_S = 30.0
"""How long a program takes to end its children, at most."""

# A job in the background of a shell starts with Ctrl-C ignored, and so do its children.
HEEDING_CTRL_C = ('env', '--default-signal=INT')

_CODE = re.compile(r'\x1b\[[0-9;?]*[A-Za-z]')


class Terminal:
    """
    What a user sees of a program in a terminal, and the keys that the user presses.

    :param ours: the file descriptor of the user's side.
    :param theirs: that of the program's side.
    """

    def __init__(self, ours: int, theirs: int, process: subprocess.Popen[bytes]) -> None:
        self._ours, self._theirs, self._process = ours, theirs, process
        self._seen = b''
        self._before = termios.tcgetattr(theirs)

    @property
    def text(self) -> str:
        """Everything that was drawn so far."""
        while select.select([self._ours], [], [], 0)[0]:
            self._seen += os.read(self._ours, 65536)
        return self._seen.decode(errors='replace')

    @property
    def screen(self) -> str:
        """What was drawn since the screen was last emptied."""
        return self.text.rpartition('\x1b[J')[2]

    @property
    def pictures(self) -> list[list[str]]:
        """The lines of each picture that was drawn from the top, without escape codes."""
        drawn = self.text.split('\x1b[H')[1:]
        return [
            _CODE.sub('', picture).replace('\r', '').rstrip('\n').split('\n') for picture in drawn
        ]

    @property
    def is_restored(self) -> bool:
        """Whether the terminal is as it was before the program."""
        return termios.tcgetattr(self._theirs) == self._before

    def end(self, number: signal.Signals) -> int:
        """Send the program a signal, and return its exit code."""
        self._process.send_signal(number)
        return self.wait()

    def press(self, keys: bytes) -> None:
        """Press keys, as the bytes that a terminal makes of them."""
        os.write(self._ours, keys)

    def resize(self, columns: int, rows: int) -> None:
        """Change the size of the window."""
        _resize(self._theirs, columns, rows)

    def shows(self, words: str) -> None:
        """Wait until the screen has these words."""
        wait_for(lambda: words in self.screen or self._ended(), f'{words!r} on the screen')
        assert words in self.screen, self.text

    def wait(self) -> int:
        """Return the exit code after the end of the program; read its last output meanwhile."""
        wait_for(lambda: self.text and self._ended(), 'the program to end')
        return self._process.wait()

    def _ended(self) -> bool:
        return self._process.poll() is not None


@contextmanager
def in_terminal(
    command: Sequence[str], environment: Mapping[str, str], *, columns: int = 80, rows: int = 24
) -> Iterator[Terminal]:
    """
    Run a program in a terminal that is its controlling one, so that Ctrl-C is a signal.

    It is ended with SIGINT, because a program that is killed leaves its children behind.
    """
    ours, theirs = pty.openpty()
    _resize(theirs, columns, rows)
    process = subprocess.Popen(
        ['setsid', '--ctty', *HEEDING_CTRL_C, *command],
        env=environment,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
    )
    try:
        yield Terminal(ours, theirs, process)
    finally:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(END_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        os.close(ours)
        os.close(theirs)


def _resize(terminal: int, columns: int, rows: int) -> None:
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack('HHHH', rows, columns, 0, 0))
