"""
The thread of the asyncio loop; the only file that crosses threads.

The ROS thread hands over work and values and never waits for the loop, except to see a task end.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Mapping
import concurrent.futures
import contextlib
import threading
from typing import Any

__all__ = ['ArenaThread', 'LatestValues']


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


class LatestValues:
    """
    A slot for the newest value of each joint: put by any thread, taken on the loop.

    What is put while nobody takes merges; nothing queues.

    :param thread: whose loop takes.
    """

    def __init__(self, thread: ArenaThread) -> None:
        self._thread = thread
        self._lock = threading.Lock()
        self._values: dict[str, float] = {}
        self._filled = asyncio.Event()

    def put(self, values: Mapping[str, float]) -> None:
        """Replace these joints' values; any thread."""
        with self._lock:
            wake = not self._values
            self._values.update(values)
        if wake:
            self._thread.post(self._filled.set)

    def clear(self) -> None:
        """Forget what was not taken; any thread."""
        with self._lock:
            self._values = {}

    async def filled(self) -> None:
        """Wait until there is something to take."""
        while not self._values:
            self._filled.clear()
            await self._filled.wait()

    def take(self) -> dict[str, float]:
        """Remove what was put; on the loop."""
        with self._lock:
            values, self._values = self._values, {}
        return values
