"""
The socket of one participant: what comes in, one frame after the other, and what goes out.

As long as the peer keeps up, a message is written at once. When it does not, messages wait in an
outbox, where joint updates merge and a stop goes first, until the socket has drained.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
import time

from starlette.websockets import WebSocket

from ..arena.messages import Message
from ..arena.outbox import Outbox, text_of
from .access import Actor
from .admission import Entry
from .journal import Journal
from .line import Line, close_frame, text_frame
from .stop_limiter import StopLimiter
from .tally import Tally

__all__ = ['Connection', 'frame_of']

GOODBYE_S = 5.0
"""How long a peer has to answer a close frame, in seconds, before it is hung up on."""

MAX_PENDING = 100
"""Replies that may wait for a peer; one that asks for more of them than it reads is put out."""

TRY_AGAIN_LATER = 1013
"""The close code for a peer that does not keep up."""

FRAME_TOO_LARGE = 1009
"""The close code with which uvicorn ends a connection whose frame exceeds the limit."""


class Connection:
    """
    One accepted WebSocket.

    :ivar actor: the peer, and what it may do.
    :ivar entry: its place among the connections of this server.
    :ivar stops: limits how often its stops are passed on.
    :param stall_s: a peer whose socket does not drain for so many seconds is closed.
    :param on_close: called once when the server closes the connection, before the peer is gone.
    """

    def __init__(
        self, websocket: WebSocket, *, stall_s: float, tally: Tally, journal: Journal
    ) -> None:
        self.on_close: Callable[[], object] = _nothing
        self.actor: Actor = websocket.state.actor
        self.entry: Entry = websocket.state.entry
        self.stops = StopLimiter(time.monotonic())
        self._websocket = websocket
        self._stall_s = stall_s
        self._tally = tally
        self._journal = journal
        self._outbox = Outbox()
        self._is_closing = False
        self._is_gone = False
        self._has_spoken = True
        self._silent_looks = 0
        self._timer: asyncio.TimerHandle | None = None
        self._line: Line = websocket.state.line
        self._line.on_congested = self._on_congested
        self._line.on_drained = self._on_drained

    @property
    def silent_s(self) -> float:
        """For how many seconds nothing has come from the peer."""
        return self._line.silent_s

    def ping(self) -> None:
        """Ask the peer for a sign of life."""
        self._line.ping()

    async def is_alive(self, timeout_s: float, *, with_message: bool = False) -> bool:
        """
        Return whether the peer answers in time and is still welcome.

        :param with_message: see :meth:`.Line.answers`.
        """
        return not self._is_closing and await self._line.answers(
            timeout_s, with_message=with_message
        )

    def count_silent_look(self) -> int:
        """
        Return how many calls in a row found that no message has come since the call before.

        Calls are counted instead of seconds, so that a pause of this process counts as one call.
        """
        self._silent_looks = 0 if self._has_spoken else self._silent_looks + 1
        self._has_spoken = False
        return self._silent_looks

    async def receive(self) -> str | bytes | None:
        """Wait for the next frame; None once the peer is gone or was told goodbye."""
        while not self._is_gone:
            message = await self._websocket.receive()
            if message['type'] == 'websocket.disconnect':
                if message.get('code') == FRAME_TOO_LARGE and not self._is_closing:
                    self._refuse('frame_too_large')
                self._is_gone = self._is_closing = True
                self._stop_timer()
                self._line.linger()
            elif not self._is_closing:
                text: str | None = message.get('text')
                return text if text is not None else bytes(message['bytes'])
        return None

    async def listen(self, hear: Callable[[str | bytes], object]) -> None:
        """Have every frame heard, until the peer is gone or was told goodbye."""

        def on_text(text: str) -> None:
            self._note_message()
            if not self._is_closing:
                hear(text)

        self._line.on_text = on_text
        while (frame := await self.receive()) is not None:
            self._note_message()
            hear(frame)

    async def wait_closed(self) -> None:
        """Wait until the peer is gone, whatever it still sends."""
        while await self.receive() is not None:
            pass

    def put(self, message: Message, frame: bytes | None = None) -> None:
        """
        Send a message now, or as soon as the peer has read what it was sent before.

        :param frame: the message encoded, where somebody has done that already.
        """
        if self._is_closing:
            return
        if self._line.has_room:
            self._tally.frames_out += 1
            self._line.write(frame or frame_of(message))
            return
        self._tally.merged += self._outbox.put(message)
        if self._outbox.pending_others > MAX_PENDING:
            self._give_up()

    def close(self, code: int, reason: str = '') -> None:
        """Say goodbye; whatever is still to be sent goes first. Closing twice is fine."""
        if self._is_closing:
            return
        self._flush(even_if_full=True)
        self._is_closing = True
        self._line.write(close_frame(code, reason))
        self._start_timer(GOODBYE_S, self._line.abort)
        self.on_close()

    def abort(self) -> None:
        """Hang up without a goodbye."""
        self._line.abort()

    def on_flood(self, action: Callable[[], None]) -> None:
        """Have something done once the peer sends far too many frames, of whatever kind."""
        self._line.on_flood = action

    def linger(self) -> None:
        """Hang up soon, whether or not the peer answers the goodbye."""
        self._line.linger()

    def _note_message(self) -> None:
        self._has_spoken = True
        self._line.spoken()

    def _on_congested(self) -> None:
        if not self._is_closing:
            self._start_timer(self._stall_s, self._give_up)

    def _on_drained(self) -> None:
        if not self._is_closing:
            self._stop_timer()
            self._flush()

    def _flush(self, *, even_if_full: bool = False) -> None:
        while self._outbox and (even_if_full or self._line.has_room):
            message = self._outbox.take()
            assert message is not None
            self._tally.frames_out += 1
            self._line.write(frame_of(message))

    def _give_up(self) -> None:
        self._refuse('too_slow')
        self.close(TRY_AGAIN_LATER, 'too slow')

    def _refuse(self, code: str) -> None:
        self._tally.refused[code] += 1
        self._journal.note(code, **self.actor.named)

    def _start_timer(self, delay_s: float, action: Callable[[], None]) -> None:
        self._stop_timer()
        self._timer = asyncio.get_running_loop().call_later(delay_s, action)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


def frame_of(message: Message) -> bytes:
    """Encode a message as the one frame that all its recipients get."""
    return text_frame(text_of(message))


def _nothing() -> None:
    pass
