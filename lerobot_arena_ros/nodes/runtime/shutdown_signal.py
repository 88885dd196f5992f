"""SIGINT and SIGTERM as a fact to look at, from the first moment on; imports nothing heavy."""

from __future__ import annotations

from collections.abc import Callable
import signal
import socket
import threading

__all__ = ['StopSignal']


class StopSignal:
    """
    Whether the process was asked to end. Made once, in the main thread.

    Make it before importing rclpy: the imports are most of a start-up, and Ctrl-C in the midst of
    them would otherwise end the process before it has cleaned up.

    :param more: other signals that mean the same.
    """

    def __init__(self, *more: signal.Signals) -> None:
        self.received = False
        for number in (signal.SIGINT, signal.SIGTERM, *more):
            signal.signal(number, self._receive)

    def call(self, wake: Callable[[], object]) -> None:
        """
        Have a thread call a function at each signal, at once; main thread.

        The interpreter runs a handler between two bytecodes of the main thread, which come late
        while that thread waits inside a library. ``wake`` is no handler, so it may take locks.
        """
        reader, writer = socket.socketpair()
        writer.setblocking(False)
        signal.set_wakeup_fd(writer.detach(), warn_on_full_buffer=False)
        threading.Thread(
            target=_call_at_each_byte, args=(reader, wake), name='signals', daemon=True
        ).start()

    def _receive(self, *_: object) -> None:
        self.received = True


def _call_at_each_byte(reader: socket.socket, wake: Callable[[], object]) -> None:
    while reader.recv(1):
        wake()
