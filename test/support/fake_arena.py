# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""Servers that misbehave; no other server of the tests is a fake."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
import json
from typing import Any

from fastapi import FastAPI, Response
from fastapi import WebSocket as AsgiWebSocket

from lerobot_arena_ros.arena.sansio import Frame, Opcode, text_frame
from lerobot_arena_ros.server.log.rate_limited_log import RateLimitedLog
from lerobot_arena_ros.server.net.web_socket import WebSocket as ServedSocket
from lerobot_arena_ros.server.participants.connection_manager import ConnectionManager
from lerobot_arena_ros.server.rooms.limits import Limits, Policy, Timing
from lerobot_arena_ros.server.serving import listen, serve, url_of

__all__ = [
    'FakeArena',
    'WebSocket',
    'answering',
    'fake_arena',
    'listed',
    'send_message',
    'welcome',
]

HOST = '127.0.0.1'
TIMEOUT_S = 30.0
ROOM_PATH = '/robotics/workspaces/{workspace_id}/rooms/{room_id}'


class Gone(Exception):
    """The peer has closed the connection."""


class WebSocket:
    """The server's end of a WebSocket connection."""

    def __init__(self, served: ServedSocket) -> None:
        self._served = served

    async def receive_text(self) -> str:
        """Receive a text message."""
        message = await self._served.receive()
        if message is None:
            raise Gone
        assert isinstance(message, str)
        return message

    async def send_text(self, text: str) -> None:
        """Send a text message."""
        self._served.write(text_frame(text))

    async def send_bytes(self, data: bytes) -> None:
        """Send a binary message."""
        self._served.write(Frame(Opcode.BINARY, data).serialize(mask=False))

    def write(self, data: bytes) -> None:
        """Send bytes on the TCP connection, without a frame."""
        self._served.write(data)

    async def close(self, code: int) -> None:
        """Close the connection."""
        self._served.close(code)


Script = Callable[[WebSocket], Awaitable[None]]


class FakeArena:
    """
    The REST replies of the server, and counters of what it received.

    :param room: the reply for any room; None = 404.
    :param status: the status of each REST reply, unless there is no room.
    :param requests: the number of REST requests so far.
    :param left: the number of participants that have left.
    """

    def __init__(self) -> None:
        self.url = ''
        self.room: Mapping[str, Any] | None = None
        self.status = 200
        self.requests = 0
        self.left = 0


@asynccontextmanager
async def fake_arena(script: Script) -> AsyncIterator[FakeArena]:
    """
    Serve an arena in the event loop of the test.

    :param script: called with each accepted WebSocket; afterwards the server only receives until
        the peer leaves.
    """
    fake = FakeArena()
    app = FastAPI()
    app.state.manager = ConnectionManager(
        Limits(), Timing(), Policy(), RateLimitedLog()
    )  # The attributes that the listener needs.

    async def rest() -> Response:
        fake.requests += 1
        if fake.room is None:
            return Response('{"detail":"Room not found"}', 404)
        return Response(json.dumps({'success': True, 'room': fake.room}), fake.status)

    async def socket(asked: AsgiWebSocket) -> None:
        served: ServedSocket = asked.state.socket
        served.accept()
        websocket = WebSocket(served)
        try:
            await script(websocket)
            while True:
                await websocket.receive_text()
        except Gone:
            fake.left += 1

    app.add_api_route(ROOM_PATH, rest)
    app.add_api_websocket_route(ROOM_PATH + '/ws', socket)
    sockets = listen(HOST, 0)
    stop, ready = asyncio.Event(), asyncio.Event()
    serving = asyncio.create_task(serve(app, sockets, shutdown=stop, ready=ready.set), name='fake')
    try:
        await asyncio.wait_for(ready.wait(), TIMEOUT_S)
        fake.url = url_of(HOST, sockets)
        yield fake
    finally:
        stop.set()
        await asyncio.wait_for(serving, TIMEOUT_S)


async def send_message(websocket: WebSocket, kind: str, **fields: object) -> None:
    """Send one message; it may contain NaN."""
    await websocket.send_text(json.dumps({'type': kind, **fields}))


async def welcome(websocket: WebSocket) -> dict[str, Any]:
    """Receive a join and answer it as a correct arena does; return the join."""
    join: dict[str, Any] = json.loads(await websocket.receive_text())
    if join['role'] == 'consumer':
        await send_message(websocket, 'state_sync', data={})
    await send_message(websocket, 'joined', room_id='arm', workspace_id='lab', role=join['role'])
    return join


def listed(*consumers: str, producer: str | None = None) -> dict[str, Any]:
    """Return the REST reply for a room with these participants."""
    total = len(consumers) + (producer is not None)
    people = {'producer': producer, 'consumers': list(consumers), 'total': total}
    return {'id': 'arm', 'workspace_id': 'lab', 'participants': people}


@asynccontextmanager
async def answering(reply: bytes) -> AsyncIterator[str]:
    """Listen on a port and answer each request with the same bytes."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await reader.readuntil(b'\r\n\r\n')
            writer.write(reply)
            await writer.drain()
        finally:
            writer.close()

    server = await asyncio.start_server(answer, HOST, 0)
    async with server:
        yield f'http://{HOST}:{server.sockets[0].getsockname()[1]}'
