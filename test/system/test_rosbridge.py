"""The peer of the benchmark: found where it is, said to be missing where it is not, answered."""

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
from benchmark.harness.processes import stage
from benchmark.harness.rosbridge import NOT_INSTALLED, find_rosbridge
from benchmark.harness.workers.rosbridge_client import command_of
from benchmark.report.tables import verdicts

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

STATE = {'name': ['j1'], 'position': [0.5]}
TIMEOUT_S = 10.0


def install(prefix: Path) -> Path:
    """Lay what is looked for, as a package of ROS 2 has it."""
    for file, text in (
        ('lib/rosbridge_server/rosbridge_websocket', '#!/usr/bin/env python3'),
        ('share/rosbridge_server/package.xml', '<package><version>2.7.1</version></package>'),
    ):
        (prefix / file).parent.mkdir(parents=True)
        (prefix / file).write_text(text, encoding='utf-8')
    return prefix


def test_it_is_found_where_ros_has_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Below any sourced prefix, and below the one that is named whatever is sourced."""
    prefix = install(tmp_path / 'with')
    monkeypatch.setenv('AMENT_PREFIX_PATH', f'{tmp_path / "without"}:{prefix}')
    found = find_rosbridge()
    monkeypatch.delenv('AMENT_PREFIX_PATH')

    assert found is not None
    assert (found.prefix, found.version) == (prefix, '2.7.1')
    assert find_rosbridge(prefix) == found
    assert find_rosbridge() is None


def test_where_it_is_not_installed_a_line_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The run goes on without it, and says how to have it; each of its targets is skipped."""
    monkeypatch.setenv('AMENT_PREFIX_PATH', str(tmp_path))
    monkeypatch.setattr(program, 'RESULTS', tmp_path)
    monkeypatch.setitem(program.SECTIONS, 'idle', lambda plan, guests: {})
    options = argparse.Namespace(short=False, only=['idle'], server_url=None, rosbridge=None)
    program.measure(options)
    verdict = {row[0]: row[3] for row in verdicts({'skipped': {'rosbridge': NOT_INSTALLED}})}

    assert 'ros-<distro>-rosbridge-server' in capsys.readouterr().out
    assert verdict['whole path / rosbridge, p50 at 100 Hz'] == f'skipped: {NOT_INSTALLED}'
    assert verdict['whole path / the obvious thing, p50 at 100 Hz'] == 'not measured'


def test_a_prefix_without_it_is_refused(tmp_path: Path) -> None:
    """Who names one wants it measured, and is not to find after a quarter of an hour that not."""
    options = argparse.Namespace(server_url=None, rosbridge=tmp_path)

    with pytest.raises(SystemExit, match='no prefix that rosbridge_server is installed under'):
        program.find_guests(options)


def test_only_what_the_leader_says_is_a_command() -> None:
    """Another topic and what rosbridge says of itself are not."""
    heard = {'op': 'publish', 'topic': '/leader/joint_states', 'msg': STATE}

    assert json.loads(command_of(json.dumps(heard)) or '') == {
        'op': 'publish',
        'topic': '/follower/joint_commands',
        'msg': STATE,
    }
    assert command_of(json.dumps({**heard, 'topic': '/rosout'})) is None
    assert command_of(json.dumps({'op': 'status', 'level': 'warning', 'msg': 'so'})) is None


@asynccontextmanager
async def running_client(url: str, *flags: str) -> AsyncIterator[None]:
    """Run the client as a process of its own, as the benchmark does."""
    client = stage('rosbridge_client', [url, *flags])
    await asyncio.to_thread(client.__enter__)
    try:
        yield
    finally:
        await asyncio.to_thread(client.__exit__, None, None, None)


@pytest.mark.parametrize(
    ('flags', 'depth'), [((), None), (('--keep-all',), 1000)], ids=['as shipped', 'all kept']
)
async def test_the_client_sends_back_what_it_hears(flags: tuple[str, ...], depth: object) -> None:
    """It says first what it hears and what it will say, and asks for queues only if told to."""
    said: asyncio.Queue[dict[str, Any]] = asyncio.Queue()

    async def serve(socket: Any) -> None:
        await socket.send(
            json.dumps({'op': 'publish', 'topic': '/leader/joint_states', 'msg': STATE})
        )
        async for text in socket:
            await said.put(json.loads(text))

    async with AsyncExitStack() as stack:
        server = await stack.enter_async_context(websockets.serve(serve, '127.0.0.1', 0))
        port = next(iter(server.sockets)).getsockname()[1]
        await stack.enter_async_context(running_client(f'ws://127.0.0.1:{port}', *flags))
        first = [await asyncio.wait_for(said.get(), TIMEOUT_S) for _ in range(3)]

    assert [message['op'] for message in first] == ['subscribe', 'advertise', 'publish']
    assert [message.get('qos', {}).get('depth') for message in first[:2]] == [depth, depth]
    assert 'queue_length' not in first[0]
    assert first[2]['msg'] == STATE
