# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""A failed link shows its cause on /diagnostics and recovers without help."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
import itertools
import signal
import threading

import pytest

pytest.importorskip('rclpy', reason='rclpy is not here: it comes with ROS 2, or as wheels')

import httpx
from support.domain import own_domain
from support.fake_arena import WebSocket, fake_arena, listed, send_message, welcome
from support.participant import running_participant
from support.probe import Probe, running_probe
from support.processes import free_port, ros_arguments, running
from support.robot import DEFAULTS, NAMESPACE, WORKSPACE, Robot, robot
from support.server import running_server
from support.waiting import wait_for

from lerobot_arena_ros import RoboticsConsumer, RoboticsProducer
from lerobot_arena_ros.server.rooms.limits import Timing

CONSUME = {'consume.room_id': 'a', 'joints': ['j1']}
STRICT = {'create_missing_rooms': 'none'}


async def create(bridged: Robot) -> None:
    """Create the room."""
    await RoboticsConsumer(bridged.url).create_room(WORKSPACE, 'a')


async def delete(bridged: Robot) -> None:
    """Delete the room."""
    assert await RoboticsConsumer(bridged.url).delete_room(WORKSPACE, 'a')


def test_an_unreachable_server_is_named_and_tried_again() -> None:
    """The text has the URL, and the link recovers when the server is back."""
    with robot(CONSUME) as bridged:
        bridged.wait_for_status('consume link', 'joined')
        bridged.proxy.cut()

        bridged.wait_for_status('consume link', 'cannot connect')
        assert bridged.proxy.url.removeprefix('http') in bridged.status('consume link')
        bridged.wait_for_status('safety', 'cannot connect')
        bridged.proxy.open()
        bridged.wait_for_status('consume link', 'joined')


def test_a_missing_room_is_waited_for() -> None:
    """A bridge that may not create the room joins when another client creates it."""
    with robot({**CONSUME, **STRICT}) as bridged:
        bridged.wait_for_status('consume link', 'there is no such room')

        asyncio.run(create(bridged))
        bridged.wait_for_status('consume link', 'joined')


def test_a_deleted_room_is_noticed_and_joined_again() -> None:
    """The server's text is shown until the room exists again."""
    with robot({**CONSUME, **STRICT}) as bridged:
        asyncio.run(create(bridged))
        bridged.wait_for_status('consume link', 'joined')

        asyncio.run(delete(bridged))
        bridged.wait_for_status('consume link', 'there is no such room')
        bridged.wait_for_log('Room deleted')
        asyncio.run(create(bridged))
        bridged.wait_for_status('consume link', 'joined')


@pytest.mark.parametrize('creates', ['produce', 'both'])
def test_an_arena_that_restarts_empty_is_healed_or_the_remedy_is_named(creates: str) -> None:
    """By default a follower creates no room: it names the remedy and waits."""
    port = free_port()
    serve = ['--port', str(port)]
    url = f'http://127.0.0.1:{port}'
    given = {'create_missing_rooms': creates, 'server_url': url}
    link = f'/{NAMESPACE}/arena_bridge: consume link'
    with own_domain(), running_probe() as probe:
        probe.watch(NAMESPACE)
        with (
            running('server.main', serve) as server,
            running(
                'nodes.bridge.main', ros_arguments(NAMESPACE, {**DEFAULTS, **CONSUME, **given})
            ) as bridge,
        ):
            wait_for(lambda: 'listening on' in server.output, 'the arena')
            if creates == 'produce':
                create_at(url)
            wait_for(lambda: probe.text(link) == 'joined', 'the link')
            move(probe, url)
            server.kill()
            wait_for(lambda: 'cannot connect' in probe.text(link), 'the loss')

            with running('server.main', serve) as again:
                wait_for(lambda: 'listening on' in again.output, 'the arena again')
                if creates == 'produce':
                    remedy = (
                        'there is no such room; create it in the console, or set '
                        'create_missing_rooms to both'
                    )
                    wait_for(lambda: remedy in probe.text(link), remedy)
                    wait_for(lambda: remedy in bridge.output, 'the log line')
                    create_at(url)
                wait_for(lambda: probe.text(link) == 'joined', 'the link again')
                move(probe, url)


def create_at(url: str) -> None:
    """Create the room."""
    asyncio.run(RoboticsConsumer(url).create_room(WORKSPACE, 'a'))


