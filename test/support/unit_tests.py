# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""The unit tests: the tests that need no ROS, no socket and no other process."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
import socket
import sys
from typing import Any

import pytest

from support.imports import ROS, is_within, module_imports_of
from support.pages import ROOT

__all__ = ['NeedsMore', 'UnitTests', 'needs_of', 'unit_guard']

PACKAGE = 'lerobot_arena_ros'

IO = {
    'aiortc',
    'multiprocessing',
    'socket',
    'subprocess',
    f'{PACKAGE}.media.peer',
    f'{PACKAGE}.server.serving',
}
"""Modules that a test imports to open a socket or to start a process."""

IO_FIXTURES = {'arena_url', 'browser', 'own_server_url', 'server_url'}
"""Fixtures of a conftest.py that start a server or a browser."""

FORBIDDEN = {
    'os.exec',
    'os.fork',
    'os.forkpty',
    'os.posix_spawn',
    'os.system',
    'socket.bind',
    'socket.connect',
    'socket.getaddrinfo',
    'subprocess.Popen',
}
"""Audit events of Python that no unit test may cause."""


class NeedsMore(BaseException):
    """A unit test did what a unit test must not do; no ``except Exception`` hides it."""


class UnitTests:
    """A plugin of pytest that selects the unit tests, and makes everything else fail in them."""

    def pytest_ignore_collect(self, collection_path: Path) -> bool | None:
        """Do not import a test module that needs more, because its imports may be missing."""
        is_module = collection_path.suffix == '.py' and collection_path.name != 'conftest.py'
        return True if is_module and needs_of(collection_path) else None

    def pytest_collection_modifyitems(
        self, config: pytest.Config, items: list[pytest.Item]
    ) -> None:
        """Leave out the tests that need a server or a browser."""
        more = [item for item in items if _needs_more(item)]
        config.hook.pytest_deselected(items=more)
        items[:] = [item for item in items if not _needs_more(item)]

    @pytest.hookimpl(hookwrapper=True)
    def pytest_runtest_protocol(self) -> Iterator[None]:
        """Guard one test with its fixtures."""
        with unit_guard():
            yield


@contextmanager
def unit_guard() -> Iterator[None]:
    """
    Refuse sockets, processes and imports of ROS in this process.

    :raises NeedsMore: where one of them is attempted.
    """
    _add_hook()
    _guarded.append(True)
    try:
        yield
    finally:
        _guarded.pop()


_guarded: list[bool] = []


@cache
def _add_hook() -> None:
    """Add the hook once, because Python cannot remove one."""
    sys.addaudithook(_on_audit_event)


def _on_audit_event(event: str, args: tuple[Any, ...]) -> None:
    if not _guarded:
        return
    is_socket = event == 'socket.__new__' and args[1] != socket.AF_UNIX
    is_ros = event == 'import' and args[0].partition('.')[0] in ROS
    if is_socket or is_ros or event in FORBIDDEN:
        what = f'{event} {args[0]}' if is_ros else event
        raise NeedsMore(
            f'a unit test caused {what}: a test that needs it imports one of {sorted(IO)}'
        )


def _needs_more(item: pytest.Item) -> bool:
    fixtures = getattr(item, 'fixturenames', ())
    return not IO_FIXTURES.isdisjoint(fixtures)


@cache
def needs_of(path: Path) -> frozenset[str]:
    """
    Return the imports that keep a test module from being a unit test.

    They are the imports of the module and, recursively, of our modules that it imports. The
    package may import what opens sockets: only what the tests import tells whether they do.
    """
    seen, waiting, found = {path}, [path], set()
    while waiting:
        module = waiting.pop()
        is_package = (ROOT / PACKAGE) in module.parents
        for name in module_imports_of(module):
            if is_within(name, ROS if is_package else ROS | IO):
                found.add(name)
            ours = set(_files_of(name)) - seen
            seen |= ours
            waiting += ours
    return frozenset(found)


@cache
def _files_of(name: str) -> frozenset[Path]:
    """Return the files of ours that importing a dotted name runs."""
    # A relative import in a helper is resolved from the root, an absolute one from test/.
    parts = name.removeprefix('test.').split('.')
    folder = ROOT if (ROOT / parts[0] / '__init__.py').is_file() else ROOT / 'test'
    paths = [folder.joinpath(*parts[:count]) for count in range(1, len(parts) + 1)]
    modules = [path.with_suffix('.py') for path in paths]
    packages = [path / '__init__.py' for path in paths]
    return frozenset(path for path in (*modules, *packages) if path.is_file())
