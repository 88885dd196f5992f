# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""What is read from a robot_description, and what is rejected."""

from __future__ import annotations

import pytest
from support.corpus import cases

from lerobot_arena_ros.control import urdf
from lerobot_arena_ros.control.urdf import Description, UrdfError, UrdfJoint, read_joints

ARM = """<?xml version="1.0" encoding="utf-8"?>
<robot name="arm" xmlns:xacro="http://www.ros.org/wiki/xacro">
  <link name="base"/>
  <joint name="pan" type="revolute">
    <limit lower="-2" upper="2.0" effort="10" velocity="3.5"/>
  </joint>
  <joint name="mount" type="fixed"/>
  <joint name="roll" type="continuous"/>
  <joint name="lift" type="prismatic"><limit upper="0.3" effort="1" velocity="0"/></joint>
  <joint name="finger" type="prismatic">
    <limit lower="-0.04" effort="1"/>
    <mimic joint="lift"/>
  </joint>
  <transmission name="t"><joint name="pan" type="revolute"/></transmission>
</robot>"""


def robot(joint: str) -> str:
    """Return a robot with one joint."""
    return f'<robot name="r">{joint}</robot>'


def test_movable_joints_are_read_in_order() -> None:
    """Movable joints are read in order; fixed joints and other uses of their names are not."""
    assert list(read_joints(ARM).joints) == ['pan', 'roll', 'lift', 'finger']


@pytest.mark.parametrize(
    ('name', 'expected'),
    [
        pytest.param('pan', UrdfJoint(-2.0, 2.0, 3.5, False, False), id='revolute'),
        pytest.param('roll', UrdfJoint(None, None, None, False, False, True), id='continuous'),
        pytest.param('lift', UrdfJoint(0.0, 0.3, None, True, False), id='no lower, velocity 0'),
        pytest.param('finger', UrdfJoint(-0.04, 0.0, None, True, True), id='no upper, mimic'),
    ],
)
def test_limits_are_read(name: str, expected: UrdfJoint) -> None:
    """
    Limits are read: a missing end is 0, a missing or zero velocity is no limit.

    A continuous joint is unlimited.
    """
    assert read_joints(ARM).joints[name] == expected


def test_a_continuous_joint_keeps_its_velocity_only() -> None:
    """The position limits of a continuous joint are ignored."""
    text = robot(
        '<joint name="w" type="continuous"><limit lower="-1" upper="1" velocity="2"/></joint>'
    )

    assert read_joints(text).joints['w'] == UrdfJoint(None, None, 2.0, False, False, True)


@pytest.mark.parametrize(
    ('text', 'message'),
    [
        pytest.param('', 'is not XML', id='empty'),
        pytest.param('hello', 'is not XML', id='prose'),
        pytest.param('<robot><joint></robot>', 'is not XML', id='unbalanced'),
        pytest.param('<robot>\x00</robot>', 'is not XML', id='zero byte'),
        pytest.param('\ud800<robot/>', 'is not XML', id='surrogate'),
        pytest.param('<sdf version="1.7"/>', 'expected <robot>, got <sdf>', id='SDF'),
        pytest.param('<u:robot xmlns:u="u"/>', 'expected <robot>, got <u:robot>', id='prefix'),
        pytest.param(
            '<!DOCTYPE r [<!ENTITY a "aaaa">]><robot name="&a;"/>', 'DOCTYPE', id='entities'
        ),
        pytest.param('<!DOCTYPE r SYSTEM "a.dtd"><robot/>', 'DOCTYPE', id='foreign DOCTYPE'),
    ],
)
def test_what_is_no_description_is_refused(text: str, message: str) -> None:
    """A text that is not a URDF is rejected."""
    with pytest.raises(UrdfError) as caught:
        read_joints(text)

    assert message in str(caught.value)


