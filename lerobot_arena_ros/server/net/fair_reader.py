# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""Limits the bytes read per loop iteration, so that a fast sender cannot starve the others."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
import contextlib
from typing import Any, Protocol

__all__ = ['SLICE_BYTES', 'FairReader', 'Handler']

SLICE_BYTES = 4096
"""
Bytes read from one connection in one iteration of the event loop.

asyncio reads up to 256 KB. With tiny frames this would be tens of thousands of frames, which would
delay all other connections by most of a second.
"""


class Handler(Protocol):
    """Handles one connection: like ``asyncio.Protocol``, but gets a reader, not a transport."""

    def connection_made(self, reader: FairReader) -> None:
        """Handle the start of the connection."""

    def data_received(self, data: bytes) -> None:
        """Handle received data, at most :data:`SLICE_BYTES`."""

    def connection_lost(self) -> None:
        """Handle the end of the connection."""

    def shut_down(self) -> None:
        """Close the connection, because the server shuts down."""

    def pause_writing(self) -> None:
        """Handle backpressure: the write buffer is above its high-water mark."""

    def resume_writing(self) -> None:
        """Handle the end of backpressure: the write buffer is drained."""


class FairReader(asyncio.BufferedProtocol):
    """
    Reads one connection and passes the data to its handler.

    It is an :class:`asyncio.BufferedProtocol` because its buffer limits the size of a read. With
    TLS, asyncio ignores this limit before Python 3.11.

    :ivar handler: handles the connection; may be replaced at any time.
    :ivar transport: the transport, for writing.
    :param on_made: called when the connection is open, after the TLS handshake.
    :param on_lost: called when an open connection has ended.
    """

    transport: asyncio.Transport

    def __init__(
        self, handler: Handler, on_made: Callable[[], object], on_lost: Callable[[], object]
    ) -> None:
        self.handler = handler
        self._on_made = on_made
        self._on_lost = on_lost
        self._buffer = memoryview(bytearray(SLICE_BYTES))
        self._is_paused = False
        self._is_waiting = False
        self._is_lost = False

    def pause(self) -> None:
        """Pause reading until :meth:`resume` is called."""
        self._is_paused = True
        if not self._is_lost:
            self.transport.pause_reading()

    def resume(self) -> None:
        """Resume reading."""
        self._is_paused = False
        self._resume_reading()

    def connection_made(self, transport: Any) -> None:
        """Start the handler; called by the event loop."""
        self.transport = transport
        self._on_made()
        self.handler.connection_made(self)

    def get_buffer(self, _sizehint: int) -> memoryview:
        """Return the buffer for the next read; called by the event loop."""
        return self._buffer

    def buffer_updated(self, nbytes: int) -> None:
        """Pass received data to the handler; called by the event loop."""
        self.handler.data_received(bytes(self._buffer[:nbytes]))
        if nbytes == SLICE_BYTES and not self._is_waiting and not self.transport.is_closing():
            # uvloop would read dozens of times more in this iteration.
            self._is_waiting = True
            self.transport.pause_reading()
            asyncio.get_running_loop().call_soon(self._on_next_iteration)

    def eof_received(self) -> None:
        """Return None, so that the event loop closes the connection; called by the event loop."""

    def connection_lost(self, _exc: Exception | None) -> None:
        """Notify the handler; called by the event loop."""
        self._is_lost = True
        self.handler.connection_lost()
        self._on_lost()
        # Break the reference cycles, which would keep the objects until a garbage collection.
        del self.handler, self._on_made, self._on_lost

    def pause_writing(self) -> None:
        """Notify the handler; called by the event loop."""
        self.handler.pause_writing()

    def resume_writing(self) -> None:
        """Notify the handler; called by the event loop."""
        self.handler.resume_writing()

    def _on_next_iteration(self) -> None:
        self._is_waiting = False
        self._resume_reading()

    def _resume_reading(self) -> None:
        if self._is_paused or self._is_waiting or self._is_lost or self.transport.is_closing():
            return
        # Before Python 3.11 a TLS transport loses its inner transport one iteration earlier.
        with contextlib.suppress(AttributeError):
            self.transport.resume_reading()
