# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""Awaiting for a limited time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import TypeVar

__all__ = ['within']

T = TypeVar('T')


async def within(seconds: float | None, work: Awaitable[T]) -> T:
    """
    Return the result of some work; cancel it if it takes too long.

    Use it instead of ``asyncio.wait_for``, which before Python 3.12 swallows a cancellation of the
    caller that comes together with the result. The caller would then never end.

    :param seconds: None for no limit.
    :raises asyncio.TimeoutError: the work was not done in time.
    """
    task = asyncio.ensure_future(work)
    try:
        await asyncio.wait([task], timeout=seconds)
        if not task.done():
            raise asyncio.TimeoutError
        return task.result()
    finally:
        task.cancel()
        await asyncio.wait([task])
        if not task.cancelled():
            task.exception()  # Retrieve it, or the loop would log an exception never retrieved.
