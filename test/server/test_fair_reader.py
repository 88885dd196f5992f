# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""The bytes read from one peer per loop iteration are limited, with each event loop."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
import ssl
import sys
from typing import Any

import pytest
from support.certificates import Authority
from support.waiting import wait_until

from lerobot_arena_ros.server.net.fair_reader import SLICE_BYTES, FairReader

FLOOD = bytes(range(256)) * 2000


def nothing() -> None:
    """Do nothing."""


Contexts = tuple[ssl.SSLContext, ssl.SSLContext]


class Handler:
    """
    Records received data and the loop iteration of each piece.

    :param pauses: pause reading after the first slice.
    """

    def __init__(self, *, pauses: bool = False) -> None:
        self.taken = b''
        self.turns: list[int] = []
        self.sizes: list[int] = []
        self.turn = 0
        self.has_ended = False
        self.pauses = pauses

    def connection_made(self, reader: FairReader) -> None:
        """Start counting."""
        self.reader = reader
        self.count()

    def count(self) -> None:
        """Count one loop iteration, and schedule the next."""
        self.turn += 1
        if not self.has_ended:
            asyncio.get_running_loop().call_soon(self.count)

    def data_received(self, data: bytes) -> None:
        """Record the data."""
        self.taken += data
        self.turns.append(self.turn)
        self.sizes.append(len(data))
        if self.pauses:
            self.reader.pause()

    def shut_down(self) -> None:
        """Do nothing."""

    def connection_lost(self) -> None:
        """Stop counting."""
        self.has_ended = True

    def pause_writing(self) -> None:
        """Do nothing."""

    def resume_writing(self) -> None:
        """Do nothing."""


@asynccontextmanager
async def flooded(handler: Handler, context: Contexts | None) -> AsyncIterator[None]:
    """Send a flood to a handler in the same event loop."""
    theirs, ours = context or (None, None)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        lambda: FairReader(handler, on_made=nothing, on_lost=nothing), '127.0.0.1', 0, ssl=theirs
    )
    address = server.sockets[0].getsockname()
    _, writer = await asyncio.open_connection(*address, ssl=ours)
    try:
        writer.write(FLOOD)
        yield
    finally:
        writer.transport.abort()
        server.close()


async def take_all(handler: Handler) -> None:
    """Wait until all data was received."""
    await wait_until(lambda: len(handler.taken) >= len(FLOOD), 'all of the flood')


@pytest.fixture(name='context', params=['plain', 'TLS'])
def fixture_context(request: pytest.FixtureRequest, tmp_path: Path) -> Contexts | None:
    """Return the TLS contexts of both ends, or None."""
    if request.param == 'plain':
        return None
    authority = Authority(tmp_path)
    certificate = authority.certify_this_machine()
    theirs = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    theirs.load_cert_chain(certificate.certfile, certificate.keyfile)
    return theirs, ssl.create_default_context(cafile=authority.file)


@pytest.fixture(name='run', params=['asyncio', 'uvloop'])
def fixture_run(
    request: pytest.FixtureRequest, context: Contexts | None
) -> Callable[[Coroutine[Any, Any, None]], None]:
    """Return a function that runs a coroutine on one of the event loops."""
    if request.param == 'asyncio' and context and sys.version_info < (3, 11):
        pytest.skip('the TLS of asyncio hands over whole reads before Python 3.11')
    run: Callable[[Coroutine[Any, Any, None]], None] = pytest.importorskip(request.param).run
    return run


def test_a_flood_is_read_one_slice_per_iteration(run: Any, context: Contexts | None) -> None:
    """All data is received in order, one slice per loop iteration."""
    handler = Handler()

    async def scenario() -> None:
        async with flooded(handler, context):
            await take_all(handler)
        await wait_until(lambda: handler.has_ended, 'the end of the connection')

    run(scenario())

    assert handler.taken == FLOOD
    assert max(handler.sizes) <= SLICE_BYTES
    assert len(set(handler.turns)) == len(handler.turns)


def test_a_paused_handler_gets_no_data(run: Any, context: Contexts | None) -> None:
    """The next loop iteration does not end the pause; only resume() does."""
    handler = Handler(pauses=True)

    async def scenario() -> None:
        async with flooded(handler, context):
            await wait_until(lambda: handler.turns, 'the first slice')
            first = handler.turns[0]
            await wait_until(lambda: handler.turn > first + 100, 'many turns')
            assert handler.turns == [first]
            handler.pauses = False
            handler.reader.resume()
            await take_all(handler)
        await wait_until(lambda: handler.has_ended, 'the end of the connection')

    run(scenario())

    assert handler.taken == FLOOD


def test_the_handler_can_be_replaced(run: Any, context: Contexts | None) -> None:
    """A handler can be replaced in the middle of a slice, as for a WebSocket."""
    first, second = Handler(pauses=True), Handler()

    async def scenario() -> None:
        async with flooded(first, context):
            await wait_until(lambda: first.turns, 'the first slice')
            first.reader.handler = second
            second.connection_made(first.reader)
            first.reader.resume()
            await wait_until(
                lambda: len(first.taken) + len(second.taken) >= len(FLOOD), 'all of the flood'
            )
        await wait_until(lambda: second.has_ended, 'the end of the connection')

    run(scenario())

    assert first.taken + second.taken == FLOOD
    assert len(set(second.turns)) == len(second.turns)
