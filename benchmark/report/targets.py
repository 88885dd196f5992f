# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""The targets as data: ratios inside one run, shares of a core, or times."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ['TARGETS', 'Target']


@dataclass(frozen=True)
class Target:
    """
    One target.

    :param key: that of :func:`benchmark.report.ratios.ratios`.
    :param at_least: whether ``limit`` is a minimum instead of a maximum.
    :param smoke_limit: what a smoke test allows, at most: twice the target, or three times for
        latencies, which on a busy machine grow with the number of processes. None: it does not
        judge this target, because a short run measures 99th percentiles, absolute times and rates
        badly.
    :param why: why the target may be missed.
    """

    key: str
    text: str
    limit: float
    at_least: bool = False
    smoke_limit: float | None = None
    why: str = ''

    def is_met(self, value: float) -> bool:
        """Return whether a value meets the target."""
        return value >= self.limit if self.at_least else value <= self.limit

    def passes_smoke_test(self, value: float) -> bool:
        """Return whether a smoke test allows a value."""
        return self.smoke_limit is None or value <= self.smoke_limit


_MERGED = 'a burst that the socket or DDS does not accept at once is merged'
_CORES = 'five processes and their threads of DDS share two cores'
_SHARED = 'the server writes to one consumer after the other, beside their readers on two cores'
_BUSY = 'server and bridge finish the joint that they are processing when the stop arrives'
_TWO_CORES = (
    'the target is for a machine with a core to spare; here bridge, server, cameras, viewers and '
    'publishers share two'
)
_IMPORTS = 'asyncio, websockets, httpx, our modules, and the topics and services of a bridge'

TARGETS: tuple[Target, ...] = (
    Target('lower_bound.p50.100', 'whole path / lower bound, p50 at 100 Hz', 1.3, smoke_limit=3.9),
    Target('lower_bound.p50.500', 'whole path / lower bound, p50 at 500 Hz', 1.3, smoke_limit=3.9),
    Target('lower_bound.cpu.100', 'CPU / lower bound, 100 Hz', 1.5, smoke_limit=3.0),
    Target('lower_bound.cpu.500', 'CPU / lower bound, 500 Hz', 1.5, smoke_limit=3.0),
    Target('baseline.cpu.500', 'CPU per message / baseline, 500 Hz', 0.55, smoke_limit=1.1),
    Target('baseline.rate', 'highest rate without loss / baseline', 2.0, True, why=_MERGED),
    Target('rosbridge.p50.100', 'whole path / rosbridge, p50 at 100 Hz', 0.7),
    Target('rosbridge.p50.500', 'whole path / rosbridge, p50 at 500 Hz', 0.7),
    Target('rosbridge.p99.100', 'whole path / rosbridge, p99 at 100 Hz', 0.5),
    Target('rosbridge.p99.500', 'whole path / rosbridge, p99 at 500 Hz', 0.5),
    Target('rosbridge.cpu.100', 'CPU per message / rosbridge, 100 Hz', 0.5),
    Target('rosbridge.cpu.500', 'CPU per message / rosbridge, 500 Hz', 0.5),
    Target('rosbridge.rate', 'highest rate without loss / rosbridge', 8.0, True, why=_CORES),
    Target(
        'fan.cpu.10',
        "server CPU per delivery / the baseline server's, 10 consumers",
        0.5,
        smoke_limit=1.0,
    ),
    Target('fan.p99.50', 'p99 with 50 consumers / with one', 2.0, why=_SHARED),
    Target(
        'fan.stalled',
        "the others' p99 with a consumer that does not read / without",
        1.1,
        why=_SHARED,
    ),
    Target('gate.tick.30', 'one step of the gate with 30 joints, us', 100.0),
    Target('gate.update.30', 'one update of the gate with 30 joints, us', 100.0),
    Target(
        'stop.topic.20', 'stop to the latched topic, p99 / one joint, p50, 20 Hz', 1.5, why=_CORES
    ),
    Target(
        'stop.command.20', 'stop to the last command, p99 / one joint, p50, 20 Hz', 1.5, why=_CORES
    ),
    Target(
        'stop.topic.500', 'stop to the latched topic, p99 / one joint, p50, 500 Hz', 1.5, why=_BUSY
    ),
    Target(
        'stop.command.500',
        'stop to the last command, p99 / one joint, p50, 500 Hz',
        1.5,
        why=_BUSY,
    ),
    Target('idle.bridge', 'idle bridge, % of a core', 0.5),
    Target('idle.server', 'idle server, % of a core', 0.5),
    Target('idle.memory', 'bridge memory / bare rclpy node', 1.15, smoke_limit=2.3, why=_IMPORTS),
    Target('many.memory', '50 bridges in one process / in 50 processes, proportional memory', 0.2),
    Target('cameras.p50', 'picture to viewer / a loop of bare aiortc, p50', 1.2, smoke_limit=3.6),
    Target('cameras.cpu.4', 'CPU of a camera with 4 viewers / with one', 1.4, smoke_limit=2.8),
    Target('cameras.joints', 'one joint beside two cameras / without, p99', 1.2, why=_TWO_CORES),
    Target('cameras.stop', 'latched stop beside two cameras / without, p99', 1.2, why=_TWO_CORES),
)
