# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""What many bridges cost, each a process or all in one, and the latency of a joint in a fleet."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
import json
import os
from pathlib import Path
import re
import signal
import tempfile
import time
from typing import Any

import httpx

from ..harness.domains import ros_environment
from ..harness.figures import available_mb, cpu_s, memory_mb, private_mb
from ..harness.processes import enter_all, running_module
from ..harness.programs import Server, bridge, server
from ..harness.worker import worker
from .open_gate import OPEN_GATE
from .pipelines import Pipeline
from .rounds import Result, measure, warm_up

__all__ = ['many_processes', 'one_process']

JOINTS = 6
RATE_HZ = 50.0
SETTLE_S = 4.0
"""How long discovery takes once all bridges have joined."""

JOIN_S = 90.0
NEEDED_MB = 110.0
"""The free memory that each process needs; otherwise none is started."""

_COMMON = {
    'create_missing_rooms': 'both',
    'units': 'radians',
    'joints': [f'j{joint}' for joint in range(1, JOINTS + 1)],
    'produce.max_rate_hz': 1000.0,
    **OPEN_GATE,
}


def _rooms(number: int) -> dict[str, str]:
    return {'produce.room_id': f'from{number}', 'consume.room_id': f'to{number}'}


def many_processes(count: int, seconds: float) -> dict[str, Any] | None:
    """
    Run idle bridges, each as a process with rooms and a ROS domain of its own.

    :returns: None if the machine does not have the memory.
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
        for pid in pids:  # All at once, because one after the other takes a minute.
            os.kill(pid, signal.SIGTERM)
        return row


def one_process(count: int, idle_s: float, *, times: int, seconds: float) -> dict[str, Any]:
    """
    Run bridges in one process, first idle, then with joints in motion.

    :param times: how often the latency of a joint is measured, for ``seconds`` each.
    """
    environment = ros_environment()
    with ExitStack() as stack:
        arena = stack.enter_context(server())
        pid = stack.enter_context(_fleet(arena.url, count, environment))
        _wait_until_joined(arena, 2 * count)
        row = _idle(arena, [pid], count, idle_s)
        pipeline = _pipeline(stack, arena, pid, environment)
        if rooms := [f'to{number}' for number in range(1, count)]:
            arguments = [arena.url, str(JOINTS), str(RATE_HZ), *rooms]
            stack.enter_context(worker('room_producers', arguments))
        return {**row, **_under_load(pipeline, seconds, times)}


@contextmanager
def _fleet(url: str, count: int, environment: dict[str, str]) -> Iterator[int]:
    """Run a fleet; the value is its process id."""
    fleet = {
        'defaults': {'params': {**_COMMON, 'server_url': url}},
        'robots': [{'namespace': f'r{n}', 'params': _rooms(n)} for n in range(count)],
    }
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / 'fleet.yaml'
        file.write_text(json.dumps(fleet), encoding='utf-8')
        arguments = [str(file), '--ros-args', '--log-level', 'fatal']
        module = 'lerobot_arena_ros.nodes.fleet.main'
        with running_module(module, arguments, environment) as process:
            yield process.pid


def _pipeline(stack: ExitStack, arena: Server, pid: int, environment: dict[str, str]) -> Pipeline:
    """Run the pipeline of a leader's bridge, the arena, and the first robot of the fleet."""
    parameters = {**_COMMON, 'server_url': arena.url, 'produce.room_id': 'to0'}
    leader = stack.enter_context(bridge(parameters, environment, 'leader'))
    subscriber = ['joint_commands', '-r', '__ns:=/r0']
    receiver = stack.enter_context(worker('joint_subscriber', subscriber, environment))
    publisher = [str(JOINTS), '-r', '__ns:=/leader']
    sender = stack.enter_context(worker('joint_publisher', publisher, environment))
    pids = {'leader': leader, 'server': arena.pid, 'fleet': pid}
    return Pipeline('fleet', sender, receiver, pids)


def _under_load(pipeline: Pipeline, seconds: float, times: int) -> dict[str, Any]:
    warm_up(pipeline)
    result = Result(pipeline.name, RATE_HZ, JOINTS)
    begin_s = time.monotonic()
    before_s = {what: cpu_s(pid) for what, pid in pipeline.pids.items()}
    for _ in range(times):
        measure(pipeline, result, seconds)
    taken_s = time.monotonic() - begin_s
    busy = {
        f'{what}_busy_percent': 100 * (cpu_s(pid) - before_s[what]) / taken_s
        for what, pid in pipeline.pids.items()
    }
    return {**vars(result.latency), **busy}


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
    Wait until the rooms of an arena have this many participants.

    :raises TimeoutError: they did not have them in time.
    """
    deadline = time.monotonic() + JOIN_S
    while time.monotonic() < deadline:
        text = httpx.get(f'{arena.url}/metrics', trust_env=False).text
        counts = re.findall(r'^lerobot_arena_participants\{.*\} ([\d.]+)$', text, re.MULTILINE)
        if sum(map(float, counts)) >= wanted:
            return
        time.sleep(0.1)
    raise TimeoutError(f'{wanted} participants are not in their rooms after {JOIN_S:g} s')
