# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""Names, units and ranges of joints."""

from __future__ import annotations

import math
from typing import Any

from lerobot_arena_link import SO101_JOINTS, JointMap, JointSetting
import pytest

TWO = {'elbow': JointSetting(), 'gripper': JointSetting()}


def test_values_without_ranges_are_the_same_in_lerobot() -> None:
    """Without ranges, an action has the values of the room under LeRobot's names, and back."""
    joints = JointMap('degrees', TWO)
    action = {'elbow.pos': 12.5, 'gripper.pos': -3.0}

    assert joints.to_room(action) == {'elbow': 12.5, 'gripper': -3.0}
    assert joints.from_room({'elbow': 12.5, 'gripper': -3.0, 'other': 1.0}) == action


def test_a_range_is_converted_linearly_and_back() -> None:
    """The ends of the two ranges correspond, also inverted and beyond the ends."""
    joints = JointMap(
        'radians',
        {'elbow': JointSetting('Elbow', '', (-1.0, 3.0), (100.0, -100.0))},
    )

    assert joints.from_room({'Elbow': -1.0}) == {'elbow.pos': pytest.approx(100.0)}
    assert joints.from_room({'Elbow': 1.0}) == {'elbow.pos': pytest.approx(0.0)}
    assert joints.from_room({'Elbow': 5.0}) == {'elbow.pos': pytest.approx(-200.0)}
    for value in (-150.0, 0.0, 33.0):
        there = joints.to_room({'elbow.pos': value})
        assert joints.from_room(there) == {'elbow.pos': pytest.approx(value)}


def test_a_gripper_of_a_normalized_room_is_in_percent() -> None:
    """The units are those of a bridge: percent for a gripper or jaw, if nothing else is set."""
    units = JointMap('normalized', SO101_JOINTS).units

    assert units.pop('gripper') == 'percent'
    assert set(units.values()) == {'normalized'}
    assert JointMap('normalized', {'g': JointSetting('Jaw')}).units == {'Jaw': 'percent'}
    assert JointMap('degrees', TWO).units == {'elbow': 'degrees', 'gripper': 'degrees'}
    assert JointMap('degrees', {'z': JointSetting(unit='metres')}).units == {'z': 'metres'}


@pytest.mark.parametrize('value', [math.nan, math.inf, None, 'fast', [1.0]], ids=repr)
def test_a_value_that_is_no_finite_number_is_refused(value: Any) -> None:
    """The line of the error has the joint and the value."""
    joints = JointMap('degrees', TWO)

    with pytest.raises(ValueError, match=r'elbow\.pos: expected a finite number, got') as caught:
        joints.to_room({'elbow.pos': value, 'gripper.pos': 0.0})

    assert '\n' not in str(caught.value)


def test_unknown_and_missing_joints_are_refused() -> None:
    """An action has exactly the configured joints; the error names the others."""
    joints = JointMap('degrees', TWO)

    with pytest.raises(ValueError, match=r"unknown: \['wrist\.pos'\]; expected"):
        joints.to_room({'elbow.pos': 0.0, 'gripper.pos': 0.0, 'wrist.pos': 1.0})
    with pytest.raises(ValueError, match=r"missing: \['gripper\.pos'\]"):
        joints.to_room({'elbow.pos': 0.0})
    with pytest.raises(ValueError, match=r"the room has no joint \['gripper'\]"):
        joints.from_room({'elbow': 0.0})


@pytest.mark.parametrize(
    ('units', 'joints', 'message'),
    [
        ('turns', TWO, "units: expected one of degrees, .*, got 'turns'"),
        ('degrees', {}, 'expected at least one joint'),
        ('degrees', {'a': JointSetting(unit='steps')}, "joint a: unit: .*'steps'"),
        ('degrees', {'a': JointSetting(room_range=(0.0, 1.0))}, 'joint a: expected two numbers'),
        (
            'degrees',
            {'a': JointSetting(room_range=(1.0, 1.0), lerobot_range=(0.0, 1.0))},
            'joint a: the two ends of a range are equal',
        ),
        ('degrees', {'a': JointSetting('x'), 'b': JointSetting('x')}, 'the same name'),
    ],
    ids=['units', 'none', 'unit', 'one range', 'empty range', 'same name'],
)
def test_an_invalid_setting_is_refused(
    units: str, joints: dict[str, JointSetting], message: str
) -> None:
    """A joint map with an invalid setting raises an error that names it."""
    with pytest.raises(ValueError, match=message):
        JointMap(units, joints)
