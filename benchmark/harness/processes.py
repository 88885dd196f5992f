# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""Start, observe and end processes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
import json
import os
from pathlib import Path
import random
import signal
import socket
import subprocess
import sys
import tempfile
import time
from typing import Any, TypeVar

__all__ = [
    'COVERAGE_VARIABLES',
    'Process',
    'Wrap',
    'enter_all',
    'free_port',
    'ros_arguments',
    'running_command',
    'running_module',
    'wait_for_port',
]

T = TypeVar('T')
Wrap = Callable[[Sequence[str]], Sequence[str]]
"""Return the command line that runs a command elsewhere, as :meth:`.End.command` does."""

START_TIMEOUT_S = 20.0
END_TIMEOUT_S = 60.0
FREE_PORTS = (10_000, 32_000)
COVERAGE_TIMEOUT_S = 5.0
COVERAGE_VARIABLES = ('COVERAGE_PROCESS_CONFIG', 'COVERAGE_PROCESS_START')
"""Each of them makes coverage.py measure a new Python process."""


class Process:
    """A child process and what it has printed so far."""

    def __init__(self, popen: subprocess.Popen[bytes], log: Path) -> None:
        self._popen = popen
        self._log = log

    @property
    def output(self) -> str:
        """Everything printed so far, stderr included, except what went to a pipe."""
        return self._log.read_text(errors='replace')

    @property
    def pid(self) -> int:
        """The process id."""
        return self._popen.pid

    @property
    def is_alive(self) -> bool:
        """Whether the process still runs."""
        return self._popen.poll() is None

    def end(self, number: signal.Signals = signal.SIGINT) -> int:
        """
        Send a signal and return the exit code.

        :raises AssertionError: the process did not end in time.
        """
        if self.is_alive:
            self._popen.send_signal(number)
        return self.wait()

    def signal(self, number: signal.Signals) -> None:
        """Send a signal and do not wait."""
        self._popen.send_signal(number)

    def wait(self) -> int:
        """
        Return the exit code once the process has ended by itself.

        :raises AssertionError: the process did not end in time.
        """
        try:
            return self._popen.wait(END_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            raise AssertionError(
                f'still running after {END_TIMEOUT_S:g} s:\n{self.output}'
            ) from None

    def terminate(self, timeout_s: float = END_TIMEOUT_S) -> None:
        """End the process with SIGTERM, and with SIGKILL if that has no effect in time."""
        self._popen.terminate()
        with suppress(subprocess.TimeoutExpired):
            self._popen.wait(timeout_s)
        self.kill()

    def kill(self) -> None:
        """End the process with SIGKILL."""
        self._popen.kill()
        self._popen.wait()

    def ask(self, line: str) -> str:
        """Write a line to its stdin, and return the next line of its stdout; both are pipes."""
        self.write_line(line)
        return self.read_line()

    def write_line(self, line: str) -> None:
        """Write a line to its stdin, which is a pipe."""
        assert self._popen.stdin is not None
        self._popen.stdin.write(f'{line}\n'.encode())
        self._popen.stdin.flush()

    def read_line(self) -> str:
        """Return the next line of its stdout, which is a pipe; empty if it has ended."""
        assert self._popen.stdout is not None
        return self._popen.stdout.readline().decode()

    def close_stdin(self) -> None:
        """Close its stdin, which is a pipe, and wait for its end, but not for ever."""
        assert self._popen.stdin is not None
        with suppress(BrokenPipeError):
            self._popen.stdin.close()
        with suppress(subprocess.TimeoutExpired):
            self._popen.wait(END_TIMEOUT_S)


@contextmanager
def running_command(
    command: Sequence[str],
    *,
    variables: Mapping[str, str] | None = None,
    is_graceful: bool = False,
    is_measured: bool = True,
    **options: Any,
) -> Iterator[Process]:
    """
    Run a command for as long as the context lasts.

    :param variables: of the environment, in addition to those of this process.
    :param is_graceful: end it with :meth:`Process.terminate` instead of :meth:`Process.kill`.
    :param is_measured: False runs it without coverage.py, for example because it gets a signal
        while it starts: coverage.py starts before the program can handle signals.
    :param options: those of :class:`subprocess.Popen`; stdout and stderr are recorded by default.
    """
    environment = {**options.pop('env', os.environ), **(variables or {})}
    if not is_measured:
        environment = {k: v for k, v in environment.items() if k not in COVERAGE_VARIABLES}
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / 'log'
        with log.open('wb') as output:
            defaults = {'stdout': output, 'stderr': output, 'env': environment}
            popen = subprocess.Popen(command, **{**defaults, **options})
        with popen:  # Closes the pipes.
            process = Process(popen, log)
            try:
                yield process
            finally:
                if is_graceful:
                    process.terminate()
                elif not environment.keys().isdisjoint(COVERAGE_VARIABLES):
                    # A process that is killed writes no coverage.
                    process.terminate(COVERAGE_TIMEOUT_S)
                else:
                    process.kill()


def running_module(
    module: str,
    arguments: Sequence[str] = (),
    variables: Mapping[str, str] | None = None,
    *,
    wrap: Wrap = list,
    **pipes: int,
) -> AbstractContextManager[Process]:
    """
    Run a module with ``python -m``, and end it gracefully.

    A killed ROS node would stay visible to others for some twenty seconds. stdout and stderr are
    those of this process unless they are named.

    :param wrap: changes the command line, for example to run it at an end of a lossy link.
    """
    options: dict[str, Any] = {'stdout': None, 'stderr': None, **pipes}
    command = wrap([sys.executable, '-m', module, *arguments])
    return running_command(command, variables=variables, is_graceful=True, **options)


def ros_arguments(namespace: str, parameters: Mapping[str, Any], *more: str) -> list[str]:
    """Return the arguments that set a node's namespace and parameters."""
    arguments = ['--ros-args', '-r', f'__ns:=/{namespace}']
    for name, value in parameters.items():
        arguments += ['-p', f'{name}:={value if isinstance(value, str) else json.dumps(value)}']
    return [*arguments, *more]


def enter_all(stack: ExitStack, contexts: Iterable[AbstractContextManager[T]]) -> list[T]:
    """Enter several contexts at the same time, because a process takes a second to start."""
    with ThreadPoolExecutor(max_workers=8) as pool:
        return list(pool.map(stack.enter_context, contexts))


def free_port() -> int:
    """
    Return a port that is free now, for a server that cannot choose one itself.

    It is below the ports that Linux gives to outgoing connections, because one of those could take
    it before the server starts. See net.ipv4.ip_local_port_range.
    """
    while True:
        port = random.SystemRandom().randrange(*FREE_PORTS)
        with suppress(OSError), socket.socket() as probe:
            probe.bind(('', port))
            return port


def wait_for_port(port: int, address: str = '127.0.0.1') -> None:
    """
    Wait until a server listens on a port.

    :raises ConnectionRefusedError: none did in time.
    """
    deadline = time.monotonic() + START_TIMEOUT_S
    while True:
        try:
            socket.create_connection((address, port)).close()
        except ConnectionRefusedError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.02)
        else:
            return
