"""The log of a node: throttled by key, and told to the graph as ever."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

pytest.importorskip('rclpy', reason='rclpy is not here: it comes with ROS 2, or as wheels')

from lerobot_arena_ros.nodes.runtime import node_log
from lerobot_arena_ros.nodes.runtime.node_log import NodeLog


class Logger:
    """What rclpy gives a node."""

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
    """Have a logger, and every line written at the end."""
    yield Logger()
    node_log.flush()


def test_each_severity_goes_its_own_way(logger: Logger) -> None:
    """They come in the order in which they were logged."""
    log = NodeLog(logger)  # type: ignore[arg-type]
    log.info('a')
    log.warning('b')
    log.error('c')
    node_log.flush()

    assert logger.lines == ['info a', 'warning b', 'error c']


def test_lines_are_throttled_by_their_key(logger: Logger, monkeypatch: pytest.MonkeyPatch) -> None:
    """One of each key goes through in a second, and all that have none."""
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


def test_a_peer_may_choose_any_words(logger: Logger) -> None:
    """Half a surrogate pair is written as an escape, because rclpy would refuse it."""
    NodeLog(logger).info('a \ud800')  # type: ignore[arg-type]
    node_log.flush()

    assert logger.lines == ['info a \\ud800']
