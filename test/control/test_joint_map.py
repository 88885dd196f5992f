# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""The mapping of joints: names, units, ranges and order, in ROS and on the wire."""

from __future__ import annotations

from collections.abc import Callable
import math

from hypothesis import given, settings
from hypothesis import strategies as st
import pytest

from lerobot_arena_ros.control.joint_map import Joint, JointMap, unit_of
from lerobot_arena_ros.control.units import ConversionError, Unit
from lerobot_arena_ros.control.urdf import Description, UrdfJoint, read_joints

# ROS name, arena name, unit, range in radians: the SO-101 of the public web client.
SO101 = JointMap(
    (
        Joint('shoulder_pan', 'Rotation', Unit.NORMALIZED, -2.0, 2.0),
        Joint('shoulder_lift', 'Pitch', Unit.NORMALIZED, 0.0, 3.5),
        Joint('elbow_flex', 'Elbow', Unit.NORMALIZED, -3.14158, 0.0),
        Joint('wrist_flex', 'Wrist_Pitch', Unit.NORMALIZED, -2.5, 1.2),
        Joint('wrist_roll', 'Wrist_Roll', Unit.NORMALIZED, -3.14158, 3.14158),
        Joint('gripper', 'Jaw', Unit.PERCENT, -0.2, 2.0),
    )
)
PAN = UrdfJoint(-2.0, 2.0, 3.0, prismatic=False, mimic=False)
LIFT = UrdfJoint(0.0, 0.3, None, prismatic=True, mimic=False)
WHEEL = UrdfJoint(None, None, None, prismatic=False, mimic=False, continuous=True)
LOCKED = UrdfJoint(0.0, 0.0, 3.0, prismatic=False, mimic=False)
MIMIC = UrdfJoint(0.0, 0.04, None, prismatic=True, mimic=True)


def reason_of(caught: pytest.ExceptionInfo[ConversionError]) -> str:
    """Return the name of the counter for a conversion error."""
    return caught.value.reason


@pytest.mark.parametrize(
    ('arena_name', 'units', 'unit'),
    [
        pytest.param('Jaw', Unit.NORMALIZED, Unit.PERCENT, id='jaw'),
        pytest.param('GRIPPER', Unit.NORMALIZED, Unit.PERCENT, id='gripper'),
        pytest.param('Elbow', Unit.NORMALIZED, Unit.NORMALIZED, id='arm'),
        pytest.param('gripper_left', Unit.NORMALIZED, Unit.NORMALIZED, id='longer name'),
        pytest.param('gripper', Unit.DEGREES, Unit.DEGREES, id='degrees'),
    ],
)
def test_normalized_grippers_count_from_zero(arena_name: str, units: Unit, unit: Unit) -> None:
    """Normalized grippers are 0..100 where other joints are -100..100."""
    assert unit_of(arena_name, units) is unit


def test_names_and_values_are_turned_both_ways() -> None:
    """The middle pose of the SO-101 converts to the values of the web client, and back."""
    values = dict.fromkeys(('Rotation', 'Pitch', 'Elbow', 'Wrist_Pitch', 'Wrist_Roll', 'Jaw'), 0.0)

    positions = SO101.from_arena(values)

    assert list(positions) == list(SO101.names)
    assert list(positions.values()) == pytest.approx([0.0, 1.75, -1.57079, -0.65, 0.0, -0.2])
    assert SO101.to_arena(positions) == pytest.approx(values, abs=1e-9)


@settings(derandomize=True, deadline=None, database=None)
@given(shares=st.lists(st.floats(-0.5, 1.5), min_size=6, max_size=6))
def test_round_trips_hold(shares: list[float]) -> None:
    """A round trip is exact within 1e-9, inside the range and half a range beyond."""
    positions = {
        joint.name: (joint.lower or 0.0) + s * ((joint.upper or 0.0) - (joint.lower or 0.0))
        for joint, s in zip(SO101.joints, shares, strict=True)
    }

    back = SO101.from_arena(SO101.to_arena(positions))

    assert back == pytest.approx(positions, abs=1e-9)


def test_what_goes_out_is_in_configured_order() -> None:
    """Listed joints come first, in their order, for any order of the message."""
    positions = dict.fromkeys(reversed(SO101.names), 0.5)

    assert list(SO101.to_arena(positions)) == [joint.arena_name for joint in SO101.joints]