def move(probe: Probe, url: str) -> None:
    """Keep a producer in the room until the robot is commanded."""
    degrees = itertools.cycle((1.0, 2.0, 3.0))
    count = len(probe.commands[NAMESPACE])

    with running_participant(RoboticsProducer(url), WORKSPACE, 'a', 'leader') as leader:

        def moved() -> bool:
            leader.send_update(j1=next(degrees))
            return len(probe.commands[NAMESPACE]) > count

        wait_for(moved, 'the robot to move')


def test_a_taken_producer_slot_names_its_holder_and_is_waited_for() -> None:
    """The bridge joins as the producer as soon as that role is free."""
    with robot({'produce.room_id': 'a', 'autostart': False}) as bridged:

        async def hold(producer: RoboticsProducer) -> None:
            def attempt() -> None:
                assert bridged.change_state(1)
                bridged.wait_for_status(
                    'produce link', f'has a producer, {producer.participant_id}'
                )

            await asyncio.get_running_loop().run_in_executor(None, attempt)

        asyncio.run(create(bridged))
        bridged.lead('a', hold)
        bridged.wait_for_status('produce link', 'joined')


def test_a_producer_that_leaves_is_missed() -> None:
    """When the producer leaves, the gate holds, and its cause is that the room has no producer."""
    with robot(CONSUME) as bridged:

        async def wave(producer: RoboticsProducer) -> None:
            degrees = itertools.cycle((1.0, 2.0, 3.0))

            def moved() -> bool:
                values = [{'name': 'j1', 'value': next(degrees)}]
                asyncio.run_coroutine_threadsafe(producer.send_joint_update(values), loop).result()
                return bridged.value('safety', 'gate') == 'active'

            loop = asyncio.get_running_loop()
            await loop.run_in_executor(None, wait_for, moved, 'the gate to be active')

        bridged.wait_for_status('consume link', 'joined')
        bridged.lead('a', wave)

        bridged.wait_for_status('safety', 'holding: the room has no producer')


def test_a_frozen_server_is_noticed_by_its_silence() -> None:
    """An open socket without frames is a lost link; the room is joined again after the freeze."""
    with own_domain(), running('server.main', ['--port', '0']) as server:
        wait_for(lambda: 'http://' in server.output, 'the address of the arena')
        url = next(word for word in server.output.split() if word.startswith('http://'))
        with running_probe() as probe:
            quick = {'link.timeout_s': 1.5, 'server_url': url}
            arguments = ros_arguments(NAMESPACE, {**DEFAULTS, **CONSUME, **quick})
            with running('nodes.bridge.main', arguments) as bridge:
                link = f'/{NAMESPACE}/arena_bridge: consume link'
                wait_for(lambda: probe.text(link) == 'joined', 'the link')
                server.signal(signal.SIGSTOP)
                text = 'no answer from the server for '
                wait_for(lambda: text in bridge.output, text)
                wait_for(lambda: probe.level(link) == b'\x01', 'a warning')
                server.signal(signal.SIGCONT)
                wait_for(lambda: probe.text(link) == 'joined', 'the link again')


def test_a_leader_that_is_frozen_loses_its_place_and_takes_it_again() -> None:
    """The role is free within the timeout, and the bridge joins again when it continues."""
    arena = partial(running_server, timing=Timing(liveness_s=1.0))
    with robot({'produce.room_id': 'a', 'joints': ['j1']}, arena=arena) as bridged:
        bridged.wait_for_status('produce link', 'joined')
        bridged.bridge.signal(signal.SIGSTOP)
        room = f'{bridged.url}/robotics/workspaces/{WORKSPACE}/rooms/a'
        wait_for(lambda: not httpx.get(room).json()['room']['has_producer'], 'a free place')
        bridged.bridge.signal(signal.SIGCONT)

        wait_for(lambda: httpx.get(room).json()['room']['has_producer'], 'the bridge to be back')


