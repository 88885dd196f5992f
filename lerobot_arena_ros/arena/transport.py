"""
The transport under a joined WebSocket, shared by the loop and one other thread.

A joint that another thread has does not wait for the loop to wake. It relies on frames that client
and server agreed not to compress.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import threading
from typing import TYPE_CHECKING, Any

from websockets.frames import Frame, Opcode

if TYPE_CHECKING:
    from websockets.asyncio.client import ClientConnection

__all__ = ['SharedTransport']


class SharedTransport:
    """
    The way to the server, below ``websockets``.

    It takes the transport's place in the WebSocket: all that the loop writes comes through here,
    so that no frame of the other thread gets into the middle of another one.

    :param websocket: open, and with nothing unsent.
    """

    def __init__(self, websocket: ClientConnection) -> None:
        self._transport = websocket.transport
        self._loop = asyncio.get_running_loop()
        self._lock = threading.Lock()
        self._rest = b''
        self._socket = _duplicate(self._transport)
        websocket.transport = self  # type: ignore[assignment]

    def __getattr__(self, name: str) -> Any:
        """Be a transport in all other ways."""
        return getattr(self._transport, name)

    def send_now(self, text: str) -> bool:
        """
        Write a text as one frame, if the socket takes it at once; any thread.

        :returns: whether it did; otherwise nothing was written, because something else waits to be
            sent, the connection is ending, or TLS leaves the writing to the loop.
        """
        frame = Frame(Opcode.TEXT, text.encode()).serialize(mask=True)
        with self._lock:
            if self._socket is None or not self._is_idle():
                return False
            try:
                written = self._socket.send(frame)
            except OSError:  # Full; or broken, which the loop notices by itself.
                return False
            self._rest = frame[written:]
        if self._rest:
            with contextlib.suppress(RuntimeError):  # The loop has ended, and all with it.
                self._loop.call_soon_threadsafe(self.write, b'')
        return True

    def write(self, data: bytes) -> None:
        """Write after what was begun; the loop's thread."""
        with self._lock:
            begun, self._rest = self._rest, b''
            self._transport.write(begun + data)

    def close(self) -> None:
        """End the connection once everything is sent; the loop's thread."""
        self._release()
        self._transport.close()

    def abort(self) -> None:
        """End the connection now; the loop's thread."""
        self._release()
        self._transport.abort()

    def _is_idle(self) -> bool:
        transport = self._transport
        return not (self._rest or transport.is_closing() or transport.get_write_buffer_size())

    def _release(self) -> None:
        """Let go of the socket, which would otherwise stay open for the server."""
        with self._lock:
            own, self._socket = self._socket, None
            if own is not None:
                own.close()


def _duplicate(transport: asyncio.Transport) -> socket.socket | None:
    """Give a socket of our own for the same connection; None where there is TLS on it."""
    if transport.get_extra_info('sslcontext') is not None:
        return None
    return socket.socket(fileno=os.dup(transport.get_extra_info('socket').fileno()))
