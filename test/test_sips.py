"""What one peer sends at once is taken little by little, on each loop that there may be."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
import ssl
import sys
from typing import Any

from lerobot_arena_ros.server.sips import SIP_BYTES, Sips
import pytest
from support.certificates import Authority
from support.waiting import wait_until

FLOOD = bytes(range(256)) * 2000
Contexts = tuple[ssl.SSLContext, ssl.SSLContext]


class Drinker:
    """
    Notes what comes, and in which turn of the loop.

    :param pauses: has nothing more come after the first sip.
    """

    def __init__(self, *, pauses: bool = False) -> None:
        self.taken = b''
        self.turns: list[int] = []
        self.sizes: list[int] = []
        self.turn = 0
        self.transport: Any = None
        self.has_ended = False
        self.pauses = pauses

    def connection_made(self, transport: Any) -> None:
        """Begin to count."""
        self.transport = transport
        self.count()

    def count(self) -> None:
        """Count one turn, and wait for the next."""
        self.turn += 1
        if not self.has_ended:
            asyncio.get_running_loop().call_soon(self.count)

    def sipped(self, data: bytes) -> None:
        """Take it."""
        self.taken += data
        self.turns.append(self.turn)
        self.sizes.append(len(data))
        if self.pauses:
            self.transport.pause_reading()

    def eof_received(self) -> None:
        """Close."""

    def connection_lost(self, exc: Exception | None) -> None:
        """Count no more."""
        self.has_ended = True

    def pause_writing(self) -> None:
        """Write nothing anyway."""

    def resume_writing(self) -> None:
        """Write nothing anyway."""


@asynccontextmanager
async def flooded(drinker: Drinker, context: Contexts | None) -> AsyncIterator[None]:
    """Pour a flood into a drinker, from the same loop."""
    theirs, ours = context or (None, None)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        lambda: Sips(drinker, lambda: None), '127.0.0.1', 0, ssl=theirs
    )
    address = server.sockets[0].getsockname()
    _, writer = await asyncio.open_connection(*address, ssl=ours)
    try:
        writer.write(FLOOD)
        yield
    finally:
        writer.transport.abort()
        server.close()


async def drink_all(drinker: Drinker) -> None:
    """Wait until all of it was taken."""
    await wait_until(lambda: len(drinker.taken) >= len(FLOOD), 'all of the flood')


@pytest.fixture(name='context', params=['plain', 'TLS'])
def fixture_context(request: pytest.FixtureRequest, tmp_path: Path) -> Contexts | None:
    """Give what both ends need for TLS; None without."""
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
    """Give what runs a coroutine on one of the loops."""
    if request.param == 'asyncio' and context and sys.version_info < (3, 11):
        pytest.skip('the TLS of asyncio hands over whole reads before Python 3.11')
    run: Callable[[Coroutine[Any, Any, None]], None] = pytest.importorskip(request.param).run
    return run


def test_a_flood_is_taken_one_sip_in_a_turn(run: Any, context: Contexts | None) -> None:
    """All of it, in its order."""
    drinker = Drinker()

    async def scenario() -> None:
        async with flooded(drinker, context):
            await drink_all(drinker)
        await wait_until(lambda: drinker.has_ended, 'the end of the connection')

    run(scenario())

    assert drinker.taken == FLOOD
    assert max(drinker.sizes) <= SIP_BYTES
    assert len(set(drinker.turns)) == len(drinker.turns)


def test_who_has_paused_is_given_nothing(run: Any, context: Contexts | None) -> None:
    """The end of the turn does not undo it; reading goes on when told to."""
    drinker = Drinker(pauses=True)

    async def scenario() -> None:
        async with flooded(drinker, context):
            await wait_until(lambda: drinker.turns, 'the first sip')
            first = drinker.turns[0]
            await wait_until(lambda: drinker.turn > first + 100, 'many turns')
            assert drinker.turns == [first]
            drinker.pauses = False
            drinker.transport.resume_reading()
            await drink_all(drinker)
        await wait_until(lambda: drinker.has_ended, 'the end of the connection')

    run(scenario())

    assert drinker.taken == FLOOD


def test_another_one_may_take_over(run: Any, context: Contexts | None) -> None:
    """As a WebSocket does, in the middle of a sip."""
    first, second = Drinker(pauses=True), Drinker()

    async def scenario() -> None:
        async with flooded(first, context):
            await wait_until(lambda: first.turns, 'the first sip')
            second.connection_made(first.transport)
            first.transport.set_protocol(second)
            first.transport.resume_reading()
            await wait_until(
                lambda: len(first.taken) + len(second.taken) >= len(FLOOD), 'all of the flood'
            )
        await wait_until(lambda: second.has_ended, 'the end of the connection')

    run(scenario())

    assert first.taken + second.taken == FLOOD
    assert len(set(second.turns)) == len(second.turns)
