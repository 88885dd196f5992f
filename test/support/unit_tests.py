"""The unit tests: the tests that need no ROS, no socket and no other process."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path
import socket
import sys
from typing import Any

import pytest

__all__ = ['IO_FIXTURES', 'NeedsMore', 'UnitTests', 'needs_of']

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = 'lerobot_arena_ros'

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

IO = {'multiprocessing', 'socket', 'subprocess', f'{PACKAGE}.server.serving'}
"""Modules that a test imports to open a socket or to start a process."""

IO_FIXTURES = {'browser', 'own_server_url', 'server_url'}
"""Fixtures of conftest.py that start a server or a browser."""

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

    def __init__(self) -> None:
        self._is_guarding = False
        # A hook cannot be removed, so the plugin exists once per process.
        sys.addaudithook(self._on_audit_event)

    def pytest_ignore_collect(self, collection_path: Path) -> bool | None:
        """Do not import a test module that needs more, because its imports may be missing."""
        is_module = collection_path.suffix == '.py' and collection_path.name != 'conftest.py'
        return True if is_module and needs_of(collection_path) else None

    def pytest_collection_modifyitems(
        self, config: pytest.Config, items: list[pytest.Item]
    ) -> None:
        """Leave out the tests that need a server, a browser, or what their mark names."""
        more = [item for item in items if _needs_more(item)]
        config.hook.pytest_deselected(items=more)
        items[:] = [item for item in items if not _needs_more(item)]

    @pytest.hookimpl(hookwrapper=True)
    def pytest_runtest_protocol(self) -> Iterator[None]:
        """Guard one test with its fixtures."""
        self._is_guarding = True
        yield
        self._is_guarding = False

    def _on_audit_event(self, event: str, args: tuple[Any, ...]) -> None:
        if not self._is_guarding:
            return
        is_socket = event == 'socket.__new__' and args[1] != socket.AF_UNIX
        is_ros = event == 'import' and args[0].partition('.')[0] in ROS
        if is_socket or is_ros or event in FORBIDDEN:
            raise NeedsMore(
                f'a unit test caused {event}{args[1:] if is_socket else args}: mark it with io'
            )


def _needs_more(item: pytest.Item) -> bool:
    fixtures = getattr(item, 'fixturenames', ())
    return bool(item.get_closest_marker('io')) or not IO_FIXTURES.isdisjoint(fixtures)


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
        for name in _imports_of(module):
            if _is_one_of(name, ROS if is_package else ROS | IO):
                found.add(name)
            ours = set(_files_of(name)) - seen
            seen |= ours
            waiting += ours
    return frozenset(found)


def _is_one_of(name: str, modules: set[str]) -> bool:
    return any(name == module or name.startswith(f'{module}.') for module in modules)


@cache
def _imports_of(path: Path) -> frozenset[str]:
    """List what a module imports when it is imported, as absolute dotted names."""
    package = path.relative_to(ROOT).parts[:-1]
    return frozenset(_imports_in(ast.parse(path.read_text(encoding='utf-8')).body, package))


def _imports_in(nodes: list[Any], package: tuple[str, ...]) -> Iterator[str]:
    for node in nodes:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            parents = package[: len(package) + 1 - node.level] if node.level else ()
            module = '.'.join((*parents, *filter(None, [node.module])))
            yield from (f'{module}.{alias.name}' for alias in node.names)
        elif not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            is_for_types = isinstance(node, ast.If) and 'TYPE_CHECKING' in ast.unparse(node.test)
            if not is_for_types:
                yield from _imports_in(list(ast.iter_child_nodes(node)), package)


@cache
def _files_of(name: str) -> frozenset[Path]:
    """Return the files of ours that importing a dotted name runs."""
    parts = name.split('.')
    folder = ROOT if (ROOT / parts[0] / '__init__.py').is_file() else ROOT / 'test'
    paths = [folder.joinpath(*parts[:count]) for count in range(1, len(parts) + 1)]
    modules = [path.with_suffix('.py') for path in paths]
    packages = [path / '__init__.py' for path in paths]
    return frozenset(path for path in (*modules, *packages) if path.is_file())
