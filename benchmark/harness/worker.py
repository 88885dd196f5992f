# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""A worker: a process of :mod:`benchmark.harness.workers` that answers requests."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
import json
import subprocess
from typing import Any

from .processes import Process, Wrap, running_module

__all__ = ['Worker', 'worker']


class Worker:
    """
    A running worker.

    :ivar first: its first reply, which it sends when it is ready.
    """

    def __init__(self, name: str, process: Process) -> None:
        self.name = name
        self.pid = process.pid
        self._process = process
        self.first = self.receive()

    def request(self, **fields: Any) -> dict[str, Any]:
        """Send a request and return the reply."""
        self.send(**fields)
        return self.receive()

    def send(self, **fields: Any) -> None:
        """Send a request; the reply is received later."""
        self._process.write_line(json.dumps(fields))

    def receive(self) -> dict[str, Any]:
        """
        Wait for a reply.

        :raises RuntimeError: the worker has ended.
        """
        line = self._process.read_line()
        if not line:
            raise RuntimeError(f'the worker {self.name} ended, expected a reply')
        reply: dict[str, Any] = json.loads(line)
        return reply


@contextmanager
def worker(
    name: str,
    arguments: Sequence[str] = (),
    variables: Mapping[str, str] | None = None,
    *,
    wrap: Wrap = list,
) -> Iterator[Worker]:
    """Run a module of :mod:`benchmark.harness.workers`; return once it is ready."""
    pipes = {'stdin': subprocess.PIPE, 'stdout': subprocess.PIPE}
    module = f'benchmark.harness.workers.{name}'
    with running_module(module, arguments, variables, wrap=wrap, **pipes) as process:
        try:
            yield Worker(name, process)
        finally:
            process.close_stdin()
