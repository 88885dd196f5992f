# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""Check remapped topics and QoS overrides; does not import rclpy."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
import re

from .specs import ParameterError

__all__ = [
    'Overridable',
    'check_camera_names',
    'check_distinct',
    'check_overrides',
    'delivery_topic',
]

_PREFIX = 'qos_overrides.'
_CHOICES = {
    'history': ('keep_last', 'keep_all', 'system_default'),
    'reliability': ('reliable', 'best_effort', 'best_available', 'system_default'),
}
_LARGEST_DEPTH = 2**31 - 1
_CAMERA = re.compile(r'[A-Za-z_][A-Za-z0-9_]*')


@dataclass(frozen=True)
class Overridable:
    """
    A publisher or subscription whose QoS the user may override.

    :param topic: full name of its topic after remapping.
    :param kind: ``publisher`` or ``subscription``.
    """

    topic: str
    kind: str

    @property
    def prefix(self) -> str:
        """The common prefix of its parameter names."""
        return f'{_PREFIX}{self.topic}.{self.kind}.'


def delivery_topic(camera: str) -> str:
    """Return the topic on which arena_camera reports what the viewers of a camera got."""
    return f'{camera}/delivered_pictures'


def check_camera_names(parameter: str, names: Iterable[str]) -> None:
    """
    Check names of cameras, because topics contain them.

    :param parameter: the name of the parameter that lists them.
    :raises ParameterError: a name cannot be part of a topic.
    """
    for name in names:
        if not _CAMERA.fullmatch(name):
            raise ParameterError(
                f'parameter {parameter}: {name!r}: expected letters, digits and underscores, and '
                'no digit at the beginning'
            )


def check_distinct(topics: Mapping[str, str]) -> None:
    """
    Raise an error if two topics of the node have the same name after remapping.

    DDS raises an error only if their types differ, and with a traceback.

    :param topics: full names after remapping, by the node's own names.
    :raises ParameterError: two topics are the same.
    """
    taken: dict[str, str] = {}
    for name, topic in topics.items():
        other = taken.setdefault(topic, name)
        if other != name:
            raise ParameterError(
                f'{other} and {name} are both {topic}: expected two topics (remapping: -r '
                f'{name}:=/another)'
            )


def check_overrides(given: Mapping[str, object], entities: Iterable[Overridable]) -> str | None:
    """
    Check the QoS overrides, because rclpy raises an error with a traceback, or ignores them.

    :param given: values of all parameters by full name.
    :returns: one line that lists the overrides without effect; None if there are none.
    :raises ParameterError: a value is invalid.
    """
    prefixes = [entity.prefix for entity in entities]
    known = {prefix + policy: policy for prefix in prefixes for policy in ('depth', *_CHOICES)}
    ignored = []
    for name, value in given.items():
        if name in known:
            _check(name, known[name], value)
        elif name.startswith(_PREFIX):
            ignored.append(name)
    if not ignored:
        return None
    return (
        f'without effect: {", ".join(sorted(ignored))}; expected {" or ".join(prefixes)} (names '
        f'of topics after remapping), then {", ".join((*_CHOICES, "depth"))}'
    )


def _check(name: str, policy: str, value: object) -> None:
    if policy == 'depth':
        # bool is a subclass of int, but true is not a depth.
        if type(value) is int and 1 <= value <= _LARGEST_DEPTH:
            return
        expected = f'a whole number from 1 to {_LARGEST_DEPTH}'
    else:
        choices = _CHOICES[policy]
        if isinstance(value, str) and value in choices:
            return
        expected = f'one of {", ".join(map(repr, choices))}'
    raise ParameterError(f'parameter {name} = {value!r}: expected {expected}')
