# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""An event loop in a thread of its own, for callers that block."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
import concurrent.futures
import logging
import threading
from typing import Any, TypeVar

from .errors import NotConnected

__all__ = ['LoopThread']

T = TypeVar('T')

_logger = logging.getLogger(__name__)


class LoopThread:
    """
    A running event loop; end it with :meth:`close`.

    :param name: the name of the thread.
    """

    def __init__(self, name: str) -> None:
        self._loop = asyncio.new_event_loop()
        # A program that ends without close() must not hang.
        self._thread = threading.Thread(target=self._loop.run_forever, name=name, daemon=True)
        self._thread.start()

    def run(self, work: Coroutine[Any, Any, T], timeout_s: float) -> T:
        """
        Run a coroutine in the loop, and return its result.

        :raises NotConnected: there was no result in time; the coroutine is then cancelled.
        """
        future = asyncio.run_coroutine_threadsafe(work, self._loop)
        try:
            return future.result(timeout_s)
        except concurrent.futures.TimeoutError:
            future.cancel()
            raise NotConnected(f'the arena did not answer within {timeout_s:g} s') from None

    def finish(self, work: Coroutine[Any, Any, None], timeout_s: float) -> None:
        """Run a coroutine that leaves a room; a server that does not answer is logged only."""
        try:
            self.run(work, timeout_s)
        except NotConnected as exc:
            _logger.warning('leaving a room: %s', exc)

    def close(self) -> None:
        """Cancel what still runs in the loop, and end the thread."""
        asyncio.run_coroutine_threadsafe(_cancel_others(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


async def _cancel_others() -> None:
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)
    await asyncio.get_running_loop().shutdown_asyncgens()
