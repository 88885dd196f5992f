# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""rosbridge in the benchmark: it is found or reported as missing, and has a client."""

from __future__ import annotations

import argparse
import asyncio
from contextlib import AsyncExitStack, asynccontextmanager
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import websockets

from benchmark import __main__ as program
from benchmark.harness.rosbridge import NOT_INSTALLED, find_rosbridge
from benchmark.harness.worker import worker
from benchmark.harness.workers.rosbridge_client import command_of
from benchmark.report.tables import verdicts

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

STATE = {'name': ['j1'], 'position': [0.5]}
TIMEOUT_S = 10.0


def install(prefix: Path) -> Path:
    """Create the files by which an installed rosbridge is found."""
    for file, text in (
        ('lib/rosbridge_server/rosbridge_websocket', '#!/usr/bin/env python3'),
        ('share/rosbridge_server/package.xml', '<package><version>2.7.1</version></package>'),
    ):
        (prefix / file).parent.mkdir(parents=True)
        (prefix / file).write_text(text, encoding='utf-8')
    return prefix


def test_it_is_found_under_a_sourced_or_a_named_prefix(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is found under any sourced prefix, and under the named one without sourcing."""
    prefix = install(tmp_path / 'with')
    monkeypatch.setenv('AMENT_PREFIX_PATH', f'{tmp_path / "without"}:{prefix}')
    found = find_rosbridge()
    monkeypatch.delenv('AMENT_PREFIX_PATH')

    assert found is not None
    assert (found.prefix, found.version) == (prefix, '2.7.1')
    assert find_rosbridge(prefix) == found
    assert find_rosbridge() is None


def test_a_line_reports_that_it_is_not_installed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The run continues without it, explains how to install it, and skips its targets."""
    monkeypatch.setenv('AMENT_PREFIX_PATH', str(tmp_path))
    monkeypatch.setattr(program, 'RESULTS', tmp_path)
    monkeypatch.setitem(program.SECTIONS, 'idle', lambda plan, others: {})
    options = argparse.Namespace(short=False, only=['idle'], server_url=None, rosbridge=None)
    program.measure(options)
    verdict = {row[0]: row[3] for row in verdicts({'skipped': {'rosbridge': NOT_INSTALLED}})}

    assert 'ros-<distro>-rosbridge-server' in capsys.readouterr().out
    assert verdict['whole path / rosbridge, p50 at 100 Hz'] == f'skipped: {NOT_INSTALLED}'
    assert verdict['CPU per message / baseline, 500 Hz'] == 'not measured'


def test_a_prefix_without_rosbridge_is_refused(tmp_path: Path) -> None:
    """A wrong prefix ends the run at once, not after a quarter of an hour."""
    options = argparse.Namespace(server_url=None, rosbridge=tmp_path)

    with pytest.raises(SystemExit, match='not a prefix that rosbridge_server is installed under'):
        program.find_others(options)


def test_only_messages_of_the_leader_become_commands() -> None:
    """Messages of other topics and status messages of rosbridge are ignored."""
    message = {'op': 'publish', 'topic': '/leader/joint_states', 'msg': STATE}

    assert json.loads(command_of(json.dumps(message)) or '') == {
        'op': 'publish',
        'topic': '/follower/joint_commands',
        'msg': STATE,
    }
    assert command_of(json.dumps({**message, 'topic': '/rosout'})) is None
    assert command_of(json.dumps({'op': 'status', 'level': 'warning', 'msg': 'so'})) is None


@asynccontextmanager
async def running_client(url: str, *flags: str) -> AsyncIterator[None]:
    """Run the client as a process of its own, as in the benchmark."""
    client = worker('rosbridge_client', [url, *flags])
    await asyncio.to_thread(client.__enter__)
    try:
        yield
    finally:
        await asyncio.to_thread(client.__exit__, None, None, None)


@pytest.mark.parametrize(
    ('flags', 'depth'), [((), None), (('--keep-all',), 1000)], ids=['as shipped', 'all kept']
)
async def test_the_client_sends_back_what_it_receives(
    flags: tuple[str, ...], depth: object
) -> None:
    """It subscribes and advertises first, and asks for deep queues only with its option."""
    sent: asyncio.Queue[dict[str, Any]] = asyncio.Queue()

    async def serve(socket: Any) -> None:
        await socket.send(
            json.dumps({'op': 'publish', 'topic': '/leader/joint_states', 'msg': STATE})
        )
        async for text in socket:
            await sent.put(json.loads(text))

    async with AsyncExitStack() as stack:
        server = await stack.enter_async_context(websockets.serve(serve, '127.0.0.1', 0))
        port = next(iter(server.sockets)).getsockname()[1]
        await stack.enter_async_context(running_client(f'ws://127.0.0.1:{port}', *flags))
        first = [await asyncio.wait_for(sent.get(), TIMEOUT_S) for _ in range(3)]

    assert [message['op'] for message in first] == ['subscribe', 'advertise', 'publish']
    assert [message.get('qos', {}).get('depth') for message in first[:2]] == [depth, depth]
    assert 'queue_length' not in first[0]
    assert first[2]['msg'] == STATE
