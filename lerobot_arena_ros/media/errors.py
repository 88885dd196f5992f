# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""
The errors of the media layer; all are also an :class:`ArenaError`.

::

    ArenaError
    +- MediaError           WebRTC or a codec failed
       +- InvalidIceServer  the URL of a STUN or TURN server is invalid; also a ValueError
       +- InvalidSignal     an SDP or an ICE candidate of the peer is invalid
       +- PeerFailed        the connection to the peer was not established, or was lost
       +- CodecError        a picture cannot be encoded
       +- PictureError      the data of a picture are invalid; also a ValueError
       +- NoObservation     cameras and joints gave no set within the timeout; also a TimeoutError
"""

from __future__ import annotations

from ..arena.errors import ArenaError

__all__ = [
    'CodecError',
    'InvalidIceServer',
    'InvalidSignal',
    'MediaError',
    'NoObservation',
    'PeerFailed',
    'PictureError',
]


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


class PictureError(MediaError, ValueError):
    """The encoding, the size or the data of a picture are invalid or not supported."""


class NoObservation(MediaError, TimeoutError):
    """There was no set of frames and joints within the timeout; the text has the reasons."""
