# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""Maps ROS joints to arena joints: name, unit, range and sign of each, in a fixed order."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
import math

from .causes import nonfinite
from .units import ConversionError, Scale, Unit, fixed
from .urdf import Description, UrdfJoint

__all__ = ['Joint', 'JointMap', 'unit_of']

GRIPPER_NAMES = ('gripper', 'jaw')
"""Arena names of the joints that public clients send as 0..100; they send others as -100..100."""


def unit_of(arena_name: str, units: Unit) -> Unit:
    """Return the unit of a joint of which only the name is known; ``units`` is the default."""
    if units is Unit.NORMALIZED and arena_name.lower() in GRIPPER_NAMES:
        return Unit.PERCENT
    return units


@dataclass(frozen=True)
class Joint:
    """
    One joint, in ROS and on the wire.

    :param name: the ROS name.
    :param arena_name: the name on the wire.
    :param unit: the unit of its value on the wire.
    :param lower: the lower limit in radians or metres; None: unlimited, or not known yet.
    :param upper: the upper limit, likewise.
    :param invert: whether the wire value has the opposite sign.
    :param offset: added to the position, in radians or metres.
    :param max_velocity: its own limit in radians or metres per second; None: only the common one.
    :param max_acceleration: its own limit, in rad/s^2 or m/s^2; None: the common one.
    :param max_lead: its own limit, in radians or metres; None: the common one.
    :param stall_s: its own limit; None: the common one.
    :param unlimited: whether the user allows to command it without limits.
    :param continuous: whether positions that differ by a whole turn are equivalent.
    :param prismatic: whether it slides.
    :param mimic: whether it follows another joint by itself, so that it must not be commanded.
    """

    name: str
    arena_name: str
    unit: Unit
    lower: float | None = None
    upper: float | None = None
    invert: bool = False
    offset: float = 0.0
    max_velocity: float | None = None
    max_acceleration: float | None = None
    max_lead: float | None = None
    stall_s: float | None = None
    unlimited: bool = False
    continuous: bool = False
    prismatic: bool = False
    mimic: bool = False

    @property
    def is_locked(self) -> bool:
        """Whether it is held, because its range in robot_description is empty (lower = upper)."""
        return self.lower is not None and self.lower == self.upper

    @property
    def needs_limits(self) -> bool:
        """Whether its limits are required and not known."""
        has_ends = self.lower is not None and self.upper is not None
        return not (has_ends or self.continuous or self.unlimited)

    @cached_property
    def scale(self) -> Scale | None:
        """The conversion between value and position; None while it needs an unknown range."""
        try:
            return Scale.of(
                self.unit,
                lower=self.lower,
                upper=self.upper,
                invert=self.invert,
                offset=self.offset,
            )
        except ConversionError:
            return None

    def to_position(self, value: float) -> float:
        """
        Convert a wire value to a position, without clamping.

        :raises ConversionError: the range is not known, or the value is not finite, or the
            position is further outside the limits than the width of the range. Then the unit is
            probably wrong.
        """
        position = self._scale().to_position(value)
        if not math.isfinite(position):
            raise ConversionError(
                f'joint {self.arena_name}: {value} is not finite', reason='nonfinite'
            )
        if self.lower is not None and self.upper is not None:
            width = self.upper - self.lower
            if not self.lower - width <= position <= self.upper + width:
                raise ConversionError(
                    f'joint {self.arena_name}: {value:g} {self.unit.value} is far outside '
                    f'[{self.lower:g}, {self.upper:g}]: is the unit right?',
                    reason='gross',
                )
        return position

    def to_value(self, position: float) -> float:
        """
        Convert a position to a wire value.

        :raises ConversionError: the range is not known, or the position or value is not finite.
        """
        value = self._scale().to_value(position)
        if not math.isfinite(value):
            raise ConversionError(nonfinite(self.name, position), reason='nonfinite')
        return value

    def described_by(self, urdf: UrdfJoint) -> Joint:
        """
        Return this joint with the properties of a URDF that the user did not configure.

        The lower one of two velocity limits applies. The unit of a sliding joint is metres where
        that of other joints is degrees or radians.
        """
        velocities = [v for v in (self.max_velocity, urdf.max_velocity) if v is not None]
        absolute = not self.unit.needs_range
        lower, upper = urdf.lower, urdf.upper
        if self.unlimited and lower == upper:
            lower = upper = None  # The user declares that it moves, against the description.
        if self.lower is not None:
            lower, upper = self.lower, self.upper
        return replace(
            self,
            unit=Unit.METRES if urdf.prismatic and absolute else self.unit,
            lower=lower,
            upper=upper,
            max_velocity=min(velocities, default=None),
            continuous=urdf.continuous and lower is None,
            prismatic=self.prismatic or urdf.prismatic,
            mimic=urdf.mimic,
        )

    def _scale(self) -> Scale:
        if self.scale is None:
            raise ConversionError(
                f'joint {self.name}: {self.unit.value} needs its range: set '
                f'joint_map.{self.name}.min and .max, or publish robot_description',
                reason='range',
            )
        return self.scale


