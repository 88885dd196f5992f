"""
The errors of the media layer; all are also an :class:`ArenaError`.

::

    ArenaError
    +- MediaError           WebRTC or a codec failed
       +- InvalidIceServer  the URL of a STUN or TURN server is invalid; also a ValueError
       +- InvalidSignal     an SDP or an ICE candidate of the peer is invalid
       +- PeerFailed        the connection to the peer was not established, or was lost
       +- CodecError        a picture cannot be encoded
"""

from __future__ import annotations

from ..arena.errors import ArenaError

__all__ = ['CodecError', 'InvalidIceServer', 'InvalidSignal', 'MediaError', 'PeerFailed']


class MediaError(ArenaError):
    """The base class of the errors of the media layer."""


class InvalidIceServer(MediaError, ValueError):
    """The URL of a STUN or TURN server, or its credentials, are invalid."""


class InvalidSignal(MediaError):
    """An SDP or an ICE candidate that the peer sent is invalid or beyond a limit."""


class PeerFailed(MediaError):
    """The connection to the peer was not established in time, or it was lost."""


class CodecError(MediaError):
    """A picture cannot be encoded: its size or its format, or the codec is not available."""
