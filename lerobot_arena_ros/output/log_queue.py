"""
A bounded queue of log lines, and the thread that writes them.

A caller may hold a lock that a stop needs, so it must not wait until its line is written.
"""

from __future__ import annotations

import atexit
from collections.abc import Callable
import contextlib
import threading
import time

from .streams import wait_until_writable
from .waiting_lines import WaitingLines, Write

__all__ = ['FLUSH_S', 'LogQueue']

FLUSH_S = 0.5
"""How long the end of a process waits for its last lines, in seconds."""


class LogQueue:
    """
    The queue of a process, whose daemon thread begins with the first line.

    :param descriptor: where lines end up; while it takes nothing, they wait.
    :param tell_lost: writes that so many lines were lost; called by the thread.
    """

    def __init__(self, descriptor: int, tell_lost: Callable[[int], object]) -> None:
        self._descriptor = descriptor
        self._tell_lost = tell_lost
        self._lines = WaitingLines()
        self._told = 0
        self._is_writing = False
        self._changed = threading.Condition()  # Held for no longer than one line takes to move.
        self._thread: threading.Thread | None = None

    @property
    def lost(self) -> int:
        """Lines that were lost so far; any thread."""
        return self._lines.lost

    def put(self, write: Write, *, is_error: bool = False) -> None:
        """Have a line written soon; any thread, under any lock."""
        with self._changed:
            self._lines.put(write, time.monotonic(), is_error=is_error)
            self._changed.notify_all()
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name='log', daemon=True)
                self._thread.start()
                atexit.register(self.flush)

    def flush(self, timeout_s: float = FLUSH_S) -> bool:
        """
        Wait until all lines are written, once before the end.

        :returns: whether they were in time.
        """
        atexit.unregister(self.flush)
        with self._changed:
            return self._changed.wait_for(
                lambda: not self._lines and not self._is_writing, timeout_s
            )

    def _run(self) -> None:
        while True:
            with self._changed:
                self._is_writing = False
                self._changed.notify_all()
                self._changed.wait_for(lambda: len(self._lines))
            wait_until_writable(self._descriptor)
            with self._changed:
                write, put_at_s = self._lines.take()
                lost, self._told = self._lines.lost - self._told, self._lines.lost
                self._is_writing = True
            with contextlib.suppress(Exception):  # What cannot be written must not end the log.
                if lost:
                    self._tell_lost(lost)
                write(time.monotonic() - put_at_s)
