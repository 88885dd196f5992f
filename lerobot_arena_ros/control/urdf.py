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
    try:
        robot = ElementTree.fromstring(text)
    except (ElementTree.ParseError, ValueError, RecursionError) as exc:
        raise UrdfError(f'robot_description is no XML: {exc}') from exc
    if robot.tag != 'robot':
        raise UrdfError(f'robot_description: expected <robot>, got <{robot.tag:.40}>')
    joints: dict[str, UrdfJoint] = {}
    for element in robot.findall('joint'):
        if element.get('type') in ('revolute', 'continuous', 'prismatic'):
            name = element.get('name')
            if not name or name in joints:
                raise UrdfError(f'joint {name}: expected a name that no other joint has')
            joints[name] = _joint(name, element)
    return joints


def _joint(name: str, element: ElementTree.Element) -> UrdfJoint:
    limit = element.find('limit')
    velocity = _number(name, limit, 'velocity')
    lower, upper = _number(name, limit, 'lower'), _number(name, limit, 'upper')
    if element.get('type') == 'continuous':
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
        element.get('type') == 'prismatic',
        element.find('mimic') is not None,
    )


def _number(name: str, limit: ElementTree.Element | None, key: str) -> float | None:
    text = None if limit is None else limit.get(key)
    if text is None:
        return None
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise UrdfError(f'joint {name}: {key}={text!r:.40} is no finite number')
    return number
