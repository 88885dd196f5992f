# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""Check the parameters that the user sets; does not import rclpy."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
import difflib
from typing import Any

from .parameter_table import JOINT_SPECS, REMOVED, SPECS, ParameterError, Spec

__all__ = ['check_parameters']

_FOREIGN = (
    'use_sim_time',
    'qos_overrides.',
    'start_type_description_service',
    'diagnostic_updater.',
)
"""Parameters that rclpy declares itself, or that other tools write into shared files."""


def check_parameters(
    given: Mapping[str, object],
) -> tuple[dict[str, Any], dict[str, dict[str, Any]]]:
    """
    Check the values that the user sets, and add the defaults.

    :param given: values by full name.
    :returns: values by name, and for each of the ``joints``, its values by the name after
        ``joint_map.<joint>.``.
    :raises ParameterError: a value is invalid, or a name is unknown.
    """
    _refuse_removed(given)
    values = _check(SPECS, given)
    twice = [name for name, count in Counter(values['joints']).items() if count > 1]
    if twice:
        raise ParameterError(f'parameter joints: {twice[0]!r} is listed twice, expected it once')
    joints = {joint: _check(JOINT_SPECS, given, _prefix(joint)) for joint in values['joints']}
    _refuse_unknown(given, joints)
    return values, joints


def _check(specs: Iterable[Spec], given: Mapping[str, object], prefix: str = '') -> dict[str, Any]:
    values: dict[str, Any] = {}
    for spec in specs:
        name = prefix + spec.name
        values[spec.name] = spec.check(given[name], name=name) if name in given else spec.initial
    return values


def _refuse_removed(given: Mapping[str, object]) -> None:
    for name, value, advice in REMOVED:
        if name in given and value in (None, given[name]):
            raise ParameterError(f'parameter {name} = {given[name]!r} was removed: {advice}')


def _prefix(joint: str) -> str:
    return f'joint_map.{joint}.'


def _refuse_unknown(given: Mapping[str, object], joints: Iterable[str]) -> None:
    """Raise an error for an unknown name, because a typo must not be ignored."""
    known = {spec.name for spec in SPECS}
    known |= {_prefix(joint) + spec.name for joint in joints for spec in JOINT_SPECS}
    for name in given:
        if name in known or name.startswith(_FOREIGN):
            continue
        joint = name.removeprefix('joint_map.').rpartition('.')[0]
        if name.startswith('joint_map.') and joint not in joints:
            raise ParameterError(
                f'parameter {name}: {joint!r} is not among the joints; expected one of '
                f'{", ".join(joints) or "none, the list is empty"}'
            )
        key = name.rpartition('.')[2] if name.startswith('joint_map.') else name
        keys = [spec.name for spec in (JOINT_SPECS if name.startswith('joint_map.') else SPECS)]
        near = difflib.get_close_matches(key, keys, n=1)
        hint = f'did you mean {near[0]}?' if near else f'expected one of {", ".join(keys)}'
        raise ParameterError(f'parameter {name}: no such parameter; {hint}')
