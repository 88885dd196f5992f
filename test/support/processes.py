"""Executables of the package as real processes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
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

STOP_TIMEOUT_S = 15.0
COVERAGE_TIMEOUT_S = 5.0


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
        """Its number."""
        return self._process.pid

    @property
    def is_alive(self) -> bool:
        """Whether it still runs."""
        return self._process.poll() is None

    def end(self, number: signal.Signals = signal.SIGINT) -> int:
        """Send a signal and give the exit code; a process that does not end is an error."""
        if self.is_alive:
            self._process.send_signal(number)
        return self.wait()

    def signal(self, number: signal.Signals) -> None:
        """Send a signal and go on."""
        self._process.send_signal(number)

    def wait(self) -> int:
        """Give the exit code, once it has ended by itself."""
        try:
            return self._process.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            raise AssertionError(
                f'still running after {STOP_TIMEOUT_S:g} s:\n{self.output}'
            ) from None

    def kill(self) -> None:
        """End it for certain."""
        self._process.kill()
        self._process.wait()


@contextmanager
def running(program: str, arguments: Sequence[str], **options: Any) -> Iterator[Process]:
    """
    Run a program of the package for as long as the context lasts.

    :param program: ``folder.module``, or ``folder.module:function`` as an entry point has it.
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
    Run any command for as long as the context lasts.

    :param variables: of the environment, beside those of this process.
    :param options: those of :class:`subprocess.Popen`; stdout and stderr are noted unless named.
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
            if 'COVERAGE_PROCESS_CONFIG' in os.environ:
                # A process that is killed writes no coverage.
                with suppress(subprocess.TimeoutExpired):
                    process.terminate()
                    process.wait(COVERAGE_TIMEOUT_S)
            child.kill()


def ros_arguments(namespace: str, parameters: dict[str, Any], *more: str) -> list[str]:
    """Give the command line that puts a node there and sets these parameters."""
    arguments = ['--ros-args', '-r', f'__ns:=/{namespace}']
    for name, value in parameters.items():
        arguments += ['-p', f'{name}:={value if isinstance(value, str) else json.dumps(value)}']
    return [*arguments, *more]


def free_port() -> int:
    """Give a port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(('127.0.0.1', 0))
        port: int = probe.getsockname()[1]
        return port
