# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""What idle bridges and servers cost, and how long a bridge takes to start."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
import time
from typing import Any

from ..harness.domains import ros_environment
from ..harness.figures import cpu_s, memory_mb
from ..harness.processes import enter_all, running_module
from ..harness.programs import bridge, server
from ..harness.worker import worker
from .pipelines import ROOM_PATH, baseline_server

__all__ = ['idle', 'start_up']

SETTLE_S = 6.0
"""How long joining and discovery take after the start of the processes."""

START_S = 6.0
"""How long a bridge has for its first command."""


def _bridge(url: str, environment: dict[str, str], **rooms: str) -> AbstractContextManager[int]:
    parameters: dict[str, Any] = {
        'server_url': url,
        'create_missing_rooms': 'both',
        'units': 'radians',
        'joints': [f'j{joint}' for joint in range(1, 7)],
        **{f'{direction}.room_id': room for direction, room in rooms.items()},
    }
    if 'produce' not in rooms:  # It is to command at once.
        parameters |= {'consume.require_feedback': 'never', 'consume.require_limits': 'never'}
    return bridge(parameters, environment)


@contextmanager
def _baseline_pair() -> Iterator[dict[str, int]]:
    environment = ros_environment()
    with ExitStack() as stack:
        url, pid = stack.enter_context(baseline_server())
        url = url.replace('http', 'ws') + ROOM_PATH
        pids = {'baseline server': pid}
        for role in ('producer', 'consumer'):
            module = 'benchmark.measure.baseline_bridge'
            process = running_module(module, [role, url], environment)
            pids[f'baseline bridge ({role})'] = stack.enter_context(process).pid
        yield pids


def idle(seconds: float) -> list[dict[str, Any]]:
    """Run two idle bridges, each in the rooms of the other, a bare node and the baseline."""
    with ExitStack() as stack:
        url, server_pid = stack.enter_context(server())
        pids = {'server': server_pid}
        pair = [
            _bridge(url, ros_environment(), produce='a', consume='b'),
            _bridge(url, ros_environment(), produce='b', consume='a'),
        ]
        pids['bridge'], _ = enter_all(stack, pair)
        pids['bare rclpy node'] = stack.enter_context(
            worker('bare_node', [], ros_environment())
        ).pid
        pids.update(stack.enter_context(_baseline_pair()))
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
    """Start a bridge several times for a room in which joints already move."""
    with ExitStack() as stack:
        url, _ = stack.enter_context(server())
        # A first bridge creates the room, which remains.
        with _bridge(url, ros_environment(), consume='bench'):
            time.sleep(SETTLE_S / 2)
        socket_url = url.replace('http', 'ws') + ROOM_PATH
        sender = stack.enter_context(worker('frame_sender', [socket_url, '6']))
        environment = ros_environment()
        receiver = stack.enter_context(worker('joint_subscriber', ['joint_commands'], environment))
        taken_s = []
        for _ in range(times):
            sender.send(rate_hz=100.0, count=round(START_S * 100))
            begin_s = time.monotonic()
            with _bridge(url, environment, consume='bench'):
                sender.receive()
                arrived = receiver.request()['arrived']
            taken_s.append(min((at for _, at in arrived), default=float('inf')) - begin_s)
            receiver.request()
    return [{'process': 'bridge', 'start_up_s': sorted(taken_s)}]
