# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""
Detects ambiguous HTTP request heads, to prevent request smuggling. No I/O.

h11 accepts lines that end with a bare LF, header values that continue on the next line (RFC 9112,
2.2 and 5.2) and requests with two lengths, of which it uses one. A proxy that parses such a
request differently sees other requests on the connection than this server, and may forward a
request that it should refuse. No current client sends such requests.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
import re

__all__ = ['HeadCheck', 'ambiguity_of']

_BAD_LINE = re.compile(rb'(?<!\r)\n|\r\n[ \t]')
_END = b'\r\n\r\n'
_UNIQUE_HEADERS = (b'authorization', b'content-length', b'host', b'origin', b'transfer-encoding')


class HeadCheck:
    """Checks the lines of a request head while it is received, in pieces of any size."""

    def __init__(self) -> None:
        self._carry = b''
        self._is_over = False

    def begin(self) -> None:
        """Start the head of the next request."""
        self._carry, self._is_over = b'', False

    def feed(self, data: bytes) -> bool:
        """Check the next data, bodies included; return whether the head is valid so far."""
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
    Return why the headers of a request are ambiguous; None if they are not.

    :param headers: pairs of name and value, with names in lower case.
    :param is_websocket: whether the request asks for a WebSocket; its body could be taken for the
        first frame.
    """
    counts = Counter(name for name, _ in headers)
    for name in _UNIQUE_HEADERS:
        if counts[name] > 1:
            return f'the header {name.decode()} is expected once'
    if counts[b'content-length'] and counts[b'transfer-encoding']:
        return 'content-length is expected without transfer-encoding'
    if is_websocket and (counts[b'content-length'] or counts[b'transfer-encoding']):
        return 'a request for a WebSocket is expected without a body'
    return None
