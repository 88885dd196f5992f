"""The first thing a connection meets: how many there may be, and how long one may say nothing."""

from __future__ import annotations

import asyncio
from typing import Any

from uvicorn.protocols.http.h11_impl import H11Protocol

from .hub import Hub

__all__ = ['Door']


class Door(H11Protocol):
    """
    Uvicorn's HTTP with a limit to connections and a timeout for the first request.

    One connection too many is marked, so that :class:`.guard.Guard` can say why it is refused;
    twice as many as there may be are hung up on, for even a refusal takes a socket.
    """

    def connection_made(self, transport: Any) -> None:
        """Count the connection."""
        super().connection_made(transport)
        hub: Hub = self.config.app.state.hub  # type: ignore[union-attr]
        count, most = len(self.connections), hub.limits.connections
        if count > 2 * most:
            hub.tally.refused['connections_full'] += 1
            transport.abort()
            return
        # The scope's state is a copy of this, for a WebSocket too.
        self.app_state = {**self.app_state, 'is_full': count > most}
        asyncio.get_running_loop().call_later(hub.timing.join_s, self._hang_up_if_mute)

    def _hang_up_if_mute(self) -> None:
        # Neither a request, nor given over to a WebSocket, nor gone.
        if self.cycle is None and self in self.connections:
            self.transport.close()
