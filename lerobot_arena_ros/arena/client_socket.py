# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""
The WebSocket of a client, with the Sans-I/O layer of ``websockets``.

A message is delivered in the event loop iteration in which its last byte arrived. One other
thread may write without waiting for the event loop.
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

from .sansio import ClientProtocol, Frame, MessageAssembler, Opcode, Response, State, silent_logger

__all__ = ['CLOSE_TIMEOUT_S', 'ClientSocket']

CLOSE_TIMEOUT_S = 1.0
"""The timeout of the closing handshake, in seconds; the connection is aborted after it."""

MAX_MESSAGE_BYTES = 1 << 20
"""The maximum size of a message from a server, as in the public Python client."""

MAX_QUEUED = 16
"""The number of messages queued for :meth:`ClientSocket.receive` at which reading pauses."""

BUFFER_BYTES = 64 * 1024
"""The maximum number of bytes read in one iteration of the event loop."""

_SEND_EOF = b''

Message = str | bytes


class ClientSocket(asyncio.BufferedProtocol):
    """
    One WebSocket, from the opening handshake to the end of the connection.

    Belongs to the event loop in which it is created, except :meth:`send_now`.

    :param url: the URL of the WebSocket.
    :param headers: additional headers of the handshake.
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
        self._parts = MessageAssembler()
        self._on_message: Callable[[Message], None] | None = None
        self._message_arrived = asyncio.Event()
        self._is_interrupted = False
        self._drained = asyncio.Event()
        self._drained.set()
        self._ended = asyncio.Event()
        self._is_made = False
        self._closing: asyncio.TimerHandle | None = None
        # The unsent rest of a frame from the other thread, and its duplicate of the socket.
        self._lock = threading.Lock()
        self._partial_frame = b''
        self._thread_socket: socket.socket | None = None

    @property
    def closed(self) -> ConnectionClosed:
        """The reason why the connection ended; valid only after its end."""
        return self._protocol.close_exc

    @property
    def peer_host(self) -> str:
        """The address of the peer, which is the server or a proxy."""
        return str(self.transport.get_extra_info('peername')[0])

    async def opened(self) -> None:
        """
        Wait until the handshake has completed.

        :raises websockets.InvalidHandshake: the server refused the handshake or closed the
            connection; websockets before 15 raises an EOFError for the latter.
        """
        await self._opened

    async def receive(self) -> Message | None:
        """
        Return the next message; wait for it.

        :returns: None after :meth:`interrupt`.
        :raises ConnectionClosed: the connection has ended and no message is left.
        """
        while not self._messages:
            if self._is_interrupted:
                self._is_interrupted = False
                return None
            if self._ended.is_set():
                raise self.closed
            self._message_arrived.clear()
            await self._message_arrived.wait()
        message = self._messages.popleft()
        if len(self._messages) < MAX_QUEUED:
            self._resume_reading()
        return message

    def interrupt(self) -> None:
        """Make a running :meth:`receive` return, because there is something else to do."""
        self._is_interrupted = True
        self._message_arrived.set()

    async def listen(self, on_message: Callable[[Message], None]) -> None:
        """
        Call a callback for each message as soon as it arrives; return when the connection ends.

        :param on_message: must not raise.
        """
        self._on_message = on_message
        while self._messages:
            on_message(self._messages.popleft())
        self._resume_reading()
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

    def post(self, text: str) -> None:
        """Write a text without waiting; do nothing if the connection is ending."""
        if self._protocol.state is State.OPEN:
            self._write(_frame_of(text))

    def send_now(self, text: str) -> bool:
        """
        Write a text if the socket accepts it at once; thread-safe.

        :returns: whether it was written. If not, nothing was written, because other data is
            queued, the connection is closing, or TLS requires writing in the event loop.
        """
        frame = _frame_of(text)
        with self._lock:
            if self._thread_socket is None or not self._is_idle():
                return False
            try:
                written = self._thread_socket.send(frame)
            except OSError:  # The buffer is full, or the event loop will report the error.
                return False
            self._partial_frame = frame[written:]
        if self._partial_frame:
            with contextlib.suppress(RuntimeError):  # The event loop has been closed.
                self._loop.call_soon_threadsafe(self._write, b'')
        return True

    async def close(self) -> None:
        """Send a close frame and wait until the server has closed the connection."""
        if self._protocol.state is State.OPEN:
            self._close_thread_socket()
            self._protocol.send_close(1000)
            self._flush()
            self._close_soon()
        try:
            await self._ended.wait()
        finally:  # Also if the caller is cancelled.
            self.abort()

    def abort(self) -> None:
        """Close the connection immediately."""
        self._close_thread_socket()
        if self._is_made and not self._ended.is_set():
            self.transport.abort()

    def connection_made(self, transport: Any) -> None:
        """Start the handshake. Called by the event loop."""
        self.transport = transport
        self._is_made = True
        if transport.get_extra_info('sslcontext') is None:
            self._thread_socket = socket.socket(
                fileno=os.dup(transport.get_extra_info('socket').fileno())
            )
        request = self._protocol.connect()
        for name, value in self._headers.items():
            request.headers[name] = value
        self._protocol.send_request(request)
        self._flush()

    def get_buffer(self, _sizehint: int) -> memoryview:
        """Return the buffer for the next data. Called by the event loop."""
        return self._buffer

    def buffer_updated(self, nbytes: int) -> None:
        """Handle received data. Called by the event loop."""
        self._feed(bytes(self._buffer[:nbytes]))

    def eof_received(self) -> None:
        """Handle the end of the stream; the event loop then closes the connection."""
        self._feed(None)

    def connection_lost(self, exc: Exception | None) -> None:
        """Release all resources and wake all waiters. Called by the event loop."""
        self._close_thread_socket()
        if self._closing is not None:
            self._closing.cancel()
        if self._protocol.state is not State.CLOSED:
            self._feed(None)
        for event in (self._ended, self._message_arrived, self._drained):
            event.set()

    def pause_writing(self) -> None:
        """Apply backpressure: make :meth:`send` wait. Called by the event loop."""
        self._drained.clear()

    def resume_writing(self) -> None:
        """Release backpressure. Called by the event loop."""
        self._drained.set()

    def _feed(self, data: bytes | None) -> None:
        """
        Handle received data.

        :param data: None for the end of the stream.
        """
        try:
            if data is None:
                self._protocol.receive_eof()
            else:
                self._protocol.receive_data(data)
        # websockets before 11 raises errors in the handshake response; coverage is measured
        # with the newest one.
        except Exception as exc:  # pragma: no cover
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
            elif isinstance(event, Frame):  # pragma: no branch, because a server sends no other
                self._handle_frame(event)
        if self._protocol.handshake_exc is not None and not self._opened.done():
            self._fail_handshake(self._protocol.handshake_exc)
        if self._protocol.close_expected():
            self._close_soon()

    def _end_handshake(self) -> None:
        if self._protocol.handshake_exc is None and not self._opened.done():
            self._opened.set_result(None)

    def _fail_handshake(self, exc: Exception) -> None:
        self._opened.set_exception(exc)
        self._opened.exception()
        self.abort()

    def _handle_frame(self, frame: Frame) -> None:
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
        self._message_arrived.set()
        if len(self._messages) >= MAX_QUEUED:
            self.transport.pause_reading()

    def _flush(self) -> None:
        for data in self._protocol.data_to_send():
            if data == _SEND_EOF:
                self._close_soon()
            else:
                self._write(data)

    def _write(self, data: bytes) -> None:
        """Write data, after the rest of a frame from the other thread."""
        with self._lock:
            partial, self._partial_frame = self._partial_frame, b''
            self.transport.write(partial + data)

    def _close_soon(self) -> None:
        """Abort the connection if the server does not close it within the timeout."""
        if self._closing is None:
            self._closing = self._loop.call_later(CLOSE_TIMEOUT_S, self.abort)

    def _resume_reading(self) -> None:
        if self._ended.is_set() or self.transport.is_closing():
            return
        # Before Python 3.11 a TLS transport loses its inner transport one iteration earlier.
        with contextlib.suppress(AttributeError):
            self.transport.resume_reading()

    def _is_idle(self) -> bool:
        if (
            self._partial_frame
            or self._protocol.state is not State.OPEN
            or self.transport.is_closing()
        ):
            return False
        try:
            return not self.transport.get_write_buffer_size()
        # The event loop is changing the buffer concurrently, which no test can enforce.
        except RuntimeError:  # pragma: no cover
            return False

    def _close_thread_socket(self) -> None:
        """Close the duplicate socket, because it would keep the connection open."""
        with self._lock:
            duplicate, self._thread_socket = self._thread_socket, None
            if duplicate is not None:
                duplicate.close()


def _frame_of(text: str) -> bytes:
    return Frame(Opcode.TEXT, text.encode()).serialize(mask=True)
