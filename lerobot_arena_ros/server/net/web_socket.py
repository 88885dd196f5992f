# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""
One WebSocket, based on the sans-I/O layer of ``websockets``.

A message is handled in the loop iteration in which its last byte is received. The caller passes
encoded frames to :meth:`WebSocket.write`, so a message to many recipients is encoded only once.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
import contextlib
from http import HTTPStatus
import time

from ...arena.sansio import Frame, MessageAssembler, Request, ServerProtocol, State, silent_logger
from .asgi import Headers
from .fair_reader import FairReader
from .rate_limiter import RateLimiter, Verdict

__all__ = ['HIGH_WATER_BYTES', 'LINGER_S', 'WebSocket']

HIGH_WATER_BYTES = 16 * 1024
"""
The high-water mark of the write buffer: with more unsent bytes, a peer counts as slow.

Data in the write buffer cannot be merged with newer messages, and stops cannot overtake it.
"""

LINGER_S = 0.5
"""How long a closing connection may take to send its remaining data, in seconds."""

CONTROL_FRAMES_HZ = 10_000.0
"""
Control frames and message fragments that a peer may send per second.

It is higher than the rate of messages, because a peer that sends too many messages gets an error
reply before its connection is closed, and a peer that sends too many control frames gets none.
"""

_HANDSHAKE = (
    b'host',
    b'upgrade',
    b'connection',
    b'sec-websocket-key',
    b'sec-websocket-version',
)
_SEND_EOF = b''

OnMessage = Callable[[str | bytes, Verdict], None]


