# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""The physics of the arm and its servos. It is stepped, without a clock, so it is reproducible."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
import math

import mujoco
import numpy as np

from .model import CUBE_SIDE, hold_name, load_model
from .names import JOINTS

__all__ = ['ENCODER_STEP', 'Servo', 'SimArm']

ENCODER_STEP = 2 * math.pi / 4096
"""The resolution of measured positions in radians, as that of an STS3215."""

GRAVITY = 9.81

GRIP_RAD = 0.46
"""The angle of the gripper at which its pads are parallel, at the distance of a cube's side."""

SQUEEZE_RAD = 0.1
"""How far the target of the gripper is beyond the cube, so that the gripper holds it."""

DEPTH = 0.008
"""How far inside the pads' middle the cube is gripped, in metres, because it creeps outwards."""

_PADS = ('fixed_jaw_pad', 'moving_jaw_pad')


@dataclass(frozen=True)
class Servo:
    """
    The properties of each servo; the defaults are those of the model, for an STS3215.

    :param stiffness: the torque per radian between setpoint and joint, in N m/rad.
    :param damping: the torque against the motion, in N m s/rad. The gears cause it, so it is also
        present without power.
    :param torque: the maximum torque, in N m.
    :param speed: how fast the setpoint of the servo moves to its target, in rad/s.
    """

    stiffness: float = 17.8
    damping: float = 0.6
    torque: float = 3.35
    speed: float = 5.0


