"""Executables of the package as processes of their own, gone when the measurement ends."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
import json
import subprocess
import sys
from typing import Any, NamedTuple

__all__ = ['Server', 'bridge', 'server']

STOP_TIMEOUT_S = 10.0


class Server(NamedTuple):
    """Where an arena listens, and the number of its process."""

    url: str
    pid: int


@contextmanager
def server() -> Iterator[Server]:
    """Run an arena on a free port."""
    with _running('server.main', ['--port', '0'], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        if 'http://' not in line:
            raise RuntimeError(f'arena_server said {line!r}, expected where it listens')
        yield Server(line.split()[-1], process.pid)


@contextmanager
def bridge(parameters: Mapping[str, Any]) -> Iterator[None]:
    """Run a bridge with these parameters; a stop is no news here, so it logs nothing."""
    arguments = ['--ros-args', '--log-level', 'fatal']
    for name, value in parameters.items():
        arguments += ['-p', f'{name}:={value if isinstance(value, str) else json.dumps(value)}']
    with _running('nodes.bridge', arguments):
        yield


@contextmanager
def _running(
    module: str, arguments: list[str], stdout: int | None = None
) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, '-m', f'lerobot_arena_ros.{module}', *arguments]
    process = subprocess.Popen(command, stdout=stdout, text=True)
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        if process.stdout is not None:
            process.stdout.close()
