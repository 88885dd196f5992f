"""The demo's terminal: what it is able to show, and the keys that are pressed."""

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
    """Say whether stdout is a terminal that takes escape codes, and is meant to get them."""
    is_plain = os.environ.get('TERM', 'dumb') in ('', 'dumb') or os.environ.get('NO_COLOR')
    return sys.stdout.isatty() and not is_plain


def has_keys() -> bool:
    """Say whether a person can press keys."""
    return sys.stdin is not None and sys.stdin.isatty()


class Screen:
    """A terminal that is drawn over and over again, and may be resized."""

    def __init__(self) -> None:
        self._drawn: os.terminal_size | None = None

    @property
    def size(self) -> os.terminal_size:
        """Its columns and rows now; 80 x 24 where it does not know them, as a serial line."""
        columns, rows = os.get_terminal_size(sys.stdout.fileno())
        return os.terminal_size((columns or 80, rows or 24))

    def draw(self, lines: Sequence[str], size: os.terminal_size) -> None:
        """
        Show these lines and nothing else.

        :param size: for which they were made.
        """
        clear = '' if size == self._drawn else _CLEAR_SCREEN
        self._drawn = size
        # No line break behind the last one, which would scroll a full screen.
        text = f'{_CLEAR_LINE}\n'.join(lines)
        sys.stdout.write(f'{clear}{_HOME}{text}{_CLEAR_LINE}{_CLEAR_BELOW}')
        sys.stdout.flush()


@contextlib.contextmanager
def reading_keys() -> Iterator[None]:
    """Read keys one by one, where there is a terminal."""
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
    """Give a key that was pressed; None where none was, or where nobody can press any."""
    if not has_keys() or not select.select([sys.stdin], [], [], 0)[0]:
        return None
    return os.read(sys.stdin.fileno(), 1).decode(errors='replace')
