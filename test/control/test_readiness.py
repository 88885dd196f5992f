# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""What must be known about the joints before they are commanded, and the texts for the user."""

from __future__ import annotations

import pytest

from lerobot_arena_ros.control.causes import NO_JOINTS
from lerobot_arena_ros.control.condition import Level, Severity
from lerobot_arena_ros.control.joint_map import Joint, JointMap
from lerobot_arena_ros.control.readiness import mapping, named, unready, unsendable
from lerobot_arena_ros.control.units import Unit
from lerobot_arena_ros.control.urdf import Description, UrdfJoint

WAYS_OUT = (
    'publish a robot_description',
    'joint_map.<joint>.min and .max',
    'joint_map.<joint>.unlimited',
    'consume.require_limits: never',
)
LOCKED = UrdfJoint(0.0, 0.0, None, False, False)


def joint(name: str, unit: Unit = Unit.RADIANS, **more: float | bool) -> Joint:
    """Return a joint with the same name in ROS and on the wire."""
    return Joint(name, name, unit, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize('unit', [Unit.RADIANS, Unit.DEGREES, Unit.METRES])
def test_a_joint_without_limits_keeps_the_gate_waiting(unit: Unit) -> None:
    """A joint without limits blocks commands in every unit; the cause has all remedies."""
    joint_map = JointMap([joint('a', unit, lower=-1.0, upper=1.0), joint('b', unit)])

    cause = unready(joint_map, require_limits=True) or ''

    assert cause.startswith('limits of b are unknown')
    assert [text for text in WAYS_OUT if text not in cause] == []
    assert unready(joint_map, require_limits=False) is None


@pytest.mark.parametrize(
    'known',
    [
        pytest.param(joint('b', lower=-1.0, upper=1.0), id='limits'),
        pytest.param(joint('b', unlimited=True), id='unlimited'),
        pytest.param(joint('b', continuous=True), id='continuous'),
    ],
)
def test_a_joint_of_known_reach_may_be_commanded(known: Joint) -> None:
    """A joint may be commanded with both limits, or if user or URDF state that it has none."""
    assert unready(JointMap([known]), require_limits=True) is None


def test_one_limit_is_not_enough() -> None:
    """A joint with only one finite limit may not be commanded."""
    half = joint('b').described_by(UrdfJoint(None, 1.0, None, False, False))

    assert half.upper == 1.0
    assert 'limits of b are unknown' in (unready(JointMap([half]), require_limits=True) or '')


@pytest.mark.parametrize('unit', [Unit.RADIANS, Unit.NORMALIZED])
def test_a_fault_of_the_description_is_part_of_the_cause(unit: Unit) -> None:
    """The cause has the fault of the joint in robot_description."""
    description = Description(
        {'b': UrdfJoint(None, None, None, False, False)}, {'b': 'lower=1 is above upper=-1'}
    )
    joint_map = JointMap([joint('b', unit)]).described_by(description)

    cause = unready(joint_map, require_limits=True) or ''

    assert ' of b (robot_description: lower=1 is above upper=-1) ' in cause


def test_only_where_every_joint_is_locked_nothing_may_move() -> None:
    """Only if all joints are locked, commands are blocked; otherwise locked joints are held."""
    joint_map = JointMap([joint('a'), joint('b')])
    free = UrdfJoint(-1.0, 1.0, None, False, False)

    one = joint_map.described_by(Description({'a': LOCKED, 'b': free}))
    every = joint_map.described_by(Description({'a': LOCKED, 'b': LOCKED}))

    assert unready(one, require_limits=True) is None
    cause = unready(every, require_limits=True) or ''
    assert 'robot_description gives a, b no range' in cause


def test_a_text_names_not_more_joints_than_fit() -> None:
    """A text has a limited number of joint names."""
    assert named(['a', 'b']) == 'a, b'
    assert named([str(number) for number in range(12)]).endswith('8, 9 and 2 more')
    assert len(named(['n' * 1_000_000])) < 200


# ----- the mapping


def test_a_mapping_of_which_nothing_was_received_is_stale() -> None:
    """A mapping is STALE until a joint was received, because the names may be wrong."""
    known = JointMap([joint('a')])

    assert mapping(known, in_room=(), odd_in_room={}, received_at=None, now=10.0) == (
        Level.STALE,
        '1 joints; none was received yet',
        Severity.NONE,
    )
    assert mapping(known, in_room=(), odd_in_room={}, received_at=0.0, now=10.0).is_ok
    found = mapping(known, in_room=(), odd_in_room={}, received_at=0.0, now=12.0)
    assert found.level is Level.STALE
    assert found.text == '1 joints; none was received for 12.0 s'


def test_all_that_is_wrong_with_the_names_is_in_one_text() -> None:
    """The text has all faults of all joints."""
    held = joint('brace').described_by(LOCKED)
    known = JointMap([held, joint('b', Unit.NORMALIZED)])

    found = mapping(
        known, in_room={'tail'}, odd_in_room={'x': 'no number'}, received_at=0.0, now=0.0
    )

    assert found.level is Level.WARN
    for text in (
        'range of b is unknown: set',
        'held where they are: brace',
        'not mapped: tail',
        "'x' (no number)",
    ):
        assert text in found.text


def test_an_unknown_range_has_the_same_text_for_sending_and_mapping() -> None:
    """The text for an unknown range is the same for sending and for the mapping."""
    known = JointMap([joint('b', Unit.NORMALIZED)])

    cause = unsendable(known)

    assert cause == mapping(known, in_room=(), odd_in_room={}, received_at=0.0, now=0.0).text
    assert cause == unready(known, require_limits=True)


def test_joints_that_move_with_others_are_not_commanded() -> None:
    """A mimic joint blocks commands, because its position follows from another joint."""
    known = JointMap([joint('a')]).described_by(
        Description({'a': UrdfJoint(-1.0, 1.0, None, False, True)}, {})
    )

    assert 'a must not be commanded, because they are mimic joints' in str(
        unready(known, require_limits=True)
    )


def test_without_any_joint_nothing_is_commanded() -> None:
    """Without a list and without a robot_description the joints are unknown."""
    known = JointMap((), others=Unit.DEGREES)

    assert unready(known, require_limits=False) == NO_JOINTS
    assert unsendable(known) == NO_JOINTS


def test_a_faulty_joint_is_part_of_the_mapping() -> None:
    """The mapping has the listed joints that robot_description describes incorrectly."""
    known = JointMap([joint('a')]).described_by(
        Description(
            {'a': UrdfJoint(None, None, None, False, False)}, {'a': 'lower=1 is above upper=-1'}
        )
    )

    found = mapping(known, in_room=(), odd_in_room={}, received_at=0.0, now=0.0)

    assert 'joints with a fault: a: lower=1 is above upper=-1' in found.text
