# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""The folders of the package import in one direction; the imports are read from the code."""

from __future__ import annotations

import ast
import graphlib
from pathlib import Path

import pytest
from support.imports import ROS, all_imports_of, is_within
from support.pages import ROOT

PACKAGE = 'lerobot_arena_ros'
MODULES = sorted((ROOT / PACKAGE).rglob('*.py'))

# The modules of ours that a top folder may import. A change is a design decision.
OURS = {
    '': {'arena', 'media', 'missing'},
    'arena': {'arena'},
    'media': {'media', 'arena'},
    'output': {'output'},
    'server': {
        'server',
        'release',
        'output',
        'arena.control_messages',
        'arena.errors',
        'arena.features',
        'arena.fields',
        'arena.json_text',
        'arena.lane',
        'arena.messages',
        'arena.outbox',
        'arena.robot_state',
        'arena.sansio',
        'arena.stream_config',
        'arena.video_messages',
    },
    'control': {'control'},
    'nodes': {'nodes', 'release', 'output', 'arena', 'media', 'video', 'control'},
    # Optional: the common parts of our nodes, without the bridge.
    'sim': {
        'sim',
        'nodes.bridge.conversions',
        'nodes.runtime',
        'nodes.settings.specs',
    },
}
# The modules of its top folder that a folder may import. Each lists only those below it.
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
    'nodes/camera': {
        'nodes.camera',
        'nodes.bridge.conversions',
        'nodes.runtime',
        'nodes.settings',
    },
    'nodes/fleet': {'nodes.fleet', 'nodes.bridge', 'nodes.runtime', 'nodes.settings'},
    'nodes/stop': {'nodes.stop', 'nodes.runtime'},
    'nodes/demo': {'nodes.demo', 'nodes.bridge.conversions', 'nodes.runtime', 'nodes.settings'},
    'nodes/launching': {'nodes.launching'},
}
# The only modules that may import each library.
SEAMS = {
    'aiortc': {
        'media/custom_track.py',
        'media/peer.py',
        'media/receiver.py',
        'media/tracks.py',
        'media/video_consumer.py',
        'media/video_producer.py',
    },
    'av': {
        'media/codec.py',
        'media/compressed_pictures.py',
        'media/custom_track.py',
        'media/encoder.py',
        'media/observations.py',
        'media/raw_pictures.py',
        'media/receiver.py',
        'media/tracks.py',
        'media/video_consumer.py',
    },
    'OpenSSL': {'arena/lane/dtls.py'},
    'cryptography': {'arena/lane/certificate.py'},
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
    'arena/lane/channel.py',
    'arena/lane/decisions.py',
    'arena/lane/errors.py',
    'arena/lane/records.py',
    'arena/messages.py',
    'arena/outbox.py',
    'arena/robot_state.py',
    'arena/session.py',
    'arena/stream_config.py',
    'arena/video_messages.py',
    'arena/video_outbox.py',
    'media/bitrate.py',
    'media/candidates.py',
    'media/compressed_pictures.py',
    'media/pairing.py',
    'media/part_history.py',
    'media/picture_stamps.py',
    'media/raw_pictures.py',
    'media/sdp_text.py',
    'media/video_types.py',
    'output/waiting_lines.py',
    'server/access/rules.py',
    'server/access/arrivals.py',
    'server/log/rate_limited_log.py',
    'server/rooms/base_room.py',
    'server/rooms/limits.py',
    'server/rooms/memory.py',
    'server/error_codes.py',
    'server/rooms/registry.py',
    'server/rooms/room.py',
    'server/rooms/counters.py',
    'server/rooms/signalling.py',
    'server/rooms/video_room.py',
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
    """Return the path of a module inside the package."""
    return path.relative_to(ROOT / PACKAGE).as_posix()


@pytest.mark.parametrize('path', MODULES, ids=relative)
def test_top_folders_import_in_one_direction(path: Path) -> None:
    """A top folder imports only itself and the modules in its row of the table."""
    room = relative(path).split('/')[0] if '/' in relative(path) else ''
    ours = [name for name in all_imports_of(path) if is_within(name, {PACKAGE})]

    assert room in OURS, f'{room} is not in the table'
    allowed = {f'{PACKAGE}.{name}' for name in OURS[room]}
    assert [name for name in ours if not is_within(name, allowed)] == []


@pytest.mark.parametrize('path', MODULES, ids=relative)
def test_folders_import_in_one_direction(path: Path) -> None:
    """A folder imports only itself and the folders in its row of the table."""
    folder = relative(path).rpartition('/')[0]
    room = folder.partition('/')[0]
    allowed = {f'{PACKAGE}.{name}' for name in WITHIN.get(folder, {room})}
    ours = [name for name in all_imports_of(path) if is_within(name, {f'{PACKAGE}.{room}'})]

    assert [name for name in ours if not is_within(name, allowed)] == []


def test_no_modules_import_each_other_in_a_circle() -> None:
    """No module imports itself through others, not even inside a function."""
    names = {'.'.join(path.relative_to(ROOT).with_suffix('').parts): path for path in MODULES}
    graph = {
        name: {
            module
            for imported in all_imports_of(path)
            for module in (imported, imported.rpartition('.')[0])
            if module in names and module != name
        }
        for name, path in names.items()
    }
    graphlib.TopologicalSorter(graph).prepare()  # Raises CycleError, which names the modules.


def test_settings_are_read_without_ros() -> None:
    """The settings do not import ROS, so that errors are found before a node exists."""
    for path in (ROOT / PACKAGE / 'nodes' / 'settings').glob('*.py'):
        assert [name for name in all_imports_of(path) if is_within(name, ROS)] == []


@pytest.mark.parametrize('path', MODULES, ids=relative)
def test_only_the_nodes_import_ros(path: Path) -> None:
    """Only nodes/ and the node of the simulation import ROS."""
    if relative(path).startswith('nodes/') or relative(path) == 'sim/node.py':
        return
    assert [name for name in all_imports_of(path) if is_within(name, ROS)] == []


@pytest.mark.parametrize('path', MODULES, ids=relative)
def test_only_cameras_need_the_media(path: Path) -> None:
    """A node without cameras runs without aiortc, and imports nothing that needs it."""
    if relative(path).startswith(('media/', 'nodes/camera/')) or relative(path) == 'video.py':
        return
    pure = {f'{PACKAGE}.media.{name}' for name in ('bitrate', 'errors', 'ice')}
    media = [name for name in all_imports_of(path) if is_within(name, {f'{PACKAGE}.media'})]
    assert [name for name in media if not is_within(name, pure)] == []


@pytest.mark.parametrize('path', MODULES, ids=relative)
def test_each_library_has_one_seam(path: Path) -> None:
    """Only the modules in the table import a library."""
    for library, files in SEAMS.items():
        if relative(path) not in files:
            assert [name for name in all_imports_of(path) if is_within(name, {library})] == []


@pytest.mark.parametrize('path', MODULES, ids=relative)
def test_decisions_are_made_without_input_or_output(path: Path) -> None:
    """Pure modules import no clock, thread, loop or socket; the time is an argument."""
    if relative(path) in PURE_FILES or relative(path).startswith('control/'):
        assert [name for name in all_imports_of(path) if is_within(name, IMPURE)] == []


@pytest.mark.parametrize('name', sorted(PURE_FILES | set().union(*SEAMS.values())))
def test_the_tables_name_existing_files(name: str) -> None:
    """Each file in a table exists, because a renamed one would not be checked."""
    assert (ROOT / PACKAGE / name).is_file()


def test_nothing_sleeps_in_the_tests() -> None:
    """Tests wait for conditions and never sleep; the only pollers are in support/waiting.py."""
    sleepers = []
    for path in sorted((ROOT / 'test').rglob('*.py')):
        if path == ROOT / 'test' / 'support' / 'waiting.py':
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding='utf-8'))):
            if isinstance(node, ast.Call) and ast.unparse(node.func).split('.')[-1] == 'sleep':
                sleepers.append(f'{path.name}:{node.lineno}')
    assert sleepers == []


