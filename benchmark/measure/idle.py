"""What bridges and servers cost that only wait, and how long a bridge takes to start."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
import time
from typing import Any

from ..harness.figures import cpu_s, memory_mb
from ..harness.processes import bridge, enter_all, ros_environment, running, server, stage
from .pipelines import ROOM_PATH, obvious_server

__all__ = ['idle', 'start_up']

SETTLE_S = 6.0
"""Until processes that were started have joined, and discovery is silent."""

START_S = 6.0
"""How long a bridge has for its first command."""


def _both_sides(url: str, produce: str, consume: str) -> AbstractContextManager[int]:
    parameters = {
        'server_url': url,
        'create_missing_rooms': 'both',
        'units': 'radians',
        'joints': [f'j{joint}' for joint in range(1, 7)],
        'produce.room_id': produce,
        'consume.room_id': consume,
    }
    return bridge(parameters, ros_environment())


@contextmanager
def _obvious_pair() -> Iterator[dict[str, int]]:
    environment = ros_environment()
    with ExitStack() as stack:
        url, pid = stack.enter_context(obvious_server())
        url = url.replace('http', 'ws') + ROOM_PATH
        pids = {'obvious server': pid}
        for role in ('producer', 'consumer'):
            process = running('benchmark.measure.baseline_bridge', [role, url], environment)
            pids[f'obvious bridge ({role})'] = stack.enter_context(process).pid
        yield pids


def idle(seconds: float) -> list[dict[str, Any]]:
    """Let two bridges, each in the other's room, do nothing, and a bare node beside them."""
    with ExitStack() as stack:
        url, server_pid = stack.enter_context(server())
        pids = {'server': server_pid}
        one, _ = enter_all(stack, [_both_sides(url, 'a', 'b'), _both_sides(url, 'b', 'a')])
        pids['bridge'] = one
        pids['bare rclpy node'] = stack.enter_context(
            stage('bare_node', [], ros_environment())
        ).pid
        pids.update(stack.enter_context(_obvious_pair()))
        time.sleep(SETTLE_S)
        before_s = {what: cpu_s(pid) for what, pid in pids.items()}
        begin_s = time.monotonic()
        time.sleep(seconds)
        taken_s = time.monotonic() - begin_s
        return [
            {
                'process': what,
                'cpu_percent': 100 * (cpu_s(pid) - before_s[what]) / taken_s,
                'memory_mb': memory_mb(pid),
            }
            for what, pid in pids.items()
        ]


def start_up(times: int) -> list[dict[str, Any]]:
    """Start a bridge for a room in which joints move already, again and again."""
    with ExitStack() as stack:
        url, _ = stack.enter_context(server())
        # The bridge makes the room; it goes on to exist.
        with _consumer(url, ros_environment()):
            time.sleep(SETTLE_S / 2)
        socket_url = url.replace('http', 'ws') + ROOM_PATH
        sender = stack.enter_context(stage('frame_sender', [socket_url, '6', '--join']))
        environment = ros_environment()
        topic = ['events', 'joint_commands']
        receiver = stack.enter_context(stage('joint_subscriber', topic, environment))
        taken_s = []
        for _ in range(times):
            sender.begin(rate_hz=100.0, count=round(START_S * 100))
            begin_s = time.monotonic()
            with _consumer(url, environment):
                sender.end()
                arrived = receiver.order()['arrived']
            taken_s.append(min((at for _, at in arrived), default=float('inf')) - begin_s)
            receiver.order()
    return [{'process': 'bridge', 'start_up_s': sorted(taken_s)}]


def _consumer(url: str, environment: dict[str, str]) -> AbstractContextManager[int]:
    parameters = {
        'server_url': url,
        'create_missing_rooms': 'both',
        'units': 'radians',
        'joints': [f'j{joint}' for joint in range(1, 7)],
        'consume.room_id': 'bench',
        'consume.require_feedback': 'never',
        'consume.require_limits': 'never',
    }
    return bridge(parameters, environment)
