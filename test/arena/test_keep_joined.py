"""The iterator that keeps a room joined: what it tries again, and when."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import aclosing
import itertools
from types import SimpleNamespace
from typing import Any

import pytest
from support.fake_arena import answering
from support.hearing import PRODUCER, Arena, Ear, room_at
from support.wire import wire_to

from lerobot_arena_ros.arena import reconnect as keeping_module
from lerobot_arena_ros.arena.address import Address
from lerobot_arena_ros.arena.connection import (
    Connection,
    backoff,
    is_retryable,
    keep_joined,
    open_connection,
)
from lerobot_arena_ros.arena.errors import (
    AccessDenied,
    ArenaError,
    ConnectError,
    ConnectionLost,
    InvalidAccess,
    InvalidAddress,
    InvalidProxy,
    JoinRefused,
    ProtocolError,
    RequestRejected,
    RoleTaken,
    RoomNotFound,
    UnexpectedError,
)
from lerobot_arena_ros.arena.rest_client import Rooms

pytestmark = pytest.mark.usefixtures('no_task_left')


async def test_a_lost_room_is_joined_again(own_server_url: str) -> None:
    """After each loss comes a new connection, with a new id, after the next pause."""
    failures: list[tuple[ArenaError, float]] = []
    ids: list[str] = []
    async with wire_to(own_server_url) as wire, room_at(wire.url) as arena:

        async def join() -> Connection:
            return await open_connection(arena.address, 'lab', arena.room_id, PRODUCER)

        again = keep_joined(
            join, delays=no_pauses, on_failure=lambda exc, pause_s: failures.append((exc, pause_s))
        )
        async with aclosing(again) as connections:
            async for connection in connections:
                ids.append(connection.participant_id)
                if len(ids) == 3:
                    break
                wire.cut()
                await Ear(connection).ended()

    assert len(set(ids)) == 3
    assert all(isinstance(failure, RoleTaken) for failure, _ in failures)


def no_pauses() -> Iterator[float]:
    """Pause not at all, so that only what is awaited takes time."""
    return itertools.repeat(0.0)


class Script:
    """Joins that end as told, and the pauses that were asked for in between."""

    def __init__(self, *results: Exception | None) -> None:
        self.failures: list[tuple[str, float]] = []
        self.errors: list[ArenaError] = []
        self.asked: list[float] = []
        self.closed = 0
        self._results = iter(results)

    async def join(self) -> Connection:
        """Give the next result."""
        result = next(self._results)
        if result is not None:
            raise result
        connection: Any = SimpleNamespace(aclose=self._close)
        given: Connection = connection
        return given

    async def _close(self) -> None:
        self.closed += 1

    def delays(self) -> Iterator[float]:
        """Give pauses that tell how many there were since the last new beginning."""
        for count in itertools.count(1):
            self.asked.append(count)
            yield count / 1000

    def failed(self, error: ArenaError, pause_s: float) -> None:
        """Take note of a failure."""
        self.failures.append((str(error), pause_s))
        self.errors.append(error)

    async def run(self) -> ArenaError:
        """Keep joined, losing each connection at once, until that gives up."""
        again = keep_joined(self.join, delays=self.delays, on_failure=self.failed)
        async with aclosing(again) as connections:
            with pytest.raises(AccessDenied) as caught:
                async for _ in connections:
                    pass
        return caught.value


END = AccessDenied('token', status=401)


async def test_each_failure_is_told_with_the_pause_after_it() -> None:
    """The pauses are those of the generator that was given."""
    script = Script(ConnectError('down'), RoomNotFound('missing'), RoleTaken('x', holder='y'), END)

    error = await script.run()

    assert error is END
    assert script.failures == [('down', 0.001), ('missing', 0.002), ('x', 0.003)]


async def test_a_connection_that_does_not_last_is_no_success() -> None:
    """A server that takes joins and drops them at once is not hammered."""
    script = Script(ConnectError('down'), None, None, ConnectError('down'), END)

    await script.run()

    assert script.asked == [1, 2, 3, 4]
    assert script.closed == 2


async def test_a_connection_that_lasted_starts_the_pauses_anew(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """After a while in the room the next loss is the first one again."""
    monkeypatch.setattr(keeping_module, 'STEADY_AFTER_S', 0.0)
    script = Script(ConnectError('down'), ConnectError('down'), None, ConnectError('down'), END)

    await script.run()

    assert script.asked == [1, 2, 1, 2]


async def test_closing_the_iterator_leaves_the_room(arena: Arena) -> None:
    """Who stops keeping joined is not joined any more."""

    async def join() -> Connection:
        return await open_connection(arena.address, 'lab', arena.room_id, PRODUCER)

    def unexpected(error: ArenaError, _: float) -> None:
        raise error

    async with aclosing(keep_joined(join, delays=no_pauses, on_failure=unexpected)) as again:
        await anext(again)
        during = await arena.rooms.info('lab', arena.room_id)
    after = await arena.rooms.info('lab', arena.room_id)

    assert [during['has_producer'], after['has_producer']] == [True, False]


@pytest.mark.parametrize(
    ('error', 'expected'),
    [
        (AccessDenied('x', status=401), False),
        (AccessDenied('x', status=403), True),
        (RequestRejected('x', status=422), False),
        (RequestRejected('x', status=503), True),
        (InvalidAddress('x'), False),
        (InvalidAccess('x'), False),
        (InvalidProxy('x'), False),
        (ConnectError('x'), True),
        (ConnectionLost('x'), True),
        (UnexpectedError(RuntimeError('x')), True),
        (RoomNotFound('x'), True),
        (RoleTaken('x', holder='y'), True),
        (JoinRefused('x'), True),
        (ProtocolError('x', reason='json'), True),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_nobody_but_a_setting_can_cure_is_not_tried_again(
    error: ArenaError, expected: bool
) -> None:
    """A refused token, an impossible id and a bad URL stay what they are; the rest may pass."""
    assert is_retryable(error) is expected


STATUSES = [*range(300, 309), *range(400, 432), 451, *range(500, 512), 521, 599]


@pytest.mark.parametrize('status', STATUSES)
async def test_both_sides_end_for_the_same_answers(status: int) -> None:
    """
    What a proxy may answer once is tried again, over REST and WebSocket alike.

    A side that makes its room asks over REST first, as a producing bridge does; the other one
    opens the WebSocket at once, as a consuming bridge does.
    """
    body = b'{"detail":"x"}'
    head = f'HTTP/1.1 {status} Whatever\r\nContent-Length: {len(body)}\r\n\r\n'
    async with answering(head.encode() + body) as url:
        address = Address.parse(url)
        with pytest.raises(ArenaError) as rest:
            await Rooms(address).ensure('lab', 'arm')
        with pytest.raises(ArenaError) as socket:
            await open_connection(address, 'lab', 'arm', PRODUCER)

    expected = status not in (401, 422)
    assert (is_retryable(rest.value), is_retryable(socket.value)) == (expected, expected)


async def test_a_defect_while_joining_is_a_failed_attempt() -> None:
    """It is told as a bug, with its cause, and the next attempt counts."""
    bug = RuntimeError('a bug')
    script = Script(None, ConnectError('down'), bug, END)

    assert await script.run() is END

    assert script.failures[1][0] == "joining failed because of a bug: RuntimeError('a bug')"
    assert script.errors[1].__cause__ is bug


def test_pauses_grow_and_stay_within_their_bounds() -> None:
    """Each pause is between half its turn's length and all of it; turns double to the limit."""
    for _ in range(100):
        pauses = list(itertools.islice(backoff(0.5, 10.0), 8))
        for pause_s, upper_s in zip(pauses, (0.5, 1, 2, 4, 8, 10, 10, 10), strict=True):
            assert upper_s / 2 <= pause_s <= upper_s


def test_pauses_differ_between_clients() -> None:
    """Many clients do not come back at one moment."""
    assert len({next(backoff(0.5, 10.0)) for _ in range(100)}) > 50
