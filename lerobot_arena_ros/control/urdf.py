"""Joint limits out of a robot_description."""

from __future__ import annotations

from dataclasses import dataclass
import math
from xml.etree import ElementTree

__all__ = ['MAX_URDF_CHARS', 'UrdfError', 'UrdfJoint', 'joint_limits']

MAX_URDF_CHARS = 8_000_000
"""Longer descriptions are refused; the largest public robots stay under one million."""


class UrdfError(ValueError):
    """A robot description that cannot be read."""


@dataclass(frozen=True)
class UrdfJoint:
    """
    What a URDF says of one movable joint.

    :param lower: in radians or metres; None for a continuous joint.
    :param upper: likewise.
    :param max_velocity: in radians or metres per second; None where there is none.
    :param prismatic: whether it slides.
    :param mimic: whether it follows another joint, so that it must not be commanded.
    """

    lower: float | None
    upper: float | None
    max_velocity: float | None
    prismatic: bool
    mimic: bool


def joint_limits(text: str) -> dict[str, UrdfJoint]:
    """
    Read the movable joints of a URDF, by name and in its order.

    :raises UrdfError: it is no URDF, is too long, declares entities, names a joint twice,
        or a limit is no number or of no sense.
    """
    if len(text) > MAX_URDF_CHARS:
        raise UrdfError(f'robot_description is longer than {MAX_URDF_CHARS} characters')
    if '<!DOCTYPE' in text or '<!ENTITY' in text:
        # A URDF has no use for entities, and a few of them can fill any memory.
        raise UrdfError('robot_description declares a DOCTYPE or entities')
    reader = _Reader()
    parser = ElementTree.XMLParser(target=reader)
    try:
        parser.feed(text)
        parser.close()
    except (ElementTree.ParseError, ValueError) as exc:
        raise UrdfError(f'robot_description is no XML: {exc}') from exc
    if reader.root != 'robot':
        raise UrdfError(f'robot_description: expected <robot>, got <{reader.root:.40}>')
    joints: dict[str, UrdfJoint] = {}
    for found in reader.joints:
        if found.attributes.get('type') in ('revolute', 'continuous', 'prismatic'):
            name = found.attributes.get('name')
            if not name or name in joints:
                raise UrdfError(f'joint {name!s:.40}: expected a name that no other joint has')
            joints[name] = _joint(name, found)
    return joints


@dataclass
class _Found:
    """One <joint> of a description: what matters of it."""

    attributes: dict[str, str]
    limit: dict[str, str] | None = None
    mimic: bool = False


class _Reader:
    """Keeps the joints only: a tree of all elements would take thirty times the text's memory."""

    def __init__(self) -> None:
        self.root = ''
        self.joints: list[_Found] = []
        self._depth = 0
        self._is_in_joint = False

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        """Enter an element; called by the parser."""
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

    def end(self, _tag: str) -> None:
        """Leave an element; called by the parser."""
        self._depth -= 1


def _joint(name: str, found: _Found) -> UrdfJoint:
    name = f'{name:.40}'
    velocity = _number(name, found.limit, 'velocity')
    lower, upper = _number(name, found.limit, 'lower'), _number(name, found.limit, 'upper')
    if found.attributes.get('type') == 'continuous':
        lower = upper = None
    elif lower is None and upper is None:
        raise UrdfError(f'joint {name}: expected <limit lower upper>')
    else:
        # An absent end means 0 in a URDF.
        lower, upper = lower or 0.0, upper or 0.0
        if lower > upper:
            raise UrdfError(f'joint {name}: lower={lower:g} is above upper={upper:g}')
    if velocity is not None and velocity < 0.0:
        raise UrdfError(f'joint {name}: velocity={velocity:g} is negative')
    return UrdfJoint(
        lower,
        upper,
        # 0 stands for "not filled in" in many published descriptions.
        velocity or None,
        found.attributes.get('type') == 'prismatic',
        found.mimic,
    )


def _number(name: str, limit: dict[str, str] | None, key: str) -> float | None:
    text = None if limit is None else limit.get(key)
    if text is None:
        return None
    try:
        # Python takes 1_000 and the digits of every script, which no other reader of URDF does.
        number = float(text) if text.isascii() and '_' not in text else math.nan
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise UrdfError(f'joint {name}: {key}={text!r:.40} is no finite number')
    return number
