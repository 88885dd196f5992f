# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""Checks what must be known about the joints before any of them may be commanded."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice

from .causes import NO_JOINTS
from .condition import Condition, Level, Severity, fine
from .joint_map import JointMap

__all__ = ['LOCKED', 'MAPPED_S', 'mapping', 'named', 'reasons', 'unready', 'unsendable']

LOCKED = 'robot_description gives no range (lower = upper)'
"""Why a joint is held although its type in robot_description is a movable one."""

MAPPED_S = 10.0
"""If no joint was received for longer, the names may not match those of robot and room."""

MAX_NAMES = 10
"""The largest number of joints that are named in one text."""


def unready(joint_map: JointMap, *, require_limits: bool) -> str | None:
    """Return what is missing before joints may be commanded, and what to do; None if nothing."""
    if not joint_map.joints:
        return NO_JOINTS
    if joint_map.mimics:
        names = named(joint_map.mimics)
        return f'{names} must not be commanded, because they are mimic joints: list others'
    if joint_map.unknown_range:
        return _without_range(joint_map)
    if require_limits and joint_map.unknown_limits:
        return (
            f'limits of {_faulty(joint_map, joint_map.unknown_limits)} are unknown: publish a '
            'robot_description that has them, set joint_map.<joint>.min and .max, or '
            'joint_map.<joint>.unlimited, or consume.require_limits: never'
        )
    if len(joint_map.locked) == len(joint_map.joints):
        return (
            f'nothing can move, because robot_description gives {named(joint_map.locked)} no '
            'range (lower = upper): correct it, or set joint_map.<joint>.min and .max'
        )
    return None


def unsendable(joint_map: JointMap) -> str | None:
    """Return why no position can be sent, and what to do; None if positions can be sent."""
    if joint_map.needs_description:
        return NO_JOINTS
    return _without_range(joint_map) if joint_map.unknown_range else None


def mapping(
    joint_map: JointMap,
    *,
    in_room: Iterable[str],
    odd_in_room: Mapping[str, str],
    received_at: float | None,
    now: float,
) -> Condition:
    """
    Return whether the joints of the robot and of the room match, and if not, what to do.

    :param in_room: names of the room that belong to no joint.
    :param odd_in_room: joints of the room that were ignored, and why.
    :param received_at: when a joint was last received, from ROS or from the room; None before.
    :param now: in seconds of the same clock.
    """
    troubles = list(_troubles(joint_map, in_room))
    if odd_in_room:
        troubles.append(f'ignored from the room: {reasons(odd_in_room)}')
    if troubles:
        return Condition(Level.WARN, '; '.join(troubles))
    count = len(joint_map.joints)
    text = f'{count} joints' if count else 'every joint passes under its own name'
    if received_at is None:
        return Condition(Level.STALE, f'{text}; none was received yet', Severity.NONE)
    age_s = now - received_at
    if age_s > MAPPED_S:
        return Condition(
            Level.STALE, f'{text}; none was received for {age_s:.1f} s', Severity.NONE
        )
    return fine(text)


def _troubles(joint_map: JointMap, in_room: Iterable[str]) -> Iterator[str]:
    lack = unsendable(joint_map)
    if lack is not None:
        yield lack
    if joint_map.faulty:
        faults = named([f'{name}: {joint_map.odd[name]}' for name in joint_map.faulty])
        yield f'robot_description has joints with a fault: {faults}'
    if joint_map.locked:
        yield f'held where they are: {named(joint_map.locked)}; {LOCKED}'
    unknown = sorted(in_room)
    if unknown:
        yield (
            f'not mapped: {named(unknown)}, which the room has and joints has not: list them, or '
            'rename them with joint_map.<joint>.arena_name'
        )


def _without_range(joint_map: JointMap) -> str:
    return (
        f'range of {_faulty(joint_map, joint_map.unknown_range)} is unknown: set '
        'joint_map.<joint>.min and .max, or publish a robot_description that has it'
    )


def named(names: Sequence[str], *, count: int | None = None) -> str:
    """
    Return a list of joint names as text, limited to :data:`MAX_NAMES`.

    :param count: the number of all joints, if ``names`` has only the first ones.
    """
    more = (len(names) if count is None else count) - MAX_NAMES
    shown = ', '.join(f'{name:.120}' for name in names[:MAX_NAMES])
    return f'{shown} and {more} more' if more > 0 else shown


def reasons(joints: Mapping[str, str]) -> str:
    """Return a list of joints and their faults as text, limited to :data:`MAX_NAMES`."""
    first = [f'{name[:60]!r} ({why})' for name, why in islice(joints.items(), MAX_NAMES)]
    return named(first, count=len(joints))


def _faulty(joint_map: JointMap, names: Sequence[str]) -> str:
    """Return a list of joint names as text, with their faults in robot_description."""
    odd = joint_map.odd
    return named([f'{n} (robot_description: {odd[n]})' if n in odd else n for n in names])
