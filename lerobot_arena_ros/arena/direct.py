"""
A WebSocket that hands on a text in the turn of the loop in which it came.

``websockets`` would put it into a queue and wake a task, which costs as much as reading it. Only
its newer implementation, that of ``websockets.asyncio``, can be told otherwise.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from websockets.asyncio.client import ClientConnection
from websockets.frames import Frame, Opcode

__all__ = ['DirectConnection']

_DATA = (Opcode.TEXT, Opcode.BINARY, Opcode.CONT)


class DirectConnection(ClientConnection):
    """
    A WebSocket with a short way for texts.

    :ivar on_text: called with each text, which ``recv`` does not give then; it must not raise.
        What comes in pieces or is no text, and all that comes while ``recv`` still has earlier
        messages to give, takes the usual way. None at first: everything does.
    """

    on_text: Callable[[str], None] | None = None
    _queued = 0

    def process_event(self, event: Any) -> None:
        """Take what the server sent; called by ``websockets``."""
        on_text = self.on_text
        text = None if on_text is None else self._direct_text(event)
        if on_text is None or text is None:
            self._queued += _ends_message(event)
            super().process_event(event)
        else:
            on_text(text)

    async def recv(self, decode: bool | None = None) -> Any:
        """Wait for what took the usual way."""
        message = await super().recv(decode)
        self._queued -= 1
        return message

    def _direct_text(self, event: object) -> str | None:
        if self._queued or not isinstance(event, Frame):
            return None
        if event.opcode is not Opcode.TEXT or not event.fin:
            return None
        try:
            return bytes(event.data).decode()
        except UnicodeDecodeError:
            return None  # recv says so, and closes.


def _ends_message(event: object) -> bool:
    return isinstance(event, Frame) and event.opcode in _DATA and event.fin
