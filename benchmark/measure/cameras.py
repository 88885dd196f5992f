# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""What a camera needs for its viewers, how late they see its pictures, and what it delays."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from importlib.util import find_spec
import time
from typing import Any

from ..harness.camera_paths import CameraPath, bare_aiortc, our_camera
from ..harness.figures import Latency, cpu_s
from ..harness.processes import enter_all
from .beside_cameras import beside_cameras
from .plan import Plan

__all__ = ['cameras']

SETTLE_S = 1.0
"""How long pictures are sent before the first round."""


@dataclass
class Seen:
    """
    What one camera did for some viewers, in all rounds together.

    :param received: pictures at all viewers together.
    :param cpu_ms: the CPU time of each round, for one picture that each viewer received.
    """

    camera: str
    viewers: int
    received: int = 0
    cpu_s: float = 0.0
    seconds: float = 0.0
    cpu_ms: list[float] = field(default_factory=list)

    def row(self) -> dict[str, Any]:
        """Return everything as plain numbers."""
        return {
            'camera': self.camera,
            'viewers': self.viewers,
            # The round in which other programs disturbed least: few pictures arrive without a
            # core, and the cost of running at all is divided among them.
            'cpu_ms': min(self.cpu_ms),
            'cpu_percent': 100 * self.cpu_s / self.seconds,
            'received_hz': self.received / self.viewers / self.seconds,
        }


@dataclass
class Late:
    """The latencies of one camera, in each round."""

    camera: str
    windows_s: list[list[float]] = field(default_factory=list)
    sent: int = 0

    def row(self) -> dict[str, Any]:
        """Return everything as plain numbers."""
        return {'camera': self.camera, **vars(Latency.of(self.windows_s, self.sent))}


def cameras(plan: Plan) -> dict[str, Any]:
    """Return the rows of all that is measured with cameras; none without aiortc."""
    if find_spec('aiortc') is None:
        print(
            "aiortc is not installed, nothing to measure: pip install 'lerobot_arena_ros[video]'"
        )
        return {}
    times, seconds = plan.camera_rounds, plan.camera_s
    return {
        'camera_latency': camera_latency(times, seconds),
        'camera_cpu': camera_cpu(plan.viewers, times, seconds),
        'beside_cameras': beside_cameras(plan.camera_stops),
    }


def camera_latency(times: int, seconds: float) -> list[dict[str, Any]]:
    """
    Measure how late one viewer has decoded a picture, for both cameras in turn.

    The last picture of a round does not count: the receiver of aiortc passes a picture on when the
    next one begins to arrive.
    """
    with ExitStack() as stack:
        paths = enter_all(stack, [our_camera(decode=True), bare_aiortc(decode=True)])
        for camera in paths:
            camera.add_viewers(1)
            camera.send(SETTLE_S)
        seen = [Late(camera.name) for camera in paths]
        for _ in range(times):
            for camera, late in zip(paths, seen, strict=True):
                sent, received = camera.send(seconds)
                del sent[max(sent)]
                late.sent += len(sent)
                late.windows_s.append(
                    [at - sent[number] for number, _, at in received if number in sent]
                )
    return [late.row() for late in seen]


def camera_cpu(counts: Sequence[int], times: int, seconds: float) -> list[dict[str, Any]]:
    """
    Measure the CPU of both cameras in turn, with more and more viewers, which do not decode.

    :param counts: the numbers of viewers, in ascending order.
    """
    rows = []
    with ExitStack() as stack:
        paths = enter_all(stack, [our_camera(decode=False), bare_aiortc(decode=False)])
        for count in counts:
            for camera in paths:
                camera.add_viewers(count - camera.count)
            seen = [Seen(camera.name, count) for camera in paths]
            for _ in range(times):
                for camera, result in zip(paths, seen, strict=True):
                    _measure(camera, result, seconds)
            rows += [result.row() for result in seen]
    return rows


def _measure(camera: CameraPath, result: Seen, seconds: float) -> None:
    before_s, begin_s = cpu_s(camera.pid), time.monotonic()
    _, received = camera.send(seconds)
    taken_s = cpu_s(camera.pid) - before_s
    result.cpu_ms.append(1e3 * taken_s * result.viewers / max(1, len(received)))
    result.cpu_s += taken_s
    result.seconds += time.monotonic() - begin_s
    result.received += len(received)
