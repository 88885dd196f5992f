# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""
Reads the joint limits from a robot_description.

It accepts what the parsers of ROS accept (urdfdom, urdf_parser_py). A joint with a fault is
reported, and the other joints are used. Only a text that is not a URDF is rejected.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
import math
from xml.parsers import expat

__all__ = ['MAX_URDF_CHARS', 'Description', 'UrdfError', 'UrdfJoint', 'read_joints']

MAX_URDF_CHARS = 8_000_000
"""Longer descriptions are rejected; those of the largest public robots are under one million."""

ENDLESS = 1e6
"""A position limit of this size in radians or metres means no limit, as exporters write it."""

_MOVABLE = ('revolute', 'continuous', 'prismatic')
_KNOWN = (*_MOVABLE, 'fixed', 'floating', 'planar')


class UrdfError(ValueError):
    """The text is not a robot description."""


@dataclass(frozen=True)
class UrdfJoint:
    """
    One movable joint of a URDF.

    :param lower: in radians or metres; None: no limit. Equal to ``upper`` if the description gives
        the joint no range; some exporters write 0 for both.
    :param upper: likewise.
    :param max_velocity: in radians or metres per second; None without a limit.
    :param prismatic: whether it slides.
    :param mimic: whether it follows another joint, so that it must not be commanded.
    :param continuous: whether it rotates without limits.
    """

    lower: float | None
    upper: float | None
    max_velocity: float | None
    prismatic: bool
    mimic: bool
    continuous: bool = False


@dataclass(frozen=True)
class Description:
    """
    The movable joints of a robot, in the order of its description.

    :param joints: by name.
    :param odd: the faults by joint name. If the type of a faulty joint is known, the joint is also
        in ``joints``, without limits.
    """

    joints: Mapping[str, UrdfJoint]
    odd: Mapping[str, str] = field(default_factory=dict)

    @property
    def names(self) -> frozenset[str]:
        """All names; they distinguish the descriptions of different robots."""
        return frozenset(self.joints) | frozenset(self.odd)


def read_joints(text: str) -> Description:
    """
    Read the movable joints of a URDF.

    :raises UrdfError: the text is not a URDF, is too long, or may declare entities.
    """
    if len(text) > MAX_URDF_CHARS:
        raise UrdfError(f'robot_description is longer than {MAX_URDF_CHARS} characters')
    reader = _Reader()
    try:
        reader.read(text)
    except (expat.ExpatError, UnicodeError) as exc:
        raise UrdfError(f'robot_description is not XML: {exc}') from exc
    if reader.root != 'robot':
        raise UrdfError(f'robot_description: expected <robot>, got <{reader.root:.40}>')
    return _description(reader.joints)


@dataclass
class _Found:
    """The relevant parts of one <joint> element."""

    attributes: dict[str, str]
    limit: dict[str, str] | None = None
    mimic: bool = False


class _Reader:
    """
    Collects the joints only: a tree of all elements would need thirty times the text's memory.

    Namespace prefixes are not resolved, because xacro often drops their declarations.
    """

    def __init__(self) -> None:
        self.root = ''
        self.joints: list[_Found] = []
        self._depth = 0
        self._is_in_joint = False

    def read(self, text: str) -> None:
        """
        Read a text.

        :raises UrdfError: it may declare entities.
        :raises expat.ExpatError: it is not XML.
        :raises UnicodeError: it has characters that cannot be encoded.
        """
        parser = expat.ParserCreate()
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.StartDoctypeDeclHandler = _refuse_declarations
        # The text is already decoded, so a declared encoding is ignored. XML forbids white space
        # before the declaration, but the parsers of ROS accept it.
        parser.Parse(text.lstrip('\ufeff \t\r\n'), True)

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        self._depth += 1
        if self._depth == 1:
            self.root = tag
        elif self._depth == 2:
            self._is_in_joint = tag == 'joint'
            if self._is_in_joint:
                self.joints.append(_Found(attributes))
        elif self._depth == 3 and self._is_in_joint:
            joint = self.joints[-1]
            if tag == 'limit' and joint.limit is None:
                joint.limit = attributes
            joint.mimic = joint.mimic or tag == 'mimic'

    def _end(self, _tag: str) -> None:
        self._depth -= 1


def _refuse_declarations(
    _name: str, system_id: str | None, public_id: str | None, has_internal_subset: bool
) -> None:
    """Reject a DOCTYPE that may declare entities, because a few entities can fill the memory."""
    if system_id or public_id or has_internal_subset:
        raise UrdfError('robot_description has a DOCTYPE that may declare entities')


def _description(found: list[_Found]) -> Description:
    joints: dict[str, UrdfJoint] = {}
    odd: dict[str, str] = {}
    counts = Counter(joint.attributes.get('name') for joint in found)
    for number, joint in enumerate(found, start=1):
        name, kind = joint.attributes.get('name'), joint.attributes.get('type')
        if kind in _KNOWN and kind not in _MOVABLE and counts[name] == 1:
            continue
        if not name:
            odd[f'joint number {number}'] = 'it has no name'
        elif counts[name] > 1:
            odd[name] = f'{counts[name]} joints have this name'
        elif kind not in _KNOWN:
            odd[name] = f'type={kind!r:.40} is not a joint type'
        else:
            joints[name], fault = _joint(joint)
            if fault:
                odd[name] = fault
    return Description(joints, odd)


def _joint(found: _Found) -> tuple[UrdfJoint, str]:
    """Return a joint and its fault; the fault is empty if there is none."""
    kind = found.attributes.get('type')
    is_continuous, is_prismatic = kind == 'continuous', kind == 'prismatic'
    try:
        velocity = _velocity(found.limit)
        lower, upper = (None, None) if is_continuous else _ends(found.limit)
    except ValueError as exc:
        return UrdfJoint(None, None, None, is_prismatic, found.mimic), str(exc)
    return UrdfJoint(lower, upper, velocity, is_prismatic, found.mimic, is_continuous), ''


def _ends(limit: dict[str, str] | None) -> tuple[float | None, float | None]:
    if limit is None:
        raise ValueError('expected <limit lower upper>')
    # In a URDF, the default of a limit is 0.
    lower, upper = (_number(key, limit.get(key, '0')) for key in ('lower', 'upper'))
    if lower > upper:
        raise ValueError(f'lower={lower:g} is above upper={upper:g}')
    if lower >= ENDLESS or upper <= -ENDLESS:
        raise ValueError(f'lower={lower:g} and upper={upper:g} are not positions')
    return (None if lower <= -ENDLESS else lower), (None if upper >= ENDLESS else upper)


def _velocity(limit: dict[str, str] | None) -> float | None:
    """Return the velocity limit; None if it is 0, negative or empty, which means "not set"."""
    text = '' if limit is None else limit.get('velocity', '')
    velocity = _number('velocity', text) if text.strip() else 0.0
    return velocity if 0.0 < velocity < math.inf else None


def _number(key: str, text: str) -> float:
    try:
        # Python accepts 1_000 and the digits of every script; other URDF parsers do not.
        number = float(text) if text.isascii() and '_' not in text else math.nan
    except ValueError:
        number = math.nan
    if math.isnan(number):
        raise ValueError(f'{key}={text!r:.40} is not a number')
    return number
