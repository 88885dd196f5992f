# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""What a server needs to send to many consumers of one room, and how late the last one is."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
import itertools
import time
from typing import Any

from lerobot_arena_ros import RoboticsProducer

from ..harness.figures import Latency, cpu_s
from ..harness.processes import enter_all
from ..harness.programs import server
from ..harness.worker import Worker, worker
from .pipelines import baseline_server
from .rounds import DRAIN_S

__all__ = ['FanOut', 'fan_out']

WORKSPACE = 'default-workspace'
JOINTS = 6
RATE_HZ = 100.0
BURST = 1500
"""Messages, at 1000 Hz, that fill the kernel's buffers of a consumer that does not read."""

_rooms = itertools.count(1)


@dataclass
class FanOut:
    """
    What one server did for some consumers, in all rounds together.

    :param stalled: whether there was one more consumer that did not read.
    """

    server: str
    consumers: int
    stalled: bool
    windows_s: list[list[float]] = field(default_factory=list)
    sent: int = 0
    cpu_s: float = 0.0

    def row(self) -> dict[str, Any]:
        """Return everything as plain numbers."""
        due = self.sent * self.consumers
        return {
            'server': self.server,
            'consumers': self.consumers,
            'stalled': self.stalled,
            **vars(Latency.of(self.windows_s, due)),
            'cpu_us_per_delivery': 1e6 * self.cpu_s / max(1, due),
        }


@dataclass(frozen=True)
class RunningServer:
    """A server, and whether it is the baseline's."""

    name: str
    url: str
    pid: int
    is_baseline: bool = False


@contextmanager
def _ours(hidden: Sequence[str] = ()) -> Iterator[RunningServer]:
    with server(hidden) as (url, pid):
        yield RunningServer(f'ours without {", ".join(hidden)}' if hidden else 'ours', url, pid)


@contextmanager
def _baseline() -> Iterator[RunningServer]:
    with baseline_server() as (url, pid):
        yield RunningServer('baseline', url, pid, is_baseline=True)


@contextmanager
def _room(
    running: RunningServer, consumers: int, *, stalled: bool
) -> Iterator[tuple[Worker, Worker]]:
    """Create a room with a producer and its consumers."""
    room_id = f'fan{next(_rooms)}'
    if not running.is_baseline:
        asyncio.run(RoboticsProducer(running.url).create_room(WORKSPACE, room_id))
    url = running.url.replace('http', 'ws')
    url += f'/robotics/workspaces/{WORKSPACE}/rooms/{room_id}/ws'
    # Clients of the baseline offer compression, because their library does so by default.
    deflate = ['--deflate'] if running.is_baseline else []
    options = [*deflate, *(['--stalled'] if stalled else [])]
    with (
        worker('frame_sender', [url, str(JOINTS), *deflate]) as sender,
        worker('frame_listeners', [url, str(consumers), *options]) as listeners,
    ):
        yield sender, listeners


def _measure(fan: FanOut, pid: int, sender: Worker, listeners: Worker, seconds: float) -> None:
    sender.request(rate_hz=RATE_HZ, count=20)
    time.sleep(DRAIN_S)
    listeners.request()
    before_s = cpu_s(pid)
    sent = dict(sender.request(rate_hz=RATE_HZ, count=round(RATE_HZ * seconds))['sent'])
    time.sleep(DRAIN_S)
    fan.cpu_s += cpu_s(pid) - before_s
    fan.sent += len(sent)
    arrived = itertools.chain.from_iterable(listeners.request()['arrived'])
    fan.windows_s.append([at - sent[number] for number, at in arrived if number in sent])


def _measure_stalled(fan: FanOut, running: RunningServer, seconds: float) -> None:
    """Measure with a consumer that does not read, in a room of its own, because it may break."""
    count = round(RATE_HZ * seconds)
    before = fan.sent
    try:
        with _room(running, fan.consumers, stalled=True) as (sender, listeners):
            sender.request(rate_hz=1000.0, count=BURST)
            _measure(fan, running.pid, sender, listeners, seconds)
    except (RuntimeError, BrokenPipeError):
        # The sender or all listeners were disconnected together with the one that does not read.
        fan.sent = before + count


def fan_out(
    counts: Sequence[int],
    *,
    beside_stalled: int,
    hidden: Sequence[Sequence[str]],
    times: int,
    seconds: float,
) -> list[FanOut]:
    """
    Measure both servers with each count of consumers in turn, several times.

    :param beside_stalled: how many consumers read while another one does not.
    :param hidden: libraries to hide from our server, with as many consumers.
    """
    with ExitStack() as stack:
        servers = [stack.enter_context(each) for each in (_ours(), _baseline())]
        plainer = [stack.enter_context(_ours(names)) for names in hidden]
        plan = [(running, count) for running in servers for count in counts]
        plan += [(running, beside_stalled) for running in plainer]
        ends = enter_all(stack, [_room(*each, stalled=False) for each in plan])
        rooms = [
            (FanOut(running.name, count, stalled=False), running.pid, *pair)
            for (running, count), pair in zip(plan, ends, strict=True)
        ]
        stalled = [
            (FanOut(running.name, beside_stalled, stalled=True), running) for running in servers
        ]
        for _ in range(times):
            for fan, pid, sender, listeners in rooms:
                _measure(fan, pid, sender, listeners, seconds)
            for fan, running in stalled:
                _measure_stalled(fan, running, seconds)
    return [fan for fan, *_ in rooms] + [fan for fan, _ in stalled]
