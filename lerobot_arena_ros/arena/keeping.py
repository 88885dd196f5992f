"""The iterator that keeps a room joined: when to try again, and when not to."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator
import random
import time
from typing import TYPE_CHECKING

from .errors import AccessDenied, ArenaError, InvalidAccess, InvalidAddress

if TYPE_CHECKING:
    from .connection import Connection

__all__ = ['backoff', 'is_retryable', 'keep_joined']

STEADY_AFTER_S = 5.0
"""A connection that lasted this long was a success: the pauses start anew after its loss."""


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
        except ArenaError as exc:
            if not is_retryable(exc):
                raise
            pause_s = next(pauses)
            on_failure(exc, pause_s)
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
    """Say whether the same join may succeed later without anybody changing a setting."""
    return not isinstance(error, AccessDenied | InvalidAccess | InvalidAddress)


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
