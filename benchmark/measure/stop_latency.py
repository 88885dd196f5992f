# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""
How long after an emergency stop in the room a bridge sends its last command, under load.

Each part is a process of its own: the producer that streams joints into the room, the consumer
that sends the stop, the arena, the bridge, and the listener to what the bridge publishes. Times
begin just before a participant writes to its socket and end at the arrival of what the bridge
publishes as a result. The joints that are streamed until the stop take the same path under the
same load, for comparison.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
import time
from typing import Any

from lerobot_arena_ros import RoboticsProducer

from ..harness.domains import ros_environment
from ..harness.figures import Latency
from ..harness.programs import bridge, server
from ..harness.worker import worker
from .open_gate import OPEN_GATE

__all__ = ['StopPath', 'stop_latencies']

ROOM = ('default-workspace', 'arm')
PARAMETERS = {
    'consume.room_id': ROOM[1],
    'units': 'radians',
    'joints': ['j1'],
    **OPEN_GATE,
}
TIMEOUT_S = 20.0

LEAD_S = 0.1
LEAD_COUNT = 3
"""How long joints are streamed before the stop, and how many of them at least."""

TAIL_S = 0.05
"""How long joints are streamed after the stop."""


class StopPath:
    """
    The path of joints and of a stop; it runs until the stack is closed.

    :param url: that of the arena.
    :param environment: the environment variables of the ROS nodes.
    """

    def __init__(self, stack: ExitStack, url: str, environment: Mapping[str, str]) -> None:
        asyncio.run(RoboticsProducer(url).create_room(*ROOM))
        stack.enter_context(bridge({**PARAMETERS, 'server_url': url}, environment))
        self._listener = stack.enter_context(worker('stop_listener', variables=environment))
        self._producer, self._stopper = (
            stack.enter_context(worker('participant', [url, ROOM[1], role]))
            for role in ('producer', 'consumer')
        )
        self._warm_up()

    def measure(self, rate_hz: float, phase: float) -> dict[str, list[float]]:
        """
        Stream joints, send a stop meanwhile, and reset it.

        :param phase: the time of the stop between two joints, as a share of their period.
        :returns: latencies in seconds, by name; 0 if no command arrived after the stop.
        """
        lead_s = max(LEAD_S, LEAD_COUNT / rate_hz) + phase / rate_hz
        self._producer.send(rate_hz=rate_hz, count=round((lead_s + TAIL_S) * rate_hz))
        time.sleep(lead_s)
        pressed_at = _connected(self._stopper.request())['pressed']
        sent = _connected(self._producer.receive())['sent']
        commands, stopped_at = self._receive_stop(pressed_at)
        self._listener.request(reset=True)
        arrived: dict[int, float] = {}
        for at, number in commands:
            arrived.setdefault(number, at)
        joints = [arrived[number] - at for number, at in sent if number in arrived]
        return {
            'last command': [max(0.0, max(arrived.values()) - pressed_at)],
            'latched topic': [stopped_at - pressed_at],
            # Without the first joint: after a reset the bridge approaches it in steps.
            'one joint': joints[1:],
        }

    def _receive_stop(self, pressed_at: float) -> tuple[list[tuple[float, int]], float]:
        """Return all commands of the run, and the time of the stop, ignoring older stops."""
        commands: list[tuple[float, int]] = []
        deadline = time.monotonic() + TIMEOUT_S
        while time.monotonic() < deadline:
            arrived = self._listener.request()
            commands += arrived['commands']
            stopped = [at for at, is_on in arrived['stops'] if is_on and at > pressed_at]
            if stopped:
                return commands, min(stopped)
        raise TimeoutError(f'waited {TIMEOUT_S:g} s for the stop')

    def _warm_up(self) -> None:
        """Stream until a command arrives, because discovery is complete then."""
        deadline = time.monotonic() + TIMEOUT_S
        while time.monotonic() < deadline:
            _connected(self._producer.request(rate_hz=50.0, count=10))
            if self._listener.request()['commands']:
                return
        raise TimeoutError(f'waited {TIMEOUT_S:g} s for commands')


def stop_latencies(rates_hz: Sequence[float], trials: int) -> list[dict[str, object]]:
    """Measure stops under each load; return a row for each latency."""
    rows: list[dict[str, object]] = []
    with ExitStack() as stack:
        path = StopPath(stack, stack.enter_context(server()).url, ros_environment())
        for rate_hz in rates_hz:
            seen: dict[str, list[float]] = {}
            for trial in range(trials):
                for what, taken_s in path.measure(rate_hz, trial / trials).items():
                    seen.setdefault(what, []).extend(taken_s)
            for what, taken_s in seen.items():
                latency = Latency.of([taken_s], len(taken_s))
                rows.append({'rate_hz': rate_hz, 'what': what, **vars(latency)})
    return rows


def _connected(reply: dict[str, Any]) -> dict[str, Any]:
    """
    Return the reply of a participant that is still in the room.

    :raises RuntimeError: it was disconnected.
    """
    if reply['lost']:
        raise RuntimeError(f'a participant was disconnected: {reply["lost"]}')
    return reply
