# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""The joints of a robot in LeRobot and in a room: names, units and linear conversions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
import math
from typing import Any

__all__ = ['SO101_JOINTS', 'UNITS', 'JointMap', 'JointSetting']

SUFFIX = '.pos'
"""What LeRobot appends to the name of a joint for its position."""

UNITS = ('degrees', 'radians', 'normalized', 'percent', 'metres')
"""The units of a room."""

JAWS = ('gripper', 'jaw')
"""Joints of a normalized room whose values are percent, as in the public web client."""


@dataclass(frozen=True)
class JointSetting:
    """
    How a joint is converted between the room and LeRobot.

    The two ranges belong together: the conversion is linear, and the first end of one is the
    first end of the other. An inverted joint has a range whose first end is the larger one.

    :param room_name: the name of the joint in the room; empty: the same as in LeRobot.
    :param unit: the unit of the joint in the room; empty: that of the room, but percent for a
        gripper or jaw of a normalized room.
    :param room_range: two different values in the room.
    :param lerobot_range: the values in LeRobot that correspond to them; empty, like
        ``room_range``: values are the same in the room and in LeRobot.
    """

    room_name: str = ''
    unit: str = ''
    room_range: tuple[float, ...] = ()
    lerobot_range: tuple[float, ...] = ()


SO101_JOINTS: dict[str, JointSetting] = {
    'shoulder_pan': JointSetting(),
    'shoulder_lift': JointSetting(),
    'elbow_flex': JointSetting(),
    'wrist_flex': JointSetting(),
    'wrist_roll': JointSetting(),
    'gripper': JointSetting(),
}
"""The joints of LeRobot's SO-100 and SO-101."""


class JointMap:
    """
    The conversion of all joints of a robot.

    :param units: the unit of the room, one of :data:`UNITS`; the same as the parameter ``units``
        of the robot's bridge.
    :param joints: the joints by their names in LeRobot, without ``.pos``.
    :raises ValueError: a setting is invalid; the text names the joint.
    """

    def __init__(self, units: str, joints: Mapping[str, JointSetting]) -> None:
        _check_unit('units', units)
        if not joints:
            raise ValueError('joints: expected at least one joint, got none')
        self._names = {
            f'{joint}{SUFFIX}': set_.room_name or joint for joint, set_ in joints.items()
        }
        if len(set(self._names.values())) != len(self._names):
            raise ValueError(f'joints: two have the same name in the room: {self._names}')
        self._scales = {f'{joint}{SUFFIX}': _scale(joint, set_) for joint, set_ in joints.items()}
        self.units = {
            set_.room_name or joint: _unit(joint, set_, units) for joint, set_ in joints.items()
        }
        """The unit of each joint by its name in the room."""

    @property
    def features(self) -> dict[str, type]:
        """The keys of an action or observation, such as ``shoulder_pan.pos``, with their type."""
        return dict.fromkeys(self._names, float)

    def to_room(self, action: Mapping[str, Any]) -> dict[str, float]:
        """
        Convert an action of LeRobot to values of the room.

        :raises ValueError: a joint is unknown or missing, or a value is not a finite number.
        """
        unknown = [key for key in action if key not in self._names]
        missing = [key for key in self._names if key not in action]
        if unknown or missing:
            what = f'unknown: {unknown}' if unknown else f'missing: {missing}'
            raise ValueError(f'action refused, {what}; expected {list(self._names)}')
        values = {}
        for key, name in self._names.items():
            gain, offset = self._scales[key]
            values[name] = (_finite(key, action[key]) - offset) / gain
        return values

    def from_room(self, values: Mapping[str, float]) -> dict[str, float]:
        """
        Convert values of the room to LeRobot; other joints in the room are left out.

        :raises ValueError: a joint is missing in the room.
        """
        missing = self.missing(values)
        if missing:
            raise ValueError(f'the room has no joint {missing}; it has {sorted(values)}')
        converted = {}
        for key, name in self._names.items():
            gain, offset = self._scales[key]
            converted[key] = gain * values[name] + offset
        return converted

    def missing(self, values: Mapping[str, Any]) -> list[str]:
        """Return the names in the room of the joints that are not in ``values``."""
        return [name for name in self._names.values() if name not in values]


def _unit(joint: str, setting: JointSetting, units: str) -> str:
    if setting.unit:
        _check_unit(f'joint {joint}: unit', setting.unit)
        return setting.unit
    is_jaw = (setting.room_name or joint).lower() in JAWS
    return 'percent' if units == 'normalized' and is_jaw else units


def _check_unit(what: str, unit: str) -> None:
    if unit not in UNITS:
        raise ValueError(f'{what}: expected one of {", ".join(UNITS)}, got {unit!r}')


def _scale(joint: str, setting: JointSetting) -> tuple[float, float]:
    """Return the gain and the offset from the room to LeRobot."""
    ends = (*setting.room_range, *setting.lerobot_range)
    if not ends:
        return 1.0, 0.0
    if len(setting.room_range) != 2 or len(setting.lerobot_range) != 2:
        raise ValueError(
            f'joint {joint}: expected two numbers in room_range and in lerobot_range, got '
            f'{list(setting.room_range)} and {list(setting.lerobot_range)}'
        )
    first, last, to_first, to_last = (_finite(f'joint {joint}: range', end) for end in ends)
    if first == last or to_first == to_last:
        raise ValueError(f'joint {joint}: the two ends of a range are equal: {list(ends)}')
    gain = (to_last - to_first) / (last - first)
    return gain, to_first - gain * first


def _finite(what: str, value: Any) -> float:
    try:
        number = float(value)
    except (TypeError, ValueError):
        number = math.nan
    if not math.isfinite(number):
        raise ValueError(f'{what}: expected a finite number, got {value!r}')
    return number
