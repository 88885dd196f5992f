# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""Read single key presses from a terminal, and restore its mode afterwards."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
import contextlib
import os
import re
import termios
import tty

from command_line import Failure

__all__ = ['END', 'keys_in', 'reading_keys']

END = 'end'
"""The last key, which means that the terminal was closed."""

NAMES = {
    b'\x1b[A': 'up',
    b'\x1b[B': 'down',
    b'\x1b[C': 'right',
    b'\x1b[D': 'left',
    b'\x1b': 'escape',
    b' ': 'space',
    b'\x03': 'q',
    b'\x04': 'q',
}
"""Bytes of keys; some terminals send Ctrl-C as a byte instead of a signal."""

ONE_KEY = re.compile(rb'\x1b[\[O][0-9;]*[A-Za-z~]|.', re.DOTALL)


def keys_in(data: bytes) -> list[str]:
    """
    Split the input of a terminal into keys; a key that is neither printable nor in NAMES is ''.

    If a slow line splits the bytes of an arrow key, its first byte counts as Escape at once,
    because Escape is an emergency stop and must not wait for more bytes.
    """
    keys = []
    for match in ONE_KEY.finditer(data):
        sent = match[0].replace(b'\x1bO', b'\x1b[')
        char = sent.decode('ascii', 'replace')
        keys.append(NAMES.get(sent, char if char.isprintable() and len(char) == 1 else ''))
    return keys


@contextlib.contextmanager
def reading_keys(terminal: int, on_keys: Callable[[list[str]], object]) -> Iterator[None]:
    """
    Call ``on_keys(keys)`` from the running event loop; restore the terminal at the end.

    :param terminal: file descriptor of the terminal.
    :raises Failure: the file descriptor is not a terminal.
    """
    if not os.isatty(terminal):
        raise Failure('standard input is not a terminal: keys cannot be read one by one')
    loop, before = asyncio.get_running_loop(), termios.tcgetattr(terminal)

    def read() -> None:
        try:
            data = os.read(terminal, 1024)
        except OSError:
            data = b''
        if not data:
            loop.remove_reader(terminal)
        on_keys(keys_in(data) if data else [END])

    try:
        tty.setcbreak(terminal)
        _disable_suspending(terminal)
        loop.add_reader(terminal, read)
        yield
    finally:
        loop.remove_reader(terminal)
        with contextlib.suppress(termios.error):  # The terminal may be closed.
            termios.tcsetattr(terminal, termios.TCSADRAIN, before)


def _disable_suspending(terminal: int) -> None:
    """Disable the keys that suspend or quit, which would leave the terminal in this mode."""
    mode = termios.tcgetattr(terminal)
    for key in (termios.VSUSP, termios.VQUIT):
        mode[6][key] = b'\x00'
    termios.tcsetattr(terminal, termios.TCSADRAIN, mode)