class SimArm:
    """
    An SO-101 on a table, with a cube beside it. Angles are in radians, by joint name.

    The same calls in the same order return identical numbers, bit by bit.

    :param gravity: a factor; 0: no gravity.
    :param servo: the properties of all servos; they may be changed at any time.
    :param pose: the initial positions and targets; joints that it does not name begin at 0.
    :raises ModelError: the model cannot be loaded.
    """

    def __init__(
        self,
        *,
        gravity: float = 1.0,
        servo: Servo | None = None,
        pose: Mapping[str, float] | None = None,
    ) -> None:
        self._model = load_model()
        self._data = mujoco.MjData(self._model)
        self._index = {name: index for index, name in enumerate(JOINTS)}
        joints = [self._model.joint(name) for name in JOINTS]
        self._at = np.array([joint.qposadr[0] for joint in joints])
        self._dof = np.array([joint.dofadr[0] for joint in joints])
        self._drives = np.array([self._model.actuator(name).id for name in JOINTS])
        self._holds = {name: self._model.equality(hold_name(name)).id for name in JOINTS}
        self._lower, self._upper = self._model.jnt_range[[joint.id for joint in joints]].T
        self._remainder_s = 0.0
        self._peaks = np.zeros(len(JOINTS))
        self._drives_on = True
        for name, position in (pose or {}).items():
            self._data.qpos[self._at[self._index[name]]] = position
        self._targets = self._data.qpos[self._at].copy()
        self._setpoints = self._targets.copy()
        self.gravity = gravity
        self.servo = servo or Servo()
        mujoco.mj_forward(self._model, self._data)

    @property
    def time(self) -> float:
        """The simulated time, in seconds."""
        return float(self._data.time)

    @property
    def ranges(self) -> dict[str, tuple[float, float]]:
        """The lower and upper limit of each joint."""
        ends = zip(self._lower.tolist(), self._upper.tolist(), strict=True)
        return dict(zip(JOINTS, ends, strict=True))

    @property
    def gravity(self) -> float:
        """The factor of gravity; 0: no gravity."""
        return float(-self._model.opt.gravity[2] / GRAVITY)

    @gravity.setter
    def gravity(self, factor: float) -> None:
        self._model.opt.gravity[2] = -GRAVITY * factor

    @property
    def servo(self) -> Servo:
        """The properties of each servo."""
        return self._servo

    @servo.setter
    def servo(self, servo: Servo) -> None:
        self._servo = servo
        self._model.dof_damping[self._dof] = servo.damping
        self._model.actuator_forcerange[self._drives] = (-servo.torque, servo.torque)
        self._power()

    @property
    def drives_on(self) -> bool:
        """Whether the servos exert torque; encoders and targets work without it."""
        return self._drives_on

    @drives_on.setter
    def drives_on(self, on: bool) -> None:
        if on and not self._drives_on:
            self._setpoints = self._data.qpos[self._at].copy()
        self._drives_on = on
        self._power()

    def _power(self) -> None:
        stiffness = self._servo.stiffness if self._drives_on else 0.0
        self._model.actuator_gainprm[self._drives, 0] = stiffness
        self._model.actuator_biasprm[self._drives, 1] = -stiffness

    @property
    def model(self) -> mujoco.MjModel:
        """The model, for rendering only; change its properties through this class."""
        return self._model

    def configuration(self) -> np.ndarray:
        """Return a copy of the positions of everything, including the cube, for rendering."""
        return np.array(self._data.qpos)

    def command(self, positions: Mapping[str, float]) -> None:
        """
        Set the targets of joints; the others keep their targets.

        A target outside the range of its joint is clamped.

        :raises KeyError: a joint is unknown.
        """
        for name, position in positions.items():
            index = self._index[name]
            self._targets[index] = min(max(position, self._lower[index]), self._upper[index])

    def targets(self) -> dict[str, float]:
        """Return the target of each joint."""
        return _by_name(self._targets)

    def step(self, seconds: float) -> None:
        """Simulate this time in whole timesteps; carry the rest over to the next call."""
        dt = self._model.opt.timestep
        self._remainder_s += seconds
        steps = int(self._remainder_s / dt + 1e-9)
        self._remainder_s -= steps * dt
        for _ in range(steps):
            self._step_once(dt)

    def _step_once(self, dt: float) -> None:
        if self._drives_on:
            largest = self._servo.speed * dt
            self._setpoints += np.clip(self._targets - self._setpoints, -largest, largest)
            self._data.ctrl[self._drives] = self._setpoints
        before = self._data.qvel[self._dof]
        mujoco.mj_step(self._model, self._data)
        change = np.abs(self._data.qvel[self._dof] - before)
        np.maximum(self._peaks, change / dt, out=self._peaks)

    def measured(self) -> dict[str, float]:
        """Return the positions that the encoders measure."""
        return _by_name(np.round(self._data.qpos[self._at] / ENCODER_STEP) * ENCODER_STEP + 0.0)

    def positions(self) -> dict[str, float]:
        """Return the true positions of the joints."""
        return _by_name(self._data.qpos[self._at])

    def velocities(self) -> dict[str, float]:
        """Return the true velocities of the joints, in rad/s."""
        return _by_name(self._data.qvel[self._dof])

    def peak_accelerations(self) -> dict[str, float]:
        """Return the largest acceleration of each joint since the last call, in rad/s^2."""
        peaks = _by_name(self._peaks)
        self._peaks[:] = 0.0
        return peaks

    def block(self, joint: str) -> None:
        """Hold a joint at its position, as an obstacle that blocks it in both directions."""
        self._hold(joint, self._data.qpos[self._at[self._index[joint]]])

    def unblock(self, joint: str) -> None:
        """Remove the obstacle of a joint."""
        self._data.eq_active[self._holds[joint]] = 0

    def push(self, joint: str, torque: float) -> None:
        """Apply an external torque to a joint, in N m, until the next call; 0 removes it."""
        self._data.qfrc_applied[self._dof[self._index[joint]]] = torque

    def drag(self, joint: str, position: float, seconds: float) -> None:
        """Move a joint as by a hand that is stronger than its servo, and release it."""
        begin = float(self._data.qpos[self._at[self._index[joint]]])
        steps = max(1, round(seconds / self._model.opt.timestep))
        for step in range(1, steps + 1):
            self._hold(joint, begin + (position - begin) * step / steps)
            self.step(self._model.opt.timestep)
        self.unblock(joint)

    def _hold(self, joint: str, position: float) -> None:
        self._model.eq_data[self._holds[joint], 0] = position
        self._data.eq_active[self._holds[joint]] = 1

    def place_cube(self, x: float, y: float) -> None:
        """Put the cube on the table, at rest; x and y are in metres from the base."""
        cube = self._data.joint('cube')
        cube.qpos[:] = [x, y, CUBE_SIDE / 2, 1.0, 0.0, 0.0, 0.0]
        cube.qvel[:] = 0.0

    def grip_cube(self) -> None:
        """Put the cube between the jaws and close them; this simulates one second."""
        gripper = self._index['gripper']
        self._data.qpos[self._at[gripper]] = self._setpoints[gripper] = GRIP_RAD + 0.01
        mujoco.mj_forward(self._model, self._data)
        pads = [self._data.geom(name) for name in _PADS]
        cube = self._data.joint('cube')
        inwards = pads[0].xmat.reshape(3, 3)[:, 2]
        cube.qpos[:3] = (pads[0].xpos + pads[1].xpos) / 2 + DEPTH * inwards
        mujoco.mju_mat2Quat(cube.qpos[3:], pads[0].xmat)
        cube.qvel[:] = 0.0
        self.command({'gripper': GRIP_RAD - SQUEEZE_RAD})
        self.step(1.0)

    @property
    def holds_cube(self) -> bool:
        """Whether both jaws touch the cube."""
        jaws = {self._model.geom(name).bodyid[0] for name in _PADS}
        cube = self._model.geom('cube').id
        touching = set()
        for contact in self._data.contact:
            if cube in contact.geom:
                touching |= {self._model.geom_bodyid[geom] for geom in contact.geom}
        return jaws <= touching

    def cube(self) -> tuple[float, ...]:
        """Return the pose of the cube: x, y, z in metres, and the quaternion w, x, y, z."""
        return tuple(self._data.joint('cube').qpos.tolist())


def _by_name(values: np.ndarray) -> dict[str, float]:
    return dict(zip(JOINTS, values.tolist(), strict=True))
