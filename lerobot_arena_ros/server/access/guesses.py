"""How long an address that guesses tokens has to wait, sans I/O."""

from __future__ import annotations

from .addresses import client_of

__all__ = ['DELAY_S', 'FREE', 'Guesses']

FREE = 10
"""Wrong tokens of one address without a delay: a person may mistype."""

DELAY_S = 1.0
"""
The delay of each further token, right or wrong, in seconds.

A right one is delayed as well. Otherwise a missing answer would mean that the token was wrong, and
a client would guess on at once. The number of guesses at the same time is what the limit of
connections per address allows.
"""

FORGET_S = 60.0
"""After so many seconds without a wrong token, an address has its free ones again."""

MAX_ADDRESSES = 10_000
"""Addresses that are remembered; beyond, the one that guessed longest ago is forgotten."""


class Guesses:
    """The wrong tokens of each address."""

    def __init__(self) -> None:
        self._seen: dict[str, tuple[int, float]] = {}

    def delay_s(self, address: str, now_s: float) -> float:
        """
        Return by how many seconds to look later at a token of an address.

        :param now_s: the present time, of any clock that never jumps.
        """
        count, seen_s = self._seen.get(client_of(address), (0, now_s))
        return DELAY_S if count >= FREE and now_s - seen_s <= FORGET_S else 0.0

    def count(self, address: str, now_s: float) -> None:
        """Count a wrong token of an address."""
        client = client_of(address)
        count, seen_s = self._seen.pop(client, (0, now_s))
        count = 1 if now_s - seen_s > FORGET_S else count + 1
        if len(self._seen) >= MAX_ADDRESSES:
            del self._seen[next(iter(self._seen))]
        self._seen[client] = (count, now_s)
