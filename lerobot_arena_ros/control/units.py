# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""
The units of joint values on the wire, and their conversion to and from SI units.

Everything inside ROS is in radians or metres (REP-103). On the wire, several units are in use, and
messages do not state which one. So the user configures the unit of each joint.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
import math

__all__ = ['ConversionError', 'Scale', 'Unit', 'fixed']


class ConversionError(ValueError):
    """
    A value cannot be converted.

    :param message: the joint, the value, and what was expected.
    :param reason: one word for the counters: ``nonfinite``, ``gross``, ``range`` or ``kind``.
    """

    def __init__(self, message: str, *, reason: str) -> None:
        super().__init__(message)
        self.reason = reason


class Unit(str, Enum):
    """
    The unit of a joint's value on the wire.

    ``normalized`` is -100..100 over the joint's range, as the public web client and AI policies
    send it. ``percent`` is 0..100 over the range, as they send it for grippers.
    """

    DEGREES = 'degrees'
    RADIANS = 'radians'
    NORMALIZED = 'normalized'
    PERCENT = 'percent'
    METRES = 'metres'

    @property
    def needs_range(self) -> bool:
        """Whether values can only be converted with the joint's range."""
        return self in (Unit.NORMALIZED, Unit.PERCENT)

    @property
    def fits_every_kind(self) -> bool:
        """Whether the conversion is the same for rotating and for sliding joints."""
        return self in (Unit.RADIANS, Unit.METRES)


@dataclass(frozen=True)
class Scale:
    """
    The linear conversion between a wire value and a position.

    :param gain: radians or metres per wire unit; never zero.
    :param zero: the position in radians or metres at the wire value 0.
    """

    gain: float
    zero: float

    @classmethod
    def of(
        cls,
        unit: Unit,
        *,
        lower: float | None = None,
        upper: float | None = None,
        invert: bool = False,
        offset: float = 0.0,
    ) -> Scale:
        """
        Return the conversion of one joint.

        :param lower: the lower end of the range in radians or metres. Only ``normalized`` and
            ``percent`` use the range.
        :param upper: the upper end.
        :param invert: whether the wire value has the opposite sign.
        :param offset: added to the position, in radians or metres.
        :raises ConversionError: the unit needs a range, and there is none.
        """
        if not unit.needs_range:
            gain = math.radians(1.0) if unit is Unit.DEGREES else 1.0
            return cls(-gain if invert else gain, offset)
        # The gain would be zero with a tiny width, and infinite with an infinite one.
        if lower is None or upper is None or not 0.0 < (upper - lower) / 200.0 < math.inf:
            raise ConversionError(f'{unit.value} needs a range (min < max)', reason='range')
        width = upper - lower
        if unit is Unit.PERCENT:
            gain, zero = width / 100.0, lower
            mirrored = upper
        else:
            gain, zero = width / 200.0, lower + width / 2.0
            mirrored = zero
        return cls(-gain, mirrored + offset) if invert else cls(gain, zero + offset)

    def to_position(self, value: float) -> float:
        """Convert a wire value to a position in radians or metres."""
        return self.zero + self.gain * value

    def to_value(self, position: float) -> float:
        """Convert a position in radians or metres to a wire value."""
        return (position - self.zero) / self.gain


def fixed(value: float, decimals: int) -> str:
    """Format a number with this many decimals, without a sign if it rounds to zero."""
    return f'{round(value, decimals) + 0.0:.{decimals}f}'
