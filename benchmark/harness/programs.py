# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""The programs of the package as processes to be measured."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
import subprocess
from typing import Any, NamedTuple

from .processes import Wrap, ros_arguments, running_module

__all__ = ['Server', 'bridge', 'camera', 'server']


class Server(NamedTuple):
    """The URL of an arena and its process id."""

    url: str
    pid: int


def _module(module: str, hidden: Sequence[str]) -> tuple[str, list[str]]:
    """Return the module to run and its first arguments."""
    if not hidden:
        return module, []
    return 'benchmark.harness.optional_dependencies', [','.join(hidden), module]


@contextmanager
def server(
    hidden: Sequence[str] = (),
    *,
    options: Sequence[str] = (),
    wrap: Wrap = list,
    stderr: int | None = None,
) -> Iterator[Server]:
    """
    Run an arena on a free port.

    :param hidden: libraries to hide from it; see :mod:`benchmark.harness.optional_dependencies`.
    :param options: further options of the command line.
    :param wrap: changes the command line; see :func:`.running_module`.
    :param stderr: as in :class:`subprocess.Popen`; None: that of this process.
    """
    module, first = _module('lerobot_arena_ros.server.main', hidden)
    # All participants of a benchmark have the same address.
    arguments = [*first, '--port', '0', '--max-per-address', '0', *options]
    pipes: dict[str, Any] = {'stdout': subprocess.PIPE, 'stderr': stderr}
    with running_module(module, arguments, wrap=wrap, **pipes) as process:
        line = process.read_line()
        url = next((word for word in line.split() if word.startswith('http://')), None)
        if url is None:
            raise RuntimeError(f'arena_server printed {line!r}, expected its URL')
        yield Server(url, process.pid)


@contextmanager
def bridge(
    parameters: Mapping[str, Any],
    variables: Mapping[str, str] | None = None,
    namespace: str = '',
    *,
    hidden: Sequence[str] = (),
    wrap: Wrap = list,
) -> Iterator[int]:
    """Run a bridge that logs fatal errors only; the value is its process id."""
    module, first = _module('lerobot_arena_ros.nodes.bridge.main', hidden)
    arguments = ros_arguments(namespace, parameters, '--log-level', 'fatal')
    with running_module(module, [*first, *arguments], variables, wrap=wrap) as process:
        yield process.pid


@contextmanager
def camera(
    parameters: Mapping[str, Any], variables: Mapping[str, str] | None = None, namespace: str = ''
) -> Iterator[int]:
    """Run an arena_camera that logs fatal errors only; the value is its process id."""
    arguments = ros_arguments(namespace, parameters, '--log-level', 'fatal')
    module = 'lerobot_arena_ros.nodes.camera.main'
    with running_module(module, arguments, variables) as process:
        yield process.pid
