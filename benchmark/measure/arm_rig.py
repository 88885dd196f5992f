# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""The gate of a bridge and the simulated arm, stepped without a real clock."""

from __future__ import annotations

from collections.abc import Mapping

from lerobot_arena_ros.control.gate import Command, Gate
from lerobot_arena_ros.nodes.settings.bridge_settings import BridgeSettings
from lerobot_arena_ros.nodes.settings.parameter_validation import check_parameters
from lerobot_arena_ros.sim.arm import Servo, SimArm
from lerobot_arena_ros.sim.driver import Driver
from lerobot_arena_ros.sim.names import JOINTS

from .leaders import Signal

__all__ = ['JOINT', 'PERIOD_S', 'ArmRig']

JOINT = 'shoulder_lift'
"""The joint that moves; it carries the whole arm."""

PERIOD_S = 0.01
"""The period of the gate and of measurements."""

TICKS_PER_MESSAGE = 2
"""Between two messages of the leader, which sends at 50 Hz."""


class ArmRig:
    """
    An arm that follows a leader through the gate; the same calls return the same results.

    :param parameters: those of the bridge that differ from the default.
    :param begin: the initial angle of the joint, in radians.
    """

    def __init__(
        self,
        parameters: Mapping[str, float | str],
        *,
        servo: Servo | None = None,
        joint: str = JOINT,
        begin: float = 0.0,
    ) -> None:
        self.arm = SimArm(servo=servo, pose={joint: begin})
        self.joint = joint
        self.now = 1000.0
        self.leader: Signal | None = None
        self._ticks = 0
        self._driver = Driver(self.arm)
        self.gate = self._make_gate(parameters)
        self.run(1.0)

    def _make_gate(self, parameters: Mapping[str, float | str]) -> Gate:
        given: dict[str, object] = {
            'units': 'radians',
            'consume.room_id': 'arm',
            'joints': list(JOINTS),
            **parameters,
        }
        for name, (lower, upper) in self.arm.ranges.items():
            given |= {f'joint_map.{name}.min': lower, f'joint_map.{name}.max': upper}
        settings = BridgeSettings.of(*check_parameters(given))
        assert settings.consume is not None
        limits = settings.consume.limits
        gate = Gate(settings.consume.gate, self.now)
        gate.set_joints([limits.gate_joint(j) for j in settings.joint_map.joints], self.now)
        gate.enable(self.now)
        gate.link_up(self.now)
        return gate

    def run(self, seconds: float) -> None:
        """Simulate whole periods for this long."""
        for _ in range(round(seconds / PERIOD_S)):
            self.tick()

    def tick(self) -> None:
        """Simulate one period: measure, pass on the leader's message, command."""
        self.now += PERIOD_S
        self._driver.step(PERIOD_S)
        self.gate.on_ros_callback(self.now)
        measured = self._driver.measurement()
        assert measured is not None  # This driver has no faults.
        self.gate.measure(measured.positions, self.now)
        self.gate.on_server_message(self.now, has_producer=True, round_trip_s=0.01)
        if self.leader is not None and self._ticks % TICKS_PER_MESSAGE == 0:
            wanted = {self.joint: self.leader(self.arm.time)}
            self._apply(self.gate.update(wanted, self.now, source='leader'))
        self._apply(self.gate.tick(self.now))
        self._ticks += 1

    def _apply(self, command: Command | None) -> None:
        if command is not None:
            self._driver.command(dict(zip(JOINTS, command.positions, strict=True)))

    @property
    def command(self) -> float:
        """The last commanded position of the joint."""
        return self.arm.targets()[self.joint]

    @property
    def position(self) -> float:
        """The position of the joint."""
        return self.arm.positions()[self.joint]
