# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""The only pollers of the tests: each waits for a condition, and its failure names it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
import time

__all__ = [
    'PATIENCE_S',
    'ticks',
    'until',
    'wait_for',
    'wait_in_each_iteration',
    'wait_until',
    'within',
]

PERIOD_S = 0.005

PATIENCE_S = 30.0
"""The deadline of a wait; on a busy machine, everything takes ten times as long."""


async def wait_until(
    condition: Callable[[], object], what: str, timeout_s: float = PATIENCE_S
) -> None:
    """
    Run the event loop until a condition holds.

    :param what: the name of the condition for the failure.
    :raises AssertionError: the deadline has passed; the text has the last value.
    """
    deadline = time.monotonic() + timeout_s
    while not (seen := condition()):
        assert time.monotonic() < deadline, _failure(what, timeout_s, seen)
        await asyncio.sleep(PERIOD_S)


def wait_for(
    condition: Callable[[], object],
    what: str | Callable[[], str],
    timeout_s: float = PATIENCE_S,
) -> None:
    """
    Block until a condition holds.

    :param what: the name of the condition for the failure, or a function that returns it.
    :raises AssertionError: the deadline has passed; the text has the last value.
    """
    deadline = time.monotonic() + timeout_s
    while not (seen := condition()):
        assert time.monotonic() < deadline, _failure(what, timeout_s, seen)
        time.sleep(PERIOD_S)


def within(condition: Callable[[], object], timeout_s: float) -> bool:
    """Block until a condition holds, and return True, or until the timeout, and return False."""
    deadline = time.monotonic() + timeout_s
    while not condition():
        if time.monotonic() >= deadline:
            return False
        time.sleep(PERIOD_S)
    return True


async def ticks(rate_hz: float) -> AsyncIterator[int]:
    """Yield 0, 1, 2, ... at a rate, as the source of a stream does; not a way to wait."""
    count = 0
    while True:
        yield count
        count += 1
        await asyncio.sleep(1.0 / rate_hz)


async def wait_in_each_iteration(condition: Callable[[], object], what: str) -> None:
    """
    Check a condition in each iteration of the event loop until it holds.

    :param what: the name of the condition for the failure.
    :raises AssertionError: it does not hold within :data:`PATIENCE_S`; the text has its value.
    """
    deadline = time.monotonic() + PATIENCE_S
    while not (seen := condition()):
        assert time.monotonic() < deadline, _failure(what, PATIENCE_S, seen)
        await asyncio.sleep(0)


async def until(moment: float) -> None:
    """Delay until a time of the event loop's clock, to simulate a slow network."""
    await asyncio.sleep(moment - asyncio.get_running_loop().time())


def _failure(what: str | Callable[[], str], timeout_s: float, seen: object) -> str:
    name = what if isinstance(what, str) else what()
    return f'waited {timeout_s:g} s for {name}; last seen: {seen!r}'
