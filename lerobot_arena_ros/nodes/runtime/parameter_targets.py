# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""Check that parameters on the command line reach their node; does not import rclpy."""

from __future__ import annotations

from collections.abc import Sequence
import itertools
from pathlib import Path
import re

from ..settings.parameter_table import SPECS, ParameterError
from ..settings.yaml_file import Section, UnreadableYaml, flatten, mismatch, sections_of
from .cli_help import split_arguments

__all__ = ['check_arguments']

_BRIDGES = ('arena_bridge', 'arena_producer', 'arena_consumer')
_OF_BRIDGES = ('produce.', 'consume.', 'joint_map.')
"""Prefixes of parameters that only bridges have."""
_NAMES = frozenset(spec.name for spec in SPECS)


def check_arguments(node: str, args: Sequence[str]) -> list[str]:
    """
    Raise an error for parameters that are meant for this node, but do not reach it.

    A node name that does not match would otherwise start the bridge without its limits, for
    example. A file may have parameters of many nodes. If files have parameters of bridges, but
    none for this node, a name is wrong, and the first of these files is rejected. A file without
    parameters of a bridge causes a warning if it has nothing for this node.

    :param node: name of the node with its namespace, after remapping.
    :param args: the command line.
    :returns: warnings, one line each.
    :raises ParameterError: parameters do not reach the node.
    :raises YamlError: a file has a duplicate key.
    """
    warnings = []
    files: dict[Path, list[Section]] = {}
    for option, value in itertools.pairwise(split_arguments(args)[1]):
        if option in ('-p', '--param'):
            _check_rule(node, value)
        elif option == '--params-file':
            try:
                files[Path(value)] = sections_of(Path(value))
            except UnreadableYaml as exc:
                # The parser of ROS has read the file already, and it accepts more.
                warnings.append(f'{exc}; whether it has parameters for {node} was not checked')
    every = [section for sections in files.values() for section in sections]
    is_reached = any(section.is_for(node) and _has_ours(section) for section in every)
    for path, sections in files.items():
        warnings += _check_file(node, path, sections, is_reached=is_reached)
    return warnings


def _check_file(
    node: str, path: Path, sections: Sequence[Section], *, is_reached: bool
) -> list[str]:
    if any(section.is_for(node) and _has_ours(section) for section in sections):
        return []
    of_bridges = [section for section in sections if _is_for_a_bridge(section)]
    if of_bridges and not is_reached:
        raise ParameterError(mismatch(node, path, of_bridges))
    if of_bridges or any(section.is_for(node) for section in sections):
        return []
    return [mismatch(node, path, sections)]


def _has_ours(section: Section) -> bool:
    """Return whether a section has parameters of a bridge, for any name of a node."""
    names = [name for name, _ in flatten(section.parameters)]
    return any(name in _NAMES or name.startswith(_OF_BRIDGES) for name in names)


def _check_rule(node: str, rule: str) -> None:
    """Raise an error for ``-p NODE:NAME:=VALUE`` with the name of another node."""
    named = re.match(r'(\w+):[^:=]+:=', rule)
    if named and f'/{named[1]}' != node:
        raise ParameterError(
            f'-p {rule}: is for /{named[1]}, and this node is {node}: expected -p without '
            f'`{named[1]}:`'
        )


def _is_for_a_bridge(section: Section) -> bool:
    if section.nodes.rpartition('/')[2] in _BRIDGES:
        return True
    return any(name.startswith(_OF_BRIDGES) for name, _ in flatten(section.parameters))
