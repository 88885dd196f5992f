# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""Read YAML files as ROS does, and find a node's parameters in them; does not import rclpy."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
import re
from typing import Any

import yaml

__all__ = [
    'Section',
    'UnreadableYaml',
    'YamlError',
    'flatten',
    'load',
    'mismatch',
    'parameters_for',
    'sections_of',
]

_PARAMETERS = 'ros__parameters'


class YamlError(ValueError):
    """A file is invalid; the text is one line for the user."""


class UnreadableYaml(YamlError):
    """PyYAML cannot read a file; the parser of ROS is a different one and may accept it."""


class _Loader(yaml.SafeLoader):
    """A safe loader that raises an error for a duplicate key, and reads 1e-3 as ROS does."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[str] = set()
        for key, _ in node.value:
            if key.value in seen and key.tag != 'tag:yaml.org,2002:merge':
                line = key.start_mark.line + 1
                raise YamlError(f'line {line}: {key.value!r} is there twice, expected it once')
            seen.add(str(key.value))
        return super().construct_mapping(node, deep)


_Loader.add_implicit_resolver(
    'tag:yaml.org,2002:float', re.compile(r'^[-+]?\d+(\.\d*)?[eE][-+]?\d+$'), list('-+0123456789')
)


def _construct_untagged(loader: _Loader, _: str, node: yaml.Node) -> Any:
    """Ignore a tag as ROS does, because launch_ros writes lists with Python's tag for tuples."""
    if isinstance(node, yaml.MappingNode):
        return loader.construct_mapping(node, deep=True)
    if isinstance(node, yaml.SequenceNode):
        return loader.construct_sequence(node, deep=True)
    assert isinstance(node, yaml.ScalarNode)
    return loader.construct_scalar(node)


_Loader.add_multi_constructor('', _construct_untagged)


def load(path: Path) -> Any:
    """
    Read a YAML file.

    :raises YamlError: the file does not exist or is not YAML.
    """
    try:
        return yaml.load(path.read_text(encoding='utf-8'), _Loader)  # noqa: S506, a SafeLoader
    except OSError as exc:
        raise UnreadableYaml(f'{path}: cannot be read: {exc.strerror}') from exc
    except yaml.MarkedYAMLError as exc:
        mark = exc.problem_mark
        where = f'line {mark.line + 1}, column {mark.column + 1}: ' if mark else ''
        raise UnreadableYaml(f'{path}: {where}{exc.problem}') from exc
    except (yaml.YAMLError, UnicodeDecodeError) as exc:
        raise UnreadableYaml(f'{path}: is no YAML: {str(exc).splitlines()[0]}') from exc
    except YamlError as exc:
        raise YamlError(f'{path}: {exc}') from exc


def flatten(tree: Mapping[Any, Any], prefix: str = '') -> Iterator[tuple[str, Any]]:
    """Yield nested parameters as pairs of a name with dots and a value."""
    for key, value in tree.items():
        if isinstance(value, Mapping):
            yield from flatten(value, f'{prefix}{key}.')
        else:
            yield f'{prefix}{key}', value


@dataclass(frozen=True)
class Section:
    """
    The parameters for some nodes in a file.

    :param nodes: pattern of the node names, such as ``/left/arena_bridge`` or ``/**``.
    """

    nodes: str
    parameters: Mapping[Any, Any]

    def is_for(self, node: str) -> bool:
        """Return whether this section is for a node, given by its name with its namespace."""
        return re.fullmatch(_pattern(self.nodes), node) is not None


def sections_of(path: Path) -> list[Section]:
    """
    Return the sections of a parameter file, in their order.

    :raises YamlError: the file cannot be read.
    """
    document = load(path)
    return list(_sections(document if isinstance(document, Mapping) else {}))


def parameters_for(node: str, path: Path) -> dict[str, Any]:
    """
    Return the parameters for a node in a file; if one is set more than once, the last applies.

    :param node: name of the node with its namespace, such as ``/left/arena_bridge``.
    :raises YamlError: the file cannot be read, or has no parameters for this node.
    """
    sections = sections_of(path)
    own = [section for section in sections if section.is_for(node)]
    if not own:
        raise YamlError(mismatch(node, path, sections))
    found: dict[str, Any] = {}
    for section in own:
        found.update(flatten(section.parameters))
    return found


def mismatch(node: str, path: Path, sections: Iterable[Section]) -> str:
    """Return one line that states that a file has no parameters for a node, and what to write."""
    names = ', '.join(section.nodes for section in sections)
    others = f', only for {names}' if names else ''
    return (
        f'{path}: has no parameters for {node}{others}: expected `/**:` or `{node}:`, and below '
        f'it `{_PARAMETERS}:`'
    )


def _sections(tree: Mapping[Any, Any], name: str = '') -> Iterator[Section]:
    for key, value in tree.items():
        if not isinstance(value, Mapping):
            continue
        if key == _PARAMETERS:
            yield Section(name, value)
        else:
            yield from _sections(value, f'{name}/{str(key).strip("/")}')


def _pattern(name: str) -> str:
    tokens = {'**': r'(/\w+)*', '*': r'/\w+'}
    return ''.join(tokens.get(token, f'/{re.escape(token)}') for token in name.split('/')[1:])
