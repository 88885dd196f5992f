# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""
The thread of the asyncio event loop.

The ROS thread submits work to the loop. It waits for the loop only to close tasks or the loop.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
import concurrent.futures
import contextlib
import functools
import threading
from typing import Any

__all__ = ['ArenaThread']


class ArenaThread:
    """Run an event loop in its own thread, from construction until :meth:`close`."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        # The thread is a daemon, so that a stuck socket cannot prevent the process from exiting.
        self._thread = threading.Thread(target=self._run, name='arena', daemon=True)
        self._thread.start()

    def start(
        self, work: Coroutine[Any, Any, None]
    ) -> concurrent.futures.Future[asyncio.Task[None]]:
        """Start a task on the loop; call it from any thread."""
        return asyncio.run_coroutine_threadsafe(self._create_task(work), self._loop)

    def cancel(
        self, task: concurrent.futures.Future[asyncio.Task[None]], timeout_s: float
    ) -> bool:
        """
        Cancel a task and wait for its cleanup; call it from any thread except the loop's.

        :returns: whether the task ended before the timeout.
        """
        cancelling = asyncio.run_coroutine_threadsafe(_cancel(task), self._loop)
        with contextlib.suppress(concurrent.futures.TimeoutError):
            cancelling.result(timeout_s)
            return True
        return False

    def drain(self, timeout_s: float) -> bool:
        """
        Wait until every task has ended; call it from any thread except the loop's.

        After :meth:`close`, no task runs.

        :returns: whether all tasks ended before the timeout.
        """
        if not self._thread.is_alive():
            return True
        draining = asyncio.run_coroutine_threadsafe(_all_ended(), self._loop)
        with contextlib.suppress(concurrent.futures.TimeoutError):
            draining.result(timeout_s)
            return True
        return False

    def post(self, callback: Callable[[], object]) -> None:
        """
        Schedule a call of a function on the loop; call it from any thread.

        After :meth:`close`, this does nothing.
        """
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(callback)

    def post_later(self, callback: Callable[[], object], delay_s: float) -> None:
        """Schedule a call of a function on the loop after a delay; see :meth:`post`."""
        later = functools.partial(self._loop.call_later, delay_s, callback)
        if threading.current_thread() is self._thread:
            # Waking the loop would take another iteration, which delays an emergency stop.
            later()
        else:
            self.post(later)

    def close(self, timeout_s: float) -> bool:
        """
        End the loop and its thread; further calls do nothing.

        :returns: whether the thread ended before the timeout.
        """
        self.post(self._loop.stop)
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    async def _create_task(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        return asyncio.create_task(work)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        try:
            self._loop.run_forever()
        finally:
            self._loop.run_until_complete(self._loop.shutdown_asyncgens())
            self._loop.close()


async def _cancel(start: concurrent.futures.Future[asyncio.Task[None]]) -> None:
    task = await asyncio.wrap_future(start)
    task.cancel()
    await asyncio.wait([task])


async def _all_ended() -> None:
    tasks = asyncio.all_tasks() - {asyncio.current_task()}
    if tasks:
        await asyncio.wait(tasks)
