"""How much of what a peer sends is taken at once: in between, it is everybody else's turn."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, Protocol

__all__ = ['SIP_BYTES', 'Drinker', 'Sips']

SIP_BYTES = 4096
"""
What is read from one peer in one turn of the loop.

asyncio would read 256 KB: the tens of thousands of tiny frames in there keep all others
waiting for most of a second.
"""


class Drinker(Protocol):
    """A protocol as uvicorn has them, but for :meth:`sipped`."""

    def connection_made(self, transport: Any) -> None:
        """Begin."""

    def sipped(self, data: bytes) -> None:
        """Handle what has come."""

    def eof_received(self) -> bool | None:
        """Take note that no more comes."""

    def connection_lost(self, exc: Exception | None) -> None:
        """End."""

    def pause_writing(self) -> None:
        """Take note that the peer reads too slowly."""

    def resume_writing(self) -> None:
        """Take note that it has caught up."""


class Sips(asyncio.BufferedProtocol):
    """
    Gives another protocol little of what came in each turn of the loop, or nothing.

    It is none itself that takes data in other ways: uvloop would use those. Under TLS asyncio
    takes no notice of sips before Python 3.11.

    :param drinker: whose it is; it may give the connection to another one with ``set_protocol``.
    :param on_lost: called once the connection has ended.
    """

    def __init__(self, drinker: Drinker, on_lost: Callable[[], object]) -> None:
        self.drinker = drinker
        self._on_lost = on_lost
        self._sip = memoryview(bytearray(SIP_BYTES))

    def connection_made(self, transport: Any) -> None:
        """Give a transport that knows of the sips."""
        self._tap = _Tap(transport, self)
        self.drinker.connection_made(self._tap)

    def get_buffer(self, _sizehint: int) -> memoryview:
        """Give the room for what comes next."""
        return self._sip

    def buffer_updated(self, nbytes: int) -> None:
        """Pass on what has come."""
        self.drinker.sipped(bytes(self._sip[:nbytes]))
        if nbytes == SIP_BYTES:
            # uvloop would go on reading, dozens of times.
            self._tap.wait_a_turn()

    def eof_received(self) -> bool | None:
        """Pass it on."""
        return self.drinker.eof_received()

    def connection_lost(self, exc: Exception | None) -> None:
        """Pass it on, and hold nothing: a circle would wait for the garbage collector."""
        self.drinker.connection_lost(exc)
        self._on_lost()
        del self.drinker, self._tap, self._on_lost

    def pause_writing(self) -> None:
        """Pass it on."""
        self.drinker.pause_writing()

    def resume_writing(self) -> None:
        """Pass it on."""
        self.drinker.resume_writing()


class _Tap:
    """A transport on which reading waits for its owner, or for the next turn, or for both."""

    def __init__(self, transport: asyncio.Transport, sips: Sips) -> None:
        self._transport = transport
        self._sips = sips
        self._is_paused = False
        self._is_waiting = False
        self.write = transport.write
        self.is_closing = transport.is_closing

    def __getattr__(self, name: str) -> Any:
        """Be a transport in all other ways."""
        return getattr(self._transport, name)

    def set_protocol(self, drinker: Drinker) -> None:
        """Have somebody else drink."""
        self._sips.drinker = drinker

    def pause_reading(self) -> None:
        """Read nothing until told to."""
        self._is_paused = True
        self._transport.pause_reading()

    def resume_reading(self) -> None:
        """Read on."""
        self._is_paused = False
        if not self._is_waiting:
            self._transport.resume_reading()

    def wait_a_turn(self) -> None:
        """Read nothing more in this turn of the loop."""
        if self._is_waiting or self.is_closing():
            return
        self._is_waiting = True
        self._transport.pause_reading()
        asyncio.get_running_loop().call_soon(self._go_on)

    def _go_on(self) -> None:
        self._is_waiting = False
        if not self._is_paused:
            self._transport.resume_reading()
