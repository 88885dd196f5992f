"""The rooms of the package and their one direction, held by walking the imports."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
from support.imports import ROS, all_imports_of, is_within
from support.pages import ROOT

PACKAGE = 'lerobot_arena_ros'
MODULES = sorted((ROOT / PACKAGE).rglob('*.py'))

# What a room may import of ours. Changing this table is a design decision.
OURS = {
    '': {'arena', 'missing'},
    'arena': {'arena'},
    'output': {'output'},
    'server': {
        'server',
        'release',
        'output',
        'arena.errors',
        'arena.features',
        'arena.fields',
        'arena.json_text',
        'arena.messages',
        'arena.outbox',
        'arena.robot_state',
        'arena.sansio',
    },
    'control': {'control'},
    'nodes': {'nodes', 'release', 'output', 'arena', 'control'},
    # Optional: what a node of ours is made of, and nothing of the bridge.
    'sim': {
        'sim',
        'nodes.bridge.conversions',
        'nodes.runtime',
        'nodes.settings.parameter_table',
    },
}
# What a folder of a room may import of that room. No circle: each lists those below it.
WITHIN = {
    'server/rooms': {'server.rooms'},
    'server/access': {'server.access', 'server.rooms.limits'},
    'server/log': {'server.log', 'server.access.addresses'},
    'server/net': {'server.net', 'server.access.admission', 'server.rooms.limits'},
    'server/participants': {
        'server.participants',
        'server.access',
        'server.error_codes',
        'server.log',
        'server.net',
        'server.rooms',
    },
    'server/http': {
        'server.http',
        'server.access',
        'server.error_codes',
        'server.log',
        'server.net.asgi',
        'server.net.request_head',
        'server.participants',
        'server.rooms',
    },
    'nodes/settings': {'nodes.settings'},
    'nodes/runtime': {'nodes.runtime', 'nodes.settings'},
    'nodes/bridge': {'nodes.bridge', 'nodes.runtime', 'nodes.settings'},
    'nodes/fleet': {'nodes.fleet', 'nodes.bridge', 'nodes.runtime', 'nodes.settings'},
    'nodes/stop': {'nodes.stop', 'nodes.runtime'},
    'nodes/demo': {'nodes.demo', 'nodes.bridge.conversions', 'nodes.runtime', 'nodes.settings'},
    'nodes/launching': {'nodes.launching'},
}
# What only these files may import of others: one seam for each library.
SEAMS = {
    'json': {'arena/json_text.py'},
    'mujoco': {'sim/arm.py', 'sim/model.py', 'sim/pictures.py'},
    'orjson': {'arena/json_text.py'},
    'uvloop': {'server/net/event_loop.py'},
    'h11': {'arena/tunnel.py', 'server/net/http_connection.py'},
    'httpx': {'arena/hosts.py', 'arena/rest_client.py'},
    'prometheus_client': {'server/http/metrics.py'},
    'websockets': {
        'arena/client_socket.py',
        'arena/connection.py',
        'arena/connect.py',
        'arena/sansio.py',
    },
}
# Sans I/O: text and a time in, events and text out.
PURE_FILES = {
    'arena/address.py',
    'arena/errors.py',
    'arena/features.py',
    'arena/fields.py',
    'arena/json_text.py',
    'arena/messages.py',
    'arena/outbox.py',
    'arena/robot_state.py',
    'arena/session.py',
    'output/waiting_lines.py',
    'server/access/rules.py',
    'server/access/arrivals.py',
    'server/log/rate_limited_log.py',
    'server/rooms/limits.py',
    'server/rooms/memory.py',
    'server/error_codes.py',
    'server/rooms/registry.py',
    'server/rooms/room.py',
    'server/rooms/counters.py',
    'server/net/rate_limiter.py',
    'sim/arm.py',
    'sim/driver.py',
    'sim/faults.py',
    'sim/names.py',
    'sim/parameters.py',
    'sim/trajectory.py',
}
IMPURE = {
    'asyncio',
    'concurrent',
    'fastapi',
    'httpx',
    'multiprocessing',
    'os',
    'random',
    'select',
    'signal',
    'socket',
    'ssl',
    'starlette',
    'subprocess',
    'threading',
    'time',
    'urllib.request',
    'websockets',
}


def relative(path: Path) -> str:
    """Name a module by its path inside the package."""
    return path.relative_to(ROOT / PACKAGE).as_posix()


@pytest.mark.parametrize('path', MODULES, ids=relative)
def test_rooms_import_in_one_direction(path: Path) -> None:
    """A room imports itself and what lies below it, nothing else of ours."""
    room = relative(path).split('/')[0] if '/' in relative(path) else ''
    ours = [name for name in all_imports_of(path) if is_within(name, {PACKAGE})]

    assert room in OURS, f'{room} is not one of the rooms'
    allowed = {f'{PACKAGE}.{name}' for name in OURS[room]}
    assert [name for name in ours if not is_within(name, allowed)] == []


@pytest.mark.parametrize('path', MODULES, ids=relative)
def test_folders_of_a_room_import_in_one_direction(path: Path) -> None:
    """Each imports what lies below it."""
    folder = relative(path).rpartition('/')[0]
    room = folder.partition('/')[0]
    allowed = {f'{PACKAGE}.{name}' for name in WITHIN.get(folder, {room})}
    ours = [name for name in all_imports_of(path) if is_within(name, {f'{PACKAGE}.{room}'})]

    assert [name for name in ours if not is_within(name, allowed)] == []


def test_settings_are_read_without_ros() -> None:
    """So that a mistake in a file is told before a node is made."""
    for path in (ROOT / PACKAGE / 'nodes' / 'settings').glob('*.py'):
        assert [name for name in all_imports_of(path) if is_within(name, ROS)] == []


@pytest.mark.parametrize('path', MODULES, ids=relative)
def test_ros_is_known_to_the_nodes_alone(path: Path) -> None:
    """Outside nodes/, and the node of the sim, everything runs where there is no ROS."""
    if relative(path).startswith('nodes/') or relative(path) == 'sim/node.py':
        return
    assert [name for name in all_imports_of(path) if is_within(name, ROS)] == []


@pytest.mark.parametrize('path', MODULES, ids=relative)
def test_each_library_has_one_seam(path: Path) -> None:
    """JSON keys, HTTP and WebSockets of the client are each the matter of one file."""
    for library, files in SEAMS.items():
        if relative(path) not in files:
            assert [name for name in all_imports_of(path) if is_within(name, {library})] == []


@pytest.mark.parametrize('path', MODULES, ids=relative)
def test_decisions_are_made_without_input_or_output(path: Path) -> None:
    """What decides has no clock, no thread, no loop and no socket: time is an argument."""
    if relative(path) in PURE_FILES or relative(path).startswith('control/'):
        assert [name for name in all_imports_of(path) if is_within(name, IMPURE)] == []


@pytest.mark.parametrize('name', sorted(PURE_FILES | set().union(*SEAMS.values())))
def test_the_files_the_rules_name_exist(name: str) -> None:
    """A rule about a file that was renamed would hold nothing."""
    assert (ROOT / PACKAGE / name).is_file()


def test_nothing_sleeps_in_the_tests() -> None:
    """Tests wait for a condition, never for a time; the one poller is support/waiting.py."""
    sleepers = []
    for path in sorted((ROOT / 'test').rglob('*.py')):
        if path == ROOT / 'test' / 'support' / 'waiting.py':
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding='utf-8'))):
            if isinstance(node, ast.Call) and ast.unparse(node.func).split('.')[-1] == 'sleep':
                sleepers.append(f'{path.name}:{node.lineno}')
    assert sleepers == []
