"""What many bridges cost, each a process or all in one, and how long a joint takes in these."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
import json
import os
from pathlib import Path as FilePath
import re
import signal
import tempfile
import time
from typing import Any

import httpx

from ..harness.figures import available_mb, cpu_s, memory_mb, private_mb
from ..harness.processes import (
    Server,
    Stage,
    bridge,
    enter_all,
    ros_environment,
    running,
    server,
    stage,
)
from .pipelines import Path
from .rounds import Tally, measure, warm_up

__all__ = ['many_processes', 'one_process']

JOINTS = 6
RATE_HZ = 50.0
SETTLE_S = 4.0
"""Until discovery is silent, once all have joined."""

JOIN_S = 90.0
NEEDED_MB = 110.0
"""What is free at least for each process, or they are not started."""

_COMMON = {
    'create_missing_rooms': 'both',
    'units': 'radians',
    'joints': [f'j{joint}' for joint in range(1, JOINTS + 1)],
    'produce.max_rate_hz': 1000.0,
    # All that comes passes at once, as on the other paths.
    'consume.require_feedback': 'never',
    'consume.require_limits': 'never',
    'consume.allow_other_publishers': True,
    'consume.max_acceleration': 0.0,
    'consume.start_velocity': 100.0,
    'consume.max_velocity': 100.0,
}


def _rooms(number: int) -> dict[str, str]:
    return {'produce.room_id': f'from{number}', 'consume.room_id': f'to{number}'}


def many_processes(count: int, seconds: float) -> dict[str, Any] | None:
    """
    Let so many bridges, each a process in rooms and a ROS domain of its own, do nothing.

    :returns: None where the machine has not the memory.
    """
    if available_mb() < count * NEEDED_MB:
        print(f'{count} processes skipped: {available_mb():.0f} MB are free', flush=True)
        return None
    with ExitStack() as stack:
        arena = stack.enter_context(server())
        common = {**_COMMON, 'server_url': arena.url}
        bridges = [bridge({**common, **_rooms(n)}, ros_environment()) for n in range(count)]
        pids = enter_all(stack, bridges)
        _wait_until_joined(arena, 2 * count)
        row = _idle(arena, pids, count, seconds)
        for pid in pids:  # All at once, for one after the other takes a minute.
            os.kill(pid, signal.SIGTERM)
        return row


def one_process(count: int, idle_s: float, *, times: int, seconds: float) -> dict[str, Any]:
    """
    Let so many bridges in one process do nothing, then have each move its joints.

    :param times: how often the path of a joint is measured, for ``seconds`` each.
    """
    environment = ros_environment()
    with ExitStack() as stack:
        arena = stack.enter_context(server())
        pid = stack.enter_context(_fleet(arena.url, count, environment))
        _wait_until_joined(arena, 2 * count)
        row = _idle(arena, [pid], count, idle_s)
        path = _path(stack, arena, pid, environment)
        rooms = [f'to{number}' for number in range(1, count)]
        if rooms:
            others = stage('room_leaders', [arena.url, str(JOINTS), *rooms])
            stack.enter_context(others).order(rate_hz=RATE_HZ)
        return {**row, **_under_load(path, seconds, times)}


@contextmanager
def _fleet(url: str, count: int, environment: dict[str, str]) -> Iterator[int]:
    """Run a fleet; the value is its process id."""
    fleet = {
        'defaults': {'params': {**_COMMON, 'server_url': url}},
        'robots': [{'namespace': f'r{n}', 'params': _rooms(n)} for n in range(count)],
    }
    with tempfile.TemporaryDirectory() as folder:
        file = FilePath(folder) / 'fleet.yaml'
        file.write_text(json.dumps(fleet), encoding='utf-8')
        arguments = [str(file), '--ros-args', '--log-level', 'fatal']
        with running('lerobot_arena_ros.nodes.fleet.main', arguments, environment) as process:
            yield process.pid


def _path(stack: ExitStack, arena: Server, pid: int, environment: dict[str, str]) -> Path:
    """Lay the path of a joint: a leader's bridge, the arena, and the first robot of the fleet."""
    parameters = {**_COMMON, 'server_url': arena.url, 'produce.room_id': 'to0'}
    leader = stack.enter_context(bridge(parameters, environment, '/leader'))
    hears = ['events', 'joint_commands', '-r', '__ns:=/r0']
    receiver: Stage = stack.enter_context(stage('joint_subscriber', hears, environment))
    says = [str(JOINTS), '-r', '__ns:=/leader']
    sender: Stage = stack.enter_context(stage('joint_publisher', says, environment))
    return Path('fleet', sender, receiver, {'leader': leader, 'server': arena.pid, 'fleet': pid})


def _under_load(path: Path, seconds: float, times: int) -> dict[str, Any]:
    warm_up(path)
    tally = Tally(path.name, RATE_HZ, JOINTS)
    begin_s, before_s = time.monotonic(), {what: cpu_s(pid) for what, pid in path.pids.items()}
    for _ in range(times):
        measure(path, tally, seconds)
    taken_s = time.monotonic() - begin_s
    busy = {
        f'{what}_busy_percent': 100 * (cpu_s(pid) - before_s[what]) / taken_s
        for what, pid in path.pids.items()
    }
    return {**vars(tally.latency), **busy}


def _idle(arena: Server, pids: list[int], count: int, seconds: float) -> dict[str, Any]:
    time.sleep(SETTLE_S)
    before_s = [cpu_s(pid) for pid in (arena.pid, *pids)]
    time.sleep(seconds)
    after_s = [cpu_s(pid) for pid in (arena.pid, *pids)]
    spent_s = [after - before for after, before in zip(after_s, before_s, strict=True)]
    return {
        'bridges': count,
        'server_cpu_percent': 100 * spent_s[0] / seconds,
        'bridges_cpu_percent': 100 * sum(spent_s[1:]) / seconds,
        'resident_mb': sum(memory_mb(pid) for pid in pids),
        'proportional_mb': sum(private_mb(pid) for pid in pids),
        'server_mb': memory_mb(arena.pid),
    }


def _wait_until_joined(arena: Server, wanted: int) -> None:
    """
    Wait until so many are in the rooms of an arena.

    :raises TimeoutError: they were not in time.
    """
    deadline = time.monotonic() + JOIN_S
    while time.monotonic() < deadline:
        text = httpx.get(f'{arena.url}/metrics', trust_env=False).text
        counts = re.findall(r'^lerobot_arena_participants\{.*\} ([\d.]+)$', text, re.MULTILINE)
        if sum(map(float, counts)) >= wanted:
            return
        time.sleep(0.1)
    raise TimeoutError(f'{wanted} participants are not in their rooms after {JOIN_S:g} s')