# What a folder of the benchmark may import of it; the programs beside them may import all.
OF_THE_BENCHMARK = {
    'harness': {'benchmark.harness'},
    'measure': {'benchmark.harness', 'benchmark.measure'},
    'report': {'benchmark.harness', 'benchmark.measure', 'benchmark.report'},
}


@pytest.mark.parametrize('folder', OF_THE_BENCHMARK)
def test_folders_of_the_benchmark_import_in_one_direction(folder: str) -> None:
    """The order is harness, measure, report; each folder imports the ones before it."""
    modules = sorted((ROOT / 'benchmark' / folder).rglob('*.py'))
    assert len(modules) > 5
    for path in modules:
        ours = [name for name in all_imports_of(path) if is_within(name, {'benchmark'})]
        assert [name for name in ours if not is_within(name, OF_THE_BENCHMARK[folder])] == [], path


def test_only_tests_of_the_benchmark_import_more_than_its_harness() -> None:
    """Other tests share its processes, load and figures, and nothing else."""
    for path in sorted((ROOT / 'test').rglob('*.py')):
        if path.name.startswith('test_benchmark_'):
            continue
        ours = [name for name in all_imports_of(path) if is_within(name, {'benchmark'})]
        assert [name for name in ours if not is_within(name, {'benchmark.harness'})] == [], path
