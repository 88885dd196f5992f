# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""The socket of a client: frames written by another thread are complete and in order."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import aclosing, asynccontextmanager, suppress
import re
import socket
from typing import Any

import pytest
from support.certificates import Authority
from support.room_fixtures import CONSUMER, PATIENT, PRODUCER, Arena, EventRecorder, values_of
from support.server import running_server
from support.waiting import ticks, wait_until
from websockets.exceptions import ConnectionClosed
from websockets.frames import Opcode
from websockets.utils import accept_key, apply_mask

from lerobot_arena_ros.arena.access import Access
from lerobot_arena_ros.arena.address import Address
from lerobot_arena_ros.arena.client_socket import ClientSocket
from lerobot_arena_ros.arena.connect import open_socket
from lerobot_arena_ros.arena.connection import Connection, open_connection
from lerobot_arena_ros.arena.messages import Heartbeat, JointUpdate
from lerobot_arena_ros.arena.rest_client import Rooms
from lerobot_arena_ros.arena.sansio import text_frame
from lerobot_arena_ros.arena.session import Presence

pytestmark = pytest.mark.usefixtures('no_task_left')

LONG = 'x' * 1_000_000


def update(number: float) -> JointUpdate:
    """Return an update with a number."""
    return JointUpdate.of({'j': number})


async def in_thread(connection: Connection, updates: Iterable[JointUpdate]) -> list[bool]:
    """Send updates from another thread, as fast as possible; return which were written."""
    loop = asyncio.get_running_loop()
    return await loop.run_in_executor(None, lambda: list(map(connection.send_now, updates)))


async def test_another_thread_sends_while_the_loop_does(arena: Arena) -> None:
    """Each frame is complete, and the written updates arrive in order."""
    recorder = EventRecorder(await arena.join(CONSUMER))
    producer = await arena.join(PRODUCER)
    answers = EventRecorder(producer)

    sending = asyncio.ensure_future(in_thread(producer, map(update, range(1, 1001))))
    heartbeats = 0
    async for _ in ticks(2000.0):
        if sending.done():
            break
        await producer.send(Heartbeat())
        heartbeats += 1
    taken = [number for number, was in enumerate(await sending, 1) if was]

    assert taken
    await wait_until(lambda: {'j': taken[-1]} in values_of(recorder.events), 'the last update')
    assert values_of(recorder.events) == [{'j': number} for number in taken]

    def answered() -> bool:
        return len([e for e in answers.events if isinstance(e, Presence)]) >= heartbeats

    await wait_until(answered, 'the answer to each heartbeat')


async def test_after_the_close_frame_nothing_is_written(arena: Arena) -> None:
    """After the close frame the duplicate socket is closed, so that the server sees the end."""
    producer = await arena.join(PRODUCER)
    assert producer.send_now(update(1.0))
    await producer.aclose()
    assert not producer.send_now(update(2.0))

    assert await arena.rooms.state('lab', arena.room_id)
    info = await arena.rooms.info('lab', arena.room_id)
    assert info['participants']['producer'] is None


async def test_under_tls_the_loop_writes(tmp_path: Any) -> None:
    """With TLS, ``send_now`` returns False and writes nothing."""
    authority = Authority(tmp_path)
    certificate = authority.certify_this_machine()
    access = Access(ca_file=authority.file)
    with running_server(certificate=certificate) as url:
        address = Address.parse(url)
        await Rooms(address, access=access).create('lab', 'arm')
        joined = [
            await open_connection(address, 'lab', 'arm', role, timing=PATIENT, access=access)
            for role in (CONSUMER, PRODUCER)
        ]
        consumer, producer = joined
        async with aclosing(consumer), aclosing(producer):
            recorder = EventRecorder(consumer)
            assert not producer.send_now(update(1.0))
            await producer.send(update(2.0))
            await wait_until(lambda: {'j': 2.0} in values_of(recorder.events), 'the update')
            assert values_of(recorder.events) == [{'j': 2.0}]


def accepted(head: bytes) -> bytes:
    """Return the response to a handshake."""
    key = re.findall(rb'Sec-WebSocket-Key: (\S+)', head)[0].decode()
    return (
        b'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n'
        b'Sec-WebSocket-Accept: %s\r\n\r\n' % accept_key(key).encode()
    )


@asynccontextmanager
async def pair() -> AsyncIterator[tuple[ClientSocket, socket.socket]]:
    """Yield an open WebSocket with a small buffer, and the plain socket of its peer."""
    ours, theirs = socket.socketpair()
    ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
    theirs.setblocking(False)
    loop = asyncio.get_running_loop()
    client = ClientSocket('ws://localhost/', {})
    await loop.create_connection(lambda: client, sock=ours)
    try:
        head = await loop.sock_recv(theirs, 4096)
        await loop.sock_sendall(theirs, accepted(head))
        await client.opened()
        yield client, theirs
    finally:
        client.abort()
        theirs.close()
        await client.close()


async def frames_from(theirs: socket.socket, count: int) -> AsyncIterator[str]:
    """Read a number of texts, and no byte more."""
    loop = asyncio.get_running_loop()

    async def exactly(size: int) -> bytes:
        data = b''
        while len(data) < size:
            data += await loop.sock_recv(theirs, size - len(data))
        return data

    for _ in range(count):
        first, length = await exactly(2)
        assert first == 0x80 | Opcode.TEXT
        size = length & 0x7F
        if size == 126:
            size = int.from_bytes(await exactly(2), 'big')
        elif size == 127:
            size = int.from_bytes(await exactly(8), 'big')
        mask = await exactly(4)
        yield apply_mask(await exactly(size), mask).decode()


