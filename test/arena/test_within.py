# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""Awaiting for a limited time, and cancellations that come together with the result."""

from __future__ import annotations

import asyncio
import gc
from typing import Any

import pytest

from lerobot_arena_ros.arena.within import within

pytestmark = pytest.mark.usefixtures('no_task_left')


async def test_the_result_is_returned() -> None:
    """With a limit and without."""

    async def work() -> str:
        return 'done'

    for seconds in (30.0, None):
        assert await within(seconds, work()) == 'done'


async def test_an_error_of_the_work_is_raised() -> None:
    """As if it was awaited without a limit."""

    async def fail() -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await within(30.0, fail())


async def test_work_that_takes_too_long_is_cancelled() -> None:
    """Nothing of it goes on."""
    with pytest.raises(asyncio.TimeoutError):
        await within(0.01, asyncio.Event().wait())


async def test_a_cancellation_is_never_swallowed() -> None:
    """Also if it comes together with the result; ``asyncio.wait_for`` of Python 3.11 loses it."""

    async def work() -> str:
        callers[0].cancel()
        return 'done'

    callers = [asyncio.create_task(within(30.0, work()))]
    await asyncio.wait(callers)

    assert callers[0].cancelled()


async def test_work_that_fails_as_the_caller_is_cancelled_logs_nothing() -> None:
    """Its error is retrieved, because the loop would log a traceback otherwise."""
    errors: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: errors.append(context))

    async def fail() -> None:
        callers[0].cancel()
        raise ZeroDivisionError

    callers = [asyncio.create_task(within(30.0, fail()))]
    await asyncio.wait(callers)
    assert callers[0].cancelled()
    callers.clear()
    gc.collect()

    assert errors == []