class JointMap:
    """
    The joints of the bridge, in their configured order.

    :param joints: with unique ROS names and unique arena names.
    :param others: the unit of joints that are not listed, which keep their names; None: unlisted
        joints are ignored.
    :param odd: the faults of joints in robot_description, by ROS name.
    :raises ValueError: two joints have the same ROS name or the same arena name.
    """

    def __init__(
        self,
        joints: Iterable[Joint],
        *,
        others: Unit | None = None,
        odd: Mapping[str, str] | None = None,
    ) -> None:
        self.joints: tuple[Joint, ...] = tuple(joints)
        self.odd: Mapping[str, str] = odd or {}
        self._others = others
        self._by_name = {joint.name: joint for joint in self.joints}
        self._by_arena_name = {joint.arena_name: joint for joint in self.joints}
        for kind, names in (('ROS', self._by_name), ('arena', self._by_arena_name)):
            if len(names) != len(self.joints):
                raise ValueError(f'two joints have the same {kind} name: {_names(self.joints)}')

    @cached_property
    def _taken(self) -> dict[str, Joint]:
        """The joints by arena name, without locked joints."""
        return {joint.arena_name: joint for joint in self.joints if not joint.is_locked}

    @cached_property
    def _sent(self) -> tuple[Joint, ...]:
        """The joints that have a value: not a locked joint whose unit needs a range."""
        return tuple(j for j in self.joints if not j.is_locked or j.scale is not None)

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The ROS names of the joints, in order."""
        return tuple(joint.name for joint in self.joints)

    @cached_property
    def unknown_range(self) -> tuple[str, ...]:
        """ROS names of the joints whose range is required and not known yet."""
        return tuple(j.name for j in self.joints if j.scale is None and not j.is_locked)

    @cached_property
    def unknown_limits(self) -> tuple[str, ...]:
        """ROS names of the joints whose limits are required and not known."""
        return tuple(joint.name for joint in self.joints if joint.needs_limits)

    @cached_property
    def faulty(self) -> tuple[str, ...]:
        """ROS names of the joints whose limits a fault in robot_description makes unknown."""
        return tuple(name for name in self.unknown_limits if name in self.odd)

    @cached_property
    def locked(self) -> tuple[str, ...]:
        """ROS names of the joints that are held, because robot_description gives them no range."""
        return tuple(joint.name for joint in self.joints if joint.is_locked)

    @property
    def needs_description(self) -> bool:
        """Whether no joint is listed, and unlisted joints cannot be converted."""
        others = self._others
        return not self.joints and others is not None and not others.fits_every_kind

    @cached_property
    def mimics(self) -> tuple[str, ...]:
        """ROS names of the joints that follow another joint by themselves."""
        return tuple(joint.name for joint in self.joints if joint.mimic)

    def from_arena(self, values: Mapping[str, float]) -> dict[str, float]:
        """
        Convert wire values by arena name to positions by ROS name.

        Unlisted joints are ignored. Locked joints are ignored, because they do not move.

        :raises ConversionError: a value cannot be converted; then none is.
        """
        taken = self._taken
        return {
            taken[name].name: taken[name].to_position(value)
            for name, value in values.items()
            if name in taken
        }

    def to_arena(self, positions: Mapping[str, float]) -> dict[str, float]:
        """
        Convert positions by ROS name to wire values by arena name, listed joints first.

        A locked joint whose unit needs a range is left out, because it has no value.

        :raises ConversionError: a position cannot be converted; then none is.
        """
        values = {
            joint.arena_name: joint.to_value(positions[joint.name])
            for joint in self._sent
            if joint.name in positions
        }
        if self._others is not None:
            for name, position in positions.items():
                if name not in self._by_name:
                    values[name] = self._unlisted(name, self._others).to_value(position)
        return values

    def _unlisted(self, name: str, unit: Unit) -> Joint:
        if not unit.fits_every_kind and not unit.needs_range:
            raise ConversionError(
                f'joint {name}: {unit.value} are not sent before it is known whether it turns or '
                'slides: list it in joints, or publish robot_description',
                reason='kind',
            )
        return Joint(name, name, unit_of(name, unit))

    def unknown(self, arena_names: Iterable[str]) -> tuple[str, ...]:
        """Return the arena names that belong to no joint."""
        return tuple(name for name in arena_names if name not in self._by_arena_name)

    def described_by(self, description: Description) -> JointMap:
        """
        Return this map with the properties of a URDF.

        If no joints are listed, take those of the URDF in its order, without mimic joints, which
        follow another joint by themselves, and without joints with a fault. Unlisted joints are
        then still converted only if the unit is the same for every kind of joint.
        """
        urdf, odd = description.joints, description.odd
        joints, others = self.joints, self._others
        if not joints and others is not None:
            joints = tuple(
                Joint(name, name, unit_of(name, others))
                for name, joint in urdf.items()
                if not joint.mimic and name not in odd
            )
            others = None if joints and not others.fits_every_kind else others
        return JointMap(
            (j.described_by(urdf[j.name]) if j.name in urdf else j for j in joints),
            others=others,
            odd=odd,
        )

    def table(self) -> str:
        """Return the mapping as text: one line per joint, with the ends of its range."""
        lines = ['ROS joint -> arena joint, unit: the values on the wire at the ends of the range']
        lines += [_line(joint) for joint in self.joints]
        if self.needs_description:
            lines.append('  (none yet: they are listed in joints, or come from robot_description)')
        elif not self.joints:
            lines.append('  (every joint passes under its own name)')
        return '\n'.join(lines)


def _line(joint: Joint) -> str:
    head = f'  {joint.name} -> {joint.arena_name}, {joint.unit.value}'
    si = 'm' if joint.prismatic else 'rad'
    if joint.continuous:
        return f'{head}: continuous'
    if joint.lower is None or joint.upper is None:
        return f'{head}: no limits known'
    if joint.is_locked:
        return f'{head}: held, because robot_description gives it no range'
    if joint.scale is None:
        return f'{head}: no range between {joint.lower:g} and {joint.upper:g} {si}'
    try:
        low, high = joint.to_value(joint.lower), joint.to_value(joint.upper)
    except ConversionError:  # Some tools write the largest double instead of no limit.
        return f'{head}: no limits that can be converted to {joint.unit.value}'
    ends = ((joint.lower, low), (joint.upper, high))
    shown = ', '.join(f'{fixed(end, 3)} {si} = {fixed(value, 1)}' for end, value in ends)
    return f'{head}: {shown}'


def _names(joints: Sequence[Joint]) -> str:
    return ', '.join(f'{joint.name} -> {joint.arena_name}' for joint in joints)
