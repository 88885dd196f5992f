# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""The client with a hostile server: invalid data is counted or raises an error of this package."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import aclosing, suppress
import struct
import tracemalloc

import pytest
from support.corpus import cases
from support.fake_arena import WebSocket, answering, fake_arena, listed, send_message, welcome
from support.frames import CLOSE, MORE, PING, client_frame
from support.room_fixtures import CONSUMER, PATIENT, EventRecorder, join_fake, values_of
from support.waiting import wait_until

from lerobot_arena_ros.arena import rest_client as rooms_module
from lerobot_arena_ros.arena.address import Address
from lerobot_arena_ros.arena.connection import open_connection
from lerobot_arena_ros.arena.errors import (
    ArenaError,
    ConnectError,
    ProtocolError,
    RequestRejected,
    TransportError,
)
from lerobot_arena_ros.arena.rest_client import Rooms
from lerobot_arena_ros.arena.session import LinkTiming, Malformed

pytestmark = pytest.mark.usefixtures('no_task_left')

BIG = 100 * 1024 * 1024
BINARY, RESERVED = 2, 3


def server_frame(payload: bytes = b'', opcode: int = 1, **options: int) -> bytes:
    """Return a frame from a server, valid or invalid."""
    return client_frame(payload, opcode, **{'is_masked': False, **options})  # type: ignore[arg-type]


def sending(*frames: bytes) -> Callable[[WebSocket], Awaitable[None]]:
    """Return a script that accepts a join and then writes raw frames."""

    async def script(websocket: WebSocket) -> None:
        await welcome(websocket)
        for frame in frames:
            websocket.write(frame)
        await send_message(websocket, 'joint_update', data=[{'name': 'end', 'value': 1}])

    return script


async def test_the_corpus_of_frames_is_handled() -> None:
    """Each invalid frame is counted with its reason, and a later valid frame is delivered."""
    frames = [case.values[0] for case in cases('frames')]  # type: ignore[attr-defined]
    good = [server_frame(frame) for frame in frames if is_utf8(frame) and len(frame) < 1 << 20]
    async with fake_arena(sending(*good)) as fake:
        # One of them is the heartbeat's answer of a server whose rooms are polled.
        fake.room, fake.status = listed(), 503
        async with aclosing(await join_fake(fake)) as connection:
            recorder = EventRecorder(connection)
            await wait_until(lambda: {'end': 1.0} in values_of(recorder.events), 'the end')
            await connection.aclose()
            await recorder.ended()

    reasons = {event.reason for event in recorder.events if isinstance(event, Malformed)}
    assert reasons == {'json', 'shape', 'name', 'value', 'robot_state'}
    assert recorder.loss is None


def is_utf8(data: bytes) -> bool:
    """Return whether a text frame may contain this data."""
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


@pytest.mark.parametrize(
    'frame',
    [
        pytest.param(server_frame(b'\x00\xff', BINARY), id='binary'),
        pytest.param(server_frame(b'', BINARY), id='empty binary'),
        pytest.param(server_frame(b'[' * 1_000_000), id='deep JSON of a megabyte'),
        pytest.param(server_frame(b'[' * 9, fin=False) + server_frame(b'', MORE), id='pieces'),
        pytest.param(server_frame(b''), id='empty'),
    ],
)
async def test_a_bad_message_is_counted(frame: bytes) -> None:
    """An invalid message is counted, and the next one is delivered."""
    async with (
        fake_arena(sending(frame)) as fake,
        aclosing(await join_fake(fake)) as connection,
    ):
        recorder = EventRecorder(connection)
        await wait_until(lambda: {'end': 1.0} in values_of(recorder.events), 'the end')
        await connection.aclose()
        await recorder.ended()

    assert len([event for event in recorder.events if isinstance(event, Malformed)]) == 1
    assert recorder.loss is None


@pytest.mark.parametrize(
    'frame',
    [
        pytest.param(server_frame(b'"\xff\xfe"'), id='text that is no UTF-8'),
        pytest.param(server_frame(b'x', reserved=4), id='compressed without negotiation'),
        pytest.param(server_frame(b'x', reserved=1), id='reserved bit'),
        pytest.param(server_frame(b'x', RESERVED), id='reserved opcode'),
        pytest.param(client_frame(b'{}'), id='masked'),
        pytest.param(server_frame(b'x' * 126, PING), id='ping too long'),
        pytest.param(server_frame(b'x', MORE), id='a piece of nothing'),
        pytest.param(server_frame(claimed=BIG), id='100 MB claimed'),
        pytest.param(server_frame(claimed=1 << 62), id='more than any machine has'),
        pytest.param(
            server_frame(b'x' * 600_000, fin=False) + server_frame(b'x' * 600_000, MORE),
            id='too much in pieces',
        ),
        pytest.param(server_frame(struct.pack('!H', 999), CLOSE), id='close with 999'),
        pytest.param(server_frame(b'\x03', CLOSE), id='close with half a code'),
        pytest.param(server_frame(b'\x03\xe8\xff', CLOSE), id='close for no UTF-8 reason'),
    ],
)
async def test_a_bad_frame_is_a_loss(frame: bytes) -> None:
    """An invalid frame is a ConnectionLost, and no task is left running."""
    async with (
        fake_arena(sending(frame)) as fake,
        aclosing(await join_fake(fake)) as connection,
    ):
        recorder = EventRecorder(connection)
        await recorder.ended()

    assert connection.name in str(recorder.loss)


