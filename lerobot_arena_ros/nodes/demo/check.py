# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""The unattended demo: trigger an emergency stop half-way, reset it, and check the motion."""

from __future__ import annotations

from dataclasses import dataclass, field
import time

from .watch import FOLLOWER, DemoWatch, percentile

__all__ = ['DemoCheck']

TOLERANCE_RAD = 0.15
"""
Maximum distance between leader and follower while the follower follows.

It is the lag at the highest velocity of the waves, with a margin for a loaded machine.
"""

STILL_RAD = 1e-3
"""A joint whose position changes by no more than this counts as at rest."""

SETTLE_S = 0.5
"""Time after a stop in which the simulated arm may still move to its last command."""

STOP_S = 2.0
"""Duration of the emergency stop."""

START_TIMEOUT_S = 30.0
"""Timeout for discovery and the slow start; the time of the demo starts after that."""


@dataclass
class DemoCheck:
    """
    The steps of the unattended demo; the caller calls :meth:`step` repeatedly.

    :param watch: node that observes the arms and calls the emergency stop services.
    :param seconds: duration of the demo, from the moment when the follower has caught up.
    """

    watch: DemoWatch
    seconds: float
    begun_at: float = field(default_factory=time.monotonic)
    faults: list[str] = field(default_factory=list)
    worst_rad: float = 0.0
    _following_at: float | None = None
    _stopped_at: float | None = None
    _reset_at: float | None = None
    _resumed_at: float | None = None
    _frozen: tuple[dict[str, float], int] | None = None

    def step(self, now: float) -> bool:
        """Check the motion, call services that are due, and return whether the demo is over."""
        if self._following_at is None:
            self._check_following(now)
        elif self._stopped_at is None:
            self.worst_rad = max(self.worst_rad, self.watch.error_rad)
            if now - self._following_at >= (self.seconds - STOP_S) / 2:
                self.watch.call_stop()
                self._stopped_at = now
        elif self._reset_at is None:
            self._check_at_rest(now, now - self._stopped_at)
        elif self._resumed_at is None:
            self._check_motion(now, now - self._reset_at)
        else:
            return bool(self.faults) or now - self._following_at >= self.seconds
        return bool(self.faults)

    def summary(self) -> str:
        """Return the results as lines of text."""
        watch = self.watch
        p50, p99 = percentile(watch.latencies_s, 50), percentile(watch.latencies_s, 99)
        latency = 'unknown' if p50 is None else f'p50 {p50:.2f} ms, p99 {p99:.2f} ms'
        lines = [
            f'commands received     {watch.commands}',
            f'end-to-end latency    {latency} ({len(watch.latencies_s)} samples)',
            f'worst tracking error  {self.worst_rad:.3f} rad (tolerance {TOLERANCE_RAD})',
            f'caught up after       {_span(self.begun_at, self._following_at)}',
            f'emergency stop        {"raised" if self._stopped_at else "not reached"}',
            f'motion after reset    {_span(self._reset_at, self._resumed_at)}',
        ]
        return '\n'.join([*lines, *(f'FAULT: {fault}' for fault in self.faults)])

    def _check_following(self, now: float) -> None:
        if self.watch.error_rad <= TOLERANCE_RAD and self.watch.commands:
            self._following_at = now
        elif now - self.begun_at > START_TIMEOUT_S:
            state = self.watch.status.get(f'{FOLLOWER}/arena_bridge: safety', 'no diagnostics')
            self.faults.append(
                f'the follower did not catch up within {START_TIMEOUT_S:g} s; its bridge: {state}'
            )

    def _check_at_rest(self, now: float, since_s: float) -> None:
        watch = self.watch
        if since_s >= SETTLE_S and self._frozen is None:
            if not watch.stopped:
                self.faults.append(f'no emergency_stop_active within {SETTLE_S} s of the stop')
            self._frozen = (dict(watch.follower), watch.commands)
        if since_s >= STOP_S and self._frozen is not None:
            position, commands = self._frozen
            if watch.commands != commands:
                self.faults.append(f'{watch.commands - commands} commands while stopped')
            moved = max(abs(watch.follower[name] - position[name]) for name in position)
            if moved > STILL_RAD:
                self.faults.append(f'the follower moved by {moved:.3f} rad while stopped')
            watch.call_reset()
            self._reset_at = now

    def _check_motion(self, now: float, since_s: float) -> None:
        moving = not self.watch.stopped and self.watch.commands > (self._frozen or ({}, 0))[1]
        if moving and self.watch.error_rad <= TOLERANCE_RAD:
            self._resumed_at = now
        elif since_s > START_TIMEOUT_S:
            self.faults.append(f'no motion within {START_TIMEOUT_S:g} s of the reset')


def _span(begin: float | None, end: float | None) -> str:
    return 'not reached' if begin is None or end is None else f'{end - begin:.1f} s'
