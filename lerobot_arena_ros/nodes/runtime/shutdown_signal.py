# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""Record SIGINT and SIGTERM from the start of the process; imports only small modules."""

from __future__ import annotations

from collections.abc import Callable
import signal
import socket
import threading

__all__ = ['ShutdownSignal']


class ShutdownSignal:
    """
    Record whether a signal requested the shutdown of the process.

    Create it once, in the main thread, before the import of rclpy. The imports take most of the
    startup, and Ctrl-C during an import would otherwise end the process without its cleanup.

    :param more: other signals that request the shutdown.
    """

    def __init__(self, *more: signal.Signals) -> None:
        self.received = False
        for number in (signal.SIGINT, signal.SIGTERM, *more):
            signal.signal(number, self._receive)

    def call(self, wake: Callable[[], object]) -> None:
        """
        Start a thread that calls a function at each signal; call this from the main thread.

        The interpreter runs a signal handler between two bytecodes of the main thread, so the
        handler is late while that thread waits inside a library. ``wake`` does not run in a
        signal handler, so it may take locks.
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
