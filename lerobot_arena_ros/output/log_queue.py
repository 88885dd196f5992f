# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""
A bounded queue of log lines with a writer thread.

A caller may hold a lock that an emergency stop needs, so it must not wait for the write.
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
"""How long a process waits at exit for its last lines to be written, in seconds."""


class LogQueue:
    """
    The log queue of a process; its daemon thread starts with the first line.

    :param descriptor: the file descriptor that receives the lines; lines are queued while it is
        not writable.
    :param report_lost: writes how many lines were lost; called in the writer thread.
    """

    def __init__(self, descriptor: int, report_lost: Callable[[int], object]) -> None:
        self._descriptor = descriptor
        self._report_lost = report_lost
        self._lines = WaitingLines()
        self._reported = 0
        self._is_writing = False
        self._changed = threading.Condition()  # Held only while one line is added or removed.
        self._thread: threading.Thread | None = None

    @property
    def lost(self) -> int:
        """The number of lines lost so far; thread-safe."""
        return self._lines.lost

    def put(self, write: Write, *, is_error: bool = False) -> None:
        """Queue a line for writing; callable from any thread and while holding any lock."""
        with self._changed:
            self._lines.put(write, time.monotonic(), is_error=is_error)
            self._changed.notify_all()
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name='log', daemon=True)
                self._thread.start()
                atexit.register(self.flush)

    def flush(self, timeout_s: float = FLUSH_S) -> bool:
        """
        Wait until all lines are written; called once, at exit.

        :returns: whether all lines were written within the timeout.
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
                lost, self._reported = self._lines.lost - self._reported, self._lines.lost
                self._is_writing = True
            with contextlib.suppress(Exception):  # A failed write must not end the thread.
                if lost:
                    self._report_lost(lost)
                write(time.monotonic() - put_at_s)
