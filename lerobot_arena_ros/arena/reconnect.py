# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""Reconnection: the iterator that rejoins a room, its backoff and its retry rule."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator
import random
import time

from .connection import Connection
from .errors import (
    ArenaError,
    ConnectError,
    InvalidAccess,
    InvalidAddress,
    RequestRejected,
    UnexpectedError,
)

__all__ = ['backoff', 'is_retryable', 'keep_joined']

STEADY_AFTER_S = 5.0
"""A connection that lasted this long resets the backoff."""

FINAL_STATUSES = frozenset((401, 422))
"""
The statuses that only a changed setting can fix: a missing or wrong token, and an invalid id.
"""


async def keep_joined(
    join: Callable[[], Awaitable[Connection]],
    *,
    delays: Callable[[], Iterator[float]],
    on_failure: Callable[[ArenaError, float], None],
) -> AsyncGenerator[Connection, None]:
    """
    Yield a joined connection, and a new one after each loss, forever.

    The caller iterates each connection and must catch its :class:`ConnectionLost`. Close the
    iterator with ``contextlib.aclosing``.

    :param join: opens a connection.
    :param delays: returns the pauses between attempts, in seconds; called again after success.
    :param on_failure: called with each error and the pause that follows, in seconds.
    :raises ArenaError: an error that is not retryable, see :func:`is_retryable`.
    """
    pauses = delays()
    while True:
        try:
            connection = await join()
        except Exception as exc:
            # A bug while joining must not end a robot's link, because the next attempt may work.
            error = exc if isinstance(exc, ArenaError) else UnexpectedError(exc)
            if not is_retryable(error):
                raise
            pause_s = next(pauses)
            on_failure(error, pause_s)
        else:
            joined_at = time.monotonic()
            try:
                yield connection
            finally:
                await connection.aclose()
            if time.monotonic() - joined_at >= STEADY_AFTER_S:
                pauses = delays()
            pause_s = next(pauses)
        await asyncio.sleep(pause_s)


def is_retryable(error: ArenaError) -> bool:
    """
    Return whether the same join may succeed later without a changed setting.

    The rule is the same for both roles, for REST and WebSocket, and before and after the first
    join. docs/reference/client.md has it as a table. Only a permanent refusal of the arena itself
    is final. Any other HTTP status may be temporary, because it may come from a proxy, a gateway
    or a server that is being replaced.
    """
    if isinstance(error, RequestRejected | ConnectError):
        return error.status not in FINAL_STATUSES
    return not isinstance(error, InvalidAccess | InvalidAddress)


def backoff(shortest_s: float, longest_s: float) -> Iterator[float]:
    """
    Yield exponentially growing pauses with jitter, so that clients do not reconnect all at once.

    :param shortest_s: the upper limit of the first pause.
    :param longest_s: the upper limit of all pauses.
    """
    pause_s = shortest_s
    while True:
        yield random.uniform(0.5 * pause_s, pause_s)
        pause_s = min(2 * pause_s, longest_s)
