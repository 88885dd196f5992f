# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""How long the calls of the gate take, in this process alone."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median
import time

from lerobot_arena_ros.control.gate import Gate
from lerobot_arena_ros.control.gate_settings import GateJoint, GateSettings
from lerobot_arena_ros.control.slew import VelocityRamp

__all__ = ['CALLS', 'gate_steps']

CALLS = ('tick', 'update', 'measure')
"""The timed calls: a step of the motion, an update of the joints, a measurement."""

FAR = 1.9
REVERSES_AFTER = 60
"""After this many steps the goal moves to the other end of the range."""

HALF_PERIOD_S = 0.005


class MovingGate:
    """
    A gate whose joints all move at the default limits, and an arm without delay.

    In every step each joint accelerates, is limited by its lead, or brakes.
    """

    def __init__(self, joints: int) -> None:
        self.now = 100.0
        self.steps = 0
        self.goal = dict.fromkeys((f'joint_{number}' for number in range(joints)), FAR)
        self.gate = Gate(GateSettings(), self.now)
        self.gate.set_joints([_joint(name) for name in self.goal], self.now)
        self.gate.enable(self.now)
        self.gate.link_up(self.now)
        self.gate.on_server_message(self.now, has_producer=True, round_trip_s=0.01)
        self.gate.measure(dict.fromkeys(self.goal, 0.0), self.now)
        self.gate.update(self.goal, self.now)

    def step(self) -> tuple[float, float, float]:
        """Simulate one period, and return how long each call took, in seconds."""
        self.steps += 1
        if self.steps % REVERSES_AFTER == 0:
            self.goal = {name: -position for name, position in self.goal.items()}
        self.now += HALF_PERIOD_S
        self.gate.on_ros_callback(self.now)
        begin = time.perf_counter()
        self.gate.update(self.goal, self.now)
        update_s = time.perf_counter() - begin
        self.now += HALF_PERIOD_S
        self.gate.on_ros_callback(self.now)
        self.gate.on_server_message(self.now, has_producer=True)
        measured = self.gate.commanded
        begin = time.perf_counter()
        self.gate.measure(measured, self.now)
        measure_s = time.perf_counter() - begin
        begin = time.perf_counter()
        self.gate.tick(self.now)
        return time.perf_counter() - begin, update_s, measure_s


def _joint(name: str) -> GateJoint:
    return GateJoint(
        name,
        -2.0,
        2.0,
        VelocityRamp(0.5, 2.0, 2.0),
        max_acceleration=20.0,
        max_lead=0.1,
        stall_s=1.0,
        max_measured_velocity=8.0,
    )


def gate_steps(counts: Sequence[int], *, times: int, steps: int) -> list[dict[str, float]]:
    """
    Measure the calls for each number of joints in turn, several times.

    Each result is the median of the medians of all rounds.

    :raises RuntimeError: a gate does not move its joints, so that the results mean nothing.
    """
    gates = {count: MovingGate(count) for count in counts}
    medians: dict[int, list[list[float]]] = {count: [] for count in counts}
    for _ in range(times):
        for count, moving in gates.items():
            taken = [moving.step() for _ in range(steps)]
            if not moving.gate.is_moving:
                raise RuntimeError(f'the gate of {count} joints is {moving.gate.cause}')
            medians[count].append([median(call) for call in zip(*taken, strict=True)])
    return [_row(count, of_rounds) for count, of_rounds in medians.items()]


def _row(count: int, of_rounds: list[list[float]]) -> dict[str, float]:
    values = (median(call) for call in zip(*of_rounds, strict=True))
    times = {f'{call}_us': 1e6 * value for call, value in zip(CALLS, values, strict=True)}
    return {'joints': count, **times}
