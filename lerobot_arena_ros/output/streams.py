# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""
Non-blocking standard output and standard error.

A write to a full pipe or to a paused terminal blocks. rclpy holds Python's interpreter lock while
it writes, so one log line would block all threads and delay an emergency stop.
"""

from __future__ import annotations

import io
import os
import select
import stat
import sys
from typing import Any

__all__ = ['never_block', 'wait_until_writable']


def never_block() -> None:
    """
    Make stdout and stderr non-blocking; data that cannot be written at once is lost.

    A pipe or a terminal is reopened, because other processes share the open file description.
    Regular files stay unchanged, and so do descriptors that the system does not let us reopen.
    """
    for name, descriptor in (('stdout', 1), ('stderr', 2)):
        stream = getattr(sys, name)
        if stream is None or not _is_at(stream, descriptor):
            continue
        stream.flush()
        if _make_nonblocking(descriptor):
            raw = io.BufferedWriter(_Lossy(descriptor))
            lossy = io.TextIOWrapper(
                raw, encoding=stream.encoding, errors='backslashreplace', line_buffering=True
            )
            setattr(sys, name, lossy)


def wait_until_writable(descriptor: int, timeout_s: float | None = None) -> bool:
    """
    Wait until a descriptor is writable or has failed.

    :param timeout_s: in seconds; None waits forever.
    :returns: whether that happened within the timeout.
    """
    poller = select.poll()
    poller.register(descriptor, select.POLLOUT)
    return bool(poller.poll(None if timeout_s is None else timeout_s * 1e3))


class _Lossy(io.RawIOBase):
    """A descriptor that hides write errors; Python would exit with a traceback and code 120."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def fileno(self) -> int:
        return self._descriptor

    def isatty(self) -> bool:
        return os.isatty(self._descriptor)

    def writable(self) -> bool:
        return True

    def write(self, data: Any, /) -> int:
        try:
            return os.write(self._descriptor, data)
        except OSError:
            return memoryview(data).nbytes


def _is_at(stream: io.TextIOBase, descriptor: int) -> bool:
    try:
        return stream.fileno() == descriptor
    except OSError:
        return False


def _make_nonblocking(descriptor: int) -> bool:
    try:
        mode = os.fstat(descriptor).st_mode
        if stat.S_ISSOCK(mode):
            os.set_blocking(descriptor, False)
            return True
        if not stat.S_ISFIFO(mode) and not os.isatty(descriptor):
            return False
        flags = os.O_WRONLY | os.O_NONBLOCK | os.O_NOCTTY
        opened = os.open(f'/proc/self/fd/{descriptor}', flags)
    except OSError:
        return False
    os.dup2(opened, descriptor)
    os.close(opened)
    return True
