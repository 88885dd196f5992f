"""
Heads of HTTP requests that two programs may read in two ways, sans I/O.

h11 accepts a line that ends with a bare LF, and a header that goes on in the next line (RFC 9112,
2.2 and 5.2), and reads a request with two lengths by one of them. A proxy that reads it by the
other sees other requests on the connection than this server does, and may pass on one that it
should refuse. No current client sends any of these.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
import re

__all__ = ['HeadCheck', 'ambiguity_of']

_BAD_LINE = re.compile(rb'(?<!\r)\n|\r\n[ \t]')
_END = b'\r\n\r\n'
_ONCE = (b'authorization', b'content-length', b'host', b'origin', b'transfer-encoding')


class HeadCheck:
    """Looks at the lines of a head while it comes in, however it is cut."""

    def __init__(self) -> None:
        self._carry = b''
        self._is_over = False

    def begin(self) -> None:
        """Expect the head of another request."""
        self._carry, self._is_over = b'', False

    def feed(self, data: bytes) -> bool:
        """Take what came next, bodies included; tell whether the head has proper lines so far."""
        if self._is_over:
            return True
        text = self._carry + data
        end = text.find(_END)
        self._is_over = end >= 0
        head = text[: end + len(_END)] if self._is_over else text
        bad = _BAD_LINE.search(head, max(0, len(self._carry) - 2))
        self._carry = text[-3:]
        return bad is None


def ambiguity_of(
    headers: Iterable[tuple[bytes, bytes]], *, is_websocket: bool = False
) -> str | None:
    """
    Return what is wrong with the headers of a request; None where nothing is.

    :param headers: names in lower case, with their values.
    :param is_websocket: whether it asks for a WebSocket, whose first frame a body could be.
    """
    counts = Counter(name for name, _ in headers)
    for name in _ONCE:
        if counts[name] > 1:
            return f'the header {name.decode()} is expected once'
    if counts[b'content-length'] and counts[b'transfer-encoding']:
        return 'content-length is expected without transfer-encoding'
    if is_websocket and (counts[b'content-length'] or counts[b'transfer-encoding']):
        return 'a request for a WebSocket is expected without a body'
    return None
