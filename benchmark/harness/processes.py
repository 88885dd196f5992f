"""Processes that are measured or measured with, gone when the measurement ends."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack, contextmanager
import json
import os
import signal
import socket
import subprocess
import sys
import time
from typing import Any, NamedTuple, TypeVar

from .domains import lock_domain

__all__ = [
    'Server',
    'Stage',
    'bridge',
    'enter_all',
    'free_port',
    'ros_environment',
    'running',
    'server',
    'stage',
    'started',
    'wait_for_port',
]

T = TypeVar('T')

START_TIMEOUT_S = 20.0
STOP_TIMEOUT_S = 10.0

_MOST_DOMAINS = 80
"""More than are in use at once; the others of some hundred are left to others."""

_domain_locks: deque[socket.socket] = deque()


class Server(NamedTuple):
    """Where an arena listens, and the number of its process."""

    url: str
    pid: int


def ros_environment() -> dict[str, str]:
    """Make an environment whose ROS nodes meet no others, until 80 more have been made."""
    if len(_domain_locks) == _MOST_DOMAINS:
        _domain_locks.popleft().close()
    domain, lock = lock_domain()
    _domain_locks.append(lock)
    return {'ROS_DOMAIN_ID': str(domain), 'ROS_AUTOMATIC_DISCOVERY_RANGE': 'LOCALHOST'}


def running(
    module: str,
    arguments: Sequence[str] = (),
    environment: Mapping[str, str] | None = None,
    **pipes: int,
) -> AbstractContextManager[subprocess.Popen[str]]:
    """Run a module as a program."""
    return started([sys.executable, '-m', module, *arguments], environment, **pipes)


@contextmanager
def started(
    command: Sequence[str], environment: Mapping[str, str] | None = None, **pipes: int
) -> Iterator[subprocess.Popen[str]]:
    """Run a program."""
    process = subprocess.Popen(
        command, text=True, env={**os.environ, **(environment or {})}, **pipes
    )  # type: ignore[call-overload]
    try:
        yield process
    finally:
        _end(process)


def _end(process: subprocess.Popen[str]) -> None:
    if process.stdin is not None:
        process.stdin.close()  # A stage of ours ends by itself then, and cleans up.
        try:
            process.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            process.kill()
    else:
        process.send_signal(signal.SIGTERM)
    try:
        process.wait(STOP_TIMEOUT_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    if process.stdout is not None:
        process.stdout.close()


class Stage:
    """
    A process of :mod:`benchmark.harness.workers`: takes orders, gives answers.

    :ivar first: its first answer, given when it was ready.
    """

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.pid = process.pid
        self._process = process
        self.first = self._answer()

    def order(self, **fields: Any) -> dict[str, Any]:
        """Order something and wait until it is done."""
        self.begin(**fields)
        return self.end()

    def begin(self, **fields: Any) -> None:
        """Order something."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(fields) + '\n')
        self._process.stdin.flush()

    def end(self) -> dict[str, Any]:
        """Wait until what was begun is done."""
        return self._answer()

    def _answer(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f'{self._process.args!r} ended, expected an answer')
        answer: dict[str, Any] = json.loads(line)
        return answer


@contextmanager
def stage(
    name: str, arguments: Sequence[str] = (), environment: Mapping[str, str] | None = None
) -> Iterator[Stage]:
    """Run a module of :mod:`benchmark.harness.workers`; the value comes when it is ready."""
    pipes = {'stdin': subprocess.PIPE, 'stdout': subprocess.PIPE}
    with running(f'benchmark.harness.workers.{name}', arguments, environment, **pipes) as process:
        yield Stage(process)


def enter_all(stack: ExitStack, contexts: Iterable[AbstractContextManager[T]]) -> list[T]:
    """Enter several at the same time, for a process takes a second or two to start."""
    with ThreadPoolExecutor(max_workers=8) as pool:
        return list(pool.map(stack.enter_context, contexts))


def _program(module: str, without: Sequence[str]) -> tuple[str, list[str]]:
    """Say what is to be run, and the first of its arguments."""
    if not without:
        return module, []
    return 'benchmark.harness.optional_dependencies', [','.join(without), module]


@contextmanager
def server(without: Sequence[str] = ()) -> Iterator[Server]:
    """
    Run an arena on a free port.

    :param without: libraries that it has to do without; see :mod:`benchmark.harness.optional_dependencies`.
    """
    module, first = _program('lerobot_arena_ros.server.main', without)
    # All participants of a benchmark have one address.
    options = ['--port', '0', '--max-per-address', '0']
    with running(module, [*first, *options], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        url = next((word for word in line.split() if word.startswith('http://')), None)
        if url is None:
            raise RuntimeError(f'arena_server said {line!r}, expected where it listens')
        yield Server(url, process.pid)


@contextmanager
def bridge(
    parameters: Mapping[str, Any],
    environment: Mapping[str, str] | None = None,
    namespace: str = '/',
    *,
    without: Sequence[str] = (),
) -> Iterator[int]:
    """Run a bridge; the value is its process id. What it logs is no news here."""
    module, first = _program('lerobot_arena_ros.nodes.bridge.main', without)
    arguments = [*first, '--ros-args', '--log-level', 'fatal', '-r', f'__ns:={namespace}']
    for name, value in parameters.items():
        arguments += ['-p', f'{name}:={value if isinstance(value, str) else json.dumps(value)}']
    with running(module, arguments, environment) as process:
        yield process.pid


def free_port() -> int:
    """Find a port for a server that cannot find one itself."""
    with socket.socket() as probe:
        probe.bind(('127.0.0.1', 0))
        port: int = probe.getsockname()[1]
        return port


def wait_for_port(port: int) -> None:
    """Wait until somebody listens there."""
    deadline = time.monotonic() + START_TIMEOUT_S
    while True:
        try:
            socket.create_connection(('127.0.0.1', port)).close()
        except ConnectionRefusedError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.02)
        else:
            return
