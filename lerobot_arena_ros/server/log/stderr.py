# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""Logging of ``arena_server`` to stderr, by a thread, so that the server never blocks on it."""

from __future__ import annotations

import functools
import logging
import sys

from lerobot_arena_ros.output.log_queue import LogQueue

__all__ = ['log_to_stderr']

_STDERR = 2


class _QueueHandler(logging.Handler):
    """Puts each line into the queue without blocking."""

    def emit(self, record: logging.LogRecord) -> None:
        is_error = record.levelno >= logging.ERROR
        _queue.put(functools.partial(_write, self.format(record)), is_error=is_error)


def log_to_stderr(level: str) -> None:
    """Log to stderr until the process ends, at this level (such as ``info``) and above."""
    handler = _QueueHandler()
    handler.setFormatter(logging.Formatter('%(levelname)s %(name)s: %(message)s'))
    logging.basicConfig(handlers=[handler], level=level.upper())


def _write(text: str, _: float) -> None:
    sys.stderr.write(f'{text}\n')


def _report_lost(lines: int) -> None:
    _write(f'WARNING lerobot_arena_ros.server: event=log_lines_lost lines={lines}', 0.0)


_queue = LogQueue(_STDERR, _report_lost)
