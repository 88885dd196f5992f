"""
Which robot_description counts, where several come on one topic.

Of each joint the description counts that names most of the listed joints, and of several such the
first. Later ones with the same joint names replace it. A description with other names is another
robot's, and changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterable

from .urdf import Description, UrdfJoint

__all__ = ['Descriptions']


class Descriptions:
    """
    What the descriptions said so far that count.

    :param listed: ROS names of the joints that the user listed; none = those of the first
        description that has a joint to command.
    """

    def __init__(self, listed: Iterable[str]) -> None:
        self._listed = frozenset(listed)
        self._sources: dict[str, frozenset[str]] = {}
        self._joints: dict[str, UrdfJoint] = {}
        self._odd: dict[str, str] = {}

    @property
    def described(self) -> Description:
        """What counts."""
        return Description(dict(self._joints), dict(self._odd))

    def take(self, description: Description) -> bool:
        """Take what counts of a description; return whether anything does."""
        names = description.names
        ours = {n for n in names if self._counts_for(n, names)}
        if self._listed and ours & self._listed:
            ours &= self._listed | description.odd.keys() | self._sources.keys()
        elif self._listed or not self._is_whole(description):
            return False
        for name in ours:
            self._sources[name] = names
            self._joints.pop(name, None)
            self._odd.pop(name, None)
        self._joints.update((n, joint) for n, joint in description.joints.items() if n in ours)
        self._odd.update((n, fault) for n, fault in description.odd.items() if n in ours)
        return True

    def _counts_for(self, joint: str, names: frozenset[str]) -> bool:
        """Return whether a description with these names may say what a joint is."""
        source = self._sources.get(joint, names)
        return source == names or len(names & self._listed) > len(source & self._listed)

    def _is_whole(self, description: Description) -> bool:
        """Say whether all joints may come from this description."""
        if self._sources:
            return description.names == self._sources.keys()
        joints, odd = description.joints, description.odd
        return any(not joint.mimic and name not in odd for name, joint in joints.items())
