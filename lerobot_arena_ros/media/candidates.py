# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""
ICE candidates as text, as browsers send them one by one. Pure.

Only addresses and ``.local`` names are accepted, because another host name would make this process
resolve names for its peer. Private addresses are accepted, because robots and viewers are usually
on one private network.
"""

from __future__ import annotations

from dataclasses import dataclass
import ipaddress
import re

from .errors import InvalidSignal

__all__ = ['Candidate', 'parse_candidate']

MAX_LENGTH = 1000
"""The maximum length of a candidate; browsers send about 150 characters."""

_KINDS = frozenset(('host', 'srflx', 'prflx', 'relay'))
_LOCAL_NAME = re.compile(r'[A-Za-z0-9-]{1,63}\.local')


@dataclass(frozen=True)
class Candidate:
    """
    One remote ICE candidate.

    :param mid: the media section that it belongs to; None if only ``line`` is given.
    :param line: the index of that section; None if only ``mid`` is given.
    """

    foundation: str
    component: int
    protocol: str
    priority: int
    ip: str
    port: int
    kind: str
    mid: str | None = None
    line: int | None = None
    related_address: str | None = None
    related_port: int | None = None
    tcp_type: str | None = None


def parse_candidate(value: object) -> Candidate | None:
    """
    Parse a candidate as it is signalled.

    :param value: ``{candidate, sdpMid, sdpMLineIndex}``; None, or an empty text, marks the end of
        the candidates.
    :returns: None at the end of the candidates.
    :raises InvalidSignal: it is not a candidate.
    """
    if value is None:
        return None
    if not isinstance(value, dict):
        raise InvalidSignal(f'ICE candidate: expected an object, got {type(value).__name__}')
    text = value.get('candidate')
    if text in (None, ''):
        return None
    if not isinstance(text, str) or len(text) > MAX_LENGTH:
        raise InvalidSignal(f'ICE candidate: expected a text of at most {MAX_LENGTH} characters')
    mid, line = value.get('sdpMid'), value.get('sdpMLineIndex')
    mid = mid if isinstance(mid, str) else None
    line = line if isinstance(line, int) and not isinstance(line, bool) else None
    if mid is None and line is None:
        raise InvalidSignal('ICE candidate: expected sdpMid or sdpMLineIndex')
    return _parse(text, mid, line)


def _parse(text: str, mid: str | None, line: int | None) -> Candidate:
    words = text.removeprefix('a=').removeprefix('candidate:').split()
    try:
        foundation, component, protocol, priority, ip, port, typ, kind = words[:8]
        extras = dict(zip(words[8::2], words[9::2], strict=False))
        related_port = extras.get('rport')
        candidate = Candidate(
            foundation=foundation,
            component=int(component),
            protocol=protocol.lower(),
            priority=int(priority),
            ip=ip,
            port=int(port),
            kind=kind,
            mid=mid,
            line=line,
            related_address=extras.get('raddr'),
            related_port=None if related_port is None else int(related_port),
            tcp_type=extras.get('tcptype'),
        )
    except ValueError as exc:
        raise InvalidSignal(f'ICE candidate {text!r:.100}: {exc}') from exc
    if typ != 'typ' or kind not in _KINDS or candidate.component not in (1, 2):
        raise InvalidSignal(f'ICE candidate {text!r:.100}: unknown type or component')
    if candidate.port not in range(65536) or candidate.priority not in range(1 << 32):
        raise InvalidSignal(f'ICE candidate {text!r:.100}: port or priority out of range')
    if not _is_address(ip):
        raise InvalidSignal(
            f'ICE candidate {text!r:.100}: expected an IP address or a name that ends in .local'
        )
    return candidate


def _is_address(text: str) -> bool:
    if _LOCAL_NAME.fullmatch(text):
        return True
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return False
    return not (address.is_multicast or address.is_unspecified)
