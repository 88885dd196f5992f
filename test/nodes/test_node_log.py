# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""Tests of the log of a node."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

pytest.importorskip('rclpy', reason='rclpy is not here: it comes with ROS 2, or as wheels')

from lerobot_arena_ros.nodes.runtime import node_log
from lerobot_arena_ros.nodes.runtime.node_log import NodeLog


class Logger:
    """A logger that records lines, in place of the logger of rclpy."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def info(self, text: str) -> None:
        """Note a line."""
        self.lines.append(f'info {text}')

    def warning(self, text: str) -> None:
        """Note a line."""
        self.lines.append(f'warning {text}')

    def error(self, text: str) -> None:
        """Note a line."""
        self.lines.append(f'error {text}')


@pytest.fixture(name='logger')
def fixture_logger() -> Iterator[Logger]:
    """Yield a logger, and flush the log at the end."""
    yield Logger()
    node_log.flush()


def test_each_severity_is_kept(logger: Logger) -> None:
    """Lines of all severities are written in the order in which they were logged."""
    log = NodeLog(logger)  # type: ignore[arg-type]
    log.info('a')
    log.warning('b')
    log.error('c')
    node_log.flush()

    assert logger.lines == ['info a', 'warning b', 'error c']


def test_lines_are_throttled_by_their_key(logger: Logger, monkeypatch: pytest.MonkeyPatch) -> None:
    """One line per key and second is written, and all lines without a key."""
    now = 100.0
    monkeypatch.setattr('lerobot_arena_ros.nodes.runtime.node_log.time.monotonic', lambda: now)
    log = NodeLog(logger)  # type: ignore[arg-type]
    for _ in range(2):
        log.warning('a', throttle='one')
        log.error('b', throttle='two')
        log.warning('c')
    now += node_log.THROTTLE_S
    log.warning('d', throttle='one')
    node_log.flush()

    assert logger.lines == ['warning a', 'error b', 'warning c', 'warning c', 'warning d']


def test_a_lone_surrogate_is_escaped(logger: Logger) -> None:
    """A lone surrogate is written as an escape, because rclpy would reject it."""
    NodeLog(logger).info('a \ud800')  # type: ignore[arg-type]
    node_log.flush()

    assert logger.lines == ['info a \\ud800']
