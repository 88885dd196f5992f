# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""The model of the arm, and the error if it is missing."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

import pytest

pytest.importorskip('mujoco', reason='MuJoCo is not here: requirements/sim.txt')

from lerobot_arena_ros.sim import model
from lerobot_arena_ros.sim.arm import SimArm
from lerobot_arena_ros.sim.names import CAMERAS, JOINTS


def test_the_description_has_the_joints_and_limits_of_the_model() -> None:
    """The URDF has the joints and limits of the model, so that a bridge reads the right ones."""
    robot = ElementTree.fromstring(model.robot_description())
    limits = {
        joint.get('name'): [float(joint.find('limit').get(end)) for end in ('lower', 'upper')]  # type: ignore[union-attr,arg-type]
        for joint in robot.findall("joint[@type='revolute']")
    }

    ranges = SimArm().ranges
    assert set(limits) == set(ranges)
    for name, ends in ranges.items():
        assert limits[name] == pytest.approx(ends, abs=1e-4)


def test_each_model_is_a_copy() -> None:
    """A change of one model does not change another one."""
    first, second = SimArm(gravity=0.0), SimArm()

    assert first.gravity == 0.0
    assert second.gravity == pytest.approx(1.0)


def test_joints_and_cameras_are_in_the_model() -> None:
    """The model has the joints and cameras that topics and parameters name."""
    loaded = model.load_model()

    assert [loaded.joint(name).name for name in JOINTS] == list(JOINTS)
    assert [loaded.camera(name).name for name in CAMERAS] == list(CAMERAS)


def test_without_the_package_the_error_has_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Without the package, the error has what to install, in one line."""
    monkeypatch.setattr(model, 'MODEL_PACKAGE', 'no_such_package')

    with pytest.raises(model.ModelError) as raised:
        model.robot_description()
    assert str(raised.value) == (
        'the package no_such_package, which has the model of the arm, is not installed: '
        "pip install 'lerobot_arena_ros[sim]'"
    )


def test_a_package_with_another_model_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A package with another model is reported with its file."""
    (tmp_path / 'so101_new_calib.xml').write_text('<mujoco><worldbody/></mujoco>')
    monkeypatch.setattr(model, '_assets', lambda: tmp_path)
    model._compiled.cache_clear()

    with pytest.raises(model.ModelError, match='so101_new_calib.xml is not the expected model'):
        model.load_model()
