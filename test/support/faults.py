# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""A robot that follows another one through an arena; each part can be made to fail."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
import json
import os
from pathlib import Path
import time
from typing import Any

from .arm import Arm, arm
from .domain import own_domain
from .fault_proxy_thread import FaultProxyThread, running_fault_proxy
from .probe import EVERY, Probe, running_probe
from .processes import Process, free_port, ros_arguments, running
from .waiting import wait_for

__all__ = ['FOLLOWER', 'LEADER', 'LIMIT', 'REPORT_VARIABLE', 'ROOM', 'Stage', 'fault_stage']

REPORT_VARIABLE = 'LEROBOT_ARENA_FAULTS_REPORT'
"""The environment variable with the file to which each fault adds one line of JSON."""

FOLLOWER, LEADER = 'follower', 'leader'
ROOM = 'arm'
LIMIT = 1.0
"""The velocity limit of the follower, in radians per second."""

PERIOD_S = 0.01
QUICK = {
    'link.reconnect_min_s': 0.1,
    'link.reconnect_max_s': 0.5,
    # The faults are those of the WebSocket; test_bridge_over_lanes.py has those of lanes.
    'link.fast_lane': 'never',
    'units': 'degrees',
}
CONSUME = {
    'consume.room_id': ROOM,
    'joints': ['j1'],
    'joint_map.j1.min': -1.0,
    'joint_map.j1.max': 1.0,
    'consume.max_velocity': LIMIT,
    'create_missing_rooms': 'both',
    # Tests check every command; with the default depth a slow subscriber gets only the last one.
    f'qos_overrides./{FOLLOWER}/joint_commands.publisher.depth': EVERY,
}


@dataclass
class Stage:
    """
    Two arms, two bridges, an arena, and a fault proxy between the arena and the follower's bridge.

    :param arena_url: the arena itself, without the proxy.
    """

    arena_url: str
    probe: Probe
    arm: Arm
    proxy: FaultProxyThread
    leader_proxy: FaultProxyThread
    _arena: Restartable = field(repr=False)
    _bridge: Restartable = field(repr=False)

    @property
    def arena(self) -> Process:
        """The process of the arena."""
        return self._arena.process

    @property
    def bridge(self) -> Process:
        """The process of the follower's bridge."""
        return self._bridge.process

    def restart_arena(self) -> None:
        """Start the arena again on the same port."""
        self._arena.restart()

    def respawn_bridge(self) -> None:
        """Start the follower's bridge again as ``use_respawn`` does, with the stop latched."""
        self._bridge.restart('-p', 'estop_on_start:=true')

    def wait_for_motion(self, since: float | None = None) -> float:
        """Wait for a command and return when it was published."""
        moment = time.monotonic() if since is None else since
        count = len(self.arm.steps)
        wait_for(lambda: self._first_command(count, moment) is not None, 'the arm to move', 40.0)
        at = self._first_command(count, moment)
        assert at is not None
        return at

    def wait_for_text(
        self, status: str, text: str, since: float, *, namespace: str = FOLLOWER
    ) -> float:
        """Wait until a diagnostic status changes to a text, and return the time of the change."""
        name = f'/{namespace}/arena_bridge: {status}'

        def changed_at() -> float | None:
            hits = (at for at, who, what in self.probe.changes if who == name and text in what)
            return next((at for at in hits if at >= since), None)

        wait_for(lambda: changed_at() is not None, f'{status} to be {text!r}', 40.0)
        moment = changed_at()
        assert moment is not None
        return moment

    def value(self, status: str, key: str, *, namespace: str = FOLLOWER) -> str:
        """Return a value of a diagnostic status; empty if it is unknown."""
        heard = self.probe.diagnostics.get(f'/{namespace}/arena_bridge: {status}')
        pairs = [] if heard is None else heard.values
        return next((str(pair.value) for pair in pairs if pair.key == key), '')

    def text_after(self, status: str, text: str, moment: float) -> float | None:
        """Return when a diagnostic status first had a text after a time; None = not yet."""
        name = f'/{FOLLOWER}/arena_bridge: {status}'
        hits = (at for at, who, what in self.probe.changes if who == name and text in what)
        return next((at for at in hits if at >= moment), None)

    def commands_after(self, moment: float) -> list[float]:
        """Return when the commands after a time were published, in seconds after it."""
        return [step.at - moment for step in self.arm.steps if step.at > moment]

    def call(self, service: str) -> Any:
        """Call a service of the follower's bridge and return the response."""
        return self.probe.call(FOLLOWER, service)

    def record(
        self, fault: str, *, noticed_s: float | None, told: str, healed_s: float | None
    ) -> None:
        """Check that the arm did not jump; add a row to the report if one is requested."""
        assert not self.arm.jumps(LIMIT * PERIOD_S + 1e-9)
        report = os.environ.get(REPORT_VARIABLE)
        if report:
            row = {'fault': fault, 'noticed_s': noticed_s, 'told': told, 'healed_s': healed_s}
            with Path(report).open('a', encoding='utf-8') as file:
                file.write(json.dumps(row) + '\n')

    def _first_command(self, count: int, moment: float) -> float | None:
        return next((step.at for step in self.arm.steps[count:] if step.at >= moment), None)


