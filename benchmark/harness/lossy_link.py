# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""
A lossy link between two network namespaces of this machine, and processes at its two ends.

Both namespaces have a TUN device. One process forwards the packets between them, and delays,
loses, repeats and reorders them as an :class:`.Impairment` describes. Nothing outside these
namespaces is changed, and all of it ends with the processes that hold it::

    with lossy_link() as link:
        link.impair(Impairment(delay_s=0.02, loss=0.03))
        with running_command(link.near.command(['python3', 'server.py'])): ...

Linux has to permit user namespaces and /dev/net/tun; :func:`find_obstacle` returns what is
missing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
import functools
import json
import os
import shutil
import socket
import subprocess
import sys
from typing import Any

from .impairment import Impairment
from .processes import Process, running_command
from .worker import Worker

__all__ = ['End', 'LossyLink', 'find_obstacle', 'lossy_link']

ADDRESSES = ('10.77.0.1', '10.77.0.2')
"""The addresses of the two ends. They exist in the namespaces only."""

PROGRAMS = {'ip': 'iproute2', 'nsenter': 'util-linux', 'unshare': 'util-linux'}
"""The programs that are needed, and the Debian package of each."""

_UNSHARE = ('unshare', '--user', '--map-root-user', '--net')


@dataclass(frozen=True)
class End:
    """
    One end of the link.

    :param address: the IPv4 address of this end.
    :param pid: a process in the namespace.
    """

    address: str
    pid: int

    def command(self, command: Sequence[str]) -> list[str]:
        """Return the command line that runs a command at this end."""
        enter = ['nsenter', '--target', str(self.pid), '--user', '--net']
        return [*enter, '--preserve-credentials', '--', *command]


class LossyLink:
    """
    A running link.

    :ivar near: one end.
    :ivar far: the other end.
    """

    def __init__(self, near: End, far: End, forwarder: Worker) -> None:
        self.near = near
        self.far = far
        self._forwarder = forwarder

    def impair(self, there: Impairment, back: Impairment | None = None) -> None:
        """
        Replace the impairment of both directions, from now on.

        :param there: of packets from :attr:`near` to :attr:`far`.
        :param back: of packets from :attr:`far` to :attr:`near`; None: the same.
        """
        self._forwarder.request(there=asdict(there), back=asdict(back or there))

    def counts(self) -> dict[str, dict[str, int]]:
        """Return how many packets were passed, lost, duplicated and reordered, by direction."""
        return self._forwarder.request()


@functools.cache
def find_obstacle() -> str | None:
    """Return in one line why there can be no link on this machine; None if there can."""
    for program, package in PROGRAMS.items():
        if shutil.which(program) is None:
            return f'no lossy link: {program} is missing: apt install {package}'
    try:
        with lossy_link():
            return None
    except RuntimeError as exc:
        return f'no lossy link: {exc}'


@contextmanager
def lossy_link(seed: int = 1) -> Iterator[LossyLink]:
    """
    Run a link without impairments.

    :param seed: of the random decisions.
    :raises RuntimeError: the system does not permit it; the text has the reason.
    """
    near, far = ADDRESSES
    with _end(near, far) as (first, near_device), _end(far, near) as (second, far_device):
        devices = (near_device, far_device)
        with _running('link_forwarder', [*map(str, devices), str(seed)], devices) as process:
            forwarder = Worker('link_forwarder', process)
            yield LossyLink(End(near, first.pid), End(far, second.pid), forwarder)


@contextmanager
def _end(address: str, other: str) -> Iterator[tuple[Process, int]]:
    """Run one end, and yield its process and the file descriptor of its device."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        target = theirs.fileno()
        arguments = [str(target), address, other]
        with _running('link_end', arguments, [target], prefix=_UNSHARE) as process:
            line = process.read_line()
            if not line:
                raise RuntimeError(process.output.strip() or f'{_UNSHARE[0]} ended')
            answer = json.loads(line)
            if 'error' in answer:
                raise RuntimeError(answer['error'])
            _, (device,), _, _ = socket.recv_fds(ours, 16, 1)
            try:
                yield process, device
            finally:
                os.close(device)


@contextmanager
def _running(
    worker: str, arguments: Sequence[str], descriptors: Sequence[int], prefix: Sequence[str] = ()
) -> Iterator[Process]:
    """Run a worker that inherits file descriptors; what it prints to stderr is recorded."""
    command = [*prefix, sys.executable, '-m', f'benchmark.harness.workers.{worker}', *arguments]
    pipes: dict[str, Any] = {'stdin': subprocess.PIPE, 'stdout': subprocess.PIPE}
    with running_command(command, is_graceful=True, pass_fds=descriptors, **pipes) as process:
        try:
            yield process
        finally:
            process.close_stdin()
