# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""How closely the simulated arm follows a leader, and its accelerations."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from lerobot_arena_ros.control.gate import State
from lerobot_arena_ros.sim.arm import Servo

from .arm_rig import PERIOD_S, ArmRig
from .leaders import LEADERS, Leader

__all__ = [
    'DEFAULT',
    'SERVOS',
    'STOP_S',
    'VARIANTS',
    'VERSION_01',
    'Measured',
    'Parameters',
    'Trace',
    'follow',
    'lag_ms',
    'measure',
    'stop',
    'travel_mrad',
]

Parameters = Mapping[str, float | str]

SERVOS = {'fast': Servo(), 'slow': Servo(speed=0.5)}
"""The default arm, and one with a maximum velocity of 0.5 rad/s."""

VERSION_01, DEFAULT = 'version 0.1', 'default'
AS_BEFORE: Parameters = {'consume.max_acceleration': 0.0, 'consume.max_lead': 0.0}


def _variants(name: str, parameter: str, values: Iterable[float]) -> dict[str, Parameters]:
    return {f'{name} {value:g}': {parameter: value} for value in values}


VARIANTS: dict[str, Parameters] = {
    VERSION_01: AS_BEFORE,
    DEFAULT: {},
    **_variants('acceleration', 'consume.max_acceleration', (5.0, 10.0, 20.0, 40.0)),
    **_variants('lead', 'consume.max_lead', (0.05, 0.1, 0.2)),
    'lead off': {'consume.max_lead': 0.0},
    **_variants('lead time', 'consume.lead_time_s', (0.0, 0.15, 0.3)),
    'acceleration 40, lead 0.2': {'consume.max_acceleration': 40.0, 'consume.max_lead': 0.2},
}
"""Parameters of the bridge that differ from the default, by the name of the variant."""

SETTLE_S = 4.0
"""How long a leader moves before the recording, until the slow start is over."""

LONGEST_LAG_S = 0.6

BEGIN, GOAL = -1.8, 1.8
STOP_AFTER_S = 2.0
STOP_S, REST_AFTER_S = 0.5, 4.0
"""How long an arm is recorded before a stop and after it."""


@dataclass(frozen=True)
class Trace:
    """
    The positions of the leader, of the commands and of the arm in each period.

    :param time_s: the time of the physics.
    :param leader: in radians, like the other positions.
    :param peak: the largest acceleration of the arm in any millisecond, in rad/s^2.
    """

    time_s: np.ndarray
    leader: np.ndarray
    command: np.ndarray
    arm: np.ndarray
    peak: float

    def then(self, later: Trace) -> Trace:
        """Return this trace followed by another one."""
        return Trace(
            np.concatenate([self.time_s, later.time_s]),
            np.concatenate([self.leader, later.leader]),
            np.concatenate([self.command, later.command]),
            np.concatenate([self.arm, later.arm]),
            max(self.peak, later.peak),
        )

    @property
    def error_mrad(self) -> float:
        """The root mean square of the distance between leader and arm."""
        return float(1000.0 * np.sqrt(np.mean((self.arm - self.leader) ** 2)))

    @property
    def command_peak(self) -> float:
        """The largest acceleration of the commands, in rad/s^2."""
        return float(np.max(np.abs(np.diff(self.command, 2)))) / PERIOD_S**2


@dataclass(frozen=True)
class Measured:
    """
    The traces of one variant.

    :param follows: those of :func:`follow`, by leader.
    :param stops: those of :func:`stop`, by servo.
    """

    follows: Mapping[str, Trace]
    stops: Mapping[str, Trace]


def measure(parameters: Parameters) -> Measured:
    """Record a variant with every leader, and its stop with every servo."""
    return Measured(
        {name: follow(parameters, leader) for name, leader in LEADERS.items()},
        {name: stop(parameters, servo) for name, servo in SERVOS.items()},
    )


def follow(parameters: Parameters, leader: Leader) -> Trace:
    """
    Let the arm follow a leader, and record it after the slow start.

    :raises RuntimeError: the gate ended the motion, so that the trace means nothing.
    """
    rig = ArmRig(parameters)
    rig.leader = leader.signal
    rig.run(SETTLE_S)
    trace = _record(rig, leader.recorded_s)
    if rig.gate.state is not State.ACTIVE:
        raise RuntimeError(f'{dict(parameters)}: the gate is not active: {rig.gate.cause}')
    return trace


def stop(parameters: Parameters, servo: Servo) -> Trace:
    """
    Turn the whole arm towards a distant goal, and stop it in full motion.

    :returns: the trace from :data:`STOP_S` before the stop until the arm is at rest.
    """
    rig = ArmRig(parameters, servo=servo, joint='shoulder_pan', begin=BEGIN)
    rig.leader = lambda _: GOAL
    rig.run(STOP_AFTER_S - STOP_S)
    before = _record(rig, STOP_S)
    rig.gate.stop('button')
    return before.then(_record(rig, REST_AFTER_S))


def travel_mrad(trace: Trace) -> float:
    """Return how far the arm moved after the stop of :func:`stop`."""
    at_stop = round(STOP_S / PERIOD_S) - 1
    return float(1000.0 * np.max(np.abs(trace.arm[at_stop:] - trace.arm[at_stop])))


def lag_ms(trace: Trace, leader: Leader) -> int:
    """Return the delay of the leader that makes it most similar to the arm, in ms."""
    longest_ms = round(1000 * min(LONGEST_LAG_S, leader.period_s))
    at_ms = np.round(1000 * trace.time_s).astype(int)
    first_ms = at_ms[0] - longest_ms
    wanted = np.array([leader.signal(ms / 1000) for ms in range(first_ms, at_ms[-1] + 1)])

    def difference(lag: int) -> float:
        """Return the variance of the distance, which a constant sag does not change."""
        return float(np.var(trace.arm - wanted[at_ms - first_ms - lag]))

    return min(range(longest_ms), key=difference)


def _record(rig: ArmRig, seconds: float) -> Trace:
    rig.arm.peak_accelerations()  # Discard earlier ones.
    rows = []
    for _ in range(round(seconds / PERIOD_S)):
        rig.tick()
        wanted = rig.leader(rig.arm.time) if rig.leader else np.nan
        rows.append((rig.arm.time, wanted, rig.command, rig.position))
    time_s, leader, command, arm = np.array(rows).T
    return Trace(time_s, leader, command, arm, rig.arm.peak_accelerations()[rig.joint])