class Restartable:
    """A program that can be started again after its end."""

    def __init__(self, stack: ExitStack, start: Callable[[tuple[str, ...]], Any]) -> None:
        self._stack = stack
        self._start = start
        self.process: Process = stack.enter_context(start(()))

    def restart(self, *more: str) -> None:
        """Start the program again, with additional arguments."""
        self.process.kill()
        self.process = self._stack.enter_context(self._start(more))


@contextmanager
def fault_stage(
    *server_options: str,
    parameters: Mapping[str, Any] | None = None,
    rate_hz: float = 50.0,
) -> Iterator[Stage]:
    """
    Run everything, and wait until the follower moves.

    :param parameters: additional parameters of the follower's bridge.
    :param rate_hz: the rate of the follower's joint_states.
    """
    with ExitStack() as stack:
        stack.enter_context(own_domain())
        port = free_port()
        url = f'http://127.0.0.1:{port}'
        serve = ['--port', str(port), *server_options]
        arena = Restartable(stack, lambda more: running('server.main', [*serve, *more]))
        wait_for(lambda: 'listening on' in arena.process.output, 'the arena')
        proxy = stack.enter_context(running_fault_proxy(url))
        leader_proxy = stack.enter_context(running_fault_proxy(url))
        probe = stack.enter_context(running_probe())
        probe.watch(FOLLOWER)
        _lead(stack, leader_proxy.url)
        follower = stack.enter_context(arm(probe, FOLLOWER, rate_hz=rate_hz))
        given = {**QUICK, **CONSUME, 'server_url': proxy.url, **(parameters or {})}
        bridge = Restartable(
            stack,
            lambda more: running('nodes.bridge.main', ros_arguments(FOLLOWER, given, *more)),
        )
        stage = Stage(url, probe, follower, proxy, leader_proxy, arena, bridge)
        try:
            wait_for(lambda: len(follower.steps) > 100, 'the arm to move', 40.0)
            yield stage
        finally:
            print(stage.bridge.output)  # pytest shows it if the test fails.


def _lead(stack: ExitStack, url: str) -> None:
    """Run an arm that waves, and a bridge that produces its joints into the room."""
    waving = {'joints': ['j1'], 'motion': 'sine', 'period_s': 4.0}
    stack.enter_context(running('nodes.demo.arm', ros_arguments(LEADER, waving)))
    parameters = {**QUICK, 'produce.room_id': ROOM, 'joints': ['j1'], 'server_url': url}
    stack.enter_context(running('nodes.bridge.main', ros_arguments(LEADER, parameters)))
