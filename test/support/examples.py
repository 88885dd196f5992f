"""The examples as real processes, with pipes or in a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
import os
from pathlib import Path
import pty
import select
import signal
import subprocess
import sys
import termios

from .processes import Process, running_command
from .waiting import wait_for

__all__ = ['EXAMPLES', 'Terminal', 'finished', 'in_terminal', 'running_example']

EXAMPLES = Path(__file__).resolve().parents[2] / 'examples'
TIMEOUT_S = 30.0

# A background job of a shell ignores SIGINT, and its children inherit this.
HEEDING_CTRL_C = ('env', '--default-signal=INT')


LACKING = """
import pathlib, runpy, sys

lacking = sys.argv.pop(1).split(",")

class Lacking:
    def find_spec(self, name, path=None, target=None):
        if name.split('.')[0] in lacking:
            raise ImportError(f'{name} is not installed')

sys.meta_path.insert(0, Lacking())
sys.argv.pop(0)
sys.path[0] = str(pathlib.Path(sys.argv[0]).parent)
runpy.run_path(sys.argv[0], run_name='__main__')
"""
"""A program that runs an example as if some packages were not installed."""


def finished(name: str, *arguments: object) -> subprocess.CompletedProcess[str]:
    """Run an example to its end and return its result."""
    return subprocess.run(
        _command(name, arguments),
        stdin=subprocess.DEVNULL,
        env=_environment(),
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
    )


@contextmanager
def running_example(
    name: str, *arguments: object, lacking: Sequence[str] = ()
) -> Iterator[Process]:
    """
    Run an example while the context is open.

    :param lacking: packages that the example cannot import.
    """
    command = _command(name, arguments)
    if lacking:
        command[1:1] = ['-c', LACKING, ','.join(lacking)]
    heeding = [*HEEDING_CTRL_C, *command]
    with running_command(heeding, stdin=subprocess.DEVNULL, env=_environment()) as child:
        yield child


class Terminal:
    """
    A terminal with a program: its screen, and the keys that a user presses.

    :param ours: the file descriptor of the user's end.
    :param theirs: the file descriptor of the program's end.
    """

    def __init__(self, ours: int, theirs: int, process: subprocess.Popen[bytes]) -> None:
        self._ours, self._theirs, self._process = ours, theirs, process
        self._seen = b''
        self._before = termios.tcgetattr(theirs)

    @property
    def text(self) -> str:
        """All output so far."""
        while select.select([self._ours], [], [], 0)[0]:
            self._seen += os.read(self._ours, 65536)
        return self._seen.decode(errors='replace')

    @property
    def screen(self) -> str:
        """The output since the screen was last cleared."""
        return self.text.rpartition('\x1b[J')[2]

    @property
    def is_restored(self) -> bool:
        """Whether the terminal has the same settings as before the program."""
        return termios.tcgetattr(self._theirs) == self._before

    def end(self, number: signal.Signals) -> int:
        """Send a signal to the program and return its exit code."""
        self._process.send_signal(number)
        return self.wait()

    def press(self, keys: bytes) -> None:
        """Send the bytes of pressed keys."""
        os.write(self._ours, keys)

    def shows(self, words: str) -> None:
        """Wait until the screen contains a text."""
        wait_for(lambda: words in self.screen or self._ended(), f'{words!r} on the screen')
        assert words in self.screen, self.text

    def wait(self) -> int:
        """Read until the program has ended, and return its exit code."""
        wait_for(lambda: self.text and self._ended(), 'the program to end')
        return self._process.wait()

    def _ended(self) -> bool:
        return self._process.poll() is not None


@contextmanager
def in_terminal(name: str, *arguments: object) -> Iterator[Terminal]:
    """Run an example in a controlling terminal, so that Ctrl-C sends a signal."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        ['setsid', '--ctty', *HEEDING_CTRL_C, *_command(name, arguments)],
        stdin=theirs,
        env=_environment(),
        stdout=theirs,
        stderr=theirs,
    )
    try:
        yield Terminal(ours, theirs, process)
    finally:
        process.kill()
        process.wait()
        os.close(ours)
        os.close(theirs)


def _command(name: str, arguments: tuple[object, ...]) -> list[str]:
    return [sys.executable, str(EXAMPLES / f'{name}.py'), *map(str, arguments)]


def _environment() -> dict[str, str]:
    """Return the environment without PYTHONUNBUFFERED, because the examples have to flush."""
    return {name: value for name, value in os.environ.items() if name != 'PYTHONUNBUFFERED'}
