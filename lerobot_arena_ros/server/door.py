"""HTTP on one connection: how slow a client may be, and how greedy."""

from __future__ import annotations

import asyncio
from typing import Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from .hub import Hub
from .request_head import HeadCheck

__all__ = ['Door']

MAX_AHEAD_BYTES = 64 * 1024
"""Of requests that are sent before earlier ones are answered."""


class Door(H11Protocol):
    """Uvicorn's HTTP with timeouts for each request and for its reader."""

    _deadline: asyncio.TimerHandle | None = None
    _stall: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        """Begin to wait for a request."""
        super().connection_made(transport)
        self._head = HeadCheck()
        self._hub: Hub = self.config.app.state.hub  # type: ignore[union-attr]
        self._watch()

    def connection_lost(self, exc: Exception | None) -> None:
        """Keep no timer of a connection that has ended."""
        super().connection_lost(exc)
        self._stop_watching()
        self.resume_writing()

    def sipped(self, data: bytes) -> None:
        """Take what came; who only ever sends the beginning of a request has so long for it."""
        if self.conn.their_state is h11.IDLE and not self._head.feed(data):
            self._refuse('ambiguous_request')
            return
        self.data_received(data)
        if self._is_served:
            self._stop_watching()
            # Uvicorn reads on after each answer, whatever is unanswered still.
            if len(self.conn.trailing_data[0]) > MAX_AHEAD_BYTES:
                self._refuse('too_many_requests')
        elif self._deadline is None:
            self._watch()

    def on_response_complete(self) -> None:
        """Look at the head of a request that was sent before this one was answered."""
        self._head.begin()
        if self._head.feed(self.conn.trailing_data[0]):
            super().on_response_complete()
        else:
            self._refuse('ambiguous_request')

    def pause_writing(self) -> None:
        """Give a peer that does not read its answer some time."""
        super().pause_writing()
        delay_s = self._hub.timing.stall_s
        self._stall = asyncio.get_running_loop().call_later(delay_s, self._refuse, 'too_slow')

    def resume_writing(self) -> None:
        """See that it does read."""
        super().resume_writing()
        if self._stall is not None:
            self._stall.cancel()
            self._stall = None

    def timeout_keep_alive_handler(self) -> None:
        """End a connection that is not used; who has not read its answer by now will not."""
        super().timeout_keep_alive_handler()
        asyncio.get_running_loop().call_later(self._hub.timing.stall_s, self._abort)

    @property
    def _is_served(self) -> bool:
        """Whether a request is under way, or the connection given over to a WebSocket, or gone."""
        is_answering = self.cycle is not None and not self.cycle.response_complete
        return is_answering or self not in self.connections

    def _watch(self) -> None:
        delay_s = self._hub.timing.join_s
        self._deadline = asyncio.get_running_loop().call_later(delay_s, self._hang_up_if_mute)

    def _stop_watching(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _hang_up_if_mute(self) -> None:
        self._deadline = None
        if not self._is_served:
            self.transport.close()

    def _refuse(self, code: str) -> None:
        self._hub.tally.refused[code] += 1
        self._abort()

    def _abort(self) -> None:
        if self in self.connections:
            self.transport.abort()
