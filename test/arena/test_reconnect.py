# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""The iterator that rejoins a room: which errors are retried, and after which pause."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import aclosing
import itertools
from types import SimpleNamespace
from typing import Any

import pytest
from support.fake_arena import answering
from support.fault_proxy import fault_proxy_to
from support.room_fixtures import PRODUCER, Arena, EventRecorder, room_at

from lerobot_arena_ros.arena import reconnect as reconnect_module
from lerobot_arena_ros.arena.address import Address
from lerobot_arena_ros.arena.connection import Connection, open_connection
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
from lerobot_arena_ros.arena.reconnect import backoff, is_retryable, keep_joined
from lerobot_arena_ros.arena.rest_client import Rooms

pytestmark = pytest.mark.usefixtures('no_task_left')


async def test_a_lost_room_is_joined_again(own_server_url: str) -> None:
    """After each loss the iterator yields a new connection with a new id, after a pause."""
    failures: list[tuple[ArenaError, float]] = []
    ids: list[str] = []
    async with fault_proxy_to(own_server_url) as proxy, room_at(proxy.url) as arena:

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
                proxy.cut()
                await EventRecorder(connection).ended()

    assert len(set(ids)) == 3
    assert all(isinstance(failure, RoleTaken) for failure, _ in failures)


def no_pauses() -> Iterator[float]:
    """Yield pauses of zero."""
    return itertools.repeat(0.0)


class Script:
    """Joins with scripted results, and a record of the requested pauses."""

    def __init__(self, *results: Exception | None) -> None:
        self.failures: list[tuple[str, float]] = []
        self.errors: list[ArenaError] = []
        self.asked: list[float] = []
        self.closed = 0
        self._results = iter(results)

    async def join(self) -> Connection:
        """Return or raise the next result."""
        result = next(self._results)
        if result is not None:
            raise result
        connection: Any = SimpleNamespace(aclose=self._close)
        given: Connection = connection
        return given

    async def _close(self) -> None:
        self.closed += 1

    def delays(self) -> Iterator[float]:
        """Yield pauses that count the attempts since the last reset of the backoff."""
        for count in itertools.count(1):
            self.asked.append(count)
            yield count / 1000

    def failed(self, error: ArenaError, pause_s: float) -> None:
        """Record a failure."""
        self.failures.append((str(error), pause_s))
        self.errors.append(error)

    async def run(self) -> ArenaError:
        """Run ``keep_joined`` and lose each connection at once, until it gives up."""
        again = keep_joined(self.join, delays=self.delays, on_failure=self.failed)
        async with aclosing(again) as connections:
            with pytest.raises(AccessDenied) as caught:
                async for _ in connections:
                    pass
        return caught.value


END = AccessDenied('token', status=401)


async def test_each_failure_is_reported_with_its_pause() -> None:
    """``on_failure`` gets each error with the pause from the given generator."""
    script = Script(ConnectError('down'), RoomNotFound('missing'), RoleTaken('x', holder='y'), END)

    error = await script.run()

    assert error is END
    assert script.failures == [('down', 0.001), ('missing', 0.002), ('x', 0.003)]


async def test_a_connection_that_does_not_last_is_no_success() -> None:
    """A short connection does not reset the backoff, so that joins do not flood the server."""
    script = Script(ConnectError('down'), None, None, ConnectError('down'), END)

    await script.run()

    assert script.asked == [1, 2, 3, 4]
    assert script.closed == 2


async def test_a_connection_that_lasted_resets_the_backoff(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """After a long connection, the pauses start again with the first one."""
    monkeypatch.setattr(reconnect_module, 'STEADY_AFTER_S', 0.0)
    script = Script(ConnectError('down'), ConnectError('down'), None, ConnectError('down'), END)

    await script.run()

    assert script.asked == [1, 2, 1, 2]


async def test_closing_the_iterator_leaves_the_room(arena: Arena) -> None:
    """Closing the iterator closes its connection."""

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
def test_errors_that_need_a_changed_setting_are_final(error: ArenaError, expected: bool) -> None:
    """A refused token, an invalid id and an invalid URL are final; other errors are retryable."""
    assert is_retryable(error) is expected


STATUSES = [*range(300, 309), *range(400, 432), 451, *range(500, 512), 521, 599]


@pytest.mark.parametrize('status', STATUSES)
async def test_both_roles_end_for_the_same_statuses(status: int) -> None:
    """
    The same HTTP statuses are final over REST and over WebSocket.

    A producer that creates its room sends a REST request first; a consumer opens the WebSocket
    first.
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


async def test_a_bug_while_joining_is_a_failed_attempt() -> None:
    """A bug is reported with its cause, and the next attempt is made."""
    bug = RuntimeError('a bug')
    script = Script(None, ConnectError('down'), bug, END)

    assert await script.run() is END

    assert script.failures[1][0] == "joining failed because of a bug: RuntimeError('a bug')"
    assert script.errors[1].__cause__ is bug


def test_pauses_grow_and_stay_within_their_bounds() -> None:
    """Each pause is between half and all of a length that doubles up to the limit."""
    for _ in range(100):
        pauses = list(itertools.islice(backoff(0.5, 10.0), 8))
        for pause_s, upper_s in zip(pauses, (0.5, 1, 2, 4, 8, 10, 10, 10), strict=True):
            assert upper_s / 2 <= pause_s <= upper_s


def test_pauses_differ_between_clients() -> None:
    """Pauses are random, so that clients do not reconnect at the same moment."""
    assert len({next(backoff(0.5, 10.0)) for _ in range(100)}) > 50
