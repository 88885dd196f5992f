# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""The file of the audit log. A thread writes it, so that the server never waits for a disk."""

from __future__ import annotations

import errno
import logging
import os
import stat
import time

from lerobot_arena_ros.output.log_queue import LogQueue

from .rate_limited_log import audit_line

__all__ = ['AuditFile']

WARN_EVERY_S = 60.0
"""The least time between two warnings that the file cannot be written, in seconds."""

_log = logging.getLogger('lerobot_arena_ros.server')


class AuditFile:
    """
    Appends lines to a file, and reopens its path when the file was moved, as logrotate does.

    A new file is readable only by its owner, because it contains addresses and token names. Lines
    that cannot be written are lost. The log reports this at once; the file gets a line with their
    number as soon as it can be written again.

    :param path: the path of the file.
    :raises OSError: the file cannot be written, or is not a regular file.
    """

    def __init__(self, path: str) -> None:
        self._path = path
        self._descriptor = _open(path)
        self._queue = LogQueue(self._descriptor, self._count_lost)
        self._lost = 0
        self._is_failing = False
        self._is_line_incomplete = False
        self._warn_at_s = 0.0

    def put(self, line: str) -> None:
        """Queue a line for writing; may be called in any thread."""
        self._queue.put(lambda _: self._write(line))

    def _write(self, line: str) -> None:
        try:
            self._reopen_if_moved()
            if self._lost:
                self._append(audit_line('lines_lost', {'lines': self._lost}))
                self._log_recovery()
                self._lost = 0
            self._append(line)
        except OSError as exc:
            self._count_lost(1)
            self._warn(exc)

    def _count_lost(self, lines: int) -> None:
        self._lost += lines

    def _warn(self, error: OSError) -> None:
        self._is_failing = True
        now_s = time.monotonic()
        if now_s >= self._warn_at_s:
            self._warn_at_s = now_s + WARN_EVERY_S
            text = 'event=audit_failed path=%r why=%r lines_lost=%d'
            _log.warning(text, self._path, error.strerror, self._lost)

    def _log_recovery(self) -> None:
        if self._is_failing:
            _log.warning('event=audit_goes_on path=%r lines_lost=%d', self._path, self._lost)
        self._is_failing, self._warn_at_s = False, 0.0

    def _reopen_if_moved(self) -> None:
        """Reopen the path if it is now another file or no file."""
        here = os.fstat(self._descriptor)
        try:
            there = os.stat(self._path)
        except FileNotFoundError:
            pass
        else:
            if os.path.samestat(here, there):
                return
        opened = _open(self._path)
        # Keep the number of the descriptor, because the queue polls it.
        os.dup2(opened, self._descriptor, inheritable=False)
        os.close(opened)
        self._is_line_incomplete = False

    def _append(self, line: str) -> None:
        """Append a line; start a new line first if the last write was incomplete (disk full)."""
        data = ('\n' * self._is_line_incomplete + line + '\n').encode()
        while data:
            data = data[os.write(self._descriptor, data) :]
            self._is_line_incomplete = bool(data)


def _open(path: str) -> int:
    # O_NONBLOCK: the open of a pipe without a reader would block; pipes are refused below.
    flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NONBLOCK | os.O_NOCTTY
    descriptor = os.open(path, flags, 0o600)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError(errno.EINVAL, 'not a regular file')
    return descriptor
