# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""How late joints and an emergency stop are beside two cameras, against without."""

from __future__ import annotations

from contextlib import ExitStack
from typing import Any

from ..harness.camera_paths import RATE_HZ, camera_of
from ..harness.domains import ros_environment
from ..harness.figures import Latency
from ..harness.programs import server
from .stop_latency import StopPath

__all__ = ['beside_cameras']

CAMERAS = ('front', 'wrist')
JOINTS_HZ = 100.0

BLOCK = 10
"""Trials without pictures, then as many with them, and so on."""

BLOCK_S = 6.0
"""
How long pictures are sent for one block, in seconds.

It is more than the time that the trials of a block take on an idle machine.
"""


def beside_cameras(trials: int) -> list[dict[str, Any]]:
    """
    Measure stops and joints with and without pictures, in blocks in turn.

    The camera node, its viewers and the publisher run all the time, and are idle without pictures.
    Each camera has one viewer, which does not decode.
    """
    seen: dict[tuple[int, str], list[float]] = {}
    with ExitStack() as stack:
        url, environment = stack.enter_context(server()).url, ros_environment()
        running = stack.enter_context(camera_of(url, environment, *CAMERAS))
        for room in CAMERAS:
            stack.enter_context(running.viewed(room)).add_viewers(1)
        # Last, because its participants answer no pings before the first trial.
        path = StopPath(stack, url, environment)
        for first in range(0, trials, BLOCK):
            block = [trial / trials for trial in range(first, min(first + BLOCK, trials))]
            _measure(path, block, 0, seen)
            running.sender.send(rate_hz=RATE_HZ, count=round(RATE_HZ * BLOCK_S))
            _measure(path, block, len(CAMERAS), seen)
            running.sender.receive()
    return [
        {'cameras': cameras, 'what': what, **vars(Latency.of([taken_s], len(taken_s)))}
        for (cameras, what), taken_s in seen.items()
    ]


def _measure(
    path: StopPath, phases: list[float], cameras: int, seen: dict[tuple[int, str], list[float]]
) -> None:
    for phase in phases:
        for what, taken_s in path.measure(JOINTS_HZ, phase).items():
            seen.setdefault((cameras, what), []).extend(taken_s)
