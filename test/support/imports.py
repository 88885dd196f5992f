# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""The imports of a module, read from its text."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

from support.pages import ROOT

__all__ = ['ROS', 'all_imports_of', 'is_within', 'module_imports_of']

ROS = {
    'ament_index_python',
    'builtin_interfaces',
    'diagnostic_msgs',
    'launch',
    'launch_ros',
    'launch_testing',
    'lifecycle_msgs',
    'rcl_interfaces',
    'rclpy',
    'rosgraph_msgs',
    'sensor_msgs',
    'std_msgs',
    'std_srvs',
    'trajectory_msgs',
}
"""Packages that only an installation of ROS has."""


@cache
def all_imports_of(path: Path) -> frozenset[str]:
    """Return what a module imports, also inside its functions, as absolute dotted names."""
    return frozenset(_names(ast.walk(_tree(path)), path))


@cache
def module_imports_of(path: Path) -> frozenset[str]:
    """Return what a module imports when it is imported itself, as absolute dotted names."""
    return frozenset(_names(_run_at_import(_tree(path)), path))


def is_within(name: str, allowed: Iterable[str]) -> bool:
    """Return whether a dotted name is one of the allowed ones or below it."""
    return any(name == prefix or name.startswith(f'{prefix}.') for prefix in allowed)


@cache
def _tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding='utf-8'))


def _names(nodes: Iterable[ast.AST], path: Path) -> Iterator[str]:
    package = path.relative_to(ROOT).parts[:-1]
    for node in nodes:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            parents = package[: len(package) + 1 - node.level] if node.level else ()
            module = '.'.join((*parents, *([node.module] if node.module else [])))
            yield from (f'{module}.{alias.name}' for alias in node.names)


def _run_at_import(node: ast.AST) -> Iterator[ast.AST]:
    for child in ast.iter_child_nodes(node):
        is_for_types = isinstance(child, ast.If) and 'TYPE_CHECKING' in ast.unparse(child.test)
        if not (is_for_types or isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef))):
            yield child
            yield from _run_at_import(child)
