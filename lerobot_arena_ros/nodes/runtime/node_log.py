"""The log of a node, whose lines the one queue of the process writes."""

from __future__ import annotations

import functools
import os
import time

from rclpy.impl.rcutils_logger import RcutilsLogger
from rclpy.logging import LoggingSeverity, get_logger

from lerobot_arena_ros.output.log_queue import LogQueue

__all__ = ['NodeLog', 'flush', 'lost_lines']

THROTTLE_S = 1.0
"""Between two lines with the same throttle key, in seconds."""

SHOWN_WAIT_S = 1.0
"""A line that waited longer is marked, because rclpy stamps it when it is written."""


class NodeLog:
    """
    What a node logs. Any thread may, under any lock: each call returns at once.

    ``throttle`` names lines of which one is logged in :data:`THROTTLE_S`.

    :param logger: the node's, by which the lines are written.
    """

    def __init__(self, logger: RcutilsLogger) -> None:
        self._logger = logger
        self._logged_at: dict[str, float] = {}

    def info(self, text: str) -> None:
        """Log what is as it should be."""
        self._put(LoggingSeverity.INFO, text)

    def warning(self, text: str, *, throttle: str | None = None) -> None:
        """Log what a person should look at."""
        if not self._is_throttled(throttle):
            self._put(LoggingSeverity.WARN, text)

    def error(self, text: str, *, throttle: str | None = None) -> None:
        """Log what went wrong; such a line is lost last."""
        if not self._is_throttled(throttle):
            self._put(LoggingSeverity.ERROR, text)

    def _is_throttled(self, key: str | None) -> bool:
        if key is None:
            return False
        now = time.monotonic()
        if now - self._logged_at.get(key, -THROTTLE_S) < THROTTLE_S:
            return True
        self._logged_at[key] = now
        return False

    def _put(self, severity: LoggingSeverity, text: str) -> None:
        # A peer chooses some of the words, and rclpy refuses half a surrogate pair.
        text = text.encode(errors='backslashreplace').decode()
        write = functools.partial(_write, self._logger, severity, text)
        _queue.put(write, is_error=severity is LoggingSeverity.ERROR)


def lost_lines() -> int:
    """Count the log lines of this process that were lost so far."""
    return _queue.lost


def flush() -> None:
    """Wait until all lines are written, but not for long."""
    _queue.flush()


def _write(logger: RcutilsLogger, severity: LoggingSeverity, text: str, waited_s: float) -> None:
    if waited_s > SHOWN_WAIT_S:
        text = f'{text} (logged {waited_s:.1f} s late)'
    # A call for each severity, because rclpy refuses another one from the same line.
    if severity is LoggingSeverity.ERROR:
        logger.error(text)
    elif severity is LoggingSeverity.WARN:
        logger.warning(text)
    else:
        logger.info(text)


def _tell_lost(lines: int) -> None:
    get_logger('lerobot_arena_ros').warning(
        f'{lines} log lines were lost because {_STREAM} was not read'
    )


_STREAM = 'stdout' if os.environ.get('RCUTILS_LOGGING_USE_STDOUT') == '1' else 'stderr'
_queue = LogQueue(1 if _STREAM == 'stdout' else 2, _tell_lost)
