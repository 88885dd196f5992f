"""
What ASGI has no words for: whether a peer reads, whether it lives, and how to hang up on it.

uvicorn takes a WebSocket protocol class; the one here adds a :class:`Line` to the connection's
scope. It relies on the asyncio protocol callbacks, which each of uvicorn's own classes has, and on
frames that server and client agreed not to compress.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
import struct
import time
from typing import TYPE_CHECKING, Any

from .meter import FrameMeter
from .throttle import Throttle, Verdict

if TYPE_CHECKING:
    from .hub import Hub

# The newer implementation where there is one: the other warns of its own end.
try:
    from uvicorn.protocols.websockets.websockets_sansio_impl import (
        WebSocketsSansIOProtocol as UvicornProtocol,
    )
except ImportError:
    from uvicorn.protocols.websockets.websockets_impl import (  # type: ignore[assignment]
        WebSocketProtocol as UvicornProtocol,
    )

__all__ = [
    'HIGH_WATER_BYTES',
    'LINGER_S',
    'Line',
    'LineProtocol',
    'UvicornProtocol',
    'close_frame',
    'text_frame',
]

HIGH_WATER_BYTES = 16 * 1024
"""
Unsent bytes from which on a peer counts as slow.

Whatever is below this line can no longer be merged or overtaken.
"""

LINGER_S = 0.5
"""How long a connection that is ending may take over what is still to be sent, in seconds."""

WIRE_HZ = 10_000.0
"""
Frames of any kind that a peer may send in a second, where twice the rate of messages is less.

