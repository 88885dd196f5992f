# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""The examples as real processes, with pipes or in a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
import os
from pathlib import Path
import subprocess
import sys

from .processes import Process, running_command
from .terminal import HEEDING_CTRL_C, Terminal, in_terminal

__all__ = ['EXAMPLES', 'example_in_terminal', 'finished', 'running_example']

EXAMPLES = Path(__file__).resolve().parents[2] / 'examples'
TIMEOUT_S = 30.0

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


@contextmanager
def example_in_terminal(name: str, *arguments: object) -> Iterator[Terminal]:
    """Run an example in a terminal."""
    with in_terminal(_command(name, arguments), _environment()) as terminal:
        yield terminal


def _command(name: str, arguments: tuple[object, ...]) -> list[str]:
    return [sys.executable, str(EXAMPLES / f'{name}.py'), *map(str, arguments)]


def _environment() -> dict[str, str]:
    """Return the environment without PYTHONUNBUFFERED, because the examples have to flush."""
    return {name: value for name, value in os.environ.items() if name != 'PYTHONUNBUFFERED'}
