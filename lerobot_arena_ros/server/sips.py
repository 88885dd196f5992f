"""How much of what a peer sends is taken at once: in between, it is everybody else's turn."""

from __future__ import annotations

import asyncio

__all__ = ['SIP_BYTES', 'Sipping']

SIP_BYTES = 4096
"""
What is read from one peer in one turn of the loop.

asyncio would read 256 KB: the tens of thousands of tiny frames in there keep all others
waiting for most of a second.
"""


class Sipping(asyncio.BufferedProtocol):
    """A protocol that asks its transport for little at a time; to be mixed into another one."""

    _sip: memoryview | None = None

    def get_buffer(self, _sizehint: int) -> memoryview:
        """Give the room for what comes next."""
        if self._sip is None:
            self._sip = memoryview(bytearray(SIP_BYTES))
        return self._sip

    def buffer_updated(self, nbytes: int) -> None:
        """Take what has come."""
        assert self._sip is not None
        self.sipped(bytes(self._sip[:nbytes]))

    def sipped(self, data: bytes) -> None:
        """Handle what has come."""
        raise NotImplementedError
