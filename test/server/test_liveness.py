# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""A participant keeps its place by sending messages, and not by answering pings."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
import signal
import sys
import time

import httpx
import pytest
from support.arena_api import WORKSPACE, get, has_producer, make_room
from support.peers import enter
from support.processes import running_command
from support.server import running_server
from support.waiting import until, wait_for

from lerobot_arena_ros import RoboticsProducer
from lerobot_arena_ros.server.rooms.limits import Timing

SOON = Timing(liveness_s=0.5)

ARENA = """
import asyncio
from lerobot_arena_ros.server.http.app import create_app
from lerobot_arena_ros.server.rooms.limits import Timing
from lerobot_arena_ros.server.serving import listen, serve, url_of

async def main():
    sockets = listen('127.0.0.1', 0)
    ready = lambda: print(url_of('127.0.0.1', sockets, is_encrypted=False), flush=True)
    app = create_app(timing=Timing(liveness_s=1.0))
    await serve(app, sockets, shutdown=asyncio.Event(), ready=ready)

asyncio.run(main())
"""

PROGRAM = """
import asyncio
import sys
from lerobot_arena_ros import RoboticsProducer

async def main():
    url, workspace, room = sys.argv[1:]
    async with RoboticsProducer(url, reconnect=True) as producer:
        producer.on_disconnected(lambda: print('disconnected', flush=True))
        assert await producer.connect(workspace, room, 'program')
        print('joined', flush=True)
        await asyncio.Event().wait()

asyncio.run(main())
"""


@pytest.fixture
def url() -> Iterator[str]:
    """Run a server with a short liveness timeout."""
    with running_server(timing=SOON) as address:
        yield address


async def test_a_program_that_sends_nothing_is_disconnected(url: str) -> None:
    """It is disconnected although its socket answers pings, as a frozen page does."""
    room = make_room(url)
    async with (
        enter(url, WORKSPACE, room, 'page', 'producer', 'liveness') as page,
        enter(url, WORKSPACE, room, 'ros', 'consumer') as robot,
    ):
        error = await page.recv_type('error')

        assert error['code'] == 'silent'
        assert error['message'] == 'No message came from this participant for 0.5 s'
        assert await page.close_code() == 4408
        assert await has_producer(robot) is False
    reasons = httpx.get(f'{url}/metrics').text
    assert 'lerobot_arena_refusals_total{reason="silent"} 1.0' in reasons


async def test_a_client_that_does_not_know_the_feature_may_be_silent(url: str) -> None:
    """A client without the feature stays, as public clients need."""
    public, page = make_room(url), make_room(url)
    async with enter(url, WORKSPACE, public, 'public', 'producer', 'heartbeat_seq') as silent:
        async with enter(url, WORKSPACE, page, 'page', 'producer', 'liveness') as evicted:
            assert await evicted.close_code() == 4408

        assert await has_producer(silent) is True


async def test_our_client_keeps_its_place_without_sending_a_joint(url: str) -> None:
    """The client sends heartbeats as often as the server requires."""
    quiet, page = make_room(url), make_room(url)
    async with RoboticsProducer(url) as producer:
        assert await producer.connect(WORKSPACE, quiet, 'quiet')
        for _ in range(2):
            async with enter(url, WORKSPACE, page, 'page', 'producer', 'liveness') as evicted:
                assert await evicted.close_code() == 4408

        assert get(url, quiet)['participants'] == {
            'producer': 'quiet',
            'consumers': [],
            'total': 1,
        }


async def test_another_may_take_the_place_of_a_program_that_is_frozen() -> None:
    """A holder with the feature must answer a probe with a message; a pong does not count."""
    with running_server(timing=Timing(probe_s=0.3, liveness_s=60.0)) as url:
        room = make_room(url)
        async with (
            enter(url, WORKSPACE, room, 'page', 'producer', 'liveness'),
            RoboticsProducer(url) as other,
        ):
            assert await other.connect(WORKSPACE, room, 'other') is True


async def test_a_program_that_sends_heartbeats_keeps_its_place() -> None:
    """Heartbeats are enough to keep a place."""
    with running_server(timing=Timing(probe_s=1.0, liveness_s=1.0)) as url:
        room = make_room(url)
        async with RoboticsProducer(url) as holder, RoboticsProducer(url) as other:
            assert await holder.connect(WORKSPACE, room, 'holder')

            assert await other.connect(WORKSPACE, room, 'other') is False
            assert holder.is_connected()


def test_a_program_that_is_stopped_loses_its_place_in_the_stated_time() -> None:
    """A client halted by SIGSTOP is disconnected in time, and notices when it continues."""
    with running_server(timing=Timing(liveness_s=1.0)) as url:
        room = make_room(url)
        command = [sys.executable, '-c', PROGRAM, url, WORKSPACE, room]
        with running_command(command) as program:
            wait_for(lambda: 'joined' in program.output, 'the program to join')
            program.signal(signal.SIGSTOP)
            stopped_at = time.monotonic()
            wait_for(lambda: not get(url, room)['has_producer'], 'the place to be free')
            assert time.monotonic() - stopped_at < 3.0
            program.signal(signal.SIGCONT)
            wait_for(lambda: 'disconnected' in program.output, 'the program to notice')


async def test_a_pause_of_the_server_disconnects_no_client() -> None:
    """A pause of the server does not count as silence of a client."""
    with running_command([sys.executable, '-c', ARENA]) as arena:
        wait_for(lambda: 'http' in arena.output, 'the arena')
        url = arena.output.strip()
        room, page = make_room(url), make_room(url)
        async with RoboticsProducer(url) as producer:
            assert await producer.connect(WORKSPACE, room, 'leader')
            arena.signal(signal.SIGSTOP)
            await until(asyncio.get_running_loop().time() + 2.5)
            arena.signal(signal.SIGCONT)
            async with enter(url, WORKSPACE, page, 'page', 'producer', 'liveness') as evicted:
                assert await evicted.close_code() == 4408

            assert get(url, room)['has_producer'] is True
            assert producer.is_connected()
