"""
The Sans-I/O layer of ``websockets``, with the names that it has since release 11.

It implements all of RFC 6455 without sockets: https://websockets.readthedocs.io/en/stable/howto/sansio.html
"""

from __future__ import annotations

from websockets.frames import Frame, Opcode
from websockets.http11 import Request, Response

try:
    from websockets.client import ClientProtocol
    from websockets.protocol import State
    from websockets.server import ServerProtocol
except ImportError:  # websockets 10, the version in Ubuntu 24.04.
    from websockets.client import ClientConnection as ClientProtocol
    from websockets.connection import State  # type: ignore[attr-defined]
    from websockets.server import ServerConnection as ServerProtocol

__all__ = [
    'ClientProtocol',
    'Frame',
    'Opcode',
    'Request',
    'Response',
    'ServerProtocol',
    'State',
    'text_frame',
]


def text_frame(text: str) -> bytes:
    """Return the unmasked frame of a text from a server; it is the same for all recipients."""
    return Frame(Opcode.TEXT, text.encode()).serialize(mask=False)
