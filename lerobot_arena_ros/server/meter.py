"""
How many WebSocket frames came, counted without looking into them; sans I/O.

Only messages reach those who judge how often a participant speaks. Pings, pongs and the pieces of
a message do not, and cost as much.
"""

from __future__ import annotations

__all__ = ['FrameMeter']

_LONGEST_HEAD = 14


class FrameMeter:
    """Counts the frames of one peer (RFC 6455, 5.2), however they are cut."""

    def __init__(self) -> None:
        self._head = b''
        self._payload_left = 0

    def feed(self, data: bytes) -> int:
        """Take what came next; return how many frames have begun in it."""
        count = position = 0
        while position < len(data):
            if self._payload_left:
                step = min(self._payload_left, len(data) - position)
                self._payload_left -= step
                position += step
                continue
            known = len(self._head)
            head = self._head + data[position : position + _LONGEST_HEAD - known]
            size = _head_size(head)
            if len(head) < size:
                self._head = head
                return count
            self._head = b''
            self._payload_left = _payload_size(head)
            position += size - known
            count += 1
        return count


def _head_size(head: bytes) -> int:
    if len(head) < 2:
        return 2
    extended = {126: 2, 127: 8}.get(head[1] & 0x7F, 0)
    return 2 + extended + (4 if head[1] & 0x80 else 0)


def _payload_size(head: bytes) -> int:
    match head[1] & 0x7F:
        case 126:
            return int.from_bytes(head[2:4], 'big')
        case 127:
            return int.from_bytes(head[2:10], 'big')
        case size:
            return size
