"""Which robot_description counts, where several come on one topic."""

from __future__ import annotations

from lerobot_arena_ros.control.descriptions import Descriptions
from lerobot_arena_ros.control.urdf import Description, UrdfJoint

NARROW = UrdfJoint(-1.0, 1.0, None, False, False)
WIDE = UrdfJoint(-2.0, 2.0, None, False, False)
FINGER = UrdfJoint(0.0, 0.04, None, True, True)
UNKNOWN = UrdfJoint(None, None, None, False, False)


def test_the_first_description_names_the_joints() -> None:
    """Where none is listed, that of another robot, or in part another, changes nothing."""
    descriptions = Descriptions(())
    assert descriptions.take(Description({'a': NARROW, 'b': NARROW}))

    for other in ({'c': WIDE}, {'a': WIDE}, {'a': WIDE, 'b': WIDE, 'c': WIDE}):
        assert not descriptions.take(Description(other))

    assert descriptions.described == Description({'a': NARROW, 'b': NARROW})


def test_a_later_description_with_the_same_names_gives_other_limits() -> None:
    """The robot's own description may be published again, in another order, too."""
    for listed in ((), ('a', 'b')):
        descriptions = Descriptions(listed)
        assert descriptions.take(Description({'a': NARROW, 'b': NARROW}))

        assert descriptions.take(Description({'b': WIDE, 'a': NARROW}))

        assert descriptions.described == Description({'b': WIDE, 'a': NARROW})


def test_a_description_without_a_joint_to_command_names_none() -> None:
    """One of a table, say, leaves the place to the robot's."""
    descriptions = Descriptions(())

    assert not descriptions.take(Description({}))
    assert not descriptions.take(Description({'finger': FINGER}))
    assert not descriptions.take(Description({'a': UNKNOWN}, {'a': 'odd'}))
    assert descriptions.take(Description({'a': NARROW}))


def test_of_each_listed_joint_the_first_description_counts() -> None:
    """An arm and its gripper may be described apart; another robot with such a joint is not."""
    descriptions = Descriptions(('a', 'grip'))
    assert not descriptions.take(Description({'c': WIDE}, {'d': 'odd'}))
    assert descriptions.take(Description({'a': NARROW, 'x': WIDE}))
    assert descriptions.take(Description({'grip': NARROW}))

    assert not descriptions.take(Description({'a': WIDE, 'y': WIDE}, {'z': 'odd'}))
    assert descriptions.take(Description({'a': WIDE, 'x': WIDE}))

    assert descriptions.described == Description({'grip': NARROW, 'a': WIDE})


def test_faults_are_kept_until_they_are_corrected() -> None:
    """Those of unlisted joints, too, because a person has to know of them."""
    descriptions = Descriptions(('a',))
    assert descriptions.take(Description({'a': UNKNOWN}, {'a': 'odd', 'x': 'odd, too'}))
    assert descriptions.described.odd == {'a': 'odd', 'x': 'odd, too'}

    assert descriptions.take(Description({'a': NARROW, 'x': WIDE}))

    assert descriptions.described.odd == {}
    assert descriptions.described.joints['a'] == NARROW


def test_a_description_of_more_listed_joints_counts_instead() -> None:
    """Another robot's gripper of the same name does not keep its limits for ever."""
    descriptions = Descriptions(('a', 'b', 'gripper'))
    assert descriptions.take(Description({'gripper': WIDE, 'x': WIDE}))

    assert descriptions.take(Description({'a': NARROW, 'b': NARROW, 'gripper': NARROW}))

    assert descriptions.described.joints['gripper'] == NARROW
    assert not descriptions.take(Description({'gripper': WIDE, 'x': WIDE}))