@pytest.mark.parametrize(
    ('lists_us', 'answers', 'text'),
    [
        pytest.param(False, True, 'the room was created again', id='made anew'),
        pytest.param(False, False, 'evicted', id='evicted'),
        pytest.param(None, True, 'the room was deleted', id='deleted'),
        pytest.param(True, False, 'no answer from the server for 4', id='half-open'),
    ],
)
async def test_a_loss_that_the_public_server_does_not_report_is_named(
    lists_us: bool | None, answers: bool, text: str
) -> None:
    """The room list is polled and heartbeats are sent; each loss has its own text."""
    came: list[str] = []
    is_lost = asyncio.Event()

    async def arena(websocket: WebSocket) -> None:
        came.append((await welcome(websocket))['participant_id'])
        fake.room = listed(came[-1], producer='leader')
        while True:
            await websocket.receive_text()
            if answers or not is_lost.is_set() or len(came) > 1:
                await send_message(websocket, 'heartbeat_ack')

    loop = asyncio.get_running_loop()
    with own_domain(), running_probe() as probe:
        async with fake_arena(arena) as fake:
            fake.room = listed()
            # The room must be polled twice before the silence counts as a loss.
            patient = {'server_url': fake.url, 'link.timeout_s': 4.0 if lists_us else 25.0}
            arguments = ros_arguments(NAMESPACE, {**DEFAULTS, **CONSUME, **STRICT, **patient})
            link = f'/{NAMESPACE}/arena_bridge: consume link'
            with running('nodes.bridge.main', arguments):
                await loop.run_in_executor(
                    None, wait_for, lambda: probe.text(link) == 'joined', 'the link'
                )
                is_lost.set()
                if lists_us is None:
                    fake.room = None
                elif not lists_us:
                    fake.room = listed('viz', producer='leader')
                await loop.run_in_executor(
                    None, wait_for, lambda: text in values_of(probe, link)['last_loss'], text
                )
                if lists_us is None:
                    fake.room = listed(producer='leader')
                await loop.run_in_executor(
                    None, wait_for, lambda: probe.text(link) == 'joined', 'the link again'
                )


def values_of(probe: Probe, status: str) -> dict[str, str]:
    """Return the values of a status."""
    return {pair.key: pair.value for pair in probe.diagnostics[status].values}


@pytest.mark.parametrize('role', ['produce', 'consume'])
def test_a_refused_token_ends_the_bridge(role: str) -> None:
    """An error that no other attempt can cure is one line and an exit code."""
    with own_domain(), refusing_server(401) as url:
        given = {f'{role}.room_id': 'a', 'create_missing_rooms': 'produce', 'server_url': url}
        parameters = {**DEFAULTS, **given}
        with running('nodes.bridge.main', ros_arguments(NAMESPACE, parameters)) as bridge:
            assert bridge.wait() == 2, bridge.output

            assert 'HTTP 401: access denied' in bridge.output
            assert 'Traceback' not in bridge.output


@pytest.mark.parametrize('role', ['produce', 'consume'])
@pytest.mark.parametrize('status', [403, 404, 407, 429, 502, 503])
def test_an_answer_of_a_proxy_while_joining_again_may_pass(role: str, status: int) -> None:
    """The status code of a proxy is reported, and the bridge joins when the arena is back."""
    port = free_port()
    link = f'/{NAMESPACE}/arena_bridge: {role} link'
    parameters = {
        **DEFAULTS,
        f'{role}.room_id': 'a',
        'server_url': f'http://127.0.0.1:{port}',
        # The defaults of the bridge: a leader creates its room, a follower waits for it.
        'create_missing_rooms': 'produce',
    }
    with (
        own_domain(),
        running_probe() as probe,
        running('nodes.bridge.main', ros_arguments(NAMESPACE, parameters)) as bridge,
    ):
        with running_server(port=port) as url:
            create_at(url)
            wait_for(lambda: probe.text(link) == 'joined', 'the link')
        with refusing_server(status, port):
            wait_for(lambda: f'HTTP {status}' in probe.text(link), 'the status')
        with running_server(port=port) as url:
            create_at(url)
            wait_for(lambda: probe.text(link) == 'joined', 'the link again')
        assert bridge.is_alive


@contextmanager
def refusing_server(status: int, port: int = 0) -> Iterator[str]:
    """Answer every request with one status, like a proxy that cannot reach its arena."""

    class Refusal(BaseHTTPRequestHandler):
        protocol_version = 'HTTP/1.1'

        def do_GET(self) -> None:
            self.send_error(status)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(('127.0.0.1', port), Refusal)
    thread = threading.Thread(target=server.serve_forever, name='refusing server')
    thread.start()
    try:
        yield f'http://127.0.0.1:{server.server_port}'
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
