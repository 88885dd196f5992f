# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""The log of a node; a queue that all nodes of the process share writes its lines."""

from __future__ import annotations

import functools
import os
import time

from rclpy.impl.rcutils_logger import RcutilsLogger
from rclpy.logging import LoggingSeverity, get_logger

from lerobot_arena_ros.output.log_queue import LogQueue

__all__ = ['NodeLog', 'flush', 'lost_lines']

THROTTLE_S = 1.0
"""Minimum time between two lines with the same throttle key, in seconds."""

SHOWN_WAIT_S = 1.0
"""A line that waited longer is marked as late, because its stamp is the time of writing."""


class NodeLog:
    """
    The log of a node, which never blocks the caller.

    Any thread may call it, also while it holds a lock. ``throttle`` is a key: of the lines with
    the same key, at most one is logged per :data:`THROTTLE_S`.

    :param logger: logger of the node, which writes the lines.
    """

    def __init__(self, logger: RcutilsLogger) -> None:
        self._logger = logger
        self._logged_at: dict[str, float] = {}

    def info(self, text: str) -> None:
        """Log an expected event."""
        self._put(LoggingSeverity.INFO, text)

    def warning(self, text: str, *, throttle: str | None = None) -> None:
        """Log an event that a person should check."""
        if not self._is_throttled(throttle):
            self._put(LoggingSeverity.WARN, text)

    def error(self, text: str, *, throttle: str | None = None) -> None:
        """Log a failure; if the queue is full, errors are dropped last."""
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
        # The text may contain text from a peer, and rclpy rejects a lone surrogate.
        text = text.encode(errors='backslashreplace').decode()
        write = functools.partial(_write, self._logger, severity, text)
        _queue.put(write, is_error=severity is LoggingSeverity.ERROR)


def lost_lines() -> int:
    """Return how many log lines of this process were lost so far."""
    return _queue.lost


def flush() -> None:
    """Wait until all lines are written, or until a short timeout."""
    _queue.flush()


def _write(logger: RcutilsLogger, severity: LoggingSeverity, text: str, waited_s: float) -> None:
    if waited_s > SHOWN_WAIT_S:
        text = f'{text} (logged {waited_s:.1f} s late)'
    # One call per severity, because rclpy rejects another severity from the same source line.
    if severity is LoggingSeverity.ERROR:
        logger.error(text)
    elif severity is LoggingSeverity.WARN:
        logger.warning(text)
    else:
        logger.info(text)


def _log_lost(lines: int) -> None:
    get_logger('lerobot_arena_ros').warning(
        f'{lines} log lines were lost because {_STREAM} was not read'
    )


_STREAM = 'stdout' if os.environ.get('RCUTILS_LOGGING_USE_STDOUT') == '1' else 'stderr'
_queue = LogQueue(1 if _STREAM == 'stdout' else 2, _log_lost)