class WebSocket:
    """
    The connection to one peer. Use it only in the thread of the event loop.

    :ivar on_congested: called when the write buffer exceeds its high-water mark.
    :ivar on_drained: called when the write buffer is drained.
    :ivar on_flood: called when the peer sends far too many frames of any kind.
    :ivar is_writable: False while the write buffer is above its high-water mark.
    :param headers: the headers of the request, with names in lower case.
    :param upgrade: makes this object the handler of the connection; :meth:`accept` calls it.
    :param max_bytes: bytes of a message; a larger message closes the connection with 1009.
    :param rate_hz: messages per second that the rate limiter passes.
    """

    def __init__(
        self,
        headers: Headers,
        upgrade: Callable[[WebSocket], None],
        *,
        max_bytes: int,
        rate_hz: float,
    ) -> None:
        self._headers = headers
        self._upgrade = upgrade
        self.on_congested: Callable[[], object] = _nothing
        self.on_drained: Callable[[], object] = _nothing
        self.on_flood: Callable[[], object] = _nothing
        self.is_writable = True
        self._protocol = ServerProtocol(max_size=max_bytes, logger=silent_logger)
        self._rate_hz = rate_hz
        self._limiter = RateLimiter(rate_hz, time.monotonic())
        # The cost of a control frame or fragment; the cost of a message is 1.
        self._control_cost = min(0.5, rate_hz / CONTROL_FRAMES_HZ)
        self._on_message: OnMessage | None = None
        self._messages: deque[str | bytes] = deque()
        self._parts = MessageAssembler()
        self._received_s = time.monotonic()
        self._has_ended = False
        self._received = asyncio.Event()
        self._received_message = asyncio.Event()
        self._ended = asyncio.Event()

    def accept(self) -> bool:
        """
        Complete the handshake; return whether it was valid.

        ``websockets`` gets only the headers of the handshake, without the path and query, which
        may contain a token.
        """
        lines = [b'GET / HTTP/1.1']
        lines += [name + b': ' + value for name, value in self._headers if name in _HANDSHAKE]
        try:
            self._protocol.receive_data(b'\r\n'.join((*lines, b'', b'')))
            for request in self._protocol.events_received():
                if isinstance(request, Request):
                    self._protocol.send_response(self._protocol.accept(request))
        except Exception:  # websockets before 11 raises various errors.
            self._protocol.send_response(self._protocol.reject(HTTPStatus.BAD_REQUEST, ''))
        self._upgrade(self)
        return self._protocol.state is State.OPEN

    @property
    def silent_s(self) -> float:
        """Seconds since data was last received from the peer."""
        return time.monotonic() - self._received_s

    @property
    def close_code(self) -> int | None:
        """The close code that the server sent, once the connection has ended; otherwise None."""
        sent = self._protocol.close_exc.sent if self._has_ended else None
        return None if sent is None else sent.code

    async def receive(self) -> str | bytes | None:
        """Return the next message, or None if the connection has ended."""
        while not self._messages:
            if self._has_ended:
                return None
            self._received_message.clear()
            await self._received_message.wait()
        message = self._messages.popleft()
        if not self._messages:
            self._reader.resume()
        return message

    async def listen(self, on_message: OnMessage) -> None:
        """
        Call a function for each received message until the connection has ended.

        :param on_message: called with a message and the verdict of the rate limiter.
        """
        self._limiter = RateLimiter(self._rate_hz, time.monotonic())
        self._on_message = on_message
        while self._messages:
            self._dispatch(self._messages.popleft())
        self._reader.resume()
        await self._ended.wait()

    async def wait_ended(self) -> None:
        """Wait until the connection has ended, and drop received messages."""
        await self.listen(_drop)

    def write(self, frame: bytes) -> None:
        """Send an encoded frame; do nothing if the connection is closing or has ended."""
        if self._protocol.state is State.OPEN and not self._transport.is_closing():
            self._transport.write(frame)

    def ping(self) -> None:
        """Send a ping."""
        if self._protocol.state is State.OPEN:
            self._protocol.send_ping(b'')
            self._flush()

    def close(self, code: int, reason: str = '') -> None:
        """Send a close frame; the connection ends when the peer answers it."""
        if self._protocol.state is State.OPEN:
            self._protocol.send_close(code, reason)
            self._flush()

    async def probe(self, timeout_s: float, *, with_message: bool = False) -> bool:
        """
        Ping the peer and return whether it sends anything in time.

        :param with_message: wait for a message; a pong does not count.
        """
        if self._has_ended or self._transport.is_closing():
            return False
        self.ping()
        awaited = self._received_message if with_message else self._received
        awaited.clear()
        try:
            await asyncio.wait_for(awaited.wait(), timeout_s)
        except asyncio.TimeoutError:
            return False
        return not self._has_ended

    def abort(self) -> None:
        """Abort the connection; a close would wait until a dead peer has read the unsent data."""
        # asyncio raises if the transport ended with unsent data.
        if not self._has_ended:
            self._transport.abort()

    def linger(self) -> None:
        """Abort the connection after :data:`LINGER_S`, to let the peer read the unsent data."""
        asyncio.get_running_loop().call_later(LINGER_S, self.abort)

    def connection_made(self, reader: FairReader) -> None:
        """Send the response to the handshake."""
        self._reader = reader
        self._transport = reader.transport
        self._transport.set_write_buffer_limits(high=HIGH_WATER_BYTES)
        self._flush()

    def data_received(self, data: bytes) -> None:
        """Parse received data, and handle its frames."""
        self._received_s = time.monotonic()
        self._received.set()
        self._protocol.receive_data(data)
        frames = self._protocol.events_received()
        self._flush()
        for frame in frames:
            if isinstance(frame, Frame):
                self._handle_frame(frame)

    def connection_lost(self) -> None:
        """Notify all waiting tasks of the end."""
        self._has_ended = True
        with contextlib.suppress(EOFError):  # websockets before 11, in the handshake.
            self._protocol.receive_eof()
        for event in (self._received, self._received_message, self._ended):
            event.set()

    def pause_writing(self) -> None:
        """Report the start of backpressure."""
        self.is_writable = False
        self.on_congested()

    def resume_writing(self) -> None:
        """Report the end of backpressure."""
        self.is_writable = True
        self.on_drained()

    def shut_down(self) -> None:
        """Close the connection because the server shuts down, without waiting for the peer."""
        self.close(1012)
        self.linger()

    def _flush(self) -> None:
        for data in self._protocol.data_to_send():
            if data == _SEND_EOF:
                self._transport.close()
                self.linger()
            # Send no pongs to a peer that does not read, because they would accumulate.
            elif self.is_writable or self._protocol.state is not State.OPEN:
                self._transport.write(data)

    def _handle_frame(self, frame: Frame) -> None:
        try:
            message = self._parts.take(frame)
        except UnicodeDecodeError:
            self._protocol.fail(1007, 'not UTF-8')
            self._flush()
            return
        if message is None:
            self._charge_control_frame()
            return
        self._received_message.set()
        if self._on_message is not None:
            self._dispatch(message)
            return
        self._messages.append(message)
        self._reader.pause()

    def _charge_control_frame(self) -> None:
        """Charge the rate limiter for a control frame, or a frame that completes no message."""
        if self._limiter.check(time.monotonic(), self._control_cost) is Verdict.CLOSE:
            on_flood, self.on_flood = self.on_flood, _nothing
            on_flood()

    def _dispatch(self, message: str | bytes) -> None:
        assert self._on_message is not None
        self._on_message(message, self._limiter.check(time.monotonic()))


def _drop(_message: str | bytes, _verdict: Verdict) -> None:
    """Drop a message."""


def _nothing() -> None:
    """Do nothing."""
