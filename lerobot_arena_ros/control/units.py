"""
The scales in which an arena says where a joint is, and the way to and from SI.

Everything inside ROS is in radians or metres (REP-103). On the wire there are several customs and
no mark of which one is meant, so each joint's unit is always named by the user.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
import math

__all__ = ['ConversionError', 'Scale', 'Unit', 'fixed']


class ConversionError(ValueError):
    """
    A value cannot be converted.

    :param message: the joint, the value, what was expected.
    :param reason: the same as one word, for counting: ``nonfinite``, ``gross``, ``range``,
        ``kind``.
    """

    def __init__(self, message: str, *, reason: str) -> None:
        super().__init__(message)
        self.reason = reason


class Unit(str, Enum):
    """
    The unit of a joint's value on the wire.

    ``normalized`` is -100..100 over the joint's range, as the public web client and AI policies
    send; ``percent`` is 0..100 over it, as they send for grippers.
    """

    DEGREES = 'degrees'
    RADIANS = 'radians'
    NORMALIZED = 'normalized'
    PERCENT = 'percent'
    METRES = 'metres'

    @property
    def needs_range(self) -> bool:
        """Whether values mean nothing without the joint's range."""
        return self in (Unit.NORMALIZED, Unit.PERCENT)

    @property
    def fits_every_kind(self) -> bool:
        """Whether values mean the same for a joint that turns and for one that slides."""
        return self in (Unit.RADIANS, Unit.METRES)


@dataclass(frozen=True)
class Scale:
    """
    The straight line between a wire value and a position.

    :param gain: radians or metres per unit on the wire; never zero.
    :param zero: the position in radians or metres at wire value 0.
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
        Make the line of one joint.

        :param lower: lower end of the range in radians or metres; with ``upper`` needed by
            ``normalized`` and ``percent``, of no effect on the others.
        :param invert: the wire counts the other way.
        :param offset: added to the position, in radians or metres.
        :raises ConversionError: the unit needs a range and has none.
        """
        if not unit.needs_range:
            gain = math.radians(1.0) if unit is Unit.DEGREES else 1.0
            return cls(-gain if invert else gain, offset)
        # A width of next to nothing would leave no gain, an endless one no finite one.
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
        """Give the position in radians or metres of a wire value."""
        return self.zero + self.gain * value

    def to_value(self, position: float) -> float:
        """Give the wire value of a position in radians or metres."""
        return (position - self.zero) / self.gain


def fixed(value: float, decimals: int) -> str:
    """Write a number with so many decimals; one that rounds to zero has no sign."""
    return f'{round(value, decimals) + 0.0:.{decimals}f}'
