# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""
The robots of a fleet, read from one YAML file; does not import rclpy.

::

    defaults:                              # settings of each robot; the robot may replace them
      params: {server_url: http://localhost:8000, units: degrees}
    robots:
      - namespace: left
        params_file: so101.yaml            # parameters of a node; relative to this folder
        params: {consume: {room_id: left}}
        remappings: {joint_commands: /left_arm/commands}

If a parameter is set more than once, the last one applies. The order is: the params_file of the
defaults, the params of the defaults, the params_file of the robot, the params of the robot.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
import re
from typing import Any

from .bridge_settings import BridgeSettings
from .parameter_table import ParameterError
from .parameter_validation import check_parameters
from .yaml_file import YamlError, flatten, load, parameters_for

__all__ = ['NODE_NAME', 'FleetError', 'Robot', 'read_fleet']

NODE_NAME = 'arena_bridge'
"""The node name of each robot's bridge; the namespaces differ."""

_DEFAULTS = ('params_file', 'params', 'remappings')
_ROBOT = ('namespace', *_DEFAULTS)
_NAMESPACE = re.compile(r'/?[A-Za-z_]\w*(/[A-Za-z_]\w*)*')
_TOPIC = re.compile(r'(~/|/)?[A-Za-z_]\w*(/[A-Za-z_]\w*)*')


class FleetError(ValueError):
    """A fleet file is invalid, so no bridge may start; the text is one line for the user."""


@dataclass(frozen=True)
class Robot:
    """
    One robot of a fleet, with checked parameters.

    :param namespace: absolute namespace, such as ``/left``.
    :param parameters: parameters of its bridge that are set, by full name.
    :param remappings: remappings of topics and services: new name by old name.
    """

    namespace: str
    parameters: Mapping[str, Any]
    remappings: Mapping[str, str] = field(default_factory=dict)

    def settings(self) -> BridgeSettings:
        """
        Return the settings that its bridge builds from the parameters.

        :raises ParameterError: the bridge must not run with these parameters.
        """
        return BridgeSettings.of(*check_parameters(self.parameters))

    def topic(self, name: str) -> str:
        """Return the full name of one of its relative topics, after remapping."""
        given = self.remappings.get(name) or self.remappings.get(f'{self.namespace}/{name}', name)
        node = f'{self.namespace}/{NODE_NAME}'
        return re.sub('^~', node, given) if given[0] in '/~' else f'{self.namespace}/{given}'


def read_fleet(path: Path, overrides: Mapping[str, object] | None = None) -> tuple[Robot, ...]:
    """
    Read a fleet file and check all of it.

    :param overrides: parameters that replace those of each robot in the file.
    :raises FleetError: the file is invalid; the text names the robot and the value.
    """
    try:
        document = load(path)
    except YamlError as exc:
        raise FleetError(str(exc)) from exc
    try:
        robots = tuple(_robots(document, path.parent, overrides or {}))
        _check_together(robots)
    except FleetError as exc:
        raise FleetError(f'{path}: {exc}') from exc
    return robots


def _robots(document: Any, folder: Path, overrides: Mapping[str, object]) -> Iterator[Robot]:
    fleet = _keys(document, ('defaults', 'robots'), 'the fleet')
    common = _keys(fleet.get('defaults') or {}, _DEFAULTS, 'defaults')
    entries = fleet.get('robots')
    if not isinstance(entries, list) or not entries:
        raise FleetError(f'robots = {entries!r}: expected a list, each with its namespace')
    taken: set[str] = set()
    for number, entry in enumerate(entries, 1):
        own = _keys(entry, _ROBOT, f'robot {number}')
        namespace = _namespace(own.get('namespace'), number)
        if namespace in taken:
            raise FleetError(f'robot {number}: namespace {namespace} is taken: expected another')
        taken.add(namespace)
        try:
            yield _robot(namespace, (common, own), folder, overrides)
        except (ParameterError, YamlError) as exc:
            raise FleetError(f'robot {namespace}: {exc}') from exc


def _robot(
    namespace: str,
    sources: Iterable[Mapping[str, Any]],
    folder: Path,
    overrides: Mapping[str, object],
) -> Robot:
    parameters: dict[str, Any] = {}
    remappings: dict[str, str] = {}
    for source in sources:
        if (file := source.get('params_file')) is not None:
            if not isinstance(file, str):
                raise YamlError(f'params_file = {file!r}: expected the name of a YAML file')
            parameters |= parameters_for(f'{namespace}/{NODE_NAME}', folder / file)
        parameters |= flatten(_mapping(source.get('params'), 'params'))
        remappings |= _mapping(source.get('remappings'), 'remappings')
    for pair in remappings.items():
        if not all(isinstance(name, str) and _TOPIC.fullmatch(name) for name in pair):
            raise YamlError(f'remappings: {pair[0]!r} to {pair[1]!r}: expected names of topics')
    robot = Robot(namespace, {**parameters, **overrides}, remappings)
    robot.settings()
    return robot


def _keys(value: Any, known: tuple[str, ...], what: str) -> Mapping[str, Any]:
    """Return a mapping; raise an error for unknown keys, because a typo must not be ignored."""
    if not isinstance(value, Mapping):
        raise FleetError(f'{what} is {value!r}: expected keys such as {known[0]}')
    for key in value:
        if key not in known:
            raise FleetError(f'{what} has {key!r}: expected one of {", ".join(known)}')
    return value


def _mapping(value: Any, what: str) -> Mapping[str, Any]:
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise YamlError(f'{what} = {value!r}: expected names and values')
    return value


def _namespace(value: Any, number: int) -> str:
    if not isinstance(value, str) or not _NAMESPACE.fullmatch(value):
        raise FleetError(
            f'robot {number}: namespace = {value!r}: expected a name such as left or '
            'cell_1/left, of letters, digits and _'
        )
    return f'/{value.removeprefix("/")}'


def _check_together(robots: Iterable[Robot]) -> None:
    """Raise an error for robots that are valid alone, but contradict each other."""
    owners: dict[tuple[object, ...], str] = {}
    for robot in robots:
        for claim, expected in _claims(robot):
            if (owner := owners.setdefault(claim, robot.namespace)) != robot.namespace:
                raise FleetError(
                    f'robots {owner} and {robot.namespace}: {claim[0]} of both is {claim[-1]!r}: '
                    f'expected {expected}'
                )


def _claims(robot: Robot) -> Iterator[tuple[tuple[object, ...], str]]:
    """Yield each thing that only one robot may use, with the expected value and its reason."""
    settings = robot.settings()
    if settings.produce is not None:
        place = (settings.address.base_url, settings.workspace_id, settings.produce.room_id)
        yield ('produce.room_id', *place), 'two rooms, because a room has one producer'
    if settings.consume is not None:
        topic = robot.topic('joint_commands')
        yield ('joint_commands', topic), 'two topics, because two rooms would command one robot'
