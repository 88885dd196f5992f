"""
The WebSocket of a client, by the Sans-I/O layer of ``websockets``.

A message is handed on in the turn of the event loop in which its last byte came, and one other
thread may write without waiting for the loop.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
import contextlib
import os
import socket
import threading
from typing import Any

from websockets.exceptions import ConnectionClosed
from websockets.uri import parse_uri

from .sansio import ClientProtocol, Frame, Messages, Opcode, Response, State, silent_logger

__all__ = ['CLOSE_TIMEOUT_S', 'ClientSocket']

CLOSE_TIMEOUT_S = 1.0
"""How long the closing handshake may take, in seconds; then the connection is aborted."""

MAX_MESSAGE_BYTES = 1 << 20
"""The largest message that is taken from a server, as in the public Python client."""

MAX_WAITING = 16
"""Messages that wait for :meth:`ClientSocket.receive`; reading pauses while more would."""

BUFFER_BYTES = 64 * 1024
"""What is read in one turn of the event loop at most."""

_SEND_EOF = b''

Message = str | bytes


class ClientSocket(asyncio.BufferedProtocol):
    """
    One WebSocket, from its handshake to its end.

    It belongs to the event loop in which it is made, except :meth:`send_now`.

    :param url: of the WebSocket.
    :param headers: of the handshake, beside its own.
    """

    transport: asyncio.Transport

    def __init__(self, url: str, headers: dict[str, str]) -> None:
        self._loop = asyncio.get_running_loop()
        self._protocol = ClientProtocol(
            parse_uri(url), max_size=MAX_MESSAGE_BYTES, logger=silent_logger
        )
        self._headers = headers
        self._buffer = memoryview(bytearray(BUFFER_BYTES))
        self._opened: asyncio.Future[None] = self._loop.create_future()
        self._messages: deque[Message] = deque()
        self._parts = Messages()
        self._on_message: Callable[[Message], None] | None = None
        self._news = asyncio.Event()
        self._drained = asyncio.Event()
        self._drained.set()
        self._ended = asyncio.Event()
        self._is_made = False
        self._closing: asyncio.TimerHandle | None = None
        # Writing: what the other thread began, and its own socket for the same connection.
        self._lock = threading.Lock()
        self._rest = b''
        self._own: socket.socket | None = None

    @property
    def closed(self) -> ConnectionClosed:
        """Why the connection has ended, once it has."""
        return self._protocol.close_exc

    async def opened(self) -> None:
        """
        Wait for the end of the handshake.

        :raises websockets.InvalidHandshake: the server refused it.
        :raises OSError: the connection was lost.
        """
        await self._opened

    async def receive(self) -> Message:
        """
        Wait for the next message.

        :raises ConnectionClosed: there is none, and the connection has ended.
        """
        while not self._messages:
            if self._ended.is_set():
                raise self.closed
            self._news.clear()
            await self._news.wait()
        message = self._messages.popleft()
        if len(self._messages) < MAX_WAITING:
            self._read_on()
        return message

    async def listen(self, on_message: Callable[[Message], None]) -> None:
        """
        Have each message handled as soon as it comes, until the connection has ended.

        :param on_message: must not raise.
        """
        self._on_message = on_message
        while self._messages:
            on_message(self._messages.popleft())
        self._read_on()
        await self._ended.wait()

    async def send(self, text: str) -> None:
        """
        Write a text; return when it is on its way.

        :raises ConnectionClosed: the connection has ended, or is ending.
        """
        if self._protocol.state is State.OPEN:
            self._write(_frame_of(text))
            await self._drained.wait()
            if not self._ended.is_set():
                return
        await self._ended.wait()
        raise self.closed

    def send_now(self, text: str) -> bool:
        """
        Write a text, if the socket takes it at once; any thread.

        :returns: whether it did; otherwise nothing was written, because something else waits to be
            sent, the connection is ending, or TLS leaves the writing to the loop.
        """
        frame = _frame_of(text)
        with self._lock:
            if self._own is None or not self._is_idle():
                return False
            try:
                written = self._own.send(frame)
            except OSError:  # Full; or broken, which the loop notices by itself.
                return False
            self._rest = frame[written:]
        if self._rest:
            with contextlib.suppress(RuntimeError):  # The loop has ended, and all with it.
                self._loop.call_soon_threadsafe(self._write, b'')
        return True

    async def close(self) -> None:
        """Leave, and wait until the server has closed the connection, too."""
        if self._protocol.state is State.OPEN:
            self._release()
            self._protocol.send_close(1000)
            self._flush()
            self._close_soon()
        try:
            await self._ended.wait()
        finally:  # Also if the caller does not wait for it.
            self.abort()

    def abort(self) -> None:
        """End the connection now."""
        self._release()
        if self._is_made and not self._ended.is_set():
            self.transport.abort()

    def connection_made(self, transport: Any) -> None:
        """Begin the handshake; called by the event loop."""
        self.transport = transport
        self._is_made = True
        if transport.get_extra_info('sslcontext') is None:
            self._own = socket.socket(fileno=os.dup(transport.get_extra_info('socket').fileno()))
        request = self._protocol.connect()
        for name, value in self._headers.items():
            request.headers[name] = value
        self._protocol.send_request(request)
        self._flush()

    def get_buffer(self, _sizehint: int) -> memoryview:
        """Return the buffer for what comes next; called by the event loop."""
        return self._buffer

    def buffer_updated(self, nbytes: int) -> None:
        """Handle what has come; called by the event loop."""
        self._feed(bytes(self._buffer[:nbytes]))

    def eof_received(self) -> None:
        """Have the event loop close the connection; called by it."""
        self._feed(None)

    def connection_lost(self, exc: Exception | None) -> None:
        """End; called by the event loop."""
        self._release()
        if self._closing is not None:
            self._closing.cancel()
        if self._protocol.state is not State.CLOSED:
            self._feed(None)
        if not self._opened.done():
            self._fail_handshake(exc)
        for event in (self._ended, self._news, self._drained):
            event.set()

    def pause_writing(self) -> None:
        """Note that the server reads more slowly than it is written to; called by the loop."""
        self._drained.clear()

    def resume_writing(self) -> None:
        """Note that the server has caught up; called by the event loop."""
        self._drained.set()

    def _feed(self, data: bytes | None) -> None:
        """
        Handle what has come.

        :param data: None for the end of the connection.
        """
        try:
            if data is None:
                self._protocol.receive_eof()
            else:
                self._protocol.receive_data(data)
        except Exception as exc:
            # websockets before 11 raises what it cannot read of a handshake.
            if not self._opened.done():
                self._fail_handshake(exc)
        else:
            self._handle_events()

    def _handle_events(self) -> None:
        events = self._protocol.events_received()
        self._flush()
        for event in events:
            if isinstance(event, Response):
                self._end_handshake()
            elif isinstance(event, Frame):
                self._take(event)
        if self._protocol.handshake_exc is not None and not self._opened.done():
            self._fail_handshake(None)
        if self._protocol.close_expected():
            self._close_soon()

    def _end_handshake(self) -> None:
        if self._protocol.handshake_exc is None and not self._opened.done():
            self._opened.set_result(None)

    def _fail_handshake(self, exc: Exception | None) -> None:
        reason = self._protocol.handshake_exc or exc
        self._opened.set_exception(reason or ConnectionResetError('the connection was lost'))
        self._opened.exception()
        self.abort()

    def _take(self, frame: Frame) -> None:
        try:
            message = self._parts.take(frame)
        except UnicodeDecodeError:
            self._protocol.fail(1007, 'not UTF-8')
            self._flush()
            return
        if message is None:
            return
        if self._on_message is not None:
            self._on_message(message)
            return
        self._messages.append(message)
        self._news.set()
        if len(self._messages) >= MAX_WAITING:
            self.transport.pause_reading()

    def _flush(self) -> None:
        for data in self._protocol.data_to_send():
            if data == _SEND_EOF:
                self._close_soon()
            else:
                self._write(data)

    def _write(self, data: bytes) -> None:
        """Write after what the other thread began."""
        with self._lock:
            begun, self._rest = self._rest, b''
            self.transport.write(begun + data)

    def _close_soon(self) -> None:
        """End the connection, if the server does not do so soon."""
        if self._closing is None:
            self._closing = self._loop.call_later(CLOSE_TIMEOUT_S, self.abort)

    def _read_on(self) -> None:
        if self._ended.is_set() or self.transport.is_closing():
            return
        # Before Python 3.11 a TLS transport has lost its own transport one turn earlier.
        with contextlib.suppress(AttributeError):
            self.transport.resume_reading()

    def _is_idle(self) -> bool:
        if self._rest or self._protocol.state is not State.OPEN or self.transport.is_closing():
            return False
        try:
            return not self.transport.get_write_buffer_size()
        except RuntimeError:  # The loop changes the buffer at this moment.
            return False

    def _release(self) -> None:
        """Let go of the second socket, which would otherwise keep the connection open."""
        with self._lock:
            own, self._own = self._own, None
            if own is not None:
                own.close()


def _frame_of(text: str) -> bytes:
    return Frame(Opcode.TEXT, text.encode()).serialize(mask=True)
