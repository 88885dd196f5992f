# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""
The Sans-I/O layer of ``websockets``, with the names that it has since release 11.

It implements all of RFC 6455 without sockets: https://websockets.readthedocs.io/en/stable/howto/sansio.html
"""

from __future__ import annotations

import logging

from websockets.frames import Frame, Opcode
from websockets.http11 import Request, Response

try:
    from websockets.client import ClientProtocol
    from websockets.protocol import State
    from websockets.server import ServerProtocol
# websockets 10, the version in Ubuntu 24.04: coverage is measured with the newest one.
except ImportError:  # pragma: no cover
    from websockets.client import ClientConnection as ClientProtocol
    from websockets.connection import State  # type: ignore[attr-defined]
    from websockets.server import ServerConnection as ServerProtocol

__all__ = [
    'ClientProtocol',
    'Frame',
    'MessageAssembler',
    'Opcode',
    'Request',
    'Response',
    'ServerProtocol',
    'State',
    'silent_logger',
    'text_frame',
]

# websockets logs requests with their tokens, and frames, at DEBUG, and each connection at INFO.
silent_logger = logging.getLogger('lerobot_arena_ros.websockets')
silent_logger.setLevel(logging.CRITICAL)


def text_frame(text: str) -> bytes:
    """Return the unmasked frame of a text from a server; it is the same for all recipients."""
    return Frame(Opcode.TEXT, text.encode()).serialize(mask=False)


class MessageAssembler:
    """Puts the messages of one connection together, which may come in several frames."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self._is_text = True

    def take(self, frame: Frame) -> str | bytes | None:
        """
        Take the next frame; return the message that it completes, or None.

        Control frames are no part of a message. The order of frames has been checked.

        :raises UnicodeDecodeError: the message is a text that is not UTF-8.
        """
        if frame.opcode not in (Opcode.TEXT, Opcode.BINARY, Opcode.CONT):
            return None
        if frame.opcode is not Opcode.CONT:
            self._is_text = frame.opcode is Opcode.TEXT
        self._parts.append(bytes(frame.data))
        if not frame.fin:
            return None
        data = b''.join(self._parts)
        self._parts.clear()
        return data.decode() if self._is_text else data