@pytest.mark.parametrize(
    ('joint', 'name', 'fault'),
    [
        pytest.param(
            '<joint name="j" type="revolute"/>',
            'j',
            'expected <limit lower upper>',
            id='no limit',
        ),
        pytest.param(
            '<joint name="j" type="revolute"><limit lower="0" upper="nan"/></joint>',
            'j',
            "upper='nan' is not a number",
            id='NaN',
        ),
        pytest.param(
            '<joint name="j" type="revolute"><limit lower="0" upper="90°"/></joint>',
            'j',
            "upper='90°' is not a number",
            id='not a number',
        ),
        pytest.param(
            '<joint name="j" type="revolute"><limit lower="1" upper="-1"/></joint>',
            'j',
            'lower=1 is above upper=-1',
            id='swapped ends',
        ),
        pytest.param(
            '<joint name="j" type="revolute"><limit lower="1"/></joint>',
            'j',
            'lower=1 is above upper=0',
            id='upper end left out',
        ),
        pytest.param(
            '<joint name="j" type="revolute"><limit lower="inf" upper="inf"/></joint>',
            'j',
            'lower=inf and upper=inf are not positions',
            id='both ends the same infinity',
        ),
        pytest.param(
            '<joint name="j" type="continuous"><limit velocity="fast"/></joint>',
            'j',
            "velocity='fast' is not a number",
            id='velocity in words',
        ),
        pytest.param(
            '<joint name="j" type="continuous"/>' * 2, 'j', '2 joints have this name', id='twice'
        ),
        pytest.param(
            '<joint name="j" type="continuous"/><joint name="j" type="fixed"/>',
            'j',
            '2 joints have this name',
            id='a fixed joint of the same name',
        ),
        pytest.param(
            '<joint type="continuous"/>', 'joint number 1', 'it has no name', id='no name'
        ),
        pytest.param(
            '<joint name="j" type="hinge"/>', 'j', "type='hinge' is not a joint type", id='type'
        ),
    ],
)
def test_a_joint_with_a_fault_does_not_affect_others(joint: str, name: str, fault: str) -> None:
    """A faulty joint is reported and has no limits, and the joint beside it is read."""
    sound = '<joint name="pan" type="revolute"><limit lower="-1" upper="1"/></joint>'

    description = read_joints(robot(joint + sound))

    assert description.odd == {name: fault}
    assert description.joints['pan'] == UrdfJoint(-1.0, 1.0, None, False, False)
    assert description.names == {name, 'pan'}
    for odd in description.joints.keys() - {'pan'}:
        assert description.joints[odd] == UrdfJoint(None, None, None, False, False)


def test_a_sliding_joint_with_a_fault_still_slides() -> None:
    """The type of a faulty sliding joint is still known."""
    text = robot('<joint name="j" type="prismatic"><limit upper="x"/><mimic joint="k"/></joint>')

    assert read_joints(text) == Description(
        {'j': UrdfJoint(None, None, None, True, True)}, {'j': "upper='x' is not a number"}
    )


PAN = UrdfJoint(-1.0, 1.0, 2.0, False, False)
ODD = {
    'lower_above_upper': {'other': 'lower=1 is above upper=-1'},
    'limit_missing': {'other': 'expected <limit lower upper>'},
    'name_twice': {'other': '2 joints have this name'},
    'name_missing': {'joint number 2': 'it has no name'},
    'number_that_is_none': {'other': "upper='${pi}' is not a number"},
    'type_of_another_format': {'other': "type='ball' is not a joint type"},
}
"""The reported faults, by file; the other files have none."""
OTHERS = {
    'ends_left_out': UrdfJoint(0.0, 0.0, 2.0, False, False),
    'ends_infinite': UrdfJoint(None, None, 2.0, False, False),
    'ends_enormous': UrdfJoint(None, None, 2.0, False, False),
    'end_infinite_on_one_side': UrdfJoint(None, 1.0, 2.0, False, False),
    'ends_both_zero': UrdfJoint(0.0, 0.0, 2.0, False, False),
    'velocity_empty': UrdfJoint(-1.0, 1.0, None, False, False),
    'velocity_negative': UrdfJoint(-1.0, 1.0, None, False, False),
    'mimic_of_nobody': UrdfJoint(0.0, 0.04, 2.0, True, True),
}
"""The joint ``other`` as it is read, by file."""


@pytest.mark.parametrize('data', cases('descriptions'))
def test_odd_descriptions_keep_the_limits_of_their_sound_joints(
    data: bytes, request: pytest.FixtureRequest
) -> None:
    """The joint ``pan`` of each unusual description has its limits."""
    name = request.node.callspec.id
    description = read_joints(data.decode())

    assert description.joints['pan'] == PAN
    assert description.odd == ODD.get(name, {})
    if name in OTHERS:
        assert description.joints['other'] == OTHERS[name]


def test_endless_descriptions_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """A description above the size limit is not parsed."""
    monkeypatch.setattr(urdf, 'MAX_URDF_CHARS', len(ARM) - 1)

    with pytest.raises(UrdfError, match='longer than'):
        read_joints(ARM)


def test_deep_nesting_is_survived() -> None:
    """Deep nesting causes no crash."""
    depth = 200_000

    assert not read_joints('<robot>' + '<a>' * depth + '</a>' * depth + '</robot>').joints
