"""How many new connections of one client are taken while places are scarce, sans I/O."""

from __future__ import annotations

__all__ = ['BURST', 'RATE_HZ', 'Arrivals']

BURST = 50
"""
Connections that one client may open at once.

As many robots behind one address come back at the same time after a restart of the server.
"""

RATE_HZ = 5.0
"""
Connections per second of one client beyond these, without those that turned out to belong.

To serve a connection takes the server up to a millisecond, and two with TLS; to refuse it takes
some 20 us. So 50 addresses that open connections as fast as they can take half a core at most.
"""

MAX_CLIENTS = 10_000
"""Clients that are remembered; beyond, the one that came longest ago is forgotten."""


class Arrivals:
    """A token bucket for each client."""

    def __init__(self) -> None:
        self._left: dict[str, tuple[float, float]] = {}

    def take(self, client: str, now_s: float) -> bool:
        """
        Count a new connection of a client; return whether it keeps to the rate.

        :param now_s: the present time, of any clock that never jumps.
        """
        left, seen_s = self._left.pop(client, (float(BURST), now_s))
        left = min(float(BURST), left + (now_s - seen_s) * RATE_HZ)
        is_within = left >= 1.0
        if len(self._left) >= MAX_CLIENTS:
            del self._left[next(iter(self._left))]
        self._left[client] = (left - is_within, now_s)
        return is_within

    def give_back(self, client: str) -> None:
        """Do not count a connection of a client any more, because it belongs."""
        if client in self._left:
            left, seen_s = self._left[client]
            self._left[client] = (left + 1.0, seen_s)
