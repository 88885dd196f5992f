# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""Passes the log lines of the media libraries on to the log of a node."""

from __future__ import annotations

import logging

from ..runtime.node_log import NodeLog

__all__ = ['PythonLog']

_OURS = 'lerobot_arena_ros'
_FFMPEG = 'libav'


class PythonLog(logging.Handler):
    """
    Log the warnings of our clients, which use the logging of Python, as lines of the node.

    :param log: the log of the node, which never blocks.
    """

    def __init__(self, log: NodeLog) -> None:
        super().__init__(logging.WARNING)
        self._log = log

    def install(self) -> None:
        """Take the lines of this package, and silence those of FFmpeg, one for each picture."""
        logger = logging.getLogger(_OURS)
        logger.addHandler(self)
        logger.propagate = False
        logging.getLogger(_FFMPEG).setLevel(logging.CRITICAL)

    def uninstall(self) -> None:
        """Restore what :meth:`install` has changed; idempotent."""
        logger = logging.getLogger(_OURS)
        logger.removeHandler(self)
        logger.propagate = True

    def emit(self, record: logging.LogRecord) -> None:
        """Log a line; its throttle key is its text before the values are inserted."""
        text = self.format(record)
        if record.levelno >= logging.ERROR:
            self._log.error(text, throttle=str(record.msg))
        else:
            self._log.warning(text, throttle=str(record.msg))