So much more than the rate of messages that who only speaks too often has been told so before.
"""

_TEXT = 0x81
_CLOSE = 0x88
_PING = b'\x89\x00'


class Line:
    """
    The way to one peer, below ASGI; for the event loop's thread alone.

    :param on_text: called with each message that is a text, unless it is None: then messages, and
        always those that are none, come over ASGI, which costs a queue and a task's turn each.
    :param on_congested: called when the peer reads more slowly than it is written to.
    :param on_drained: called when it has caught up.
    :param on_flood: called when it sends far too many frames, of whatever kind.
    """

    def __init__(self, transport: asyncio.Transport) -> None:
        transport.set_write_buffer_limits(high=HIGH_WATER_BYTES)
        self.on_text: Callable[[str], None] | None = None
        self.on_congested: Callable[[], None] = _nothing
        self.on_drained: Callable[[], None] = _nothing
        self.on_flood: Callable[[], None] = _nothing
        self.has_room = True
        self._transport = transport
        self._heard_s = time.monotonic()
        self._is_lost = False
        self._has_ended = False
        self._news = asyncio.Event()
        self._word = asyncio.Event()

    @property
    def silent_s(self) -> float:
        """For how many seconds nothing has come from the peer."""
        return time.monotonic() - self._heard_s

    def write(self, frame: bytes) -> None:
        """Send one whole frame; into the void when the peer is gone or going."""
        if not self._is_open():
            return
        try:
            self._transport.write(frame)
        except RuntimeError:
            # Half closed: uvicorn's older protocol ends a connection in two steps.
            self._is_lost = True

    def ping(self) -> None:
        """Ask the peer for a sign of life."""
        self.write(_PING)

    async def answers(self, timeout_s: float, *, with_message: bool = False) -> bool:
        """
        Ping the peer and return whether anything comes back in time.

        :param with_message: only a message counts, and not the answer to the ping.
        """
        self.ping()
        if not self._is_open():
            return False
        awaited = self._word if with_message else self._news
        awaited.clear()
        try:
            await asyncio.wait_for(awaited.wait(), timeout_s)
        except asyncio.TimeoutError:
            return False
        return not self._is_lost

    def abort(self) -> None:
        """Hang up at once: whatever is unsent would keep the socket of a dead peer open."""
        # asyncio fails on a transport that ended while it still had to write what it was closed
        # with, and logs that as an error for each peer that leaves in such a moment.
        if not self._has_ended:
            self._transport.abort()

    def linger(self) -> None:
        """Hang up soon: what is unsent has :data:`LINGER_S` to get through to who still reads."""
        asyncio.get_running_loop().call_later(LINGER_S, self.abort)

    def heard(self) -> None:
        """Take note of a sign of life."""
        self._heard_s = time.monotonic()
        self._news.set()

    def spoken(self) -> None:
        """Take note of a message."""
        self._word.set()

    def lost(self) -> None:
        """Take note that the connection has ended."""
        self._is_lost = self._has_ended = True
        self._news.set()
        self._word.set()

    def congested(self) -> None:
        """Take note that there is no more room."""
        self.has_room = False
        self.on_congested()

    def drained(self) -> None:
        """Take note that there is room again."""
        self.has_room = True
        self.on_drained()

    def flooded(self) -> None:
        """Take note that the peer sends far too many frames; once is enough."""
        on_flood, self.on_flood = self.on_flood, _nothing
        on_flood()

    def _is_open(self) -> bool:
        return not self._is_lost and not self._transport.is_closing()


class LineProtocol(UvicornProtocol):
    """Uvicorn's WebSocket with a :class:`Line` in its scope, as ``scope['state']['line']``."""

    _line: Line

    def connection_made(self, transport: Any) -> None:
        """Open the line."""
        super().connection_made(transport)
        self._line = Line(transport)
        hub: Hub = self.config.app.state.hub  # type: ignore[union-attr]
        self._meter = FrameMeter()
        rate_hz = max(WIRE_HZ, 2 * hub.limits.frames_hz)
        self._throttle = Throttle(rate_hz, time.monotonic())
        # The scope's state is a copy of this, made at the handshake.
        self.app_state = {**self.app_state, 'line': self._line}

    def connection_lost(self, exc: Exception | None) -> None:
        """Close the line."""
        super().connection_lost(exc)
        self._line.lost()

    def sipped(self, data: bytes) -> None:
        """Pass on what came; whatever it is, the peer lives."""
        self._line.heard()
        now_s = time.monotonic()
        verdicts = [self._throttle.judge(now_s) for _ in range(self._meter.feed(data))]
        if Verdict.CLOSE in verdicts:
            self._line.flooded()
        self.data_received(data)

    def send_receive_event_to_app(self) -> None:
        """Pass on a whole message; called by newer releases."""
        on_text = self._line.on_text
        text = None if on_text is None else self._direct_text()
        if on_text is None or text is None:
            super().send_receive_event_to_app()
        else:
            self.frames = []
            on_text(text)

    def _direct_text(self) -> str | None:
        """Give the message, unless it is no text in one frame, or another one waits before it."""
        if self.curr_msg_data_type != 'text' or len(self.frames) != 1 or not self.queue.empty():
            return None
        try:
            return self.frames[0].decode()
        except UnicodeDecodeError:
            return None

    def handle_ping(self, *args: Any) -> None:
        """Answer a ping, but none of a peer that reads no answers; called by newer releases."""
        if self._line.has_room:
            super().handle_ping(*args)
        else:
            self.conn.data_to_send()

    def shutdown(self) -> None:
        """End the connection because the server stops, which waits for nobody."""
        super().shutdown()
        self._line.linger()

    def pause_writing(self) -> None:
        """Tell the line that there is no more room."""
        super().pause_writing()
        self._line.congested()

    def resume_writing(self) -> None:
        """Tell the line that there is room again."""
        super().resume_writing()
        self._line.drained()


def text_frame(text: str) -> bytes:
    """Make the WebSocket frame of a text, the same for all who receive it (RFC 6455, 5.2)."""
    payload = text.encode()
    length = len(payload)
    if length < 126:
        return struct.pack('!BB', _TEXT, length) + payload
    if length < 65536:
        return struct.pack('!BBH', _TEXT, 126, length) + payload
    return struct.pack('!BBQ', _TEXT, 127, length) + payload


def close_frame(code: int, reason: str) -> bytes:
    """Make the WebSocket frame of a goodbye; the reason has at most 123 ASCII characters."""
    payload = struct.pack('!H', code) + reason.encode('ascii')
    return struct.pack('!BB', _CLOSE, len(payload)) + payload


def _nothing() -> None:
    pass
