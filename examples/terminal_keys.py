"""A terminal whose keys are read one by one, and which is itself again afterwards."""

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
"""Given as the last key, when the terminal is gone."""

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
"""What keys send; Ctrl-C as a byte comes from terminals that do not make a signal of it."""

ONE_KEY = re.compile(rb'\x1b[\[O][0-9;]*[A-Za-z~]|.', re.DOTALL)


def keys_in(data: bytes) -> list[str]:
    """
    Split what came from a terminal into keys; others than letters and NAMES are ''.

    An arrow that a slow line cuts in two begins with Escape, which does not wait to see whether
    more comes.
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
    Have ``on_keys(keys)`` called by the running loop; restores the terminal at the end.

    :param terminal: its file descriptor.
    :raises Failure: it is no terminal.
    """
    if not os.isatty(terminal):
        raise Failure('standard input is no terminal: keys cannot be read one by one')
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
        with contextlib.suppress(termios.error):  # It may be gone.
            termios.tcsetattr(terminal, termios.TCSADRAIN, before)


def _disable_suspending(terminal: int) -> None:
    """Let the keys that suspend or quit do nothing: the terminal would stay as it is now."""
    mode = termios.tcgetattr(terminal)
    for key in (termios.VSUSP, termios.VQUIT):
        mode[6][key] = b'\x00'
    termios.tcsetattr(terminal, termios.TCSADRAIN, mode)
