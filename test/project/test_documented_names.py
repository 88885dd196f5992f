# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""The package uses only documented names of other libraries; a table lists the exceptions."""

from __future__ import annotations

import ast
import asyncio
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / 'lerobot_arena_ros'
FILES = sorted([*PACKAGE.rglob('*.py'), *(ROOT / 'launch').glob('*.py')])

WEBSOCKETS = {
    'websockets.client': {'ClientProtocol', 'ClientConnection'},
    'websockets.connection': {'State'},
    'websockets.exceptions': {'ConnectionClosed', 'InvalidURI'},
    'websockets.frames': {'Frame', 'Opcode'},
    'websockets.http11': {'Request', 'Response'},
    'websockets.protocol': {'State'},
    'websockets.server': {'ServerProtocol', 'ServerConnection'},
    'websockets.uri': {'parse_uri'},
}
"""
The names that the documentation of websockets gives for its Sans-I/O layer and its errors.

``ClientConnection``, ``ServerConnection`` and ``websockets.connection`` are their names in
release 10, which Ubuntu 24.04 has.
"""

PRIVATE = {
    # rclpy has no documented way to read the values that a user gave before a declaration.
    'nodes/runtime/parameters.py': {'_parameter_overrides'},
    # rclpy has no documented way to read the state, or to refuse an invalid transition.
    'nodes/runtime/lifecycle.py': {'_service_change_state', '_state_machine'},
    # argparse documents its formatters by name only, and shows a default of None or False.
    'server/cli/options.py': {'_get_help_string'},
    # Documented in spite of their names: those of named tuples and of os.
    'arena/lane/client_lane.py': {'_replace'},
    'control/measurements.py': {'_replace'},
    'executables.py': {'_exit'},
    'server/access/rules.py': {'_replace'},
    'server/participants/connection_manager.py': {'_replace'},
    # Our own.
    'arena/connection.py': {'_join'},
    'arena/factories.py': {'_rooms'},
    # Our own, after super().
    'arena/client_core.py': {'_features'},
    'arena/clients.py': {'_features', '_handle_event', '_reset_state'},
    'arena/joint_sender.py': {'_handle_event', '_reset_state'},
    'arena/operator_client.py': {'_close_media', '_features', '_handle_event', '_reset_state'},
    'media/video_client.py': {'_features'},
    'media/video_consumer.py': {'_close_media', '_enter'},
    'media/video_producer.py': {'_close_media', '_enter', '_video_rooms'},
    'server/rooms/room.py': {'_check_id'},
}
"""The private attributes that are used, by file, except those of ``self``."""

IMPLEMENTATION = {
    # The type of a logger, and the error of an invalid transition, which rclpy exports nowhere.
    'nodes/runtime/lifecycle.py': {'rclpy.impl.implementation_singleton'},
    'nodes/runtime/node_log.py': {'rclpy.impl.rcutils_logger'},
}
"""The modules of an implementation that are imported, by file."""


def name_of(path: Path) -> str:
    """Return the path of a file in the package, or in the repository."""
    return path.relative_to(PACKAGE if PACKAGE in path.parents else ROOT).as_posix()


@cache
def tree_of(path: Path) -> ast.Module:
    """Parse a file."""
    return ast.parse(path.read_text(encoding='utf-8'))


def is_private(name: str) -> bool:
    """Return whether a name begins with one underscore."""
    return name.startswith('_') and not name.startswith('__')


def imports_of(tree: ast.Module) -> Iterator[tuple[str, str]]:
    """Yield the module and the name of each absolute import; the name may be empty."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, '') for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level and node.module:
            yield from ((node.module, alias.name) for alias in node.names)


def defined_in(tree: ast.Module) -> set[str]:
    """Return the names that a module assigns or defines."""
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            names.add(node.name)
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            names.add(node.attr)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            names.add(node.id)
    return names


def private_attributes(tree: ast.Module, ours: set[str]) -> set[str]:
    """
    Return the private attributes that a module uses, also by ``getattr`` and ``setattr``.

    :param ours: names that count as our own after ``self`` and ``cls``.
    """
    used: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and is_private(node.attr):
            is_own = isinstance(node.value, ast.Name) and node.value.id in ('self', 'cls')
            if not (is_own and node.attr in ours):
                used.add(node.attr)
        elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith('attr'):
            texts = (arg.value for arg in node.args if isinstance(arg, ast.Constant))
            used.update(text for text in texts if isinstance(text, str) and is_private(text))
    return used


@cache
def ours() -> set[str]:
    """Return the names that the package defines; not at the import, which each worker repeats."""
    return set().union(*(defined_in(tree_of(path)) for path in FILES))


@pytest.mark.parametrize('path', FILES, ids=name_of)
def test_no_private_attribute_of_a_library_is_used(path: Path) -> None:
    """A private attribute after anything but ``self`` is in the table, with its reason."""
    assert private_attributes(tree_of(path), ours()) == PRIVATE.get(name_of(path), set())


@pytest.mark.parametrize('path', FILES, ids=name_of)
def test_no_private_module_or_name_is_imported(path: Path) -> None:
    """No part of an imported name begins with an underscore, and uvicorn is not imported."""
    for module, name in imports_of(tree_of(path)):
        parts = [*module.split('.'), name]
        assert not [part for part in parts if is_private(part)], module
        assert parts[0] != 'uvicorn'
        if 'impl' in parts:
            assert module in IMPLEMENTATION.get(name_of(path), set())


@pytest.mark.parametrize('path', FILES, ids=name_of)
def test_the_names_of_websockets_are_documented(path: Path) -> None:
    """Each name of websockets is one of its documented Sans-I/O layer, or an error."""
    for module, name in imports_of(tree_of(path)):
        if module.partition('.')[0] == 'websockets':
            assert name in WEBSOCKETS.get(module, set()), f'{module}.{name}'


@pytest.mark.parametrize('path', FILES, ids=name_of)
def test_the_names_of_asyncio_are_public(path: Path) -> None:
    """Each name of asyncio is one that ``asyncio`` exports; no module inside it is used."""
    tree = tree_of(path)
    names = {name for module, name in imports_of(tree) if module == 'asyncio' and name}
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and ast.unparse(node.value) == 'asyncio':
            names.add(node.attr)

    assert not [module for module, _ in imports_of(tree) if module.startswith('asyncio.')]
    assert names <= set(asyncio.__all__)


def test_the_tables_name_only_what_is_used() -> None:
    """Each exception of the tables exists, so that none remains after its reason is gone."""
    assert {*PRIVATE, *IMPLEMENTATION} <= {name_of(path) for path in FILES}
    used = {pair for path in FILES for pair in imports_of(tree_of(path))}
    assert {(module, name) for module, names in WEBSOCKETS.items() for name in names} <= used
    assert set().union(*IMPLEMENTATION.values()) <= {module for module, _ in used}
