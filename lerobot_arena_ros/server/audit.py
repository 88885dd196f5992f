"""The file of the audit log. A thread appends its lines, so that no client waits for a disk."""

from __future__ import annotations

import contextlib
import logging
from logging.handlers import WatchedFileHandler
import os

from lerobot_arena_ros.output.log_queue import LogQueue

from ..arena.json_text import dump

__all__ = ['AuditFile']

_log = logging.getLogger('lerobot_arena_ros.server')


class AuditFile:
    """
    Appends lines to a file, and begins it anew when it was moved away, as logrotate does.

    A new file can be read by its owner alone, because it names who did what.

    :param path: where it is.
    :raises OSError: it cannot be written to.
    """

    def __init__(self, path: str) -> None:
        self._path = path
        self._descriptor = self._make()
        self._handler = _Handler(path)
        self._queue = LogQueue(self._descriptor, self._tell_lost)

    def put(self, line: str) -> None:
        """Have a line written soon; any thread."""
        self._queue.put(lambda _: self._write(line))

    def _make(self) -> int:
        return os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)

    def _write(self, line: str) -> None:
        # The handler would make it anew with what the umask allows.
        with contextlib.suppress(OSError):
            os.close(self._make())
        self._handler.emit(logging.makeLogRecord({'msg': '%s', 'args': (line,)}))

    def _tell_lost(self, lines: int) -> None:
        self._write(dump({'event': 'lines_lost', 'lines': lines}))


class _Handler(WatchedFileHandler):
    """Logs once that the file cannot be written to, instead of a traceback for each line."""

    _has_failed = False

    def __init__(self, path: str) -> None:
        super().__init__(path, encoding='utf-8')

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802
        """Log the failure; called by the library."""
        if not self._has_failed:
            self._has_failed = True
            _log.exception('event=audit_failed path=%r', self.baseFilename)
