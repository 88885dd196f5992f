# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""The clutch: which sources match the pose of the robot."""

from __future__ import annotations

from collections.abc import Mapping
import math

from hypothesis import given
from hypothesis import strategies as st
import pytest

from lerobot_arena_ros.control.clutch import Clutch
from lerobot_arena_ros.control.gate_settings import GateJoint, Handover
from lerobot_arena_ros.control.slew import VelocityRamp

RAMP = VelocityRamp(0.5, 2.0, 2.0)
PAN = GateJoint('pan', -1.0, 1.0, RAMP)
WHEEL = GateJoint('wheel', None, None, RAMP, is_continuous=True)
GRIP = GateJoint('grip', 0.0, 0.1, RAMP, handover_tolerance=0.01, is_sliding=True)
JOINTS = (PAN, WHEEL, GRIP)

targets = st.dictionaries(
    st.sampled_from(('pan', 'wheel', 'grip', 'tail')), st.floats(-10.0, 10.0), max_size=4
)
poses = st.fixed_dictionaries({joint.name: st.floats(-10.0, 10.0) for joint in JOINTS})


def obstacle(
    clutch: Clutch, sent: Mapping[str, float], pose: Mapping[str, float | None]
) -> str | None:
    """Return the obstacle of a clutch."""
    return clutch.obstacle(JOINTS, sent, lambda joint: pose.get(joint.name, 0.0))


@pytest.mark.parametrize(
    ('sent', 'at', 'cause'),
    [
        ({'pan': 0.1}, 0.0, None),
        ({'pan': 0.42}, 0.0, 'bring pan within 0.1 rad of the robot: it is 0.42 rad away'),
        ({'grip': 0.05}, 0.0, 'bring grip within 0.01 m of the robot: it is 0.05 m away'),
        ({'grip': 0.05, 'pan': 0.42}, 0.0, 'bring grip within'),
        ({'pan': 1.5}, 0.95, None),
        ({'wheel': 0.05 + 4 * math.pi}, 0.0, None),
        ({'wheel': math.pi}, 0.0, 'bring wheel within'),
        ({'tail': 9.0}, 0.0, None),
        ({}, 0.0, None),
    ],
    ids=[
        'near',
        'far',
        'sliding',
        'the farthest in tolerances',
        'beyond its limit',
        'turns',
        'half a turn',
        'of no joint',
        'nothing',
    ],
)
def test_a_source_has_to_be_near_the_robot(
    sent: dict[str, float], at: float, cause: str | None
) -> None:
    """The cause names the joint that is farthest away, relative to its tolerance."""
    found = obstacle(Clutch(Handover.HOLD), sent, dict.fromkeys(sent, at))

    assert (found is None) is (cause is None)
    assert found is None or (found.startswith('hand-over: ') and str(cause) in found)


def test_a_joint_that_is_held_needs_no_match() -> None:
    """A joint without a range stays where it is, whatever the source sends for it."""
    held = GateJoint('pan', None, None, RAMP, is_held=True)

    assert Clutch(Handover.HOLD).obstacle([held], {'pan': 3.0}, lambda _: 0.0) is None


def test_a_joint_without_a_position_needs_no_match() -> None:
    """The gate waits for its position by itself, or begins at the target."""
    assert obstacle(Clutch(Handover.HOLD), {'pan': 0.5}, {'pan': None}) is None


def test_a_closed_clutch_asks_only_for_new_joints() -> None:
    """A joint that has matched may go anywhere; one that is sent later has to match."""
    clutch = Clutch(Handover.HOLD)
    clutch.close(['pan'])

    assert obstacle(clutch, {'pan': 0.9}, {}) is None
    assert 'wheel' in str(obstacle(clutch, {'pan': 0.9, 'wheel': 0.5}, {}))
    assert obstacle(clutch, {'pan': 0.9, 'wheel': 0.05}, {}) is None


def test_an_open_clutch_asks_for_all_joints_again() -> None:
    """What has matched before does not count."""
    clutch = Clutch(Handover.HOLD)
    clutch.close(['pan'])

    clutch.open()

    assert 'pan' in str(obstacle(clutch, {'pan': 0.9}, {}))


@given(targets, poses)
def test_without_the_clutch_any_source_matches(
    sent: dict[str, float], pose: dict[str, float | None]
) -> None:
    """With approach there is never an obstacle."""
    clutch = Clutch(Handover.APPROACH)
    clutch.close(sent)
    clutch.open()

    assert obstacle(clutch, sent, pose) is None


@given(targets, poses)
def test_no_joint_is_far_away_when_the_clutch_may_close(
    sent: dict[str, float], pose: dict[str, float | None]
) -> None:
    """Without an obstacle, no joint would move further than its tolerance."""
    if obstacle(Clutch(Handover.HOLD), sent, pose) is not None:
        return

    for joint in JOINTS:
        at = pose[joint.name]
        if joint.name in sent and at is not None:
            goal = sent[joint.name]
            if joint.lower is not None and joint.upper is not None:
                goal = min(joint.upper, max(joint.lower, goal))
            distance = goal - at
            if joint.is_continuous:
                distance = math.remainder(distance, math.tau)
            assert abs(distance) <= joint.handover_tolerance * (1.0 + 1e-12)
