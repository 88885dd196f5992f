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

from .specs import ParameterError, ParameterTable, Spec

__all__ = ['check_parameters']

_FOREIGN = (
    'use_sim_time',
    'qos_overrides.',
    'start_type_description_service',
    'diagnostic_updater.',
)
"""Parameters that rclpy declares itself, or that other tools write into shared files."""


def check_parameters(
    given: Mapping[str, object], table: ParameterTable
) -> tuple[dict[str, Any], dict[str, dict[str, Any]]]:
    """
    Check the values that the user sets, and add the defaults.

    :param given: values by full name.
    :returns: values by name, and for each item of the table, such as a joint, its values by the
        name after its prefix.
    :raises ParameterError: a value is invalid, or a name is unknown.
    """
    _refuse_removed(given, table)
    values = _check(table.specs, given)
    twice = [name for name, count in Counter(values[table.items]).items() if count > 1]
    if twice:
        raise ParameterError(
            f'parameter {table.items}: {twice[0]!r} is listed twice, expected it once'
        )
    items = {
        item: _check(table.item_specs, given, table.prefix(item)) for item in values[table.items]
    }
    _refuse_unknown(given, items, table)
    return values, items


def _check(specs: Iterable[Spec], given: Mapping[str, object], prefix: str = '') -> dict[str, Any]:
    values: dict[str, Any] = {}
    for spec in specs:
        name = prefix + spec.name
        values[spec.name] = spec.check(given[name], name=name) if name in given else spec.initial
    return values


def _refuse_removed(given: Mapping[str, object], table: ParameterTable) -> None:
    for name, value, advice in table.removed:
        if name in given and value in (None, given[name]):
            raise ParameterError(f'parameter {name} = {given[name]!r} was removed: {advice}')


def _refuse_unknown(
    given: Mapping[str, object], items: Iterable[str], table: ParameterTable
) -> None:
    """Raise an error for an unknown name, because a typo must not be ignored."""
    known = {spec.name for spec in table.specs}
    known |= {table.prefix(item) + spec.name for item in items for spec in table.item_specs}
    start = f'{table.item_map}.'
    for name in given:
        if name in known or name.startswith(_FOREIGN):
            continue
        item = name.removeprefix(start).rpartition('.')[0]
        if name.startswith(start) and item not in items:
            raise ParameterError(
                f'parameter {name}: {item!r} is not among the {table.items}; expected one of '
                f'{", ".join(items) or "none, the list is empty"}'
            )
        is_of_item = name.startswith(start)
        key = name.rpartition('.')[2] if is_of_item else name
        keys = [spec.name for spec in (table.item_specs if is_of_item else table.specs)]
        near = difflib.get_close_matches(key, keys, n=1)
        hint = f'did you mean {near[0]}?' if near else f'expected one of {", ".join(keys)}'
        raise ParameterError(f'parameter {name}: no such parameter; {hint}')
