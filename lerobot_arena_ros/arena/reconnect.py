"""The iterator that keeps a room joined: when to try again, and when not to."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator
import random
import time
from typing import TYPE_CHECKING

from .errors import (
    ArenaError,
    ConnectError,
    InvalidAccess,
    InvalidAddress,
    RequestRejected,
    UnexpectedError,
)

if TYPE_CHECKING:
    from .connection import Connection

__all__ = ['backoff', 'is_retryable', 'keep_joined']

STEADY_AFTER_S = 5.0
"""A connection that lasted this long was a success: the pauses start anew after its loss."""


FINAL_STATUSES = frozenset((401, 422))
"""
What only a change of a setting cures: a missing or wrong token, and an id that no URL can name.
"""


async def keep_joined(
    join: Callable[[], Awaitable[Connection]],
    *,
    delays: Callable[[], Iterator[float]],
    on_failure: Callable[[ArenaError, float], None],
) -> AsyncGenerator[Connection, None]:
    """
    Give a joined connection, and after its loss the next one, for ever.

    The caller iterates each connection and swallows its :class:`ConnectionLost`. Close the
    iterator with ``contextlib.aclosing``.

    :param join: opens a connection.
    :param delays: gives the pauses in seconds between two attempts; called anew after success.
    :param on_failure: told of each failed attempt and of the pause that follows.
    :raises ArenaError: what another attempt cannot cure, see :func:`is_retryable`.
    """
    pauses = delays()
    while True:
        try:
            connection = await join()
        except Exception as exc:
            # A defect of ours in joining must not end a robot's link, which works without it.
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
    Return whether the same join may succeed later without any setting being changed.

    The rule is the same for both roles, over REST and WebSocket, before and after the first join.
    docs/reference/client.md has it as a table. Only an answer that the arena itself gives for good
    is final: whatever else an HTTP status says may come from a proxy, a gateway or a server that
    is just being replaced, and may be over soon.
    """
    if isinstance(error, RequestRejected | ConnectError):
        return error.status not in FINAL_STATUSES
    return not isinstance(error, InvalidAccess | InvalidAddress)


def backoff(shortest_s: float, longest_s: float) -> Iterator[float]:
    """
    Give growing pauses with jitter, so that many clients do not come back at one moment.

    :param shortest_s: upper end of the first pause.
    :param longest_s: upper end of all pauses.
    """
    pause_s = shortest_s
    while True:
        yield random.uniform(0.5 * pause_s, pause_s)
        pause_s = min(2 * pause_s, longest_s)
