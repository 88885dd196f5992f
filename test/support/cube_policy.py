# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""A policy that finds the red cube in a picture and turns the arm to it. Needs mujoco."""

from __future__ import annotations

from collections.abc import Mapping
import functools
import math

import mujoco
import numpy as np

from lerobot_arena_ros.sim.arm import SimArm
from lerobot_arena_ros.sim.model import CUBE_SIDE
from lerobot_arena_ros.video import FrameData

__all__ = ['CubePolicy', 'Pointer']

BASE = 'shoulder_pan'


class CubePolicy:
    """
    Turns the base so that the arm points to the cube; the other joints stay as first observed.

    It knows where the front camera is, and how far the base can turn, as a policy that was trained
    with this arm does.

    :param arena_name: the name of the base's joint in the rooms, whose values are -100 to 100.
    """

    def __init__(self, arena_name: str) -> None:
        self._name = arena_name
        self._first: Mapping[str, float] = {}
        self._lower, self._upper = SimArm().ranges[BASE]

    def __call__(
        self, frames: Mapping[str, FrameData], joints: Mapping[str, float]
    ) -> Mapping[str, float]:
        """Return the action."""
        self._first = self._first or dict(joints)
        frame = frames['front']
        assert frame.metadata is not None
        height, width = frame.metadata['height'], frame.metadata['width']
        picture = np.frombuffer(frame.data, np.uint8).reshape(height, width, 3)
        pixel = _red(picture)
        if pixel is None:
            return dict(joints)
        pan = _pan_towards(*_on_the_table(*pixel, width, height))
        share = (pan - self._lower) / (self._upper - self._lower)
        return {**self._first, self._name: 200.0 * share - 100.0}


def _red(picture: np.ndarray) -> tuple[float, float] | None:
    """Return the middle of everything red, as column and row; None if nothing is."""
    red, green, blue = (picture[..., channel].astype(int) for channel in range(3))
    rows, columns = np.nonzero((red > 80) & (red > 2 * green) & (red > 2 * blue))
    if not len(rows):
        return None
    return float(columns.mean()) + 0.5, float(rows.mean()) + 0.5


def _on_the_table(column: float, row: float, width: int, height: int) -> tuple[float, float]:
    """Return the place, at half the height of the cube, that the front camera has at a pixel."""
    model, data = _at_rest()
    camera = model.camera('front').id
    focus = height / 2 / math.tan(math.radians(model.cam_fovy[camera]) / 2)
    ray = data.cam_xmat[camera].reshape(3, 3) @ [column - width / 2, height / 2 - row, -focus]
    place = data.cam_xpos[camera]
    place = place + ray * (CUBE_SIDE / 2 - place[2]) / ray[2]
    return float(place[0]), float(place[1])


def _pan_towards(x: float, y: float) -> float:
    """Return the angle of the base at which the arm points to a place, in radians."""
    model, data = _at_rest()
    axis = data.xanchor[model.joint(BASE).id]
    # The base turns about an axis that points downwards.
    return -math.atan2(y - axis[1], x - axis[0])


@functools.cache
def _at_rest() -> tuple[mujoco.MjModel, mujoco.MjData]:
    """Return the model of the arm, and its geometry with all joints at 0; do not change them."""
    model = SimArm().model
    data = mujoco.MjData(model)
    mujoco.mj_forward(model, data)
    return model, data


class Pointer:
    """The direction of the real gripper, for a test of where the arm points."""

    def __init__(self) -> None:
        self._model = SimArm().model
        self._data = mujoco.MjData(self._model)
        self._base = self._model.joint(BASE)

    def error(self, pan: float, x: float, y: float) -> float:
        """Return the angle between the gripper and a place, as seen from the base, in radians."""
        self._data.qpos[self._base.qposadr] = pan
        mujoco.mj_kinematics(self._model, self._data)
        axis = self._data.xanchor[self._base.id][:2]
        gripper = self._data.body('gripper').xpos[:2] - axis
        place = np.array([x, y]) - axis
        cosine = gripper @ place / (np.linalg.norm(gripper) * np.linalg.norm(place))
        return math.acos(min(1.0, float(cosine)))
