"""SIGINT and SIGTERM as a fact to look at, from the first moment on; imports nothing heavy."""

from __future__ import annotations

from collections.abc import Callable
import signal

__all__ = ['StopSignal']


class StopSignal:
    """
    Whether the process was asked to end. Made once, in the main thread.

    Make it before importing rclpy: the imports are most of a start-up, and Ctrl-C in the midst of
    them would otherwise be a traceback.
    """

    def __init__(self) -> None:
        self.received = False
        self.on_receive: Callable[[], object] = lambda: None
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._receive)

    def _receive(self, *_: object) -> None:
        self.received = True
        self.on_receive()
