# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""How long an emergency stop takes over a lossy link, to a client and to a robot."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
import time
from typing import Any

from lerobot_arena_ros.server.rooms.stop_limiter import PAUSE_S

from ..harness.domains import ros_environment
from ..harness.figures import quantile
from ..harness.impairment import Impairment
from ..harness.lossy_link import lossy_link
from ..harness.processes import enter_all
from ..harness.programs import bridge
from ..harness.worker import Worker, worker
from .lossy_paths import VARIANTS, arena, bridge_parameters
from .lossy_rows import DELAY_S
from .open_gate import OPEN_GATE

__all__ = ['PRESS_FAR', 'RECEIVED', 'ROBOT_FAR', 'TOPIC', 'lossy_stops']

ROOM = 'stops'
IMPAIRMENT = Impairment(delay_s=DELAY_S, loss=0.03)

PRESS_FAR, ROBOT_FAR = 'stop button over the link', 'robot over the link'
"""What is at the other end of the link than the server."""

RECEIVED, TOPIC = 'received by a client', 'latched topic of a bridge'
"""Where a stop is awaited."""

TIMEOUT_S = 30.0

APART_S = PAUSE_S + 0.1
"""The time between two stops: the server queues the stops of a participant that sends more."""


@dataclass
class _StopPath:
    """
    A button, a bridge with a listener to its topic, and a client beside the bridge.

    :param taken_s: the latencies so far, by what was awaited.
    """

    variant: str
    way: str
    button: Worker
    client: Worker
    listener: Worker
    taken_s: dict[str, list[float]] = field(default_factory=lambda: {RECEIVED: [], TOPIC: []})

    def warm_up(self) -> None:
        """
        Press until the bridge latches a stop, because it has joined the room then.

        :raises TimeoutError: it did not.
        """
        deadline = time.monotonic() + TIMEOUT_S
        while time.monotonic() < deadline:
            self.button.request(press=True)
            if any(is_on for _, is_on in self.listener.request()['stops']):
                time.sleep(APART_S)  # What is still under way belongs to no trial.
                return
            time.sleep(APART_S)
        raise TimeoutError(f'waited {TIMEOUT_S:g} s for the bridge to latch a stop')

    def reset(self) -> None:
        """Reset the bridge, and forget what arrived."""
        self.listener.request(reset=True)
        self.listener.request()
        self.client.request()

    def wait(self, pressed_s: float) -> None:
        """
        Wait until the stop has arrived at both places, and record the latencies.

        :raises TimeoutError: it did not arrive.
        """
        waiting = {RECEIVED, TOPIC}
        deadline = time.monotonic() + TIMEOUT_S
        while waiting and time.monotonic() < deadline:
            found = {
                RECEIVED: self.client.request()['stops'],
                TOPIC: [at for at, is_on in self.listener.request()['stops'] if is_on],
            }
            for where in [each for each in (RECEIVED, TOPIC) if found[each]]:
                if where in waiting:
                    self.taken_s[where].append(found[where][0] - pressed_s)
                    waiting.remove(where)
            time.sleep(0.005)
        if waiting:
            raise TimeoutError(f'{self.variant}: a stop was not {", ".join(sorted(waiting))}')

    def rows(self) -> Iterator[dict[str, Any]]:
        """Return the figures; times are in milliseconds."""
        for where, taken_s in self.taken_s.items():
            yield {
                'variant': self.variant,
                'way': self.way,
                'where': where,
                'count': len(taken_s),
                'p50_ms': 1e3 * quantile(taken_s, 0.5),
                'p99_ms': 1e3 * quantile(taken_s, 0.99),
                'max_ms': 1e3 * max(taken_s),
            }


def lossy_stops(variants: Sequence[str], count: int) -> list[dict[str, Any]]:
    """
    Press a stop in each variant and each way many times; return a row for each latency.

    :param variants: those of :func:`.lossy_paths`.
    """
    wanted = [_path(variant, way) for variant in variants for way in (PRESS_FAR, ROBOT_FAR)]
    with ExitStack() as stack:
        paths = enter_all(stack, wanted)
        for _ in range(count):
            due = time.monotonic() + APART_S
            for path in paths:
                path.reset()
            for path in paths:
                path.button.send(press=True)
            for path in paths:
                path.wait(path.button.receive()['pressed'])
            time.sleep(max(0.0, due - time.monotonic()))
        return [row for path in paths for row in path.rows()]


@contextmanager
def _path(variant: str, way: str) -> Iterator[_StopPath]:
    environment = ros_environment()
    with ExitStack() as stack:
        link = stack.enter_context(lossy_link())
        url = stack.enter_context(arena(link)).url
        is_robot_near = way == PRESS_FAR
        robot_at, button_at = (link.near, link.far) if is_robot_near else (link.far, link.near)
        parameters = {**bridge_parameters(url, 'consume', ROOM, variant), **OPEN_GATE}
        stack.enter_context(bridge(parameters, environment, wrap=robot_at.command))
        listener = worker('stop_listener', variables=environment, wrap=robot_at.command)
        running = stack.enter_context(listener)
        button, client = (
            stack.enter_context(
                worker('client_consumer', [url, ROOM, VARIANTS[variant]], wrap=at.command)
            )
            for at in (button_at, robot_at)
        )
        path = _StopPath(variant, way, button, client, running)
        path.warm_up()
        link.impair(IMPAIRMENT)
        yield path
