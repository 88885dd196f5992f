# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""A YAML loader that accepts only strings, lists and mappings, for the tokens file."""

from __future__ import annotations

from typing import Any

import yaml

__all__ = ['load_plain']

_TAG = 'tag:yaml.org,2002:'


def load_plain(text: str) -> Any:
    """
    Load a YAML text.

    Scalars other than strings and tags are refused. Aliases are refused because a few lines can
    expand to a huge document. Duplicate keys are refused because parsers differ in which one they
    use.

    :raises ValueError: the text is refused; the message names the line and contains no value.
    """
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
        return None if root is None else _plain(root, set())
    except RecursionError:
        raise ValueError('not YAML that can be used: it is nested too deeply') from None
    except yaml.YAMLError as exc:
        mark = getattr(exc, 'problem_mark', None)
        where = f' in line {mark.line + 1}' if mark is not None else ''
        raise ValueError(f'not YAML{where}') from None


def _plain(node: yaml.Node, seen: set[int]) -> Any:
    where = f'line {node.start_mark.line + 1}'
    if id(node) in seen:  # An alias is the same node object as its anchor.
        raise ValueError(f'{where}: aliases are not allowed; repeat the value instead')
    seen.add(id(node))
    match node:
        case yaml.ScalarNode(tag=tag) if tag == f'{_TAG}str':
            return node.value
        case yaml.SequenceNode(tag=tag) if tag == f'{_TAG}seq':
            return [_plain(item, seen) for item in node.value]
        case yaml.MappingNode(tag=tag) if tag == f'{_TAG}map':
            return _mapping(node, seen)
        case yaml.ScalarNode():
            raise ValueError(f'{where}: expected a text; put it in quotes, without a tag')
        case _:
            raise ValueError(f'{where}: expected a list or keys without a tag')


def _mapping(node: yaml.MappingNode, seen: set[int]) -> dict[str, Any]:
    plain: dict[str, Any] = {}
    for key_node, value in node.value:
        key, where = _plain(key_node, seen), f'line {key_node.start_mark.line + 1}'
        if not isinstance(key, str):
            raise ValueError(f'{where}: expected a text as key')
        if key in plain:
            raise ValueError(f'{where}: {key!r:.60} is there twice, expected it once')
        plain[key] = _plain(value, seen)
    return plain
