"""
Joint limits out of a robot_description, joint by joint.

What the parsers of ROS accept (urdfdom, urdf_parser_py) is accepted. A joint with a fault is named
and spoils no other; only a text that is no URDF at all is refused.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
import math
from xml.parsers import expat

__all__ = ['MAX_URDF_CHARS', 'Description', 'UrdfError', 'UrdfJoint', 'read_joints']

MAX_URDF_CHARS = 8_000_000
"""Longer descriptions are refused; the largest public robots stay under one million."""

ENDLESS = 1e6
"""A position limit in radians or metres this far away is none; exporters write such numbers."""

_MOVABLE = ('revolute', 'continuous', 'prismatic')
_KNOWN = (*_MOVABLE, 'fixed', 'floating', 'planar')


class UrdfError(ValueError):
    """A text that is no robot description."""


@dataclass(frozen=True)
class UrdfJoint:
    """
    What a URDF says of one movable joint.

    :param lower: in radians or metres; None = no limit. Equal to ``upper`` where the description
        gives the joint no range, as exporters do that write 0 for both.
    :param upper: likewise.
    :param max_velocity: in radians or metres per second; None where there is none.
    :param prismatic: whether it slides.
    :param mimic: whether it follows another joint, so that it must not be commanded.
    :param continuous: whether it turns without end.
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
    :param odd: the fault of each joint that has one, by name. Where its kind is known the joint is
        in ``joints``, too, without limits.
    """

    joints: Mapping[str, UrdfJoint]
    odd: Mapping[str, str] = field(default_factory=dict)

    @property
    def names(self) -> frozenset[str]:
        """All names, which tell one robot's description from another's."""
        return frozenset(self.joints) | frozenset(self.odd)


def read_joints(text: str) -> Description:
    """
    Read the movable joints of a URDF.

    :raises UrdfError: the text as a whole is no URDF, is too long, or declares entities.
    """
    if len(text) > MAX_URDF_CHARS:
        raise UrdfError(f'robot_description is longer than {MAX_URDF_CHARS} characters')
    reader = _Reader()
    try:
        reader.read(text)
    except (expat.ExpatError, UnicodeError) as exc:
        raise UrdfError(f'robot_description is no XML: {exc}') from exc
    if reader.root != 'robot':
        raise UrdfError(f'robot_description: expected <robot>, got <{reader.root:.40}>')
    return _description(reader.joints)


@dataclass
class _Found:
    """One <joint> of a description: what matters of it."""

    attributes: dict[str, str]
    limit: dict[str, str] | None = None
    mimic: bool = False


class _Reader:
    """
    Keeps the joints only: a tree of all elements would take thirty times the text's memory.

    Prefixes of names are not looked up, because descriptions out of xacro often lost them.
    """

    def __init__(self) -> None:
        self.root = ''
        self.joints: list[_Found] = []
        self._depth = 0
        self._is_in_joint = False

    def read(self, text: str) -> None:
        """
        Read a text.

        :raises UrdfError: it declares entities.
        :raises expat.ExpatError: it is no XML.
        :raises UnicodeError: it has characters that no text has.
        """
        parser = expat.ParserCreate()
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.StartDoctypeDeclHandler = _refuse_declarations
        # The text is decoded already, so an encoding that it declares does not count. White space
        # before the declaration is forbidden in XML, and accepted by the parsers of ROS.
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
    """Refuse a DOCTYPE that may declare entities: a few of them can fill any memory."""
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
            odd[name] = f'type={kind!r:.40} is no type of joint'
        else:
            joints[name], fault = _joint(joint)
            if fault:
                odd[name] = fault
    return Description(joints, odd)


def _joint(found: _Found) -> tuple[UrdfJoint, str]:
    """Return a joint and its fault, empty = none."""
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
    # An absent end means 0 in a URDF.
    lower, upper = (_number(key, limit.get(key, '0')) for key in ('lower', 'upper'))
    if lower > upper:
        raise ValueError(f'lower={lower:g} is above upper={upper:g}')
    if lower >= ENDLESS or upper <= -ENDLESS:
        raise ValueError(f'lower={lower:g} and upper={upper:g} are no positions')
    return (None if lower <= -ENDLESS else lower), (None if upper >= ENDLESS else upper)


def _velocity(limit: dict[str, str] | None) -> float | None:
    """Return the velocity limit; 0, a negative or an empty one stand for "not filled in"."""
    text = '' if limit is None else limit.get('velocity', '')
    velocity = _number('velocity', text) if text.strip() else 0.0
    return velocity if 0.0 < velocity < math.inf else None


def _number(key: str, text: str) -> float:
    try:
        # Python takes 1_000 and the digits of every script, which no other reader of URDF does.
        number = float(text) if text.isascii() and '_' not in text else math.nan
    except ValueError:
        number = math.nan
    if math.isnan(number):
        raise ValueError(f'{key}={text!r:.40} is no number')
    return number
