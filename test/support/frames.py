"""A stream of bytes cut where an HTTP head or a WebSocket frame ends (RFC 6455, 5.2)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

__all__ = ['FrameSplitter', 'Piece']

HEAD_END = b'\r\n\r\n'


class Piece(NamedTuple):
    """
    Some bytes of a stream.

    :param is_frame: whether they are one WebSocket frame; else an HTTP head, or whatever came.
    """

    data: bytes
    is_frame: bool


class FrameSplitter:
    """
    Cuts what goes one way through a connection.

    A connection that is no WebSocket is passed on as it comes.
    """

    def __init__(self) -> None:
        self.is_websocket = False
        self._has_head = False
        self._buffer = b''

    def feed(self, data: bytes) -> Iterator[Piece]:
        """Give each piece that is whole now."""
        self._buffer += data
        if not self._has_head:
            if HEAD_END not in self._buffer:
                return
            head, _, self._buffer = self._buffer.partition(HEAD_END)
            self._has_head = True
            self.is_websocket = b'upgrade: websocket' in head.lower()
            yield Piece(head + HEAD_END, False)
        if not self.is_websocket:
            if self._buffer:
                yield Piece(self._buffer, False)
            self._buffer = b''
            return
        while (length := _frame_length(self._buffer)) is not None and length <= len(self._buffer):
            frame, self._buffer = self._buffer[:length], self._buffer[length:]
            yield Piece(frame, True)


def _frame_length(data: bytes) -> int | None:
    """Give the length of the frame that begins here, None while that is not known."""
    if len(data) < 2:
        return None
    mask = 4 if data[1] & 0x80 else 0
    short = data[1] & 0x7F
    if short < 126:
        return 2 + mask + short
    size = 2 if short == 126 else 8
    if len(data) < 2 + size:
        return None
    return 2 + size + mask + int.from_bytes(data[2 : 2 + size], 'big')