async def test_a_flood_of_pings_is_answered() -> None:
    """Pings are answered, and a later frame is delivered."""
    pings = server_frame(b'', PING) * 20_000
    async with fake_arena(sending(pings)) as fake, aclosing(await join_fake(fake)) as connection:
        recorder = EventRecorder(connection)
        await wait_until(lambda: {'end': 1.0} in values_of(recorder.events), 'the end')
        await connection.aclose()
        await recorder.ended()

    assert recorder.loss is None


async def test_a_server_that_never_answers_the_join_is_left() -> None:
    """The number of messages buffered before the answer to a join is limited."""

    async def script(websocket: WebSocket) -> None:
        await websocket.receive_text()
        for value in range(2000):
            await send_message(websocket, 'joint_update', data=[{'name': 'a', 'value': value}])

    async with fake_arena(script) as fake:
        with pytest.raises(ConnectError, match='no answer to the join'):
            await join_fake(fake)


HEAD = b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n'
UPGRADE = b'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n'


@pytest.mark.parametrize(
    'reply',
    [
        pytest.param(b'', id='nothing'),
        pytest.param(b'\x00' * 10_000, id='zeros'),
        pytest.param(b'HTTP/1.1 101 OK\r\n\r\n', id='no upgrade'),
        pytest.param(UPGRADE + b'Sec-WebSocket-Accept: AAAA\r\n\r\n', id='wrong accept'),
        pytest.param(UPGRADE + b'X: y\r\n' * 200_000, id='headers'),
        pytest.param(UPGRADE + b'X: ' + b'y' * 2_000_000, id='header'),
        pytest.param(UPGRADE[:40], id='half a handshake'),
    ],
)
async def test_a_bad_handshake_is_no_connection(reply: bytes) -> None:
    """Any invalid handshake response is a ConnectError."""
    async with answering(reply) as url:
        with pytest.raises(ConnectError):
            await open_connection(Address.parse(url), 'lab', 'arm', CONSUMER, timing=PATIENT)


@pytest.mark.parametrize(
    ('reply', 'error'),
    [
        pytest.param(HEAD + b'\r\n' + b'[' * 100_000, ProtocolError, id='deep'),
        pytest.param(
            HEAD + b'\r\n{"room": ' + b'9' * 5000 + b'}', ProtocolError, id='5000 digits'
        ),
        pytest.param(HEAD + b'\r\n\xff\xfe', ProtocolError, id='no UTF-8'),
        pytest.param(HEAD + b'\r\n' + b' ' * (9 << 20), ProtocolError, id='nine megabytes'),
        pytest.param(
            HEAD + b'Content-Encoding: gzip\r\n\r\n\x1f\x8b', ProtocolError, id='compressed'
        ),
        pytest.param(HEAD + b'Content-Length: 5\r\n\r\n{', TransportError, id='cut off'),
        pytest.param(HEAD + b'X: y\r\n' * 200_000, TransportError, id='headers'),
        pytest.param(
            b'HTTP/1.1 500 Oh\r\n\r\n{"detail": ' + b'[' * 100_000,
            RequestRejected,
            id='deep error',
        ),
    ],
)
async def test_a_bad_reply_is_an_error_of_its_own(reply: bytes, error: type[ArenaError]) -> None:
    """An invalid reply is an error of this package, and its stored text is short."""
    async with answering(reply) as url:
        tracemalloc.start()
        try:
            with pytest.raises(error):
                await Rooms(Address.parse(url)).info('lab', 'arm')
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()

    assert peak < 4 * rooms_module.MAX_REPLY_BYTES


async def test_a_reply_that_comes_byte_by_byte_times_out() -> None:
    """The timeout applies to the whole reply, even if each byte arrives in time."""
    dripping: list[asyncio.Task[None] | None] = []

    async def drip(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        dripping.append(asyncio.current_task())
        await reader.readuntil(b'\r\n\r\n')
        writer.write(HEAD + b'\r\n')
        gone = asyncio.create_task(reader.read())
        while not gone.done():
            writer.write(b' ')
            await asyncio.wait([gone], timeout=0.02)
        with suppress(ConnectionResetError):
            await gone
        writer.close()

    server = await asyncio.start_server(drip, '127.0.0.1', 0)
    async with server:
        url = f'http://127.0.0.1:{server.sockets[0].getsockname()[1]}'
        with pytest.raises(TransportError, match='no complete response within 0.4 s'):
            await Rooms(Address.parse(url), timeout_s=0.2).info('lab', 'arm')
        await wait_until(lambda: all(task and task.done() for task in dripping), 'the drip to end')


@pytest.mark.parametrize(
    'reply',
    [
        pytest.param(b'', id='nothing'),
        pytest.param(b'\x00\x01garbage\r\n\r\n', id='garbage'),
        pytest.param(b'HTTP/1.1 101 Swit', id='half a line'),
        pytest.param(
            b'HTTP/1.1 401 Unauthorized\r\nContent-Length: 9\r\n\r\nabc', id='half a body'
        ),
        pytest.param(
            b'HTTP/1.1 500 Oops\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n',
            id='chunked',
        ),
        pytest.param(b'HTTP/1.1 500 Oops\r\n\r\n' + b'x' * (2 << 20), id='a body without end'),
    ],
)
async def test_an_invalid_handshake_is_reported_at_once(
    reply: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    """The error is raised before the join timeout, and nothing is logged."""
    timing = LinkTiming(join_timeout_s=1000.0)
    async with answering(reply) as url:
        opening = open_connection(Address.parse(url), 'lab', 'arm', CONSUMER, timing=timing)
        with pytest.raises(ArenaError):
            await asyncio.wait_for(opening, 10.0)

    assert caplog.text == ''
