# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""
Session descriptions (SDP) as text: limits of those of the other side, and additions to ours. Pure.

Lines are separated as aiortc does it, which also takes other characters than CR and LF for the end
of a line. Otherwise a description could have more sections and candidates than are counted here.
"""

from __future__ import annotations

from .candidates import parse_candidate
from .errors import InvalidSignal

__all__ = [
    'as_dtls_client',
    'asking_for_stamps',
    'asks_for_stamps',
    'candidate_count',
    'checked',
    'with_any_dtls_role',
]

MAX_LENGTH = 64 * 1024
"""The maximum length of an SDP; that of a browser with audio and video has about 8 kB."""

MAX_LINES = 1000
"""The maximum number of lines; aiortc needs seconds for some descriptions of 5000."""

MAX_SECTIONS = 8
"""The maximum number of media sections."""

_CANDIDATE = 'a=candidate:'
_ANY_ROLE = 'a=setup:actpass'
_CLIENT_ROLE = 'a=setup:active'
_WANTS_STAMPS = 'a=x-lerobot-arena-ros-stamps'
"""Other participants ignore it, because it is not a name that they know."""


def checked(sdp: str, *, relay_only: bool = False) -> str:
    """
    Return a description of the other side without the candidates that must not be used.

    :param relay_only: see :func:`.parse_candidate`.
    :raises InvalidSignal: it is beyond a limit.
    """
    lines = sdp.splitlines() if len(sdp) <= MAX_LENGTH else []
    sections = sum(line.startswith('m=') for line in lines)
    if len(sdp) > MAX_LENGTH or len(lines) > MAX_LINES or sections > MAX_SECTIONS:
        raise InvalidSignal(
            f'beyond a limit: {MAX_LENGTH} characters, {MAX_LINES} lines,'
            f' {MAX_SECTIONS} media sections'
        )
    kept = (line for line in lines if _is_usable(line, relay_only=relay_only))
    return ''.join(f'{line}\r\n' for line in kept)


def candidate_count(sdp: str) -> int:
    """Return how many candidates a description has."""
    return sum(line.startswith(_CANDIDATE) for line in sdp.splitlines())


def as_dtls_client(offer: str) -> str:
    """Return an offer whose sender begins the DTLS handshake."""
    return offer.replace(_ANY_ROLE, _CLIENT_ROLE)


def with_any_dtls_role(offer: str) -> str:
    """Return an offer whose receiver chooses the DTLS role, which aiortc 1.6 requires."""
    return offer.replace(_CLIENT_ROLE, _ANY_ROLE)


def asking_for_stamps(answer: str) -> str:
    """Return an answer that asks for an offer with a data channel for stamps."""
    return answer.replace('\r\nm=', f'\r\n{_WANTS_STAMPS}\r\nm=', 1)


def asks_for_stamps(answer: str) -> bool:
    """Return whether an answer asks for an offer with a data channel for stamps."""
    return _WANTS_STAMPS in answer.splitlines()


def _is_usable(line: str, *, relay_only: bool) -> bool:
    """Return whether a line is no candidate, or one that may be used."""
    if not line.startswith(_CANDIDATE):
        return True
    try:
        # The index is not used: a candidate of a description belongs to the section around it.
        parse_candidate({'candidate': line, 'sdpMLineIndex': 0}, relay_only=relay_only)
    except InvalidSignal:
        return False
    return True
