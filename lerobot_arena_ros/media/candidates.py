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

The other side chooses where this process sends its ICE checks, so that some are refused, as
browsers refuse them:

- A host name other than a ``.local`` name, because this process would resolve it for its peer.
- An address of this machine itself, or of no single machine: loopback, multicast and others. No
  participant is there, but services that trust this machine are.
- A port below 1024, except 80 and 443 of a public address: they are those of services.

Private addresses are accepted, because robots and viewers are usually on one private network.
"""

from __future__ import annotations

from dataclasses import dataclass
import ipaddress
import re
from typing import TypeAlias

from .errors import InvalidSignal

__all__ = ['Candidate', 'parse_candidate']

MAX_LENGTH = 1000
"""The maximum length of a candidate; browsers send about 150 characters."""

_KINDS = frozenset(('host', 'srflx', 'prflx', 'relay'))
_Address: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address
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


def parse_candidate(value: object, *, relay_only: bool = False) -> Candidate | None:
    """
    Parse a candidate as it is signalled.

    :param value: ``{candidate, sdpMid, sdpMLineIndex}``; None, or an empty text, marks the end of
        the candidates.
    :param relay_only: whether only a TURN server sends to the candidate; it has rules of its own,
        so that any address and port is accepted.
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
    candidate = _parse(text, mid, line)
    if not relay_only:
        _check_target(candidate)
    return candidate


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
    if _address(ip) is None and not _LOCAL_NAME.fullmatch(ip):
        raise InvalidSignal(
            f'ICE candidate {text!r:.100}: expected an IP address or a name that ends in .local'
        )
    return candidate


def _check_target(candidate: Candidate) -> None:
    """
    Raise an error if nothing may be sent to this address or port.

    :raises InvalidSignal: the address is of no other machine, or the port of a service.
    """
    address = _address(candidate.ip)
    if address is not None and not _is_other_machine(address):
        raise InvalidSignal(f'ICE candidate at {candidate.ip}: not an address of another machine')
    is_web = address is not None and address.is_global and candidate.port in (80, 443)
    is_tcp = candidate.protocol == 'tcp'  # Nothing is sent to it, because aiortc has only UDP.
    if candidate.port < 1024 and not is_web and not is_tcp:
        raise InvalidSignal(
            f'ICE candidate at port {candidate.port} of {candidate.ip}: expected 1024 or above'
        )


def _is_other_machine(address: _Address) -> bool:
    is_broadcast = isinstance(address, ipaddress.IPv4Address) and address.is_reserved
    return not (
        address.is_loopback or address.is_multicast or address.is_unspecified or is_broadcast
    )


def _address(text: str) -> _Address | None:
    """Return an IP address, of an IPv4 address in IPv6 the inner one; None if it is none."""
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return None
    inner = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return inner or address
