# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""Start and end the processes of a demo together."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
import contextlib
from pathlib import Path
import signal
import subprocess
import sys
import tempfile
import time
from typing import TypeVar

from ..runtime.shutdown_signal import ShutdownSignal
from .so101 import SO101, limit_parameters

__all__ = ['SIM', 'DemoError', 'Interrupted', 'Processes', 'demo_processes', 'sim_processes']

SIM = '/sim'
"""The namespace of the simulated arm."""

START_TIMEOUT_S = 20.0
POLL_S = 0.02
STOP_TIMEOUT_S = 5.0

Found = TypeVar('Found')


class DemoError(RuntimeError):
    """The demo cannot continue; the text is for the user."""


class Interrupted(Exception):
    """A signal requested the end of the demo."""


class Processes:
    """
    Child processes, each with a log file.

    :param logs: directory of the log files.
    :param interruption: record of the signals that end this process.
    """

    def __init__(self, logs: Path, interruption: ShutdownSignal) -> None:
        self._logs = logs
        self._interruption = interruption
        self._running: dict[str, subprocess.Popen[bytes]] = {}

    def start(self, name: str, executable: str, arguments: Sequence[str]) -> None:
        """Start an executable of the package."""
        log = self._logs / f'{name}.log'
        start = f'import sys, lerobot_arena_ros.executables as e; sys.exit(e.{executable}())'
        with log.open('wb') as output:
            self._running[name] = subprocess.Popen(
                [sys.executable, '-c', start, *arguments],
                stdout=output,
                stderr=subprocess.STDOUT,
                # Only the demo receives Ctrl-C from the terminal; it then ends them in order.
                start_new_session=True,
            )

    def output(self, name: str) -> str:
        """Return what a process has printed so far."""
        return (self._logs / f'{name}.log').read_text(errors='replace')

    def wait_for_output(
        self, name: str, find: Callable[[str], Found | None], timeout_s: float = START_TIMEOUT_S
    ) -> Found:
        """
        Wait until a process has printed something, and return what was found in it.

        :param find: searches the whole output so far; returns None if it is not there yet.
        :raises DemoError: it was not printed in time, or a process has ended.
        :raises Interrupted: a signal has arrived.
        """
        deadline = time.monotonic() + timeout_s
        while time.monotonic() < deadline:
            self.check()
            if (found := find(self.output(name))) is not None:
                return found
            time.sleep(POLL_S)
        raise DemoError(f'{name} did not start within {timeout_s:g} s')

    def check(self) -> None:
        """
        Check that all processes run, and that no signal has arrived.

        :raises DemoError: a process has ended.
        :raises Interrupted: a signal has arrived.
        """
        if self._interruption.received:
            raise Interrupted
        for name, process in self._running.items():
            if process.poll() is not None:
                tail = '\n'.join(self.output(name).splitlines()[-5:])
                raise DemoError(f'{name} ended with code {process.returncode}:\n{tail}')

    def close(self) -> None:
        """End all processes, in the reverse order of their start."""
        for process in reversed(list(self._running.values())):
            if process.poll() is None:
                process.send_signal(signal.SIGINT)
        for process in self._running.values():
            try:
                process.wait(STOP_TIMEOUT_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


@contextlib.contextmanager
def demo_processes(interruption: ShutdownSignal) -> Iterator[tuple[Processes, str]]:
    """
    Run an arena, two arms and two bridges while the context is open.

    :returns: the processes and the URL of the arena.
    :raises DemoError: the arena did not start.
    :raises Interrupted: a signal arrived before the start of the arena.
    """
    with _processes(interruption) as (processes, url):
        common = ['-p', f'server_url:={url}', '-p', 'units:=degrees']
        common += ['-p', f'joints:=[{", ".join(SO101)}]']
        limits = [
            word
            for name, value in limit_parameters().items()
            for word in ('-p', f'{name}:={value}')
        ]
        # Without this limit, commands equal the leader's positions, which shows their latency.
        limits += ['-p', 'consume.max_acceleration:=0.0']
        for name, executable, namespace, parameters in (
            ('leader_arm', 'arena_demo_arm', 'leader', ['-p', 'motion:=sine']),
            ('follower_arm', 'arena_demo_arm', 'follower', ['-p', 'motion:=follow']),
            ('producer', 'arena_bridge', 'leader', [*common, '-p', 'produce.room_id:=demo']),
            (
                'consumer',
                'arena_bridge',
                'follower',
                [*common, *limits, '-p', 'consume.room_id:=demo'],
            ),
        ):
            arguments = ['--ros-args', '-r', f'__ns:=/{namespace}', *parameters]
            processes.start(name, executable, arguments)
        yield processes, url


@contextlib.contextmanager
def sim_processes(room_id: str, interruption: ShutdownSignal) -> Iterator[tuple[Processes, str]]:
    """
    Run an arena, the simulated arm in :data:`SIM`, and the bridge through which it follows a room.

    :returns: the processes and the URL of the arena.
    :raises DemoError: the arena did not start.
    :raises Interrupted: a signal arrived before the start of the arena.
    """
    with _processes(interruption) as (processes, url):
        arguments = ['--ros-args', '-r', f'__ns:={SIM}']
        processes.start('sim_arm', 'sim_arm', arguments)
        parameters = (
            f'server_url:={url}',
            'units:=degrees',
            f'joints:=[{", ".join(SO101)}]',
            f'consume.room_id:={room_id}',
            'create_missing_rooms:=both',
        )
        arguments += [word for parameter in parameters for word in ('-p', parameter)]
        processes.start('bridge', 'arena_bridge', arguments)
        yield processes, url


@contextlib.contextmanager
def _processes(interruption: ShutdownSignal) -> Iterator[tuple[Processes, str]]:
    """Run an arena and the processes that the caller starts; return them and the arena's URL."""
    with tempfile.TemporaryDirectory(prefix='lerobot_arena_demo_') as folder:
        processes = Processes(Path(folder), interruption)
        try:
            processes.start('arena_server', 'arena_server', ['--port', '0', '--control', 'take'])
            yield processes, processes.wait_for_output('arena_server', _url_in)
        finally:
            processes.close()


def _url_in(output: str) -> str | None:
    return next((word for word in output.split() if word.startswith('http://')), None)
