# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""The terminal of the demo: its capabilities, its screen and its keys."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
import contextlib
import os
import select
import sys
import termios
import tty

__all__ = ['Screen', 'can_draw', 'has_keys', 'pressed_key', 'reading_keys']

_HOME, _CLEAR_LINE, _CLEAR_BELOW, _CLEAR_SCREEN = '\x1b[H', '\x1b[K', '\x1b[J', '\x1b[2J'


def can_draw() -> bool:
    """Return whether stdout is a terminal with escape codes that the user has not disabled."""
    is_plain = os.environ.get('TERM', 'dumb') in ('', 'dumb') or os.environ.get('NO_COLOR')
    return sys.stdout.isatty() and not is_plain


def has_keys() -> bool:
    """Return whether stdin is a terminal."""
    return sys.stdin is not None and sys.stdin.isatty()


class Screen:
    """A terminal screen that is redrawn repeatedly and may be resized."""

    def __init__(self) -> None:
        self._drawn: os.terminal_size | None = None

    @property
    def size(self) -> os.terminal_size:
        """The current columns and rows; 80 x 24 if unknown, for example on a serial line."""
        columns, rows = os.get_terminal_size(sys.stdout.fileno())
        return os.terminal_size((columns or 80, rows or 24))

    def draw(self, lines: Sequence[str], size: os.terminal_size) -> None:
        """
        Replace the content of the screen by these lines.

        :param size: size of the screen for which the lines were formatted.
        """
        clear = '' if size == self._drawn else _CLEAR_SCREEN
        self._drawn = size
        # No line break after the last line, because it would scroll a full screen.
        text = f'{_CLEAR_LINE}\n'.join(lines)
        sys.stdout.write(f'{clear}{_HOME}{text}{_CLEAR_LINE}{_CLEAR_BELOW}')
        sys.stdout.flush()


@contextlib.contextmanager
def reading_keys() -> Iterator[None]:
    """Switch stdin to single key presses while the context is open, if it is a terminal."""
    if not has_keys():
        yield
        return
    before = termios.tcgetattr(sys.stdin)
    try:
        tty.setcbreak(sys.stdin)
        yield
    finally:
        with contextlib.suppress(termios.error):  # The terminal was closed.
            termios.tcsetattr(sys.stdin, termios.TCSADRAIN, before)


def pressed_key() -> str | None:
    """Return a key that was pressed; None if there is none, or if stdin is not a terminal."""
    if not has_keys() or not select.select([sys.stdin], [], [], 0)[0]:
        return None
    return os.read(sys.stdin.fileno(), 1).decode(errors='replace')
