"""What a server needs to tell many consumers of one room, and how long the last of them waits."""

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
from ..harness.processes import Stage, enter_all, server, stage
from .pipelines import obvious_server
from .rounds import DRAIN_S

__all__ = ['Fan', 'fan_out']

WORKSPACE = 'default-workspace'
JOINTS = 6
RATE_HZ = 100.0
BURST = 1500
"""Messages that fill what the kernel holds for one who does not read; at 1000 Hz."""

_rooms = itertools.count(1)


@dataclass
class Fan:
    """
    What one server did for so many consumers, in all rounds together.

    :param deaf: with one more, who does not read.
    """

    server: str
    consumers: int
    deaf: bool
    windows_s: list[list[float]] = field(default_factory=list)
    sent: int = 0
    cpu_s: float = 0.0

    def row(self) -> dict[str, Any]:
        """Give everything as plain numbers."""
        due = self.sent * self.consumers
        return {
            'server': self.server,
            'consumers': self.consumers,
            'deaf': self.deaf,
            **vars(Latency.of(self.windows_s, due)),
            'cpu_us_per_delivery': 1e6 * self.cpu_s / max(1, due),
        }


@dataclass(frozen=True)
class Running:
    """A server, and whether it is the obvious one."""

    name: str
    url: str
    pid: int
    is_obvious: bool = False


@contextmanager
def _ours(without: Sequence[str] = ()) -> Iterator[Running]:
    with server(without) as (url, pid):
        yield Running(f'ours without {", ".join(without)}' if without else 'ours', url, pid)


@contextmanager
def _obvious() -> Iterator[Running]:
    with obvious_server() as (url, pid):
        yield Running('obvious', url, pid, is_obvious=True)


@contextmanager
def _room(running: Running, consumers: int, *, deaf: bool) -> Iterator[tuple[Stage, Stage]]:
    """Make a room with a producer and its consumers."""
    room_id = f'fan{next(_rooms)}'
    if not running.is_obvious:
        asyncio.run(RoboticsProducer(running.url).create_room(WORKSPACE, room_id))
    url = running.url.replace('http', 'ws')
    url += f'/robotics/workspaces/{WORKSPACE}/rooms/{room_id}/ws'
    # Its clients offer compression, as their library does unasked.
    options = ['--deflate'] if running.is_obvious else []
    with (
        stage('frame_sender', [url, str(JOINTS), '--join', *options]) as sender,
        stage(
            'frame_listeners', [url, str(consumers), *options, *(['--deaf'] if deaf else [])]
        ) as listeners,
    ):
        yield sender, listeners


def _measure(fan: Fan, pid: int, sender: Stage, listeners: Stage, seconds: float) -> None:
    sender.order(rate_hz=RATE_HZ, count=20)
    time.sleep(DRAIN_S)
    listeners.order()
    before_s = cpu_s(pid)
    sent = dict(sender.order(rate_hz=RATE_HZ, count=round(RATE_HZ * seconds))['sent'])
    time.sleep(DRAIN_S)
    fan.cpu_s += cpu_s(pid) - before_s
    fan.sent += len(sent)
    heard = itertools.chain.from_iterable(listeners.order()['arrived'])
    fan.windows_s.append([at - sent[number] for number, at in heard if number in sent])


def _measure_deaf(fan: Fan, running: Running, seconds: float) -> None:
    """Do so with a consumer who does not read, in a room of its own that may break."""
    count = round(RATE_HZ * seconds)
    before = fan.sent
    try:
        with _room(running, fan.consumers, deaf=True) as (sender, listeners):
            sender.order(rate_hz=1000.0, count=BURST)
            _measure(fan, running.pid, sender, listeners, seconds)
    except (RuntimeError, BrokenPipeError):
        # The sender or all listeners were put out with the one who did not read.
        fan.sent = before + count


def fan_out(
    counts: Sequence[int],
    *,
    beside: int,
    without: Sequence[Sequence[str]],
    times: int,
    seconds: float,
) -> list[Fan]:
    """
    Measure both servers with each count of consumers in turn, so many times.

    :param beside: how many read while another one does not.
    :param without: libraries that our server is to do without, with ``beside`` consumers.
    """
    with ExitStack() as stack:
        servers = [stack.enter_context(each) for each in (_ours(), _obvious())]
        plainer = [stack.enter_context(_ours(names)) for names in without]
        plan = [(running, count) for running in servers for count in counts]
        plan += [(running, beside) for running in plainer]
        ends = enter_all(stack, [_room(*each, deaf=False) for each in plan])
        rooms = [
            (Fan(running.name, count, deaf=False), running.pid, *pair)
            for (running, count), pair in zip(plan, ends, strict=True)
        ]
        deaf = [(Fan(running.name, beside, deaf=True), running) for running in servers]
        for _ in range(times):
            for fan, pid, sender, listeners in rooms:
                _measure(fan, pid, sender, listeners, seconds)
            for fan, running in deaf:
                _measure_deaf(fan, running, seconds)
    return [fan for fan, *_ in rooms] + [fan for fan, _ in deaf]
