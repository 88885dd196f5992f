# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""Handles SIGHUP: the server reads its tokens again. Without a handler, SIGHUP would end it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
import contextlib
import signal

from ..access.rules import Rules
from ..participants.connection_manager import ConnectionManager
from .options import Options, UsageError, read_grants

__all__ = ['SighupHandler', 'reload_tokens']


class SighupHandler:
    """
    Handles SIGHUP until the process ends.

    Create it at the start of the process, so that a signal before the start of the loop is handled
    too.
    """

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._received = asyncio.Event()
        signal.signal(signal.SIGHUP, lambda *_: self._on_signal())

    async def run(self, reload: Callable[[], Awaitable[None]]) -> None:
        """Call a function after each signal; signals during a call cause one more call."""
        self._loop = asyncio.get_running_loop()
        while True:
            await self._received.wait()
            self._received.clear()
            await reload()

    def _on_signal(self) -> None:
        if self._loop is None:
            self._received.set()
            return
        with contextlib.suppress(RuntimeError):  # The loop has ended.
            self._loop.call_soon_threadsafe(self._received.set)


async def reload_tokens(options: Options, manager: ConnectionManager, rules: Rules) -> None:
    """Replace the tokens with those of the file, and disconnect clients without a valid token."""
    try:
        # In a thread, because reading many tokens must not delay an emergency stop.
        grants = await asyncio.to_thread(read_grants, options)
    except UsageError as exc:
        manager.log.warn('tokens_not_read', why=exc, kept='the tokens that were read before')
        return
    if grants is None:
        manager.log.note('tokens_not_read', why='neither --tokens nor --token-file is given')
        return
    rules.tokens.replace(grants)
    manager.log.record('tokens_read', tokens=len(grants))
    manager.revoke()
