"""
The thread of the asyncio loop.

The ROS thread hands over work and never waits for the loop, except to see a task end.
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
    """An event loop in a thread of its own, from construction to :meth:`stop`."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        # A daemon, as the last net: a stuck socket must not keep the process from ending.
        self._thread = threading.Thread(target=self._run, name='arena', daemon=True)
        self._thread.start()

    def start(
        self, work: Coroutine[Any, Any, None]
    ) -> concurrent.futures.Future[asyncio.Task[None]]:
        """Begin a task on the loop; any thread."""
        return asyncio.run_coroutine_threadsafe(self._begin(work), self._loop)

    def end(self, task: concurrent.futures.Future[asyncio.Task[None]], timeout_s: float) -> bool:
        """
        Cancel a task and wait until it has cleaned up; any thread but the loop's.

        :returns: whether it was done in time.
        """
        ending = asyncio.run_coroutine_threadsafe(_cancel(task), self._loop)
        with contextlib.suppress(concurrent.futures.TimeoutError):
            ending.result(timeout_s)
            return True
        return False

    def drain(self, timeout_s: float) -> bool:
        """
        Wait until every task has ended; any thread but the loop's. After :meth:`stop`, none is.

        :returns: whether it was so in time.
        """
        if not self._thread.is_alive():
            return True
        draining = asyncio.run_coroutine_threadsafe(_all_ended(), self._loop)
        with contextlib.suppress(concurrent.futures.TimeoutError):
            draining.result(timeout_s)
            return True
        return False

    def post(self, callback: Callable[[], object]) -> None:
        """Have a function called on the loop; any thread. After :meth:`stop`, nothing."""
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(callback)

    def post_later(self, callback: Callable[[], object], delay_s: float) -> None:
        """Have a function called on the loop in so many seconds; see :meth:`post`."""
        later = functools.partial(self._loop.call_later, delay_s, callback)
        if threading.current_thread() is self._thread:
            later()  # Waking the loop is another turn of it, which a stop has no time for.
        else:
            self.post(later)

    def stop(self, timeout_s: float) -> bool:
        """End the loop and its thread; idempotent. Says whether it was done in time."""
        self.post(self._loop.stop)
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    async def _begin(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
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
