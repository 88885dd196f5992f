"""What is read from a robot description, and what is refused."""

from __future__ import annotations

import pytest

from lerobot_arena_ros.control import urdf
from lerobot_arena_ros.control.urdf import UrdfError, UrdfJoint, joint_limits

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
    """Wrap one joint into a robot."""
    return f'<robot name="r">{joint}</robot>'


def test_movable_joints_are_read_in_order() -> None:
    """Fixed joints and those named elsewhere in the file are left out."""
    assert list(joint_limits(ARM)) == ['pan', 'roll', 'lift', 'finger']


@pytest.mark.parametrize(
    ('name', 'expected'),
    [
        pytest.param('pan', UrdfJoint(-2.0, 2.0, 3.5, False, False), id='revolute'),
        pytest.param('roll', UrdfJoint(None, None, None, False, False), id='continuous'),
        pytest.param('lift', UrdfJoint(0.0, 0.3, None, True, False), id='no lower, velocity 0'),
        pytest.param('finger', UrdfJoint(-0.04, 0.0, None, True, True), id='no upper, mimic'),
    ],
)
def test_limits_are_read(name: str, expected: UrdfJoint) -> None:
    """An absent end is 0, an absent or zero velocity none, a continuous joint unlimited."""
    assert joint_limits(ARM)[name] == expected


def test_a_continuous_joint_keeps_its_velocity_only() -> None:
    """Position limits of a continuous joint say nothing."""
    text = robot(
        '<joint name="w" type="continuous"><limit lower="-1" upper="1" velocity="2"/></joint>'
    )

    assert joint_limits(text)['w'] == UrdfJoint(None, None, 2.0, False, False)


@pytest.mark.parametrize(
    ('text', 'message'),
    [
        pytest.param('', 'is no XML', id='empty'),
        pytest.param('hello', 'is no XML', id='prose'),
        pytest.param('<robot><joint></robot>', 'is no XML', id='unbalanced'),
        pytest.param('<robot>\x00</robot>', 'is no XML', id='zero byte'),
        pytest.param('\ud800<robot/>', 'is no XML', id='surrogate'),
        pytest.param('<sdf version="1.7"/>', 'expected <robot>, got <sdf>', id='SDF'),
        pytest.param(
            '<!DOCTYPE r [<!ENTITY a "aaaa">]><robot name="&a;"/>', 'DOCTYPE', id='entities'
        ),
        pytest.param(
            robot('<joint name="j" type="revolute"/>'),
            'joint j: expected <limit lower upper>',
            id='no limit',
        ),
        pytest.param(
            robot('<joint name="j" type="prismatic"><limit velocity="1"/></joint>'),
            'joint j: expected <limit lower upper>',
            id='neither end',
        ),
        pytest.param(
            robot('<joint name="j" type="revolute"><limit lower="0" upper="nan"/></joint>'),
            "joint j: upper='nan' is no finite number",
            id='NaN',
        ),
        pytest.param(
            robot('<joint name="j" type="revolute"><limit lower="-inf" upper="1"/></joint>'),
            "joint j: lower='-inf' is no finite number",
            id='infinity',
        ),
        pytest.param(
            robot('<joint name="j" type="revolute"><limit lower="0" upper="90°"/></joint>'),
            "joint j: upper='90°' is no finite number",
            id='not a number',
        ),
        pytest.param(
            robot('<joint name="j" type="revolute"><limit lower="1" upper="-1"/></joint>'),
            'joint j: lower=1 is above upper=-1',
            id='swapped ends',
        ),
        pytest.param(
            robot('<joint name="j" type="revolute"><limit lower="1"/></joint>'),
            'joint j: lower=1 is above upper=0',
            id='upper end left out',
        ),
        pytest.param(
            robot('<joint name="j" type="continuous"><limit velocity="-2"/></joint>'),
            'joint j: velocity=-2 is negative',
            id='negative velocity',
        ),
        pytest.param(
            robot('<joint name="j" type="continuous"/>' * 2),
            'joint j: expected a name that no other joint has',
            id='one name twice',
        ),
        pytest.param(
            robot('<joint type="continuous"/>'),
            'joint None: expected a name',
            id='no name',
        ),
    ],
)
def test_bad_descriptions_are_refused(text: str, message: str) -> None:
    """What cannot be read is refused with the joint and the value, never guessed."""
    with pytest.raises(UrdfError) as caught:
        joint_limits(text)

    assert message in str(caught.value)


def test_endless_descriptions_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """A description beyond any robot's size is not even parsed."""
    monkeypatch.setattr(urdf, 'MAX_URDF_CHARS', len(ARM) - 1)

    with pytest.raises(UrdfError, match='longer than'):
        joint_limits(ARM)


def test_deep_nesting_is_survived() -> None:
    """A hostile description ends in no crash."""
    depth = 200_000

    assert joint_limits('<robot>' + '<a>' * depth + '</a>' * depth + '</robot>') == {}
