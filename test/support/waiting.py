"""The only pollers of the tests: each waits for a condition and fails by the name of it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
import time

__all__ = ['ticks', 'until', 'wait_for', 'wait_until']

PERIOD_S = 0.005


async def wait_until(condition: Callable[[], object], what: str, timeout_s: float = 10.0) -> None:
    """
    Let the loop run until a condition holds.

    :param what: what is awaited, as the failure names it.
    :raises AssertionError: it did not come in time; names the last value, too.
    """
    deadline = time.monotonic() + timeout_s
    while not (seen := condition()):
        assert time.monotonic() < deadline, _failure(what, timeout_s, seen)
        await asyncio.sleep(PERIOD_S)


def wait_for(condition: Callable[[], object], what: str, timeout_s: float = 10.0) -> None:
    """
    Block until a condition holds.

    :param what: what is awaited, as the failure names it.
    :raises AssertionError: it did not come in time; names the last value, too.
    """
    deadline = time.monotonic() + timeout_s
    while not (seen := condition()):
        assert time.monotonic() < deadline, _failure(what, timeout_s, seen)
        time.sleep(PERIOD_S)


async def ticks(rate_hz: float) -> AsyncIterator[int]:
    """Count 0, 1, 2, ... at a rate, as a stream's source does; never a way to wait."""
    count = 0
    while True:
        yield count
        count += 1
        await asyncio.sleep(1.0 / rate_hz)


async def until(moment: float) -> None:
    """Hold something up until a moment of the loop's clock, as a slow network does."""
    await asyncio.sleep(moment - asyncio.get_running_loop().time())


def _failure(what: str, timeout_s: float, seen: object) -> str:
    return f'waited {timeout_s:g} s for {what}; last seen: {seen!r}'
