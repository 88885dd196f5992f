# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""Which robot_description applies, if several arrive on one topic."""

from __future__ import annotations

from lerobot_arena_ros.control.descriptions import Descriptions
from lerobot_arena_ros.control.urdf import Description, UrdfJoint

NARROW = UrdfJoint(-1.0, 1.0, None, False, False)
WIDE = UrdfJoint(-2.0, 2.0, None, False, False)
FINGER = UrdfJoint(0.0, 0.04, None, True, True)
UNKNOWN = UrdfJoint(None, None, None, False, False)


def test_the_first_description_names_the_joints() -> None:
    """
    Without listed joints, the first description applies.

    One of another robot changes nothing, even if it shares some names.
    """
    descriptions = Descriptions(())
    assert descriptions.take(Description({'a': NARROW, 'b': NARROW}))

    for other in ({'c': WIDE}, {'a': WIDE}, {'a': WIDE, 'b': WIDE, 'c': WIDE}):
        assert not descriptions.take(Description(other))

    assert descriptions.described == Description({'a': NARROW, 'b': NARROW})


def test_a_later_description_with_the_same_names_gives_other_limits() -> None:
    """A later description with the same joint names replaces the limits, in any order."""
    for listed in ((), ('a', 'b')):
        descriptions = Descriptions(listed)
        assert descriptions.take(Description({'a': NARROW, 'b': NARROW}))

        assert descriptions.take(Description({'b': WIDE, 'a': NARROW}))

        assert descriptions.described == Description({'b': WIDE, 'a': NARROW})


def test_a_description_without_a_joint_to_command_names_none() -> None:
    """A description without movable joints, as of a table, is ignored."""
    descriptions = Descriptions(())

    assert not descriptions.take(Description({}))
    assert not descriptions.take(Description({'finger': FINGER}))
    assert not descriptions.take(Description({'a': UNKNOWN}, {'a': 'odd'}))
    assert descriptions.take(Description({'a': NARROW}))


def test_of_each_listed_joint_the_first_description_counts() -> None:
    """
    The first description of each listed joint applies.

    An arm and its gripper may have separate ones; another robot with the same joint is ignored.
    """
    descriptions = Descriptions(('a', 'grip'))
    assert not descriptions.take(Description({'c': WIDE}, {'d': 'odd'}))
    assert descriptions.take(Description({'a': NARROW, 'x': WIDE}))
    assert descriptions.take(Description({'grip': NARROW}))

    assert not descriptions.take(Description({'a': WIDE, 'y': WIDE}, {'z': 'odd'}))
    assert descriptions.take(Description({'a': WIDE, 'x': WIDE}))

    assert descriptions.described == Description({'grip': NARROW, 'a': WIDE})


def test_faults_are_kept_until_they_are_corrected() -> None:
    """Faults are kept until a later description corrects them, also those of unlisted joints."""
    descriptions = Descriptions(('a',))
    assert descriptions.take(Description({'a': UNKNOWN}, {'a': 'odd', 'x': 'odd, too'}))
    assert descriptions.described.odd == {'a': 'odd', 'x': 'odd, too'}

    assert descriptions.take(Description({'a': NARROW, 'x': WIDE}))

    assert descriptions.described.odd == {}
    assert descriptions.described.joints['a'] == NARROW


def test_a_description_of_more_listed_joints_counts_instead() -> None:
    """A description with more listed joints replaces that of another robot."""
    descriptions = Descriptions(('a', 'b', 'gripper'))
    assert descriptions.take(Description({'gripper': WIDE, 'x': WIDE}))

    assert descriptions.take(Description({'a': NARROW, 'b': NARROW, 'gripper': NARROW}))

    assert descriptions.described.joints['gripper'] == NARROW
    assert not descriptions.take(Description({'gripper': WIDE, 'x': WIDE}))
