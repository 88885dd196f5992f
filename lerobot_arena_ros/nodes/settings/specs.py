# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""The specification of a parameter, and the tables that consist of them; does not import rclpy."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
import math

__all__ = ['ParameterError', 'ParameterTable', 'Spec', 'Value']

Value = bool | float | str | list[str] | None
"""The value of a parameter. None stands for a number that is not set."""

Sample = type[float] | bool | float | str | tuple[()]
"""A default value. Its type is the parameter's type."""


class ParameterError(ValueError):
    """A parameter is invalid, so the node must not run; the text is one line for the user."""


@dataclass(frozen=True)
class Spec:
    """
    The specification of one parameter.

    :param name: name with dots; for a parameter of an item, the part after its prefix.
    :param default: default value; ``float`` (the type): a number that may be left unset; ``()``:
        an empty list.
    :param description: text for the user.
    :param unit: unit of the value; empty: no unit.
    :param lower: smallest accepted number.
    :param upper: largest accepted number.
    :param choices: all accepted strings; empty: any string.
    :param dynamic: whether the value may change while the node runs.
    """

    name: str
    default: Sample
    description: str
    unit: str = ''
    lower: float = -math.inf
    upper: float = math.inf
    choices: tuple[str, ...] = ()
    dynamic: bool = False

    @property
    def is_number(self) -> bool:
        """Whether the value is a number."""
        return self.default is float or isinstance(self.default, float)

    @property
    def initial(self) -> Value:
        """The value of a parameter that is not set; None for a number without a default."""
        if isinstance(self.default, tuple):
            return []
        return None if isinstance(self.default, type) else self.default

    @property
    def type_name(self) -> str:
        """The ROS name of the value's type."""
        if self.default == ():
            return 'string[]'
        return (
            'double' if self.is_number else 'bool' if self.default in (True, False) else 'string'
        )

    def check(self, value: object, *, name: str | None = None) -> Value:
        """
        Check a value and return it with the parameter's own type; a number may be an integer.

        :param name: full name for the error message; None: the name of the specification.
        :raises ParameterError: the value has the wrong type, is out of range, or is not one of
            the choices.
        """
        if value is None and self.default in ((), float):
            return self.initial
        if self.default == ():
            if isinstance(value, list) and all(isinstance(item, str) for item in value):
                return list(value)
        elif self.is_number:
            if isinstance(value, int | float) and not isinstance(value, bool):
                number = float(value)
                if math.isfinite(number) and self.lower <= number <= self.upper:
                    return number
        elif isinstance(self.default, bool):
            if isinstance(value, bool):
                return value
        elif isinstance(value, str) and (
            not self.choices or value in (*self.choices, self.default)
        ):
            return value
        raise ParameterError(
            f'parameter {name or self.name} = {value!r}: expected {self.expected()}'
        )

    def expected(self) -> str:
        """Return a description of the accepted values."""
        if self.choices:
            return f'one of {", ".join(repr(choice) for choice in self.choices)}'
        if not self.is_number:
            return {'string[]': 'a list of strings', 'bool': 'true or false'}.get(
                self.type_name, 'a string, in quotes if it looks like a number'
            )
        if math.isfinite(self.upper):
            return f'a number from {self.lower:g} to {self.upper:g}'
        if math.isfinite(self.lower):
            return f'a number of at least {self.lower:g}'
        return 'a number'


@dataclass(frozen=True)
class ParameterTable:
    """
    The parameters of a kind of node: its own, and those of each item of a list.

    :param nodes: names of the nodes that have these parameters.
    :param specs: the node's own parameters.
    :param items: the parameter that lists the items, such as ``joints``.
    :param item_map: the prefix of the items' parameters: ``joint_map.<joint>.<name>``.
    :param item: what an item is called in messages.
    :param item_specs: the parameters of each item.
    :param groups: prefixes of names that only these nodes have.
    :param removed: what older parameter files may still contain: name, value and what to do
        instead; the value None stands for every value.
    """

    nodes: tuple[str, ...]
    specs: tuple[Spec, ...]
    items: str
    item_map: str
    item: str
    item_specs: tuple[Spec, ...]
    groups: tuple[str, ...] = ()
    removed: tuple[tuple[str, str | None, str], ...] = ()

    @property
    def prefixes(self) -> tuple[str, ...]:
        """The prefixes of names that only these nodes have, including that of the items."""
        return (*self.groups, f'{self.item_map}.')

    def prefix(self, item: str) -> str:
        """Return the prefix of the parameters of an item."""
        return f'{self.item_map}.{item}.'

    def is_ours(self, names: Iterable[str]) -> bool:
        """Return whether one of these names is a parameter of the table, for any item."""
        own = {spec.name for spec in self.specs}
        return any(name in own or name.startswith(self.prefixes) for name in names)