def test_joints_of_ros_or_the_arena_only_are_left_out() -> None:
    """Unlisted joints are not converted in either direction, and ``unknown`` returns them."""
    assert SO101.from_arena({'Rotation': 0.0, 'Tail': 3.0}) == {'shoulder_pan': 0.0}
    assert SO101.to_arena({'shoulder_pan': 0.0, 'tail': 3.0}) == {'Rotation': 0.0}
    assert SO101.unknown(['Tail', 'Jaw', 'shoulder_pan']) == ('Tail', 'shoulder_pan')


def test_joints_that_are_missing_stay_missing() -> None:
    """A partial update is converted without the missing joints."""
    assert list(SO101.from_arena({'Jaw': 50.0})) == ['gripper']
    assert SO101.from_arena({}) == {}


def test_unlisted_joints_pass_where_nothing_is_listed() -> None:
    """Without listed joints, every joint keeps its name and has the unit of the room."""
    joint_map = JointMap((), others=Unit.RADIANS)

    assert joint_map.to_arena({'b': math.pi, 'a': 0.0}) == {'b': math.pi, 'a': 0.0}


@pytest.mark.parametrize(
    ('position', 'reason'),
    [
        pytest.param(math.nan, 'nonfinite', id='NaN'),
        pytest.param(math.inf, 'nonfinite', id='infinity'),
        pytest.param(-math.inf, 'nonfinite', id='minus infinity'),
    ],
)
def test_one_bad_position_refuses_them_all(position: float, reason: str) -> None:
    """A position that is not finite rejects the whole message."""
    with pytest.raises(ConversionError, match='gripper is measured at') as caught:
        SO101.to_arena({'shoulder_pan': 0.0, 'gripper': position})

    assert reason_of(caught) == reason


@pytest.mark.parametrize(
    ('value', 'reason'),
    [
        pytest.param(math.nan, 'nonfinite', id='NaN'),
        pytest.param(-math.inf, 'nonfinite', id='infinity'),
        pytest.param(1e308, 'gross', id='huge'),
        pytest.param(300.1, 'gross', id='more than a range above'),
        pytest.param(-300.1, 'gross', id='more than a range below'),
    ],
)
def test_one_bad_value_refuses_them_all(value: float, reason: str) -> None:
    """A value that cannot be right rejects the whole frame."""
    with pytest.raises(ConversionError, match='joint Elbow') as caught:
        SO101.from_arena({'Rotation': 0.0, 'Elbow': value})

    assert reason_of(caught) == reason


@pytest.mark.parametrize(
    'convert',
    [
        pytest.param(Joint('j', 'j', Unit.METRES, offset=1.7e308).to_position, id='position'),
        pytest.param(Joint('j', 'j', Unit.DEGREES).to_value, id='value'),
    ],
)
def test_an_overflow_is_refused(convert: Callable[[float], float]) -> None:
    """A finite value whose conversion is infinite is rejected."""
    with pytest.raises(ConversionError) as caught:
        convert(1.7e308)

    assert reason_of(caught) == 'nonfinite'


@pytest.mark.parametrize('value', [-300.0, -150.0, 150.0, 300.0])
def test_values_within_a_range_width_beyond_are_kept(value: float) -> None:
    """A value within one range width outside the limits is accepted; the gate clamps it."""
    assert SO101.from_arena({'Rotation': value}) == pytest.approx({'shoulder_pan': value / 50})


def test_degrees_read_as_radians_are_refused() -> None:
    """A value of 90 in a room that uses radians is rejected."""
    joint = Joint('pan', 'pan', Unit.RADIANS, -2.0, 2.0)

    with pytest.raises(ConversionError, match=r'90 radians is far outside \[-2, 2\]'):
        joint.to_position(90.0)


def test_a_joint_without_limits_has_no_gross_values() -> None:
    """A joint without limits accepts values of any size."""
    assert Joint('wheel', 'wheel', Unit.RADIANS).to_position(500.0) == 500.0


