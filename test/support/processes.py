"""Executables of the package as real processes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
import json
import os
from pathlib import Path
import signal
import socket
import subprocess
import sys
import tempfile
from typing import Any

__all__ = ['Process', 'free_port', 'ros_arguments', 'running', 'running_command']

END_TIMEOUT_S = 15.0


class Process:
    """A child process and what it has printed so far."""

    def __init__(self, process: subprocess.Popen[bytes], log: Path) -> None:
        self._process = process
        self._log = log

    @property
    def output(self) -> str:
        """Everything printed so far, stderr included."""
        return self._log.read_text(errors='replace')

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid

    @property
    def is_alive(self) -> bool:
        """Whether the process runs."""
        return self._process.poll() is None

    def end(self, number: signal.Signals = signal.SIGINT) -> int:
        """Send a signal and return the exit code; fail if the process does not end."""
        if self.is_alive:
            self._process.send_signal(number)
        return self.wait()

    def signal(self, number: signal.Signals) -> None:
        """Send a signal and return at once."""
        self._process.send_signal(number)

    def wait(self) -> int:
        """Wait until the process ends by itself, and return the exit code."""
        try:
            return self._process.wait(END_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            raise AssertionError(
                f'still running after {END_TIMEOUT_S:g} s:\n{self.output}'
            ) from None

    def kill(self) -> None:
        """Kill the process."""
        self._process.kill()
        self._process.wait()


@contextmanager
def running(program: str, arguments: Sequence[str], **options: Any) -> Iterator[Process]:
    """
    Run a program of the package while the context is open.

    :param program: ``folder.module``, or ``folder.module:function`` as in an entry point.
    :param options: see :func:`running_command`.
    """
    module, _, function = program.partition(':')
    start = f'import sys, lerobot_arena_ros.{module} as m; sys.exit(m.{function or "main"}())'
    with running_command([sys.executable, '-c', start, *arguments], **options) as child:
        yield child


@contextmanager
def running_command(
    command: Sequence[str], *, variables: Mapping[str, str] | None = None, **options: Any
) -> Iterator[Process]:
    """
    Run any command while the context is open.

    :param variables: environment variables, in addition to those of this process.
    :param options: options of :class:`subprocess.Popen`. By default, the output goes to the log.
    """
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / 'log'
        with log.open('wb') as output:
            defaults: dict[str, Any] = {'stdout': output, 'stderr': output}
            if variables:
                defaults['env'] = {**os.environ, **variables}
            process = subprocess.Popen(command, **{**defaults, **options})
        child = Process(process, log)
        try:
            yield child
        finally:
            child.kill()


def ros_arguments(namespace: str, parameters: dict[str, Any], *more: str) -> list[str]:
    """Return the command line for a node in a namespace with parameters."""
    arguments = ['--ros-args', '-r', f'__ns:=/{namespace}']
    for name, value in parameters.items():
        arguments += ['-p', f'{name}:={value if isinstance(value, str) else json.dumps(value)}']
    return [*arguments, *more]


def free_port() -> int:
    """Return a port that is not in use now."""
    with socket.socket() as probe:
        probe.bind(('127.0.0.1', 0))
        port: int = probe.getsockname()[1]
        return port