async def test_a_full_socket_accepts_no_more() -> None:
    """Every accepted frame arrives complete after the peer reads; a refused one does not."""
    async with pair() as (client, theirs):
        loop = asyncio.get_running_loop()
        taken = await loop.run_in_executor(
            None, lambda: [client.send_now(f'{number:0500}') for number in range(1000)]
        )
        assert taken.index(False) > 0
        frames = [frame async for frame in frames_from(theirs, taken.count(True))]
        assert client.send_now('again')
        frames += [frame async for frame in frames_from(theirs, 1)]

    numbers = [number for number, was in enumerate(taken) if was]
    assert frames == [*(f'{number:0500}' for number in numbers), 'again']


async def test_a_partial_frame_is_completed_first() -> None:
    """The event loop completes a partly written frame before it writes anything else."""
    async with pair() as (client, theirs):
        assert client.send_now(LONG)
        assert not client.send_now('too early')
        sending = asyncio.ensure_future(client.send('from the loop'))
        frames = [frame async for frame in frames_from(theirs, 2)]
        await sending
        assert client.send_now('at last')
        frames += [frame async for frame in frames_from(theirs, 1)]

    assert frames == [LONG, 'from the loop', 'at last']


async def test_a_partial_frame_is_completed_without_further_writes() -> None:
    """A partly written frame is completed even if the event loop has nothing else to write."""
    async with pair() as (client, theirs):
        loop = asyncio.get_running_loop()
        assert await loop.run_in_executor(None, client.send_now, LONG)
        assert [frame async for frame in frames_from(theirs, 1)] == [LONG]


async def test_data_in_the_transport_is_written_first() -> None:
    """``send_now`` writes nothing while the transport has buffered data."""
    async with pair() as (client, _theirs):
        sending = asyncio.ensure_future(client.send(LONG))
        await wait_until(lambda: client.transport.get_write_buffer_size(), 'the frame to wait')
        assert not client.send_now('too early')
        client.abort()
        with pytest.raises(ConnectionClosed):
            await sending


async def test_after_the_close_frame_of_the_server_nothing_is_written() -> None:
    """After a close frame from the server nothing is written, even if the connection is open."""
    async with pair() as (client, theirs):
        loop = asyncio.get_running_loop()
        await loop.sock_sendall(theirs, b'\x88\x02\x03\xe8')
        assert await loop.sock_recv(theirs, 100)
        assert not client.send_now('late')


async def test_messages_before_the_end_are_received_after_it() -> None:
    """Messages that arrived before the connection ended can still be received."""
    async with pair() as (client, theirs):
        loop = asyncio.get_running_loop()
        await loop.sock_sendall(theirs, text_frame('first') + text_frame('second'))
        theirs.close()
        await wait_until(client.transport.is_closing, 'the end of the connection')

        assert [await client.receive(), await client.receive()] == ['first', 'second']
        with pytest.raises(ConnectionClosed):
            await client.receive()


@asynccontextmanager
async def counted() -> AsyncIterator[tuple[str, set[asyncio.StreamWriter]]]:
    """Run a server that accepts WebSockets; yield its URL and its open connections."""
    opened: set[asyncio.StreamWriter] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        opened.add(writer)
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            writer.write(accepted(await reader.readuntil(b'\r\n\r\n')))
            await reader.read()
        writer.close()
        opened.discard(writer)

    server = await asyncio.start_server(serve, '127.0.0.1', 0)
    async with server:
        yield f'http://127.0.0.1:{server.sockets[0].getsockname()[1]}', opened


@pytest.mark.parametrize('turns', range(30))
async def test_an_opening_that_is_cancelled_leaves_no_connection(turns: int) -> None:
    """An opening that is cancelled in any loop iteration leaves no open connection."""
    loop = asyncio.get_running_loop()
    async with counted() as (url, opened):
        address = Address.parse(url)
        opening = asyncio.ensure_future(open_socket(address, 'lab', 'arm', Access(), 10.0))
        for _ in range(turns):
            turn = loop.create_future()
            loop.call_soon(turn.set_result, None)
            await turn
        if opening.done():
            opening.result().abort()
        opening.cancel()
        await asyncio.wait([opening])

        await wait_until(lambda: not opened, 'the connection to be closed')


async def test_an_interruption_ends_a_wait_for_a_message() -> None:
    """Something else has arrived; the next wait is for a message again."""
    async with pair() as (ours, theirs):
        asyncio.get_running_loop().call_later(0.01, ours.interrupt)

        assert await ours.receive() is None
        ours.interrupt()
        theirs.sendall(text_frame('x'))
        await wait_until(lambda: ours._messages, 'the message')
        assert await ours.receive() == 'x'


async def test_nothing_is_posted_after_the_close_frame() -> None:
    """It would be a violation of the protocol."""
    async with pair() as (ours, theirs):
        ours.post('x')
        assert [text async for text in frames_from(theirs, 1)] == ['x']
        closing = asyncio.ensure_future(ours.close())
        await wait_until(lambda: ours._closing is not None, 'the close frame')
        ours.post('y')
        theirs.close()
        await closing