@pytest.mark.parametrize(
    ('lower', 'upper'),
    [
        pytest.param(None, None, id='none'),
        pytest.param(-1.0, None, id='lower only'),
        pytest.param(None, 1.0, id='upper only'),
    ],
)
def test_a_joint_whose_range_is_unknown_is_not_converted(
    lower: float | None, upper: float | None
) -> None:
    """A normalized joint without a range is rejected, and the text has the remedy."""
    joint_map = JointMap((Joint('pan', 'Rotation', Unit.NORMALIZED, lower, upper),))

    assert joint_map.unknown_range == ('pan',)
    for convert in (joint_map.joints[0].to_position, joint_map.joints[0].to_value):
        with pytest.raises(ConversionError, match=r'joint_map\.pan\.min') as caught:
            convert(0.0)
        assert reason_of(caught) == 'range'


def test_degrees_need_no_range() -> None:
    """A joint in an absolute unit is converted without a range."""
    assert JointMap((Joint('pan', 'pan', Unit.DEGREES),)).unknown_range == ()


@pytest.mark.parametrize(
    ('joints', 'kind'),
    [
        pytest.param((('a', 'x'), ('a', 'y')), 'ROS', id='ROS'),
        pytest.param((('a', 'x'), ('b', 'x')), 'arena', id='arena'),
    ],
)
def test_one_name_for_two_joints_is_refused(
    joints: tuple[tuple[str, str], ...], kind: str
) -> None:
    """Two joints with the same name are rejected, because one of them would never move."""
    with pytest.raises(ValueError, match=f'the same {kind} name: a -> x'):
        JointMap(Joint(name, arena_name, Unit.DEGREES) for name, arena_name in joints)


def test_a_urdf_fills_in_what_is_open() -> None:
    """A URDF adds the range that normalized values need, and a velocity limit."""
    joint_map = JointMap((Joint('pan', 'Rotation', Unit.NORMALIZED),))

    described = joint_map.described_by(Description({'pan': PAN, 'elsewhere': LIFT}))

    assert described.unknown_range == ()
    assert described.from_arena({'Rotation': 50.0}) == {'pan': 1.0}
    assert described.joints[0].max_velocity == 3.0
    assert described.names == ('pan',)


def test_the_users_range_outranks_the_urdfs() -> None:
    """The user's range takes precedence, and a joint that the URDF lacks is unchanged."""
    joint_map = JointMap(
        (
            Joint('pan', 'pan', Unit.DEGREES, -1.0, 1.0),
            Joint('other', 'other', Unit.DEGREES, -0.5, 0.5),
        )
    )

    described = joint_map.described_by(Description({'pan': PAN}))

    assert [(j.lower, j.upper) for j in described.joints] == [(-1.0, 1.0), (-0.5, 0.5)]
    assert described.joints[1] == joint_map.joints[1]


@pytest.mark.parametrize(
    ('own', 'expected'),
    [
        pytest.param(None, 3.0, id="URDF's only"),
        pytest.param(1.0, 1.0, id='own is lower'),
        pytest.param(9.0, 3.0, id="URDF's is lower"),
    ],
)
def test_the_lower_velocity_limit_counts(own: float | None, expected: float) -> None:
    """The lower velocity limit of user and URDF applies."""
    joint = Joint('pan', 'pan', Unit.DEGREES, max_velocity=own)

    assert joint.described_by(PAN).max_velocity == expected


@pytest.mark.parametrize(
    ('units', 'value'),
    [
        pytest.param(Unit.DEGREES, 0.15, id='degrees'),
        pytest.param(Unit.RADIANS, 0.15, id='radians'),
        pytest.param(Unit.METRES, 0.15, id='metres'),
        pytest.param(Unit.NORMALIZED, 0.0, id='normalized'),
        pytest.param(Unit.PERCENT, 50.0, id='percent'),
    ],
)
def test_sliding_joints_count_in_metres(units: Unit, value: float) -> None:
    """A sliding joint is in metres instead of an angle; normalized units stay as they are."""
    joint = Joint('lift', 'lift', units).described_by(LIFT)

    assert joint.prismatic
    assert joint.to_position(value) == pytest.approx(0.15)


def test_no_velocity_limit_stays_none() -> None:
    """Without a limit of user and URDF, only the common velocity limit applies."""
    assert Joint('wheel', 'wheel', Unit.DEGREES).described_by(WHEEL).max_velocity is None


def test_without_a_list_the_urdf_gives_the_joints() -> None:
    """Without listed joints, those of the URDF are taken in its order, without mimic joints."""
    joint_map = JointMap((), others=Unit.RADIANS)

    described = joint_map.described_by(Description({'pan': PAN, 'finger': MIMIC, 'wheel': WHEEL}))

    assert described.names == ('pan', 'wheel')
    assert described.from_arena({'pan': 1.0, 'finger': 0.01}) == {'pan': 1.0}


