"""
One WebSocket, by the Sans-I/O layer of ``websockets``.

A message is handed on in the turn of the event loop in which its last byte came. Whole frames are
written, so that a message to many recipients is encoded once.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
import contextlib
from http import HTTPStatus
import logging
import time

from ...arena.sansio import Frame, Opcode, Request, ServerProtocol, State
from .exchange import Headers
from .fair_reader import FairReader
from .rate_limiter import RateLimiter, Verdict

__all__ = ['HIGH_WATER_BYTES', 'LINGER_S', 'WebSocket']

HIGH_WATER_BYTES = 16 * 1024
"""
Unsent bytes from which on a peer counts as slow.

What is below this mark can no longer be merged with what comes later, or overtaken by it.
"""

LINGER_S = 0.5
"""How long a connection that is ending may take over what is still to be sent, in seconds."""

WIRE_HZ = 10_000.0
"""
Control frames and parts of messages that a peer may send in a second.

It is higher than the rate of messages: a peer that sends too many messages is warned by an error
before its connection ends, and control frames have no such warning.
"""

_HANDSHAKE = (
    b'host',
    b'upgrade',
    b'connection',
    b'sec-websocket-key',
    b'sec-websocket-version',
)
_SEND_EOF = b''

# websockets logs each connection at INFO, and each frame at DEBUG.
_muted = logging.getLogger('lerobot_arena_ros.websockets')
_muted.setLevel(logging.CRITICAL)

OnMessage = Callable[[str | bytes, Verdict], None]


class WebSocket:
    """
    The connection to one peer; for the event loop's thread alone.

    :ivar on_congested: called when the peer reads more slowly than it is written to.
    :ivar on_drained: called when it has caught up.
    :ivar on_flood: called when it sends far too many frames, of whatever kind.
    :ivar is_writable: whether the peer has caught up with what it was sent.
    :param max_bytes: bytes of a message; a larger one ends the connection with 1009.
    :param rate_hz: messages per second that are taken.
    """

    def __init__(self, *, max_bytes: int, rate_hz: float) -> None:
        self.on_congested: Callable[[], object] = _nothing
        self.on_drained: Callable[[], object] = _nothing
        self.on_flood: Callable[[], object] = _nothing
        self.is_writable = True
        self._protocol = ServerProtocol(max_size=max_bytes, logger=_muted)
        self._rate_hz = rate_hz
        self._limiter = RateLimiter(rate_hz, time.monotonic())
        # What one control frame counts, where a message counts 1.
        self._control_cost = min(0.5, rate_hz / WIRE_HZ)
        self._on_message: OnMessage | None = None
        self._messages: deque[str | bytes] = deque()
        self._parts: list[bytes] = []
        self._is_text = True
        self._received_s = time.monotonic()
        self._has_ended = False
        self._received = asyncio.Event()
        self._received_message = asyncio.Event()
        self._ended = asyncio.Event()

    def prepare(self, headers: Headers, upgrade: Callable[[WebSocket], None]) -> None:
        """
        Get ready for :meth:`accept`.

        :param headers: of the request, names in lower case.
        :param upgrade: has this object handle the connection.
        """
        self._headers = headers
        self._upgrade = upgrade

    def accept(self) -> bool:
        """
        Answer the handshake; return whether it was a proper one.

        ``websockets`` is given only the headers of the handshake, and no query with a token.
        """
        lines = [b'GET / HTTP/1.1']
        lines += [name + b': ' + value for name, value in self._headers if name in _HANDSHAKE]
        try:
            self._protocol.receive_data(b'\r\n'.join((*lines, b'', b'')))
            for request in self._protocol.events_received():
                if isinstance(request, Request):
                    self._protocol.send_response(self._protocol.accept(request))
        except Exception:  # websockets before 11 raises what it cannot read.
            self._protocol.send_response(self._protocol.reject(HTTPStatus.BAD_REQUEST, ''))
        self._upgrade(self)
        return self._protocol.state is State.OPEN

    @property
    def silent_s(self) -> float:
        """For how many seconds nothing has come from the peer."""
        return time.monotonic() - self._received_s

    @property
    def close_code(self) -> int | None:
        """The close code that was sent, once the connection has ended; None without one."""
        sent = self._protocol.close_exc.sent if self._has_ended else None
        return None if sent is None else sent.code

    async def receive(self) -> str | bytes | None:
        """Wait for the next message; None once the connection has ended."""
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
        Have each message handled as soon as it comes, until the connection has ended.

        :param on_message: called with a message and what is to be done with it.
        """
        self._limiter = RateLimiter(self._rate_hz, time.monotonic())
        self._on_message = on_message
        while self._messages:
            self._dispatch(self._messages.popleft())
        self._reader.resume()
        await self._ended.wait()

    async def wait_ended(self) -> None:
        """Wait until the connection has ended; what still comes is dropped."""
        await self.listen(_drop)

    def write(self, frame: bytes) -> None:
        """Send one whole frame; nothing happens where the connection is ending or has ended."""
        if self._protocol.state is State.OPEN and not self._transport.is_closing():
            self._transport.write(frame)

    def ping(self) -> None:
        """Ask the peer for a sign of life."""
        if self._protocol.state is State.OPEN:
            self._protocol.send_ping(b'')
            self._flush()

    def close(self, code: int, reason: str = '') -> None:
        """Send a close frame; the peer is to answer it, and then the connection ends."""
        if self._protocol.state is State.OPEN:
            self._protocol.send_close(code, reason)
            self._flush()

    async def answers(self, timeout_s: float, *, with_message: bool = False) -> bool:
        """
        Ping the peer and return whether anything comes back in time.

        :param with_message: only a message counts, and not the answer to the ping.
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
        """End the connection at once, because unsent data would keep that to a dead peer open."""
        # asyncio fails on a transport that has ended while it still had something to write.
        if not self._has_ended:
            self._transport.abort()

    def linger(self) -> None:
        """End the connection soon: unsent data has :data:`LINGER_S` to reach a peer that reads."""
        asyncio.get_running_loop().call_later(LINGER_S, self.abort)

    def connection_made(self, reader: FairReader) -> None:
        """Begin with the answer to the handshake."""
        self._reader = reader
        self._transport = reader.transport
        self._transport.set_write_buffer_limits(high=HIGH_WATER_BYTES)
        self._flush()

    def data_received(self, data: bytes) -> None:
        """Take what came; whatever it is, the peer lives."""
        self._received_s = time.monotonic()
        self._received.set()
        self._protocol.receive_data(data)
        frames = self._protocol.events_received()
        self._flush()
        for frame in frames:
            if isinstance(frame, Frame):
                self._handle_frame(frame)

    def connection_lost(self) -> None:
        """End."""
        self._has_ended = True
        with contextlib.suppress(EOFError):  # websockets before 11, in the handshake.
            self._protocol.receive_eof()
        for event in (self._received, self._received_message, self._ended):
            event.set()

    def pause_writing(self) -> None:
        """Note that the peer does not keep up."""
        self.is_writable = False
        self.on_congested()

    def resume_writing(self) -> None:
        """Note that the peer has caught up."""
        self.is_writable = True
        self.on_drained()

    def shut_down(self) -> None:
        """End the connection because the server stops, which waits for no peer."""
        self.close(1012)
        self.linger()

    def _flush(self) -> None:
        for data in self._protocol.data_to_send():
            if data == _SEND_EOF:
                self._transport.close()
                self.linger()
            # A peer that does not read gets no answers to its pings, because they would pile up.
            elif self.is_writable or self._protocol.state is not State.OPEN:
                self._transport.write(data)

    def _handle_frame(self, frame: Frame) -> None:
        if frame.opcode in (Opcode.TEXT, Opcode.BINARY, Opcode.CONT):
            if frame.opcode is not Opcode.CONT:
                self._is_text = frame.opcode is Opcode.TEXT
            if frame.fin and not self._parts:
                self._complete_message(frame.data)
                return
            self._parts.append(bytes(frame.data))
            if frame.fin:
                data = b''.join(self._parts)
                self._parts.clear()
                self._complete_message(data)
                return
        if self._limiter.check(time.monotonic(), self._control_cost) is Verdict.CLOSE:
            on_flood, self.on_flood = self.on_flood, _nothing
            on_flood()

    def _complete_message(self, data: bytes | bytearray | memoryview) -> None:
        try:
            message = str(data, 'utf-8') if self._is_text else bytes(data)
        except UnicodeDecodeError:
            self._protocol.fail(1007, 'not UTF-8')
            self._flush()
            return
        self._received_message.set()
        if self._on_message is not None:
            self._dispatch(message)
            return
        self._messages.append(message)
        self._reader.pause()

    def _dispatch(self, message: str | bytes) -> None:
        assert self._on_message is not None
        self._on_message(message, self._limiter.check(time.monotonic()))


def _drop(_message: str | bytes, _verdict: Verdict) -> None:
    """Drop a message."""


def _nothing() -> None:
    """Do nothing."""
