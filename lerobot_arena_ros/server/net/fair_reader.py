"""Reads a limited amount from each connection per turn of the event loop: all get their turn."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
import contextlib
from typing import Any, Protocol

__all__ = ['SLICE_BYTES', 'FairReader', 'Handler']

SLICE_BYTES = 4096
"""
What is read from one connection in one turn of the event loop.

asyncio would read 256 KB. The tens of thousands of tiny frames in there would delay all other
connections by most of a second.
"""


class Handler(Protocol):
    """Handles one connection: an ``asyncio.Protocol`` that is given its reader."""

    def connection_made(self, reader: FairReader) -> None:
        """Begin."""

    def data_received(self, data: bytes) -> None:
        """Handle what has come, :data:`SLICE_BYTES` at most."""

    def connection_lost(self) -> None:
        """End."""

    def shut_down(self) -> None:
        """End the connection, because the server stops."""

    def pause_writing(self) -> None:
        """Note that the peer reads more slowly than it is written to."""

    def resume_writing(self) -> None:
        """Note that the peer has caught up."""


class FairReader(asyncio.BufferedProtocol):
    """
    Reads one connection for its handler.

    A :class:`asyncio.BufferedProtocol` chooses how much it is given. Under TLS asyncio ignores
    this before Python 3.11.

    :ivar handler: handles the connection; may be replaced at any time.
    :ivar transport: writes to the peer.
    :param on_made: called once the connection is open, after TLS.
    :param on_lost: called once an open connection has ended.
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
        """Read nothing until :meth:`resume` is called."""
        self._is_paused = True
        if not self._is_lost:
            self.transport.pause_reading()

    def resume(self) -> None:
        """Read on."""
        self._is_paused = False
        self._resume_reading()

    def connection_made(self, transport: Any) -> None:
        """Begin; called by the event loop."""
        self.transport = transport
        self._on_made()
        self.handler.connection_made(self)

    def get_buffer(self, _sizehint: int) -> memoryview:
        """Return the buffer for what comes next; called by the event loop."""
        return self._buffer

    def buffer_updated(self, nbytes: int) -> None:
        """Hand on what has come; called by the event loop."""
        self.handler.data_received(bytes(self._buffer[:nbytes]))
        if nbytes == SLICE_BYTES and not self._is_waiting and not self.transport.is_closing():
            # uvloop would go on reading, dozens of times.
            self._is_waiting = True
            self.transport.pause_reading()
            asyncio.get_running_loop().call_soon(self._on_next_turn)

    def eof_received(self) -> None:
        """Have the event loop close the connection; called by it."""

    def connection_lost(self, _exc: Exception | None) -> None:
        """End; called by the event loop."""
        self._is_lost = True
        self.handler.connection_lost()
        self._on_lost()
        # A reference cycle would keep both until the garbage collector runs.
        del self.handler, self._on_made, self._on_lost

    def pause_writing(self) -> None:
        """Hand it on; called by the event loop."""
        self.handler.pause_writing()

    def resume_writing(self) -> None:
        """Hand it on; called by the event loop."""
        self.handler.resume_writing()

    def _on_next_turn(self) -> None:
        self._is_waiting = False
        self._resume_reading()

    def _resume_reading(self) -> None:
        if self._is_paused or self._is_waiting or self._is_lost or self.transport.is_closing():
            return
        # Before Python 3.11 a TLS transport has lost its own transport one turn earlier.
        with contextlib.suppress(AttributeError):
            self.transport.resume_reading()
