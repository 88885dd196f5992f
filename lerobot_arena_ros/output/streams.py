"""
Standard output and standard error of a process that must never wait for their reader.

A write into a full pipe, or to a terminal that is halted, waits. rclpy holds Python's
interpreter lock while it writes, so one log line would halt all threads and with them the stop.
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
    Let no write to stdout or stderr wait: what is not taken at once is lost.

    A pipe or a terminal is opened anew, because other processes share what is open. Regular files
    stay as they are, and so does what the system does not let us open.
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
    Wait until a descriptor takes something, or has failed.

    :param timeout_s: None to wait for ever.
    :returns: whether that was so in time.
    """
    poller = select.poll()
    poller.register(descriptor, select.POLLOUT)
    return bool(poller.poll(None if timeout_s is None else timeout_s * 1e3))


class _Lossy(io.RawIOBase):
    """A descriptor whose writes never fail: Python would end with a traceback and code 120."""

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
