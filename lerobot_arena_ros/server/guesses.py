"""How long the answer to a wrong token is delayed, per address, sans I/O."""

from __future__ import annotations

from .addresses import client_of

__all__ = ['DELAY_S', 'FREE', 'Guesses']

FREE = 10
"""Wrong tokens of one address that are answered at once: a person may mistype."""

DELAY_S = 1.0
"""
The delay of each further answer, in seconds.

A right token is never delayed, because an address may belong to several people. The number of
guesses at once is what the limit of connections per address allows.
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
        Count a wrong token; return by how many seconds to delay the answer.

        :param now_s: the present time, of any clock that never jumps.
        """
        client = client_of(address)
        count, seen_s = self._seen.pop(client, (0, now_s))
        count = 1 if now_s - seen_s > FORGET_S else count + 1
        if len(self._seen) >= MAX_ADDRESSES:
            del self._seen[next(iter(self._seen))]
        self._seen[client] = (count, now_s)
        return DELAY_S if count > FREE else 0.0
