# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""The scripted leader of make lerobot, with the physics of the arm and without ROS."""

from __future__ import annotations

from collections.abc import Sequence
import math

import pytest

pytest.importorskip('rclpy', reason='rclpy is not here: it comes with ROS 2, or as wheels')
pytest.importorskip('mujoco', reason='MuJoCo is not here: requirements/sim.txt')

from end_to_end.leader import PICK, REST, Leader, duration_s
from end_to_end.steps import LIFTED_M

from lerobot_arena_ros.sim.arm import SimArm
from lerobot_arena_ros.sim.names import JOINTS

STEP_S = 0.02


class Rig:
    """An arm that follows a leader, at a speed of its own."""

    def __init__(self) -> None:
        self.arm = SimArm(pose={'gripper': math.radians(REST[-1].pose_deg[-1])})
        self.leader = Leader(self.is_near)
        self.now = 0.0

    def is_near(self, pose_deg: Sequence[float]) -> bool:
        """Return whether the arm is near a pose; its gripper may be anywhere."""
        measured = self.arm.measured()
        return all(
            abs(measured[name] - math.radians(angle)) < 0.12
            for name, angle in zip(JOINTS[:-1], pose_deg[:-1], strict=True)
        )

    def run(self, seconds: float, *, follows: bool = True) -> None:
        """Let time pass; an arm that does not follow keeps its target."""
        for _ in range(round(seconds / STEP_S)):
            values = self.leader.values(self.now)
            if follows:
                self.arm.command({name: self._to_rad(name, values[name]) for name in JOINTS})
            self.arm.step(STEP_S)
            self.now += STEP_S

    def _to_rad(self, name: str, value: float) -> float:
        lower, upper = self.arm.ranges[name]
        share = value / 100.0 if name == 'gripper' else (value + 100.0) / 200.0
        return lower + share * (upper - lower)


def test_the_script_lifts_the_cube() -> None:
    """An arm that follows the leader holds the cube above the table at the end."""
    rig = Rig()
    rig.leader.follow(PICK, rig.now)
    rig.run(duration_s(PICK) + 1.0)

    assert rig.arm.cube()[2] > LIFTED_M
    assert rig.arm.holds_cube


def test_the_script_waits_for_an_arm_that_is_late() -> None:
    """A cube is lifted also if the arm did not follow for a while on its way."""
    rig = Rig()
    rig.leader.follow(PICK, rig.now)
    rig.run(2.0)
    rig.run(5.0, follows=False)
    assert rig.arm.cube()[2] < LIFTED_M
    rig.run(duration_s(PICK) + 1.0)

    assert rig.arm.cube()[2] > LIFTED_M