@pytest.mark.parametrize(
    ('units', 'sent'),
    [
        pytest.param(Unit.NORMALIZED, {'pan': 50.0}, id='normalized'),
        pytest.param(Unit.DEGREES, {'pan': math.degrees(1.0)}, id='degrees'),
        pytest.param(Unit.RADIANS, {'pan': 1.0, 'finger': 0.01}, id='radians'),
    ],
)
def test_a_joint_without_a_range_keeps_no_other_from_being_sent(
    units: Unit, sent: dict[str, float]
) -> None:
    """A mimic joint that is measured with the others does not reject the message."""
    described = JointMap((), others=units).described_by(Description({'pan': PAN, 'finger': MIMIC}))

    assert described.to_arena({'pan': 1.0, 'finger': 0.01}) == pytest.approx(sent)


def test_degrees_of_unlisted_joints_wait_for_the_description() -> None:
    """
    Degrees of unlisted joints are not sent before a URDF.

    A sliding joint would be sent as an angle.
    """
    joint_map = JointMap((), others=Unit.DEGREES)
    assert joint_map.needs_description
    with pytest.raises(ConversionError, match='joint lift: degrees are not sent') as caught:
        joint_map.to_arena({'lift': 0.04})
    assert reason_of(caught) == 'kind'

    described = joint_map.described_by(Description({'lift': LIFT, 'finger': MIMIC}))

    assert described.to_arena({'lift': 0.04, 'finger': 0.04}) == {'lift': 0.04}
    assert not described.needs_description


def test_a_joint_with_a_fault_is_not_taken_and_keeps_its_kind() -> None:
    """
    A faulty joint is left out if it is not listed.

    If it is listed, its type is known, and it has no limits.
    """
    description = Description(
        {'pan': PAN, 'lift': UrdfJoint(None, None, None, prismatic=True, mimic=False)},
        {'lift': 'upper=x is not a number'},
    )

    assert JointMap((), others=Unit.DEGREES).described_by(description).names == ('pan',)
    listed = JointMap((Joint('lift', 'lift', Unit.DEGREES),)).described_by(description)
    assert listed.joints[0].unit is Unit.METRES
    assert listed.faulty == listed.unknown_limits == ('lift',)


@pytest.mark.parametrize('unit', [Unit.DEGREES, Unit.NORMALIZED])
def test_a_locked_joint_ignores_its_values_and_the_others_are_converted(unit: Unit) -> None:
    """A locked joint is ignored, and the other joints of the frame are converted."""
    joint_map = JointMap((Joint('pan', 'pan', Unit.DEGREES), Joint('brace', 'brace', unit)))

    described = joint_map.described_by(Description({'pan': PAN, 'brace': LOCKED}))

    assert described.locked == ('brace',)
    assert described.unknown_range == described.unknown_limits == ()
    assert described.from_arena({'pan': 0.0, 'brace': 5000.0}) == {'pan': 0.0}
    sent = described.to_arena({'pan': 0.0, 'brace': 0.3})
    assert ('brace' in sent) is (unit is Unit.DEGREES)


def test_a_locked_joint_that_the_user_calls_unlimited_moves() -> None:
    """
    A locked joint moves if the user sets ``unlimited``.

    Some exporters write 0 for both limits of rotating joints.
    """
    joint = Joint('pan', 'pan', Unit.DEGREES, unlimited=True)

    assert not joint.described_by(LOCKED).is_locked
    assert joint.described_by(PAN).upper == 2.0


def test_a_continuous_joint_needs_no_limits_and_refuses_no_turn() -> None:
    """A continuous joint needs no limits and accepts any angle, unless the user limits it."""
    wheel = Joint('wheel', 'wheel', Unit.DEGREES)
    assert wheel.needs_limits

    assert wheel.described_by(WHEEL).continuous
    assert not wheel.described_by(WHEEL).needs_limits
    assert wheel.described_by(WHEEL).to_position(3600.0) == pytest.approx(20 * math.pi)
    limited = Joint('wheel', 'wheel', Unit.DEGREES, -1.0, 1.0).described_by(WHEEL)
    assert not limited.continuous
    assert limited.upper == 1.0


