"""SIGHUP: the server reads its tokens again. Without a handler, the signal would end it."""

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
    Takes SIGHUP from now on, for as long as the process runs.

    Made at the start of the process, so that a signal that comes before the loop runs counts, too.
    """

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._received = asyncio.Event()
        signal.signal(signal.SIGHUP, lambda *_: self._on_signal())

    async def run(self, reload: Callable[[], Awaitable[None]]) -> None:
        """Call a function after each signal; once for those that come while it runs."""
        self._loop = asyncio.get_running_loop()
        while True:
            await self._received.wait()
            self._received.clear()
            await reload()

    def _on_signal(self) -> None:
        if self._loop is None:
            self._received.set()
            return
        with contextlib.suppress(RuntimeError):  # The loop has ended, and all with it.
            self._loop.call_soon_threadsafe(self._received.set)


async def reload_tokens(options: Options, manager: ConnectionManager, rules: Rules) -> None:
    """Take the tokens of the file as it is now, and disconnect those whose token is gone."""
    try:
        # In a thread, because a stop must not wait until many tokens are read.
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
