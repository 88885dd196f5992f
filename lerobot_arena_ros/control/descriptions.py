# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""
Selects the robot_description that applies, if several arrive on one topic.

For each joint, the description with the most listed joints applies, and the first one of several
with the same number. A later description with the same joint names replaces it. A description with
other names belongs to another robot, and is ignored.
"""

from __future__ import annotations

from collections.abc import Iterable

from .urdf import Description, UrdfJoint

__all__ = ['Descriptions']


class Descriptions:
    """
    The combination of the descriptions that apply so far.

    :param listed: the ROS names of the joints that the user listed; empty: the joints of the first
        description that has a joint to command.
    """

    def __init__(self, listed: Iterable[str]) -> None:
        self._listed = frozenset(listed)
        self._sources: dict[str, frozenset[str]] = {}
        self._joints: dict[str, UrdfJoint] = {}
        self._odd: dict[str, str] = {}

    @property
    def described(self) -> Description:
        """The description that applies."""
        return Description(dict(self._joints), dict(self._odd))

    def take(self, description: Description) -> bool:
        """Take the joints of a description for which it applies; return whether there are any."""
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
        """Return whether a description with these names applies to a joint."""
        source = self._sources.get(joint, names)
        return source == names or len(names & self._listed) > len(source & self._listed)

    def _is_whole(self, description: Description) -> bool:
        """Return whether all joints may come from this description."""
        if self._sources:
            return description.names == self._sources.keys()
        joints, odd = description.joints, description.odd
        return any(not joint.mimic and name not in odd for name, joint in joints.items())