def test_unlisted_joints_without_a_range_ask_for_one() -> None:
    """Before a URDF, unlisted normalized joints are not sent, and the text has the reason."""
    joint_map = JointMap((), others=Unit.NORMALIZED).described_by(Description({}))

    with pytest.raises(ConversionError, match='publish robot_description'):
        joint_map.to_arena({'pan': 1.0})


def test_a_list_is_not_extended_by_the_urdf() -> None:
    """A URDF does not add joints to listed ones."""
    joint_map = JointMap((Joint('pan', 'pan', Unit.RADIANS),))

    assert joint_map.described_by(Description({'pan': PAN, 'lift': LIFT})).names == ('pan',)
    assert JointMap(()).described_by(Description({'pan': PAN})).names == ()


def test_a_later_description_replaces_an_earlier_one() -> None:
    """A later URDF replaces everything of an earlier one."""
    joint_map = JointMap((Joint('pan', 'pan', Unit.NORMALIZED),))
    narrow = read_joints(
        '<robot><joint name="pan" type="revolute"><limit lower="-1" upper="1"/></joint></robot>'
    )

    joint_map.described_by(Description({'pan': PAN}))
    described = joint_map.described_by(narrow)

    assert (described.joints[0].lower, described.joints[0].upper) == (-1.0, 1.0)


def test_the_table_shows_the_ends_of_each_range() -> None:
    """The table has names, unit, and the wire values at both ends of the range."""
    joint_map = JointMap(
        (
            *SO101.joints[:1],
            Joint('roll', 'Roll', Unit.DEGREES, -math.pi / 2, math.pi, invert=True),
            Joint('rail', 'rail', Unit.METRES, 0.0, 0.3, prismatic=True),
            Joint('wheel', 'wheel', Unit.RADIANS),
            Joint('elbow', 'Elbow', Unit.NORMALIZED),
            Joint('brace', 'Brace', Unit.NORMALIZED, 0.5, 0.5),
            Joint('spin', 'Spin', Unit.RADIANS, continuous=True),
        )
    )

    assert joint_map.table().splitlines()[1:] == [
        '  shoulder_pan -> Rotation, normalized: -2.000 rad = -100.0, 2.000 rad = 100.0',
        '  roll -> Roll, degrees: -1.571 rad = 90.0, 3.142 rad = -180.0',
        '  rail -> rail, metres: 0.000 m = 0.0, 0.300 m = 0.3',
        '  wheel -> wheel, radians: no limits known',
        '  elbow -> Elbow, normalized: no limits known',
        '  brace -> Brace, normalized: held, because robot_description gives it no range',
        '  spin -> Spin, radians: continuous',
    ]


def test_the_table_writes_no_negative_zero() -> None:
    """The table has 0.0 instead of -0.0."""
    joint_map = JointMap(
        (
            Joint('jaw', 'Jaw', Unit.DEGREES, -0.0, 1.7, invert=True),
            Joint('roll', 'Roll', Unit.DEGREES, -1e-9, 1e-9),
        )
    )

    assert joint_map.table().splitlines()[1:] == [
        '  jaw -> Jaw, degrees: 0.000 rad = 0.0, 1.700 rad = -97.4',
        '  roll -> Roll, degrees: 0.000 rad = 0.0, 0.000 rad = 0.0',
    ]


def test_the_table_shows_limits_that_are_none() -> None:
    """The table reports limits that have no value in the unit, as the largest double."""
    wheel = Joint('wheel', 'wheel', Unit.DEGREES, -1.79769e308, 1.79769e308)

    assert 'no limits that can be converted to degrees' in JointMap((wheel,)).table()


def test_the_table_of_an_empty_map_states_that_it_is_empty() -> None:
    """The table of an empty map states that it has no joints."""
    assert 'every joint passes under its own name' in JointMap((), others=Unit.RADIANS).table()
    assert 'none yet' in JointMap((), others=Unit.DEGREES).table()


def test_the_table_names_a_joint_whose_ends_are_reversed() -> None:
    """A normalized joint without a range between its ends is named."""
    reversed_ends = Joint('a', 'a', Unit.NORMALIZED, 2.0, 1.0)

    assert 'normalized: no range between 2 and 1 rad' in JointMap((reversed_ends,)).table()
